"""Finds the date ranges that are unproven for longer than their cadence allows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ingest.crawling.asked_for import intersect
from ingest.reports.claims import Unproven
from ingest.reports.date_ranges import end_today
from storage.model import Proof, Window


def find_overdue(
    proofs: Iterable[Proof], windows: Sequence[Window], today: date, days_allowed: Sequence[tuple[int, int]]
) -> list[Unproven]:
    """Finds the ranges of `windows` that are unproven for longer than their cadence allows.

    `days_allowed`: pairs of an age in days (the first is 0), and the days within which dates of at least that age are
    walked again.
    """
    found = []
    for proof in proofs:
        if proof.state == "proven" or proof.unproven_since is None:
            continue
        since = (today - date.fromisoformat(proof.unproven_since[:10])).days
        for part in intersect([proof.window], windows):
            if proof.state == "unseen" and part.first > today:
                continue
            age = max(0, (today - part.last).days)
            allowed = max((pair for pair in days_allowed if pair[0] <= age), key=lambda pair: pair[0])[1]
            if since > allowed:
                found.append(Unproven(end_today(part, today), proof.state))
    return found
