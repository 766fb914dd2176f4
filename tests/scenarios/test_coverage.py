"""`lgsco coverage` and `lgsco status`: their words about the ledger, the calendar, and the ledger in snapshots."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from ingest.clock import Clock, Stop
from ingest.crawling.asked_for import find_asked_dates
from ingest.reports.calendar import LOOKS, State
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.edits import RepeatCard
from lgsco.replica.faults import Respond
from lgsco.replica.script import Script, on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.web.metadata import NAME, SITE
from storage import ledger
from storage.database import atomic, reading
from storage.errors import StoreFailed
from storage.export import write_whole
from storage.snapshot import snapshot
from storage.status import Canary, count_gone, count_holdings, find_canary, find_coverage
from storage.writer import writing
from support.paths import ROOT
from support.web import canned, served
from support.world import TODAY, Time, World

SVG = "{http://www.w3.org/2000/svg}"


# ---------------------------------------------------------------- a ledger with every state


@dataclass(frozen=True)
class LedgerState:
    """A database with every state in its ledger, and the references of its problems."""

    database: Path
    late: str
    """The reference of a decision without a page."""
    excluded: str
    """The reference of a decision without a page for a week."""


def span(first: str, last: str) -> Backfill:
    return Backfill(date.fromisoformat(first), date.fromisoformat(last))


@pytest.fixture(scope="module")
def ledger_state(tmp_path_factory: pytest.TempPathFactory) -> LedgerState:
    path = tmp_path_factory.mktemp("ledger_state") / "ledger_state.db"
    samples = [*seeds(), *generate(120, seed=5, first=date(2024, 1, 1), last=date(2025, 9, 30))]
    site = Site(samples, today=TODAY)

    def one_of(first: date, last: date) -> str:
        return next(sample.reference for sample in site.listed(first, last) if sample.kind == "statement")

    late = one_of(date(2024, 8, 1), date(2024, 8, 31))
    excluded = one_of(date(2024, 2, 1), date(2024, 2, 29))
    with serve(site) as server:
        world = World(site, server, path, Time(), Stop())
        lost = Script(*(on(reference.replace(" ", "-"), Respond(404)) for reference in (late, excluded)))
        server.faults = lost
        for _ in range(3):
            world.run(span("2024-01-01", "2024-06-30"))
            world.time.at += timedelta(days=4)
        world.run(span("2024-07-01", "2024-09-30"))
        server.faults = Script(lost, on("SearchResults", RepeatCard(over=1)))
        world.run(span("2025-01-01", "2025-01-31"))
        server.faults = lost
        right = site.count_line
        site.count_line = lambda total: right(total + 1)
        world.run(span("2025-02-01", "2025-02-28"))
        site.count_line = right
        world.run(Backfill(date(2025, 3, 1)))
    with writing(path) as db, atomic(db):
        ledger.drop_day_proof(db, date(2025, 5, 7), "2026-11-20T12:00:00Z", 1)
    return LedgerState(path, late, excluded)


def lgsco(*arguments: str | Path, code: int = 0, **environment: str) -> str:
    """Returns what the command prints if its output is not a terminal."""
    command = [sys.executable, "-m", "lgsco", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == "" or code not in (0, 10)
    return done.stdout or done.stderr


def on_a_terminal(*arguments: str | Path, **environment: str) -> str:
    """Returns what the command prints on a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lgsco", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"TERM": "xterm-256color"} | environment, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other side is closed: the command has ended
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)
    assert process.wait(60) == 10
    return shown.decode()


@pytest.fixture(scope="module")
def report(ledger_state: LedgerState) -> dict[str, Any]:
    """Returns what `coverage --json` prints."""
    answer: dict[str, Any] = json.loads(lgsco("coverage", "--json", "--db", ledger_state.database, code=10))
    return answer


