"""Finds references for which one walk of the listing shows two cards with different addresses. Pure.

If a decision moves to another address, its card links there. But two such cards in one walk are two decisions under one
reference; neither is an amendment of the other. The one in the archive is chosen, or else the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.entries import is_same_address
from storage.model import Entry


class DoubleCards:
    """Checks the cards of one walk at a time."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        """The first address that this walk showed for each reference."""
        self._before: dict[str, str] = {}
        """The addresses of these references that were in the archive before the walk."""

    def begin(self) -> None:
        """Starts a walk."""
        self._shown.clear()
        self._before.clear()

    def sort(self, cards: Sequence[Entry], known: Mapping[str, Entry]) -> tuple[list[Entry], dict[str, str]]:
        """Returns the cards of a page to record, and a message for each reference that names two decisions.

        `known`: the newest card in the archive of each reference.
        """
        kept: list[Entry] = []
        doubles: dict[str, str] = {}
        for card in cards:
            first = self._shown.setdefault(card.reference, card.url)
            if card.reference in known and card.reference not in self._before:
                self._before[card.reference] = known[card.reference].url
            if is_same_address(first, card.url):
                kept.append(card)
                continue
            right = choose_address(first, card.url, self._before.get(card.reference))
            doubles[card.reference] = f"two cards link to {first} and {card.url}; only {right} is fetched"
            if right == card.url:
                kept.append(card)
        return kept, doubles


def choose_address(first: str, second: str, before: str | None) -> str:
    """Chooses which of two addresses under one reference is kept. `before`: the one in the archive."""
    return second if before is not None and is_same_address(second, before) else first
