"""Checks the rows of a file against their digests: decisions with their layouts, revisions, facts and raw pages.

Rows are read in batches, so memory does not grow with the file. Rows that cannot be read are named by their key.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from storage.digests import (
    DECISION,
    DICTIONARIES,
    FACTS,
    INSTANT,
    PAGES,
    REVISIONS,
    Covered,
    digest,
    find_decision_flaw,
    sha256_of,
)
from storage.errors import Damaged
from storage.layout import check_layout
from storage.pages import Codec
from storage.quick_checks import add_hash_function, find_damaged_ranges, find_highest_rowid, is_passing, sql_digest

Part = Literal[
    "file", "schema", "decision", "revision", "page", "dictionary", "fact", "run", "index", "ledger", "counters"
]
"""The kind of thing that is damaged."""

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged thing."""

    part: Part
    subject: str
    """A decision's reference, and the part of it if that is not its current text and columns; otherwise the damaged
    thing."""
    what: str
    reference: str | None = None
    """The decision that it belongs to, if any."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


Progress = Callable[[str, int], None]
"""Called with the kind of rows checked (decisions, revisions, raw pages) and how many since the last call."""
Look = Callable[[bytes, bytes, bytes], None]
"""Called with text, kinds and numbers (`storage.layout`) of each decision that is not damaged, as UTF-8."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the rows: number `number`, from 0, of `of` equal ranges of row ids."""

    number: int = 0
    of: int = 1

    def range(self, highest: int) -> tuple[int, int]:
        """Returns the range of row ids, the first excluded and the last included."""
        first, last = highest * self.number // self.of, highest * (self.number + 1) // self.of
        # In a damaged table the last row may not have the highest row id, and the first may have a negative one.
        return first if self.number else -(2**63), last if self.number + 1 < self.of else 2**63 - 1


def check_rows(
    db: sqlite3.Connection,
    progress: Progress = lambda _what, _count: None,
    share: Share | None = None,
    look: Look | None = None,
    *,
    quick: bool = False,
) -> Iterator[Damage]:
    """Finds the rows that do not match their digest: decisions, revisions, facts, raw pages.

    `quick`: decisions and raw pages that match their digest are not looked at further (`storage.quick_checks`).
    """
    share = share or Share()
    with _as_bytes(db):
        damaged = False
        for damage in guarded("decision", "decisions", _check_decisions(db, progress, share, look, quick=quick)):
            damaged = True
            yield damage
        if damaged or not _has_as_many_layouts(db):
            yield from guarded("decision", "decisions", _check_orphans(db))
        yield from guarded("revision", "revisions", _check_revisions(db, progress, share))
        for covered in FACTS:
            yield from guarded("fact", covered.table, _check_facts(db, covered))
        yield from guarded("page", "raw pages", _check_pages(db, progress, share, quick=quick))
        if not share.number:
            yield from guarded("run", "runs", _check_runs(db))


@contextlib.contextmanager
def _as_bytes(db: sqlite3.Connection) -> Iterator[None]:
    """Makes the connection return texts as bytes, since a damaged text may not be UTF-8."""
    before, db.text_factory = db.text_factory, bytes
    try:
        yield
    finally:
        db.text_factory = before


def guarded(part: Part, what: str, found: Iterator[Damage]) -> Iterator[Damage]:
    """Yields what a check finds. An error of SQLite's is reported as a damage too, unless it is about locks or I/O."""
    try:
        yield from found
    except sqlite3.DatabaseError as error:
        if is_passing(error):
            raise
        yield Damage(part, what, f"cannot be read ({error})")