def test_json_names_windows_gaps_months_and_what_is_missing(ledger_state: LedgerState, report: dict[str, Any]) -> None:
    assert set(report) == {"proven", "claim", "windows", "gaps", "months", "missing", "excluded", "gone"}
    assert report["proven"] is False
    assert [(one["first"], one["ledger_last"], one["state"]) for one in report["windows"]] == [
        ("2025-05-08", "9999-12-31", "proven"),
        ("2025-05-07", "2025-05-07", "unknown"),
        ("2025-03-01", "2025-05-06", "proven"),
        ("2025-02-01", "2025-02-28", "short"),
        ("2025-01-01", "2025-01-31", "drifting"),
        ("2024-07-01", "2024-09-30", "short"),
        ("2024-01-01", "2024-06-30", "proven"),
    ]
    for window in report["windows"]:
        assert set(window) == {
            *("first", "last", "state", "total", "listed", "held", "missing", "failed", "excluded"),
            *("counted_at", "walked_at", "proven_at", "unproven_since", "asked", "run", "ledger_last"),
        }
    today = str(Clock().today())
    assert [one["last"] for one in report["windows"][:3]] == [today, "2025-05-07", "2025-05-06"]
    assert report["gaps"] == [{"first": "2024-10-01", "last": "2024-12-31"}]
    months = {one["month"]: one["state"] for one in report["months"]}
    assert list(months)[:3] == ["2024-01", "2024-02", "2024-03"]
    assert [months[f"2024-{month:02}"] for month in range(7, 13)] == ["short"] * 3 + ["unseen"] * 3
    assert [months[f"2025-{month:02}"] for month in range(1, 8)] == [
        *("drifting", "short", "proven", "proven", "unknown", "proven", "proven"),
    ]
    for name in ("held", "missing", "failed", "excluded"):
        assert sum(month[name] for month in report["months"]) == sum(window[name] for window in report["windows"])
    (missing,) = report["missing"]
    assert (missing["reference"], missing["state"], missing["attempts"]) == (ledger_state.late, "failed", 1)
    assert "404" in missing["error"]
    (excluded,) = report["excluded"]
    assert (excluded["reference"], excluded["state"], excluded["attempts"]) == (ledger_state.excluded, "excluded", 3)
    assert report["gone"] == {"unexplained": 0, "expired": 0, "withdrawn": 0, "gone": 0, "never_held": 0}


def test_coverage_without_a_terminal_has_no_colour_and_agrees_with_the_ledger(ledger_state: LedgerState) -> None:
    shown = lgsco("coverage", "--db", ledger_state.database, code=10)
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert lines[0].split() == [
        *("from", "to", "state", "total", "listed", "held", "missing", "failed", "excluded", "counted")
    ]
    assert lines[1].split()[:3] == ["2025-05-08", "today", "proven"]
    assert lines[2].split()[:4] == ["2025-05-07", "2025-05-07", "unknown", "?"]
    assert ["2024-10-01", "2024-12-31", "unseen"] in [line.split() for line in lines]
    (row,) = [line for line in lines if line.startswith("2025  ")]
    assert row.split()[1:8] == ["D", "S", "P", "P", "?", "P", "P"]
    assert re.search(r"   (\d+) of \1$", row)
    (row,) = [line for line in lines if line.startswith("2024  ")]
    assert row.split()[1:13] == [*"PPPPPPSSS---"]
    reason = "the site answers 404"
    assert re.search(rf"missing.*: 1\n.*\n  {ledger_state.late} .* failed +1  2026-.*{reason}", shown)
    assert re.search(rf"excluded.*: 1\n.*\n  {ledger_state.excluded} .* excluded +3  2026-.*{reason}", shown)
    assert "no longer listed: 0 expired by age, 0 withdrawn, 0 gone for an unknown reason, 0 not explained yet" in shown
    assert lines[-1].endswith(" of the site, which stated a total of 125 on 2026-11-14 12:00 UTC (77.6 %)")
    (recent,) = [line for line in lines if line.startswith("2025-01-01 to today: not proven; ")]
    assert re.findall(r"(\S+) to \S+ \(", recent) == ["2025-05-07", "2025-02-01", "2025-01-01"]
    (old,) = [line for line in lines if line.startswith("2024-01-01 to 2024-09-30: not proven; ")]
    assert re.findall(r"(\S+) to \S+ \(", old) == ["2024-07-01"], "later months were never asked for"


