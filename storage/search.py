"""Searches the decisions: from a typed query to decisions, each with the paragraphs that have the words asked for.

`docs/querying.md` says what a query means. `storage.query` parses it, `storage.candidates` finds the decisions,
`storage.ranking` orders them.
"""

from __future__ import annotations

import functools
import operator
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.candidates import find_candidates
from storage.errors import Damaged
from storage.facts import FactCounts, choose_names, find_facts
from storage.found import FoundDecision, FoundDecisions
from storage.layout import LineReader
from storage.model import LineKind
from storage.query.meant_operators import explain_meant_operators
from storage.query.parser import parse_query
from storage.query.passages import Found, Marks, Matcher, choose_lines
from storage.query.tree import And, Filter, Node, find_filters
from storage.query.words import parse_reference
from storage.ranking import Order, choose_page
from storage.stems import find_stem
from storage.suggestions import suggest_query
from storage.suppressions import count_shown, find_rowids

_NAMES_SHOWN = 8
_LINES_AT_ONCE = 8
"""Lines that are read word by word before it is decided whether they are enough."""
_AVOIDED: dict[LineKind, int] = {"heading": 1_000, "header": 2_000}
"""Kinds of lines that are shown only where they have more of the words than a paragraph. Among paragraphs with the same
words, those with more marks are shown."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with words asked for."""

    position: int
    """Its line in the text, from 0."""
    number: str | None
    section: str | None
    text: str
    marks: Marks
    """The places of the words in `text`: start and end in characters."""
    anchor: str
    """The name of its place on the decision's web page."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One decision that a search found."""

    reference: str
    authority: str | None
    decision_date: str | None
    """ISO 8601."""
    outcome: str | None
    category: str | None
    summary: str | None
    path: str | None = None
    """The path of its page on the site; None for a document that was never seen there."""
    paragraphs: tuple[Paragraph, ...] = ()
    """The one or two paragraphs with the most of the words asked for, the better one first."""
    flaw: str | None = None
    """The damage to the decision, if any."""


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what a search found."""

    total: int
    """The number of decisions found, on all pages."""
    hits: tuple[Hit, ...]
    counts: FactCounts | None = None
    suggestion: str | None = None
    """Another query, if nothing was found and a word may be misspelt."""
    notes: tuple[str, ...] = ()
    """Sentences about the query that the user should know."""
    searched: int | None = None
    """The number of decisions that were searched, if nothing was found."""


def search(
    db: sqlite3.Connection,
    query: str,
    limit: int,
    *,
    filters: Sequence[Filter] = (),
    order: Order = "relevance",
    skip: int = 0,
    count: bool = False,
) -> Results:
    """Finds the decisions that a typed query asks for.

    `filters`: facts that must hold in addition, also for a reference; with them the query may be empty. `limit`,
    `skip`: the decisions on this page and on the pages before. `count`: also count the facts of all decisions found. A
    reference in any spelling finds its decision, or the decisions that mention it if it is not stored. Raises
    QueryError.
    """
    key = None if '"' in query else parse_reference(query)
    held = None if key is None else _find_rowid(db, key)
    node = None if not query.strip() and filters else parse_query(query)
    whole: Node = And((*([node] if node is not None else []), *filters))
    if held is None:
        found = find_candidates(db, whole)
    else:
        found = {held} & find_candidates(db, And(tuple(filters))) if filters else {held}
    found -= find_rowids(db)  # before anything is counted
    matcher = Matcher(And(()) if node is None or held is not None else node, find_stem)
    decisions = FoundDecisions(db, matcher)
    page = choose_page(decisions, node, found, order, slice(skip, skip + max(limit, 0))) if found else []
    return Results(
        len(found),
        tuple(_make_hit(matcher, one) for one in decisions.read(page).values()),
        find_facts(db).count(found) if count else None,
        None if found or node is None or held is not None else _suggest(db, query, node, filters),
        tuple(_explain(db, query if held is None else "", whole)) if not found else (),
        count_shown(db) if not found else None,
    )


def mark_lines(query: str, lines: Iterable[str]) -> list[Marks]:
    """Returns for each line of a decision the places of the words of a query. Raises QueryError."""
    matcher = Matcher(parse_query(query), find_stem)
    return [matcher.find(line).marks for line in lines]


def _suggest(db: sqlite3.Connection, query: str, node: Node, filters: Sequence[Filter]) -> str | None:
    suggested = suggest_query(db, query, node)
    if suggested is None:
        return None
    return suggested if find_candidates(db, And((parse_query(suggested), *filters))) - find_rowids(db) else None


def _explain(db: sqlite3.Connection, query: str, node: Node) -> Iterable[str]:
    """Explains why the query probably found nothing."""
    yield from _explain_filters(db, node)
    if (sentence := explain_meant_operators(query)) is not None:
        yield sentence


def _explain_filters(db: sqlite3.Connection, node: Node) -> Iterable[str]:
    """Names the filters that no decision satisfies, and dates that exclude each other."""
    first = max((one.value for one in _find_required(node) if one.field == "from"), default="")
    last = min((one.value for one in _find_required(node) if one.field == "to"), default=first)
    if first > last:
        yield f"no date is both from {first} and to {last}"
    for one in find_filters(node):
        if one.field in {"from", "to"}:
            continue
        names = find_facts(db).find_names(one.field)
        if not choose_names(one, names):
            known = f": {', '.join(names)}" if 0 < len(names) <= _NAMES_SHOWN else ""
            yield f"no {one.field} here is named {one.value}{known}"


def _find_required(node: Node) -> list[Filter]:
    """Returns the filters that each decision found must satisfy: those outside OR and NOT."""
    if isinstance(node, And):
        return [one for part in node.parts for one in _find_required(part)]
    return [node] if isinstance(node, Filter) else []


def _find_rowid(db: sqlite3.Connection, reference: str) -> int | None:
    row = db.execute("SELECT rowid FROM decisions WHERE reference = ?", (reference,)).fetchone()
    return None if row is None else int(row[0])


def _make_hit(matcher: Matcher, decision: FoundDecision) -> Hit:
    facts = {name: decision.columns[name] for name in ("authority", "decision_date", "outcome", "category", "summary")}
    paragraphs = () if matcher.is_empty else _choose_paragraphs(matcher, decision)
    path = decision.columns["url"]
    return Hit(decision.columns["reference"], **facts, path=path, paragraphs=paragraphs, flaw=decision.find_flaw())


def _choose_paragraphs(matcher: Matcher, decision: FoundDecision) -> tuple[Paragraph, ...]:
    try:
        lines = LineReader(decision.text, decision.layout)
    except Damaged:
        lines = LineReader(decision.text, None)
    _, maybe = decision.probed
    possible = functools.reduce(operator.or_, maybe).bit_count()
    found: dict[int, Found] = {}
    chosen: list[int] = []
    likely = sorted(filter(maybe.__getitem__, range(len(maybe))), key=lambda place: -maybe[place].bit_count())
    for start in range(0, len(likely), _LINES_AT_ONCE):
        found.update((place, matcher.find(lines.read(place).text)) for place in likely[start : start + _LINES_AT_ONCE])
        places = sorted(found)
        chosen = choose_lines(
            [found[place].terms for place in places],
            [_AVOIDED.get(lines.find_kind(place), 0) - len(found[place].marks) for place in places],
        )
        chosen = [places[one] for one in chosen]
        if (
            len(chosen) > 1
            and functools.reduce(operator.or_, (found[one].terms for one in chosen)).bit_count() == possible
        ):
            break  # no other two lines can have more of the words
    return tuple(_make_paragraph(lines, place, found[place].marks) for place in chosen)


def _make_paragraph(lines: LineReader, place: int, marks: Marks) -> Paragraph:
    line = lines.read(place)
    # As on the web page of the decision: `p24` for the first line of paragraph 24.
    anchor = f"p{line.number}" if lines.begins_number(place) else f"line{place}"
    return Paragraph(place, line.number, line.section, line.text, marks, anchor)
