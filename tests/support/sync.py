"""A site whose decisions come, move and go, and syncs for which no check is due."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from ingest.run import Backfill, Outcome, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Fault
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.site import Site
from lgsco.replica.walls import OtherAnswer
from support.world import World

NEVER = 100_000
"""Days of a cadence that never becomes due in a test."""
QUIET: dict[str, object] = {
    **{f"cadence__{act}_{age}": NEVER for act in ("count", "walk") for age in ("recent", "middle", "old")},
    "cadence__filters": NEVER,
}
"""Settings with which no check is due, so that only the totals are requested."""


def decided(count: int, first: date, last: date, *, seed: int = 7) -> list[Sample]:
    """Makes short decisions, shown from their decision date on."""
    samples = generate(count, seed=seed, first=first, last=last, body=False)
    return [replace(sample, published=sample.decision_date) for sample in samples]


def one(day: date, number: int = 1) -> Sample:
    """Makes one decision of a day, with a unique reference."""
    (sample,) = decided(1, day, day, seed=99)
    return replace(sample, reference=f"27 000 {number:03}", kind="statement", decision_date=day, published=day)


def cadence(act: str, days: int) -> dict[str, object]:
    """Returns the settings of one act, for windows of every age."""
    return {f"cadence__{act}_{age}": days for age in ("recent", "middle", "old")}


def later(world: World, days: float = 1) -> None:
    world.time.at += timedelta(days=days)
    world.site.today = world.time.at.date()


def sync(world: World, **settings: object) -> Outcome:
    """Runs a sync for which no check is due, unless the settings say otherwise."""
    return world.run(Sync(), **{**QUIET, **settings})


def sync_daily(world: World, days: int, **settings: object) -> Outcome:
    """Runs a sync on each of the next days, and returns the last outcome."""
    for _ in range(days):
        later(world)
        outcome = sync(world, **settings)
    return outcome


def settled(world: World, **settings: object) -> None:
    """Fills and proves the archive, and makes the checks that come first."""
    assert world.run(Backfill(), **{**QUIET, **settings}).state == "complete"
    assert sync(world, **settings).exit_code == 0


def listings(world: World, since: int) -> list[str]:
    """Returns the listing requests after request number `since`."""
    return [target for target in world.targets()[since:] if "SearchResults" in target]


def pages(world: World, since: int = 0) -> list[str]:
    """Returns the decision pages requested after request number `since`."""
    return [target for target in world.targets()[since:] if target.startswith("/decisions/")]


def status(world: World, reference: str) -> str:
    found: str = world.ask("SELECT status FROM decisions WHERE reference = ?", reference)[0]
    return found


def find_window(world: World, day: date) -> tuple[str, int, int, int]:
    """Returns state, total, held and excluded of the window with a day."""
    rows: list[tuple[str, int, int, int]] = world.ask(
        "SELECT state, total, held, excluded FROM coverage WHERE first <= ?1 AND last >= ?1", day.isoformat()
    )
    assert len(rows) == 1, f"{len(rows)} windows contain {day}"
    return rows[0]


def require_site_match(world: World) -> None:
    """Checks that every window is proven, with the site's total and exactly the decisions that the site lists."""
    for first, last, total, state in world.ask("SELECT first, last, total, state FROM windows"):
        listed = {s.reference for s in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        known = world.ask(
            "SELECT e.reference FROM entries AS e JOIN decisions AS d USING (reference) "
            "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN ? AND ?",
            *(first, last),
        )
        assert (state, total) == ("proven", len(listed)), f"{first} to {last}"
        assert set(known) == listed


def on_listing(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if "SearchResults" in request.target else None


def on_decisions(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.path.startswith("/decisions/") else None


def listed_by(shadow: Site) -> Callable[[Request], Fault | None]:
    """Answers with the listing of another site, and the pages of this one."""
    return lambda request: OtherAnswer(shadow, request.target) if "SearchResults" in request.target else None


def _words_only(html: str) -> str:
    """Keeps all the words of a page and none of its structure."""
    body = re.sub(r"(?s)<head>.*?</head>|<script.*?</script>|<[^>]+>", " ", html)
    return f"<!DOCTYPE html>\n<html><body><div>{' '.join(body.split())}</div></body></html>\n"
