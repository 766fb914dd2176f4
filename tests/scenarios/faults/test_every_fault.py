"""Every fault of the catalogue on every part of the site: how a run ends, and that the next one recovers."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from ingest.run import Backfill, Outcome, Sync
from lgsco.replica.script import catalogue
from lgsco.replica.site import Site
from lgsco.replica.walls import WALLS
from support.faults import (
    BLOCKED,
    COMPLETE,
    COUNT,
    EITHER,
    INCOMPLETE,
    LAYOUT,
    MOST,
    NAMED,
    NEW,
    OLD,
    TRIES,
    TRUTH,
    WALK,
    Stage,
    collect_messages,
    journalled,
    require_no_harm,
    require_recovery,
    run_with_fault,
)
from support.world import World

# ---------------------------------------------------------------- what is expected, fault by fault


KINDS = {
    "silent": [
        *("429", "500", "503", "reset", "reset in mid-body", "truncated"),
        *("stall", "stall, then close", "stall in mid-answer", "long head"),
    ],
    "round and round": ["redirect loop", "redirect round"],
    "too large": ["gzip bomb", "huge"],
    "harmless": ["drip", "drip of the head", "wrong type", "wrong charset", "utf-16", "no charset", "cp1252"],
    "cut": ["truncated, length fitted", "truncated, no length"],
    "undecodable": ["utf-32"],
    "wall": [*WALLS],
    "session needed": ["cookie needed"],
    "cookie kept": ["cookie needed, redirect"],
    "home": ["redirect home"],
    "elsewhere": ["another host"],
    "another reference": ["another reference"],
    "miscounted": ["card dropped", "card repeated", "card over another", "shifted on", "wrong total"],
    "shifted back": ["shifted back"],
    "no total": ["no total"],
}
KIND = {name: kind for kind, names in KINDS.items() for name in names}

Endings = set[tuple[str, int]]

FRESH: dict[str, dict[str, Endings]] = {
    # A failed fetch: 10. A page that is not a listing or a decision: blocked. A page that no longer parses: layout.
    "silent": {"listing": INCOMPLETE, "pages": INCOMPLETE, "everything": INCOMPLETE},
    "round and round": {"listing": INCOMPLETE, "pages": INCOMPLETE, "everything": INCOMPLETE},
    "too large": {"listing": INCOMPLETE, "pages": NAMED, "everything": INCOMPLETE},
    "harmless": {"listing": COMPLETE, "pages": COMPLETE, "everything": COMPLETE},
    "cut": {"listing": NAMED, "pages": NAMED, "everything": NAMED},
    "undecodable": {"listing": INCOMPLETE, "pages": LAYOUT | BLOCKED, "everything": INCOMPLETE},
    "wall": {"listing": BLOCKED, "pages": BLOCKED, "everything": BLOCKED},
    "session needed": {"listing": BLOCKED, "pages": BLOCKED, "everything": COMPLETE},
    "cookie kept": {"listing": EITHER, "pages": EITHER, "everything": EITHER},
    "home": {"listing": BLOCKED, "pages": BLOCKED, "everything": NAMED},
    "elsewhere": {"listing": BLOCKED, "pages": INCOMPLETE | BLOCKED, "everything": INCOMPLETE | BLOCKED},
    "another reference": {"pages": BLOCKED},
    "miscounted": {"listing": INCOMPLETE},
    "shifted back": {"listing": COMPLETE | INCOMPLETE},
    "no total": {"listing": LAYOUT},
}
HELD: dict[str, dict[str, Endings]] = {
    # The canary is fetched first, so it detects block pages in place of all decisions. In place of new decisions
    # alone they are only failed fetches.
    "silent": {"listing": INCOMPLETE, "pages": INCOMPLETE, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "round and round": {"listing": INCOMPLETE, "pages": INCOMPLETE, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "too large": {"listing": INCOMPLETE, "pages": NAMED, "new pages": INCOMPLETE, "everything": INCOMPLETE},
    "harmless": {"listing": COMPLETE, "pages": COMPLETE, "new pages": COMPLETE, "everything": COMPLETE},
    "cut": {"listing": NAMED, "pages": NAMED, "new pages": INCOMPLETE, "everything": NAMED},
    "undecodable": {"listing": INCOMPLETE, "pages": LAYOUT | BLOCKED, "new pages": EITHER, "everything": NAMED},
    "wall": {"listing": BLOCKED, "pages": BLOCKED, "new pages": INCOMPLETE, "everything": BLOCKED},
    "session needed": {"listing": BLOCKED, "pages": BLOCKED, "new pages": INCOMPLETE, "everything": BLOCKED},
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
    "reset": "no complete response|reset|broke",
    "reset in mid-body": "no complete response|reset|broke",
    "stall": "time|seconds",
    "stall, then close": "no complete response|closed|disconnected",
    "stall in mid-answer": "time|seconds",
    "long head": "no complete response",
    "truncated": "no complete response|cut|closed",
    "truncated, length fitted": "cut short|no total",
    "truncated, no length": "cut short|no total",
    "redirect loop": "redirect",
    "redirect round": "redirect",
    "gzip bomb": "more than 300,000 bytes",
    "huge": "more than 300,000 bytes",
    "utf-32": "not text",
    "another host": r"elsewhere\.example",
    "card dropped": "not proven",
    "card repeated": "not proven",
    "card over another": "not proven",
    "shifted on": "not proven",
    "shifted back": "not proven",
    "wrong total": "not proven",
    "no total": "no total",
}
"""How messages name the other faults. For block pages: the site shows something else, or no total."""
OTHERWISE = "no total|something else|is the decision .*, not|no title line|redirected"
FRESH_MOST: dict[str, dict[str, int]] = {
    # robots.txt, the listing's two pages, a batch of four decisions and one of eight, a second page for one of them; or
    # five decisions, each with all its tries, if nothing is answered. A first page without a total is requested once
    # more, after the page on which a session begins.
    "silent": {"listing": 1 + TRIES, "pages": 3 + 6 * TRIES, "everything": 1 + TRIES},
    "round and round": {"listing": 1 + 4, "pages": 3 + 5 * 4, "everything": 4 + 4},
    "too large": {"listing": 2, "pages": 3 + 13, "everything": 1},
    "cut": {"listing": 1 + WALK + COUNT, "pages": 3 + 13, "everything": 6},
    "undecodable": {"listing": 2, "pages": 3 + 13, "everything": 2},
    "wall": {"listing": 6, "pages": 3 + 13, "everything": 6},
    "home": {"listing": 8, "pages": 3 + 2 * 13, "everything": 12},
    "elsewhere": {"listing": 2, "pages": 3 + 13, "everything": 1},
    "another reference": {"pages": 3 + 13},
    "no total": {"listing": 2},
}
HELD_MOST: dict[str, dict[str, int]] = {
    # robots.txt, the canary (two more decisions if its page is gone or fails with a status), the listing.
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


def test_the_tables_have_every_fault_of_the_catalogue() -> None:
    assert set(KIND) == set(catalogue(Site()))
    assert set(FRESH) == set(HELD) == set(KINDS)


THOROUGH = pytest.mark.thorough
"""Faults of the whole site. Faults of the listing alone and of the pages alone are always tried."""


def cases(table: dict[str, dict[str, Endings]]) -> list[Any]:
    return [
        pytest.param(*(name, scope, endings), id=f"{name}-{scope}", marks=THOROUGH if scope == "everything" else ())
        for kind, scopes in table.items()
        for name in KINDS[kind]
        for scope, endings in scopes.items()
    ]


MADE_UP_FOR = {"card repeated"}
"""Faults of the listing that walks of the days of repeated cards make up for."""


def require_survival(world: World, outcome: Outcome, name: str, endings: Endings, most: int, before: set[str]) -> None:
    """Checks that the run ended as expected, named the fault, and did no harm."""
    endings = endings | (COMPLETE if name in MADE_UP_FOR else set())
    assert (outcome.state, outcome.exit_code) in endings, outcome.message
    require_no_harm(world, before)
    asked = journalled(world)
    most += name in ("reset", "stall, then close")  # one more request, because the kept connection was closed
    assert len(asked) <= most, f"{len(asked)} requests: {Counter(asked)}"
    if outcome.exit_code == 0:
        assert dict(world.ask("SELECT reference, text FROM decisions")) == TRUTH
    else:
        messages = collect_messages(world, outcome)
        assert re.search(SAID.get(name, OTHERWISE), messages), f"the fault is not named: {messages}"


@pytest.mark.parametrize(("name", "scope", "endings"), cases(FRESH))
def test_a_first_backfill_recovers(stage: Stage, fresh: World, name: str, scope: str, endings: Endings) -> None:
    outcome = run_with_fault(fresh, Backfill(), name, scope)
    require_survival(fresh, outcome, name, endings, FRESH_MOST.get(KIND[name], {}).get(scope, MOST), set())
    if KIND[name] in ("silent", "round and round"):
        assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}, "the site is down, so no page is blamed"
        assert fresh.ask("SELECT reference FROM decisions") == []
        if (
            scope == "everything" and KIND[name] == "silent" and name != "stall in mid-answer"
        ):  # which happens after robots.txt
            assert set(journalled(fresh)) == {"/robots.txt"}, "unreachable rules mean that no page is requested"
    require_recovery(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize(("name", "scope", "endings"), cases(HELD))
def test_a_sync_of_a_filled_database_recovers(
    stage: Stage, held: World, name: str, scope: str, endings: Endings
) -> None:
    before = {sample.reference for sample in OLD}
    outcome = run_with_fault(held, Sync(), name, scope)
    require_survival(held, outcome, name, endings, HELD_MOST.get(KIND[name], {}).get(scope, MOST), before)
    if scope == "new pages" and outcome.exit_code:
        waiting = {sample.reference for sample in NEW}
        assert set(held.ask("SELECT reference FROM queue WHERE error IS NOT NULL")) == waiting
        assert all(any(name in said for said in outcome.tally.unread) for name in waiting), "each is named"
    elif KIND[name] in ("silent", "round and round"):
        assert set(held.ask("SELECT attempts FROM queue")) <= {0}
    require_recovery(held, Sync(), stage.undisturbed)
