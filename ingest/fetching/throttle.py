"""What we owe the site: a pace and a day's ceiling that all processes share, quiet hours, waiting when it asks us to,
going slower when it is slow or errs; and a journal of every request, so that all this can be shown.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ingest import config
from ingest.clock import Clock, Stop
from ingest.errors import HeldOff, OutOfBudget
from ingest.fetching.quiet_hours import left
from ingest.fetching.retry_after import decide_hold
from storage import journal
from storage.database import atomic
from storage.journal import Pace, Promise, Robots
from storage.model import HOLD_MOST_SECONDS, Answered

log = logging.getLogger("lgsco")

_GRAIN = 0.001
"""Seconds, more than instants of the wall clock lose when they are kept."""

_EASE_MOST = 32.0
"""How many times slower than usual we go at most, when the site errs."""

_RECOVERY = 0.8
"""What is left of the slowing after each answer without error."""

_LATE_SECONDS = 0.01
"""Seconds after its turn from which a request that goes out only then is written down anew."""

_SHOWN_SECONDS = 5.0
"""Seconds: who watches is told of a longer wait."""

_LOGGED_SECONDS = 30.0
"""Seconds: so is the log."""


class Manners:
    """Lets requests go out one by one when they may, and journals them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        run: int,
        fetch: config.Fetch,
        clock: Clock,
        stop: Stop,
        *,
        asked: Callable[[], None],
        waits: Callable[[str], None] = lambda _told: None,
    ) -> None:
        """`asked` is called after each request; `waits` with what is waited for and until when, where that takes long,
        and with nothing when the wait is over."""
        self._db = db
        self._run = run
        self._fetch = fetch
        self._clock = clock
        self._stop = stop
        self._asked = asked
        self._waits = waits
        self._crawl_delay = 0.0
        self._request = 0
        self._at = clock.now()
        self._answered: list[Answered] = []
        # Of our own clock, which nobody sets back or forth: when the next request may go out, and until when none may.
        self._next = self._held = float("-inf")
        self._began = self._began_here = 0.0
        self._take_over(journal.find_pace(db))
        self._day = ""
        self._of_the_day = 0

    # ------------------------------------------------------------ before a request

    def take_turn(self, target: str, attempt: int) -> None:
        """Waits until a request may go out, and journals that it does. Raises Stopped, OutOfBudget, HeldOff."""
        self.wait()
        while not self._go(target, attempt):
            self.wait()

    def wait(self) -> None:
        """Waits until a request may go out. Raises Stopped, HeldOff."""
        while True:
            self._stop.heed()
            left, what = self._left_to_wait()
            if left <= 0:
                return
            self.pause(left, what)

    def pause(self, seconds: float, what: str) -> None:
        """Waits, or until it is to stop. `what` is waited for, in words that an instant follows."""
        told = f"{what} {stamp(self._clock.now() + timedelta(seconds=seconds))[11:19]}Z"
        if seconds >= _LOGGED_SECONDS:
            log.info("%s", told)
        if seconds >= _SHOWN_SECONDS:
            self._waits(told)
        self._clock.sleep(seconds, self._stop)
        if seconds >= _SHOWN_SECONDS:
            self._waits("")

    def _go(self, target: str, attempt: int) -> bool:
        """Journals a request that goes out now; False where another process went since we looked."""
        with atomic(self._db):
            now = self._clock.now()  # the file's lock may have been waited for
            theirs = journal.find_pace(self._db)
            if theirs != self._left:
                self._take_over(theirs)
                self._day = ""  # its requests are of the day, too
                return False
            self._count(now)
            self._at = now
            self._count_from(now)
            self.save()
            self._request = journal.begin_request(self._db, self._run, stamp(now), target, attempt, self._promise())
        return True

    def _take_over(self, pace: Pace) -> None:
        """Goes on from where another process left the pace. Its instants are the wall clock's, which may have been set
        since then: no wait is longer than it was meant to be, and from here on our own clock tells it."""
        self._pace = self._left = pace
        now, here = self._clock.now().timestamp(), self._clock.monotonic()
        self._next = max(self._next, here + min(pace.next_at - now + _GRAIN, pace.gap))
        self._held = max(self._held, here + min(pace.hold_until - now + _GRAIN, pace.hold))
        if pace.hold_until - now > pace.hold:  # the clock was set back: it is to count down all the same
            self._pace = replace(pace, hold_until=now + pace.hold)

    def _count_from(self, now: datetime) -> None:
        self._began, self._began_here = now.timestamp(), self._clock.monotonic()
        self._put_off()

    def _put_off(self) -> None:
        """Puts the next request off to a gap after the beginning of this one."""
        gap = self._gap()
        self._next = self._began_here + gap
        self._pace = replace(self._pace, next_at=self._began + gap, gap=gap)

    def _left_to_wait(self) -> tuple[float, str]:
        """Seconds until a request may go out, as far as we know, and what for, as `pause` takes it."""
        now, here = self._clock.now(), self._clock.monotonic()
        held = self._held - here
        if held > self._fetch.retry_wait_most + _GRAIN:
            raise self._held_off(f"{stamp(now + timedelta(seconds=held))[:19]}Z")
        return max(
            (held, "the site asked us to wait until"),
            (left(self._fetch.quiet_hours, now), "quiet hours until"),
            (self._next - here, "the next request goes out at"),
        )

    def _held_off(self, until: str) -> HeldOff:
        asked = journal.find_wait(self._db)
        if asked > HOLD_MOST_SECONDS and self._pace.hold >= HOLD_MOST_SECONDS:
            days = timedelta(seconds=asked) / timedelta(days=1)
            told = (
                f"the site asked for a wait of {days:,.1f} days; after one, at {until}, it is asked again, "
                "in case it means it no longer"
            )
        else:
            told = f"the site asked not to be asked before {until}"
        return HeldOff(f"{told}; run the command again then, it goes on where it was")

    def _gap(self) -> float:
        """Seconds from this request's start to the next's: at least the pace, twice what answers take of late, and
        more when the site errs."""
        pace = max(self._fetch.pace, self._crawl_delay)
        return max(pace * self._pace.ease, 2 * self._pace.latency) if pace else 0.0

    def _promise(self) -> Promise:
        """What the journal is held against: the site may count on it. Where we go slower, that is a courtesy."""
        gap = max(self._fetch.pace, self._crawl_delay)
        return Promise(gap, self._fetch.daily_requests, " ".join(self._fetch.quiet_hours))

    def _count(self, now: datetime) -> None:
        """Counts a request of this day (UTC). Raises OutOfBudget."""
        day = now.astimezone(UTC).date().isoformat()
        if day != self._day:
            self._day, self._of_the_day = day, journal.count_requests(self._db, day)
            # Journalled still as of the day before, on which it had its turn.
            self._of_the_day += sum(answered.at is not None and answered.at >= day for answered in self._answered)
        if self._of_the_day >= self._fetch.daily_requests:
            raise OutOfBudget(
                f"the day's {self._fetch.daily_requests:,} requests are made; run the command again tomorrow (UTC), it "
                "goes on where it was, or raise daily_requests in [fetch]"
            )
        self._of_the_day += 1

    # ------------------------------------------------------------ while it lasts

    def sent(self) -> None:
        """The request whose turn it is goes out only now, where a connection had to be made first: it is journalled so,
        and the gap to the next one counts from here."""
        late = self._clock.monotonic() - self._began_here
        self._at = self._clock.now()
        self._count_from(self._at)
        if late > _LATE_SECONDS:  # a kill from here on must not let the next process go too soon
            with atomic(self._db):
                self.save()

    def arrived(self) -> None:
        """The gap to the next request counts from here: whatever stands before the site has passed this one on."""
        self._count_from(self._clock.now())

    # ------------------------------------------------------------ after it

    def answered(
        self, status: int | None, received: int, seconds: float, error: str | None, retry_after: float | None
    ) -> None:
        """Takes note of what came of the request whose turn it was; it is journalled with the next transaction.
        `retry_after`: the seconds that it asks us to wait. Nothing is asked for as long as `decide_hold` says."""
        hold = None if retry_after is None else decide_hold(status, retry_after, self._fetch.retry_wait_most)
        self._answered.append(
            Answered(self._request, status, received, seconds, error, retry_after, stamp(self._at), hold)
        )
        erred = error is not None or status is None or status == 429 or status >= 500
        ease = min(self._pace.ease * 2, _EASE_MOST) if erred else max(1.0, self._pace.ease * _RECOVERY)
        latency = self._pace.latency + (seconds - self._pace.latency) / 4
        self._pace = replace(self._pace, ease=ease, latency=latency)
        self._put_off()
        if hold is not None:
            if hold == HOLD_MOST_SECONDS < (retry_after or 0):
                log.warning("the site asks for a wait of %.0f seconds; it is asked again after a day", retry_after)
            self._hold(hold)
        self._asked()

    def _hold(self, hold: float) -> None:
        """Nothing is asked for so many seconds, by anyone."""
        held = self._clock.monotonic() + hold
        if held > self._held:
            self._held = held
            self._pace = replace(self._pace, hold_until=self._clock.now().timestamp() + hold, hold=hold)
        with atomic(self._db):
            self.save()

    def save(self) -> None:
        """Journals what is answered, and leaves the pace to others. Call it inside a transaction."""
        journal.complete_requests(self._db, self._answered)
        self._answered.clear()
        if self._pace != self._left:
            journal.record_pace(self._db, self._pace)
            self._left = self._pace

    # ------------------------------------------------------------ robots.txt

    def find_robots(self, site: str) -> Robots | None:
        """The robots.txt of a site that was fetched last, however long ago."""
        return journal.find_robots(self._db, site)

    def keep_robots(self, robots: Robots) -> None:
        """Keeps a robots.txt that was just fetched."""
        with atomic(self._db):
            journal.record_robots(self._db, robots)

    def obey_crawl_delay(self, seconds: float) -> None:
        """Never goes faster than a request in so many seconds, the last one included."""
        self._crawl_delay = seconds
        if self._began:
            self._put_off()


def free_at(db: sqlite3.Connection, fetch: config.Fetch, now: datetime, at: datetime) -> datetime:
    """The first instant from `at` on at which a run would not at once have to wait or end: after the wait that the site
    asked for, on a day with requests left, outside of quiet hours."""
    pace = journal.find_pace(db)
    at = max(at, now + timedelta(seconds=min(pace.hold_until - now.timestamp(), pace.hold) + _GRAIN))
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if journal.count_requests(db, day.date().isoformat()) >= fetch.daily_requests:
        at = max(at, day + timedelta(days=1))
    return at + timedelta(seconds=left(fetch.quiet_hours, at))


def stamp(at: datetime) -> str:
    """An instant of the journal: UTC, ISO 8601 with Z, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
