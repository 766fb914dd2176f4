"""The tree of a query: words, phrases, NEAR and filters, combined by AND, OR and NOT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from storage.errors import LgscoError

Field = Literal["authority", "outcome", "category", "from", "to"]
"""A fact of a decision that a query can ask for. `from` and `to` limit its date."""


class QueryError(LgscoError):
    """The query is not valid. The message says where and what to write instead."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any form: `complaint` finds `complaints`."""

    text: str
    start: int = 0
    """Its position in the query, in characters from 0."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """All words that begin with these letters: `assess*`."""

    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words exactly as written, one after the other, within one paragraph."""

    text: str
    begins: bool = False
    """Whether the last word is a prefix: `"best inter"*`."""
    start: int = 0


Part = Word | Prefix | Phrase


@dataclass(frozen=True, slots=True)
class Near:
    """Words and phrases within one paragraph, in any order, with at most `distance` words from first to last."""

    parts: tuple[Part, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A fact of the decision: `outcome:upheld`. Dates are ISO 8601."""

    field: Field
    value: str


@dataclass(frozen=True, slots=True)
class And:
    """Decisions for which all parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Decisions for which at least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Decisions for which the part does not hold."""

    part: Node


Term = Part | Near
"""Something asked for in the text."""

Node = Term | Filter | And | Or | Not


def find_terms(node: Node) -> Iterator[Term]:
    """Yields what a query asks for in the text, without the parts under NOT."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from find_terms(part)
        case Not() | Filter():
            return
        case _:
            yield node


def find_parts(node: Node) -> Iterator[Part]:
    """Yields all words, prefixes and phrases of a query, also those under NOT and in NEAR."""
    match node:
        case And(parts) | Or(parts) | Near(parts):
            for part in parts:
                yield from find_parts(part)
        case Not(part):
            yield from find_parts(part)
        case Filter():
            return
        case _:
            yield node


def find_filters(node: Node) -> list[Filter]:
    """Returns all filters of a query, also those under NOT."""
    match node:
        case And(parts) | Or(parts):
            return [one for part in parts for one in find_filters(part)]
        case Not(part):
            return find_filters(part)
        case Filter():
            return [node]
        case _:
            return []


def has_not(node: Node) -> bool:
    """Whether a query leaves something out."""
    match node:
        case And(parts) | Or(parts):
            return any(map(has_not, parts))
        case _:
            return isinstance(node, Not)
