"""What `lgsco coverage` and `lgsco status` say of the ledger, the picture they draw, and what is handed on of it."""

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
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import Stop
from ingest.reports.calendar import LOOKS, Calendar, Numbers, State, as_lines, as_svg, draw, holes, unproven
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
from storage.export import snapshot, write_whole
from storage.model import Proof, Window, WindowState
from storage.status import Canary, count_gone, find_canary, find_coverage, holdings
from storage.writer import writing
from support.paths import ROOT
from support.web import browser, canned, served
from support.world import TODAY, Time, World

SVG = "{http://www.w3.org/2000/svg}"
SEVERITY: tuple[WindowState, ...] = ("proven", "short", "drifting", "unknown")


def proof(first: str, last: str, state: WindowState = "proven") -> Proof:
    window = Window(date.fromisoformat(first), date.fromisoformat(last))
    at = "2026-11-02T12:00:00Z"
    return Proof(window, 0, 0, state, at, at, at if state == "proven" else None, "t=both")


def states(calendar: Calendar) -> dict[str, State]:
    return {cell.month: cell.state for cell in calendar.months}


# ---------------------------------------------------------------- the calendar


def test_an_open_ledger_is_drawn_from_its_first_decision_to_today() -> None:
    numbers = {"2026-08": Numbers(3, 3), "2026-10": Numbers(2, 2)}
    calendar = draw([proof("0001-01-01", "9999-12-31")], numbers, TODAY)
    assert states(calendar) == {"2026-08": "proven", "2026-09": "empty", "2026-10": "proven", "2026-11": "empty"}
    assert calendar.months[-1].window == Window(date(2026, 11, 1), TODAY)
    assert calendar.earlier is not None
    assert (calendar.earlier.window, calendar.earlier.state) == (Window(date.min, date(2026, 7, 31)), "empty")
    assert calendar.later is None


def test_a_ledger_that_begins_before_its_decisions_is_drawn_from_its_beginning() -> None:
    calendar = draw([proof("2026-09-01", "9999-12-31")], {"2026-10": Numbers(1, 1)}, TODAY)
    assert states(calendar) == {"2026-09": "empty", "2026-10": "proven", "2026-11": "empty"}
    assert calendar.earlier is None


def test_a_month_is_as_bad_as_its_worst_window() -> None:
    ledger = [
        *(proof("2026-01-01", "2026-03-14"), proof("2026-03-15", "2026-03-15", "unknown")),
        *(proof("2026-03-16", "2026-04-10", "short"), proof("2026-04-11", "2026-05-31", "drifting")),
        *(proof("2026-06-01", "2026-06-29"), proof("2026-08-01", "9999-12-31", "short")),
    ]
    numbers = {f"2026-{month:02}": Numbers(2, 1, 1) for month in range(1, 12)}
    assert list(states(draw(ledger, numbers, TODAY)).values()) == [
        *("proven", "proven", "unknown", "drifting", "drifting", "unseen", "unseen"),
        *("short", "short", "short", "short"),
    ]
    assert holes(ledger) == [Window(date(2026, 6, 30), date(2026, 7, 31))]
    assert [(str(window.first), state) for window, state in unproven(ledger)] == [
        *(("2026-08-01", "short"), ("2026-06-30", "unseen"), ("2026-04-11", "drifting")),
        *(("2026-03-16", "short"), ("2026-03-15", "unknown")),
    ]


def test_this_month_need_be_looked_at_until_today_only() -> None:
    ledger = [proof("2026-10-01", str(TODAY))]
    assert states(draw(ledger, {}, TODAY)) == {"2026-10": "empty", "2026-11": "empty"}
    assert states(draw(ledger, {}, TODAY + timedelta(1)))["2026-11"] == "unseen"


