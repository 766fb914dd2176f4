"""Sorts the dates that were asked for by who fetches their missing decisions. Pure.

| dates | who fetches |
|---|---|
| `standing` or `finished` in any range that was asked for | sync |
| else `running` or `interrupted` in a backfill's range | the daemon between its syncs, or `lgsco backfill` |
| else in the fill's range while it is `running`: *filling* | the daemon, in its hours, or `lgsco backfill` |
| else `paused` | `lgsco backfill` |
| else | nobody: they were never asked for, or were withdrawn |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.crawling.windows import gaps, merge_windows
from storage.model import Intent, IntentState, Proof, Window

UNFINISHED: frozenset[IntentState] = frozenset({"running", "interrupted", "paused"})


class AskedFor(NamedTuple):
    """Ranges of decision dates. Each list is oldest first; no two ranges overlap, not even in different lists."""

    answered: list[Window]
    """The dates that sync covers."""
    interrupted: list[Window]
    """Dates that interrupted and running backfills have not proven yet."""
    paused: list[Window]
    """Dates of backfills that the user stopped, as far as they are not proven yet."""
    filling: list[Window]
    """The dates that the fill has not proven yet."""

    @property
    def unfinished(self) -> list[Window]:
        """Returns what is left of backfills."""
        return merge_windows([*self.interrupted, *self.paused])


def sort_asked_for(intents: Iterable[Intent], proofs: Iterable[Proof]) -> AskedFor:
    """Sorts the dates that were asked for.

    A date in several ranges counts once: as answered, else as interrupted, else as filling, else as paused.
    """
    intents = list(intents)
    answered = merge_windows(one.window for one in intents if one.state in ("standing", "finished"))
    proven = [proof.window for proof in proofs if proof.state == "proven"]
    unfinished = [one for one in intents if one.state in UNFINISHED]
    fills = merge_windows(one.window for one in unfinished if one.kind == "fill")
    backfills = [one for one in unfinished if one.kind != "fill"]
    broken_off = merge_windows(one.window for one in backfills if one.state != "paused")
    interrupted = subtract(broken_off, [*answered, *proven])
    filling = subtract(fills, [*answered, *broken_off, *proven])
    stopped = merge_windows(one.window for one in backfills if one.state == "paused")
    paused = subtract(stopped, [*answered, *broken_off, *fills, *proven])
    return AskedFor(answered, interrupted, paused, filling)


def find_asked_dates(intents: Iterable[Intent]) -> list[Window]:
    """Returns all dates that were asked for, oldest first."""
    return merge_windows(one.window for one in intents)


def find_dates_but_filling(intents: Iterable[Intent]) -> list[Window]:
    """Returns the dates that were asked for, except those of an unfinished fill alone, oldest first."""
    return merge_windows(one.window for one in intents if one.kind != "fill" or one.state not in UNFINISHED)


def find_proven(window: Window, proofs: Iterable[Proof]) -> list[Window]:
    """Returns the proven parts of a window, oldest first."""
    return merge_windows(intersect([window], [proof.window for proof in proofs if proof.state == "proven"]))


def subtract(windows: Iterable[Window], others: Sequence[Window]) -> list[Window]:
    """Returns the parts of some windows that no other window covers, oldest first."""
    return [part for window in windows for part in gaps(window, others)]


def intersect(windows: Iterable[Window], others: Sequence[Window]) -> list[Window]:
    """Returns the parts of some windows that another window covers, oldest first."""
    return [
        Window(max(window.first, other.first), min(window.last, other.last))
        for window in windows
        for other in others
        if window.first <= other.last and other.first <= window.last
    ]
