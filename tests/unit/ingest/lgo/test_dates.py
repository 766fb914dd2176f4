"""Tests which printed dates are understood, and which are not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lgo.dates import PrintedDate, has_date, parse_date

DAY = date(2025, 10, 6)


@pytest.mark.parametrize(
    "printed",
    [
        *("6 October 2025", "06-Oct-2025", "6th October 2025", "6th of October, 2025", "Monday 6 October 2025"),
        *("6/10/2025", "06.10.25", "6 - 10 - 2025", "2025-10-06", "October 6, 2025", "Oct. 6th 2025", "6 OCT. 25"),
        "Date: 6 October 2025.",
    ],
)
def test_a_date_is_understood_in_each_of_the_publishers_forms(printed: str) -> None:
    assert parse_date(printed).day == DAY
    assert has_date(printed)


@pytest.mark.parametrize(
    "printed",
    [
        *("31 February 2025", "6 Octopus 2025", "13/13/2025", "6 October", "October 2025", "x6 October 2025"),
        *("6 Octobers 2025", "6 Oc 2025", "6 October 20251", "1.6 October 2025", "", "0/10/2025", "2025-13-01"),
    ],
)
def test_text_that_names_no_day_of_the_calendar_gives_no_date(printed: str) -> None:
    assert parse_date(printed).day is None
    assert not has_date(printed)


@pytest.mark.parametrize(("month", "number"), [("Sept", 9), ("sep", 9), ("septem", 9), ("may", 5), ("june", 6)])
def test_a_month_may_be_shortened(month: str, number: int) -> None:
    assert parse_date(f"1 {month} 2020").day == date(2020, number, 1)


@pytest.mark.parametrize("month", ["septx", "mayo", "janus"])
def test_a_word_that_only_begins_like_a_month_is_not_one(month: str) -> None:
    assert not has_date(f"1 {month} 2020")


def test_a_date_before_the_ombudsman_or_after_today_is_a_misprint() -> None:
    assert parse_date("31 December 1973") == PrintedDate(None, True)
    assert parse_date("1 January 1974") == PrintedDate(date(1974, 1, 1), True)
    assert parse_date("6 October 2025", DAY) == PrintedDate(DAY, True)
    assert parse_date("6 October 2025", DAY - timedelta(days=1)) == PrintedDate(None, True)
    assert has_date("31 December 1973"), "it is a date all the same"


def test_other_words_on_the_line_are_noticed() -> None:
    assert parse_date(" 6 October 2025 ").is_alone
    assert not parse_date("on 6 October 2025").is_alone
    assert parse_date("no date") == PrintedDate(None, False)


@given(
    st.dates(date(1974, 1, 1), date(2068, 12, 31)), st.sampled_from(["%d %B %Y", "%d-%b-%Y", "%d/%m/%Y", "%Y-%m-%d"])
)
def test_every_date_is_parsed_as_it_was_printed(day: date, form: str) -> None:
    assert parse_date(day.strftime(form)) == PrintedDate(day, True)
