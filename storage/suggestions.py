"""Suggests another spelling for the words of a query that no decision has."""

from __future__ import annotations

import difflib
import sqlite3

from storage.query.tree import Node, Phrase, Prefix, Word, find_parts
from storage.query.words import find_words
from storage.stems import find_forms, list_words

_LEAST_LETTERS = 4
_LEAST_DECISIONS = 2
"""A word of one decision only may be misspelt itself."""
_LIKENESS = 0.75
"""The least likeness of two words according to difflib, from 0 to 1."""
_LETTERS_MORE = 2
"""How much longer or shorter a suggested word may be."""
_CLOSE_MOST = 5
"""The most similar words that are compared by their number of decisions."""
_COUNTED_MOST = 1_000
"""Up to this many decisions with a word are counted."""


def suggest_query(db: sqlite3.Connection, query: str, node: Node) -> str | None:
    """Returns the query with each word that no decision has replaced by the most similar one.

    None if all words occur, or none of the others is similar. `query` is what `node` was parsed from.
    """
    changes: list[tuple[int, int, str]] = []
    for part in find_parts(node):
        offset = part.start + (query[part.start : part.start + 1] not in part.text[:1])
        words = find_words(part.text)
        begins = isinstance(part, Prefix) or (isinstance(part, Phrase) and part.begins)
        for start, end, word in words:
            if len(word) < _LEAST_LETTERS or not word.isalpha():
                continue
            if _begins_words(db, word) if begins and end == words[-1][1] else _occurs(db, word, isinstance(part, Word)):
                continue
            if (similar := _find_similar(db, word)) is not None:
                changes.append((offset + start, offset + end, similar))
    if not changes:
        return None
    for start, end, similar in sorted(changes, reverse=True):
        query = query[:start] + similar + query[end:]
    return query


def _begins_words(db: sqlite3.Connection, beginning: str) -> bool:
    return any(_count(db, one, 1) for one in list_words(db, beginning))


def _occurs(db: sqlite3.Connection, word: str, has_forms: bool) -> bool:
    return any(_count(db, one, 1) for one in (find_forms(db, word) if has_forms else [word]))


def _count(db: sqlite3.Connection, word: str, most: int) -> int:
    """Counts the decisions with a word, up to a number."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM decisions_fts WHERE decisions_fts MATCH ? LIMIT ?)", (f'"{word}"', most)
    ).fetchone()
    return int(count)


def _find_similar(db: sqlite3.Connection, word: str) -> str | None:
    """Finds the most similar word that begins with the same two letters, or else with the same letter."""
    for letters in (word[:2], word[:1]):
        words = [one for one in list_words(db, letters) if abs(len(one) - len(word)) <= _LETTERS_MORE]
        close = difflib.get_close_matches(word, words, n=_CLOSE_MOST, cutoff=_LIKENESS)
        counted = {one: _count(db, one, _COUNTED_MOST) for one in close}
        known = [one for one in close if counted[one] >= _LEAST_DECISIONS]
        if known:  # of those that are about equally similar, the most frequent
            return max(known, key=lambda one: (round(_compare(word, one), 1), counted[one]))
    return None


def _compare(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, word, other).ratio()
