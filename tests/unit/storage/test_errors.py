"""Tests the exit codes of the database's errors, and that their sentences say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import errors
from storage.errors import ArchiveLost, DatabaseExists, LgscoError, NoDatabase

PATH = Path("/srv/lgsco.db")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SchemaMismatch, 2),
        (errors.NoDatabase, 2),
        (errors.DatabaseExists, 2),
        (errors.CannotLock, 2),
        (errors.NotPublic, 2),
        (errors.Busy, 13),
        (errors.ArchiveLost, 14),
        (errors.Damaged, 1),
        (errors.StoreFailed, 1),
    ],
)
def test_each_error_ends_a_command_with_its_documented_exit_code(error: type[LgscoError], code: int) -> None:
    assert error.exit_code == code, f"scripts that run {error.__name__} rely on exit code {code}"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (NoDatabase(PATH), "`lgsco init`"),
        (DatabaseExists(PATH), "was not changed; name another file with --db"),
        (ArchiveLost(PATH, "vanished"), "`lgsco restore BACKUP`"),
    ],
)
def test_a_sentence_names_the_file_and_what_to_do(error: LgscoError, advice: str) -> None:
    assert str(PATH) in str(error)
    assert advice in str(error)
