"""Decisions and their revisions: finding what is held, recording what was read.

The current reading of a decision stands in `decisions`; `revisions` has a row for every reading ever recorded, whose
text and fields are NULL while they are the current ones. Nothing here deletes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from storage.layout import Layout, layout, lines
from storage.model import Decision, Source, Window

FIELDS = ("authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary")
"""The columns of a decision that its page prints, beside its text."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A decision as it was read once, with where it was read."""

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
    """When a page kept earlier was read again; None for a page or document that was just seen."""

    @property
    def recorded_at(self) -> str:
        return self.again or self.at

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fields(self) -> dict[str, str | None]:
        return _fields(self.decision)


@dataclass(frozen=True, slots=True)
class Held:
    """The current reading of a decision, as it is kept."""

    decision: Decision
    text: str
    text_sha256: str
    source: Source
    normaliser: str
    layout: Layout
    import_sha256s: frozenset[str]
    """The texts of the revisions that imports brought."""
    import_fields: Mapping[str, str | None]
    """What imports print of fields, the newest last word."""

    def fields(self) -> dict[str, str | None]:
        return _fields(self.decision)


def _fields(decision: Decision) -> dict[str, str | None]:
    decided = decision.decision_date
    values: dict[str, str | None] = {name: getattr(decision, name) for name in FIELDS if name != "decision_date"}
    return {**values, "decision_date": decided.isoformat() if decided else None}


def find_held(db: sqlite3.Connection, references: Iterable[str]) -> dict[str, Held]:
    """The current readings of those decisions that are held."""
    wanted = json.dumps(list(references))
    rows = db.execute(
        f"SELECT d.reference, {', '.join('d.' + name for name in FIELDS)}, d.text, d.text_sha256, d.source, "
        "d.normaliser, y.kinds, y.numbers FROM decisions AS d JOIN layouts AS y USING (reference) "
        "WHERE d.reference IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).fetchall()
    found: dict[str, Held] = {}
    for reference, *rest in rows:
        fields = dict(zip(FIELDS, rest, strict=False))
        text, text_sha256, source, normaliser, kinds, numbers = rest[len(FIELDS) :]
        imports = db.execute(
            "SELECT text_sha256, fields FROM revisions WHERE reference = ? AND source = 'import' ORDER BY revision",
            (reference,),
        ).fetchall()
        import_fields: dict[str, str | None] = {}
        for _, kept in imports:
            import_fields.update({name: value for name, value in json.loads(kept or "{}").items() if value is not None})
        decided = fields.pop("decision_date")
        kept_layout = Layout(kinds, numbers)
        kept_lines = lines(text, kept_layout)
        found[reference] = Held(
            decision=Decision(
                reference=reference,
                decision_date=date.fromisoformat(decided) if decided else None,
                lines=kept_lines,
                closed=True,
                **fields,
            ),
            text=text,
            text_sha256=text_sha256,
            source=source,
            normaliser=normaliser,
            layout=kept_layout,
            import_sha256s=frozenset(sha for sha, _ in imports),
            import_fields=import_fields,
        )
    return found


_STAGED = (
    "reference",
    *FIELDS,
    "text",
    "url",
    "status",
    "first_seen",
    "last_seen",
    "updated_at",
    "text_sha256",
    "normaliser",
    "source",
)


def record_first(db: sqlite3.Connection, readings: Sequence[Reading], run: int | None) -> None:
    """Records decisions that are not held yet. Call it inside a transaction.

    The rows go through a temporary table, because the full-text index is flushed at every statement.
    """
    if not readings:
        return
    db.execute(f"CREATE TEMP TABLE IF NOT EXISTS staged ({', '.join(_STAGED)})")
    db.execute("DELETE FROM staged")
    rows = []
    for reading in readings:
        fields = reading.fields()
        seen = reading.at if reading.source == "site" else None
        rows.append(
            (
                reading.decision.reference,
                *(fields[name] for name in FIELDS),
                reading.text,
                reading.url,
                "published" if reading.source == "site" else None,
                reading.at,
                seen,
                reading.at,
                reading.text_sha256,
                reading.normaliser,
                reading.source,
            )
        )
    db.executemany(f"INSERT INTO staged VALUES ({', '.join('?' * len(_STAGED))})", rows)
    db.execute(f"INSERT INTO decisions ({', '.join(_STAGED)}) SELECT * FROM staged ORDER BY rowid")
    db.execute("DELETE FROM staged")
    db.executemany(
        "INSERT INTO layouts (reference, kinds, numbers) VALUES (?, ?, ?)",
        [(reading.decision.reference, *layout(reading.decision.lines)) for reading in readings],
    )
    db.executemany(
        "INSERT INTO revisions (reference, revision, recorded_at, source, change, text_sha256, normaliser, page, "
        "document, run) VALUES (?, 1, ?, ?, 'first', ?, ?, ?, ?, ?)",
        [
            (
                reading.decision.reference,
                reading.at,
                reading.source,
                row[-3],
                reading.normaliser,
                reading.page,
                reading.document,
                run,
            )
            for reading, row in zip(readings, rows, strict=True)
        ],
    )


def supersede(db: sqlite3.Connection, reading: Reading, change: str, run: int | None) -> None:
    """Makes a reading the current one; the one it follows stays whole in `revisions`. Call it inside a transaction."""
    reference = reading.decision.reference
    shelve = ", ".join(f"'{name}', d.{name}" for name in (*FIELDS, "url"))
    db.execute(
        f"UPDATE revisions SET text = d.text, fields = json_object({shelve}) FROM decisions AS d "
        "WHERE d.reference = revisions.reference AND revisions.reference = ? AND revisions.text IS NULL",
        (reference,),
    )
    fields = reading.fields()
    site = reading.source == "site" and reading.again is None
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
            "at": reading.recorded_at,
            "url": reading.url,
            "site": site,
            "reference": reference,
        },
    )
    _lay_out(db, reading)
    _add_revision(db, reading, change, run, current=True)


