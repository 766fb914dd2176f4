"""Reads the rows that each report of `ingest.reports` needs, all in one read transaction.

The rows of the coverage report are `storage.status.Coverage`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from storage import entries, findings, journal, queue, runs, status, templates
from storage.claims import ChooseDates, ClaimRows, find_claim_rows
from storage.database import read_transaction
from storage.fill_state import FillState, find_fill_state
from storage.identity import MadeBy, find_identity, find_made_by

NEWEST_NAMED = 100
"""The most oddities and kinds of blocks that the status report names."""


@dataclass(frozen=True, slots=True)
class StatusRows:
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
    odd: list[findings.OddCount] = field(default_factory=list)
    oddities: list[dict[str, str]] = field(default_factory=list)
    """The newest oddities, newest first."""
    unreadable: list[findings.Unreadable] = field(default_factory=list)
    outside_blocks: list[findings.OutsideBlock] = field(default_factory=list)
    """The newest kinds of blocks outside decisions, newest first."""
    template_changes: list[templates.ChangeRow] = field(default_factory=list)
    """The template changes that wait for a decision, oldest first."""
    uuid: str = ""
    """The archive's UUID."""
    made_by: MadeBy | None = None
    fill: FillState = field(default_factory=FillState)
    never_held: list[str] = field(default_factory=list)
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


@dataclass(frozen=True, slots=True)
class PolitenessRows:
    """The rows that the politeness report is made from."""

    days: list[journal.Day]
    """Every day with a request, oldest first."""
    promises: list[journal.Promise]
    """Every promise in force when a request was made, in their order."""
    user_agents: list[str]
    """Every user agent that runs sent, the newest last."""
    wait_until: str | None
    """The instant before which the last answer asked us not to send another request; None where it did not."""
    robots: journal.Robots | None
    """The newest robots.txt."""
    robots_requests: journal.LastRequest | None
    """The journalled requests for robots.txt."""
    addresses: list[str]
    """The address of every decision that is listed or queued."""


def find_politeness(db: sqlite3.Connection, within: journal.Within) -> PolitenessRows:
    """Reads the rows of the politeness report. `within`: see `journal.Within`."""
    with read_transaction(db):
        return PolitenessRows(
            days=journal.find_days(db, within),
            promises=journal.find_promises(db),
            user_agents=runs.find_user_agents(db),
            wait_until=journal.find_hold(db),
            robots=journal.find_robots(db),
            robots_requests=journal.find_last_robots_request(db),
            addresses=entries.find_addresses(db),
        )
