"""Makes the library calls of a backfill, and nothing else: python -m bench.library_calls ARCHIVE DATABASE.

Repeats the work of the backfill that wrote ARCHIVE with direct calls of httpcore, zlib, selectolax, zstandard, hashlib
and sqlite3, and writes the same rows to DATABASE. It imports none of the project's modules. A backfill that uses these
libraries, one connection and the same transactions takes at least this CPU time; the rest is our own code.

Each request: its row of the journal in a transaction of its own; the exchange on one open connection; decompression; a
tree of the article, or of the listing, and the text of each element. Each page: zstd with the archive's dictionary,
SHA-256, its row in a transaction of its own. Each 250 pages: all rows of their decisions, the SHA-256 of the texts, and
the full-text index with one statement, in one transaction.

Left out, although a backfill needs it: rows that are written and removed again (the queue), all triggers, all queries,
and training the dictionary. It prints the seconds of CPU time that loading the rows took, which the caller subtracts.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import zlib
from collections import defaultdict
from contextlib import closing
from time import process_time
from typing import Any
from urllib.parse import urlsplit

import httpcore
import zstandard

from bench.bare_parse import cut_article, read_texts

Row = tuple[Any, ...]

_BATCH = 250
_CARDS = 10
_OF_DECISIONS = ("decisions", "layouts", "revisions", "text_sketches", "related", "oddities", "notes")
_ONE_BY_ONE = ("requests", "pages", "entries")
_SETTINGS = (  # those of `storage.writer`
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -6144; PRAGMA temp_store = MEMORY;"
    "PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 16777216"
)
_HEADERS = [
    *((b"User-Agent", b"bench"), (b"Accept", b"*/*")),
    *((b"Accept-Encoding", b"gzip"), (b"Connection", b"keep-alive")),
]
_ZSTD_LEVEL, _PAGE_BYTES = 2, 60_000
_INDEX = (
    "INSERT INTO decisions_fts (rowid, authority, summary, text) "
    "SELECT rowid, authority, summary, replace(text, char(10), ' ␤ ') FROM decisions WHERE rowid > ?"
)


class Archive:
    """The schema and the rows that a backfill left in its file."""

    def __init__(self, path: str) -> None:
        with closing(sqlite3.connect(path)) as db:
            self.site, self.dictionary = _read_one(db, "SELECT site FROM robots"), _read_one(db, _DICTIONARY)
            self.schema = [sql for (sql,) in db.execute(_SCHEMA)]
            with_rows = [name for (name,) in db.execute(_TABLES) if db.execute(f"SELECT 1 FROM {name}").fetchone()]
            self.tables = {
                name: db.execute(f"SELECT * FROM {name}").fetchall()
                for name in with_rows
                if name not in (*_OF_DECISIONS, *_ONE_BY_ONE)
            }
            self.of_decisions = {name: _group(db, name) for name in _OF_DECISIONS if name in with_rows}
            self.requests = db.execute("SELECT * FROM requests ORDER BY id").fetchall()
            self.targets = [target for (target,) in db.execute("SELECT target FROM requests ORDER BY id")]
            self.entries = db.execute("SELECT * FROM entries ORDER BY decision_date DESC").fetchall()
            pages = db.execute("SELECT * FROM pages ORDER BY id")
            names = [name for name, *_ in pages.description]
            self.body, self.sha256, url = names.index("body"), names.index("sha256"), names.index("url")
            self.reference = names.index("reference")
            self.pages = {row[url]: list(row) for row in pages}


_SCHEMA = (
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'trigger' AND name NOT LIKE 'decisions\\_fts\\_%' "
    "ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'index'"
)
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'decisions\\_%' ESCAPE '\\' "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_DICTIONARY = "SELECT data FROM dictionaries"


def _read_one(db: sqlite3.Connection, query: str) -> Any:
    return db.execute(query).fetchone()[0]


def _group(db: sqlite3.Connection, table: str) -> dict[str, list[Row]]:
    rows = db.execute(f"SELECT * FROM {table}")
    at = [name for name, *_ in rows.description].index("reference")
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[at]].append(row)
    return found


class Calls:
    """The calls, in the order of the requests."""

    def __init__(self, archive: Archive, database: str) -> None:
        self._archive = archive
        site = urlsplit(archive.site)
        assert site.hostname is not None
        self._url = {"scheme": b"http", "host": site.hostname.encode(), "port": site.port}
        self._http = httpcore.HTTPConnection(httpcore.URL(**self._url, target=b"/").origin, keepalive_expiry=5.0)
        self._headers = [(b"Host", site.netloc.encode()), *_HEADERS]
        trained = zstandard.ZstdCompressionDict(archive.dictionary)
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _ZSTD_LEVEL, source_size=_PAGE_BYTES, dict_size=len(archive.dictionary), hash_log=15
        )
        trained.precompute_compress(compression_params=parameters)
        self._compressor = zstandard.ZstdCompressor(compression_params=parameters, dict_data=trained)
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.executescript(";".join([*archive.schema, _SETTINGS]))
        self._db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('hashsize', 33554432)")
        self._cards = 0

    def run(self) -> None:
        """Makes all calls, and merges the log into the file at the end."""
        pending: list[str] = []
        for target, request in zip(self._archive.targets, self._archive.requests, strict=True):
            self._write({"requests": [request]})
            body = self._exchange(target)
            page = self._archive.pages.get(target)
            if page is None:
                self._record_listing(body)
                continue
            self._store(page, body)
            pending.append(page[self._archive.reference])
            if len(pending) == _BATCH:
                self._record(pending)
                pending.clear()
        self._record(pending)
        self._write(self._archive.tables)
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        self._http.close()

    def _exchange(self, target: str) -> bytes:
        request = httpcore.Request(
            *(b"GET", httpcore.URL(**self._url, target=target.encode())),
            headers=self._headers,
            extensions={"timeout": {"connect": 10, "read": 30, "write": 30}},
        )
        with closing(self._http.handle_request(request)) as response:
            raw = b"".join(response.iter_stream())
            is_packed = any(name.lower() == b"content-encoding" for name, _ in response.headers)
        return zlib.decompress(raw, wbits=31) if is_packed else raw

    def _record_listing(self, body: bytes) -> None:
        read_texts(body)
        self._write({"entries": self._archive.entries[self._cards : self._cards + _CARDS]})
        self._cards += _CARDS

    def _store(self, page: list[Any], body: bytes) -> None:
        read_texts(cut_article(body))
        packed = self._compressor.compress(body)
        page[self._archive.body], page[self._archive.sha256] = packed, hashlib.sha256(packed).hexdigest()
        self._write({"pages": [tuple(page)]})

    def _record(self, references: list[str]) -> None:
        once = dict.fromkeys(references)  # a report has several pages
        rows = {
            table: [row for reference in once for row in of_it.get(reference, ())]
            for table, of_it in self._archive.of_decisions.items()
        }
        for *_, text in rows["decisions"]:
            hashlib.sha256(text.encode()).hexdigest()
        self._write(rows, index=True)

    def _write(self, tables: dict[str, list[Row]], *, index: bool = False) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        last = self._db.execute("SELECT coalesce(max(rowid), 0) FROM decisions").fetchone() if index else None
        for table, rows in tables.items():
            if rows:
                self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        if last is not None:
            self._db.execute(_INDEX, last)
        self._db.execute("COMMIT")


def main(path: str, database: str) -> None:
    began = process_time()
    archive = Archive(path)
    print(process_time() - began)
    Calls(archive, database).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
