"""Stores the state of the fill: turned off, suspended, and when it last made progress."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class FillState(NamedTuple):
    """The row of `fill_state`. Instants are UTC, ISO 8601 with Z."""

    turned_off_at: str | None = None
    """When `lgsco fill off` turned it off; None if it is not turned off."""
    progressed_at: str | None = None
    suspensions: int = 0
    """How many slices in a row the site refused."""
    suspended_at: str | None = None
    suspended_until: str | None = None
    reason: str | None = None
    """The answer of the site when it refused."""


_COLUMNS = "turned_off_at, progressed_at, suspensions, suspended_at, suspended_until, reason"


def find_fill_state(db: sqlite3.Connection) -> FillState:
    """Reads the state of the fill."""
    row = db.execute(f"SELECT {_COLUMNS} FROM fill_state").fetchone()
    return FillState(*row) if row else FillState()


def suspend(db: sqlite3.Connection, at: str, until: str, reason: str) -> None:
    """Records that the site refused a slice. Call it inside a transaction."""
    db.execute(
        "UPDATE fill_state SET suspensions = suspensions + 1, suspended_at = ?, suspended_until = ?, reason = ?",
        (at, until, reason),
    )


def record_progress(db: sqlite3.Connection, at: str) -> None:
    """Records that a slice fetched or proved something. Call it inside a transaction."""
    db.execute("UPDATE fill_state SET progressed_at = ?", (at,))


def end_suspension(db: sqlite3.Connection) -> None:
    """Ends a suspension and resets the count of refusals. Call it inside a transaction."""
    db.execute(
        "UPDATE fill_state SET suspensions = 0, suspended_at = NULL, suspended_until = NULL, reason = NULL "
        "WHERE suspensions > 0"
    )


def turn_off(db: sqlite3.Connection, at: str) -> None:
    """Turns the fill off until it is resumed, and ends a suspension. Call it inside a transaction."""
    end_suspension(db)
    db.execute("UPDATE fill_state SET turned_off_at = ?", (at,))


def resume(db: sqlite3.Connection) -> None:
    """Turns the fill on again, and ends a suspension. Call it inside a transaction."""
    end_suspension(db)
    db.execute("UPDATE fill_state SET turned_off_at = NULL")