def test_days_that_no_decision_has_are_told_and_not_drawn() -> None:
    numbers = {"0001-01": Numbers(2, 1, 1), "0205-10": Numbers(1, 1), "2026-10": Numbers(4, 4), "9999-12": Numbers(5)}
    calendar = draw([proof("0001-01-01", "9999-12-31")], numbers, TODAY)
    assert list(states(calendar)) == ["2026-10", "2026-11"]
    assert calendar.earlier is not None
    assert calendar.earlier.numbers == Numbers(3, 2, 1)
    assert calendar.later is not None
    assert calendar.later.numbers == Numbers(5)
    lines = "\n".join(as_lines(calendar, lambda cell, _: cell))
    assert "before 2026-10:  P  proven; 2 of 3 held" in lines
    assert "after 2026-11-02, or undated:  P  proven; 0 of 5 held" in lines


def test_what_is_unproven_after_today_is_told() -> None:
    calendar = draw([proof("2026-01-01", "2026-12-31"), proof("2027-01-01", "9999-12-31", "unknown")], {}, TODAY)
    assert calendar.later is not None
    assert calendar.later.state == "unknown"
    assert set(states(calendar).values()) == {"empty"}


def test_decisions_without_a_ledger_are_unseen_and_nothing_is_nothing() -> None:
    assert set(states(draw([], {"2026-09": Numbers(1, 0, 1)}, TODAY)).values()) == {"unseen"}
    nothing = draw([], {}, TODAY)
    assert nothing.months == ()
    assert "Nothing has been counted yet" in as_svg(nothing)


@st.composite
def ledgers(draw_: st.DrawFn) -> list[Proof]:
    """Any windows that do not overlap, with holes or without, to both ends of time or not."""
    near = st.dates(date(2024, 12, 1), date(2026, 12, 31))
    days = draw_(st.lists(near, min_size=1, max_size=12, unique=True))
    days += draw_(st.lists(st.sampled_from([date.min, date(1989, 12, 31), date(1990, 1, 1), date.max]), unique=True))
    days.sort()
    found = []
    for first, after in zip(days, [*days[1:], None], strict=True):
        last = first if after is None else after - timedelta(1)
        if first <= last and draw_(st.integers(0, 9)):
            found.append(proof(str(first), str(last), draw_(st.sampled_from(SEVERITY))))
    return found


MONTHS = st.dates(date(2024, 6, 1), date(2027, 3, 1)) | st.sampled_from([date.min, date.max])
NUMBERS = st.dictionaries(MONTHS.map(lambda day: str(day)[:7]), st.builds(Numbers, *[st.integers(1, 2_000)] * 3))
DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31)) | st.sampled_from([date(1990, 1, 1), date(2024, 2, 29), date.max])


@given(ledgers(), NUMBERS, DAYS)
def test_any_ledger_gives_a_month_its_worst_state(
    ledger: list[Proof], numbers: dict[str, Numbers], today: date
) -> None:
    if today == date.max:  # eight thousand years are no calendar for a test
        ledger, numbers = [p for p in ledger if p.window.first == date.min], {"9999-11": Numbers(1)}
    calendar = draw(ledger, numbers, today)
    assert bool(calendar.months) == bool(ledger or numbers)
    for cell, after in pairwise(calendar.months):
        assert after.window.first == cell.window.last + timedelta(1)
        assert after.window.first.day == 1
    for cell in calendar.months:
        first, last = cell.window.first, cell.window.last
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        of_days = [[p.state for p in ledger if p.window.first <= day <= p.window.last] for day in days]
        seen = [state for of_day in of_days for state in of_day]
        expected = "unseen" if not all(of_days) else max(seen, key=SEVERITY.index)
        assert cell.numbers == numbers.get(cell.month, Numbers())
        assert cell.state == ("empty" if expected == "proven" and not cell.numbers.listed else expected)
    if calendar.months:
        assert calendar.months[-1].window.last == today
        around = [cell.numbers for cell in (calendar.earlier, calendar.later) if cell is not None]
        shown = sum([*around, *(cell.numbers for cell in calendar.months)], Numbers())
        assert shown == sum(numbers.values(), Numbers())
    for line in as_lines(calendar, lambda cell, _: cell):
        assert len(line) < 120
        assert "\x1b" not in line
    drawn = ElementTree.fromstring(as_svg(calendar))
    assert len(drawn.findall(f"{SVG}g[@class='month']")) == len(calendar.months)
    covered = [p.window for p in ledger]
    assert all(not (hole.first <= w.last and w.first <= hole.last) for hole in holes(ledger) for w in covered)
    assert (not unproven(ledger)) == (all(p.state == "proven" for p in ledger) and not holes(ledger))


