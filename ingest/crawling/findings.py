"""What a run finds out about the site's listing that its outcome must name."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.lgo.listing_page import Unfollowed
from storage.model import Window


@dataclass(slots=True)
class Findings:
    """What the listing contradicts, lacks and no longer lists."""

    contradictions: list[str] = field(default_factory=list)
    """What the site's totals say against each other, a sentence each."""
    lacking: dict[Window, tuple[str, ...]] = field(default_factory=dict)
    """The pages that windows lacked when they were last walked, with what the site answered."""
    unfollowed: dict[Unfollowed, str] = field(default_factory=dict)
    """Cards that lead to no decision of the site, each with the page where it was seen first."""
    doubles: dict[Window, dict[str, str]] = field(default_factory=dict)
    """The references under which a walk of a window showed cards of two decisions, each with the sentence."""
    strayed: bool = False
    """Whether a walk showed cards of a day beside the dates that it asked for."""
    unlisted: int = 0
    """Decisions that were listed before and no longer are."""
