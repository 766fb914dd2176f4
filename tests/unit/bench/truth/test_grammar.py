"""What printed lines claim."""

from __future__ import annotations

from datetime import date

import pytest

from bench.truth.grammar import Grammar, read_instant

GRAMMAR = Grammar()


def test_a_claim_is_read_with_its_dates_and_numbers_and_what_lies_outside() -> None:
    reading = GRAMMAR.read(
        "2026-07-30 to today: 41 of 41 listed decisions are in the archive. The site lists 57,480 decisions before "
        "that, which were never asked for: `lgsco backfill`."
    )
    (claim,), (outside,) = reading.claims, reading.outside
    assert (claim.first, claim.last, claim.stored, claim.listed) == (date(2026, 7, 30), date.max, 41, 41)
    assert claim.is_full
    assert (outside.number, outside.where, outside.never_asked) == (57_480, "before that", True)
    assert not reading.unexplained


def test_a_claim_can_name_the_instant_it_is_true_of() -> None:
    (claim,) = GRAMMAR.read(
        "2019-01-01 to 2019-03-31: 5 of 5 listed decisions are in the archive, as of 2026-11-02T12:00:00Z"
    ).claims
    assert (claim.last, claim.as_of) == (date(2019, 3, 31), read_instant("2026-11-02T12:00:00Z"))


def test_a_claim_of_a_part_is_not_full() -> None:
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
def test_a_line_that_claims_nothing_needs_no_sentence(line: str) -> None:
    reading = GRAMMAR.read(line)
    assert (reading.claims, reading.unexplained) == ((), "")
