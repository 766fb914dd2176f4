"""Rebuilds the table `revisions` with other allowed reasons, which SQLite cannot change in place.

Released migrations call this, so what it does to a file of an older schema must not change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlite_utils import Database

from storage.errors import StoreFailed

_CHANGE = re.compile(r"\bchange TEXT NOT NULL(?: CHECK \(change IN \([^)]*\)\))?")


def set_revision_reasons(db: Database, reasons: Sequence[str]) -> None:
    """Makes these the only values that `revisions.change` accepts, and keeps rows, columns, keys, indexes and triggers.

    Raises StoreFailed if a row has another value; then nothing is changed.
    """
    _require_known(db, reasons)
    (definition,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'revisions'").fetchone()
    dependents = db.execute(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 'revisions' AND type IN ('index', 'trigger') "
        "AND sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    allowed = ", ".join(f"'{reason}'" for reason in reasons)
    rebuilt, found = _CHANGE.subn(f"change TEXT NOT NULL CHECK (change IN ({allowed}))", definition)
    assert found == 1, definition
    db.execute("PRAGMA legacy_alter_table = ON")  # otherwise views and triggers would refer to the old table
    try:
        db.execute("ALTER TABLE revisions RENAME TO revisions_before")
    finally:
        db.execute("PRAGMA legacy_alter_table = OFF")
    db.execute(rebuilt)
    db.execute("INSERT INTO revisions SELECT * FROM revisions_before")
    db.execute("DROP TABLE revisions_before")
    for (sql,) in dependents:
        db.execute(sql)


def _require_known(db: Database, reasons: Sequence[str]) -> None:
    rows = db.execute("SELECT change, count(*) FROM revisions GROUP BY change ORDER BY change").fetchall()
    unknown = {change: count for change, count in rows if change not in reasons}
    if unknown:
        (path,) = db.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
        raise StoreFailed(
            f"{path}: {sum(unknown.values())} rows of revisions have a `change` that lgsco never records "
            f"({', '.join(map(repr, unknown))}); set it to one of {', '.join(reasons)}, then run the same command again"
        )
