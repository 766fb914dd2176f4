"""Plans the queries of the listing. Pure: it yields steps and receives their results.

The site states a total for any range of dates, and the ledger gives the expected total. If both agree, there is nothing
to search for. If they differ, the range is split and one half's total requested; the other half's follows by
difference. A range that is small enough, or changed enough, is walked page by page. Backfill and sync use the same plan
at different depths: with `again` all of a window is walked, without it only what differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise

from ingest.crawling.windows import days, split, split_at
from ingest.lgo.source import PAGE_SIZE
from storage.model import KnownListing, Proof, Window


@dataclass(frozen=True, slots=True)
class Ask:
    """Request the total of a window: one request. The answer is the total; None if none is stated."""

    window: Window


@dataclass(frozen=True, slots=True)
class Walk:
    """Walk all pages of a window. The answer is the total at the end of the walk; None if none is stated."""

    window: Window


@dataclass(frozen=True, slots=True)
class Empty:
    """A window that states no total is empty: a range around it has the same total as its other part."""

    window: Window


@dataclass(frozen=True, slots=True)
class Silent:
    """A window states no total, and none follows from others."""

    window: Window


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A window's total differs from that of its parts, even when requested a second time."""

    window: Window
    total: int | None
    parts: int


Step = Ask | Walk | Empty | Silent | Contradiction
Steps = Generator[Step, int | None, int | None]
FindKnownListing = Callable[[Window], KnownListing]

_DAY = timedelta(days=1)

_RECENT_WEIGHT = 4
"""How many times likelier a change is on a recent day: most late decisions are less than two years late."""


@dataclass(frozen=True, slots=True)
class WalkSettings:
    """How the listing is walked."""

    walk_most: int
    """A window of several days with more decisions than this is split before it is walked."""
    horizon: date
    """No decision is dated after this day, so no part after it is split off."""
    recent: date
    """The first of the recent decision dates, where changes are likelier."""
    may_begin: Callable[[date], bool] = lambda _day: True
    """Whether the site's date filter allows a window that begins on a day."""
    fall_percent: float = 100.0
    """The percentage of a window's decisions that may leave the listing at once."""


def plan(
    window: Window,
    find_known: FindKnownListing,
    settings: WalkSettings,
    *,
    again: bool = False,
    total: int | None = None,
    oldest_first: bool = False,
) -> Steps:
    """Plans the steps to see all of a window (`again`), or the parts that differ from the ledger. Returns its total.

    `find_known`: returns what the ledger expects of a window. `total`: the window's, if it is known by difference.
    `oldest_first`: sees the older part before the newer one.
    """
    known = find_known(window)
    if again and known.seen:
        return known.expected
    if total is None:
        total = yield Ask(window)
        if total is None:
            return None
        known = find_known(window)  # the page with the total may have shown new cards
    if not again and total == known.expected:
        return total
    if _should_walk(window, total, known, settings, again):
        walked = yield Walk(window)
        if walked is None and total == 0:
            yield Empty(window)
            return 0
        return walked
    older, newer = _split(window, known, settings, again)
    first, second = (older, newer) if oldest_first else (newer, older)
    find = partial(plan, find_known=find_known, settings=settings, again=again, oldest_first=oldest_first)
    return (yield from _plan_parts(window, total, first, second, find_known, find, again=again))


def _plan_parts(
    window: Window,
    total: int,
    first: Window,
    second: Window,
    find_known: FindKnownListing,
    plan_part: Callable[..., Steps],
    *,
    again: bool,
) -> Steps:
    """Plans the steps to see a window by its two parts.

    `total`: the window's, which the totals of its parts should add up to. `plan_part`: plans the steps of a part, given
    its total if that is known.
    """
    first_total = yield from plan_part(first)
    # If a part has more than the whole had before, the other part's total does not follow.
    rest = None if first_total is None or first_total > total else total - first_total
    second_total = yield from plan_part(second, total=rest)
    if first_total is None and second_total == total:
        first_total = 0
        if again or find_known(first).expected:
            yield Empty(first)
    if second_total is None or first_total is None:
        for part, its_total in ((second, second_total), (first, first_total)):
            if its_total is None:
                yield Silent(part)
        return total
    parts = second_total + first_total
    if again and parts != total:
        stated = yield Ask(window)  # it may have changed during the walk of its parts
        if stated != parts:
            yield Contradiction(window, stated, parts)
    return parts


def _should_walk(window: Window, total: int, known: KnownListing, settings: WalkSettings, again: bool) -> bool:
    if days(window) == 1 or (days(window) == 2 and not settings.may_begin(window.last)):
        return True
    if total > settings.walk_most:
        return False
    if again:
        return True
    # A walk costs one request a page. A search costs, for each change, one request a split and the pages of its day.
    pages = max(1, math.ceil(total / PAGE_SIZE))
    changes = max(1, abs(total - known.expected))
    of_a_day = pages / max(1, len(known.days))
    places = len(_weigh_stretches(window, known))
    return pages <= changes * (math.log2(max(1.0, places / changes)) + of_a_day)