def test_a_terminal_shows_coloured_blocks_unless_colour_is_off(ledger_state: LedgerState) -> None:
    shown = on_a_terminal("coverage", "--db", ledger_state.database, NO_COLOR="")
    for state, look in LOOKS.items():
        painted = "\x1b[2m" if look.block is None else f"\x1b[38;5;16m\x1b[48;5;{look.block}m"
        assert f"{painted} {look.letter} \x1b[0m" in shown, state
    plain = lgsco("coverage", "--db", ledger_state.database, code=10)
    assert re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r\n", "\n") == plain
    for environment in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        assert "\x1b" not in on_a_terminal("coverage", "--db", ledger_state.database, **environment)


def test_the_svg_is_the_same_calendar_and_replaces_an_older_one(
    ledger_state: LedgerState, report: dict[str, Any], tmp_path: Path
) -> None:
    target, link = tmp_path / "coverage.svg", tmp_path / "link.svg"
    target.write_text("an older one")
    link.symlink_to(target.name)
    assert f"{link}: " in lgsco("coverage", "--db", ledger_state.database, "--svg", link, code=10)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coverage.svg", "link.svg"]
    drawn = ElementTree.parse(target).getroot()
    cells = [month.findtext(f"{SVG}text") for month in drawn.findall(f"{SVG}g[@class='month']")]
    states: list[State] = [month["state"] for month in report["months"]]
    assert sorted(map(str, cells)) == sorted(LOOKS[state].letter for state in states)
    both = tmp_path / "both.svg"
    answer = json.loads(lgsco("coverage", "--json", "--svg", both, "--db", ledger_state.database, code=10))
    assert answer == report
    assert both.read_bytes() == target.read_bytes()


def test_an_svg_that_cannot_be_written_is_reported_in_a_sentence(ledger_state: LedgerState, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "nowhere" / "a.svg", tmp_path / "file" / "a.svg", tmp_path, Path("/dev/null")):
        said = lgsco("coverage", "--db", ledger_state.database, "--svg", target, code=1)
        assert said.startswith(f"lgsco: {target} ")
        assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert Path("/dev/null").is_char_device()


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "coverage.svg"
    target.write_text("an older one")

    def full(self: Path, text: str, encoding: str) -> int:
        with self.open("w", encoding=encoding) as file:
            file.write(text[:3])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(StoreFailed, match="No space left on device"):
            write_whole(target, "a newer one")
    assert target.read_text() == "an older one"
    assert list(tmp_path.iterdir()) == [target]


def test_status_summarises_the_problems(ledger_state: LedgerState) -> None:
    # The last complete run was on a fixed day, so do not check staleness here.
    stale = int(json.loads(_status(ledger_state.database))["stale"])
    shown = lgsco("status", "--db", ledger_state.database, code=stale)
    for words in (
        "waiting to be fetched: 1; of them failed so far: 1\n",
        "excluded (listed, and cannot be fetched or parsed): 1\n",
        "2025-01-01 to today: not proven; ",
        "2025-05-07 to 2025-05-07 (no total of the site to compare with)",
        "no longer listed: 0 expired by age, 0 withdrawn, 0 gone for an unknown reason, 0 not explained yet\n",
        "canary: last passed 2026-",
    ):
        assert words in shown
    assert shown.count(ledger_state.late) == 1
    assert ledger_state.excluded not in shown
    report = json.loads(_status(ledger_state.database))
    assert {(one["first"], one["state"]) for one in report["unproven"]} == {
        *(("2025-05-07", "unknown"), ("2025-02-01", "short"), ("2025-01-01", "drifting")),
        ("2024-07-01", "short"),
    }
    assert (report["held"]["excluded"], report["held"]["waiting"], report["held"]["unproven"]) == (1, 1, 4)
    assert report["gone"] == {"unexplained": 0, "expired": 0, "withdrawn": 0, "gone": 0, "never_held": 0}
    assert report["canary"]["failed_at"] is None
    assert report["canary"]["finding"] == "its page parses"


def _status(database: Path) -> str:
    command = [sys.executable, "-m", "lgsco", "status", "--json", "--db", str(database)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False).stdout


# ---------------------------------------------------------------- what is proven, and what is not


