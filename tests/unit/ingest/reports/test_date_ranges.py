"""Ranges of decision dates in words, and the commands that fetch them."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.crawling.windows import EVERYTHING
from ingest.reports.date_ranges import (
    describe_dates,
    describe_pause,
    describe_progress,
    end_today,
    json_dates,
    json_to_today,
    name_command,
    show_to_today,
)
from storage.model import Window

FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)


@pytest.mark.parametrize(
    ("window", "words", "options"),
    [
        (EVERYTHING, "beginning to today", ""),
        (Window(FIRST, EVERYTHING.last), "2025-01-01 to today", " --from 2025-01-01"),
        (Window(EVERYTHING.first, LAST), "beginning to 2025-03-31", " --to 2025-03-31"),
        (Window(FIRST, LAST), "2025-01-01 to 2025-03-31", " --from 2025-01-01 --to 2025-03-31"),
    ],
)
def test_an_open_end_is_named_and_needs_no_option(window: Window, words: str, options: str) -> None:
    assert describe_dates(window) == words
    assert name_command(window) == f"`lgsco backfill{options}`"
    assert describe_pause(window) == (
        f"`lgsco backfill{options}` continues it, `lgsco backfill --withdraw{options}` drops what is left"
    )


@pytest.mark.parametrize(
    ("stored", "total", "words"),
    [
        (41, 205, "41 of 205 fetched"),
        (205, 205, "205 of 205 fetched"),
        (1_205, None, "1,205 fetched"),
        (193, 192, "193 fetched"),  # the site may list more than its total
    ],
)
def test_progress_never_names_a_total_that_is_less_than_what_is_stored(
    stored: int, total: int | None, words: str
) -> None:
    assert describe_progress(stored, total) == words


@pytest.mark.parametrize(
    ("today", "words", "last"),
    [
        (date(2024, 12, 31), "2025-01-01 to 2025-03-31", "2025-03-31"),  # it begins later
        (FIRST, "2025-01-01 to today", "2025-01-01"),
        (date(2025, 3, 30), "2025-01-01 to today", "2025-03-30"),
        (LAST, "2025-01-01 to 2025-03-31", "2025-03-31"),
        (date(2025, 4, 1), "2025-01-01 to 2025-03-31", "2025-03-31"),
    ],
)
def test_a_range_that_goes_on_after_today_is_shown_up_to_today(today: date, words: str, last: str) -> None:
    window = Window(FIRST, LAST)
    assert describe_dates(show_to_today(window, today)) == words
    assert json_to_today(window, today) == {"first": "2025-01-01", "last": last}
    assert describe_dates(end_today(window, today)) == f"2025-01-01 to {last}"
    assert json_dates(window) == {"first": "2025-01-01", "last": "2025-03-31"}


def test_a_range_with_an_open_end_keeps_it_and_a_row_of_the_ledger_ends_today() -> None:
    window = Window(FIRST, EVERYTHING.last)
    assert end_today(window, LAST) == show_to_today(window, LAST) == window
    assert json_to_today(window, LAST) == {"first": "2025-01-01", "last": "2025-03-31"}
