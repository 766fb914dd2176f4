"""The claims of printed lines."""

from __future__ import annotations

from datetime import date

import pytest

from bench.truth.grammar import Grammar, read_instant

GRAMMAR = Grammar()


def test_claim_is_parsed_with_dates_numbers_and_decisions_outside() -> None:
    reading = GRAMMAR.read(
        "2026-07-30 to today: 41 of 41 listed decisions are in the archive. The site lists 57,480 decisions before "
        "that, on dates not asked for; `lgsco backfill` fetches them."
    )
    (claim,), (outside,) = reading.claims, reading.outside
    assert (claim.first, claim.last, claim.stored, claim.listed) == (date(2026, 7, 30), date.max, 41, 41)
    assert claim.is_full
    assert (outside.number, outside.where, outside.not_asked) == (57_480, "before that", True)
    assert not reading.unexplained


def test_a_claim_can_name_the_instant_it_is_true_of() -> None:
    (claim,) = GRAMMAR.read(
        "2019-01-01 to 2019-03-31: 5 of 5 listed decisions are in the archive, as of 2026-11-02T12:00:00Z"
    ).claims
    assert (claim.last, claim.as_of) == (date(2019, 3, 31), read_instant("2026-11-02T12:00:00Z"))


def test_partial_claim_is_not_full() -> None:
    (claim,) = GRAMMAR.read("2019-01-01 to today: 5 of 7 listed decisions are in the archive").claims
    assert not claim.is_full


@pytest.mark.parametrize(
    "line",
    [
        "complete: 3 new, 0 amended",
        "every decision the site lists is held",
        "the archive is up to date",
        "0 unproven",
        "unproven: 0",
        "no gaps",
        "caught up with the site",
        "nothing is missing",
        "no decisions are missing",
        "proven: 41 decisions",
        "the whole listing was fetched",
        "2026-07-30 to today: 41 of 41 listed decisions are in the archive, all of them",
    ],
)
def test_a_word_of_completeness_without_a_sentence_of_the_tables_is_unexplained(line: str) -> None:
    assert GRAMMAR.read(line).unexplained


@pytest.mark.parametrize(
    "line", ["incomplete: 2 unproven date ranges", "5 new, 0 amended", "2026-01-01 to 2026-02-01 is not proven", ""]
)
def test_line_without_a_claim_needs_no_sentence(line: str) -> None:
    reading = GRAMMAR.read(line)
    assert (reading.claims, reading.unexplained) == ((), "")


def test_a_claim_that_says_that_something_may_be_missing_is_never_full() -> None:
    (claim,) = GRAMMAR.read(
        "2019-01-01 to today: not proven; 7 of the 7 decisions seen in the listing are in the archive. Not proven: "
        "2019-01-01 to 2019-03-31 (not checked yet)."
    ).claims
    assert (claim.stored, claim.listed, claim.is_full) == (7, 7, False)
    (progress,) = GRAMMAR.read(
        "2019-01-01 to today was interrupted, 41 of 41 fetched: `lgsco backfill` continues it."
    ).claims
    assert not progress.is_full


def test_named_decisions_with_missing_pages_leave_a_claim_full() -> None:
    (claim,) = GRAMMAR.read(
        "2019-01-01 to today: 5 of 8 listed decisions are in the archive, as listed on 2026-11-29 16:40 UTC or later; "
        "the other 3 are listed and their pages are gone."
    ).claims
    assert (claim.excluded, claim.is_full, claim.as_of) == (3, True, read_instant("2026-11-29T16:40:00Z"))


def test_total_is_parsed_with_the_instant_it_was_stated() -> None:
    for line in (
        "The site's total is 1,205 decisions, stated at 2026-11-29 16:40 UTC.",
        "the archive has 167 decisions of the site, which stated a total of 1,205 on 2026-11-29 16:40 UTC (13.8 %)",
    ):
        (total,) = GRAMMAR.read(line).totals
        assert (total.number, total.at) == (1_205, read_instant("2026-11-29 16:40 UTC"))


def test_a_list_of_claims_can_be_cut_off() -> None:
    assert GRAMMAR.read("and 1 more range of dates: `lgsco coverage`.").cut_off
    assert GRAMMAR.read("and 3 more ranges of dates: `lgsco coverage`.").cut_off
    assert not GRAMMAR.read("2019-01-01 to today: 5 of 7 listed decisions are in the archive").cut_off
