"""Full-text search: from what a person types to an expression that FTS5 takes, and to the decisions it finds.

`match_expression` is the one way from typed words to the index, for the command line and for `lgsco.web`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten

from storage.model import reference

RANKING = "bm25(4.0, 2.0, 1.0)"
"""The weights of authority, summary and text in a hit's rank; what ranks lowest is the best."""

_WORDS_MOST = 100
_CHARACTERS_MOST = 4_000
"""What is typed after so many, or after so many words, is not looked for: the time it takes grows with its square."""

_REFERENCE_MOST = 100
"""Characters that a reference has at most, however it is spelled and whatever stands around it."""

_SNIPPET_TOKENS = 24
_SNIPPET_CHARACTERS = 100_000
_SNIPPET_HITS = 1_000
"""Of one text at most: the time that FTS5 takes to choose a snippet grows with the square of the hits it chooses from,
and nothing can interrupt it. The longest text known has 85,000 characters."""
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
    """The words around what was found, on one line."""
    rank: float
    """Lower is better."""


def match_expression(query: str) -> str | None:
    """What a person typed as an FTS5 expression that never is a syntax error; None when it holds no word.

    All words must occur. "Quoted words" must stand together, and so must the parts of a word that punctuation joins
    (`well-known`, `council's`, `34(B)`). A `*` at the end of a word finds what begins with it. A reference is found
    in any spelling, a joint case without its letter too. `finding` finds what is printed with the ligature `ﬁ`, and
    `1500` finds `£1,500`, and the other way round.
    """
    query = query[:_CHARACTERS_MOST].encode(errors="replace").decode().translate(_STRAIGHT)
    whole = _reference(query)
    if whole is not None:
        return _phrase(*whole)
    parts = [part for part in _parts(query) if any(letter.isalnum() for letter in part[0])]
    # Side by side: FTS5 overlooks a phrase without tokens then, and would find nothing after an AND.
    # Once each: a word typed twice finds no other decisions, and each time would be looked for by itself.
    plain: dict[str, None] = {}
    alternatives: dict[str, None] = {}
    for words, begins in parts[:_WORDS_MOST]:
        spellings = [_phrase(spelling, begins) for spelling in _spellings(words)]
        if len(spellings) == 1:
            plain[spellings[0]] = None
        else:
            alternatives[f"({' OR '.join(spellings)})"] = None
    # FTS5 takes parentheses after an AND only.
    return " AND ".join(filter(None, [" ".join(plain), *alternatives])) or None


def snippet(start: str, end: str, tokens: int = _SNIPPET_TOKENS) -> str:
    """SQL, for a query of `decisions_fts`: the words around what was found, with `start` and `end` (SQL too) about it.

    Of a text that holds it too often to choose in time it is how the summary begins.
    """
    hits = "length(highlight(decisions_fts, 2, 'x', '')) - length(text)"  # each is one character longer there
    beginning = "coalesce(summary, text)"
    return (
        f"CASE WHEN length(text) <= {_SNIPPET_CHARACTERS} AND {hits} <= {_SNIPPET_HITS} "
        f"THEN snippet(decisions_fts, -1, {start}, {end}, '…', {tokens}) "
        f"WHEN length({beginning}) > {_SUMMARY_CHARACTERS} THEN substr({beginning}, 1, {_SUMMARY_CHARACTERS}) || '…' "
        f"ELSE {beginning} END"
    )


def search(db: sqlite3.Connection, query: str, limit: int, marks: tuple[str, str] = ("[", "]")) -> list[Hit]:
    """The decisions that hold what was typed, the best first; `marks` stand around it in the snippets.

    A reference in any spelling finds its decision alone, or what mentions it where that decision is not held.
    """
    try:
        held = _find(db, reference(query[:_CHARACTERS_MOST]))
    except ValueError:
        held = None
    if held is not None:
        return [held][:limit]
    expression = match_expression(query)
    if expression is None:
        return []
    # ORDER BY rank LIMIT is the index's own, so that a snippet is made of the hits only.
    rows = db.execute(
        "SELECT d.reference, d.authority, d.decision_date, d.outcome, f.snippet, f.rank FROM (SELECT rowid, rank, "
        f"{snippet('?', '?')} AS snippet FROM decisions_fts "
        f"WHERE decisions_fts MATCH ? AND rank MATCH '{RANKING}' ORDER BY rank LIMIT ?) AS f "
        "CROSS JOIN decisions AS d ON d.rowid = f.rowid ORDER BY f.rank, d.reference",
        (*marks, expression, max(limit, 0)),
    )
    return [Hit(key, whose, when, how, " ".join(found.split()), rank) for key, whose, when, how, found, rank in rows]


def _find(db: sqlite3.Connection, key: str) -> Hit | None:
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


def _parts(query: str) -> Iterator[tuple[str, bool]]:
    """The words and quoted phrases of a query, each with whether it is the beginning of what is looked for."""
    for quoted, star, word in _PARTS.findall(query):
        if word:
            yield _reference(word) or (word, len(word) > 1 and word[-1] == "*" and word[-2].isalnum())
        else:
            yield quoted, bool(star)


_LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
"""The letters that a text may print as one character; the longest first."""
_TO_LIGATURES = re.compile("|".join(_LIGATURES))
_FROM_LIGATURES = str.maketrans({ligature: letters for letters, ligature in _LIGATURES.items()})
_GROUPED = re.compile(r"£?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNGROUPED = re.compile(r"(£?)(\d{4,9})((?:\.\d+)?)")


def _spellings(words: str) -> list[str]:
    """The words as typed, and as a text may print them otherwise: with ligatures, or an amount with commas."""
    letters = words.translate(_FROM_LIGATURES)
    spellings = [words, letters, _TO_LIGATURES.sub(lambda found: _LIGATURES[found[0]], letters)]
    if _GROUPED.fullmatch(words):
        spellings.append(words.replace(",", ""))
    elif amount := _UNGROUPED.fullmatch(words):
        spellings.append(f"{amount[1]}{int(amount[2]):,}{amount[3]}" if amount[2][0] != "0" else words)
    return list(dict.fromkeys(spellings))


def _reference(words: str) -> tuple[str, bool] | None:
    """The reference that the words are; without a letter at its end it is also the beginning of one with a letter."""
    if len(words) > _REFERENCE_MOST:
        return None
    try:
        key = reference(_EDGES.sub("", words))
    except ValueError:
        return None
    return key, key[-1].isdigit()


def _phrase(words: str, begins: bool) -> str:
    return f'"{words}"{"*" if begins else ""}'
