"""Reads the rows of the status report, all in one read transaction.

The rows of the coverage report are `storage.status.Coverage`; those of the politeness report are in
`storage.politeness`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from storage import findings, queue, runs, status, templates
from storage.claims import ChooseDates, ClaimRows, find_claim_rows
from storage.database import read_transaction
from storage.fill_state import FillState, find_fill_state
from storage.identity import MadeBy, find_identity, find_made_by

NEWEST_NAMED = 100
"""The most oddities and kinds of blocks that the status report names."""


class StatusRows(NamedTuple):
    """The rows that the status report is made from. Instants are UTC, ISO 8601 with Z."""

    holdings: status.Holdings
    claim: ClaimRows
    """The rows for the claim about the dates that were asked for."""
    failures: list[queue.Failure]
    gone: status.Gone
    unexplained: list[status.Unexplained]
    canary: status.Canary
    daemon: status.Daemon | None
    runs: list[runs.Run]
    """The last runs, newest first."""
    last_success: str | None
    """When the last complete run ended that covered the days a sync covers."""
    last_sync_by_hand: str | None
    """When the last complete sync ended that was not run by a daemon."""
    odd: Sequence[findings.OddCount] = ()
    oddities: Sequence[dict[str, str]] = ()
    """The newest oddities, newest first."""
    unreadable: Sequence[findings.Unreadable] = ()
    outside_blocks: Sequence[findings.OutsideBlock] = ()
    """The newest kinds of blocks outside decisions, newest first."""
    template_changes: Sequence[templates.ChangeRow] = ()
    """The template changes that wait for a decision, oldest first."""
    uuid: str = ""
    """The archive's UUID."""
    made_by: MadeBy | None = None
    fill: FillState = FillState()
    never_held: Sequence[str] = ()
    """References of decisions that left the listing before they could be fetched."""


def find_status(
    db: sqlite3.Connection,
    sync_days: int,
    now: str,
    choose_dates: ChooseDates,
    normaliser: str | None = None,
    pending_states: Collection[str] = (),
) -> StatusRows:
    """Reads the rows of the status report.

    `sync_days` and `now`: as for `runs.last_success`. `choose_dates`: chooses the dates of the claim. `normaliser`: the
    version of the parser. `pending_states`: the states of the template changes to read.
    """
    with read_transaction(db):
        return StatusRows(
            holdings=status.count_holdings(db, normaliser),
            claim=find_claim_rows(db, choose_dates),
            failures=queue.find_failures(db),
            gone=status.count_gone(db),
            unexplained=status.find_unexplained(db),
            canary=status.find_canary(db),
            daemon=status.find_daemon(db),
            runs=runs.find_runs(db),
            last_success=runs.last_success(db, sync_days, now),
            last_sync_by_hand=runs.last_sync_by_hand(db, now),
            odd=findings.count_oddities(db),
            oddities=findings.find_oddities(db, NEWEST_NAMED),
            unreadable=findings.find_unreadable(db),
            outside_blocks=findings.find_outside_blocks(db, NEWEST_NAMED),
            template_changes=templates.find_change_rows(db, pending_states),
            uuid=find_identity(db).uuid,
            made_by=find_made_by(db),
            fill=find_fill_state(db),
            never_held=status.find_never_held(db),
        )
