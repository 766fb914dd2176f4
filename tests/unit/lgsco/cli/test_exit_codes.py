"""Exit codes and their meanings: scripts rely on the numbers."""

from __future__ import annotations

from ingest import errors
from lgsco.cli import exit_codes
from storage import errors as storage_errors
from storage.errors import LgscoError


def find_codes() -> set[int]:
    """Returns the exit codes of all errors that the program can explain."""
    kinds = [kind for module in (errors, storage_errors) for kind in vars(module).values() if isinstance(kind, type)]
    return {kind.exit_code for kind in kinds if issubclass(kind, LgscoError)}


def test_every_code_that_an_error_has_is_explained_once() -> None:
    explained = [code for meaning in exit_codes.MEANINGS for code in meaning.codes]
    assert len(explained) == len(set(explained)), "no code has two meanings"
    assert find_codes() <= set(explained)
    assert {exit_codes.DONE, exit_codes.USAGE, exit_codes.INCOMPLETE, exit_codes.INTERRUPTED} <= set(explained)


def test_help_names_every_code_with_its_short_meaning() -> None:
    sentence = exit_codes.describe_briefly()
    assert sentence.startswith("0 done; 1 unexpected")
    assert "129, 130, 143 stopped by a signal" in sentence
    assert all(meaning.action.endswith(".") for meaning in exit_codes.MEANINGS), "each says what to do next"
