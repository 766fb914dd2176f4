"""Finds the next chapter of a decision to fetch, and parses all its pages as one text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ingest.errors import CutShort
from ingest.lgo import page as decision_page
from storage.model import Decision, Page


def find_next_chapter(stored: Sequence[Page], reference: str) -> int | None:
    """Returns the number of the next page of a decision to fetch: 1, then each chapter that a stored page links to."""
    if not stored:
        return 1
    numbers = {page.chapter for page in stored}
    linked = {number for page in stored for number in decision_page.find_chapters(page.body, reference) if number > 1}
    return min(linked - numbers, default=None)


def parse_stored_pages(stored: Sequence[Page], fetched_on: date, *, all_blocks: bool = False) -> Decision:
    """Parses the stored pages of a decision, each in its own charset. `fetched_on`: the day in London.

    `all_blocks`: lists every block of the pages that is left out of the text. Raises ReadError.
    """
    first = stored[0]
    missing = find_next_chapter(stored, first.reference)
    if missing is not None:
        raise CutShort(f"chapter {missing} is not among the stored pages")
    chapters = [decision_page.Page(page.body, page.charset) for page in stored]
    return decision_page.parse_chapters(chapters, reference=first.reference, today=fetched_on, all_blocks=all_blocks)
