"""Throttles requests: one at a time, at a pace and up to a daily limit that all processes share.

It respects quiet hours, waits when the site asks for it (Retry-After), and slows down when the site is slow or fails.
It journals every request, so that `lgsco politeness` can show all this.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest import config
from ingest.clock import Clock, Stop
from ingest.errors import HeldOff, SliceOver
from ingest.fetching.pacing import CLOCK_GRAIN_SECONDS, Instant, Pacing
from ingest.fetching.quiet_hours import find_seconds_left
from ingest.fetching.request_journal import RequestJournal, format_instant
from ingest.fetching.retry_after import decide_hold
from storage import journal
from storage.database import atomic
from storage.journal import Promise
from storage.model import HOLD_MOST_SECONDS

log = logging.getLogger("lgsco")

_LATE_SECONDS = 0.01
"""If a request goes out later than this after its turn, the new pace is stored at once."""

_SHOWN_WAIT_SECONDS = 5.0
"""The shortest wait that is shown as progress."""

_LOGGED_WAIT_SECONDS = 30.0
"""The shortest wait that is logged."""


@dataclass(slots=True)
class Allowance:
    """The time and requests that a slice of the daemon may still use."""

    ends_at: float
    """The last instant at which a request may go out, by the monotonic clock."""
    requests: int
    """How many requests it may still make."""

    def require(self, at: float) -> None:
        """Raises SliceOver if no request may go out at an instant of the monotonic clock."""
        if at > self.ends_at:
            raise SliceOver("the time of this slice is up")
        if self.requests <= 0:
            raise SliceOver("the requests of this slice are used up")


class Throttle:
    """Makes each request of one run wait for its turn, and journals it."""

    def __init__(
        self,
        db: sqlite3.Connection,
        run: int,
        fetch: config.Fetch,
        clock: Clock,
        stop: Stop,
        *,
        on_request: Callable[[], None],
        on_wait: Callable[[str], None] = lambda _message: None,
        allowance: Allowance | None = None,
    ) -> None:
        """`run`: the number of the run's row.

        `on_request` is called after each request. `on_wait` is called before a long wait with its reason and end, and
        with "" after it. `allowance`: the limits of a slice of the daemon.
        """
        self._db = db
        self._settings = fetch
        self._clock = clock
        self._stop = stop
        self._on_request = on_request
        self._on_wait = on_wait
        self._allowance = allowance
        self._journal = RequestJournal(db, run, fetch.daily_requests)
        self._pacing = Pacing(fetch.pace)
        self._pacing.adopt(journal.find_pace(db), self._read_clocks(clock.now()))

    # ------------------------------------------------------------ before a request

    def begin_request(self, target: str, attempt: int) -> None:
        """Waits until a request may go out, and journals it. `attempt`: the number of the try, from 1.

        Raises Stopped if a stop is requested, OutOfBudget if the daily limit is reached, SliceOver if the allowance is
        used up, and HeldOff if the site asked for a longer wait than `retry_wait_most`.
        """
        self.wait_for_turn()
        while not self._begin_now(target, attempt):
            self.wait_for_turn()

    def wait_for_turn(self) -> None:
        """Waits until a request may go out. Raises Stopped, SliceOver and HeldOff, as `begin_request` does."""
        while True:
            self._stop.raise_if_set()
            seconds, reason = self._find_wait()
            self._require_allowance(max(0.0, seconds))
            if seconds <= 0:
                return
            self.pause(seconds, reason)

    def pause(self, seconds: float, reason: str) -> None:
        """Waits for some seconds, or until a stop is requested.

        `reason`: the words before the end time in the message about the wait. Raises SliceOver if the allowance ends
        earlier.
        """
        self._require_allowance(seconds)
        message = f"{reason} {format_instant(self._clock.now() + timedelta(seconds=seconds))[11:19]}Z"
        if seconds >= _LOGGED_WAIT_SECONDS:
            log.info("%s", message)
        if seconds >= _SHOWN_WAIT_SECONDS:
            self._on_wait(message)
        self._clock.sleep(seconds, self._stop)
        if seconds >= _SHOWN_WAIT_SECONDS:
            self._on_wait("")

    def _require_allowance(self, seconds: float) -> None:
        if self._allowance is not None:
            self._allowance.require(self._clock.monotonic() + seconds)

    def _begin_now(self, target: str, attempt: int) -> bool:
        """Journals a request that goes out now. Returns False if another process made a request in the meantime."""
        with atomic(self._db):
            now = self._clock.now()  # here, because `atomic` may have waited for the lock on the database
            stored = journal.find_pace(self._db)
            if stored != self._pacing.stored:
                self._pacing.adopt(stored, self._read_clocks(self._clock.now()))
                self._journal.forget_count()
                return False
            self._journal.count(now)
            self._pacing.begin(self._read_clocks(now))
            self.save()
            # The promise does not include the extra slowness of a slow or failing site.
            promise = Promise(
                self._pacing.promised_gap, self._settings.daily_requests, " ".join(self._settings.quiet_hours)
            )
            self._journal.begin(now, target, attempt, promise)
        if self._allowance is not None:
            self._allowance.requests -= 1
        return True

    def _find_wait(self) -> tuple[float, str]:
        """Returns the seconds until a request may go out, and the reason as `pause` takes it. Raises HeldOff."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        hold = self._pacing.find_hold(monotonic)
        if hold > self._settings.retry_wait_most + CLOCK_GRAIN_SECONDS:
            raise HeldOff(self._describe_hold(f"{format_instant(now + timedelta(seconds=hold))[:19]}Z"))
        return max(
            (hold, "the site asked us to wait until"),
            (find_seconds_left(self._settings.quiet_hours, now), "quiet hours until"),
            (self._pacing.find_wait(monotonic), "next request at"),
        )

    def _describe_hold(self, until: str) -> str:
        asked_seconds = journal.find_wait(self._db)
        if asked_seconds > HOLD_MOST_SECONDS and self._pacing.pace.hold >= HOLD_MOST_SECONDS:
            days = timedelta(seconds=asked_seconds) / timedelta(days=1)
            what = (
                f"the site asked for a wait of {days:,.1f} days; lgsco waits one day, until {until}, and then checks "
                "whether the site still asks for it"
            )
        else:
            what = f"the site asked for no requests before {until}"
        return f"{what}; run the command again then to continue where it stopped"

    def _read_clocks(self, now: datetime) -> Instant:
        return Instant(now.timestamp(), self._clock.monotonic())

    # ------------------------------------------------------------ during a request

    def record_sent(self) -> None:
        """Records that the request goes out only now, because a connection had to be made first.

        The gap to the next request starts here, and the journal has this instant.
        """
        delay = self._pacing.find_delay(self._clock.monotonic())
        now = self._clock.now()
        self._journal.set_sent_at(now)
        self._pacing.begin(self._read_clocks(now))
        if delay > _LATE_SECONDS:  # if this process is killed from here on, the next one must still wait for the gap
            with atomic(self._db):
                self.save()

    def record_response_began(self) -> None:
        """Records that the response to a request on a new connection begins.

        The gap to the next request starts here: a proxy before the site may have made a connection of its own first,
        and passed the request on late.
        """
        self._pacing.begin(self._read_clocks(self._clock.now()))

    # ------------------------------------------------------------ after a request

    def record_answer(
        self,
        status: int | None,
        received: int,
        seconds: float,
        error: str | None,
        retry_after: float | None,
        *,
        says_nothing: bool = False,
    ) -> None:
        """Records the result of the current request; the next transaction that calls `save` journals it.

        `status`: None if there was no response. `received`: bytes. `retry_after`: seconds that the site asks us to
        wait; no process makes a request for the time that `decide_hold` returns. `says_nothing`: the request met a
        closed connection, so its result says nothing about the state of the site.
        """
        hold = None if retry_after is None else decide_hold(status, retry_after, self._settings.retry_wait_most)
        self._journal.add_answer(
            status=status, received=received, seconds=seconds, error=error, retry_after=retry_after, hold=hold
        )
        if not says_nothing:
            is_error = error is not None or status is None or status == 429 or status >= 500
            self._pacing.record_answer(seconds, is_error=is_error)
        if hold is not None:
            if hold == HOLD_MOST_SECONDS < (retry_after or 0):
                log.warning("the site asks for a wait of %.0f seconds; lgsco waits a day", retry_after)
            self._pacing.hold(hold, self._read_clocks(self._clock.now()))
            with atomic(self._db):
                self.save()
        self._on_request()

    def save(self) -> None:
        """Writes the journal and the pace for other processes. Call it inside a transaction."""
        self._journal.save()
        if self._pacing.pace != self._pacing.stored:
            journal.record_pace(self._db, self._pacing.pace)
            self._pacing.stored = self._pacing.pace

    @property
    def promised_gap(self) -> float:
        """Returns the least seconds between requests, as in `Pacing`."""
        return self._pacing.promised_gap

    @property
    def usual_gap(self) -> float:
        """Returns the current seconds between requests: more than promised while the site is slow or fails."""
        return max(self._pacing.promised_gap, self._pacing.pace.gap)

    def set_crawl_delay(self, seconds: float) -> None:
        """Sets the crawl delay of robots.txt: the least seconds between two requests, including the current gap."""
        self._pacing.set_crawl_delay(seconds)


def find_earliest_start(db: sqlite3.Connection, fetch: config.Fetch, now: datetime, at: datetime) -> datetime:
    """Returns the first instant from `at` on at which a run could make a request without a wait.

    That is after a wait that the site asked for, on a day with requests left, and outside quiet hours.
    """
    pace = journal.find_pace(db)
    hold_left = min(pace.hold_until - now.timestamp(), pace.hold)
    at = max(at, now + timedelta(seconds=hold_left + CLOCK_GRAIN_SECONDS))
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if journal.count_requests(db, day.date().isoformat()) >= fetch.daily_requests:
        at = max(at, day + timedelta(days=1))
    return at + timedelta(seconds=find_seconds_left(fetch.quiet_hours, at))
