"""Reads the rows of the politeness report, all in one read transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from storage import entries, journal, runs
from storage.database import read_transaction


@dataclass(frozen=True, slots=True)
class PolitenessRows:
    """The rows that the politeness report is made from."""

    days: list[journal.Day]
    """Every day with a request, oldest first."""
    errors: list[journal.RequestError]
    """The ways in which the requests failed that are not summed up yet."""
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
            errors=journal.find_errors(db),
            promises=journal.find_promises(db),
            user_agents=runs.find_user_agents(db),
            wait_until=journal.find_hold(db),
            robots=journal.find_robots(db),
            robots_requests=journal.find_last_robots_request(db),
            addresses=entries.find_addresses(db),
        )
