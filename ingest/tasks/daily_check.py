"""Checks for the daemon, once a day, a share of the rows and pending template changes.

Each row is checked once in four weeks.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ingest.reports.template_changes import describe_change, diff_lines
from storage.database import reading
from storage.model import PENDING
from storage.row_checks import Share, check_rows
from storage.templates import find_change_rows

DAYS = 28
"""Days until the same rows are checked again."""
_MAX_NAMED = 10
"""The most damaged rows that the alert names."""


def find_damage(database: Path, today: date) -> str | None:
    """Returns a sentence that names the damaged rows of today's share; None if none is damaged. Raises StoreError."""
    share = Share(today.toordinal() % DAYS, DAYS)
    with reading(database) as db:
        damages = list(check_rows(db, share=share))
    if not damages:
        return None
    named = "; ".join(map(str, damages[:_MAX_NAMED]))
    more = f"; and {len(damages) - _MAX_NAMED:,} more" if len(damages) > _MAX_NAMED else ""
    return f"{database} is damaged: {named}{more}; `lgsco verify --repair` rebuilds what it can"


def describe_pending(database: Path) -> str | None:
    """Describes the template changes that wait for a decision, one line each, then their diffs; None if there are none.

    Raises StoreError.
    """
    with reading(database) as db:
        pending = find_change_rows(db, PENDING)
    return "\n".join([*map(describe_change, pending), *diff_lines(pending)]) if pending else None
