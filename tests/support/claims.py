"""Rows for claims, made without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ingest.crawling.windows import EVERYTHING, merge_windows
from storage.claims import ClaimRows, Counts
from storage.model import Intent, IntentKind, IntentState, Proof, Window, WindowState

AT = "2026-11-01T12:00:00Z"
NOTHING = Counts(0, 0, 0)


def window(first: str, last: str) -> Window:
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def proof(first: str, last: str, state: WindowState = "proven", walked_at: str | None = AT) -> Proof:
    """A row of the ledger that lists nothing."""
    proven_at, since = (AT, None) if state == "proven" else (None, AT)
    return Proof(window(first, last), 0, 0, state, AT, walked_at, proven_at, "bare", since)


def intent(
    first: str, last: str, state: IntentState = "finished", *, number: int = 1, total: int | None = None
) -> Intent:
    """A range that was asked for."""
    kind: IntentKind = "sync" if state == "standing" else "backfill"
    return Intent(number, kind, window(first, last), state, AT, AT, number, None, total)


def claim_rows(
    proofs: Sequence[Proof] = (),
    intents: Sequence[Intent] | None = None,
    *,
    windows: Sequence[Window] | None = None,
    counts: Mapping[Window, Counts] | None = None,
    site_total: tuple[int, str] | None = None,
) -> ClaimRows:
    """Makes the rows of a claim.

    Without `intents`, one finished backfill covers all proofs. Without `windows`, the claim is about the dates that
    were asked for.
    """
    if intents is None:
        ends = [(proofs[0].window.first, proofs[-1].window.last)] if proofs else []
        intents = [intent(str(first), str(last)) for first, last in ends]
    dates = merge_windows(one.window for one in intents) if windows is None else list(windows)
    of = dict.fromkeys([*dates, *(one.window for one in intents), EVERYTHING], NOTHING)
    return ClaimRows(list(proofs), list(intents), dates, {**of, **(counts or {})}, site_total)
