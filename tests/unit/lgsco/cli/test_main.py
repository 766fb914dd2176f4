"""How commands are found, and how an error ends the program."""

from __future__ import annotations

import errno
import sys

import click
import pytest

from lgsco.cli import main as module
from lgsco.cli.main import cli, main
from storage.errors import Busy, LgscoError


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", fail)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Busy("another process writes"), 13, "lgsco: another process writes\n"),
        (LgscoError("a reason"), 1, "lgsco: a reason\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.exceptions.Abort(), 130, ""),
        (ValueError("odd"), 1, "lgsco: unexpected: ValueError: odd; --debug shows where it happened\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/a"), 1, "check the permissions of the file"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "the output cannot be written: No space left"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    fail_with(monkeypatch, error)
    with pytest.raises(SystemExit) as end:
        main(["status"])
    assert end.value.code == code
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.splitlines()) == bool(sentence)


def test_debug_shows_where_an_error_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ValueError("odd"))
    with pytest.raises(SystemExit):
        main(["status", "--debug"])
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1] == "lgsco: unexpected: ValueError: odd"


def test_a_closed_output_is_replaced_so_that_printing_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    module._open_closed_outputs()
    assert sys.stdout is not None
    assert sys.stdout.write("nobody reads this")
    sys.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["backfil"], "No such command 'backfil'. Did you mean 'backfill'?"),
        (["Status"], "No such command 'Status'. Did you mean 'status'?"),
        (["xyz"], "No such command 'xyz'."),
        (
            ["--db", "x", "status"],
            "No such option '--db'. Options of a command go after its name: lgsco COMMAND --db …",
        ),
        (["--versio"], "No such option '--versio'. Did you mean '--version'?"),
    ],
)
def test_a_command_or_option_that_is_not_found_is_answered_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"Error: {error}"
