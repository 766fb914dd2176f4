"""Turns typed words into an FTS5 expression, and finds decisions by full-text search.

`match_expression` is the only way from typed words to the index, for the command line and for `lgsco.web`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import shorten

from storage.digests import find_flaw
from storage.references import reference
from storage.suppressions import leave_out

RANKING = "bm25(4.0, 2.0, 1.0)"
"""The weights of authority, summary and text in a hit's rank; the lowest rank is the best."""

_WORDS_MOST = 100
_CHARACTERS_MOST = 4_000
"""The most words and characters of a query that are searched for; the rest is ignored. The time of a search grows with
the square of their number."""

_REFERENCE_MOST = 100
"""The most characters of a reference, in any spelling and with punctuation around it."""

_SNIPPET_TOKENS = 24
_SNIPPET_CHARACTERS = 100_000
_SNIPPET_HITS = 1_000
"""Limits for the snippet of one text. The time that FTS5 needs to choose a snippet grows with the square of the hits,
and nothing can interrupt it. The longest known text has 85,000 characters."""
_SUMMARY_CHARACTERS = 200
_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟«»＂", '"') | {"\0": " "})
_PARTS = re.compile(r'"([^"]*)(?:"(\*)?|$)|([^\s"]+)')
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Hit:
    """One decision that a search found."""

    reference: str
    authority: str | None
    decision_date: str | None
    """ISO 8601."""
    outcome: str | None
    snippet: str
    """The words around the hit, on one line."""
    rank: float
    """Lower is better."""
    flaw: str | None = None
    """The damage to the decision, if any."""


def match_expression(query: str) -> str | None:
    """Turns a typed query into an FTS5 expression that is never a syntax error; None if it has no word.

    All words must occur. "Quoted words" must be adjacent, and so must the parts of a word that punctuation joins
    (`well-known`, `council's`, `34(B)`). A `*` at the end of a word finds every word that begins with it. A reference
    is found in any spelling, a joint case without its letter too. `finding` finds what is printed with the ligature
    `ﬁ`, and `1500` finds `£1,500`, and the other way round.
    """
    query = query[:_CHARACTERS_MOST].encode(errors="replace").decode().translate(_STRAIGHT)
    whole = _parse_reference(query)
    if whole is not None:
        return _quote_phrase(*whole)
    parts = [part for part in _split_query(query) if any(letter.isalnum() for letter in part[0])]
    # Joined by spaces: FTS5 then ignores a phrase without tokens; joined by AND, it would find nothing.
    # Each word once: FTS5 would search again for a repeated word, with the same result.
    plain: dict[str, None] = {}
    alternatives: dict[str, None] = {}
    for words, begins in parts[:_WORDS_MOST]:
        spellings = [_quote_phrase(spelling, begins) for spelling in _list_spellings(words)]
        if len(spellings) == 1:
            plain[spellings[0]] = None
        else:
            alternatives[f"({' OR '.join(spellings)})"] = None
    # FTS5 accepts parentheses only after an AND.
    return " AND ".join(filter(None, [" ".join(plain), *alternatives])) or None


def snippet(start: str, end: str, tokens: int = _SNIPPET_TOKENS) -> str:
    """Makes an SQL expression for the words around a hit, for a query of `decisions_fts`.

    `start` and `end`: SQL for the marks around the hit. A text with too many characters or hits gives the beginning of
    the summary instead.
    """
    hits = "length(highlight(decisions_fts, 2, 'x', '')) - length(text)"  # highlight() adds one character for each hit
    beginning = "coalesce(summary, text)"
    return (
        f"CASE WHEN length(text) <= {_SNIPPET_CHARACTERS} AND {hits} <= {_SNIPPET_HITS} "
        f"THEN snippet(decisions_fts, -1, {start}, {end}, '…', {tokens}) "
        f"WHEN length({beginning}) > {_SUMMARY_CHARACTERS} THEN substr({beginning}, 1, {_SUMMARY_CHARACTERS}) || '…' "
        f"ELSE {beginning} END"
    )


