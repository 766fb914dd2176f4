"""Decides why decisions left the site. Pure; `ingest.crawling.absence_check` finds out that they did.

A decision has left the site if a proven listing does not have it and its address answers that it is gone, twice, some
days apart. The site rarely says why, so only this is concluded from the dates:

    withdrawn   it was gone before it reached the retention age
    expired     a statement that had reached that age, or may have, and the statements of its age left with it: at
                least `COHORT_LEAST` others with a decision date within `COHORT_DAYS` of its own are known, in dates
                that the ledger proves, and at least `COHORT_GONE` of them are gone too
    gone        all others: the reason is unknown. Reports, and decisions of unknown kind, never count as expired

A status of 410 and words such as "withdrawn" on the page are stored as evidence; they do not decide anything.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from storage.absences import DepartureVerdict, Ending, Evidence, KnownStatement
from storage.model import DecisionKind

COHORT_DAYS = 30
COHORT_LEAST = 20
COHORT_GONE = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Departure:
    """A decision that left the site. Dates are London dates."""

    reference: str
    kind: DecisionKind | None
    decided: date
    """The date it was listed under."""
    seen_on: date
    """The last day on which the site showed it."""
    gone_on: date
    """The day on which it was first found gone. It left between `seen_on` and this day."""


def judge(
    departures: Iterable[Departure], statements: Iterable[KnownStatement], retention_days: int
) -> dict[str, DepartureVerdict]:
    """Returns the verdict on each decision that left, by reference. All are judged together, in any order.

    `statements`: the known statements in proven dates, at least those within `COHORT_DAYS` of a departure; they may
    include the departures. `retention_days`: the age from which statements may leave the site.
    """
    departures = list(departures)
    ages = {departure.reference: _find_ages(departure) for departure in departures}
    left_early = {reference for reference, age in ages.items() if max(age) < retention_days}
    cohorts = _Cohorts(statements, left={one.reference for one in departures}, left_early=left_early)
    verdicts = {}
    for departure in departures:
        known, gone, listed = cohorts.count_beside(departure)
        ending: Ending = "gone"
        if departure.reference in left_early:
            ending = "withdrawn"
        elif departure.kind == "statement" and known >= COHORT_LEAST and gone >= COHORT_GONE * known:
            ending = "expired"
        evidence = Evidence(*ages[departure.reference], known, gone, listed)
        verdicts[departure.reference] = DepartureVerdict(ending, evidence)
    return verdicts


def _find_ages(departure: Departure) -> tuple[int, int]:
    """Returns its ages in days: when the site last showed it, and when it was first found gone."""
    return (departure.seen_on - departure.decided).days, (departure.gone_on - departure.decided).days


class _Cohorts:
    """Known statements by decision date, without those that left before the retention age: age was not their reason."""

    def __init__(self, statements: Iterable[KnownStatement], *, left: Set[str], left_early: Set[str]) -> None:
        """`left`: those judged now, which count as gone. `left_early`: those that left before the retention age."""
        counted = [one for one in statements if one.place != "withdrawn" and one.reference not in left_early]
        gone = [one for one in counted if one.place == "gone" or one.reference in left]
        self._days = {one.reference: one.decided.toordinal() for one in counted}
        self._known = sorted(self._days.values())
        self._gone = sorted(one.decided.toordinal() for one in gone)
        self._listed = sorted(
            one.decided.toordinal() for one in counted if one.place == "listed" and one.reference not in left
        )

    def count_beside(self, departure: Departure) -> tuple[int, int, int]:
        """Counts the other statements within `COHORT_DAYS` of it: known, gone and still listed."""
        day = departure.decided.toordinal()
        counted_day = self._days.get(departure.reference)
        itself = counted_day is not None and abs(counted_day - day) <= COHORT_DAYS
        return (
            _count_near(self._known, day) - itself,
            _count_near(self._gone, day) - itself,
            _count_near(self._listed, day),
        )


def _count_near(days: Sequence[int], day: int) -> int:
    return bisect_right(days, day + COHORT_DAYS) - bisect_left(days, day - COHORT_DAYS)
