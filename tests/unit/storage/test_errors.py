"""Tests the exit codes of the database's errors, and that their sentences say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from storage import errors
from storage.errors import ArchiveLost, DatabaseExists, LgscoError, NoDatabase, explain_unwritten

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


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"no database at {tmp_path / 'lgsco.db'};" in str(NoDatabase(Path("lgsco.db")))


@pytest.mark.parametrize(
    ("number", "what_to_do"),
    [
        (errno.ENOENT, "make the folder that it goes into, or name another path"),
        (errno.EACCES, "change its permissions, or name another path"),
        (errno.ENOSPC, "free disk space, or name another path"),
        (errno.EDQUOT, "free disk space, or name another path"),
        (errno.EIO, "name another path"),
    ],
)
def test_a_file_that_cannot_be_written_is_explained_by_its_cause(number: int, what_to_do: str) -> None:
    error = explain_unwritten(PATH, OSError(number, os.strerror(number)))
    assert str(error) == f"{PATH} cannot be written: {os.strerror(number)}; {what_to_do}"