def search(db: sqlite3.Connection, query: str, limit: int, marks: tuple[str, str] = ("[", "]")) -> list[Hit]:
    """Finds the decisions that match a typed query, the best first. `marks`: put around each hit in the snippets.

    A reference in any spelling finds only its decision, or the decisions that mention it if it is not stored.
    """
    try:
        held = _find_decision(db, reference(query[:_CHARACTERS_MOST]))
    except ValueError:
        held = None
    if held is not None:
        return _add_flaws(db, [held][:limit])
    expression = match_expression(query)
    if expression is None:
        return []
    # The index itself sorts and limits, so that snippets are made only for the hits returned.
    rows = db.execute(
        "SELECT d.reference, d.authority, d.decision_date, d.outcome, f.snippet, f.rank FROM (SELECT rowid, rank, "
        f"{snippet('?', '?')} AS snippet FROM decisions_fts "
        f"WHERE decisions_fts MATCH ? AND rank MATCH '{RANKING}' ORDER BY rank LIMIT ?) AS f "
        "CROSS JOIN decisions AS d ON d.rowid = f.rowid ORDER BY f.rank, d.reference",
        (*marks, expression, max(limit, 0)),
    )
    hits = [
        Hit(key, authority, day, outcome, " ".join(words.split()), rank)
        for key, authority, day, outcome, words, rank in rows
    ]
    return _add_flaws(db, hits)


def _add_flaws(db: sqlite3.Connection, hits: list[Hit]) -> list[Hit]:
    shown = set(leave_out(db, (hit.reference for hit in hits)))
    return [replace(hit, flaw=find_flaw(db, hit.reference)) for hit in hits if hit.reference in shown]


def _find_decision(db: sqlite3.Connection, key: str) -> Hit | None:
    row = db.execute(
        "SELECT reference, authority, decision_date, outcome, coalesce(summary, text) FROM decisions "
        "WHERE reference = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    held, authority, decided, outcome, words = row
    return Hit(
        held, authority, decided, outcome, shorten(words[:_CHARACTERS_MOST], _SUMMARY_CHARACTERS, placeholder="…"), 0.0
    )


def _split_query(query: str) -> Iterator[tuple[str, bool]]:
    """Splits a query into words and quoted phrases, each with whether it is a prefix search."""
    for quoted, star, word in _PARTS.findall(query):
        if word:
            yield _parse_reference(word) or (word, len(word) > 1 and word[-1] == "*" and word[-2].isalnum())
        else:
            yield quoted, bool(star)


_LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
"""Letters that a text may print as one character; the longest first."""
_TO_LIGATURES = re.compile("|".join(_LIGATURES))
_FROM_LIGATURES = str.maketrans({ligature: letters for letters, ligature in _LIGATURES.items()})
_GROUPED = re.compile(r"£?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNGROUPED = re.compile(r"(£?)(\d{4,9})((?:\.\d+)?)")


def _list_spellings(words: str) -> list[str]:
    """Returns the words as typed, and other ways to print them: with ligatures, or an amount with commas."""
    letters = words.translate(_FROM_LIGATURES)
    spellings = [words, letters, _TO_LIGATURES.sub(lambda found: _LIGATURES[found[0]], letters)]
    if _GROUPED.fullmatch(words):
        spellings.append(words.replace(",", ""))
    elif amount := _UNGROUPED.fullmatch(words):
        spellings.append(f"{amount[1]}{int(amount[2]):,}{amount[3]}" if amount[2][0] != "0" else words)
    return list(dict.fromkeys(spellings))


def _parse_reference(words: str) -> tuple[str, bool] | None:
    """Parses words as a reference, with whether to search by prefix; None if they are not a reference.

    A reference without a letter also finds those of joint cases, which have one more letter.
    """
    if len(words) > _REFERENCE_MOST:
        return None
    try:
        key = reference(_EDGES.sub("", words))
    except ValueError:
        return None
    return key, key[-1].isdigit()


def _quote_phrase(words: str, begins: bool) -> str:
    return f'"{words}"{"*" if begins else ""}'
