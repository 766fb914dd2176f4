"""Compares the time of the search, with counts and paragraphs, with that of the bare FTS5 query of the same candidates.

The 200 queries of `search_queries.txt` are of one to five words, in part with operators, phrases, prefixes, filters and
NEAR. They are drawn from the real words of the generated decisions.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import process_time

from bench.figures import Figure
from bench.search_oracle import Document, has_term
from bench.search_proof import fill
from storage.database import reading
from storage.query.expressions import make_match, make_near
from storage.query.parser import parse_query
from storage.query.tree import And, Filter, Near, Node, find_terms
from storage.search import Results, search
from storage.stems import find_forms

QUERIES = Path(__file__).with_name("search_queries.txt")
_SHOWN = 10
_MOST_RARE = 100
"""The most decisions that a rare query finds."""


def measure(decisions: int = 20_000, rounds: int = 3) -> list[Figure]:
    """Measures CPU time: for each query the best of some rounds in turns. `--decisions 60000` is the whole archive.

    Ours: parse the query, find all decisions, count their outcomes, categories and authorities, rank, and choose the
    paragraphs of ten decisions. Bare: the rows of the FTS5 query, all fetched and counted; filters are not part of it.
    For comparison: the same with `count(*)`, where no row reaches Python.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "speed.db")
        fill(path, decisions)
        with reading(path) as db:
            return compare(db, rounds)


def compare(db: sqlite3.Connection, rounds: int) -> list[Figure]:
    """Makes the figures from an archive."""
    queries = QUERIES.read_text("utf-8").splitlines()
    spent = [_time(db, query, rounds) for query in queries]
    answers = {query: search(db, query, _SHOWN, count=True) for query in queries}
    rare = [one for one, query in zip(spent, queries, strict=True) if answers[query].total <= _MOST_RARE]
    wrong = [query for query, results in answers.items() if not _shows_words(db, query, results)]
    for one in wrong[:20]:
        print(one)
    of_bare = [one["ours"] / one["bare"] for one in spent]
    return [
        Figure(f"search, of the bare query, {len(queries)} queries: median", (median(of_bare),), "×", 2, "at most"),
        Figure("the same: 95th percentile", (_p95(of_bare),), "×", 3, "at most"),
        *_both("search, of count(*) of the bare query", [one["ours"] / one["count"] for one in spent], "×"),
        *_both("search", [one["ours"] * 1e3 for one in spent], "ms"),
        *_both("search beyond the bare query", [(one["ours"] - one["bare"]) * 1e3 for one in spent], "ms"),
        *_both(f"the same, {len(rare)} queries with few hits", [(o["ours"] - o["bare"]) * 1e3 for o in rare], "ms"),
        Figure("queries that show a paragraph without their words", (len(wrong),), "", 0, "at most"),
        *_measure_sizes(db),
    ]


def _both(name: str, values: list[float], unit: str) -> list[Figure]:
    if len(values) < 2:
        return []
    return [Figure(f"{name}: median", (median(values),), unit), Figure(f"{name}: p95", (_p95(values),), unit)]


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _time(db: sqlite3.Connection, query: str, rounds: int) -> dict[str, float]:
    bare = _make_bare(db, parse_query(query))
    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: search(db, query, _SHOWN, count=True),
        "bare": lambda: len(bare(db, "rowid")),
        "count": lambda: bare(db, "count(*)"),
    }
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect(0)
            began = process_time()
            side()
            best[name] = min(best[name], process_time() - began)
    return best


def _drop_filters(node: Node) -> And:
    return And(tuple(one for one in (node.parts if isinstance(node, And) else (node,)) if not isinstance(one, Filter)))


def _make_bare(db: sqlite3.Connection, node: Node) -> Callable[[sqlite3.Connection, str], list[tuple[int]]]:
    """Makes the FTS5 query of the text of a query: one MATCH, without its filters."""

    def forms(word: str) -> list[str]:
        return find_forms(db, word)

    parts = _drop_filters(node).parts
    near = [make_near(one, forms) for one in parts if isinstance(one, Near)]
    plain = And(tuple(one for one in parts if not isinstance(one, Near)))
    expression = " AND ".join([*([make_match(plain, forms).expression] if plain.parts else []), *near])

    def run(db: sqlite3.Connection, what: str) -> list[tuple[int]]:
        return db.execute(f"SELECT {what} FROM decisions_fts WHERE decisions_fts MATCH ?", (expression,)).fetchall()

    return run


def _shows_words(db: sqlite3.Connection, query: str, results: Results) -> bool:
    """Whether each paragraph that is shown has a word of the query, according to the slow evaluation."""
    terms = list(find_terms(parse_query(query)))
    for hit in results.hits:
        (text,) = db.execute("SELECT text FROM decisions WHERE reference = ?", (hit.reference,)).fetchone()
        lines = Document(hit.reference, {}, text.split("\n")).lines
        for one in hit.paragraphs:
            if not one.marks or not any(has_term(term, lines[one.position]) for term in terms):
                return False
    return True


def _measure_sizes(db: sqlite3.Connection) -> list[Figure]:
    (decisions,) = db.execute("SELECT count(*) FROM decisions").fetchone()
    return [
        Figure(f"bytes of {index} a decision", (_count_bytes(db, index) / decisions,), "bytes")
        for index in ("decisions_fts",)
    ]


def _count_bytes(db: sqlite3.Connection, index: str) -> int:
    return int(db.execute(f"SELECT sum(length(block)) FROM {index}_data").fetchone()[0])