# ---------------------------------------------------------------- as words and as SVG


def every_state() -> Calendar:
    ledger = [
        *(proof("2024-11-01", "2025-05-31"), proof("2025-06-01", "2025-06-30", "short")),
        *(proof("2025-07-01", "2025-07-31", "drifting"), proof("2025-08-01", "2025-08-31", "unknown")),
        proof("2025-09-15", "9999-12-31"),
    ]
    numbers = {f"2025-{month:02}": Numbers(1_200, 1_199, 1) for month in (1, 6, 7, 8, 9, 12)}
    return draw(ledger, numbers, date(2026, 2, 3))


def test_words_need_no_colour() -> None:
    assert as_lines(every_state(), lambda cell, _: cell) == [
        "      Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec   held of listed",
        "2026   o    o                                                      0 of 0",
        "2025   P    o    o    o    o    S    D    ?    -    o    o    P    7,194 of 7,200",
        "2024                                                     o    o    0 of 0",
        "",
        " P  proven   o  proven, no decisions   S  short",
        " D  drifting   ?  unknown   -  unseen, all or in part",
    ]


def test_every_cell_is_given_to_be_coloured() -> None:
    lines = as_lines(every_state(), lambda cell, state: f"[{state}]")
    assert lines[2].count("[empty]") == 6
    assert all(f"[{state}]" in lines[2] for state in LOOKS)
    assert all(f"[{state}]" in "".join(lines[-2:]) for state in LOOKS)


def test_the_svg_says_all_without_scripts_colours_or_another_file() -> None:
    svg = as_svg(every_state())
    drawn = ElementTree.fromstring(svg)
    assert drawn.tag == f"{SVG}svg"
    (title,) = drawn.findall(f"{SVG}title")
    assert "Ombudsman" in (title.text or "")
    months = drawn.findall(f"{SVG}g[@class='month']")
    assert len(months) == 2 + 12 + 2
    told = {month.findtext(f"{SVG}title"): month.findtext(f"{SVG}text") for month in months}
    assert told["Jun 2025: short; 1,200 listed, 1,199 held, 1 missing"] == "S"
    assert told["Feb 2025: proven, no decisions; 0 listed, 0 held"] == "o"
    assert set(told.values()) == {look.letter for look in LOOKS.values()}
    legend = drawn.findall(f"{SVG}g[@class='legend']")
    assert [item.findtext(f"{SVG}text") for item in legend] == [look.letter for look in LOOKS.values()]
    assert "prefers-color-scheme: dark" in svg
    assert "7,194 of 7,200" in svg
    for foreign in ("<script", "href", "url(", "@import", "<image", "onload"):
        assert foreign not in svg


