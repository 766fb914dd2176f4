"""Names the tables that are not for the public, and refuses to read them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from storage.errors import NotPublic

EMPTIED = (
    *("pages", "dictionaries", "requests", "request_days", "promises", "robots", "pace", "checks", "held_texts"),
    *("rereads", "text_sketches", "unrelated", "renormalising"),
    *("template_answers", "template_sightings", "template_edits", "template_changes", "suppressions"),
)
"""The tables that are empty in a public snapshot."""

PRIVATE = frozenset({*EMPTIED, "runs", "daemon", "queue", "fill_state", "unchecked", "unreadable", "outside_blocks"})
"""The tables that a public server does not show. A public snapshot has rows in some of them, without private values,
because other tables refer to these rows or a view needs them."""

_UNREADABLE = PRIVATE - {"suppressions"}
"""The private tables but one: the queries of the pages read it to leave decisions out, and it is empty."""

_VIEWS = frozenset({"missing", "failures", "coverage", "held_from_site"})
"""The views that may read private tables."""

_REFUSED_PRAGMAS = frozenset({"database_list"})
"""Would name the path of the file."""


def refuse_private(db: sqlite3.Connection) -> None:
    """Makes a connection refuse statements that read a private table, or the path of the file."""

    def authorise(action: int, first: str | None, _second: str | None, _schema: str | None, source: str | None) -> int:
        if action == sqlite3.SQLITE_READ and first in _UNREADABLE and source not in _VIEWS:
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA and first in _REFUSED_PRAGMAS:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    db.set_authorizer(authorise)


def require_public(db: sqlite3.Connection, path: Path, *, with_withdrawn: bool) -> None:
    """Raises NotPublic unless a file is a public snapshot. `with_withdrawn`: it may have withdrawn decisions."""
    found = next((table for table in EMPTIED if db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()), None)
    if found is None and db.execute(_NAMES_FILES_OR_OPERATOR).fetchone() is not None:
        found = "runs or revisions"
    if found is not None:
        raise NotPublic(
            f"{path} is not a public snapshot (it has rows in {found}); make one with `lgsco snapshot --public FILE` "
            "and serve that"
        )
    if not with_withdrawn and db.execute("SELECT 1 FROM decisions WHERE status = 'withdrawn' LIMIT 1").fetchone():
        raise NotPublic(
            f"{path} has withdrawn decisions; make a snapshot without them with `lgsco snapshot --public FILE`, or "
            "allow them with --with-withdrawn"
        )


_NAMES_FILES_OR_OPERATOR = (
    "SELECT 1 FROM runs WHERE user_agent IS NOT NULL OR message IS NOT NULL OR arguments <> '{}' "
    "UNION ALL SELECT 1 FROM revisions WHERE document IS NOT NULL OR page IS NOT NULL LIMIT 1"
)
