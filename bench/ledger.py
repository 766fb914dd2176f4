"""Compares listing requests and missed decisions of the ledger with those of the usual ways to update an archive.

Counts requests, not time. `bench.archive` describes how the look-alike site is called, `bench.naive` the usual ways.
The daily known decision and robots.txt are not counted. The requests of the regular cadence are in the last two figures
only.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from math import log2
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from bench.archive import Counted, opened
from bench.figures import Figure
from bench.naive import Ask, every_month, until_known, until_page_known
from ingest.config import Cadence, Config
from ingest.crawling.windows import days as days_in
from ingest.lgo.source import PAGE_SIZE
from lgsco.replica.corpus import generate
from lgsco.replica.sample import Sample
from lgsco.replica.site import Site
from storage.model import Window

TODAY = date(2026, 11, 2)
FOUR_MONTHS = Window(TODAY - timedelta(days=119), TODAY)
_DEEP = TODAY - timedelta(days=427)
"""14 months ago."""
_MANY = 100
"""New decisions that appear together."""

_NEVER = 100_000
_OWING_NOTHING = Config(
    cadence=Cadence(
        count_recent=_NEVER,
        count_middle=_NEVER,
        count_old=_NEVER,
        walk_recent=_NEVER,
        walk_middle=_NEVER,
        walk_old=_NEVER,
        filters=_NEVER,
    )
)
"""The defaults, with intervals so long that the cadence makes no requests during the other measurements."""

OURS = "lgsco"


@dataclass(frozen=True, slots=True)
class Trial:
    """The cost of one way of looking, and the decisions it missed."""

    asked: int
    """Listing requests."""
    missed: int
    wanted: int
    """Decisions that could be found."""


Trials = dict[str, Trial]
"""By the name of the way."""


def measure(decisions: int = 60_000, years: int = 10, late: int = 60, draws: int = 10, days: int = 90) -> list[Figure]:
    """Measures all tasks. Each starts with the database of the first backfill, and every way looks at the same site.

    `late`: how often one decision appears late, each on another day, the nearest 14 months ago. `draws`: how often 100
    appear together, with dates distributed as in the corpus. `days`: daily syncs while nothing changes.

    A round counts to its end, including the requests after it has found the decision. The bound for the 100 decisions:
    1.5 times the listing pages of the four months that have one of them, plus 2 log2(120) for each separate run of
    days; a weekend does not separate runs.
    """
    shown, coming = corpus(decisions, years)
    site = Site(shown, today=TODAY)
    ones, hundreds, shares = [], [], []
    with TemporaryDirectory() as folder:
        bench = Bench(site, Path(folder))
        backfill = bench.backfill()
        idle = bench.look([])
        for sample in _late(coming, late):
            with published(site, [sample]):
                ones.append(bench.look([sample]))
        for new in _many(coming, draws):
            with published(site, new):
                hundreds.append(bench.look(new))
                listed = site.listed(FOUR_MONTHS.first, FOUR_MONTHS.last)
            shares.append(hundreds[-1][OURS].asked / bound(listed, new, days_in(FOUR_MONTHS)))
        resting = bench.rest(days)
    most = max(its[OURS].asked for its in ones)
    return [
        *_figures("first backfill", [backfill], target=6_150),
        *_figures("nothing new", [idle], target=2),
        *_figures("one 14 months late", ones),
        Figure("one 14 months late, lgsco, maximum", (most,), "requests", target=15, bound="at most"),
        *_figures("100 in four months", hundreds),
        Figure("100 in four months, lgsco, relative to the bound", tuple(shares)),
        Figure("100 in four months, lgsco, relative to the bound, maximum", (max(shares),), target=1, bound="at most"),
        Figure(f"a day at rest with the default cadence, mean of {days}", (mean(resting),), "requests"),
        Figure("a day at rest with the default cadence", tuple(resting), "requests"),
    ]


def corpus(decisions: int, years: int) -> tuple[list[Sample], Iterator[Sample]]:
    """Returns that many shown decisions, and an endless supply of others with similar dates, published today."""
    assert years > 1, "14 months ago must be among them"
    first = TODAY.replace(year=TODAY.year - years)
    samples = generate(sys.maxsize, seed=3, first=first, last=TODAY, body=False)
    shown = list(islice((sample for sample in samples if sample.published <= TODAY), decisions))
    return shown, (replace(sample, published=TODAY) for sample in samples)


def _late(coming: Iterator[Sample], count: int) -> Iterator[Sample]:
    """Returns one decision for each of that many weekdays, the nearest 14 months ago."""
    near = (_DEEP + timedelta(days=away) for away in range(-count, count + 1))
    weekdays = sorted((day for day in near if day.weekday() < 5), key=lambda day: abs(day - _DEEP))
    wanted = set(weekdays[:count])
    while wanted:
        sample = next(coming)
        if sample.decision_date in wanted:
            wanted.remove(sample.decision_date)
            yield sample


def _many(coming: Iterator[Sample], draws: int) -> Iterator[list[Sample]]:
    """Returns that many groups of 100 decisions from the last four months, without repeats."""
    recent = (sample for sample in coming if FOUR_MONTHS.first <= sample.decision_date <= FOUR_MONTHS.last)
    for _ in range(draws):
        yield list(islice(recent, _MANY))


class Bench:
    """A look-alike site and the database of its first backfill. Each of our trials starts from a copy of it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._books = folder / "books.db"
        self._known = frozenset(sample.reference for sample in site.listed())
        self._first = min(sample.decision_date for sample in site.listed())

    def backfill(self) -> Trials:
        """Measures the first run of each way. Ours leaves its database, after a round that checked the filters once."""
        with opened(self._books, self._site, _OWING_NOTHING, TODAY) as archive:
            ours = Trial(archive.backfill(), len(archive.missing(self._known)), len(self._known))
            archive.sync()
        return {OURS: ours} | self._naive(frozenset(), self._known)

    def look(self, new: Iterable[Sample]) -> Trials:
        """Measures how each way finds these decisions, which were published after the backfill."""
        references = {sample.reference for sample in new}
        with self._copied() as books, opened(books, self._site, _OWING_NOTHING, TODAY) as archive:
            ours = Trial(archive.sync(), len(archive.missing(references)), len(references))
        return {OURS: ours} | self._naive(self._known, references)

    def rest(self, days: int) -> list[int]:
        """Returns the listing requests of each daily sync over a number of days, with the default cadence."""
        asked = []
        with self._copied() as books, opened(books, self._site, Config(), TODAY) as archive:
            for _ in range(days):
                archive.today += timedelta(days=1)
                asked.append(archive.sync())
        return asked

    def _naive(self, known: Collection[str], wanted: Collection[str]) -> Trials:
        ways: dict[str, Callable[[Ask], set[str]]] = {
            "every month again": lambda ask: every_month(ask, self._first, TODAY),
            "newest until known": lambda ask: until_known(ask, known, TODAY),
            "newest until a page is known": lambda ask: until_page_known(ask, known, TODAY),
        }
        trials = {}
        for name, way in ways.items():
            counted = Counted(self._site)
            found = way(counted.ask)
            trials[name] = Trial(counted.listing, len(set(wanted) - found), len(wanted))
        return trials

    @contextmanager
    def _copied(self) -> Iterator[Path]:
        copy = self._books.with_name("copy.db")
        shutil.copyfile(self._books, copy)
        try:
            yield copy
        finally:
            for file in copy.parent.glob(f"{copy.name}*"):
                file.unlink()


