"""Notices that one walk of the listing shows two cards of one reference that lead to different pages.

A decision may move to another address, and then its card leads there. Two cards in one walk are two decisions under one
reference: neither is an amendment of the other. The one that the archive has is kept; where it has none, the first.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.entries import is_same_address
from storage.model import Entry


class DoubleCards:
    """Watches the cards of one walk at a time."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        """The address of each reference that this walk showed."""
        self._before: dict[str, str] = {}
        """Of those, the addresses that the archive knew before the walk."""

    def begin(self) -> None:
        """Begins a walk."""
        self._shown.clear()
        self._before.clear()

    def sort(self, cards: Sequence[Entry], known: Mapping[str, Entry]) -> tuple[list[Entry], dict[str, str]]:
        """The cards of a page that are to be recorded, and what to say of references that name two decisions. `known`:
        the newest card that the archive has of each reference."""
        kept: list[Entry] = []
        doubles: dict[str, str] = {}
        for card in cards:
            first = self._shown.setdefault(card.reference, card.url)
            if card.reference in known and card.reference not in self._before:
                self._before[card.reference] = known[card.reference].url
            if is_same_address(first, card.url):
                kept.append(card)
                continue
            right = choose(first, card.url, self._before.get(card.reference))
            doubles[card.reference] = f"two cards link to {first} and {card.url}; only {right} is fetched"
            if right == card.url:
                kept.append(card)
        return kept, doubles


def choose(first: str, second: str, before: str | None) -> str:
    """Which of two addresses under one reference is kept. Pure. `before`: the one that the archive has."""
    return second if before is not None and is_same_address(second, before) else first
