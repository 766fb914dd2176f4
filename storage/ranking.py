"""Orders the decisions that a search found, by relevance or by date.

Relevance comes in two steps. First, FTS5's bm25 orders the decisions if at most `_WEIGHED` were found; otherwise they
are in order of date, the newest first: bm25 takes 4 to 10 µs for each decision, many times what finding them takes.
Then the first `RANKED` are ordered again by their paragraphs: first those with the most words of the query in one
paragraph, then those with the most in authority and summary, then those with the most such paragraphs. A query of one
word keeps the order of bm25.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import islice
from typing import Literal

from storage.facts import find_known_facts
from storage.found import FoundDecisions
from storage.query.expressions import is_plain, make_match
from storage.query.tree import Node, has_not
from storage.stems import find_forms

Order = Literal["relevance", "date"]

RANKED = 15
"""The most decisions whose paragraphs are read to rank them."""
_WEIGHED = 300
"""The most decisions that bm25 ranks. It does not rank queries with NOT: it would count the words left out first."""
_WEIGHTS = "bm25(4.0, 2.0, 1.0)"
"""The weights of authority, summary and text."""
_FEW = 500
"""Up to this many decisions, their dates are looked up one by one; above it, the index of dates is read in order."""


def choose_page(decisions: FoundDecisions, node: Node | None, found: set[int], order: Order, page: slice) -> list[int]:
    """Returns one page of the decisions found, in order.

    `decisions`: reads those that are ranked by their paragraphs. `node`: the query; None if it is empty. `page`: its
    first place and the place after it.
    """
    db, matcher = decisions.db, decisions.matcher
    if order == "date" or matcher.is_empty or node is None:
        return find_newest(db, found, page.stop)[page]
    is_weighed = len(found) <= _WEIGHED and is_plain(node) and not has_not(node)
    ranked = _weigh(db, node, found) if is_weighed else find_newest(db, found, RANKED)
    if not (is_weighed and matcher.has_one_term):  # bm25 counts one word as well as its paragraphs do
        ranked = _rank_by_paragraphs(decisions, ranked[:RANKED]) + ranked[RANKED:]
    if page.stop > len(ranked) < len(found):
        ranked += find_newest(db, found.difference(ranked), page.stop - len(ranked))
    return ranked[page]


def find_newest(db: sqlite3.Connection, found: set[int], most: int) -> list[int]:
    """Returns the newest of these decisions, by decision date; among those of one day, the last one stored first."""
    known = find_known_facts(db)
    if known is not None:
        return known.find_newest(found, most)
    if len(found) <= _FEW:
        rows = db.execute(
            "SELECT d.rowid FROM json_each(?) AS f CROSS JOIN decisions AS d ON d.rowid = f.value "
            "ORDER BY d.decision_date DESC, d.rowid DESC LIMIT ?",
            (json.dumps(list(found)), most),
        )
        return [rowid for (rowid,) in rows]
    newest = db.execute(
        "SELECT rowid FROM decisions INDEXED BY decisions_by_date ORDER BY decision_date DESC, rowid DESC"
    )
    return list(islice((rowid for (rowid,) in newest if rowid in found), most))


def _weigh(db: sqlite3.Connection, node: Node, found: set[int]) -> list[int]:
    """Orders these decisions by bm25."""
    expression = make_match(node, lambda word: find_forms(db, word)).expression
    rows = db.execute(
        f"SELECT rowid FROM decisions_fts WHERE decisions_fts MATCH ? AND rank MATCH '{_WEIGHTS}' ORDER BY rank, rowid",
        (expression,),
    )
    return [rowid for (rowid,) in rows if rowid in found]


def _rank_by_paragraphs(decisions: FoundDecisions, ranked: list[int]) -> list[int]:
    score: dict[int, tuple[int, int, int]] = {}
    for rowid, decision in decisions.read(ranked).items():
        facts, lines = decision.probed
        covered = [terms.bit_count() for terms in lines]
        best = max(covered)
        score[rowid] = (best, facts.bit_count(), covered.count(best))
    return sorted(ranked, key=lambda rowid: score[rowid], reverse=True)