def _brightness(colour: str) -> float:
    """The relative luminance of a colour, from 0 to 1, as WCAG 2 has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_black_letters_can_be_read_on_every_colour() -> None:
    for look in LOOKS.values():
        assert look.fill is None or (_brightness(look.fill) + 0.05) / 0.05 > 4.5
    assert len({look.letter for look in LOOKS.values()}) == len({look.fill for look in LOOKS.values()}) == len(LOOKS)


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_draws_it_within_its_edges(tmp_path: Path, dark: bool) -> None:
    program = browser()
    page = tmp_path / "page.html"
    measure = (
        "const svg = document.querySelector('svg'), whole = svg.getBoundingClientRect(), out = [];"
        "for (const one of svg.querySelectorAll('text')) { const box = one.getBoundingClientRect();"
        "if (box.right > whole.right - 4 || box.bottom > whole.bottom - 4) out.push(one.textContent); }"
        "document.body.dataset.out = JSON.stringify(out);"
        "document.body.dataset.paper = getComputedStyle(svg.querySelector('.paper')).fill;"
    )
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{as_svg(every_state())}<script>{measure}</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=1000", "--dump-dom"]
    flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run([program, *flags, page.as_uri()], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert 'data-out="[]"' in done.stdout
    assert f'data-paper="{"rgb(22, 24, 28)" if dark else "rgb(255, 255, 255)"}"' in done.stdout


# ---------------------------------------------------------------- a ledger with every state


@dataclass(frozen=True)
class Books:
    """A database whose ledger has every state, and what is wrong in it."""

    database: Path
    late: str
    """The reference of a decision whose page is not there."""
    excluded: str
    """That of one whose page has not been there for a week."""


def span(first: str, last: str) -> Backfill:
    return Backfill(date.fromisoformat(first), date.fromisoformat(last))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    path = tmp_path_factory.mktemp("books") / "books.db"
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
        server.faults = Script(lost, on("SearchResults", RepeatCard()))
        world.run(span("2025-01-01", "2025-01-31"))
        server.faults = lost
        right = site.count_line
        site.count_line = lambda total: right(total + 1)
        world.run(span("2025-02-01", "2025-02-28"))
        site.count_line = right
        world.run(Backfill(date(2025, 3, 1)))
    with writing(path) as db, atomic(db):
        ledger.doubt(db, date(2025, 5, 7), "2026-11-20T12:00:00Z", 1)
    return Books(path, late, excluded)


def lgsco(*arguments: str | Path, code: int = 0, **environment: str) -> str:
    """What the command prints where its output is no terminal."""
    command = [sys.executable, "-m", "lgsco", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == "" or code not in (0, 10)
    return done.stdout or done.stderr


def on_a_terminal(*arguments: str | Path, **environment: str) -> str:
    """What the command prints on a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lgsco", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"TERM": "xterm-256color"} | environment, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other side is closed: it has ended
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)
    assert process.wait(60) == 10
    return shown.decode()


@pytest.fixture(scope="module")
def told(books: Books) -> dict[str, Any]:
    """What `coverage --json` says of it."""
    answer: dict[str, Any] = json.loads(lgsco("coverage", "--json", "--db", books.database, code=10))
    return answer


def test_json_names_windows_gaps_months_and_what_is_missing(books: Books, told: dict[str, Any]) -> None:
    assert set(told) == {"proven", "windows", "gaps", "months", "missing", "excluded", "gone"}
    assert told["proven"] is False
    assert [(one["first"], one["last"], one["state"]) for one in told["windows"]] == [
        ("2025-05-08", "9999-12-31", "proven"),
        ("2025-05-07", "2025-05-07", "unknown"),
        ("2025-03-01", "2025-05-06", "proven"),
        ("2025-02-01", "2025-02-28", "short"),
        ("2025-01-01", "2025-01-31", "drifting"),
        ("2024-07-01", "2024-09-30", "short"),
        ("2024-01-01", "2024-06-30", "proven"),
    ]
    for window in told["windows"]:
        assert set(window) == {
            *("first", "last", "state", "total", "listed", "held", "missing", "failed", "excluded"),
            *("counted_at", "walked_at", "proven_at", "asked", "run"),
        }
    assert told["gaps"] == [{"first": "2024-10-01", "last": "2024-12-31"}]
    months = {one["month"]: one["state"] for one in told["months"]}
    assert list(months)[:3] == ["2024-01", "2024-02", "2024-03"]
    assert [months[f"2024-{month:02}"] for month in range(7, 13)] == ["short"] * 3 + ["unseen"] * 3
    assert [months[f"2025-{month:02}"] for month in range(1, 8)] == [
        *("drifting", "short", "proven", "proven", "unknown", "proven", "proven"),
    ]
    for name in ("held", "missing", "failed", "excluded"):
        assert sum(month[name] for month in told["months"]) == sum(window[name] for window in told["windows"])
    (missing,) = told["missing"]
    assert (missing["reference"], missing["state"], missing["attempts"]) == (books.late, "failed", 1)
    assert "404" in missing["error"]
    (excluded,) = told["excluded"]
    assert (excluded["reference"], excluded["state"], excluded["attempts"]) == (books.excluded, "excluded", 3)
    assert told["gone"] == {"unexplained": 0, "expired": 0, "withdrawn": 0, "never_held": 0}


