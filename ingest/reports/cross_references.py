"""Counts the stored decisions with right cross-references (`ingest.lgo.cross_references`)."""

from __future__ import annotations

from ingest.lgo.cross_references import count_fitting
from ingest.wording import agree, count_of
from storage.layout import Layout, split_lines

ONE_IN = 32
"""One in this many decisions is checked. The comparison takes longer than all other checks of a row, and a sample is
enough for a share."""


class CrossReferenceCount:
    """Takes stored decisions one after another, and keeps only counts."""

    def __init__(self) -> None:
        self._given = 0
        self.looked_at = 0
        self.checked = 0
        """The number of decisions that cite their own paragraphs by number."""
        self.fitting = 0
        """The number of those in which each cited paragraph exists and shares a word with the sentence that cites
        it."""

    def __call__(self, text: bytes, kinds: bytes, numbers: bytes) -> None:
        """Counts a decision by its text and its matching layout, as UTF-8. Raises Damaged."""
        self._given += 1
        if self._given % ONE_IN != 1:
            return
        self.looked_at += 1
        if (
            b"para" not in text.lower()
        ):  # skips splitting most texts without citations, which would take most of the time
            return
        share = count_fitting([split_lines(text.decode(), Layout(kinds.decode(), numbers.decode()))])
        self.checked += share.checked
        self.fitting += share.fitting

    def describe(self) -> str:
        """Returns the counts as a line."""
        looked_at = f"cross-references: {count_of(self.looked_at, 'decision')} checked"
        if not self.checked:
            return f"{looked_at}, none cites numbered paragraphs of its own"
        cite = agree(self.checked, "cites paragraphs of its own", "cite paragraphs of their own")
        return (
            f"{looked_at}, {self.checked:,} {cite}; in {self.fitting:,} of these each paragraph cited exists and "
            "shares a word with the sentence that cites it"
        )
