"""Every fault of the look-alike, met by the listing, by decisions or by everything, on a fresh database and on one that
holds all there was: how the run ends and what is said, that nothing false is stored, that the site is not hammered and
no other host is asked, and that a day after the fault the run ends complete and equal to the truth."""

from __future__ import annotations

import re
import shutil
import socket
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Outcome, Sync, Task
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.edits import Edit, WrongType
from lgsco.replica.faults import (
    Acts,
    Answer,
    Drip,
    Fault,
    Faults,
    GzipBomb,
    Huge,
    Reset,
    Respond,
    Stall,
    Truncate,
    server_error,
    unavailable,
)
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.script import Script, catalogue, on
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, WALLS, Redirect
from storage.database import reading
from storage.queue import find_failures
from storage.status import find_unexplained
from support.world import TODAY, Time, World

DAY = timedelta(days=1)
TRIES = 2
CAP = 300_000
"""Bytes an answer may have: the longest page of these sites has 90 KB."""

DRAWN = list(generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 8, 30), body=False))
OLD = [*seeds()[:2], *DRAWN[:11], next(sample for sample in DRAWN[11:] if len(sample.chapters) > 1)]
"""Two real ones, a report of several pages, and short statements."""
NEW = [
    replace(sample, published=sample.decision_date)
    for sample in generate(3, seed=99, first=date(2026, 9, 1), last=date(2026, 9, 30), body=False)
]
COUNT = len(OLD) + len(NEW)

LISTING = r"searchresults"
PAGES = r"/\d\d-\d{3}-\d{3}[a-z]?(\?|$)"
NEW_PAGES = f"({'|'.join(sample.address for sample in NEW)})" + r"(\?|$)"
SCOPES = {"listing": LISTING, "pages": PAGES, "new pages": NEW_PAGES, "everything": "."}


# ---------------------------------------------------------------- what is expected, fault by fault

KINDS = {
    "silent": [
        *("429", "500", "503", "reset", "reset in mid-body", "truncated"),
        *("stall", "stall, then close", "stall in mid-answer", "long head"),
    ],
    "round and round": ["redirect loop", "redirect round"],
    "too large": ["gzip bomb", "huge"],
    "harmless": ["drip", "drip of the head", "wrong type", "wrong charset", "utf-16", "no charset"],
    "cut": ["truncated, length fitted", "truncated, no length"],
    "undecodable": ["cp1252"],
    "wall": [*WALLS, "cookie needed"],
    "cookie kept": ["cookie needed, redirect"],
    "home": ["redirect home"],
    "elsewhere": ["another host"],
    "another reference": ["another reference"],
    "miscounted": ["card dropped", "card repeated", "card over another", "shifted on", "wrong total"],
    "shifted back": ["shifted back"],
    "no total": ["no total"],
}
KIND = {name: kind for kind, names in KINDS.items() for name in names}

COMPLETE = {("complete", 0)}
INCOMPLETE = {("incomplete", 10)}
LAYOUT = {("layout", 11)}
BLOCKED = {("blocked", 12)}
NAMED = INCOMPLETE | LAYOUT | BLOCKED
"""The issue and the README do not say which of them: it is named, and it is not complete."""
EITHER = COMPLETE | NAMED
"""Complete, if what is held then is the truth."""

Endings = set[tuple[str, int]]

