"""Describes a new database: which decision dates sync covers, and how to get the rest."""

from __future__ import annotations

from datetime import date, timedelta

from ingest.wording import count_of


def describe_new_database(database: str, sync_days: int, today: date) -> list[str]:
    """Returns the lines for people. `sync_days`: as in the configuration."""
    first = today - timedelta(days=sync_days)
    return [
        f"{database}: made, and empty",
        f"`lgsco sync` and `lgsco daemon` cover decisions dated {first} and later: the last "
        f"{count_of(sync_days, 'day')} ([schedule] sync_days)",
        "`lgsco backfill` fetches the earlier ones too, or part of them with --from and --to; sync then covers "
        "those dates as well",
    ]
