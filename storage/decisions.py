"""Finds and records decisions and their revisions.

`decisions` has the current reading of each decision. `revisions` has a row for every reading ever recorded; its text
and fields are NULL while the reading is the current one. Nothing here deletes rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from storage.digests import DECISION, INSTANT_GLOB, digest, find_decision_flaw, sha256_of
from storage.errors import Damaged
from storage.layout import Layout, make_layout, split_lines
from storage.model import Decision, DecisionKind, Line, RevisionReason, Source

FIELDS = ("authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary")
"""The columns of a decision that its page prints, beside its text."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a decision, with where and when it was made."""

    decision: Decision
    text: str
    source: Source
    at: str
    """When the page was fetched or the document imported: UTC, ISO 8601 with Z."""
    normaliser: str
    url: str | None = None
    page: int | None = None
    document: str | None = None
    """The imported file."""
    again: str | None = None
    """When a stored page was parsed again; None for a page or document that was just fetched or imported."""

    @property
    def recorded_at(self) -> str:
        return self.again or self.at

    @property
    def text_sha256(self) -> str:
        return sha256_of(self.text)

    def fields(self) -> dict[str, str | None]:
        return _read_fields(self.decision)


class Recorded(NamedTuple):
    """The source and the text's SHA-256 of a decision's current reading, according to its revision."""

    source: Source
    text_sha256: str


@dataclass(frozen=True, slots=True)
class Held:
    """The current reading of a decision, as it is stored. Fields that neither the site nor an import prints are None.

    It is not a `Decision`: whether the text ends with the closing line of a statement is not stored.
    """

    reference: str
    authority: str | None
    category: str | None
    subcategory: str | None
    outcome: str | None
    decision_date: date | None
    kind: DecisionKind | None
    summary: str | None
    lines: tuple[Line, ...]
    text: str
    text_sha256: str
    source: Source
    normaliser: str
    layout: Layout
    import_sha256s: frozenset[str]
    """The SHA-256 of the text of each revision that an import recorded."""
    import_fields: Mapping[str, str | None]
    """The fields that imports print; of each field the newest value."""
    flaw: str | None = None
    """The damage, if any; then no other field can be trusted, and `lines` may be empty."""
    recorded: Recorded | None = None
    """For a damaged decision, its newest revision that was recorded as current."""

    def fields(self) -> dict[str, str | None]:
        return _read_fields(self)


def _read_fields(printed: Decision | Held) -> dict[str, str | None]:
    """The values of the columns `FIELDS`, in their order."""
    return {name: str(value) if (value := getattr(printed, name)) is not None else None for name in FIELDS}


_HELD = (
    f"SELECT {', '.join('d.' + name for name in DECISION)}, y.kinds, y.numbers, y.sha256, d.text, d.last_seen "
    "FROM decisions AS d LEFT JOIN layouts AS y USING (reference) WHERE d.reference IN (SELECT value FROM json_each(?))"
)


def find_held(db: sqlite3.Connection, references: Iterable[str]) -> dict[str, Held]:
    """Finds the current readings of the decisions that are stored, by reference.

    In a damaged text that is not UTF-8, the invalid bytes are replaced.
    """
    wanted = json.dumps(list(references))
    try:
        rows = db.execute(_HELD, (wanted,)).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        before, db.text_factory = db.text_factory, lambda words: words.decode("utf-8", "replace")
        try:
            rows = db.execute(_HELD, (wanted,)).fetchall()
        finally:
            db.text_factory = before
    held = [_make_held(db, row) for row in rows]
    return {one.reference: one for one in held}


def _make_held(db: sqlite3.Connection, row: Sequence[Any]) -> Held:
    *covered, stored, text, last_seen = row
    of = dict(zip((*DECISION, "kinds", "numbers"), covered, strict=True))
    flaw = find_decision_flaw(covered, stored, text, of["text_sha256"], last_seen)
    its_layout = Layout(of["kinds"] or "", of["numbers"] or "")
    import_sha256s, import_fields = _find_imports(db, of["reference"])
    try:
        decided = None if of["decision_date"] is None else date.fromisoformat(of["decision_date"])
        its_lines = split_lines(text, its_layout)
    except (ValueError, Damaged) as error:
        decided, its_lines, flaw = None, (), flaw or str(error)
    return Held(
        **{**{name: of[name] for name in FIELDS}, "decision_date": decided},
        reference=of["reference"],
        lines=its_lines,
        text=text,
        text_sha256=of["text_sha256"],
        source=of["source"],
        normaliser=of["normaliser"],
        layout=its_layout,
        import_sha256s=import_sha256s,
        import_fields=import_fields,
        flaw=flaw,
        recorded=_find_recorded(db, of["reference"]) if flaw else None,
    )


