"""The daemon's daily check of a share of the rows, so that every row is checked within four weeks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from storage.database import reading
from storage.row_checks import Share, check_rows

DAYS = 28
"""Days until the same rows are checked again."""
_NAMED = 10


def find_damage(database: Path, today: date) -> str | None:
    """A sentence that names the damaged rows of today's share; None where none is damaged. Raises StoreError."""
    share = Share(today.toordinal() % DAYS, DAYS)
    with reading(database) as db:
        damages = list(check_rows(db, share=share))
    if not damages:
        return None
    named = "; ".join(map(str, damages[:_NAMED]))
    more = f"; and {len(damages) - _NAMED:,} more" if len(damages) > _NAMED else ""
    return f"{database} is damaged: {named}{more}; `lgsco verify --repair` puts back what can be rebuilt"
