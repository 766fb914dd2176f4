"""Search: CPU time of `storage.search.search`, relative to the bare FTS5 query with the same ranking and snippets."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Figure, in_turns, ratios
from bench.filled import find_real
from storage.database import reading
from storage.query.expressions import make_match
from storage.query.parser import parse_query
from storage.search import search
from storage.stems import find_forms

_FULL = 60_000
_LIMIT = 10
_QUERIES = 30
_BARE = (
    "SELECT rowid, rank, snippet(decisions_fts, -1, '[', ']', '…', 24) FROM decisions_fts "
    f"WHERE decisions_fts MATCH ? AND rank MATCH 'bm25(4.0, 2.0, 1.0)' ORDER BY rank LIMIT {_LIMIT}"
)
_COMMON = ("council delay", "complaint remedy", '"the council" assess*')
_MOST_MS = 1.0
"""A search that takes at most this much longer than the bare query reaches the goal at any ratio."""


def measure(decisions: int = 20_000, rounds: int = 7, full: bool = False) -> list[Figure]:
    """Measures searches for rare and for common words in turns, ten hits each. `full`: among 60,000 decisions.

    The difference from the bare query is our own work: the typed words become an expression with their other forms,
    the paragraphs of each hit are chosen, and its columns and digest are read.
    """
    size = _FULL if full else decisions
    with TemporaryDirectory() as folder, reading(find_real(Path(folder), size)) as db:
        rare = _find_rare(db)
        sides = {}
        for what, queries in (("rare", rare), ("common", _COMMON)):
            sides[what] = partial(_ours, db, queries)
            sides[f"{what} bare"] = partial(_bare, db, [_make_expression(db, query) for query in queries])
        spent = in_turns(sides, rounds)
    figures = []
    for what, queries in (("rare", rare), ("common", _COMMON)):
        ours, bare = (spent[f"{what}{which}"] for which in ("", " bare"))
        more = tuple((a - b) / len(queries) * 1e3 for a, b in zip(ours, bare, strict=True))
        has_reached = median(more) <= _MOST_MS
        figures += [
            Figure(
                f"{what} words at {size:,}, of the bare FTS query (or {_MOST_MS:g} ms more)",
                ratios(ours, bare),
                target=None if has_reached else 1.1,
                bound="at most",
            ),
            Figure(f"{what} words at {size:,}, more than the bare query", more, "ms", _MOST_MS, "at most"),
        ]
    return figures


def _find_rare(db: sqlite3.Connection) -> list[str]:
    """Chooses words that at most a few decisions in ten thousand have."""
    (count,) = db.execute("SELECT count(*) FROM decisions").fetchone()
    db.execute("PRAGMA query_only = OFF")
    db.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'decisions_fts', 'row')")
    rows = db.execute("SELECT term FROM temp.terms WHERE doc BETWEEN 1 AND ? ORDER BY term", (max(count // 500, 1),))
    words = [word for (word,) in rows if word.isalnum()]
    db.execute("DROP TABLE temp.terms")
    return Random(1).sample(words, min(_QUERIES, len(words)))


def _ours(db: sqlite3.Connection, queries: Sequence[str]) -> None:
    for query in queries:
        search(db, query, _LIMIT)


def _bare(db: sqlite3.Connection, queries: Sequence[str]) -> None:
    for expression in queries:
        db.execute(_BARE, (expression,)).fetchall()


def _make_expression(db: sqlite3.Connection, query: str) -> str:
    return make_match(parse_query(query), lambda word: find_forms(db, word)).expression
