"""Stores raw pages as they were received, before they are parsed.

Nine tenths of each page are the same, so pages are compressed with zstd: at first without a dictionary. Once enough
pages are stored, a dictionary is trained on them, stored in `dictionaries`, and the stored pages are compressed again
with it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import zstandard

from storage.digests import DICTIONARIES, PAGES, digest
from storage.errors import Damaged
from storage.model import Page, Validators

_LEVEL = 3
"""Zstandard's level without a dictionary."""
_DICTIONARY_BYTES = 112 * 1024
_WITH_DICTIONARY = zstandard.ZstdCompressionParameters.from_level(
    2, source_size=60_000, dict_size=_DICTIONARY_BYTES, hash_log=15
)
"""How pages are compressed with the dictionary. In measurements, level 3 took an eighth longer, and its pages were
1.5 % smaller. `source_size` is about the bytes of a page and no limit: in a larger page, repetitions are found within
256 KiB."""
_SEGMENT = 12_000
"""Bytes that the trainer picks at a time. The parts that pages share are long: in measurements this value was faster
than the trainer's own search for a length, and pages were an eighth smaller."""
_TRAIN_ON = 30
"""Pages that the dictionary is trained on. In measurements, 200 made pages no smaller, and the trainer's memory for
them was the peak of a backfill: 105 MB, and 80 MB for 60."""

_WHAT_TO_DO = "`lgsco verify --repair` queues it to be fetched again"