def _split(window: Window, known: KnownListing, settings: WalkSettings, again: bool) -> tuple[Window, Window]:
    """Splits a window into two parts, the older first, where the site's date filter allows both."""
    begin = _find_begin(window, known, settings, again)
    if not settings.may_begin(begin):
        begin += _DAY if begin < window.last else -_DAY
    return split_at(window, begin)


def _find_begin(window: Window, known: KnownListing, settings: WalkSettings, again: bool) -> date:
    """Finds the first day of the newer part.

    If all of a window is to be seen, it splits by days; else so that a change is equally likely in each part.
    """
    stretches = [
        (first, weight * (_RECENT_WEIGHT if first >= settings.recent else 1))
        for first, weight in _weigh_stretches(window, known)
    ]
    if again or len(stretches) < 2:
        return split(Window(window.first, min(window.last, max(settings.horizon, window.first + _DAY))))[1].first
    half = sum(weight for _, weight in stretches) / 2
    seen = 0.0
    best, begin = math.inf, stretches[1][0]
    for (_, weight), (first, _) in pairwise(stretches):
        seen += weight
        if abs(seen - half) < best:
            best, begin = abs(seen - half), first
    return begin


def _weigh_stretches(window: Window, known: KnownListing) -> list[tuple[date, int]]:
    """Returns a window's days with entries and the gaps between them: the first day of each, and its weight."""
    found: list[tuple[date, int]] = []
    free = window.first
    for day, count in known.days:
        if free < day:
            found.append((free, 1))
        found.append((day, count + 1))
        if day == window.last:
            return found
        free = day + _DAY
    found.append((free, 1))
    return found


# ---------------------------------------------------------------- what sync compares


@dataclass(frozen=True, slots=True)
class Ranges:
    """The two ranges that sync requests totals for: the whole, and the part where nothing leaves by age."""

    whole: Window
    inside: Window | None
    """The dates safely inside the retention age, where a fall is unexpected; None if the whole is beyond it."""
    beyond: Window | None
    """The rest, across the edge, where a fall is expected."""


def make_ranges(scope: Window, edge: date) -> Ranges:
    """Returns a scope's ranges. `edge`: the first day safely inside the retention age."""
    if edge <= scope.first:
        return Ranges(scope, scope, None)
    if edge > scope.last:
        return Ranges(scope, None, scope)
    older, newer = split_at(scope, edge)
    return Ranges(scope, newer, older)


# ---------------------------------------------------------------- what is due by the cadence


@dataclass(frozen=True, slots=True)
class Cadence:
    """After how many days a proven window of some age is counted and walked again."""

    age: int
    """Days since the window's newest decision date: it applies from this age up to the next cadence's."""
    count: int
    walk: int


def find_due_ranges(
    proofs: Sequence[Proof], today: date, cadences: Sequence[Cadence], walk_most: int
) -> tuple[list[Window], list[Window]]:
    """Returns the ranges to count and the ranges to walk again, newest first.

    `cadences`: by age, the first from 0. Neighbours that are due together become one range, up to `walk_most`
    decisions, so that the ledger keeps few rows. A window in a range to walk is not counted as well.
    """
    to_walk = [p for p in proofs if _is_due(p, p.walked_at, today, _find_cadence(p, today, cadences).walk)]
    walks = _group(to_walk, walk_most)
    counts = [
        proof
        for proof in proofs
        if _is_due(proof, proof.counted_at, today, _find_cadence(proof, today, cadences).count)
        and not any(walk.first <= proof.window.first <= walk.last for walk in walks)
    ]
    return _group(counts, walk_most), walks


def _find_cadence(proof: Proof, today: date, cadences: Sequence[Cadence]) -> Cadence:
    age = (today - proof.window.last).days
    return max((one for one in cadences if one.age <= max(0, age)), key=lambda one: one.age)


def _is_due(proof: Proof, since: str | None, today: date, after: int) -> bool:
    """Whether a window is due: `after` days have passed, or down to half of them, depending on the window.

    The share differs by window so that windows that were proven on one day are not all due on one day.
    """
    if not proof.is_sound or not proof.total or since is None:
        return False  # unproven windows are walked anyway, and an empty window follows from those around it
    share = (proof.window.first.toordinal() * 0.6180339887) % 1
    days_since = (today - date.fromisoformat(since[:10])).days
    return days_since < 0 or days_since >= max(
        1, math.ceil(after * (1 - share / 2))
    )  # negative: the clock was set back


def _group(proofs: Iterable[Proof], most: int) -> list[Window]:
    found: list[Window] = []
    size = 0
    for proof in sorted(proofs, key=lambda one: one.window.first):
        total = proof.total or 0
        if found and size + total <= most and proof.window.first == found[-1].last + _DAY:
            found[-1] = Window(found[-1].first, proof.window.last)
            size += total
        else:
            found.append(proof.window)
            size = total
    return found[::-1]
