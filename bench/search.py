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
from storage.search import RANKING, match_expression, search

_FULL = 60_000
_LIMIT = 10
_QUERIES = 30
_BARE = (
    "SELECT rowid, rank, snippet(decisions_fts, -1, '[', ']', '…', 24) FROM decisions_fts "
    f"WHERE decisions_fts MATCH ? AND rank MATCH '{RANKING}' ORDER BY rank LIMIT {_LIMIT}"
)
_COMMON = ("council delay", "complaint remedy", '"the council" assess*')
_MOST_MS = 1.0
"""A search that takes at most this much longer than the bare query reaches the goal at any ratio."""


def measure(decisions: int = 20_000, rounds: int = 7, full: bool = False) -> list[Figure]:
    """Measures searches for rare and for common words in turns, ten hits each. `full`: among 60,000 decisions.

    The difference from the bare query is our own work: the typed words become an expression, and the columns and the
    digest of each hit are read.
    """
    size = _FULL if full else decisions
    with TemporaryDirectory() as folder, reading(find_real(Path(folder), size)) as db:
        rare = _find_rare(db)
        spent = in_turns(
            {
                f"{what}{bare}": partial(_bare if bare else _ours, db, queries)
                for what, queries in (("rare", rare), ("common", _COMMON))
                for bare in ("", " bare")
            },
            rounds,
        )
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
    words = [
        word
        for (word,) in db.execute(
            "SELECT term FROM temp.terms WHERE doc BETWEEN 1 AND ? ORDER BY term", (count // 500,)
        )
    ]
    db.execute("DROP TABLE temp.terms")
    return Random(1).sample(words, min(_QUERIES, len(words)))


def _ours(db: sqlite3.Connection, queries: Sequence[str]) -> None:
    for query in queries:
        search(db, query, _LIMIT)


def _bare(db: sqlite3.Connection, queries: Sequence[str]) -> None:
    for query in queries:
        db.execute(_BARE, (match_expression(query),)).fetchall()
