"""The simulated site: what it publishes, hides and refuses, its answers, and what it listed at any instant.

It has no HTTP and shares no code with the program or with the look-alike site, so that it can check both.
"""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple
from urllib.parse import parse_qs

PAGE = 10
"""Cards on a page."""

FORMS: tuple[Callable[[int], str], ...] = (
    lambda total: f"Your search has {total:,} results",
    lambda total: f"Your search\n  has {total:,}\tresults",
    lambda total: f"Your&nbsp;search has&nbsp;{total:,}&nbsp;results",
    lambda total: f"YOUR SEARCH HAS {total:,} RESULTS",
    lambda total: f"Your search has <strong>{total:,}</strong> results",
    lambda total: f"Your <em>search</em> has <span>{total:,}</span>\n results",
)
"""Ways to print a total."""

SHELL = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Search results</title></head>
<body><main><h1>Search results</h1>
<form action="/Decisions/SearchResults"><input name="fd"><button>Search</button></form>
</main></body></html>
"""
"""The search page without total and cards."""


@functools.cache
def _write_reference(number: int) -> str:
    return f"{20 + number // 100_000 % 10:02} {number // 1_000 % 100:03} {number % 1_000:03}"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as the site shows it."""

    number: int
    day: date
    kind: str = "statement"
    version: int = 1
    """The number of its amendments."""

    @property
    def reference(self) -> str:
        return _write_reference(self.number)

    @property
    def path(self) -> str:
        return f"/decisions/housing/allocations/{self.reference.replace(' ', '-')}"


@functools.lru_cache(maxsize=4_096)
def show_page(decision: Decision) -> bytes:
    """Returns the decision's page."""
    title = f"Anyshire Council ({decision.reference})"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} - Local Government and Social Care Ombudsman</title></head>
<body><main><article id="article">
<header class="article__header">
<h2>{title}</h2>
<p><span class="label">Category : </span><span class="value">Housing &gt; Allocations</span></p>
<p><span class="label">Decision : </span><span class="value">Upheld</span></p>
<p><span class="label">Decision date : </span><span class="value">{decision.day:%d %b %Y}</span></p>
</header>
<h2 id="opening">The Ombudsman's final decision:</h2>
<p>Summary: There was fault by the Council (SPECIMEN {decision.number}.{decision.version}).</p>
<h2 id="point1">The complaint</h2>
<ol start="1">
<li>Ms A complained that the Council did not answer her letter {decision.number}.{decision.version}.</li>
</ol>
<p>Investigator's decision on behalf of the Ombudsman</p>
</article></main></body></html>
""".encode()


@functools.lru_cache(maxsize=4_096)
def show_card(decision: Decision) -> str:
    """Returns the decision's card in the listing."""
    return (
        f'<div class="card"><h3><a href="{decision.path}">Anyshire Council ({decision.reference})</a></h3>\n'
        f"<p>{decision.kind.title()} Upheld Allocations {decision.day:%d-%b-%Y}</p>\n"
        f"<p>Summary: There was fault by the Council (SPECIMEN {decision.number}.{decision.version}).</p></div>\n"
    )


class Away(Exception):
    """The site cannot be reached."""


class Version(NamedTuple):
    """The site's listing from an instant on, until the next version."""

    since: int
    """Seconds since 1970."""
    listed: dict[date, tuple[str, ...]]
    """By decision date, the decisions shown in every search that covers the date, unless it cuts them off."""
    contested: dict[date, tuple[str, ...]]
    """Decisions that a claim may count or not.

    They are counted but not shown in any search, or narrow searches count and show them and wide ones do not.
    """
    stated: tuple[int, ...]
    """The totals stated for all dates, by the other parameters of the search."""

    @property
    def totals(self) -> tuple[int, ...]:
        """The numbers that may be called its total: stated ones, and shown ones with and without the contested."""
        sure = sum(map(len, self.listed.values()))
        return *self.stated, sure, sure + sum(map(len, self.contested.values()))


