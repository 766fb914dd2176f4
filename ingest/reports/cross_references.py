"""Counts, over stored decisions, those whose cross-references fit (`ingest.lgo.cross_references`)."""

from __future__ import annotations

from ingest.lgo.cross_references import count_fitting
from storage.layout import Layout, lines

ONE_IN = 32
"""Comparing takes longer than all other checks of a row, so that one in so many decisions is looked at: that is enough
for a share."""


class CrossReferenceCount:
    """Is given one stored decision after another; nothing of them is kept but counts."""

    def __init__(self) -> None:
        self._given = 0
        self.looked_at = 0
        self.checked = 0
        """Decisions that cite paragraphs of their own by number."""
        self.fitting = 0
        """Those of them in which each paragraph cited exists and shares a word with the sentence that cites it."""

    def __call__(self, text: bytes, kinds: bytes, numbers: bytes) -> None:
        """Counts a decision by its text and layout, as UTF-8, which fit each other. Raises Damaged."""
        self._given += 1
        if self._given % ONE_IN != 1:
            return
        self.looked_at += 1
        if b"para" not in text.lower():  # most of the time would go into splitting the texts that cite nothing
            return
        share = count_fitting([lines(text.decode(), Layout(kinds.decode(), numbers.decode()))])
        self.checked += share.checked
        self.fitting += share.fitting

    def describe(self) -> str:
        """The counts as a line."""
        looked_at = f"cross-references: {self.looked_at:,} decisions looked at"
        if not self.checked:
            return f"{looked_at}, none cites numbered paragraphs of its own"
        return (
            f"{looked_at}, {self.checked:,} cite paragraphs of their own; in {self.fitting:,} of these each paragraph "
            "cited exists and shares a word with the sentence that cites it"
        )