FRESH: dict[str, dict[str, Endings]] = {
    # What could not be fetched: 10. What is no listing, or no decision: blocked. What does not read any more: layout.
    "silent": {"listing": INCOMPLETE, "pages": INCOMPLETE, "everything": INCOMPLETE},
    "round and round": {"listing": INCOMPLETE, "pages": INCOMPLETE, "everything": INCOMPLETE},
    "too large": {"listing": INCOMPLETE, "pages": NAMED, "everything": INCOMPLETE},
    "harmless": {"listing": COMPLETE, "pages": COMPLETE, "everything": COMPLETE},
    "cut": {"listing": NAMED, "pages": NAMED, "everything": NAMED},
    "undecodable": {"listing": INCOMPLETE, "pages": LAYOUT | BLOCKED, "everything": INCOMPLETE},
    "wall": {"listing": BLOCKED, "pages": BLOCKED, "everything": BLOCKED},
    "cookie kept": {"listing": EITHER, "pages": EITHER, "everything": EITHER},
    "home": {"listing": BLOCKED, "pages": BLOCKED, "everything": NAMED},
    "elsewhere": {"listing": BLOCKED, "pages": INCOMPLETE | BLOCKED, "everything": INCOMPLETE | BLOCKED},
    "another reference": {"pages": BLOCKED},
    "miscounted": {"listing": INCOMPLETE},
    "shifted back": {"listing": INCOMPLETE},
    "no total": {"listing": LAYOUT},
}
HELD: dict[str, dict[str, Endings]] = {
    # A known decision is asked for first, so pages that are walled off are noticed at the first of them; new decisions
    # alone are no more than decisions that could not be had.
    "silent": {"listing": INCOMPLETE, "pages": INCOMPLETE, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "round and round": {"listing": INCOMPLETE, "pages": INCOMPLETE, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "too large": {"listing": INCOMPLETE, "pages": NAMED, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "harmless": {"listing": COMPLETE, "pages": COMPLETE, "new pages": COMPLETE, "everything": COMPLETE},
    "cut": {"listing": NAMED, "pages": NAMED, "new pages": INCOMPLETE, "everything": NAMED},
    "undecodable": {"listing": INCOMPLETE, "pages": LAYOUT | BLOCKED, "new pages": EITHER, "everything": NAMED},
    "wall": {"listing": BLOCKED, "pages": BLOCKED, "new pages": INCOMPLETE, "everything": BLOCKED},
    "cookie kept": {"listing": EITHER, "pages": EITHER, "new pages": EITHER, "everything": EITHER},
    "home": {"listing": BLOCKED, "pages": BLOCKED, "new pages": INCOMPLETE, "everything": NAMED},
    "elsewhere": {
        "listing": BLOCKED,
        "pages": BLOCKED,
        "new pages": INCOMPLETE,
        "everything": INCOMPLETE | BLOCKED,
    },
    "another reference": {"pages": BLOCKED, "new pages": INCOMPLETE},
    "miscounted": {"listing": INCOMPLETE},
    "shifted back": {"listing": COMPLETE | INCOMPLETE},
    "no total": {"listing": LAYOUT},
}

SAID = {
    "429": "429",
    "500": "500",
    "503": "503",
    "reset": "no whole answer|reset|broke",
    "reset in mid-body": "no whole answer|reset|broke",
    "stall": "time|seconds",
    "stall, then close": "no whole answer|closed|disconnected",
    "stall in mid-answer": "time|seconds",
    "long head": "no whole answer",
    "truncated": "no whole answer|cut|closed",
    "truncated, length fitted": "cut short|no total",
    "truncated, no length": "cut short|no total",
    "redirect loop": "redirect",
    "redirect round": "redirect",
    "gzip bomb": "more than 300,000 bytes",
    "huge": "more than 300,000 bytes",
    "cp1252": "UTF-8",
    "another host": r"elsewhere\.example",
    "card dropped": "not proven",
    "card repeated": "not proven",
    "card over another": "not proven",
    "shifted on": "not proven",
    "shifted back": "not proven",
    "wrong total": "not proven",
    "no total": "no total",
}
"""What the user is told of it; of walls and wrong pages: that the site shows something else, or no total."""
OTHERWISE = "no total|something else|is the decision .*, not|no title line|redirected"

ADDRESS = (
    r"/robots\.txt|/Decisions/SearchResults\?|/decisions/[\w/-]+|\d\d \d{3} \d{3}|\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d"
)
TO_DO = (
    r"run the command again|write to the publisher|`lgsco \w+`|tried again|is queued|are queued|"
    r"this lgsco is too old"
)

WALK = 3 * (COUNT // 10 + 2)
"""Requests of a listing that never stands still: three walks to the page past the last."""
FRESH_MOST: dict[str, dict[str, int]] = {
    # robots.txt, the listing's two pages, a batch of four decisions and one of eight, a second page for one of them; or
    # five decisions, each so often as it may be tried, where nothing is answered.
    "silent": {"listing": 1 + TRIES, "pages": 3 + 6 * TRIES, "everything": 1 + TRIES},
    "round and round": {"listing": 1 + 4, "pages": 3 + 5 * 4, "everything": 4 + 4},
    "too large": {"listing": 2, "pages": 3 + 13, "everything": 1},
    "cut": {"listing": 1 + WALK + COUNT, "pages": 3 + 13, "everything": 4},
    "undecodable": {"listing": 2, "pages": 3 + 13, "everything": 2},
    "wall": {"listing": 4, "pages": 3 + 13, "everything": 4},
    "home": {"listing": 6, "pages": 3 + 2 * 13, "everything": 8},
    "elsewhere": {"listing": 2, "pages": 3 + 13, "everything": 1},
    "another reference": {"pages": 3 + 13},
    "no total": {"listing": 2},
}
HELD_MOST: dict[str, dict[str, int]] = {
    # robots.txt, a known decision (two more where it is gone or only answers that it fails), the listing.
    "silent": {"listing": 2 + TRIES, "pages": 1 + 3 * TRIES, "everything": 1 + TRIES},
    "round and round": {"listing": 2 + 4, "pages": 1 + 3 * 4, "everything": 4 + 3 * 4},
    "too large": {"listing": 3, "pages": 1 + 3, "everything": 1},
    "cut": {"pages": 2, "everything": 2},
    "undecodable": {"listing": 3, "pages": 2, "everything": 2},
    "wall": {"listing": 10, "pages": 2, "everything": 2},
    "home": {"listing": 20, "pages": 3, "everything": 4 + 3 * 4},
    "elsewhere": {"listing": 3, "pages": 2, "everything": 1},
    "another reference": {"pages": 2},
    "no total": {"listing": 3},
}
MOST = 2 * (WALK + COUNT) + 20
"""Where the table says nothing: a listing that is walked, and every decision once or, tried again, twice."""


def test_the_tables_know_every_fault_of_the_catalogue() -> None:
    assert set(KIND) == set(catalogue(Site()))
    assert set(FRESH) == set(HELD) == set(KINDS)


# ---------------------------------------------------------------- the stage


class Stage(NamedTuple):
    """What all tests of this file share: a served site, and a database that holds what it showed a day before."""

    server: Server
    site: Site
    held: Path
    undisturbed: list[Any]
    """What a run that meets no fault makes of the site."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("faults")
    site = Site([*OLD, *NEW], today=TODAY)
    site.prepare()
    with serve(Site(OLD, today=TODAY)) as server:
        held = World(server.site, server, folder / "held.db", Time(), Stop())
        assert held.run(Backfill()).state == "complete"
        server.site = site
        fresh = World(site, server, folder / "undisturbed.db", Time(), Stop())
        assert fresh.run(Backfill()).state == "complete"
        yield Stage(server, site, held.database, picture(fresh))
    assert not server.errors


@pytest.fixture
def fresh(stage: Stage, tmp_path: Path, time: Time) -> Iterator[World]:
    """The site and no database yet."""
    yield from staged(stage, tmp_path, time)


@pytest.fixture
def held(stage: Stage, tmp_path: Path, time: Time) -> Iterator[World]:
    """A database that holds everything of the day before; since then the site shows some more."""
    shutil.copy(stage.held, tmp_path / "lgsco.db")
    time.at += DAY
    yield from staged(stage, tmp_path, time)


def staged(stage: Stage, folder: Path, time: Time) -> Iterator[World]:
    stage.server.log.clear()
    stage.server.faults = None
    stage.server.listen()
    yield World(stage.site, stage.server, folder / "lgsco.db", time, Stop())
    stage.server.faults = None
    stage.server.listen()
    assert not stage.server.errors


Hosts = set[tuple[str, int]]


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Iterator[Hosts]:
    """The hosts and ports whose addresses are looked up, before any is asked: none but the site's."""
    looked_up: Hosts = set()
    getaddrinfo = socket.getaddrinfo

    def watched(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        looked_up.add((str(host), int(port)))
        return getaddrinfo(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    yield looked_up
    assert {host for host, _ in looked_up} <= {"127.0.0.1"}, "a host was looked up that nobody named but a page"


PICTURE = (
    "SELECT reference, authority, category, subcategory, outcome, decision_date, kind, summary, text, url, status, "
    "source, text_sha256 FROM decisions ORDER BY reference",
    "SELECT reference, position, section, number, kind, text FROM paragraphs ORDER BY reference, position",
    "SELECT reference, url, authority, outcome, subcategory, decision_date, kind, stands_on, unlisted_at "
    "FROM entries ORDER BY reference",
    "SELECT reference, revision, source, change, text_sha256, text FROM revisions ORDER BY reference, revision",
    "SELECT d.reference FROM decisions_fts JOIN decisions AS d ON d.rowid = decisions_fts.rowid "
    "WHERE decisions_fts MATCH 'specimen OR council' ORDER BY d.reference",
    "SELECT reference FROM queue",
    "SELECT reference FROM absences WHERE returned_at IS NULL",
    "SELECT DISTINCT state FROM windows",
    "SELECT min(first), max(last), sum(total), sum(listed) FROM windows",
)


def picture(world: World) -> list[Any]:
    """All that is kept but instants, numbers of rows and how the ledger is cut."""
    return [world.ask(sql) for sql in PICTURE]


TRUTH = {sample.reference: expected_text(sample) for sample in [*OLD, *NEW]}


def nothing_false(world: World, before: set[str]) -> None:
    """Every word is the site's, what is proven is so, what was held is held, and nothing was concluded from a fault."""
    texts = world.ask(
        "SELECT r.reference, coalesce(r.text, d.text) FROM revisions AS r JOIN decisions AS d USING (reference)"
    )
    assert [(name, text) for name, text in texts if text != TRUTH[name]] == [], "words that the site does not have"
    held = world.ask("SELECT reference FROM decisions")
    assert before <= set(held), "what was held is lost"
    assert set(world.ask("SELECT status FROM decisions")) <= {"published"}
    assert world.ask("SELECT reference FROM absences WHERE ended_at IS NOT NULL") == []
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        shown = {s.reference for s in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        # What came since the last look was not there when it was proven.
        known = shown - {sample.reference for sample in NEW} if total < len(shown) else shown
        assert total == len(known), f"{first} to {last} is called proven with {total} of {len(shown)}"
        assert known <= set(held), f"{first} to {last} is called proven and lacks {sorted(known - set(held))}"


def journalled(world: World) -> list[str]:
    """What the last run asked for, by the journal: all that the server saw, in that order."""
    journal: list[str] = world.ask("SELECT target FROM requests WHERE run = (SELECT max(id) FROM runs) ORDER BY id")
    left = iter(journal)
    assert all(target in left for target in world.targets()), "the server saw what is not journalled"
    return journal


def recovered(world: World, task: Task, undisturbed: list[Any]) -> None:
    """A day later, of a site that behaves."""
    world.server.faults = None
    world.time.at += DAY
    outcome = world.run(task)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert dict(world.ask("SELECT reference, text FROM decisions")) == TRUTH
    for sql, now, then in zip(PICTURE, picture(world), undisturbed, strict=True):
        assert now == then, f"other rows than those of an undisturbed run: {sql}"


def told(world: World, outcome: Outcome) -> str:
    """All that the user is told of what went wrong: the last sentence, those before it, the reasons in the queue."""
    reasons = world.ask("SELECT error FROM queue WHERE error IS NOT NULL")
    return "\n".join([outcome.message, *outcome.tally.unread, *reasons])


def fault_named(name: str, site: Site) -> tuple[Fault, dict[str, object]]:
    """A fault of the catalogue, with the dials that make it one soon."""
    if name in ("stall", "stall in mid-answer"):
        return catalogue(site, wait=60)[name], {"fetch__read_timeout": 0.06}
    return catalogue(site, wait=0.01)[name], {}


def cases(table: dict[str, dict[str, Endings]]) -> list[Any]:
    return [
        pytest.param(name, scope, endings, id=f"{name}-{scope}")
        for kind, scopes in table.items()
        for name in KINDS[kind]
        for scope, endings in scopes.items()
    ]


def met(world: World, task: Task, name: str, scope: str) -> Outcome:
    """One run while the fault lasts."""
    fault, dials = fault_named(name, world.site)
    world.server.faults = on(SCOPES[scope], fault)
    return world.run(task, fetch__tries=TRIES, fetch__max_bytes=CAP, **dials)


def survived(world: World, outcome: Outcome, name: str, endings: Endings, most: int, before: set[str]) -> None:
    """It ended as it should, named the fault, and did no harm."""
    assert (outcome.state, outcome.exit_code) in endings, outcome.message
    nothing_false(world, before)
    asked = journalled(world)
    assert len(asked) <= most, f"{len(asked)} requests: {Counter(asked)}"
    if outcome.exit_code == 0:
        assert dict(world.ask("SELECT reference, text FROM decisions")) == TRUTH
    else:
        everything_said = told(world, outcome)
        assert re.search(SAID.get(name, OTHERWISE), everything_said), f"the fault is not named: {everything_said}"


@pytest.mark.parametrize(("name", "scope", "endings"), cases(FRESH))
def test_a_first_backfill_survives(stage: Stage, fresh: World, name: str, scope: str, endings: Endings) -> None:
    outcome = met(fresh, Backfill(), name, scope)
    survived(fresh, outcome, name, endings, FRESH_MOST.get(KIND[name], {}).get(scope, MOST), set())
    if KIND[name] in ("silent", "round and round"):
        assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}, "it is the site that is away, not the pages"
        assert fresh.ask("SELECT reference FROM decisions") == []
        if scope == "everything" and KIND[name] == "silent" and name != "stall in mid-answer":  # which comes after them
            assert set(journalled(fresh)) == {"/robots.txt"}, "unreachable rules mean wait, not go"
    recovered(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize(("name", "scope", "endings"), cases(HELD))
def test_a_sync_of_what_is_held_survives(stage: Stage, held: World, name: str, scope: str, endings: Endings) -> None:
    before = {sample.reference for sample in OLD}
    outcome = met(held, Sync(), name, scope)
    survived(held, outcome, name, endings, HELD_MOST.get(KIND[name], {}).get(scope, MOST), before)
    if scope == "new pages" and outcome.exit_code:
        waiting = {sample.reference for sample in NEW}
        assert set(held.ask("SELECT reference FROM queue WHERE error IS NOT NULL")) == waiting
        assert all(any(name in said for said in outcome.tally.unread) for name in waiting), "each is named"
    elif KIND[name] in ("silent", "round and round"):
        assert set(held.ask("SELECT attempts FROM queue")) <= {0}
    recovered(held, Sync(), stage.undisturbed)


# ---------------------------------------------------------------- what the user reads last


SENTENCES = [
    pytest.param(mode, name, scope, id=f"{mode}-{name}-{scope}")
    for mode, name, scope in [
        *(
            ("fresh", name, scope)
            for name in ("500", "redirect loop", "huge", "another host")
            for scope in ("listing", "pages", "everything")
        ),
        *(("fresh", name, scope) for name in ("search shell", "cp1252") for scope in ("listing", "pages")),
        *(("fresh", name, "pages") for name in ("truncated, no length", "challenge", "another reference")),
        *(("fresh", name, "listing") for name in ("card dropped", "wrong total", "no total")),
        *(("held", name, "listing") for name in ("500", "search shell", "another host", "card repeated", "no total")),
        *(("held", name, "pages") for name in ("500", "gzip bomb", "search shell", "another host", "cp1252")),
        *(("held", name, "new pages") for name in ("500", "gzip bomb", "search shell", "another host")),
    ]
]


@pytest.mark.parametrize(("mode", "name", "scope"), SENTENCES)
def test_the_last_sentence_says_where_and_what_to_do(
    request: pytest.FixtureRequest, mode: str, name: str, scope: str
) -> None:
    world: World = request.getfixturevalue(mode)
    outcome = met(world, Backfill() if mode == "fresh" else Sync(), name, scope)
    assert outcome.exit_code
    assert "\n" not in outcome.message
    assert re.search(ADDRESS, outcome.message), f"no address, reference or range: {outcome.message}"
    assert re.search(TO_DO, outcome.message), f"nothing to do: {outcome.message}"


# ---------------------------------------------------------------- the site is away


def is_away(world: World, outcome: Outcome, before: set[str], most: int = TRIES) -> None:
    """A run that got no answer: told, and nothing held against any decision."""
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert re.search(ADDRESS, outcome.message)
    assert "127.0.0.1" in told(world, outcome)
    assert re.search(TO_DO, outcome.message)
    assert outcome.tally.requests <= most
    assert set(world.ask("SELECT attempts FROM queue")) <= {0}, "it is the site that is away, not the pages"
    nothing_false(world, before)


@pytest.mark.parametrize("mode", ["fresh", "held"])
@pytest.mark.parametrize("how", ["refused", "reset"])
def test_a_site_that_is_away_for_hours_is_asked_little_and_found_again(
    request: pytest.FixtureRequest, stage: Stage, mode: str, how: str
) -> None:
    world: World = request.getfixturevalue(mode)
    task: Task = Backfill() if mode == "fresh" else Sync()
    before = {sample.reference for sample in OLD} if mode == "held" else set()
    if how == "refused":
        world.server.refuse()
    else:
        world.server.faults = on(".", Reset())
    for _ in range(8):
        is_away(world, world.run(task, fetch__tries=TRIES), before)
        world.time.at += timedelta(hours=1)
    assert len(world.server.log) <= 8 * TRIES
    world.server.listen()
    recovered(world, task, stage.undisturbed)


@pytest.mark.parametrize("answered", [1, 2, 4, 8, 13])
def test_a_site_that_goes_away_in_the_middle_of_a_backfill(stage: Stage, fresh: World, answered: int) -> None:
    fresh.server.faults = on(".", Reset(), after=answered)
    is_away(fresh, fresh.run(Backfill(), fetch__tries=TRIES), set(), answered + 6 * TRIES)
    assert len(fresh.ask("SELECT reference FROM decisions")) == max(0, answered - 3), "what came is kept"
    recovered(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_site_that_goes_away_before_the_last_few_pages_is_away_all_the_same(
    stage: Stage, held: World, page: int
) -> None:
    """Fewer decisions than it takes to tell the site from its pages were still to come: the rest of it says."""
    first_of_them = on(NEW_PAGES, Reset(), after=page)
    held.server.faults = lambda asked: first_of_them(asked) or (Reset() if first_of_them.met else None)
    is_away(held, held.run(Sync(), fetch__tries=TRIES), {sample.reference for sample in OLD}, 20 + 6 * TRIES)
    recovered(held, Sync(), stage.undisturbed)


def test_pages_that_fail_where_others_come_are_failures_of_their_own(stage: Stage, held: World) -> None:
    failing = NEW[1]
    held.server.faults = on(failing.address, server_error())
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert held.ask("SELECT reference, state, attempts, error_kind FROM queue") == [
        (failing.reference, "failed", 1, "Refused")
    ]
    assert [said for said in outcome.tally.unread if failing.reference in said and failing.address in said]
    recovered(held, Sync(), stage.undisturbed)


def test_a_page_that_fails_for_a_year_is_tried_less_and_less_often_and_never_given_up(
    stage: Stage, held: World
) -> None:
    failing = NEW[1]
    held.server.faults = on(failing.address, server_error())
    waits = []
    began = held.time.at
    while held.time.at < began + 365 * DAY:
        asked = len([target for target in held.targets() if target == failing.address])
        assert held.run(Backfill(), fetch__tries=TRIES).exit_code == 10
        assert len([target for target in held.targets() if target == failing.address]) == asked + TRIES
        ((state, next_at),) = held.ask("SELECT state, next_at FROM queue")
        assert state == "failed"
        waits.append(datetime.fromisoformat(next_at) - held.time.at)
        held.time.at += waits[-1] + timedelta(seconds=1)
    assert waits == sorted(waits), "it backs off"
    assert waits[0] < DAY
    assert timedelta(days=7) < waits[-1] < timedelta(days=90)
    held.server.faults = None
    assert held.run(Backfill()).state == "complete"
    assert dict(held.ask("SELECT reference, text FROM decisions")) == TRUTH


# ---------------------------------------------------------------- time and room


@dataclass(frozen=True)
class Crawl:
    """A fault: the right answer in pieces, with half a minute of the test's clock before each."""

    time: Time

    def acts(self, request: Request, answer: Answer) -> Acts:
        wire = answer().wire
        for start in range(0, len(wire), 2_000):
            self.time.at += timedelta(seconds=30)
            yield wire[start : start + 2_000]


@pytest.mark.parametrize(("scope", "most"), [("listing", 1 + TRIES), ("pages", 3 + 6 * TRIES)])
def test_an_answer_that_drips_is_not_waited_for_beyond_the_deadline(
    stage: Stage, fresh: World, scope: str, most: int
) -> None:
    fresh.server.faults = on(SCOPES[scope], Crawl(fresh.time))
    outcome = fresh.run(Backfill(), fetch__tries=TRIES, fetch__deadline=100)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "100 seconds" in outcome.message
    assert len(journalled(fresh)) <= most
    assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}
    nothing_false(fresh, set())
    recovered(fresh, Backfill(), stage.undisturbed)


@dataclass
class CrawlingHead:
    """A fault: the right answer, its head byte by byte, with half a minute of the test's clock before each."""

    time: Time
    heads: int = 0
    """How many came to their end."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        for byte in right.head:
            self.time.at += timedelta(seconds=30)
            yield bytes([byte])
            yield 0.05
        self.heads += 1
        yield right.body


@pytest.mark.parametrize("scope", ["listing", "pages", "everything"])
def test_a_head_that_drips_is_not_waited_for_beyond_the_deadline(stage: Stage, fresh: World, scope: str) -> None:
    """Each byte comes in time for a read, and nobody reads on to the end of it."""
    crawling = CrawlingHead(fresh.time)
    fresh.server.faults = on(SCOPES[scope], crawling)
    outcome = fresh.run(Backfill(), fetch__tries=TRIES, fetch__deadline=100)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "no whole answer within 100 seconds" in outcome.message
    assert crawling.heads == 0
    assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}
    nothing_false(fresh, set())
    recovered(fresh, Backfill(), stage.undisturbed)


def test_a_drip_that_ends_before_the_deadline_is_a_slow_answer(fresh: World) -> None:
    fresh.server.faults = on(LISTING, Crawl(fresh.time))
    assert fresh.run(Backfill(), fetch__deadline=3_000).state == "complete"


@pytest.mark.parametrize("scope", ["listing", "pages", "everything"])
@pytest.mark.parametrize("fault", [GzipBomb(100), Huge(60), Huge(60, declared=False)], ids=["bomb", "huge", "endless"])
def test_an_answer_of_any_size_takes_little_memory(fresh: World, scope: str, fault: Fault) -> None:
    cap = 1 << 20
    list(fault.acts(Request("HEAD", "/", {}), lambda: pytest.fail("not asked")))  # the look-alike makes it beforehand
    fresh.server.faults = on(SCOPES[scope], fault, times=3)
    tracemalloc.start()
    try:
        fresh.run(Backfill(), fetch__max_bytes=cap, fetch__tries=TRIES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * cap, f"{peak:,} bytes for answers of at most {cap:,}"
    assert max(fresh.ask("SELECT bytes FROM pages"), default=0) <= cap


# ---------------------------------------------------------------- whatever a page says


ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/decisions",
    "http://127.0.0.1@elsewhere.example/",
    "http://elsewhere.example\\@127.0.0.1/",
    "http://127.0.0.1.elsewhere.example/",
    "http://127.0.0.1:1/",
    "http://[::1]/",
    "http://[",
    "http://127.0.0.1:99999/",
    "https:elsewhere.example",
    "http:///decisions",
    "javascript:alert(1)",
    "ftp://127.0.0.1/",
    "\\\\elsewhere.example\\x",
    " https://elsewhere.example/",
    "/%0d%0aHost:%20elsewhere.example",
    "/decisions/\x7f",
    "/" + "x" * 20_000,
    "",
]


@pytest.mark.parametrize("location", ELSEWHERE, ids=range(len(ELSEWHERE)))
@pytest.mark.parametrize("scope", ["listing", "new pages"])
def test_no_redirect_leads_to_another_host_or_to_a_crash(held: World, hosts: Hosts, scope: str, location: str) -> None:
    held.server.faults = on(SCOPES[scope], Redirect(location))
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in NAMED, outcome.message
    assert hosts == {("127.0.0.1", held.server.port)}
    assert len(journalled(held)) <= 40
    nothing_false(held, {sample.reference for sample in OLD})


def test_a_page_full_of_other_hosts_leads_to_none(fresh: World, hosts: Hosts) -> None:
    away = "https://elsewhere.example"
    lures = (
        f'<meta http-equiv="refresh" content="0; url={away}/"><base href="{away}/">'
        f'<link rel="canonical" href="{away}/"><link rel="next" href="{away}/Decisions/SearchResults?page=2">'
        f'<img src="{away}/x.png"><script src="{away}/x.js"></script><iframe src="{away}/"></iframe>'
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Refresh", f"0; url={away}/"),
        ("Link", f"<{away}/>; rel=next"),
        ("Content-Location", f"{away}/"),
        ("Alt-Svc", 'h2="elsewhere.example:443"'),
        ("Location", f"{away}/"),
    )

    @dataclass(frozen=True)
    class Luring:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            body = right.body.replace(b"</head>", lures.encode() + b"</head>", 1)
            body = body.replace(b'href="/decisions/', f'href="{away}/decisions/'.encode())
            yield replace(right, body=body, headers=headers).wire

    fresh.server.faults = on("decisions", Luring())
    assert fresh.run(Backfill()).state == "complete"
    assert dict(fresh.ask("SELECT reference, text FROM decisions")) == TRUTH
    assert hosts == {("127.0.0.1", fresh.server.port)}


@pytest.mark.parametrize("place", ["%00", "%0a", "%0d%0aHost:%20x", "%7f", "%1b[31m", "%3fpage=2", "%23", "%20", "%5c"])
def test_a_card_whose_address_holds_anything_ends_no_run(stage: Stage, held: World, place: str) -> None:
    odd = NEW[1]
    top = odd.address.split("/")[2]
    there = odd.address.replace(f"/{top}/", f"/{top}{place}/")
    held.server.faults = on(LISTING, Edit(lambda html: html.replace(odd.address, there)))
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in EITHER
    nothing_false(held, {sample.reference for sample in OLD})
    others = {sample.reference for sample in NEW} - {odd.reference}
    assert others <= set(held.ask("SELECT reference FROM decisions")), "one odd address keeps nothing else away"
    held.server.faults = None
    held.time.at += DAY
    assert held.run(Sync()).state == "complete"
    assert dict(held.ask("SELECT reference, text FROM decisions")) == TRUTH


@pytest.mark.parametrize(
    "value",
    ["br", "deflate", "gzip, gzip", "gzip", "zz\xff", ""],
    ids=["br", "deflate", "twice", "not so", "nonsense", "none"],
)
def test_a_content_encoding_that_is_not_so_is_no_answer_and_no_crash(stage: Stage, fresh: World, value: str) -> None:
    @dataclass(frozen=True)
    class Encoded:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            yield replace(right, headers=(*right.headers, ("Content-Encoding", value))).wire

    fresh.server.faults = on(LISTING, Encoded())
    outcome = fresh.run(Backfill(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in (COMPLETE if not value else INCOMPLETE), outcome.message
    assert len(journalled(fresh)) <= MOST
    recovered(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize(
    "value", ['text/html; charset="', "text/html; charset*=zz''%ff", "text/html; charset=\xff", ";;;=", "x" * 9_000]
)
def test_a_content_type_of_any_words_changes_no_word_of_a_page(fresh: World, value: str) -> None:
    fresh.server.faults = on("decisions", WrongType(value))
    assert fresh.run(Backfill()).state == "complete"
    assert dict(fresh.ask("SELECT reference, text FROM decisions")) == TRUTH


def test_unchanged_is_no_answer_to_who_has_nothing(stage: Stage, fresh: World) -> None:
    fresh.server.faults = on(PAGES, Respond(304))
    outcome = fresh.run(Backfill(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert fresh.ask("SELECT reference FROM decisions") == []
    nothing_false(fresh, set())
    recovered(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize("status", [404, 410])
def test_a_site_whose_every_page_is_gone_for_weeks_is_never_complete(stage: Stage, fresh: World, status: int) -> None:
    """The listing names them, nobody ever saw one of them: that is a site which does not serve us."""
    fresh.server.faults = on(PAGES, Respond(status))
    for _ in range(16):
        outcome = fresh.run(Backfill(), fetch__tries=TRIES)
        assert (outcome.state, outcome.exit_code) in NAMED, outcome.message
        assert fresh.ask("SELECT first, last FROM windows WHERE state = 'proven'") == []
        fresh.time.at += DAY
    fresh.server.faults = None
    fresh.time.at += 40 * DAY
    assert fresh.run(Backfill()).state == "complete"
    assert picture(fresh) == stage.undisturbed


def test_a_challenge_that_bears_a_number_like_a_reference_is_no_layout(tmp_path: Path, time: Time) -> None:
    """It prints `25 004 920`, and the last of the pages in a row that do not read is that very decision's."""
    named = next(sample for sample in seeds() if sample.reference == "25 004 920")
    assert named.reference.encode() in CHALLENGE.body
    newer = [sample for sample in DRAWN if sample.decision_date > named.decision_date][:4]
    older = [s for s in DRAWN if s.decision_date < named.decision_date and s.reference < named.reference][:7]
    with serve(Site([*newer, named, *older], today=TODAY), faults=on(PAGES, CHALLENGE)) as server:
        world = World(server.site, server, tmp_path / "lgsco.db", time, Stop())
        outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12), outcome.message


# ---------------------------------------------------------------- one fault after the other


def test_many_faults_at_once_and_in_turn_end_complete(stage: Stage, fresh: World) -> None:
    faults: list[Faults] = [
        on("robots", server_error(), times=1),
        on("page=1$", Truncate(), times=1),
        on("page=2$", unavailable(5), times=1),
        on(PAGES, Reset(), times=1, after=2),
        on(PAGES, Drip(8_192, 0.001), times=1, after=2),
        on(PAGES, server_error(), times=1, after=3),
        on(PAGES, Truncate(0.2), times=1, after=4),
        on(PAGES, Stall(60), times=1, after=5),
    ]
    fresh.server.faults = Script(*faults)
    outcome = fresh.run(Backfill(), fetch__read_timeout=0.1)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert picture(fresh) == stage.undisturbed


def test_what_waits_for_its_next_try_is_seen_in_the_queue_with_its_reason(held: World) -> None:
    held.server.faults = on(NEW_PAGES, WALLS["error page"])
    held.run(Sync())
    with reading(held.database) as db:
        failures = find_failures(db)
    assert {failure.reference for failure in failures} == {sample.reference for sample in NEW}
    now = held.time.at.astimezone(UTC)
    for failure in failures:
        assert failure.error
        assert failure.attempts == 1
        assert datetime.fromisoformat(failure.next_at) > now


# ---------------------------------------------------------------- a refusal: of one page, or of all


@pytest.mark.parametrize("status", [401, 403, 407, 451])
def test_one_page_that_is_refused_stops_nothing_else(stage: Stage, held: World, status: int) -> None:
    refused = NEW[1]
    held.server.faults = on(refused.address, Respond(status))
    for attempts in (1, 2):
        outcome = held.run(Sync())
        assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
        assert held.ask("SELECT reference, attempts, error_kind FROM queue") == [
            (refused.reference, attempts, "Denied")
        ]
        held.time.at += timedelta(days=2)
    recovered(held, Sync(), stage.undisturbed)


@pytest.mark.parametrize("mode", ["fresh", "held"])
def test_where_every_page_is_refused_nothing_is_held_against_any(
    request: pytest.FixtureRequest, stage: Stage, mode: str
) -> None:
    world: World = request.getfixturevalue(mode)
    task: Task = Backfill() if mode == "fresh" else Sync()
    world.server.faults = on(PAGES, Respond(403))
    for _ in range(3):
        outcome = world.run(task)
        assert (outcome.state, outcome.exit_code) == ("blocked", 12)
        assert set(world.ask("SELECT attempts FROM queue")) <= {0}
        world.time.at += timedelta(hours=1)
    world.server.faults = None
    assert world.run(task).state == "complete", "at once: nothing waits for a time of its own"
    assert picture(world) == stage.undisturbed


@pytest.fixture
def left(stage: Stage) -> Iterator[list[Sample]]:
    """Decisions that were held and are withdrawn."""
    withdrawn = [sample for sample in OLD if sample.kind == "statement"][:8]
    for sample in withdrawn:
        stage.site.withdraw(sample.reference)
    yield withdrawn
    for sample in withdrawn:
        stage.site.restore(sample.reference)


def test_those_that_left_and_are_refused_are_not_explained_and_stop_nothing(held: World, left: list[Sample]) -> None:
    addresses = {sample.address for sample in left}
    held.server.faults = on("|".join(addresses), Respond(403))
    for day in range(40):
        outcome = held.run(Sync())
        assert outcome.state == "complete" or outcome.state == "blocked", f"day {day}: {outcome.message}"
        held.time.at += DAY
    assert outcome.state == "complete"
    with reading(held.database) as db:
        unexplained = find_unexplained(db)
    assert {one.reference for one in unexplained} == {sample.reference for sample in left}
    assert all("403" in one.answer for one in unexplained)
    assert held.ask("SELECT DISTINCT status FROM decisions") == ["published"]
    asked = Counter(target for target in held.targets() if target in addresses)
    assert all(3 <= count <= 12 for count in asked.values()), "rarer and rarer, and never given up"


# ---------------------------------------------------------------- run again at once, as one is told to


@pytest.mark.parametrize("answered", [4, 8, 13])
def test_a_site_that_is_back_at_once_is_gone_on_with_at_once(stage: Stage, fresh: World, answered: int) -> None:
    fresh.server.faults = on(".", Reset(), after=answered)
    assert fresh.run(Backfill(), fetch__tries=2).exit_code == 10
    fresh.server.faults = None
    assert fresh.run(Backfill()).state == "complete"
    assert picture(fresh) == stage.undisturbed


def test_a_site_that_goes_away_while_it_is_asked_for_those_that_left_is_left_alone(
    held: World, left: list[Sample]
) -> None:
    addresses = {sample.address for sample in left}
    first_of_them = on("|".join(addresses), Reset())
    held.server.faults = lambda asked: first_of_them(asked) or (Reset() if first_of_them.met else None)
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert sum(target in addresses for target in held.targets()) == 5 * TRIES
    assert held.ask("SELECT count(*) FROM absences WHERE answer IS NULL") == [8]
    held.server.faults = None
    assert held.run(Sync()).exit_code == 0
    assert held.ask("SELECT gone FROM absences") == [1] * 8


def test_the_newest_pages_being_gone_keeps_no_first_backfill_from_the_others(fresh: World) -> None:
    newest = [sample.address for sample in fresh.site.listed()[:5]]
    fresh.server.faults = on("|".join(newest), Respond(404))
    assert fresh.run(Backfill()).state == "blocked", "nothing is known yet that could tell the site from the pages"
    assert fresh.run(Backfill()).state == "incomplete"
    assert fresh.ask("SELECT count(*) FROM decisions") == [COUNT - 5]
    assert fresh.ask("SELECT DISTINCT attempts FROM queue") == [1]


@pytest.mark.parametrize("status", [500, 503, 400])
def test_pages_in_a_row_that_fail_keep_nothing_from_those_behind_them(held: World, status: int) -> None:
    behind = [replace(sample, reference=f"27 {status:03} {n:03}") for n, sample in enumerate([NEW[0]] * 9)]
    try:
        for sample in behind:
            held.site.publish(sample)
        failing = [sample.address for sample in held.site.listed()[:7]]
        held.server.faults = on("|".join(failing), Respond(status))
        assert held.run(Sync(), fetch__tries=TRIES).state == "incomplete"
        assert held.ask("SELECT count(*) FROM decisions") == [COUNT + len(behind) - len(failing)]
        assert held.ask("SELECT DISTINCT attempts FROM queue") == [1]
    finally:
        for sample in behind:
            held.site.withdraw(sample.reference)


def test_those_that_left_and_fail_for_good_keep_no_sync_from_its_end(held: World, left: list[Sample]) -> None:
    held.server.faults = on("|".join(sample.address for sample in left), server_error())
    assert held.run(Sync(), fetch__tries=TRIES).state == "complete"
    with reading(held.database) as db:
        assert {one.reference for one in find_unexplained(db)} == {sample.reference for sample in left}
