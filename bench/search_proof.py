"""Compares the search with a slow evaluation of random queries in plain Python, and checks the paragraphs it shows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations_with_replacement
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.figures import Figure
from bench.search_oracle import Document, Library, draw, has_term, make_text
from ingest.lgo import text_format
from ingest.lgo.normaliser import NORMALISER
from lgsco.replica.corpus import generate
from lgsco.replica.sample import expected_text
from storage import decisions
from storage.candidates import find_candidates
from storage.database import atomic, reading
from storage.decisions import Reading
from storage.query.parser import parse_query
from storage.query.tree import Node, find_terms
from storage.search import Hit, search
from storage.writer import writing

_BATCH = 250
_AT = "2026-11-20T12:00:00Z"
_FACTS = ("authority", "outcome", "category", "decision_date")
_SHOWN = 3
"""Decisions of each query whose paragraphs are checked."""


def measure(decisions: int = 2_000, queries: int = 10_000, seed: int = 1) -> list[Figure]:
    """Counts the random queries with another set of decisions, or with a paragraph that must not be shown."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "search.db")
        fill(path, decisions)
        with reading(path) as db:
            wrong = list(find_differences(db, queries, seed))
    for one in wrong[:20]:
        print(one)
    return [
        Figure(f"queries of {queries:,} that differ from the slow evaluation", (len(wrong),), "", 0, "at most"),
    ]


def fill(path: Path, count: int) -> None:
    """Makes a database of generated decisions, without raw pages."""
    samples = generate(count, seed=1, first=date(2016, 1, 1), last=date(2025, 12, 31))
    with writing(path) as db:
        batch: list[Reading] = []
        for sample in samples:
            decision = text_format.parse(expected_text(sample))
            batch.append(Reading(decision, text_format.render(decision), "site", _AT, NORMALISER, sample.address))
            if len(batch) == _BATCH:
                _record(db, batch)
                batch = []
        _record(db, batch)


def _record(db: sqlite3.Connection, batch: Sequence[Reading]) -> None:
    with atomic(db):
        decisions.record_first(db, batch, None)


def read_documents(db: sqlite3.Connection) -> dict[int, Document]:
    """Reads all decisions for the slow evaluation, by rowid."""
    return {
        rowid: Document(
            reference,
            dict(zip(_FACTS, facts, strict=True)),
            [facts[0] or "", summary or "", *text.split("\n")],
        )
        for rowid, reference, summary, text, *facts in db.execute(
            f"SELECT rowid, reference, summary, text, {', '.join(_FACTS)} FROM decisions"
        )
    }


def find_differences(db: sqlite3.Connection, queries: int, seed: int) -> Iterator[str]:
    """Yields what is wrong with the answers to random queries."""
    chance = Random(seed)
    library = Library(read_documents(db))
    pool = list(library.documents.values())
    of = {document.reference: document for document in pool}
    for _ in range(queries):
        node = draw(chance, pool, library.names)
        typed = " ".join(make_text(node))
        expected = library.evaluate(node)
        found = find_candidates(db, parse_query(typed))
        if found != expected:
            yield f"{typed}: {len(found - expected)} too many, {len(expected - found)} missing"
        for hit in search(db, typed, _SHOWN).hits:
            wrong = _check_paragraphs(node, hit, of[hit.reference])
            if wrong:
                yield f"{typed}: {hit.reference} {wrong}"


def _check_paragraphs(node: Node, hit: Hit, document: Document) -> str | None:
    """Describes what is wrong with the paragraphs of a hit; None if nothing is."""
    terms = list(dict.fromkeys(find_terms(node)))
    has = [frozenset(place for place, term in enumerate(terms) if has_term(term, line)) for line in document.lines[2:]]
    most = max((len(a | b) for a, b in combinations_with_replacement(set(has), 2)), default=0)
    shown = [has[one.position] for one in hit.paragraphs]
    if not all(shown):
        return "shows a paragraph without a word asked for"
    if len(frozenset().union(*shown)) != most:
        return f"shows {len(frozenset().union(*shown))} of {most} words that two paragraphs could show"
    if any(not one.marks for one in hit.paragraphs):
        return "shows a paragraph without a mark"
    return None