def test_excluded_decisions_are_named_and_their_windows_proven(ledger_state: LedgerState, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(ledger_state.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE first > '2024-06-30'")
        db.execute("DELETE FROM intents WHERE first > '2024-06-30'")
        db.execute("UPDATE intents SET last = '2024-06-30'")
        db.execute("UPDATE entries SET unlisted_at = last_listed WHERE stands_on > '2024-06-30'")
    shown = lgsco("coverage", "--db", copy)
    assert "; the other 1 is listed and its page is gone." in shown
    assert ledger_state.excluded in shown
    assert ", 1 never fetched\n" in shown


def test_a_gap_and_a_missing_decision_outside_the_ledger_are_unproven(
    ledger_state: LedgerState, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(ledger_state.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE state <> 'proven'")
    lgsco("coverage", "--db", copy, code=10)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE first > '2024-06-30'")
    report = json.loads(lgsco("coverage", "--json", "--db", copy, code=10))
    assert {window["state"] for window in report["windows"]} == {"proven"}
    assert (report["gaps"], [row["reference"] for row in report["missing"]]) == ([], [ledger_state.late])
    assert ("2024-07-01", "unseen") in {
        (part["first"], part["state"]) for one in report["claim"]["ranges"] for part in one["unproven"]
    }


def test_twenty_are_named_and_json_names_them_all(tmp_path: Path, time: Time) -> None:
    samples = generate(30, seed=3, first=date(2025, 1, 1), last=date(2025, 1, 31))
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "ledger_state.db", time, Stop())
        world.run(Backfill(limit=1))
    shown = lgsco("coverage", "--all", "--db", world.database, code=10)
    assert shown.count("  not fetched yet\n") == 20
    assert f"  … and {len(site) - 21} more; --json names them\n" in shown
    report = json.loads(lgsco("coverage", "--all", "--json", "--db", world.database, code=10))
    assert len(report["missing"]) == len(site) - 1
    assert {row["state"] for row in report["missing"]} == {"wanted"}
    days = [row["decision_date"] for row in report["missing"]]
    assert days == sorted(days, reverse=True)


def test_text_from_the_site_cannot_move_the_cursor(tmp_path: Path, ledger_state: LedgerState) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(ledger_state.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("UPDATE queue SET error = 'a' || char(27) || '[2Jb' || char(10) || 'c'")
    shown = lgsco("coverage", "--db", copy, code=10)
    assert "\x1b" not in shown
    assert "a [2Jb c" in shown


def test_a_report_is_of_one_moment(tmp_path: Path, ledger_state: LedgerState) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(ledger_state.database, copy)
    with reading(copy) as db:
        before = find_coverage(db, find_asked_dates)
        assert not db.in_transaction
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        assert find_coverage(db, find_asked_dates) == before
    assert statements[0] == "BEGIN"
    assert statements[-1] == "ROLLBACK"


# ---------------------------------------------------------------- what moved, left and returned


@dataclass(frozen=True)
class Weeks:
    """A database after some weeks of changes on the site, with the reference of each change."""

    database: Path
    moved: str
    withdrawn: str
    gone: str
    """A decision that left past the retention age, alone."""
    returned: str
    unexplained: str
    amended: str
    """A listed decision with a changed card, and without a page now."""


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    path = tmp_path_factory.mktemp("weeks") / "weeks.db"
    samples = generate(60, seed=9, first=date(2021, 1, 1), last=date(2026, 8, 31), body=False)
    site = Site([replace(sample, published=sample.decision_date) for sample in samples], today=TODAY)
    statements = [sample.reference for sample in site.listed() if sample.kind == "statement"]
    moved, withdrawn, returned, unexplained, amended, *_, gone = statements
    with serve(site) as server:
        world = World(site, server, path, Time(), Stop())

        def sync(days: int) -> None:
            for _ in range(days):
                world.time.at += timedelta(days=1)
                site.today = world.time.at.date()
                every = {f"cadence__walk_{age}": 1 for age in ("recent", "middle", "old")}
                world.run(Sync(), listing__gone_days=2, fetch__tries=1, **every)

        assert world.run(Backfill()).exit_code == 0
        for reference in (withdrawn, returned, gone):
            site.withdraw(reference)
        site.redate(moved, date(2026, 7, 7))
        sync(5)
        site.restore(returned)
        site.withdraw(unexplained)
        other = "Upheld" if site.sample(amended).outcome == "Not upheld" else "Not upheld"
        site.amend(amended, replace(site.sample(amended), outcome=other))
        server.faults = on(amended.replace(" ", "-"), Respond(404))
        sync(1)
    return Weeks(path, moved, withdrawn, gone, returned, unexplained, amended)


def test_departures_are_counted_once_and_returns_are_not(weeks: Weeks) -> None:
    with reading(weeks.database) as db:
        assert count_gone(db)._asdict() == {"unexplained": 1, "expired": 0, "withdrawn": 1, "gone": 1, "never_held": 0}
        ((passed_at,),) = db.execute("SELECT max(at) FROM checks WHERE kind = 'canary' AND passed").fetchall()
        assert find_canary(db) == Canary(passed_at, None, "its page parses")
        assert count_holdings(db).excluded == 0
    words = "no longer listed: 0 expired by age, 1 withdrawn, 1 gone for an unknown reason, 1 not explained yet\n"
    assert words in lgsco("coverage", "--db", weeks.database)
    report = json.loads(_status(weeks.database))
    assert (report["gone"]["withdrawn"], report["canary"]["passed_at"]) == (1, passed_at)
    shown = lgsco("status", "--db", weeks.database, code=int(report["stale"]))
    assert words in shown
    assert f"canary: last passed {passed_at}\n" in shown


def test_status_reports_a_failed_canary(weeks: Weeks, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(weeks.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute(
            "INSERT INTO checks (at, run, kind, subject, passed, why, finding) "
            "VALUES ('2026-11-30T07:00:00Z', 1, 'canary', '25 004 920', 0, 'once a day', 'a wall')"
        )
    report = json.loads(_status(copy))
    assert (report["canary"]["failed_at"], report["canary"]["finding"]) == ("2026-11-30T07:00:00Z", "a wall")
    assert report["canary"]["passed_at"] < "2026-11-30"
    shown = lgsco("status", "--db", copy, code=int(report["stale"]))
    assert "; failed 2026-11-30T07:00:00Z: a wall\n" in shown


def test_a_stored_decision_is_never_excluded_whatever_its_queue_row_says(weeks: Weeks, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(weeks.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        assert db.execute("UPDATE queue SET state = 'excluded'").rowcount == 1
    with reading(copy) as db:
        assert count_holdings(db).excluded == 0
        assert find_coverage(db, find_asked_dates).excluded == []


# ---------------------------------------------------------------- in a browser, and in a snapshot


@pytest.fixture(scope="module")
def ledger_web(ledger_state: LedgerState) -> Iterator[httpx.Client]:
    with served(ledger_state.database) as (client, _):
        yield client


@pytest.fixture(scope="module")
def weeks_web(weeks: Weeks) -> Iterator[httpx.Client]:
    with served(weeks.database) as (client, _):
        yield client


def test_a_query_shows_the_proven_windows(ledger_web: httpx.Client, report: dict[str, Any]) -> None:
    rows = canned(ledger_web, "complete")
    assert [row["state"] for row in rows] == [window["state"] for window in report["windows"]]
    assert rows[0]["decided_up_to"] == "today"
    of_2024 = canned(ledger_web, "complete", from_date="2024-02-01", to_date="2024-08-01")
    assert [row["decided_from"] for row in of_2024] == ["2024-07-01", "2024-01-01"]


def test_no_page_shows_a_date_to_come_as_the_end_of_a_range(ledger_state: LedgerState, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(ledger_state.database, copy)
    to_come = Clock().today() + timedelta(days=31)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("UPDATE windows SET last = ? WHERE last = '9999-12-31'", [str(to_come)])
        db.execute(
            "INSERT INTO windows SELECT ?, '9999-12-31', 0, 0, state, counted_at, walked_at, proven_at, "
            "unproven_since, asked, run FROM windows WHERE last = ?",
            [str(to_come + timedelta(days=1)), str(to_come)],
        )
    for shown in (lgsco("coverage", "--db", copy, code=10), lgsco("status", "--db", copy, code=1)):
        assert str(to_come) not in shown
        assert str(to_come + timedelta(days=1)) not in shown
    with served(copy) as (client, _):
        rows = canned(client, "complete")
        assert [(row["decided_from"], row["decided_up_to"]) for row in rows][:2] == [
            *(("2025-05-08", "today"), ("2025-05-07", "2025-05-07")),
        ]
        for table in ("coverage", "windows"):
            page = client.get(f"/{NAME}/{table}").text
            assert f'<span title="{to_come}">today</span>' in page
            assert ">2025-05-07<" in re.sub(r"\s", "", page)
            assert client.get(f"/{NAME}/{table}?_col=last").status_code == 200, "a page without the column first"


def test_a_query_shows_missing_decisions_and_links_only_to_the_site(
    ledger_web: httpx.Client, ledger_state: LedgerState
) -> None:
    rows = canned(ledger_web, "what_is_missing")
    assert [(row["reference"], row["state"]) for row in rows] == [
        (ledger_state.late, "failed"),
        (ledger_state.excluded, "excluded"),
    ]
    assert [row["reference"] for row in canned(ledger_web, "what_is_missing", from_date="2024-07-01")] == [
        ledger_state.late
    ]
    for path in ("what_is_missing", "missing", "not_fetched"):
        page = ledger_web.get(f"/{NAME}/{path}").text
        assert ledger_state.late in page
        assert f'href="/{NAME}/decisions/{ledger_state.late.replace(" ", "+")}"' not in page
        assert f'href="{SITE}/decisions/' in page


def test_a_query_shows_moved_decisions(weeks_web: httpx.Client, weeks: Weeks) -> None:
    rows = canned(weeks_web, "moved")
    assert [(row["reference"], row["field"]) for row in rows] == [
        (weeks.amended, "outcome"),
        (weeks.moved, "decision_date"),
    ]
    assert rows[-1]["after"] == "2026-07-07"
    assert [row for row in rows if not row["authority"]] == []
    assert canned(weeks_web, "moved", since="2030-01-01") == []


def test_a_query_shows_departures_and_their_evidence(weeks_web: httpx.Client, weeks: Weeks) -> None:
    rows = {row["reference"]: row for row in canned(weeks_web, "left_the_site")}
    assert {reference: row["became"] for reference, row in rows.items()} == {
        weeks.withdrawn: "withdrawn",
        weeks.gone: "gone",
        weeks.returned: "returned",
        weeks.unexplained: "not known yet",
    }
    assert re.fullmatch(
        r"not listed since 2026-[^;]+; its page gone 2 times, first 2026-[^;]+, last 2026-[^;]+; "
        r".*404, in words: .*not found.*; last seen \d+ days after the decision, gone \d+ days after it; "
        r"of \d+ other statements decided within 30 days of it \d+ are gone and \d+ listed",
        rows[weeks.withdrawn]["why"],
    )
    assert " 1 time, " in rows[weeks.unexplained]["why"]
    assert (rows[weeks.unexplained]["since"], bool(rows[weeks.returned]["since"])) == (None, True)
    page = weeks_web.get(f"/{NAME}/left_the_site").text
    assert f'href="/{NAME}/decisions/{weeks.withdrawn.replace(" ", "+")}"' in page


def public(database: Path, target: Path) -> Path:
    with reading(database) as db:
        snapshot(db, target, public=True)
    return target


def test_a_public_snapshot_proves_what_the_database_proves(
    ledger_state: LedgerState, report: dict[str, Any], tmp_path: Path
) -> None:
    copy = public(ledger_state.database, tmp_path / "public.db")
    answer = json.loads(lgsco("coverage", "--json", "--db", copy, code=10))
    assert (answer["months"][0], answer["gaps"]) == (report["months"][0], report["gaps"])
    assert [month["state"] for month in answer["months"]] == [month["state"] for month in report["months"]]
    # A public snapshot has no queue, but excluded decisions are part of the proof.
    assert answer["windows"] == [window | {"failed": 0} for window in report["windows"]]
    assert answer["excluded"] == report["excluded"]
    (missing,) = answer["missing"]
    assert (missing["reference"], missing["state"], missing["attempts"]) == (ledger_state.late, "wanted", 0)
    with served(copy) as (client, _):
        assert len(canned(client, "complete")) == 7
        assert len(canned(client, "what_is_missing")) == 2


def test_a_public_snapshot_has_moves_and_departures_but_no_requests(weeks: Weeks, tmp_path: Path) -> None:
    copy = public(weeks.database, tmp_path / "public.db")
    with closing(sqlite3.connect(copy)) as db:
        for table, count in (("moves", 2), ("absences", 3), ("queue", 0), ("checks", 0), ("requests", 0), ("pages", 0)):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
