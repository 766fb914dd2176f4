"""Every command that a message names can be run as printed, also about an archive that a look-alike filled."""

from __future__ import annotations

import re
import shlex
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lgsco.replica.server import serve
from support.command_line import Desk, Ran, ended, ended_promptly, short_site, until
from support.older_files import make_older

_NAMED = re.compile(r"`lgsco ([^`]*)`")
_PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")
"""A word in capitals, which the user replaces: `lgsco restore BACKUP`."""

ALLOWED_CODES = frozenset({0, 10})
"""Done, or incomplete: the archive lacks dates. Not an error, a refusal, or wrong usage."""


@pytest.fixture
def archive(desk: Desk) -> Iterator[str]:
    """Makes an archive of a look-alike, with one backfill that ended, one paused and one interrupted."""
    desk.environment = {"LGSCO_FETCH_PACE": "0", "LGSCO_SITE_CONTACT": "someone@example.org"}
    with serve(short_site(12)) as server:
        desk.run("backfill", "--db", "a b.db", "--site", server.url, "--from", "2025-01", "--to", "2025-03")
        with closing(sqlite3.connect(desk.folder / "a b.db")) as db, db:
            for first, state in (("2024-01-01", "paused"), ("2024-03-01", "interrupted")):
                db.execute(
                    "INSERT INTO intents (kind, first, last, state, asked_at, changed_at, run) "
                    "VALUES ('backfill', ?, date(?, '+1 month', '-1 day'), ?, '2026-11-01T12:00:00Z', "
                    "'2026-11-01T12:00:00Z', 1)",
                    (first, first, state),
                )
            db.execute("UPDATE runs SET started_at = '2026-01-01T00:00:00Z', ended_at = '2026-01-01T00:00:00Z'")
        yield server.url


def find_named(ran: Ran) -> list[list[str]]:
    """Returns the commands that an output names, without those that a user must complete."""
    return [shlex.split(command) for command in _NAMED.findall(ran.out + ran.err) if not _PLACEHOLDER.search(command)]


def run_as_printed(desk: Desk, arguments: list[str]) -> Ran:
    """Runs a named command. A daemon is ended when it has started."""
    process = desk.start(*arguments)
    if arguments[0] != "daemon":
        return ended(process)
    database = Path(desk.folder, arguments[arguments.index("--db") + 1])

    def has_started() -> bool:
        with closing(sqlite3.connect(database)) as db:
            return bool(db.execute("SELECT count(*) FROM daemon WHERE stopped_at IS NULL").fetchone()[0])

    until(process, has_started)
    process.send_signal(signal.SIGTERM)
    return ended_promptly(process)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["status"], {"backfill", "daemon", "sync"}),
        (["coverage"], {"backfill"}),
        (["coverage", "--all"], {"backfill"}),
        (["show", "25 999 999"], {"coverage"}),
    ],
)
def test_named_commands_run_on_the_archive_of_a_look_alike(
    desk: Desk, archive: str, asked: list[str], expected: set[str]
) -> None:
    named = find_named(ended(desk.start(*asked, "--db", "a b.db")))
    assert {arguments[0] for arguments in named} >= expected
    for arguments in named:
        ran = run_as_printed(desk, arguments)
        assert ran.code in ALLOWED_CODES, (arguments, ran.err)
        if arguments[0] in ("backfill", "daemon", "sync"):
            assert arguments[-2:] == ["--site", archive]


def test_the_command_that_migrates_an_older_file_of_a_look_alike_runs(desk: Desk, archive: str) -> None:
    make_older(desk.folder / "a b.db", "m023_search")
    refused = desk.run("status", "--db", "a b.db", code=2)
    assert ["sync", "--db", "a b.db", "--site", archive] in find_named(refused)
    for arguments in find_named(refused):
        assert run_as_printed(desk, arguments).code in ALLOWED_CODES


def test_a_command_for_the_configured_site_is_printed_without_it(desk: Desk, archive: str) -> None:
    desk.environment["LGSCO_SITE_BASE_URL"] = archive
    shown = ended(desk.start("status", "--db", "a b.db"))
    assert ["sync", "--db", "a b.db"] in find_named(shown)
    assert "--site" not in shown.out
