"""A calendar with months of every state."""

from __future__ import annotations

from datetime import date

from ingest.reports.calendar import Calendar, Numbers, draw
from storage.model import Proof, Window, WindowState


def proof(first: str, last: str, state: WindowState = "proven") -> Proof:
    window = Window(date.fromisoformat(first), date.fromisoformat(last))
    at = "2026-11-02T12:00:00Z"
    return Proof(window, 0, 0, state, at, at, at if state == "proven" else None, "bare")


def every_state() -> Calendar:
    ledger = [
        *(proof("2024-11-01", "2025-05-31"), proof("2025-06-01", "2025-06-30", "short")),
        *(proof("2025-07-01", "2025-07-31", "drifting"), proof("2025-08-01", "2025-08-31", "unknown")),
        proof("2025-09-15", "9999-12-31"),
    ]
    numbers = {f"2025-{month:02}": Numbers(1_200, 1_199, 1) for month in (1, 6, 7, 8, 9, 12)}
    return draw(ledger, numbers, date(2026, 2, 3))
