"""When a form of the listing counts as wider than the bare one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.form_check import RangeCards, is_wider
from storage.model import Entry, Window

OLD, NEW = Window(date(2025, 1, 1), date(2025, 1, 31)), Window(date(2025, 3, 1), date(2025, 3, 31))


def card(number: int, window: Window = OLD, kind: str = "statement") -> Entry:
    reference = f"25 000 {number:03}"
    day = date.fromordinal(window.first.toordinal() + number % 28)
    return Entry(reference, f"/decisions/x/y/{number}", "Leeds", "Upheld", "y", day, kind)  # type: ignore[arg-type]


BOTH = RangeCards(OLD, (card(1),), (card(1), card(2, kind="report")), (card(1),))
EQUAL = RangeCards(NEW, (card(7, NEW),), (card(7, NEW),), (card(7, NEW),))


def test_two_ranges_with_both_kinds_and_an_extra_card_prove_a_wider_form() -> None:
    assert is_wider([BOTH, EQUAL])
    assert is_wider([EQUAL, BOTH])


def test_one_range_no_extra_card_or_a_single_kind_proves_nothing() -> None:
    assert not is_wider([BOTH])
    assert not is_wider([EQUAL, EQUAL])
    assert not is_wider([RangeCards(OLD, (card(1),), (card(1), card(2)), (card(1),)), EQUAL])


def test_a_card_that_a_bare_walk_shows_before_or_after_is_not_extra() -> None:
    report = card(2, kind="report")
    assert not is_wider([replace(BOTH, before=(card(1), report)), EQUAL])
    assert not is_wider([replace(BOTH, after=(card(1), report)), EQUAL]), "it was published meanwhile"


def test_a_form_that_lacks_a_bare_card_is_not_wider() -> None:
    assert not is_wider([replace(BOTH, before=(card(1), card(3))), EQUAL])
    assert not is_wider([BOTH, replace(EQUAL, after=(card(7, NEW), card(8, NEW)))])


def test_a_form_with_a_card_outside_the_range_or_without_a_date_is_not_wider() -> None:
    for stray in (card(3, NEW), replace(card(3), decision_date=None)):
        assert BOTH.other is not None
        assert not is_wider([replace(BOTH, other=(*BOTH.other, stray)), EQUAL])


@given(st.sampled_from(["before", "other", "after"]), st.sampled_from([0, 1]))
def test_an_incomplete_walk_proves_nothing(walk: str, place: int) -> None:
    ranges = [BOTH, EQUAL]
    ranges[place] = replace(ranges[place], **{walk: None})  # type: ignore[arg-type]
    assert not is_wider(ranges)