@dataclass
class Faults:
    """The faults of the site."""

    shell: Callable[[date, date], bool] | None = None
    """The ranges of dates that are answered with a search shell."""
    refused: str = ""
    """The pages refused with 403: listing, decisions or both."""
    away: bool = False
    errors: bool = False
    """Whether it answers 500."""
    wait: int = 0
    """Seconds that pass before each request, as if the site asked for them or it had to wait for its turn."""


@dataclass
class Site:
    """The simulated site. `clock` returns the simulated time in seconds since 1970."""

    clock: Callable[[], int]
    decisions: dict[str, Decision] = field(default_factory=dict)
    """Published decisions, without withdrawn and expired ones, by reference."""
    hidden: set[str] = field(default_factory=set)
    """Decisions neither counted nor shown in any search."""
    cardless: set[str] = field(default_factory=set)
    """Decisions counted, but not shown."""
    uncounted: set[str] = field(default_factory=set)
    """Decisions shown, but not counted."""
    depth: int | None = None
    """A search shows only this many cards; the total counts all."""
    cap: int | None = None
    """A search shows and counts only this many cards."""
    form: int = 0
    """The index in `FORMS` of the wording of its total."""
    filter_dates: Callable[[date, date], tuple[date, date]] | None = None
    """Returns the dates that it lists when it is asked for others; None if the filter is exact."""
    narrowed: dict[str, Callable[[date], bool]] = field(default_factory=dict)
    """By other parameters of the search, the decision dates for which nothing is listed then."""
    only_asked_with: dict[str, str] = field(default_factory=dict)
    """Decisions that are listed only in searches with another parameter, and that parameter."""
    missing_pages: set[str] = field(default_factory=set)
    """Listed decisions with a page that answers 404."""
    ever_missing: set[str] = field(default_factory=set)
    """Those for which it ever answered 404 while they were listed."""
    faults: Faults = field(default_factory=Faults)
    left: dict[str, str] = field(default_factory=dict)
    """Why a decision is gone: withdrawn, or expired by age."""
    returned: set[str] = field(default_factory=set)
    """Decisions that left and returned; an archive may not know yet."""
    versions: list[Version] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    """Every decision date with a decision that was ever listed, in order."""
    _was_seen: bool = False
    """Whether it has answered anything since its newest version began."""

    def __post_init__(self) -> None:
        self.note()

    # ------------------------------------------------------------ changes

    def note(self) -> None:
        """Records the current listing. Call it after each change of published or hidden decisions."""
        found = self._find(date.min, date.max)
        most = len(found) if self.cap is None else self.cap
        contested = self.cardless | self.only_asked_with.keys()
        sure = [one for one in found[:most] if one.reference not in contested]
        unsure = [one for one in found[:most] if one.reference in contested] + found[most:]
        ways = sorted({"", *self.only_asked_with.values(), *self.narrowed})
        stated = tuple(self._count([one for one in found if self._is_listed(one, way)]) for way in ways)
        version = Version(self.clock(), _by_day(sure), _by_day(unsure), stated)
        if self.versions and self.versions[-1].since == version.since and not self._was_seen:
            self.versions.pop()
        self.versions.append(version)
        self._was_seen = False
        for day in {*version.listed, *version.contested}.difference(self.days):
            bisect.insort(self.days, day)

    def publish(self, decision: Decision) -> None:
        if self.left.pop(decision.reference, None):
            self.returned.add(decision.reference)
        self.decisions[decision.reference] = decision
        self.note()

    def remove(self, reference: str, reason: str = "withdrawn") -> Decision:
        """Removes a decision from the listing, and its page."""
        self.left[reference] = reason
        for names in (self.hidden, self.cardless, self.uncounted, self.missing_pages):
            names.discard(reference)
        decision = self.decisions.pop(reference)
        self.note()
        return decision

    def amend(self, reference: str, day: date | None = None) -> None:
        """Shows other words, or another date, for a decision."""
        before = self.decisions[reference]
        self.publish(replace(before, version=before.version + 1, day=day or before.day))

    def show_all(self, missing_pages: Iterable[str] = ()) -> None:
        """Ends all faults, and shows all decisions except those in no search at all. `missing_pages` stay missing."""
        self.cardless.clear()
        self.uncounted.clear()
        self.narrowed.clear()
        self.only_asked_with.clear()
        self.missing_pages.intersection_update(missing_pages)
        self.depth = self.cap = None
        self.faults = Faults()
        self.note()

    # ------------------------------------------------------------ answers

    def answer(self, target: str) -> tuple[int, bytes]:
        """Returns status and body. Raises Away."""
        faults = self.faults
        self._was_seen = True
        if faults.away:
            raise Away
        if faults.errors:
            return 500, b"<html><body>Server error</body></html>"
        path, _, query = target.partition("?")
        path = path.lower()
        listing = path.rstrip("/") == "/decisions/searchresults"
        if faults.refused == "both" or faults.refused == ("listing" if listing else "decisions"):
            return 403, b"<html><body>Forbidden</body></html>"
        if listing:
            return 200, self._search(target.partition("?")[0], query)
        reference = path.rsplit("/", 1)[-1].replace("-", " ")
        decision = self.decisions.get(reference)
        if decision is None or decision.path != path:
            return 404, b"<html><body>Not found</body></html>"
        if reference in self.missing_pages:
            self.ever_missing.add(reference)
            return 404, b"<html><body>Not found</body></html>"
        return 200, show_page(decision)

    def _search(self, path: str, query: str) -> bytes:
        values = {name: found[-1] for name, found in parse_qs(query).items()}
        first = date.fromisoformat(values.get("fd", str(date.min)))
        last = date.fromisoformat(values.get("td", str(date.max)))
        number = int(values.get("page", "1"))
        if self.faults.shell is not None and self.faults.shell(first, last):
            return SHELL
        if self.filter_dates is not None:
            first, last = self.filter_dates(first, last)
        found = [one for one in self._find(first, last) if self._is_listed(one, _asked_with(path, values))]
        total = self._count(found)
        most = min(self.depth or len(found), self.cap or len(found))
        shown = [one for one in found if one.reference not in self.cardless][:most]
        cards = "".join(map(show_card, shown[(number - 1) * PAGE : number * PAGE]))
        line = FORMS[self.form](total) if total else "We found nothing that matches your search"
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Search results</title></head>\n'
            f'<body><main><h1>Search results</h1>\n<p class="results">{line}</p>\n{cards}</main></body></html>'
        ).encode()

    def _find(self, first: date, last: date) -> list[Decision]:
        """Returns the results of a search for some dates, newest first."""
        found = [
            one for one in self.decisions.values() if first <= one.day <= last and one.reference not in self.hidden
        ]
        return sorted(found, key=lambda one: (-one.day.toordinal(), one.reference))

    def _is_listed(self, one: Decision, asked_with: str) -> bool:
        """Whether a search with another parameter lists a decision."""
        if self.only_asked_with.get(one.reference, asked_with) != asked_with:
            return False
        return asked_with not in self.narrowed or not self.narrowed[asked_with](one.day)

    def _count(self, found: list[Decision]) -> int:
        total = sum(one.reference not in self.uncounted for one in found)
        return total if self.cap is None else min(total, self.cap)

    # ------------------------------------------------------------ past listings

    def between(self, since: int, until: int) -> Iterator[Version]:
        """Returns every version that was current at an instant from `since` to `until`, both inclusive."""
        start = bisect.bisect_left(self.versions, since, key=lambda version: version.since)
        for version in self.versions[max(0, start - 1) :]:
            if version.since > until:
                return
            yield version


def _asked_with(path: str, values: dict[str, str]) -> str:
    """Returns the names of a search's parameters besides the dates and the page, or "/"; "" if there are none."""
    return "/" if path.endswith("/") else "&".join(sorted(values.keys() - {"fd", "td", "page"}))


def _by_day(decisions: Iterable[Decision]) -> dict[date, tuple[str, ...]]:
    found: dict[date, tuple[str, ...]] = {}
    for one in decisions:
        found[one.day] = (*found.get(one.day, ()), one.reference)
    return found
