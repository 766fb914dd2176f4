"""Finds the decisions that a query asks for: the full-text index and the facts give sets, NEAR is read in the texts.

A decision is its rowid here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

from storage.facts import find_facts
from storage.query.expressions import is_plain, make_match, make_near
from storage.query.passages import Matcher
from storage.query.tree import And, Filter, Near, Node, Not, Or
from storage.stems import find_forms, find_stem


def find_candidates(db: sqlite3.Connection, node: Node) -> set[int]:
    """Returns the decisions that a query asks for."""
    found, negated = _evaluate(db, node)
    return find_facts(db).find_all() - found if negated else found


def read_texts(db: sqlite3.Connection, decisions: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Yields the lines of each decision that the index has, as `join_lines` returns them."""
    for rowid, *columns in db.execute(
        "SELECT rowid, CAST(authority AS BLOB), CAST(summary AS BLOB), CAST(text AS BLOB) FROM decisions "
        "WHERE rowid IN (SELECT value FROM json_each(?))",
        (json.dumps(list(decisions)),),
    ):
        # a damaged value may not be UTF-8
        yield rowid, join_lines(*((value or b"").decode("utf-8", "replace") for value in columns))


def join_lines(authority: str | None, summary: str | None, text: str) -> str:
    """Returns the lines of a decision that the index has: authority, summary, and the lines of its text."""
    return "\n".join(((authority or "").replace("\n", " "), (summary or "").replace("\n", " "), text))


_Found = tuple[set[int], bool]
"""Decisions, and whether those asked for are all others."""


def _evaluate(db: sqlite3.Connection, node: Node) -> _Found:
    if is_plain(node) and node != And(()):
        made = make_match(node, lambda word: find_forms(db, word))
        return _match(db, made.expression), made.negated
    match node:
        case Not(part):
            found, negated = _evaluate(db, part)
            return found, not negated
        case Or(parts):  # by De Morgan
            found, negated = _evaluate_and(db, tuple(Not(part) for part in parts))
            return found, not negated
        case And(parts):
            return _evaluate_and(db, parts)
        case _:
            return _evaluate_and(db, (node,))


def _evaluate_and(db: sqlite3.Connection, parts: tuple[Node, ...]) -> _Found:
    """Finds what all parts ask for.

    One expression asks the index for all that it can answer. Filters look only at what is left then; NEAR comes last.
    """
    plain = [part for part in parts if is_plain(part)]
    filters = [part for part in parts if isinstance(part, Filter)]
    near = [part for part in parts if isinstance(part, Near)]
    nodes = [part for part in parts if part not in filters and part not in near and part not in plain]
    found = [_evaluate(db, one) for one in ([And(tuple(plain))] if plain else []) + nodes]
    found += [(_match(db, make_near(one, lambda word: find_forms(db, word))), False) for one in near]
    wanted = [decisions for decisions, negated in found if not negated]
    unwanted = set().union(*(decisions for decisions, negated in found if negated))
    left = set.intersection(*sorted(wanted, key=len)) - unwanted if wanted else None
    for wanted_fact in filters:
        left = find_facts(db).keep(wanted_fact, left)
    if left is None:
        return unwanted, True
    if filters:
        left -= unwanted
    for one in near:
        left = _keep_near(db, one, left)
    return left, False


def _match(db: sqlite3.Connection, expression: str) -> set[int]:
    # One row with a JSON array takes half the time of many rows.
    (found,) = db.execute(
        "SELECT json_group_array(rowid) FROM decisions_fts WHERE decisions_fts MATCH ?", (expression,)
    ).fetchone()
    return set(json.loads(found))


def _keep_near(db: sqlite3.Connection, near: Near, decisions: set[int]) -> set[int]:
    """Returns those decisions in which one paragraph has what a NEAR asks for."""
    matcher = Matcher(near, find_stem)
    return {
        rowid
        for rowid, text in read_texts(db, decisions)
        if any(
            maybe and matcher.find(line).terms
            for maybe, line in zip(matcher.probe(text), text.split("\n"), strict=True)
        )
    }