def _read_rows(
    db: sqlite3.Connection, table: str, select: str, key: str, by_key: str, lowest: int, highest: int
) -> Iterator[tuple[list[Any], str] | tuple[None, str]]:
    """Reads the rows of a table by row id, in batches.

    Yields each row with an empty string. For a row that cannot be read it yields None, and the reference and the error
    in two lines; `by_key` is a query that finds row id and reference in an index.
    """
    last = lowest
    while last < highest:
        try:
            rows = db.execute(
                f"{select} WHERE {key} > ? AND {key} <= ? ORDER BY {key} LIMIT {_BATCH}", (last, highest)
            ).fetchall()
        except sqlite3.DatabaseError:
            keys = db.execute(f"{by_key} ORDER BY 1 LIMIT {_BATCH}", (last, highest)).fetchall()
            if not keys:
                raise
            for number, reference in keys:
                last = number
                try:
                    row = db.execute(f"{select} WHERE {key} = ?", (number,)).fetchone()
                except sqlite3.DatabaseError as error:
                    yield None, f"{_decode(reference)}\n{error}"
                else:
                    if row is None:
                        yield None, f"{_decode(reference)}\nan index has it, but the table {table} has no such row"
                    else:
                        yield list(row), ""
            continue
        if not rows:
            return
        if rows[-1][0] <= last:
            raise sqlite3.DatabaseError(f"the row ids of {table} are out of order")
        for row in rows:
            yield row, ""
        last = rows[-1][0]


