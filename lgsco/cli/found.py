"""Prints what a search found: for people, as JSON, or as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import click

from ingest.wording import count_of
from lgsco.cli.printing import print_foreign, print_line
from lgsco.hit_rows import COLUMNS, as_object, describe_searched, list_rows
from storage.query.passages import mark_words, shorten
from storage.search import Paragraph, Results

_EXCERPT_CHARACTERS = 320


def as_json(query: str, results: Results) -> dict[str, Any]:
    """Returns the results as JSON."""
    return {
        "query": query,
        "total": results.total,
        "hits": [as_object(hit) for hit in results.hits],
        "suggestion": results.suggestion,
        "notes": list(results.notes),
    }


def print_csv(results: Results) -> None:
    """Prints a row for each paragraph, and one for each decision without a paragraph."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for hit in results.hits:
        rows.writerows(list_rows(hit))
    click.echo(out.getvalue(), nl=False)


def print_hits(results: Results) -> None:
    """Prints each decision with its paragraphs, the words found in square brackets."""
    for hit in results.hits:
        outcome = f" · {hit.outcome}" if hit.outcome else ""
        print_foreign(f"{hit.reference}  {hit.decision_date or '–':10}  {hit.authority or '–'}{outcome}")
        for one in hit.paragraphs:
            print_foreign(f"    {f'{one.number}  ' if one.number else ''}{_mark(one)}")
        if not hit.paragraphs and hit.summary:
            print_foreign(f"    {shorten(hit.summary, (), _EXCERPT_CHARACTERS)[0]}")
    if results.total > len(results.hits) > 0:
        more = results.total - len(results.hits)
        print_line(f"    … and {more:,} more of {count_of(results.total, 'decision')}; see --limit")


def _mark(paragraph: Paragraph) -> str:
    marked = mark_words(*shorten(paragraph.text, paragraph.marks, _EXCERPT_CHARACTERS), "[", "]")
    return " ".join(marked.split())


def print_notes(results: Results, repair: str) -> None:
    """Prints on stderr which decisions are damaged, and what to do when nothing was found."""
    for hit in results.hits:
        if hit.flaw is not None:
            print_line(
                f"lgsco: {hit.reference} is damaged ({hit.flaw}): the printed text may be wrong; {repair}", err=True
            )
    if results.searched is not None:
        fetch = "" if results.searched else "; `lgsco backfill` fetches them"
        print_line(f"{describe_searched(results.searched)}{fetch}", err=True)
    for note in results.notes:
        print_line(note, err=True)
    if results.suggestion is not None:
        print_line(f"did you mean: {results.suggestion}", err=True)
