"""What was asked for, and who answers for it. Pure.

| dates | who fetches what they lack |
|---|---|
| `standing` or `finished` in any range that was asked for | sync |
| else `running` or `interrupted` in a backfill's | the daemon between its syncs, or `lgsco backfill` |
| else in the fill's while it is `running`: *filling* | the daemon, in its hours, or `lgsco backfill` |
| else `paused` | `lgsco backfill` |
| else | nobody: they were never asked for, or were withdrawn |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.crawling.windows import gaps, joined
from storage.model import Intent, IntentState, Proof, Window

UNFINISHED: frozenset[IntentState] = frozenset({"running", "interrupted", "paused"})


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Ranges of decision dates, each list oldest first and without overlaps, also between the lists."""

    answered: list[Window]
    """What sync answers for."""
    interrupted: list[Window]
    """What backfills that were broken off, or that run now, have not proven yet."""
    paused: list[Window]
    """What backfills that the user stopped have not proven."""
    filling: list[Window] = field(default_factory=list)
    """The dates that the fill has not proven yet."""

    @property
    def unfinished(self) -> list[Window]:
        """What is left of backfills."""
        return joined([*self.interrupted, *self.paused])


def sort_asked_for(intents: Iterable[Intent], proofs: Iterable[Proof]) -> AskedFor:
    """Sorts the dates that were asked for. A date in several ranges has the state that asks the most of it."""
    intents = list(intents)
    answered = joined(one.window for one in intents if one.state in ("standing", "finished"))
    proven = [proof.window for proof in proofs if proof.state == "proven"]
    unfinished = [one for one in intents if one.state in UNFINISHED]
    fills = joined(one.window for one in unfinished if one.kind == "fill")
    backfills = [one for one in unfinished if one.kind != "fill"]
    broken_off = joined(one.window for one in backfills if one.state != "paused")
    interrupted = subtract(broken_off, [*answered, *proven])
    filling = subtract(fills, [*answered, *broken_off, *proven])
    stopped = joined(one.window for one in backfills if one.state == "paused")
    paused = subtract(stopped, [*answered, *broken_off, *fills, *proven])
    return AskedFor(answered, interrupted, paused, filling)


def find_asked_dates(intents: Iterable[Intent]) -> list[Window]:
    """All dates that were asked for, oldest first."""
    return joined(one.window for one in intents)


def find_dates_but_filling(intents: Iterable[Intent]) -> list[Window]:
    """The dates that were asked for by others than a fill that is not finished, oldest first."""
    return joined(one.window for one in intents if one.kind != "fill" or one.state not in UNFINISHED)


def find_proven(window: Window, proofs: Iterable[Proof]) -> list[Window]:
    """What of a window is proven, oldest first."""
    return joined(intersect([window], [proof.window for proof in proofs if proof.state == "proven"]))


def subtract(windows: Iterable[Window], others: Sequence[Window]) -> list[Window]:
    """What of some windows no other covers, oldest first."""
    return [part for window in windows for part in gaps(window, others)]


def intersect(windows: Iterable[Window], others: Sequence[Window]) -> list[Window]:
    """What of some windows another covers, oldest first."""
    return [
        Window(max(window.first, other.first), min(window.last, other.last))
        for window in windows
        for other in others
        if window.first <= other.last and other.first <= window.last
    ]