class Codec:
    """Compression with the dictionaries of one database. One object per connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._decompressors: dict[int | None, zstandard.ZstdDecompressor] = {None: zstandard.ZstdDecompressor()}
        self.dictionary: int | None = None
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        newest = db.execute("SELECT id, data FROM dictionaries ORDER BY id DESC LIMIT 1").fetchone()
        if newest:
            self._use(*newest)

    def compress(self, body: bytes) -> bytes:
        return self._compressor.compress(body)

    def decompress(self, body: bytes, dictionary: int | None) -> bytes:
        decompressor = self._decompressors.get(dictionary)
        if decompressor is None:
            row = self._db.execute("SELECT data FROM dictionaries WHERE id = ?", (dictionary,)).fetchone()
            if row is None:
                raise Damaged(f"a stored page needs the dictionary {dictionary}, which is missing; {_WHAT_TO_DO}")
            trained = zstandard.ZstdCompressionDict(row[0])
            decompressor = self._decompressors[dictionary] = zstandard.ZstdDecompressor(dict_data=trained)
        try:
            return decompressor.decompress(body)
        except zstandard.ZstdError as error:
            raise Damaged(
                f"a stored page cannot be decompressed ({error}): the file is damaged; {_WHAT_TO_DO}"
            ) from None

    def train_if_due(self, at: str) -> bool:
        """Trains the first dictionary once enough pages are stored. Call it inside a transaction."""
        if self.dictionary is not None:
            return False
        rows = self._db.execute(
            "SELECT id, body FROM pages WHERE dictionary IS NULL ORDER BY id LIMIT ?", (_TRAIN_ON,)
        ).fetchall()
        if len(rows) < _TRAIN_ON:
            return False
        samples = {page: self.decompress(body, None) for page, body in rows}
        # zstandard's type stub wants a list of any buffers.
        bodies: list[bytes | bytearray | memoryview[int]] = list(samples.values())
        trained = zstandard.train_dictionary(_DICTIONARY_BYTES, bodies, level=_LEVEL, k=_SEGMENT, d=8)
        row = (1, at, len(samples), trained.as_bytes())
        self._db.execute(
            f"INSERT INTO dictionaries ({', '.join(DICTIONARIES.columns)}, sha256) VALUES (?, ?, ?, ?, ?)",
            (*row, digest(row)),
        )
        self._use(1, trained.as_bytes())
        ids = [row[0] for row in self._db.execute("SELECT id FROM pages WHERE dictionary IS NULL").fetchall()]
        for page in ids:
            self._compress_again(page, samples.pop(page, None))
        return True

    def _compress_again(self, page: int, plain: bytes | None) -> None:
        """Compresses a stored page again with the dictionary.

        `plain`: the page's bytes, if they are known. The page gets a new digest only if its old one matched.
        """
        select = f"SELECT {PAGES.sql('p')}, sha256 FROM pages AS p WHERE id = ?"
        *covered, sha256 = self._db.execute(select, (page,)).fetchone()
        fits = digest(covered) == sha256
        now = dict(zip(PAGES.columns, covered, strict=True))
        body = self.compress(plain if plain is not None else self.decompress(now["body"], None))
        now |= {"body": body, "dictionary": self.dictionary}
        self._db.execute(
            "UPDATE pages SET body = ?, dictionary = ?, sha256 = ? WHERE id = ?",
            (body, self.dictionary, digest(now.values()) if fits else sha256, page),
        )

    def _use(self, dictionary: int, data: bytes) -> None:
        trained = zstandard.ZstdCompressionDict(data)
        trained.precompute_compress(compression_params=_WITH_DICTIONARY)
        self.dictionary = dictionary
        self._compressor = zstandard.ZstdCompressor(compression_params=_WITH_DICTIONARY, dict_data=trained)
        self._decompressors[dictionary] = zstandard.ZstdDecompressor(dict_data=trained)


_INSERT = (
    f"INSERT INTO pages ({', '.join(PAGES.columns)}, sha256, state) "
    f"VALUES ({', '.join('?' * len(PAGES.columns))}, ?, 'kept')"
)


def store(db: sqlite3.Connection, codec: Codec, page: Page) -> int:
    """Stores a page that is not parsed yet, and returns its id. Call it inside a transaction."""
    row = (
        *(page.reference, page.chapter, page.url, page.fetched_at, page.charset, len(page.body), codec.dictionary),
        *(page.validators or (None, None)),
        codec.compress(page.body),
    )
    cursor = db.execute(_INSERT, (*row, digest(row)))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def find_unfinished(db: sqlite3.Connection, codec: Codec, reference: str) -> list[Page]:
    """Finds the stored pages of a decision that are not parsed yet; of a report, its chapters so far.

    Raises Damaged.
    """
    rows = db.execute(
        "SELECT chapter, url, fetched_at, charset, dictionary, body FROM pages "
        "WHERE reference = ? AND state = 'kept' ORDER BY chapter",
        (reference,),
    )
    return [
        Page(reference, chapter, url, fetched_at, charset, codec.decompress(body, dictionary))
        for chapter, url, fetched_at, charset, dictionary, body in rows
    ]


def give_up_unfinished(db: sqlite3.Connection, reference: str) -> None:
    """Marks the stored chapters of a report as unreadable, since chapters fetched now may belong to another version."""
    db.execute("UPDATE pages SET state = 'unreadable' WHERE reference = ? AND state = 'kept'", (reference,))


def find_kept(db: sqlite3.Connection, codec: Codec, limit: int) -> Iterator[list[tuple[int, Page]]]:
    """Yields the unparsed pages of up to `limit` decisions with all pages stored: a list of chapters for each.

    Only one decision's pages are in memory at a time. Read all of them before the pages change. Raises Damaged.
    """
    rows = db.execute(
        "SELECT p.id, p.reference, p.chapter, p.url, p.fetched_at, p.charset, p.dictionary, p.body FROM pages AS p "
        "WHERE p.state = 'kept' AND p.reference IN (SELECT reference FROM queue WHERE state = 'kept' LIMIT ?) "
        "ORDER BY p.reference, p.chapter",
        (limit,),
    )
    for _, group in groupby(rows, key=itemgetter(1)):
        yield [
            (page, Page(reference, chapter, url, fetched_at, charset, codec.decompress(body, dictionary)))
            for page, reference, chapter, url, fetched_at, charset, dictionary, body in group
        ]


def find_validators(db: sqlite3.Connection, reference: str, since: str) -> Validators | None:
    """Finds the validators of a decision's newest page.

    None if that page was last fetched in full before `since`, is not its only one, or has no validators.
    """
    row = db.execute(
        "SELECT etag, last_modified, fetched_at, chapter FROM pages WHERE reference = ? AND state = 'read' "
        "ORDER BY id DESC LIMIT 1",
        (reference,),
    ).fetchone()
    if row is None or row[2] < since or row[3] != 1 or not (row[0] or row[1]):
        return None
    return Validators(row[0], row[1])


def record_unchanged(db: sqlite3.Connection, reference: str, at: str) -> None:
    """Records that the site reported a decision's newest page as unchanged."""
    db.execute(
        "UPDATE pages SET checked_at = ? WHERE id = (SELECT max(id) FROM pages WHERE reference = ? AND state = 'read')",
        (at, reference),
    )


def queue_oldest(db: sqlite3.Connection, before: str, most: int, at: str) -> int:
    """Queues up to `most` listed decisions to be fetched again, those not checked for longest first.

    Takes decisions with no page fetched or reported unchanged since `before`. Returns how many it queued.
    """
    return db.execute(
        "INSERT INTO queue (reference, url, decision_date, state, reason, added_at, next_at) "
        "SELECT e.reference, e.url, e.stands_on, 'wanted', 'reread', ?2, ?2 FROM entries AS e "
        "WHERE e.unlisted_at IS NULL AND e.page_seen_at < ?1 "
        "AND EXISTS (SELECT 1 FROM held_from_site AS h WHERE h.reference = e.reference) "
        "AND NOT EXISTS (SELECT 1 FROM queue AS q WHERE q.reference = e.reference) ORDER BY e.page_seen_at LIMIT ?3",
        (before, at, most),
    ).rowcount


def mark(db: sqlite3.Connection, pages: Sequence[int], state: str) -> None:
    """Records that pages were recorded (`read`), wait to be (`held`), or could not be parsed (`unreadable`)."""
    db.executemany("UPDATE pages SET state = ? WHERE id = ?", [(state, page) for page in pages])


