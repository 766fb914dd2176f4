"""Turns the tree of a query into an expression for the full-text index `decisions_fts`, whose words are as printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from storage.query.tree import And, Filter, Near, Node, Not, Or, Part, QueryError, Term
from storage.query.words import Exact, Spelling, Stem, list_spellings

Forms = Callable[[str], Sequence[str]]
"""Returns the words of the index that are forms of a word."""

_NEAR_MOST = 64
"""The most ways to print the parts of one NEAR that are searched for."""


@dataclass(frozen=True, slots=True)
class Match:
    """An FTS5 expression. `negated`: the decisions asked for are those that it does not match."""

    expression: str
    negated: bool = False

    def invert(self) -> Match:
        """Returns the match of all other decisions."""
        return Match(self.expression, not self.negated)


def is_plain(node: Node) -> bool:
    """Whether the index alone can answer a query: one without filters and NEAR."""
    match node:
        case And(parts) | Or(parts):
            return all(map(is_plain, parts))
        case Not(part):
            return is_plain(part)
        case _:
            return not isinstance(node, Near | Filter)


def make_match(node: Node, forms: Forms) -> Match:
    """Makes the expression of a query for which `is_plain` holds."""
    return _convert(node, lambda term: "" if isinstance(term, Near) else _alternatives(_print(term, forms)))


def make_printed(node: Node) -> Match:
    """Makes an expression in which each word is as typed, without its other forms.

    It serves the search box of a table. NEAR may match across two paragraphs. Raises QueryError for filters.
    """

    def convert(term: Term) -> str:
        if not isinstance(term, Near):
            return _alternatives(_print(term, _as_typed))
        return _near(term, [list(_print(part, _as_typed)) for part in term.parts])

    return _convert(node, convert)


def make_near(near: Near, forms: Forms) -> str:
    """Makes an expression that matches each decision that a NEAR can match, and few others.

    It may match across two paragraphs, so the text decides.
    """
    return _near(near, [list(dict.fromkeys(_print(part, forms))) for part in near.parts])


def _as_typed(word: str) -> tuple[str]:
    return (word,)


def _print(part: Part, forms: Forms) -> Iterator[str]:
    """Yields the FTS5 phrases of which one must be found."""
    for one in list_spellings(part):
        yield from (f'"{word}"' for word in forms(one.word) or (one.word,)) if isinstance(one, Stem) else [_quote(one)]


def _convert(node: Node, convert: Callable[[Part | Near], str]) -> Match:
    match node:
        case Not(part):
            return _convert(part, convert).invert()
        case And(parts):
            return _combine([_convert(part, convert) for part in parts])
        case Or(parts):  # by De Morgan: not (not a and not b)
            return _combine([_convert(part, convert).invert() for part in parts]).invert()
        case Filter(field):
            raise QueryError(f"{field}: is a filter of the search page and of `lgsco search`; it does not work here")
        case _:
            return Match(convert(node))


def _combine(parts: Sequence[Match]) -> Match:
    """Combines expressions by AND. FTS5's NOT has two sides, so what is only negated becomes the negation of an OR."""
    wanted = [part.expression for part in parts if not part.negated]
    unwanted = [part.expression for part in parts if part.negated]
    if not wanted:
        return Match(_join(" OR ", unwanted), negated=True)
    found = _join(" AND ", wanted)
    return Match(f"({found} NOT {_join(' OR ', unwanted)})" if unwanted else found)


def _alternatives(phrases: Iterator[str]) -> str:
    return _join(" OR ", list(phrases))


def _join(operator: str, expressions: Sequence[str]) -> str:
    """Joins expressions, each once: FTS5 would search again for a repeated one."""
    distinct = list(dict.fromkeys(expressions))
    return distinct[0] if len(distinct) == 1 else f"({operator.join(distinct)})"


def _near(near: Near, parts: Sequence[Sequence[str]]) -> str:
    """FTS5's NEAR takes no alternatives, so each way to print the parts is one NEAR. Too many ways: all parts occur."""
    ways = 1
    for phrases in parts:
        ways *= len(phrases)
    if ways > _NEAR_MOST:
        return _join(" AND ", [_join(" OR ", phrases) for phrases in parts])
    return _join(" OR ", [f"NEAR({' '.join(way)}, {near.distance})" for way in product(*parts)])


def _quote(one: Spelling) -> str:
    if isinstance(one, Exact):
        return f'"{" ".join(one.words)}"{"*" if one.begins else ""}'
    return f'"{one.word}"'