def test_words_say_the_same_without_colour_where_nobody_sees_it(books: Books) -> None:
    shown = lgsco("coverage", "--db", books.database, code=10)
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert lines[0].split() == [
        *("from", "to", "state", "total", "listed", "held", "missing", "failed", "excluded", "counted")
    ]
    assert lines[1].split()[:3] == ["2025-05-08", "onwards", "proven"]
    assert lines[2].split()[:4] == ["2025-05-07", "2025-05-07", "unknown", "?"]
    assert ["2024-10-01", "2024-12-31", "unseen"] in [line.split() for line in lines]
    (row,) = [line for line in lines if line.startswith("2025  ")]
    assert row.split()[1:8] == ["D", "S", "P", "P", "?", "P", "P"]
    assert re.search(r"   (\d+) of \1$", row)
    (row,) = [line for line in lines if line.startswith("2024  ")]
    assert row.split()[1:13] == [*"PPPPPPSSS---"]
    reason = "the site answers 404"
    assert re.search(rf"missing.*: 1\n.*\n  {books.late} .* failed +1  2026-.*{reason}", shown)
    assert re.search(rf"excluded.*: 1\n.*\n  {books.excluded} .* excluded +3  2026-.*{reason}", shown)
    assert "no longer listed: 0 expired by age, 0 withdrawn, 0 not explained yet" in shown
    assert lines[-1] == "date ranges not proven complete: 5; decisions missing: 1"


def test_a_terminal_gets_blocks_of_colour_unless_nobody_wants_them(books: Books) -> None:
    shown = on_a_terminal("coverage", "--db", books.database, NO_COLOR="")
    for state, look in LOOKS.items():
        painted = "\x1b[2m" if look.block is None else f"\x1b[38;5;16m\x1b[48;5;{look.block}m"
        assert f"{painted} {look.letter} \x1b[0m" in shown, state
    plain = lgsco("coverage", "--db", books.database, code=10)
    assert re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r\n", "\n") == plain
    for environment in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        assert "\x1b" not in on_a_terminal("coverage", "--db", books.database, **environment)


def test_the_svg_is_the_same_calendar_and_takes_an_older_ones_place(
    books: Books, told: dict[str, Any], tmp_path: Path
) -> None:
    target, link = tmp_path / "coverage.svg", tmp_path / "link.svg"
    target.write_text("an older one")
    link.symlink_to(target.name)
    assert f"{link}: " in lgsco("coverage", "--db", books.database, "--svg", link, code=10)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coverage.svg", "link.svg"]
    drawn = ElementTree.parse(target).getroot()
    cells = [month.findtext(f"{SVG}text") for month in drawn.findall(f"{SVG}g[@class='month']")]
    states: list[State] = [month["state"] for month in told["months"]]
    assert sorted(map(str, cells)) == sorted(LOOKS[state].letter for state in states)
    both = tmp_path / "both.svg"
    answer = json.loads(lgsco("coverage", "--json", "--svg", both, "--db", books.database, code=10))
    assert answer == told
    assert both.read_bytes() == target.read_bytes()


