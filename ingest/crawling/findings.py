"""Collects the problems of the site's listing that the outcome of a run must name."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.lgo.listing_page import Unfollowed
from storage.model import Window


@dataclass(slots=True)
class Findings:
    """The contradictions, missing pages and unlisted decisions that a run found in the listing."""

    contradictions: list[str] = field(default_factory=list)
    """Totals of the site that contradict each other, one sentence each."""
    missing_pages: dict[Window, tuple[str, ...]] = field(default_factory=dict)
    """By window, the pages that its last walk did not get, with what the site answered."""
    unfollowed: dict[Unfollowed, str] = field(default_factory=dict)
    """Cards without a link to a decision of the site, each with the page where it was first seen."""
    doubles: dict[Window, dict[str, str]] = field(default_factory=dict)
    """By window, the references for which its walk showed cards of two decisions, each with a sentence about them."""
    has_stray_cards: bool = False
    """Whether a walk showed cards dated one day before or after the dates that it asked for."""
    unlisted: int = 0
    """How many decisions were listed before and no longer are."""
