"""Fetches the pages of one site. Every request goes through `Client.fetch`: robots.txt, throttle, journal, retries.

It knows nothing about decisions. It has the only retry loop of the program.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from urllib.parse import urlsplit

from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.errors import Denied, FetchError, Gone, Refused, Undecodable
from ingest.fetching.interface import Answer
from ingest.fetching.redirects import REDIRECT_STATUSES, resolve_redirect
from ingest.fetching.retry import call_with_retries
from ingest.fetching.retry_after import parse_retry_after
from ingest.fetching.robots import ROBOTS_PATH, decode_robots
from ingest.fetching.robots_cache import RobotsCache
from ingest.fetching.throttle import Throttle
from ingest.fetching.transport import Exchange, Transport
from storage.model import Validators

_MAX_REDIRECTS = 3
_DENIED_STATUSES = frozenset({401, 403, 407, 451})


class Client:
    """Fetches pages of one site. Use as a context manager."""

    def __init__(
        self,
        db: sqlite3.Connection,
        config: Config,
        clock: Clock,
        stop: Stop,
        throttle: Throttle,
        *,
        record_date: Callable[[str | None], None] = lambda _header: None,
    ) -> None:
        """`db` stores robots.txt between runs. `record_date` is called with the Date header of each response."""
        base = urlsplit(config.site.base_url)
        self._site = f"{base.scheme}://{base.netloc}"
        self._settings = config.fetch
        self._clock = clock
        self._stop = stop
        self._throttle = throttle
        self._record_date = record_date
        self._transport = Transport(
            *(self._site, config.user_agent, config.fetch, clock, stop),
            on_sent=throttle.record_sent,
            on_connected_response=throttle.record_response_began,
        )
        self._robots = RobotsCache(
            db, self._site, config.user_agent, clock, throttle, fetch=lambda: self.fetch(ROBOTS_PATH)
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def fetch(self, target: str, known: Validators | None = None) -> Answer:
        """Fetches a path and query, with retries. `known`: the validators of the stored page, for a conditional GET.

        Raises Gone, Refused, Unreachable or Overdue after the last try; Elsewhere, Denied, Disallowed, TooLarge,
        Blocked, OutOfBudget, HeldOff or Stopped at once. For robots.txt itself also Undecodable.
        """
        return call_with_retries(
            lambda number: self._try(target, known, number),
            *(self._settings, self._clock, self._stop, self._throttle.pause),
        )

    def _try(self, target: str, known: Validators | None, number: int) -> Answer:
        """Makes one try. It follows redirects within the site. Each request waits for its turn and is journalled."""
        asked = target
        for _ in range(_MAX_REDIRECTS + 1):
            if target != ROBOTS_PATH:
                self._robots.require_permission(target, asked)
            exchange, at = self._exchange(asked, known, number)
            if exchange.met_closed_connection:  # repeat it on a new connection, after another wait for its turn
                self._record(exchange, exchange.error)
                exchange, at = self._exchange(asked, known, number)
            unreadable = _find_unreadable(exchange) if target == ROBOTS_PATH else None
            self._record(exchange, exchange.error or unreadable)
            if error := exchange.error or unreadable:
                raise error
            status = exchange.status
            assert status is not None
            if status in REDIRECT_STATUSES:
                asked = resolve_redirect(self._site, asked, exchange.location)
                continue
            if status == 200 or (status == 304 and known is not None):
                return Answer(
                    *(target, exchange.body, exchange.charset, at, exchange.validators),
                    unchanged=status == 304,
                    address=self._site + asked,
                )
            raise _make_error(asked, status, exchange)
        raise Refused(f"{target}: redirected more than {_MAX_REDIRECTS} times", status=310)

    def _exchange(self, asked: str, known: Validators | None, number: int) -> tuple[Exchange, str]:
        """Makes one request in its turn. Returns the exchange and the instant of the request."""
        self._throttle.begin_request(asked, number)
        at = self._clock.stamp()
        return self._transport.get(asked, known), at

    def _record(self, exchange: Exchange, error: Exception | None) -> None:
        self._record_date(exchange.date)
        retry_after = parse_retry_after(exchange.retry_after, self._clock.now(), exchange.date)
        seconds = self._clock.monotonic() - exchange.began
        message = str(error) if error is not None else None
        self._throttle.record_answer(
            *(exchange.status, exchange.received, seconds, message, retry_after),
            says_nothing=exchange.met_closed_connection,
        )


def _find_unreadable(exchange: Exchange) -> Undecodable | None:
    """Returns why a robots.txt cannot be decoded, for the journal; None if it can be."""
    if exchange.error is None and exchange.status == 200:
        try:
            decode_robots(exchange.body, exchange.charset)
        except Undecodable as error:
            return error
    return None


def _make_error(target: str, status: int, exchange: Exchange) -> FetchError:
    """Makes the error for a response with a status that is neither success nor a redirect."""
    if status in (404, 410):
        return Gone(f"{target}: the site answers {status}", status=status, body=exchange.body, charset=exchange.charset)
    if status in _DENIED_STATUSES:
        return Denied(f"{target}: the site refuses us with status {status}", status=status)
    return Refused(f"{target}: the site answers {status}", status=status)
