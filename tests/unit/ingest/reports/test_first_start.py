"""Tests the messages about a new database."""

from __future__ import annotations

from datetime import date

from ingest.reports.first_start import describe_new_database


def test_a_new_database_says_what_sync_covers_and_how_to_get_the_rest() -> None:
    made, covered, rest = describe_new_database("lgsco.db", 1_200, date(2026, 11, 2))
    assert made == "lgsco.db: made, and empty"
    assert "decisions dated 2023-07-21 and later: the last 1,200 days ([schedule] sync_days)" in covered
    assert covered.startswith("`lgsco sync` and `lgsco daemon` cover ")
    assert rest == (
        "`lgsco backfill` fetches the earlier ones too, or part of them with --from and --to; sync then covers those "
        "dates as well"
    )