def _find_recorded(db: sqlite3.Connection, reference: str) -> Recorded | None:
    row = db.execute(
        "SELECT source, text_sha256 FROM revisions WHERE reference = ? AND text IS NULL ORDER BY revision DESC LIMIT 1",
        (reference,),
    ).fetchone()
    return Recorded(*row) if row else None


def _find_imports(db: sqlite3.Connection, reference: str) -> tuple[frozenset[str], dict[str, str | None]]:
    """Finds the SHA-256s of a decision's imported texts, and the newest value of each field that imports print."""
    revisions = db.execute(
        "SELECT text_sha256, fields FROM revisions WHERE reference = ? AND source = 'import' ORDER BY revision",
        (reference,),
    ).fetchall()
    printed: dict[str, str | None] = {}
    for _, fields in revisions:
        try:
            of_it = json.loads(fields or "{}")
        except ValueError:  # `lgsco verify` reports this revision
            continue
        if isinstance(of_it, dict):
            printed.update({name: of_it[name] for name in FIELDS if of_it.get(name) is not None})
    return frozenset(sha for sha, _ in revisions), printed


_COLUMNS = (*DECISION, "last_seen", "text")
_ROW_OF_PLACES = f"({', '.join('?' * len(_COLUMNS))})"
_ROWS_AT_ONCE = 250
"""Rows in one statement: 250 x 17 values, below the 32,766 that SQLite takes."""
_INSERT_REVISION = (
    "INSERT INTO revisions (reference, revision, recorded_at, source, change, text_sha256, normaliser, page, document, "
    "run, fields, sha256, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def record_first(db: sqlite3.Connection, readings: Sequence[Reading], run: int | None) -> None:
    """Records decisions that are not stored yet. Call it inside a transaction.

    Many rows go into one statement, because SQLite flushes the full-text index after every statement.
    """
    if not readings:
        return
    rows = [_first_row(reading) for reading in readings]
    values = [[row[name] for name in _COLUMNS] for row in rows]
    for start in range(0, len(values), _ROWS_AT_ONCE):
        some = values[start : start + _ROWS_AT_ONCE]
        db.execute(
            f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES {', '.join([_ROW_OF_PLACES] * len(some))}",
            [value for row in some for value in row],
        )
    layouts = [make_layout(reading.decision.lines) for reading in readings]
    db.executemany(
        "INSERT INTO layouts (reference, kinds, numbers, sha256) VALUES (?, ?, ?, ?)",
        [
            (row["reference"], *its_layout, digest((*printed[: len(DECISION)], *its_layout)))
            for row, printed, its_layout in zip(rows, values, layouts, strict=True)
        ],
    )
    first: RevisionReason = "first"
    revisions = [
        (
            *(row["reference"], 1, row["updated_at"], reading.source, first, row["text_sha256"], reading.normaliser),
            *(reading.page, reading.document, run, None),
        )
        for reading, row in zip(readings, rows, strict=True)
    ]
    db.executemany(_INSERT_REVISION, [(*revision, digest((*revision, 1)), None) for revision in revisions])


def _first_row(reading: Reading) -> dict[str, str | None]:
    """Makes the row of `decisions` for a reading of a decision that is not stored yet."""
    is_published = reading.source == "site"
    return {
        "reference": reading.decision.reference,
        **reading.fields(),
        "text": reading.text,
        "url": reading.url,
        "status": "published" if is_published else None,
        "first_seen": reading.at,
        "last_seen": reading.at if is_published else None,
        "updated_at": reading.at,
        "text_sha256": reading.text_sha256,
        "normaliser": reading.normaliser,
        "source": reading.source,
    }


def supersede(db: sqlite3.Connection, reading: Reading, change: RevisionReason, run: int | None) -> None:
    """Makes a reading the current one; the one before stays in `revisions`. Call it inside a transaction."""
    reference = reading.decision.reference
    shelve = ", ".join(f"'{name}', d.{name}" for name in (*FIELDS, "url"))
    db.execute(
        f"UPDATE revisions SET text = d.text, fields = json_object({shelve}) FROM decisions AS d "
        "WHERE d.reference = revisions.reference AND revisions.reference = ? AND revisions.text IS NULL",
        (reference,),
    )
    fields = reading.fields()
    site = reading.source == "site" and reading.again is None
    at = _date_after_first(db, reference, reading.recorded_at)
    db.execute(
        f"UPDATE decisions SET {', '.join(f'{name} = :{name}' for name in FIELDS)}, text = :text, "
        "text_sha256 = :text_sha256, normaliser = :normaliser, source = :source, updated_at = :at, "
        "url = coalesce(:url, url), status = iif(:site, 'published', status), "
        "last_seen = iif(:site, :at, last_seen) WHERE reference = :reference",
        {
            **fields,
            "text": reading.text,
            "text_sha256": reading.text_sha256,
            "normaliser": reading.normaliser,
            "source": reading.source,
            "at": at,
            "url": reading.url,
            "site": site,
            "reference": reference,
        },
    )
    record_layout(db, reading)
    _add_revision(db, reading, change, run, at, current=True)


def add_beside(db: sqlite3.Connection, reading: Reading, run: int | None) -> None:
    """Stores an import as a revision beside the current reading. Call it inside a transaction."""
    at = _date_after_first(db, reading.decision.reference, reading.recorded_at)
    _add_revision(db, reading, "beside", run, at, current=False)


def fill_null_columns(db: sqlite3.Connection, reference: str, fields: Mapping[str, str | None]) -> None:
    """Sets the NULL columns of a decision to the values that a listing card or an import prints."""
    known = {name: value for name, value in fields.items() if value is not None}
    if known:
        db.execute(
            f"UPDATE decisions SET {', '.join(f'{name} = coalesce({name}, :{name})' for name in known)} "
            "WHERE reference = :reference",
            {**known, "reference": reference},
        )


def record_unchanged(db: sqlite3.Connection, reading: Reading) -> None:
    """Records that a fetch showed the decision as it is stored. A stored page parsed again shows nothing new."""
    if reading.again is not None:
        return
    reference = reading.decision.reference
    db.execute(
        "UPDATE decisions SET last_seen = ?, url = ?, status = 'published' WHERE reference = ?",
        (_date_after_first(db, reference, reading.at), reading.url, reference),
    )


def record_seen(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Records that the site reported the page of a stored decision as unchanged."""
    db.execute(
        "UPDATE decisions SET last_seen = max(last_seen, ?), status = 'published' "
        "WHERE reference = (SELECT reference FROM held_from_site WHERE reference = ?)",
        (at, reference),
    )


def update_columns(db: sqlite3.Connection, reading: Reading) -> None:
    """Updates the columns, and the numbers and kinds of lines, of a decision with an unchanged text."""
    record_layout(db, reading)
    db.execute(
        f"UPDATE decisions SET {', '.join(f'{name} = coalesce(:{name}, {name})' for name in FIELDS)}, "
        "normaliser = :normaliser WHERE reference = :reference",
        {**reading.fields(), "normaliser": reading.normaliser, "reference": reading.decision.reference},
    )


def record_layout(db: sqlite3.Connection, reading: Reading) -> None:
    """Records the kind and number of each line of a stored decision's text."""
    db.execute(
        "INSERT INTO layouts (reference, kinds, numbers) VALUES (?, ?, ?) "
        "ON CONFLICT (reference) DO UPDATE SET kinds = excluded.kinds, numbers = excluded.numbers",
        (reading.decision.reference, *make_layout(reading.decision.lines)),
    )


def _date_after_first(db: sqlite3.Connection, reference: str, at: str) -> str:
    """Returns an instant, or when a stored decision was first stored if that is later: the clock may be set back."""
    row = db.execute(
        f"SELECT max(?1, iif(first_seen GLOB '{INSTANT_GLOB}', first_seen, '')) FROM decisions WHERE reference = ?2",
        (at, reference),
    ).fetchone()
    return str(row[0])


def _add_revision(
    db: sqlite3.Connection, reading: Reading, change: RevisionReason, run: int | None, at: str, *, current: bool
) -> None:
    reference = reading.decision.reference
    (number,) = db.execute("SELECT max(revision) + 1 FROM revisions WHERE reference = ?", (reference,)).fetchone()
    covered = (
        *(reference, number, at, reading.source, change, reading.text_sha256),
        *(reading.normaliser, reading.page, reading.document, run),
        None if current else json.dumps(reading.fields(), ensure_ascii=False),
    )
    db.execute(_INSERT_REVISION, (*covered, digest((*covered, int(current))), None if current else reading.text))
