"""Copies the database into one consistent, compacted file, while others read and write it.

A copy is checked before it gets its name: each row against its digest. `lgsco verify` also checks the rest of a file,
above all the full-text index, whose check alone takes longer than the copy.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

from storage.database import error_name, plain_errors
from storage.digests import FACTS, REVISIONS
from storage.drafts import remove_dead_drafts
from storage.errors import StoreFailed, explain_unwritten
from storage.export import replacing
from storage.ledger import drop_day_proof
from storage.private import EMPTIED
from storage.quick_checks import sql_digest
from storage.room import find_free_bytes
from storage.row_checks import Damage, Progress, check_rows
from storage.stored import to_day

OLDEST_SQLITE = "3.37"
"""The oldest SQLite version that reads STRICT tables; older ones report the file as malformed."""

_COPY_CACHE_KIB = 500
"""The page cache while the database is copied: each page is needed once, and a larger cache costs time."""

_HANDLER_STEPS = 200_000
"""SQLite's steps between two reports of progress."""

_REVISION_TERMS = tuple(zip(REVISIONS.terms, REVISIONS.sql_terms("r"), strict=True))
"""The terms of a revision's digest, each with its SQL."""


def snapshot(
    db: sqlite3.Connection,
    target: Path,
    *,
    public: bool,
    with_withdrawn: bool = False,
    progress: Progress = lambda _what, _count: None,
) -> list[Damage]:
    """Writes a consistent, compacted copy of the database while others read and write it; returns what is damaged.

    A public copy leaves out suppressed and damaged decisions, and withdrawn ones unless `with_withdrawn`. Any other
    copy is a backup and has all rows of the file. Both are the same archive, with the same UUID, but without the
    daemon's state, since no daemon runs on them. `public` also leaves out raw pages, the journal, the state of the
    fill, and the queue except for excluded decisions: windows are proven without these, so they must be named. The
    copy is not in WAL mode: it is one file. `progress` is
    also called with the megabytes copied. Raises StoreFailed if the target exists.
    """
    if target.exists():
        raise StoreFailed(f"{target} exists; a snapshot never overwrites: remove it, or name another file")
    if not target.parent.is_dir():
        raise StoreFailed(f"{target}: there is no folder {target.parent}")
    with plain_errors(target), replacing(target) as draft:
        remove_dead_drafts(target)
        _create_empty(draft, target)
        _copy(db, draft, progress)
        with contextlib.closing(_open_draft(draft)) as copy:
            copy.execute("DELETE FROM daemon")
            if public:
                copy.executescript("DELETE FROM pages; DELETE FROM dictionaries;")
            damages = list(check_rows(copy, progress, quick=True))
            if public:
                _delete_hidden(copy, with_withdrawn=with_withdrawn)
                _delete_private(copy, {one.reference for one in damages if one.reference is not None})
                _require_sound(copy, damages)
                _compact(copy, draft, progress)
        _write_through(draft)
        return damages


def _create_empty(draft: Path, target: Path) -> None:
    """Creates the empty file that SQLite copies into: if that fails, SQLite does not say why. Raises StoreFailed."""
    try:
        draft.touch(mode=0o644)  # as SQLite would
    except OSError as error:
        raise explain_unwritten(target, error) from None


def _open_draft(draft: Path) -> sqlite3.Connection:
    """Opens a draft. If anything fails it is deleted, so it needs no journal, and it is written through at the end.

    Deleted rows need not be overwritten: a public copy is compacted afterwards.
    """
    copy = sqlite3.connect(draft, isolation_level=None)
    for setting in ("temp_store = MEMORY", "journal_mode = OFF", "synchronous = OFF", "secure_delete = OFF"):
        copy.execute(f"PRAGMA {setting}")
    return copy