def is_unreadable(db: sqlite3.Connection, pages: Sequence[int]) -> bool:
    """Whether none of some pages could be parsed."""
    wanted = json.dumps(list(pages))
    row = db.execute(
        "SELECT count(*) FROM pages WHERE state <> 'unreadable' AND id IN (SELECT value FROM json_each(?))", (wanted,)
    ).fetchone()
    return int(row[0]) == 0


def find_read(db: sqlite3.Connection) -> list[str]:
    """Finds the decisions with a page that was parsed, or failed to parse: renormalise parses those again."""
    rows = db.execute("SELECT DISTINCT reference FROM pages WHERE state NOT IN ('kept', 'held') ORDER BY reference")
    return [reference for (reference,) in rows]


def record_position(db: sqlite3.Connection, normaliser: str, position: str | None) -> None:
    """Records the last decision that a renormalise parsed, in the order of `find_read`; None: it reached the end."""
    db.execute("DELETE FROM renormalising")
    if position is not None:
        db.execute("INSERT INTO renormalising (id, normaliser, position) VALUES (1, ?, ?)", (normaliser, position))


def find_position(db: sqlite3.Connection, normaliser: str) -> str:
    """Returns the last decision parsed by an unfinished renormalise with this parser; "" if there is none."""
    row = db.execute("SELECT position FROM renormalising WHERE normaliser = ?", (normaliser,)).fetchone()
    return str(row[0]) if row else ""


_PAGE = "id, chapter, url, fetched_at, charset, dictionary, body"


def find_newest(
    db: sqlite3.Connection, codec: Codec, reference: str, state: str | None = None
) -> list[tuple[int, Page]]:
    """Finds the newest pages of a decision that were recorded or failed to parse, or those in one state.

    Raises Damaged.
    """
    states = "state NOT IN ('kept', 'held')" if state is None else "state = ?2"
    rows = db.execute(
        f"SELECT {_PAGE} FROM pages WHERE reference = ?1 AND {states} "
        f"AND id >= (SELECT max(id) FROM pages WHERE reference = ?1 AND {states} AND chapter = 1) "
        "AND ?2 IS ?2 ORDER BY chapter",
        (reference, state),
    ).fetchall()
    return _make_pages(codec, reference, rows)


def find_newest_read(db: sqlite3.Connection, codec: Codec, reference: str) -> list[tuple[int, Page]]:
    """Finds the newest parsed pages of a decision, from which its row was made. Raises Damaged.

    Returns none if one of these pages does not match its digest.
    """
    rows = db.execute(
        f"SELECT id, {PAGES.sql('p')}, sha256 FROM pages AS p WHERE reference = ?1 AND state = 'read' AND id >= "
        "(SELECT max(id) FROM pages WHERE reference = ?1 AND state = 'read' AND chapter = 1) ORDER BY chapter",
        (reference,),
    ).fetchall()
    found = [_sound(codec, *row) for row in rows]
    return [one for one in found if one is not None] if all(found) else []


def find_version(db: sqlite3.Connection, codec: Codec, reference: str, first: int) -> list[tuple[int, Page]]:
    """Finds the pages of a decision that were fetched together, by the id of the first. Raises Damaged."""
    rows = db.execute(
        f"SELECT {_PAGE} FROM pages WHERE reference = ?1 AND id >= ?2 "
        "AND id < coalesce((SELECT min(id) FROM pages WHERE reference = ?1 AND id > ?2 AND chapter = 1), id + 1) "
        "ORDER BY chapter",
        (reference, first),
    ).fetchall()
    return _make_pages(codec, reference, rows)


def _make_pages(codec: Codec, reference: str, rows: Iterable[Sequence[Any]]) -> list[tuple[int, Page]]:
    """Makes pages from rows with the columns of `_PAGE`, with their ids."""
    return [
        (page, Page(reference, chapter, url, fetched_at, charset, codec.decompress(body, dictionary)))
        for page, chapter, url, fetched_at, charset, dictionary, body in rows
    ]


def hold_since(db: sqlite3.Connection, reference: str, page: int) -> None:
    """Marks the recorded pages of a decision as held, from one page on. Call it inside a transaction."""
    db.execute(
        "UPDATE pages SET state = 'held' WHERE reference = ? AND id >= ? AND state = 'read'",
        (reference, page),
    )


def find_page(db: sqlite3.Connection, codec: Codec, number: int) -> tuple[int, Page] | None:
    """Finds one raw page; None if it is missing or does not match its digest. Raises Damaged."""
    row = db.execute(f"SELECT id, {PAGES.sql('p')}, sha256 FROM pages AS p WHERE id = ?", (number,)).fetchone()
    return _sound(codec, *row) if row else None


def _sound(codec: Codec, number: int, *row: Any) -> tuple[int, Page] | None:
    *covered, sha256 = row
    if digest(covered) != sha256:
        return None
    reference, chapter, url, fetched_at, charset, _, dictionary, _, _, body = covered
    return number, Page(reference, chapter, url, fetched_at, charset, codec.decompress(body, dictionary))
