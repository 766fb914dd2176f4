"""The only HTTP: one polite client of one host.

Every request goes through `Site.fetch`: robots.txt, the pace, the day's ceiling, the tries and their waits, the
deadline and the byte cap. One retry layer. Nothing here knows what a decision is.
"""

from __future__ import annotations

import email.utils
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
from protego import Protego
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_when_event_set

from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.errors import Blocked, FetchError, Gone, OutOfBudget, Overdue, Refused, Stopped, TooLarge, Unreachable
from storage.model import Request

_MAX_REDIRECTS = 3
_REFUSALS = frozenset({401, 403, 407, 451})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with status 200."""

    target: str
    """Path and query that were asked for."""
    body: bytes
    charset: str | None
    at: str
    """When it was asked for: UTC, ISO 8601 with Z."""


class Site:
    """The source site. Use as a context manager; `journal` is given every request as it went."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        stop: Stop,
        journal: Callable[[Request], None],
        *,
        asked_today: int = 0,
        asked_last: float | None = None,
    ) -> None:
        """`asked_today`: requests journalled since midnight UTC. `asked_last`: seconds since the last one."""
        self._config = config.fetch
        self._clock = clock
        self._stop = stop
        self._journal = journal
        self._asked_today = asked_today
        self._base = urlsplit(config.site.base_url)
        self._agent = config.user_agent
        # Building an SSL context costs 19 ms and a loopback site needs none.
        verify: ssl.SSLContext | bool = ssl.create_default_context() if self._base.scheme == "https" else False
        timeout = httpx.Timeout(self._config.read_timeout, connect=self._config.connect_timeout)
        self._client = httpx.Client(
            headers=[(b"User-Agent", self._agent.encode())],
            verify=verify,
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )
        self._pace = self._config.pace
        self._next = clock.monotonic() + max(0.0, self._pace - asked_last) if asked_last is not None else 0.0
        self._robots: Protego | None = None

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self, target: str) -> Answer:
        """The answer for a path and query, tried as often as the configuration says.

        Raises Gone, Refused, Unreachable, Overdue (after the last try), TooLarge, Blocked, OutOfBudget, Stopped.
        """
        robots = self._robots or self._read_robots()
        if not robots.can_fetch(self._url(target), self._agent):
            raise Blocked(f"robots.txt of {self._base.netloc} does not allow {target}; nothing was fetched")
        return self._try(target)

    def _url(self, target: str) -> str:
        return f"{self._base.scheme}://{self._base.netloc}{target}"

    def _read_robots(self) -> Protego:
        """robots.txt, once a run: none means all is allowed, and one that cannot be read means to wait (RFC 9309)."""
        try:
            text = self._try("/robots.txt").body.decode("utf-8", "replace")
        except Gone:
            text = ""
        except Refused as error:
            if error.status is not None and error.status >= 500:
                raise
            text = ""
        self._robots = Protego.parse(text)
        delay = self._robots.crawl_delay(self._agent)
        if delay is not None:
            self._pace = max(self._pace, float(delay))
        return self._robots

    def _try(self, target: str) -> Answer:
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retry),
            stop=stop_after_attempt(self._config.tries) | stop_when_event_set(self._stop),
            wait=self._wait,
            sleep=lambda seconds: self._clock.sleep(seconds, self._stop),
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    return self._once(target, attempt.retry_state.attempt_number)
        except FetchError:
            if self._stop.is_set():  # it was not given all its tries
                raise Stopped(self._stop.exit_code) from None
            raise
        raise AssertionError("tenacity ends with a result or an error")

    def _wait(self, state: RetryCallState) -> float:
        """Seconds before the next try: what Retry-After asks, else doubled each time, with some chance in it."""
        error = state.outcome.exception() if state.outcome else None
        wait = self._config.retry_wait * 2.0 ** (state.attempt_number - 1)
        wait *= 1 + self._clock.chance.random() / 4
        if isinstance(error, FetchError) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
        return min(wait, self._config.retry_wait_most)

    def _once(self, target: str, attempt: int) -> Answer:
        """One try, redirects within the host included; each request is paced, counted and journalled."""
        asked = target
        for _ in range(_MAX_REDIRECTS + 1):
            self._take_turn()
            at, began = self._clock.stamp(), self._clock.monotonic()
            status: int | None = None
            body, error = b"", None
            try:
                response, body = self._exchange(asked, began)
                status = response.status_code
            except (FetchError, TooLarge) as caught:
                error = caught
            seconds = self._clock.monotonic() - began
            self._journal(
                Request(at, asked, status, len(body), seconds, attempt, str(error) if error is not None else None)
            )
            if error is not None:
                raise error
            assert status is not None
            if status in (301, 302, 303, 307, 308):
                asked = self._redirected(asked, response.headers.get("location"))
                continue
            if status == 200:
                return Answer(target, body, response.charset_encoding, at)
            raise self._refusal(asked, status, response.headers.get("retry-after"))
        raise Refused(f"{target}: redirected more than {_MAX_REDIRECTS} times; it is tried again later", status=310)

    def _take_turn(self) -> None:
        """Waits until a request may go out."""
        if self._stop.is_set():
            raise Stopped(self._stop.exit_code)
        if self._asked_today >= self._config.daily_requests:
            raise OutOfBudget(
                f"the day's {self._config.daily_requests:,} requests are made; the rest waits for tomorrow (UTC), "
                "or raise daily_requests in [fetch]"
            )
        wait = self._next - self._clock.monotonic()
        if wait > 0:
            self._clock.sleep(wait, self._stop)
            if self._stop.is_set():
                raise Stopped(self._stop.exit_code)
        self._next = self._clock.monotonic() + self._pace
        self._asked_today += 1

    def _exchange(self, target: str, began: float) -> tuple[httpx.Response, bytes]:
        """Sends one GET and takes the whole answer. httpx has no total deadline and no cap: both are kept here."""
        limit, deadline = self._config.max_bytes, began + self._config.deadline
        try:
            with self._stop.breaking_off(), self._client.stream("GET", self._url(target)) as response:
                parts: list[bytes] = []
                size = 0
                for part in response.iter_bytes():
                    size += len(part)
                    if size > limit:
                        raise TooLarge(f"{target}: more than {limit:,} bytes; it was not read further")
                    if self._clock.monotonic() > deadline:
                        raise Overdue(f"{target}: no whole answer within {self._config.deadline:g} seconds")
                    parts.append(part)
                return response, b"".join(parts)
        except httpx.TimeoutException:
            raise Overdue(f"{target}: no answer in time from {self._base.netloc}") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{target}: no whole answer from {self._base.netloc} ({reason})") from None

    def _redirected(self, asked: str, location: str | None) -> str:
        there = urlsplit(urljoin(self._url(asked), location or ""))
        if not location or there.netloc.removeprefix("www.") != self._base.netloc.removeprefix("www."):
            raise Blocked(
                f"{asked}: redirected to {there.netloc or 'nowhere'}; no other host than {self._base.netloc} is asked"
            )
        return there.path + (f"?{there.query}" if there.query else "")

    def _refusal(self, target: str, status: int, retry_after: str | None) -> FetchError | Blocked:
        if status in (404, 410):
            return Gone(f"{target}: the site answers {status}", status=status)
        if status in _REFUSALS:
            return Blocked(
                f"{target}: the site refuses us with status {status}; nothing more is asked of it. If it stays so, "
                "write to the publisher"
            )
        wait = self._seconds(retry_after)
        return Refused(f"{target}: the site answers {status}", status=status, retry_after=wait)

    def _seconds(self, retry_after: str | None) -> float | None:
        """Retry-After in either of its forms, as seconds from now (RFC 9110, 10.2.3)."""
        if retry_after is None:
            return None
        if retry_after.strip().isdigit():
            return float(retry_after)
        try:
            then = email.utils.parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        return max(0.0, (then - self._clock.now()).total_seconds()) if then.tzinfo else None