def keep_beside(db: sqlite3.Connection, reading: Reading, run: int | None) -> None:
    """Keeps an import beside the current reading. Call it inside a transaction."""
    _add_revision(db, reading, "beside", run, current=False)


def fill(db: sqlite3.Connection, reference: str, fields: Mapping[str, str | None]) -> None:
    """Gives NULL columns of a decision the values that a listing card or an import prints."""
    known = {name: value for name, value in fields.items() if value is not None}
    if known:
        db.execute(
            f"UPDATE decisions SET {', '.join(f'{name} = coalesce({name}, :{name})' for name in known)} "
            "WHERE reference = :reference",
            {**known, "reference": reference},
        )


def seen(db: sqlite3.Connection, reading: Reading) -> None:
    """Says that a fetch showed the decision as it is held; a page read again shows nothing of today."""
    if reading.again is not None:
        return
    db.execute(
        "UPDATE decisions SET last_seen = ?, url = ?, status = 'published' WHERE reference = ?",
        (reading.at, reading.url, reading.decision.reference),
    )


def record_seen(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Says that the site calls the page of a held decision unchanged."""
    db.execute(
        "UPDATE decisions SET last_seen = max(last_seen, ?), status = 'published' WHERE reference = ? "
        "AND source = 'site'",
        (at, reference),
    )


def reread(db: sqlite3.Connection, reading: Reading) -> None:
    """Brings columns, numbers and kinds of lines up to date where the words stand as they were."""
    _lay_out(db, reading)
    db.execute(
        f"UPDATE decisions SET {', '.join(f'{name} = coalesce(:{name}, {name})' for name in FIELDS)}, "
        "normaliser = :normaliser WHERE reference = :reference",
        {**reading.fields(), "normaliser": reading.normaliser, "reference": reading.decision.reference},
    )


def _lay_out(db: sqlite3.Connection, reading: Reading) -> None:
    db.execute(
        "UPDATE layouts SET kinds = ?, numbers = ? WHERE reference = ?",
        (*layout(reading.decision.lines), reading.decision.reference),
    )


def _add_revision(db: sqlite3.Connection, reading: Reading, change: str, run: int | None, *, current: bool) -> None:
    db.execute(
        "INSERT INTO revisions (reference, revision, recorded_at, source, change, text_sha256, normaliser, page, "
        "document, run, fields, text) SELECT ?, max(revision) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
        "FROM revisions WHERE reference = ?",
        (
            reading.decision.reference,
            reading.recorded_at,
            reading.source,
            change,
            reading.text_sha256,
            reading.normaliser,
            reading.page,
            reading.document,
            run,
            None if current else json.dumps(reading.fields(), ensure_ascii=False),
            None if current else reading.text,
            reading.decision.reference,
        ),
    )


def count_held_between(db: sqlite3.Connection, window: Window) -> int:
    """How many decisions of a window are held as the site shows them."""
    row = db.execute(
        "SELECT count(*) FROM decisions WHERE source = 'site' AND decision_date BETWEEN ? AND ?",
        (window.first.isoformat(), window.last.isoformat()),
    ).fetchone()
    return int(row[0])


def find_text(db: sqlite3.Connection, reference: str, revision: int | None = None) -> str | None:
    """The text of a decision, of its current reading or of one revision; None when it is not held."""
    if revision is None:
        row = db.execute("SELECT text FROM decisions WHERE reference = ?", (reference,)).fetchone()
    else:
        row = db.execute(
            "SELECT coalesce(r.text, d.text) FROM revisions AS r JOIN decisions AS d USING (reference) "
            "WHERE r.reference = ? AND r.revision = ?",
            (reference, revision),
        ).fetchone()
    return row[0] if row else None
