"""Compares the CPU time of `verify` with bare reading, decompressing and hashing, and with SQLite's own checks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard

from bench.figures import Figure, each, in_turns, ratios
from bench.write import _prepare, _record
from ingest.reports.cross_references import CrossReferenceCount
from storage import verify
from storage.database import reading
from storage.export import export
from storage.row_checks import Damage, check_rows


def measure(decisions: int = 2_000, rounds: int = 5) -> list[Figure]:
    """Measures both sides in turns, in one process on one file.

    Bare rows: the same columns of the same rows, with texts as bytes, in batches. SHA-256 of each text and of each
    row's joined columns. Raw pages: decompressed and hashed. Packed pages: only their stored bytes are hashed, which is
    all that our digest covers besides the dictionary's. Bare file: that, plus `integrity_check`, `foreign_key_check`
    and the full-text index's `integrity-check`. Then exports of the file.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, "file.db")
        _record(file, _prepare(decisions))
        with reading(file) as db:
            assert _verify(db) == []
            spent = in_turns(
                {
                    "rows": lambda: list(check_rows(db, look=CrossReferenceCount())),
                    "bare rows": lambda: _read(file),
                    "packed rows": lambda: _read(file, packed=True),
                    "file": lambda: _verify(db),
                    "bare file": lambda: _check(file),
                    "packed file": lambda: _check(file, packed=True),
                    "export": lambda: export(db, Path(folder, "out"), "jsonl"),
                },
                rounds,
            )
    return _figures(spent, decisions)


def _verify(db: sqlite3.Connection) -> list[Damage]:
    """Does the same as `lgsco verify`, and counts cross-references too."""
    return [*verify.check(db, look=CrossReferenceCount()), *verify.check_index(db)]


def _figures(spent: dict[str, list[float]], decisions: int) -> list[Figure]:
    return [
        Figure(
            "rows and pages, of reading, unpacking and hashing them",
            ratios(spent["rows"], spent["bare rows"]),
            target=1.15,
            bound="at most",
        ),
        Figure("the same, where pages are hashed as they are stored", ratios(spent["rows"], spent["packed rows"])),
        Figure(
            "the whole, of that and SQLite's checks",
            ratios(spent["file"], spent["bare file"]),
            target=1.15,
            bound="at most",
        ),
        Figure("the same, where pages are hashed as they are stored", ratios(spent["file"], spent["packed file"])),
        Figure("rows and pages, CPU a decision", each(spent["rows"], decisions), "µs"),
        Figure("the whole, CPU a decision", each(spent["file"], decisions), "µs"),
        Figure("export --format jsonl, CPU a decision", each(spent["export"], decisions), "µs"),
    ]


_DECISIONS = (
    "SELECT d.rowid, d.reference, d.authority, d.category, d.subcategory, d.outcome, d.decision_date, d.kind, "
    "d.summary, d.url, d.status, d.first_seen, d.updated_at, d.text_sha256, d.normaliser, d.source, y.kinds, "
    "y.numbers, y.sha256, d.last_seen, d.text FROM decisions AS d LEFT JOIN layouts AS y USING (reference) "
    "WHERE d.rowid > ? ORDER BY d.rowid LIMIT 200"
)
_REVISIONS = (
    "SELECT reference, revision, recorded_at, source, change, text_sha256, normaliser, page, document, run, fields, "
    "sha256, text FROM revisions ORDER BY reference, revision"
)
_PAGES = (
    "SELECT id, reference, chapter, url, fetched_at, charset, bytes, dictionary, etag, last_modified, sha256, body "
    "FROM pages WHERE id > ? ORDER BY id LIMIT 200"
)


def _read(path: Path, *, packed: bool = False) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.text_factory = bytes
        last = 0
        while rows := db.execute(_DECISIONS, (last,)).fetchall():
            for row in rows:
                sha256(row[-1]).hexdigest()
                _hash(row[1:-3])
            last = rows[-1][0]
        for row in db.execute(_REVISIONS):
            _hash(row[:-2])
        (data,) = db.execute("SELECT data FROM dictionaries").fetchone()
        trained = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(data))
        plain = zstandard.ZstdDecompressor()
        last = 0
        while rows := db.execute(_PAGES, (last,)).fetchall():
            for row in rows:
                page = (trained if row[7] else plain).decompress(row[-1])
                _hash((*row[1:-2], row[-1] if packed else page))
            last = rows[-1][0]


def _hash(row: tuple[bytes | int | None, ...]) -> str:
    return sha256(
        b"\xfe".join(
            [value if type(value) is bytes else b"\xff" if value is None else str(value).encode() for value in row]
        )
    ).hexdigest()


def _check(path: Path, *, packed: bool = False) -> None:
    _read(path, packed=packed)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA integrity_check").fetchall()
        db.execute("PRAGMA foreign_key_check").fetchall()
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