def _write_through(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _copy(db: sqlite3.Connection, draft: Path, progress: Progress) -> None:
    (cache,) = db.execute("PRAGMA cache_size").fetchone()
    db.execute("PRAGMA query_only = OFF")  # VACUUM INTO needs this; it writes only the copy
    try:
        _vacuum_into(db, draft, progress)
    except sqlite3.DatabaseError as error:
        name = error_name(error)
        if name.startswith("SQLITE_CORRUPT") or (name == "SQLITE_FULL" and _has_room(db, draft)):
            raise StoreFailed(
                f"the database is damaged ({error}) and was not copied; `lgsco restore BACKUP` replaces it"
            ) from None
        raise
    finally:
        db.execute("PRAGMA query_only = ON")
        db.execute(f"PRAGMA cache_size = {cache}")


def _has_room(db: sqlite3.Connection, draft: Path) -> bool:
    """Whether there is room for a copy. Then SQLITE_FULL means a damaged row id: none is left above it."""
    (needed,) = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    written = draft.stat().st_size if draft.exists() else 0
    return find_free_bytes(draft) + written > int(needed)


def _vacuum_into(db: sqlite3.Connection, file: Path, progress: Progress) -> None:
    """Runs `VACUUM INTO`, and reports the megabytes written so far."""
    db.execute(f"PRAGMA cache_size = -{_COPY_CACHE_KIB}")
    db.set_progress_handler(_report_size(file, progress), _HANDLER_STEPS)
    try:
        db.execute("VACUUM INTO ?", (str(file),))
    finally:
        db.set_progress_handler(None, 0)


def _report_size(file: Path, progress: Progress) -> Callable[[], int]:
    reported = 0

    def report() -> int:
        nonlocal reported
        with contextlib.suppress(OSError):
            size = file.stat().st_size // 1_000_000
            progress("MB of the copy", size - reported)
            reported = size
        return 0

    return report


def _require_sound(copy: sqlite3.Connection, damages: list[Damage]) -> None:
    """Raises StoreFailed if damaged decisions could not be left out, for example where a row has lost its reference."""
    if damages and (left := list(check_rows(copy))):
        raise StoreFailed(
            f"the database is damaged ({left[0]}) and no public copy is made; `lgsco restore BACKUP` replaces it, or "
            "`lgsco verify --repair` rebuilds what it can"
        )


def _delete_hidden(copy: sqlite3.Connection, *, with_withdrawn: bool) -> None:
    """Deletes every row about suppressed and, unless asked for, withdrawn decisions from a snapshot.

    The days on which the site lists one of these are not proven any more, because their numbers would not add up.
    """
    also = "" if with_withdrawn else " UNION SELECT reference FROM decisions WHERE status = 'withdrawn'"
    copy.execute(f"CREATE TEMP TABLE hidden AS SELECT reference FROM suppressions{also}")
    copy.execute("BEGIN")
    days = _find_days(copy, "SELECT reference FROM hidden")
    copy.execute("DELETE FROM related WHERE other IN (SELECT reference FROM hidden)")
    tables = copy.execute(
        "SELECT t.name FROM main.sqlite_schema AS t JOIN pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table' AND c.name = 'reference' ORDER BY t.name = 'decisions'"
    ).fetchall()
    for (table,) in tables:  # `decisions` last, since others refer to it
        copy.execute(f"DELETE FROM {table} WHERE reference IN (SELECT reference FROM hidden)")
    for day in days:
        drop_day_proof(copy, *day)
    if copy.execute("SELECT 1 FROM hidden LIMIT 1").fetchone():  # the index would keep the words of deleted texts
        copy.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild')")
    copy.execute("COMMIT")
    copy.execute("DROP TABLE hidden")


def _find_days(copy: sqlite3.Connection, keys: str, *values: str) -> list[tuple[date, str, int]]:
    """Finds the days on which the site lists some decisions, as arguments for `drop_day_proof`.

    `keys`: a query for their references; `values`: its parameters. The other days of their windows keep their state.
    """
    days = copy.execute(
        "SELECT e.stands_on, w.counted_at, w.run FROM entries AS e "
        "JOIN windows AS w ON e.stands_on BETWEEN w.first AND w.last "
        f"WHERE e.reference IN ({keys}) AND e.unlisted_at IS NULL GROUP BY e.stands_on",
        values,
    )
    return [(to_day(day, "a listing entry"), counted_at, run) for day, counted_at, run in days]


def _delete_private(copy: sqlite3.Connection, damaged: Collection[str]) -> None:
    """Deletes private rows and damaged decisions from a snapshot."""
    copy.execute("BEGIN")
    for day in _find_days(copy, "SELECT value FROM json_each(?)", json.dumps(list(damaged))):
        drop_day_proof(copy, *day)
    for key in damaged:
        for table in ("layouts", "revisions", "absences", "unchecked", *(one.table for one in FACTS), "decisions"):
            copy.execute(f"DELETE FROM {table} WHERE reference = ?", (key,))
    for table in ("layouts", "revisions"):
        copy.execute(f"DELETE FROM {table} WHERE reference NOT IN (SELECT reference FROM decisions)")
    if damaged:  # removing a damaged text would leave the index damaged
        copy.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild')")
    # Each row matches its digest: those of damaged decisions are deleted.
    without = [{"page": "NULL", "document": "NULL"}.get(term, sql) for term, sql in _REVISION_TERMS]
    copy.execute(f"UPDATE revisions AS r SET page = NULL, document = NULL, sha256 = {sql_digest(without)}")
    # These name files and the operator.
    copy.execute("UPDATE runs SET arguments = '{}', message = NULL, process = 0, user_agent = NULL")
    copy.execute("DELETE FROM queue WHERE state <> 'excluded'")
    # The recipient of a copy did not ask for the fill of the original archive.
    copy.execute("UPDATE archive SET made_by = 'snapshot'")
    copy.execute("DELETE FROM fill_state")
    copy.execute("INSERT INTO fill_state (id) VALUES (1)")
    for table in EMPTIED:
        copy.execute(f"DELETE FROM {table}")
    copy.execute("COMMIT")


def _compact(copy: sqlite3.Connection, draft: Path, progress: Progress) -> None:
    """Replaces the draft with a compacted copy.

    A plain VACUUM would need space for a second copy in the system's folder for temporary files.
    """
    with replacing(draft) as compacted:
        compacted.unlink(missing_ok=True)
        _vacuum_into(copy, compacted, progress)
