"""Finds out whether another form of the listing shows more decisions than the bare one.

Totals only tell where to look. A form is wider only if the cards prove it. At least two ranges of dates are walked, of
which one lists both a report and a statement. In each the form must show all cards of the bare form, and no card
outside the range. In at least one it must show a card that the bare form shows neither before nor after.

A site need not answer in the other forms: most exist on no page of it. A form that it does not answer in is not used,
and the run goes on.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import days, split, split_at
from ingest.errors import Blocked, FetchError, LayoutChanged, ReadError
from ingest.lgo.listing_forms import BARE, ListingForm
from ingest.lgo.listing_page import Listing
from ingest.lgo.source import PAGE_SIZE
from storage.model import Entry, Window

_MOST_CARDS = 60
"""The most cards of a range that is walked to compare two forms: six pages in each form."""
_YEARS = 6
"""Years to request totals for, one by one, if a form's total of all dates differs: the retention age plus one."""
_RANGES_WALKED = 4
"""The most ranges that are walked to find two that prove a form to be wider."""

AskTotals = Callable[[Window], tuple[int | None, int | None]]
"""Returns the totals that the bare form and another form state for a window."""


@dataclass(frozen=True, slots=True)
class RangeCards:
    """The cards of one range of dates in two forms; None if a walk did not list as many cards as the total states."""

    window: Window
    before: tuple[Entry, ...] | None
    """In the bare form, before the other."""
    other: tuple[Entry, ...] | None
    after: tuple[Entry, ...] | None
    """In the bare form, after the other."""

    @property
    def contains_bare(self) -> bool:
        """Whether the other form shows all cards of the bare form, and no card outside the range."""
        if self.before is None or self.other is None or self.after is None:
            return False
        dates = [card.decision_date for card in self.other]
        return _find_references(self.before) | _find_references(self.after) <= _find_references(self.other) and all(
            day is not None and self.window.first <= day <= self.window.last for day in dates
        )

    @property
    def extra(self) -> list[str]:
        """Returns the references that the other form shows and that the bare one shows neither before nor after."""
        both = _find_references(self.before or ()) | _find_references(self.after or ())
        return sorted(_find_references(self.other or ()) - both)

    @property
    def has_both_kinds(self) -> bool:
        """Whether the range lists a report and a statement."""
        return {"report", "statement"} <= {card.kind for card in (*(self.before or ()), *(self.other or ()))}


@dataclass(frozen=True, slots=True)
class Compared:
    """The result of comparing a form with the bare one."""

    form: ListingForm
    is_wider: bool
    states_more: bool
    """Whether the form states a greater total than the bare one for some range."""
    total: int
    """The greatest total that the form states for one of the ranges."""
    evidence: str
    is_answered: bool = True
    """Whether the site shows its listing in the form."""

    @property
    def verdict(self) -> str:
        """Returns the verdict as the database stores it."""
        if not self.is_answered:
            return "no answer"
        return "wider" if self.is_wider else "not wider" if self.states_more else "no more"


class _NoAnswer(Exception):
    """The site does not show its listing in another form than the bare one. It says nothing about the bare one."""


def is_wider(ranges: Sequence[RangeCards]) -> bool:
    """Whether ranges prove that a form lists more than the bare one. Pure."""
    return (
        len(ranges) >= 2
        and all(one.contains_bare for one in ranges)
        and any(one.has_both_kinds for one in ranges)
        and any(one.extra for one in ranges)
    )


def compare(listing: ListingFetcher, form: ListingForm, totals: Mapping[Window, int | None]) -> Compared:
    """Compares a form with the bare one.

    `totals`: the bare form's totals of some windows, all dates first. The other form's totals of the same windows are
    requested here. Raises what `peek` of the listing raises for the bare form.
    """
    try:
        return _compare(listing, form, totals)
    except _NoAnswer as error:
        return Compared(form, False, False, 0, str(error), is_answered=False)


