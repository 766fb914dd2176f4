"""The pages of one decision: which chapter to fetch next, and all of them parsed as one text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ingest.errors import CutShort, NotADecision
from ingest.lgo import page as decision_page
from storage.model import Decision, Page


def find_next_chapter(stored: Sequence[Page], reference: str) -> int | None:
    """The number of the next page of a decision to fetch: the first, then each chapter that a page links to."""
    if not stored:
        return 1
    numbers = {page.chapter for page in stored}
    linked = {number for page in stored for number in decision_page.chapters(page.body, reference) if number > 1}
    return min(linked - numbers, default=None)


def parse_chapters(stored: Sequence[Page], today: date) -> Decision:
    """The decision on its stored pages. Raises ReadError."""
    first = stored[0]
    missing = find_next_chapter(stored, first.reference)
    if missing is not None:
        raise CutShort(f"chapter {missing} is not among the kept pages")
    if len(stored) == 1:
        decision = decision_page.read(first.body, reference=first.reference, charset=first.charset)
    else:
        bodies = [page.body for page in stored]
        decision = decision_page.read_chapters(bodies, reference=first.reference, charset=first.charset)
    require_past(decision, today)
    return decision


def require_past(decision: Decision, today: date) -> None:
    """Raises NotADecision if the decision is dated in the future."""
    decided = decision.decision_date
    if decided is not None and decided > today:
        raise NotADecision(f"its decision date {decided} is in the future")
