"""Lays out what a search found as rows of CSV, for the command line and the web interface."""

from __future__ import annotations

from collections.abc import Callable

from storage.export import cell
from storage.search import Hit, Paragraph

_FACTS = ("reference", "authority", "decision_date", "outcome", "category")
COLUMNS = (*_FACTS, "number", "section", "paragraph", "link")


def list_rows(hit: Hit, link: Callable[[Hit, Paragraph], str]) -> list[list[str]]:
    """Returns a row of `COLUMNS` for each paragraph, or one for a decision without a paragraph.

    The cells are safe for spreadsheets. `link` returns the address of a paragraph.
    """
    facts = [getattr(hit, name) for name in _FACTS]
    paragraphs = [[one.number, one.section, one.text, link(hit, one)] for one in hit.paragraphs]
    return [[cell(value or "") for value in (*facts, *of_it)] for of_it in paragraphs or [[None] * 4]]
