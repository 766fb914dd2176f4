"""Checks a file for damage, without writing to it.

It runs SQLite's own checks, and compares the schema, each row with its digest, and the counts of the ledger
and of the listing.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from datetime import date

from storage.counters import check_counters
from storage.database import SCHEMA_VERSION, error_name
from storage.row_checks import Damage, Look, Progress, check_rows, guarded

_FILE_ERRORS = 100
"""The most lines of SQLite's own check."""


def check(
    db: sqlite3.Connection, progress: Progress = lambda _what, _count: None, look: Look | None = None
) -> Iterator[Damage]:
    """Yields every damage that it finds. `check_index` checks the full-text index."""
    yield from check_file(db)
    yield from check_schema(db)
    yield from check_rows(db, progress, look=look)
    yield from check_ledger(db)
    yield from check_counters(db)


# ---------------------------------------------------------------- what SQLite checks itself


def check_file(db: sqlite3.Connection) -> Iterator[Damage]:
    """Yields what SQLite's `integrity_check` and `foreign_key_check` report."""

    def lines() -> Iterator[Damage]:
        for (line,) in db.execute(f"PRAGMA integrity_check({_FILE_ERRORS})"):
            if line != "ok":
                yield Damage("file", "SQLite", " ".join(str(line).split()))

    def orphans() -> Iterator[Damage]:
        for table, _, parent, _ in db.execute("PRAGMA foreign_key_check"):
            yield Damage("file", str(table), f"a row refers to a missing row of {parent}")

    yield from guarded("file", "SQLite", lines())
    yield from guarded("file", "foreign keys", orphans())


def check_schema(db: sqlite3.Connection) -> Iterator[Damage]:
    """Finds tables, indexes, triggers and views that differ from what the migrations make. Additions are not damage."""
    from storage.schema import apply_pending

    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        apply_pending(fresh)
        expected = find_schema(fresh)
    found = find_schema(db)
    for name, definition in expected.items():
        if name not in found:
            yield Damage("schema", name, "is missing")
        elif found[name] != definition:
            yield Damage("schema", name, "differs from what this lgsco makes")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        yield Damage("schema", "user_version", f"is {version}, not {SCHEMA_VERSION}")


def find_schema(db: sqlite3.Connection) -> dict[str, str]:
    """Returns the definition of each table, index, trigger and view, in a form in which equal ones are equal."""
    rows = db.execute("SELECT name, type || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema")
    return {name: _normalise(definition) for name, definition in rows}


def _normalise(definition: str) -> str:
    """Removes what differs between a table that was created whole and one to which columns were added later."""
    return re.sub(r" ?([(),]) ?", r"\1", re.sub(r'\s+|"', " ", definition)).strip()


# ---------------------------------------------------------------- the full-text index


def check_index(db: sqlite3.Connection) -> Iterator[Damage]:
    """Checks whether the full-text index matches its table.

    SQLite must write for this check, so a read-only file cannot be checked: raises sqlite3.OperationalError.
    """
    read_only = db.execute("PRAGMA query_only").fetchone()[0]
    db.execute("PRAGMA query_only = OFF")
    try:
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if not error_name(error).startswith("SQLITE_CORRUPT"):
            raise
        yield Damage("index", "the full-text index", "does not match the texts")
    finally:
        db.execute(f"PRAGMA query_only = {read_only}")


# ---------------------------------------------------------------- the ledger


def check_ledger(db: sqlite3.Connection) -> Iterator[Damage]:
    """Finds the windows with impossible dates or counts."""
    yield from guarded("ledger", "the ledger", _check_windows(db))


def _check_windows(db: sqlite3.Connection) -> Iterator[Damage]:
    before = ""
    for first, last, state, total, listed, standing, missing in db.execute(
        "SELECT w.first, w.last, w.state, w.total, w.listed, (SELECT count(*) FROM entries AS e "
        "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN w.first AND w.last), "
        "CASE w.state WHEN 'proven' THEN (SELECT count(*) FROM missing AS m WHERE m.decision_date BETWEEN w.first "
        "AND w.last AND m.state <> 'excluded') ELSE 0 END FROM windows AS w ORDER BY w.first"
    ):
        window = f"{first} to {last}"
        if not (_is_day(first) and _is_day(last)) or first > last:
            yield Damage("ledger", window, "is not a range of dates, the first before the last")
        elif first <= before:
            yield Damage("ledger", window, f"overlaps the range that ends on {before}")
        elif state == "proven" and not (total == listed == standing and not missing):
            yield Damage(
                "ledger",
                window,
                f"its counts contradict its state: total {total}, listed {listed}, entries {standing}, "
                f"missing {missing}",
            )
        before = max(before, str(last))


def _is_day(value: object) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False