@contextmanager
def published(site: Site, new: Sequence[Sample]) -> Iterator[None]:
    """Shows these decisions too while the context lasts. They are withdrawn at its end, so none can be used twice."""
    for sample in new:
        site.publish(sample)
    try:
        yield
    finally:
        for sample in new:
            site.withdraw(sample.reference)


def bound(listed: Sequence[Sample], new: Iterable[Sample], days: int) -> float:
    """Returns 1.5 times the listing pages with new decisions, plus 2 log2(days) for each run of days."""
    references = {sample.reference for sample in new}
    pages = {place // PAGE_SIZE for place, sample in enumerate(listed) if sample.reference in references}
    return 1.5 * len(pages) + 2 * log2(days) * runs(sample.decision_date for sample in new)


def runs(dates: Iterable[date]) -> int:
    """Counts the separate runs of days; a weekend does not separate runs."""
    days = set(dates)
    return sum(day - timedelta(days=3 if day.weekday() == 0 else 1) not in days for day in days)


def _figures(task: str, trials: Sequence[Trials], target: float | None = None) -> Iterator[Figure]:
    """Returns the requests of each way, and how many decisions it missed in all trials together."""
    for way in trials[0]:
        its = [trial[way] for trial in trials]
        ours, name = way == OURS, f"{task}, {way}"
        yield Figure(name, tuple(one.asked for one in its), "requests", target if ours else None, "at most")
        wanted = sum(one.wanted for one in its)
        if wanted:
            missed = sum(one.missed for one in its)
            yield Figure(f"{name}: missed", (missed,), f"of {wanted:,}", 0 if ours else None, "at most")