def _compare(listing: ListingFetcher, form: ListingForm, totals: Mapping[Window, int | None]) -> Compared:
    @functools.cache  # each total is requested once: totals only tell where to look
    def ask(window: Window) -> tuple[int | None, int | None]:
        return _peek(listing, BARE, window).total, _peek(listing, form, window).total

    evidence: list[str] = []
    wider_in: list[Window] = []
    narrower_in: list[Window] = []
    pairs = [(window, bare, _peek(listing, form, window).total) for window, bare in totals.items()]
    window, bare, other = pairs[0]
    if other is not None and other != bare:  # it may show more of some dates and less of others
        pairs += [(part, *ask(part)) for part in _split_by_years(window)]
    for window, bare, other in pairs:
        evidence.append(f"{window}: {_format_total(bare)} bare, {_format_total(other)} with {form.name}")
        if (other or 0) > (bare or 0):
            wider_in.append(window)
        elif other is not None and other < (bare or 0):
            narrower_in.append(window)
    most = max(other or 0 for _, _, other in pairs)
    if not wider_in:
        return Compared(form, False, False, most, "; ".join(evidence))
    ranges: list[RangeCards] = []
    if not narrower_in:
        for place in _locate(wider_in[0], ask):
            if place is None:
                evidence.append("the other form states less for a part of these dates")
                break
            ranges.append(_walk_both(listing, form, place))
            evidence.append(_describe(ranges[-1]))
            if is_wider(ranges) or not ranges[-1].contains_bare or len(ranges) == _RANGES_WALKED:
                break
    return Compared(form, is_wider(ranges), True, most, "; ".join(evidence))


def _split_by_years(window: Window) -> list[Window]:
    """Splits a window into its last years and the rest."""
    parts: list[Window] = []
    while len(parts) < _YEARS and days(window) > 365:
        window, part = split_at(window, window.last - timedelta(days=364))
        parts.append(part)
    return [*parts, window]


def _locate(window: Window, ask: AskTotals) -> Iterator[Window | None]:
    """Yields small ranges to walk, first one where the other form states more; None for one where it states less."""
    beside: list[Window] = []
    while True:
        bare, other = ask(window)
        if (other or 0) < (bare or 0):
            yield None
            return
        if days(window) == 1 or ((other or 0) <= _MOST_CARDS and beside):
            break
        older, newer = split(window)
        of_newer = ask(newer)
        if (of_newer[1] or 0) < (of_newer[0] or 0):
            yield None
            return
        window, left = (newer, older) if (of_newer[1] or 0) > (of_newer[0] or 0) else (older, newer)
        beside.append(left)
    if (other or 0) > _MOST_CARDS:
        return
    yield window
    for other_part in reversed(beside):  # the nearest first
        bare, other = ask(other_part)
        if (other or 0) < (bare or 0):
            yield None
            return
        if other and other <= _MOST_CARDS:
            yield other_part


def _walk_both(listing: ListingFetcher, form: ListingForm, window: Window) -> RangeCards:
    """Walks a window in the bare form, in the other form and in the bare form again. Records no card."""
    before, other, after = (_walk(listing, each, window) for each in (BARE, form, BARE))
    return RangeCards(window, before, other, after)


def _walk(listing: ListingFetcher, form: ListingForm, window: Window) -> tuple[Entry, ...] | None:
    page = _peek(listing, form, window)
    total = page.total or 0
    cards = list(page.entries)
    for number in range(2, math.ceil(total / PAGE_SIZE) + 1):
        page = _peek(listing, form, window, number)
        cards += page.entries
    return tuple(cards) if len(_find_references(cards)) == len(cards) == total else None


def _peek(listing: ListingFetcher, form: ListingForm, window: Window, number: int = 1) -> Listing:
    """Fetches a page, from 1, of a window's listing in a form. Raises _NoAnswer if only the other form fails."""
    try:
        return listing.peek(window, number, form)
    except (FetchError, ReadError, LayoutChanged, Blocked) as error:
        if form == BARE:
            raise
        raise _NoAnswer(str(error)) from error


def _describe(one: RangeCards) -> str:
    extra = one.extra
    if not one.contains_bare:
        return f"{one.window}: the other form lacks cards of the bare form, or shows cards of other dates"
    example = f", such as {extra[0]}" if extra else ""
    return f"{one.window}: the cards of the bare form and {len(extra)} more{example}"


def _find_references(cards: Sequence[Entry]) -> frozenset[str]:
    return frozenset(card.reference for card in cards)


def _format_total(total: int | None) -> str:
    return "no total" if total is None else f"{total:,}"
