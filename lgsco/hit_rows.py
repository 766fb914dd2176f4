"""Lays out the results of a search for the command line and the web interface.

JSON, rows of CSV, and the sentence that counts the decisions searched if nothing was found.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ingest.lgo.source import PUBLISHER
from ingest.wording import count_of
from storage.export import cell
from storage.search import Hit

_FACTS = ("reference", "authority", "decision_date", "outcome", "category")
COLUMNS = (*_FACTS, "source_url", "number", "section", "paragraph")


def as_object(hit: Hit) -> dict[str, Any]:
    """Returns a hit as JSON. `marks` has the start and end of each word found, in characters of the text.

    `source_url` is the decision's page on the publisher's site, or null for a document that was never seen there.
    """
    values = asdict(hit)
    del values["path"]
    return {**values, "source_url": _make_source_url(hit)}


def list_rows(hit: Hit) -> list[list[str]]:
    """Returns a row of `COLUMNS` for each paragraph, or one for a decision without a paragraph.

    The cells are safe for spreadsheets.
    """
    facts = [*(getattr(hit, name) for name in _FACTS), _make_source_url(hit)]
    paragraphs = [[one.number, one.section, one.text] for one in hit.paragraphs]
    return [[cell(value or "") for value in (*facts, *of_it)] for of_it in paragraphs or [[None] * 3]]


def describe_searched(searched: int) -> str:
    """Returns the sentence that none of the decisions searched matches, with their number."""
    if not searched:
        return "the archive has no decisions to search yet"
    if searched == 1:
        return "the only stored decision does not match"
    return f"none of the {count_of(searched, 'stored decision')} matches"


def _make_source_url(hit: Hit) -> str | None:
    return None if hit.path is None else f"https://{PUBLISHER}{hit.path}"