def _decode(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _check_decisions(
    db: sqlite3.Connection, progress: Progress, share: Share, look: Look | None, *, quick: bool
) -> Iterator[Damage]:
    ranges: Iterable[tuple[int, int]] = [share.range(find_highest_rowid(db, "decisions"))]
    for first, last in find_damaged_ranges(db, "decisions", progress) if quick else ranges:
        yield from _check_decision_range(db, progress, first, last, look)


def _check_decision_range(
    db: sqlite3.Connection, progress: Progress, first: int, last: int, look: Look | None
) -> Iterator[Damage]:
    select = (
        f"SELECT d.rowid, {', '.join(f'd.{name}' for name in DECISION)}, y.kinds, y.numbers, y.sha256, d.last_seen, "
        "d.text FROM decisions AS d LEFT JOIN layouts AS y USING (reference)"
    )
    by_key = (
        "SELECT rowid, reference FROM decisions INDEXED BY sqlite_autoindex_decisions_1 WHERE rowid > ? AND rowid <= ?"
    )
    sha, seen = DECISION.index("text_sha256"), DECISION.index("first_seen")
    count = 0
    for row, why in _read_rows(db, "decisions", select, "d.rowid", by_key, first, last):
        count += 1
        if row is None:
            reference, _, error = why.partition("\n")
            yield Damage("decision", reference, f"its row cannot be read ({error})", reference)
            continue
        covered, stored, last_seen, text = row[1:-3], row[-3], row[-2], row[-1]
        flaw = None
        if (
            not _matches_digest(covered, stored)
            or sha256(text).hexdigest().encode() != covered[sha]
            or not (last_seen is None or (last_seen >= covered[seen] and INSTANT.fullmatch(last_seen)))
        ):
            flaw = find_decision_flaw(covered, stored, text, covered[sha], last_seen)
        flaw = flaw or check_layout(text, covered[-2], covered[-1])
        if flaw is not None:
            reference = _decode(covered[0])
            yield Damage("decision", reference, flaw, reference)
        elif look is not None:
            look(text, covered[-2], covered[-1])
        if not count % _BATCH:
            progress("decisions", _BATCH)
    progress("decisions", count % _BATCH)


def _has_as_many_layouts(db: sqlite3.Connection) -> bool:
    with contextlib.suppress(sqlite3.DatabaseError):
        return bool(
            db.execute("SELECT (SELECT count(*) FROM layouts) = (SELECT count(*) FROM decisions)").fetchone()[0]
        )
    return False


def _check_orphans(db: sqlite3.Connection) -> Iterator[Damage]:
    """Finds layouts without a decision. It is needed only if a decision is damaged or the counts differ."""
    for (reference,) in db.execute(
        "SELECT reference FROM layouts AS t WHERE NOT EXISTS "
        "(SELECT 1 FROM decisions AS d WHERE d.reference = t.reference)"
    ):
        yield Damage("decision", _decode(reference), "its layout belongs to no stored decision")


def _matches_digest(covered: Sequence[Any], stored: object) -> bool:
    """Whether a row of bytes matches its digest. Faster than `digest`, since every value is bytes or None."""
    whole = b"\xfe".join([b"\xff" if value is None else value for value in covered])
    return sha256(whole).hexdigest().encode() == stored


_REVISIONS = f"SELECT {REVISIONS.sql_bytes('r')}, r.sha256, r.text FROM revisions AS r"
_IS_ONLY = f"(r.revision = 1 AND r.text IS NULL AND {sql_digest(REVISIONS.sql_terms('r'))} IS r.sha256)"
"""SQL that is true if a revision matches its digest, is the first of its decision, and is current. Most decisions have
only this one."""


def _check_revisions(db: sqlite3.Connection, progress: Progress, share: Share) -> Iterator[Damage]:
    first, last = share.range(find_highest_rowid(db, "decisions"))
    try:
        yield from list(_scan_revisions(db, progress, first, last, whole=share.of == 1))
    except sqlite3.DatabaseError:
        yield from _find_revisions(db, first, last)


Row = Sequence[Any]


def _scan_revisions(
    db: sqlite3.Connection, progress: Progress, first: int, last: int, *, whole: bool
) -> Iterator[Damage]:
    """Finds the damages among the revisions of a range of decisions.

    It loads only the revisions of decisions that have one for which `_IS_ONLY` is not true.
    """
    within = "TRUE" if whole else "r.reference IN (SELECT reference FROM decisions WHERE rowid > ?1 AND rowid <= ?2)"
    limits = () if whole else (first, last)
    add_hash_function(db)
    (count,) = db.execute(f"SELECT count(*) FROM revisions AS r WHERE {within}", limits).fetchone()
    with_revisions = count  # decisions, if each had one revision
    for (key,) in db.execute(
        f"SELECT DISTINCT r.reference FROM revisions AS r WHERE {within} AND {_IS_ONLY} IS NOT TRUE", limits
    ).fetchall():
        rows = db.execute(f"{_REVISIONS} WHERE r.reference = CAST(? AS TEXT) ORDER BY r.revision", (key,)).fetchall()
        with_revisions -= len(rows) - 1
        yield from _find_revision_damages(_decode(key), rows)
    progress("revisions", count)
    (decisions,) = db.execute("SELECT count(*) FROM decisions WHERE rowid > ? AND rowid <= ?", (first, last)).fetchone()
    if with_revisions == decisions:
        return
    for (lacking,) in db.execute(
        "SELECT reference FROM decisions AS d WHERE rowid > ? AND rowid <= ? "
        "AND NOT EXISTS (SELECT 1 FROM revisions AS r WHERE r.reference = d.reference)",
        (first, last),
    ):
        yield from _find_revision_damages(_decode(lacking), [])
    for (reference,) in db.execute(
        "SELECT DISTINCT reference FROM revisions AS r WHERE NOT EXISTS "
        "(SELECT 1 FROM decisions AS d WHERE d.reference = r.reference)"
    ):
        yield Damage("revision", f"{_decode(reference)}, its revisions", "belong to no stored decision")


def _find_revisions(db: sqlite3.Connection, first: int, last: int) -> Iterator[Damage]:
    """Finds the same damages decision by decision, if some rows cannot be read."""
    for (key,) in db.execute("SELECT reference FROM decisions WHERE rowid > ? AND rowid <= ?", (first, last)):
        reference = _decode(key)
        try:
            rows = db.execute(f"{_REVISIONS} WHERE r.reference = ? ORDER BY r.revision", (reference,)).fetchall()
        except sqlite3.DatabaseError as error:
            yield Damage("revision", f"{reference}, its revisions", f"cannot be read ({error})", reference)
        else:
            yield from _find_revision_damages(reference, rows)


def _find_revision_damages(reference: str, rows: Sequence[Row]) -> Iterator[Damage]:
    """Finds the damages among the revisions of one decision, in their order."""
    sha = REVISIONS.terms.index("text_sha256")
    if not rows or any(row[1] != b"%d" % number for number, row in enumerate(rows, 1)):
        yield Damage("revision", f"{reference}, its revisions", "are not numbered from 1 without a gap", reference)
    if sum(row[-1] is None for row in rows) != 1:
        yield Damage("revision", f"{reference}, its revisions", "do not name one as the current text", reference)
    for row in rows:
        stored, text = row[-2], row[-1]
        if text is not None and sha256_of(text) != _decode(row[sha]):
            what = "its text does not match its SHA-256"
        elif _matches_digest(row[:-2], stored):
            continue
        else:
            what = "its row does not match its digest" if stored else "its row has no digest"
        yield Damage("revision", f"{reference}, revision {_decode(row[1])}", what, reference)


def _check_facts(db: sqlite3.Connection, covered: Covered) -> Iterator[Damage]:
    select = f"SELECT {', '.join(f't.{name}' for name in covered.key)}, {covered.sql_bytes('t')}, t.sha256"
    length = len(covered.key)
    for row in db.execute(f"{select} FROM {covered.table} AS t"):
        if digest(row[length:-1]) != _decode(row[-1]):
            reference = _decode(row[0])
            named = ", ".join(map(_decode, row[:length]))
            yield Damage("fact", f"{named} ({covered.table})", "its row does not match its digest", reference)


def _check_pages(db: sqlite3.Connection, progress: Progress, share: Share, *, quick: bool) -> Iterator[Damage]:
    yield from _check_dictionaries(db)
    ranges: Iterable[tuple[int, int]] = [share.range(find_highest_rowid(db, "pages"))]
    for first, last in find_damaged_ranges(db, "pages", progress) if quick else ranges:
        yield from _check_page_range(db, progress, first, last)


def _check_page_range(db: sqlite3.Connection, progress: Progress, first: int, last: int) -> Iterator[Damage]:
    codec = Codec(db)
    select = f"SELECT p.id, {PAGES.sql_bytes('p')}, p.dictionary, p.bytes, p.sha256 FROM pages AS p"
    by_key = "SELECT id, reference FROM pages INDEXED BY pages_by_reference WHERE id > ? AND id <= ?"
    count = 0
    for row, why in _read_rows(db, "pages", select, "p.id", by_key, first, last):
        count += 1
        if row is None:
            reference, _, error = why.partition("\n")
            yield Damage("page", f"{reference}, a raw page", f"cannot be read ({error})", reference)
            continue
        covered, dictionary, size, stored = row[1:-3], row[-3], row[-2], row[-1]
        what = None
        if not _matches_digest(covered, stored):
            what = "does not match its digest" if stored else "has no digest"
        else:
            try:
                if len(codec.decompress(covered[-1], dictionary)) != size:
                    what = "has a different size from the one in its row"
            except Damaged as error:
                what = str(error)
        if what is not None:
            reference = _decode(covered[0])
            yield Damage("page", f"{reference}, raw page {row[0]}", what, reference)
        if not count % _BATCH:
            progress("raw pages", _BATCH)
    progress("raw pages", count % _BATCH)


def _check_dictionaries(db: sqlite3.Connection) -> Iterator[Damage]:
    for *covered, stored in db.execute(f"SELECT {DICTIONARIES.sql('t')}, t.sha256 FROM dictionaries AS t"):
        if digest(covered) != _decode(stored):
            yield Damage("dictionary", f"dictionary {covered[0]} of raw pages", "does not match its digest")


def _check_runs(db: sqlite3.Connection) -> Iterator[Damage]:
    for (number,) in db.execute(
        "SELECT id FROM runs WHERE NOT json_valid(arguments) OR (tally IS NOT NULL AND NOT json_valid(tally))"
    ):
        yield Damage("run", f"run {number}", "its arguments or counts are not JSON")