def test_an_svg_that_cannot_be_written_is_said_in_a_sentence(books: Books, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "nowhere" / "a.svg", tmp_path / "file" / "a.svg", tmp_path, Path("/dev/null")):
        said = lgsco("coverage", "--db", books.database, "--svg", target, code=1)
        assert said.startswith(f"lgsco: {target} ")
        assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert Path("/dev/null").is_char_device()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_status_says_in_short_what_is_not_as_it_should_be(books: Books) -> None:
    # The last complete run was on a day of the test's own: stale or not is another test's matter.
    stale = int(json.loads(_status(books.database))["stale"])
    shown = lgsco("status", "--db", books.database, code=stale)
    for words in (
        "waiting to be fetched: 1; of them failed so far: 1\n",
        "excluded, listed and not to be had: 1\n",
        "date ranges not proven complete: 5\n  2025-05-07 to 2025-05-07: unknown\n",
        "  2024-10-01 to 2024-12-31: unseen\n",
        "no longer listed: 0 expired by age, 0 withdrawn, 0 not explained yet\n",
        "known decision last read as ever: 2026-",
    ):
        assert words in shown
    assert shown.count(books.late) == 1
    assert books.excluded not in shown
    told = json.loads(_status(books.database))
    assert {(one["first"], one["state"]) for one in told["unproven"]} == {
        *(("2025-05-07", "unknown"), ("2025-02-01", "short"), ("2025-01-01", "drifting")),
        *(("2024-10-01", "unseen"), ("2024-07-01", "short")),
    }
    assert (told["held"]["excluded"], told["held"]["waiting"], told["held"]["unproven"]) == (1, 1, 4)
    assert told["gone"] == {"unexplained": 0, "expired": 0, "withdrawn": 0, "never_held": 0}
    assert told["canary"]["failed_at"] is None
    assert told["canary"]["finding"] == "it reads"


def _status(database: Path) -> str:
    command = [sys.executable, "-m", "lgsco", "status", "--json", "--db", str(database)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False).stdout


# ---------------------------------------------------------------- what is proven, and what is not


