"""Journals the requests of one run, and counts the day's requests against the daily limit."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from ingest.errors import OutOfBudget
from ingest.wording import count_of
from storage import journal
from storage.journal import Promise
from storage.model import Answered


class RequestJournal:
    """The journal of one run. A request is written before it goes out, its response with a later transaction."""

    def __init__(self, db: sqlite3.Connection, run: int, daily_requests: int) -> None:
        """`run`: the number of the run's row."""
        self._db = db
        self._run = run
        self._daily_requests = daily_requests
        self._request = 0
        """The number of the current request's row."""
        self._sent_at: str | None = None
        self._answers: list[Answered] = []
        """Responses that are not written yet."""
        self._day = ""
        self._requests_today = 0

    def count(self, now: datetime) -> None:
        """Counts a request of this day (UTC). Raises OutOfBudget if the daily limit is reached."""
        day = now.astimezone(UTC).date().isoformat()
        if day != self._day:
            self._day, self._requests_today = day, journal.count_requests(self._db, day)
            # Add requests that began before midnight and went out after it: the database has them on the day before.
            self._requests_today += sum(answer.at is not None and answer.at >= day for answer in self._answers)
        if self._requests_today >= self._daily_requests:
            raise OutOfBudget(
                f"the daily limit of {count_of(self._daily_requests, 'request')} is reached; run the command again "
                "tomorrow (UTC) to continue where it stopped, or raise daily_requests in [fetch]"
            )
        self._requests_today += 1

    def forget_count(self) -> None:
        """Makes the next `count` read the database again, because another process made requests."""
        self._day = ""

    def begin(self, now: datetime, target: str, attempt: int, promise: Promise) -> None:
        """Writes a request that is about to go out. Call it inside a transaction. `attempt`: from 1."""
        self._sent_at = format_instant(now)
        self._request = journal.begin_request(self._db, self._run, self._sent_at, target, attempt, promise)

    def set_sent_at(self, now: datetime) -> None:
        """Corrects when the current request went out. It is written with the response."""
        self._sent_at = format_instant(now)

    def add_answer(
        self,
        *,
        status: int | None,
        received: int,
        seconds: float,
        error: str | None,
        retry_after: float | None,
        hold: float | None,
    ) -> None:
        """Adds the result of the current request, for the next `save`. The arguments are as in `Answered`."""
        self._answers.append(
            Answered(self._request, status, received, seconds, error, retry_after, self._sent_at, hold)
        )

    def save(self) -> None:
        """Writes the responses. Call it inside a transaction."""
        journal.complete_requests(self._db, self._answers)
        self._answers.clear()


def format_instant(at: datetime) -> str:
    """Formats an instant as the journal stores it: UTC, ISO 8601 with Z, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