def test_what_is_excluded_is_proven_and_named(books: Books, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(books.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE first > '2024-06-30'")
        db.execute("UPDATE entries SET unlisted_at = last_listed WHERE stands_on > '2024-06-30'")
    shown = lgsco("coverage", "--db", copy)
    assert "\nproven: all that the site lists is held, or excluded\n" in shown
    assert books.excluded in shown
    assert ", 1 never held\n" in shown


def test_a_gap_and_a_missing_decision_outside_the_ledger_are_unproven(books: Books, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(books.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE state <> 'proven'")
    lgsco("coverage", "--db", copy, code=10)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("DELETE FROM windows WHERE first > '2024-06-30'")
    told = json.loads(lgsco("coverage", "--json", "--db", copy, code=10))
    assert {window["state"] for window in told["windows"]} == {"proven"}
    assert (told["gaps"], [row["reference"] for row in told["missing"]]) == ([], [books.late])


def test_twenty_are_named_and_json_names_them_all(tmp_path: Path, time: Time) -> None:
    samples = generate(30, seed=3, first=date(2025, 1, 1), last=date(2025, 1, 31))
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "books.db", time, Stop())
        world.run(Backfill(limit=1))
    shown = lgsco("coverage", "--db", world.database, code=10)
    assert shown.count("  not fetched yet\n") == 20
    assert f"  … and {len(site) - 21} more; --json names them all\n" in shown
    told = json.loads(lgsco("coverage", "--json", "--db", world.database, code=10))
    assert len(told["missing"]) == len(site) - 1
    assert {row["state"] for row in told["missing"]} == {"wanted"}
    days = [row["decision_date"] for row in told["missing"]]
    assert days == sorted(days, reverse=True)


def test_what_a_site_says_moves_no_cursor(tmp_path: Path, books: Books) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(books.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("UPDATE queue SET error = 'a' || char(27) || '[2Jb' || char(10) || 'c'")
    shown = lgsco("coverage", "--db", copy, code=10)
    assert "\x1b" not in shown
    assert "a [2Jb c" in shown


def test_all_that_is_said_is_of_one_moment(tmp_path: Path, books: Books) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(books.database, copy)
    with reading(copy) as db:
        before = find_coverage(db)
        assert not db.in_transaction
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        assert find_coverage(db) == before
    assert statements[0] == "BEGIN"
    assert statements[-1] == "ROLLBACK"


# ---------------------------------------------------------------- what moved, left and returned


@dataclass(frozen=True)
class Weeks:
    """A database beside which the site went on for some weeks: what happened, and to which reference."""

    database: Path
    moved: str
    withdrawn: str
    expired: str
    returned: str
    unexplained: str
    amended: str
    """One whose card changed, and whose page is not there any more though it is listed."""


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    path = tmp_path_factory.mktemp("weeks") / "weeks.db"
    samples = generate(60, seed=9, first=date(2021, 1, 1), last=date(2026, 8, 31), body=False)
    site = Site([replace(sample, published=sample.decision_date) for sample in samples], today=TODAY)
    statements = [sample.reference for sample in site.listed() if sample.kind == "statement"]
    moved, withdrawn, returned, unexplained, amended, *_, expired = statements
    with serve(site) as server:
        world = World(site, server, path, Time(), Stop())

        def sync(days: int) -> None:
            for _ in range(days):
                world.time.at += timedelta(days=1)
                site.today = world.time.at.date()
                every = {f"cadence__walk_{age}": 1 for age in ("recent", "middle", "old")}
                world.run(Sync(), listing__gone_days=2, fetch__tries=1, **every)

        assert world.run(Backfill()).exit_code == 0
        for reference in (withdrawn, returned, expired):
            site.withdraw(reference)
        site.redate(moved, date(2026, 7, 7))
        sync(5)
        site.restore(returned)
        site.withdraw(unexplained)
        other = "Upheld" if site.sample(amended).outcome == "Not upheld" else "Not upheld"
        site.amend(amended, replace(site.sample(amended), outcome=other))
        server.faults = on(amended.replace(" ", "-"), Respond(404))
        sync(1)
    return Weeks(path, moved, withdrawn, expired, returned, unexplained, amended)


def test_what_left_is_counted_once_and_what_returned_is_not(weeks: Weeks) -> None:
    with reading(weeks.database) as db:
        assert asdict(count_gone(db)) == {"unexplained": 1, "expired": 1, "withdrawn": 1, "never_held": 0}
        ((passed_at,),) = db.execute("SELECT max(at) FROM checks WHERE kind = 'canary' AND passed").fetchall()
        assert find_canary(db) == Canary(passed_at, None, "it reads")
        assert holdings(db).excluded == 0
    words = "no longer listed: 1 expired by age, 1 withdrawn, 1 not explained yet\n"
    assert words in lgsco("coverage", "--db", weeks.database)
    told = json.loads(_status(weeks.database))
    assert (told["gone"]["withdrawn"], told["canary"]["passed_at"]) == (1, passed_at)
    shown = lgsco("status", "--db", weeks.database, code=int(told["stale"]))
    assert words in shown
    assert f"known decision last read as ever: {passed_at}\n" in shown


def test_a_known_decision_that_no_longer_reads_is_told_by_status(weeks: Weeks, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(weeks.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute(
            "INSERT INTO checks (at, run, kind, subject, passed, why, finding) "
            "VALUES ('2026-11-30T07:00:00Z', 1, 'canary', '25 004 920', 0, 'once a day', 'a wall')"
        )
    told = json.loads(_status(copy))
    assert (told["canary"]["failed_at"], told["canary"]["finding"]) == ("2026-11-30T07:00:00Z", "a wall")
    assert told["canary"]["passed_at"] < "2026-11-30"
    shown = lgsco("status", "--db", copy, code=int(told["stale"]))
    assert "; not since 2026-11-30T07:00:00Z: a wall\n" in shown


def test_a_decision_that_is_held_is_never_excluded_whatever_its_queue_says(weeks: Weeks, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(weeks.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        assert db.execute("UPDATE queue SET state = 'excluded'").rowcount == 1
    with reading(copy) as db:
        assert holdings(db).excluded == 0
        assert find_coverage(db).excluded == []


# ---------------------------------------------------------------- in a browser, and handed on


@pytest.fixture(scope="module")
def books_web(books: Books) -> Iterator[httpx.Client]:
    with served(books.database) as (client, _):
        yield client


@pytest.fixture(scope="module")
def weeks_web(weeks: Weeks) -> Iterator[httpx.Client]:
    with served(weeks.database) as (client, _):
        yield client


def test_what_is_proven_complete_can_be_asked(books_web: httpx.Client, told: dict[str, Any]) -> None:
    rows = canned(books_web, "complete")
    assert [row["state"] for row in rows] == [window["state"] for window in told["windows"]]
    assert rows[0]["decided_up_to"] == "onwards"
    of_2024 = canned(books_web, "complete", from_date="2024-02-01", to_date="2024-08-01")
    assert [row["decided_from"] for row in of_2024] == ["2024-07-01", "2024-01-01"]


def test_what_is_missing_can_be_asked_and_leads_to_the_site_alone(books_web: httpx.Client, books: Books) -> None:
    rows = canned(books_web, "what_is_missing")
    assert [(row["reference"], row["state"]) for row in rows] == [(books.late, "failed"), (books.excluded, "excluded")]
    assert [row["reference"] for row in canned(books_web, "what_is_missing", from_date="2024-07-01")] == [books.late]
    for path in ("what_is_missing", "missing", "not_fetched"):
        page = books_web.get(f"/{NAME}/{path}").text
        assert books.late in page
        assert f'href="/{NAME}/decisions/{books.late.replace(" ", "+")}"' not in page
        assert f'href="{SITE}/decisions/' in page


def test_what_moved_can_be_asked(weeks_web: httpx.Client, weeks: Weeks) -> None:
    rows = canned(weeks_web, "moved")
    assert [(row["reference"], row["field"]) for row in rows] == [
        (weeks.amended, "outcome"),
        (weeks.moved, "decision_date"),
    ]
    assert rows[-1]["after"] == "2026-07-07"
    assert all(row["authority"] for row in rows)
    assert canned(weeks_web, "moved", since="2030-01-01") == []


def test_what_left_the_site_can_be_asked_and_how_that_was_concluded(weeks_web: httpx.Client, weeks: Weeks) -> None:
    rows = {row["reference"]: row for row in canned(weeks_web, "left_the_site")}
    assert {reference: row["became"] for reference, row in rows.items()} == {
        weeks.withdrawn: "withdrawn",
        weeks.expired: "expired",
        weeks.returned: "returned",
        weeks.unexplained: "not known yet",
    }
    assert re.fullmatch(
        r"not listed since 2026-[^;]+; its page gone 2 times, first 2026-[^;]+, last 2026-[^;]+; .*404",
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


def test_a_public_snapshot_proves_what_the_database_proves(books: Books, told: dict[str, Any], tmp_path: Path) -> None:
    copy = public(books.database, tmp_path / "public.db")
    answer = json.loads(lgsco("coverage", "--json", "--db", copy, code=10))
    assert (answer["months"][0], answer["gaps"]) == (told["months"][0], told["gaps"])
    assert [month["state"] for month in answer["months"]] == [month["state"] for month in told["months"]]
    # The queue and its tries stay at home; what is excluded is a part of the proof.
    assert answer["windows"] == [window | {"failed": 0} for window in told["windows"]]
    assert answer["excluded"] == told["excluded"]
    (missing,) = answer["missing"]
    assert (missing["reference"], missing["state"], missing["attempts"]) == (books.late, "wanted", 0)
    with served(copy) as (client, _):
        assert len(canned(client, "complete")) == 7
        assert len(canned(client, "what_is_missing")) == 2


def test_a_public_snapshot_says_what_moved_and_left_and_not_what_was_asked(weeks: Weeks, tmp_path: Path) -> None:
    copy = public(weeks.database, tmp_path / "public.db")
    with closing(sqlite3.connect(copy)) as db:
        for table, count in (("moves", 2), ("absences", 4), ("queue", 0), ("checks", 0), ("requests", 0), ("pages", 0)):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
