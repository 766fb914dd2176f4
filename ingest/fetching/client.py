"""The only HTTP: one polite client of one host.

Every request goes through `Site.fetch`: robots.txt, the pace, the day's ceiling, the tries and their waits, the
deadline and the byte cap. One retry layer. Nothing here knows what a decision is.
"""

from __future__ import annotations

import functools
import logging
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import Request

import httpx
from protego import Protego
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_when_event_set

from ingest.clock import Clock, Stop
from ingest.config import Config
from ingest.errors import (
    Blocked,
    Denied,
    Disallowed,
    Elsewhere,
    FetchError,
    Gone,
    HeldOff,
    Overdue,
    Refused,
    Stopped,
    TooLarge,
    Undecodable,
    Unreachable,
)
from ingest.fetching.decompress import GzipDecoder
from ingest.fetching.interface import Answer
from ingest.fetching.retry_after import parse_retry_after
from ingest.fetching.robots import decode_robots
from ingest.fetching.throttle import Manners
from ingest.fetching.transport import CONNECTED, limit_reads
from storage.journal import Robots
from storage.model import Validators

log = logging.getLogger("lgsco")

_MAX_REDIRECTS = 3
_REFUSALS = frozenset({401, 403, 407, 451})
_ROBOTS = "/robots.txt"
ROBOTS_LAST = timedelta(hours=24)
"""For how long a robots.txt is good (RFC 9309, 2.4)."""
_CRAWL_DELAY_MOST = 3600.0

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]{1,40})", re.IGNORECASE)


@dataclass(slots=True)
class _Seen:
    """What was seen of an exchange, whole or not."""

    began: float
    """By our own clock: when its turn was and, once it went out, when that was."""
    connected: bool = False
    """Whether a connection was made for it."""
    status: int | None = None
    received: int = 0
    """Bytes of the body, as they came over the wire."""
    retry_after: str | None = None
    date: str | None = None
    """By the site's clock, when it answered."""


class _Sendable(DefaultCookiePolicy):
    """Takes no cookie that could not be sent back: no request would go out after it."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        words = f"{cookie.name}={cookie.value}"
        return words.isascii() and words.isprintable() and super().set_ok(cookie, request)


class Site:
    """The source site. Use as a context manager."""

    def __init__(self, config: Config, clock: Clock, stop: Stop, manners: Manners) -> None:
        self._config = config.fetch
        self._clock = clock
        self._stop = stop
        self._manners = manners
        self._base = urlsplit(config.site.base_url)
        self._agent = config.user_agent
        # Building an SSL context costs 19 ms and a loopback site needs none.
        verify: ssl.SSLContext | bool = ssl.create_default_context() if self._base.scheme == "https" else False
        timeout = httpx.Timeout(
            self._config.read_timeout, connect=min(self._config.connect_timeout, self._config.deadline)
        )
        self._client = httpx.Client(
            headers=[(b"User-Agent", self._agent.encode()), (b"Accept-Encoding", b"gzip")],
            verify=verify,
            timeout=timeout,
            trust_env=False,
            cookies=CookieJar(_Sendable()),
            follow_redirects=False,
        )
        self._deadline = 0.0
        """By our own clock, when the answer in hand is to be here."""
        self._token = self._agent.partition("/")[0]
        """The name that robots.txt calls us by (RFC 9309, 2.2.1)."""
        self._robots = Protego.parse("")
        self._robots_at = ""
        self._robots_asked = False
        """Whether the rules are no older than this client."""

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self, target: str, known: Validators | None = None) -> Answer:
        """The answer for a path and query, tried as often as the configuration says. `known`: the validators of what we
        have of it, to be spared the same again.

        Raises Gone, Refused, Unreachable, Overdue (after the last try), Elsewhere, Denied, Disallowed, TooLarge,
        Blocked, OutOfBudget, HeldOff, Stopped.
        """
        return self._try(target, known)

    def _url(self, target: str) -> str:
        return f"{self._base.scheme}://{self._base.netloc}{target}"

    def _require_permission(self, target: str, asked: str) -> None:
        """Holds what is `asked` for a target against robots.txt, which is at most a day old when the request goes out.

        Raises Elsewhere where the target was redirected to what is not allowed, Disallowed where it is itself not
        allowed, and Blocked where nothing is in the folder it lies in.
        """
        self._manners.wait()
        if not self._is_fresh(self._robots_at):
            self._read_robots()
        if not self._allows(asked) and not self._robots_asked:
            self._read_robots(anew=True)  # it may have been mended since it was kept
        if not self._allows(asked):
            told = f"robots.txt of {self._base.netloc} does not allow {asked}, which was not asked for"
            if asked != target:
                raise Elsewhere(f"{target}: redirected, and {told}")
            raise Disallowed(told) if self._allows(f"/{target.split('/')[1]}/") else Blocked(told)

    def _allows(self, target: str) -> bool:
        return bool(self._robots.can_fetch(self._url(target), self._token))

    def _is_fresh(self, fetched_at: str) -> bool:
        """Whether a robots.txt of that instant, or none, is still good."""
        age = self._clock.now() - datetime.fromisoformat(fetched_at) if fetched_at else ROBOTS_LAST
        return timedelta() <= age < ROBOTS_LAST

    def _read_robots(self, *, anew: bool = False) -> None:
        """robots.txt, at most a day old: none means all is allowed, one that cannot be had means to wait (RFC 9309,
        2.3.1). A page in its place is no rules: those that were known last hold on, if any were. Raises Blocked where
        it cannot be decoded. `anew`: however young the last one is."""
        robots = self._manners.find_robots(self._url(""))
        if anew or robots is None or not self._is_fresh(robots.fetched_at):
            found = self._fetch_robots()
            self._robots_asked = True
            if found.text.lstrip().startswith("<"):
                robots = replace(robots or replace(found, text=""), fetched_at=found.fetched_at)
            else:
                robots = found
                self._manners.keep_robots(robots)
        self._robots, self._robots_at = Protego.parse(robots.text), robots.fetched_at
        delay = crawl_delay(self._robots, self._token)
        if delay > _CRAWL_DELAY_MOST:
            self._robots_at = ""
            raise HeldOff(
                f"{_ROBOTS} of {self._base.netloc} asks for {delay:.0f} seconds between two requests, more than a run "
                "waits; run the command again when it asks for less"
            )
        self._manners.obey_crawl_delay(delay)

    def _fetch_robots(self) -> Robots:
        site, at = self._url(""), self._clock.stamp()
        try:
            answer = self._try(_ROBOTS)
            text = decode_robots(answer.body, answer.charset)
        except (Denied, Elsewhere, Undecodable) as error:
            raise Blocked(f"{error}, and without its rules nothing is asked of the site") from None
        except Gone as error:
            return Robots(site, at, error.status or 404, "")
        except FetchError as error:
            status = error.status if isinstance(error, Refused) else None
            if status is not None and 400 <= status < 500 and status != 429:
                return Robots(site, at, status, "")
            error.retry = False  # it had its tries
            raise
        return Robots(site, at, 200, text)

    def _try(self, target: str, known: Validators | None = None) -> Answer:
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, FetchError) and error.retry),
            stop=stop_after_attempt(self._config.tries) | stop_when_event_set(self._stop),
            wait=self._wait,
            sleep=lambda seconds: self._manners.pause(seconds, "the next try is at"),
            reraise=True,
        )
        failed: FetchError | None = None
        try:
            for attempt in retrying:
                with attempt:
                    try:
                        return self._once(target, attempt.retry_state.attempt_number, known)
                    except FetchError as error:
                        failed = error
                        raise
        except HeldOff as error:
            raise HeldOff(str(error), failed) from None
        except FetchError:
            if self._stop.is_set():  # it was not given all its tries
                raise Stopped(self._stop.exit_code) from None
            raise
        raise AssertionError("tenacity ends with a result or an error")

    def _wait(self, state: RetryCallState) -> float:
        """Seconds before the next try: doubled each time, with some chance in it. What the site asks for with
        Retry-After is kept by `Manners`, for every process."""
        wait = self._config.retry_wait * 2.0 ** (state.attempt_number - 1)
        wait *= 1 + self._clock.chance.random() / 4
        return min(wait, self._config.retry_wait_most)

    def _once(self, target: str, attempt: int, known: Validators | None) -> Answer:
        """One try, redirects within the host included; each request takes its turn and is journalled."""
        asked = target
        for _ in range(_MAX_REDIRECTS + 1):
            if target != _ROBOTS:
                self._require_permission(target, asked)
            self._manners.take_turn(asked, attempt)
            at = self._clock.stamp()
            seen = _Seen(self._clock.monotonic())
            body, error = b"", None
            try:
                response, body = self._exchange(asked, known, seen)
                if target == _ROBOTS and seen.status == 200:
                    decode_robots(body, _charset(response))  # so that the journal says what is wrong with it
            except (FetchError, TooLarge, Undecodable) as caught:
                error = caught
            status = seen.status
            retry_after = parse_retry_after(seen.retry_after, self._clock.now(), seen.date)
            seconds = self._clock.monotonic() - seen.began
            told = str(error) if error is not None else None
            self._manners.answered(status, seen.received, seconds, told, retry_after)
            if error is not None:
                raise error
            assert status is not None
            if status in (301, 302, 303, 307, 308):
                asked = self._redirected(asked, response.headers.get("location"))
                continue
            if status == 200 or (status == 304 and known is not None):
                address = self._url(asked)
                return Answer(target, body, _charset(response), at, _validators(response), status == 304, address)
            raise self._refusal(asked, status)
        raise Refused(f"{target}: redirected more than {_MAX_REDIRECTS} times", status=310)

    def _exchange(self, target: str, known: Validators | None, seen: _Seen) -> tuple[httpx.Response, bytes]:
        """Sends one GET and takes the whole answer. httpx has no total deadline and no cap: both are kept here."""
        self._deadline = seen.began + self._config.deadline
        heard = {"trace": functools.partial(self._hear, seen)}
        headers = {}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        elif known is not None and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        try:
            with (
                self._stop.breaking_off(),
                self._client.stream("GET", self._url(target), headers=headers, extensions=heard) as response,
            ):
                seen.status, seen.date = response.status_code, response.headers.get("date")
                seen.retry_after = response.headers.get("retry-after")
                return response, self._body(target, response, seen)
        except httpx.InvalidURL:
            raise Elsewhere(f"{target!r} is no address that can be asked for") from None
        except (TimeoutError, httpx.TimeoutException):
            if self._clock.monotonic() >= self._deadline:
                raise Overdue(f"{target}: no whole answer within {self._config.deadline:g} seconds") from None
            raise Overdue(f"{target}: no answer in time from {self._base.netloc}") from None
        except (httpx.TransportError, zlib.error) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{target}: no whole answer from {self._base.netloc} ({reason})") from None

    def _hear(self, seen: _Seen, event: str, told: Mapping[str, Any]) -> None:
        """Hears of an exchange on its way: the `trace` extension of httpx."""
        if event in CONNECTED:
            seen.connected = True
            limit_reads(told["return_value"], lambda: self._deadline - self._clock.monotonic())
        elif event == "http11.send_request_headers.started":
            self._manners.sent()
            seen.began = self._clock.monotonic()
        elif event.startswith("http11.receive_response_headers.") and seen.connected:
            # What stands before the site may have had to make a connection of its own first.
            self._manners.arrived()

    def _body(self, target: str, response: httpx.Response, seen: _Seen) -> bytes:
        """The body, inflated part by part so that a small answer cannot become a large one unnoticed."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise Unreachable(f"{target}: the answer is encoded as {encoding[:40]!r}, which was not asked for")
        decoder = GzipDecoder() if "gzip" in encoding else None
        parts: list[bytes] = []
        size = 0
        for raw in response.iter_raw():
            seen.received += len(raw)
            self._require_size(target, seen.received)
            for part in decoder.decode(raw) if decoder is not None else (raw,):
                size += len(part)
                self._require_size(target, size)
                parts.append(part)
        if decoder is not None and seen.received and not decoder.is_complete:
            raise Unreachable(f"{target}: the answer ends in the middle of its compression")
        if decoder is not None and decoder.ignored:
            log.info("%s: ignored %d bytes after the end of its gzip data", target, decoder.ignored)
        return b"".join(parts)

    def _require_size(self, target: str, size: int) -> None:
        if size > self._config.max_bytes:
            raise TooLarge(f"{target}: more than {self._config.max_bytes:,} bytes; it was not read further")

    def _redirected(self, asked: str, location: str | None) -> str:
        """The path and query of a redirection within the host. Raises Elsewhere."""
        try:
            there = urlsplit(urljoin(self._url(asked), location or ""))
            host = there.netloc.removeprefix("www.")
        except ValueError:
            raise Elsewhere(f"{asked}: redirected to an address that is none") from None
        if not location or there.scheme not in ("http", "https") or host != self._base.netloc.removeprefix("www."):
            name = "".join(c for c in there.netloc if c.isprintable())[:80]
            raise Elsewhere(
                f"{asked}: redirected to {name or 'nowhere'}; no other host than {self._base.netloc} is asked"
            )
        path = there.path if there.path.startswith("/") else f"/{there.path}"
        try:  # as it will go out: without the dots that would lead past robots.txt
            target = httpx.URL(self._url(path + (f"?{there.query}" if there.query else ""))).raw_path.decode()
        except httpx.InvalidURL:
            raise Elsewhere(f"{asked}: redirected to an address that is none") from None
        if target == asked and (there.scheme, there.netloc) != (self._base.scheme, self._base.netloc):
            raise Elsewhere(f"{asked}: redirected to {there.scheme}://{there.netloc}; set base_url in [site] to that")
        return target

    def _refusal(self, target: str, status: int) -> FetchError:
        if status in (404, 410):
            return Gone(f"{target}: the site answers {status}", status=status)
        if status in _REFUSALS:
            return Denied(f"{target}: the site refuses us with status {status}", status=status)
        return Refused(f"{target}: the site answers {status}", status=status)


def crawl_delay(robots: Protego, token: str) -> float:
    """The seconds that robots.txt asks for between two requests; 0 where it asks for nothing."""
    delay = float(robots.crawl_delay(token) or 0)
    return delay if delay > 0 else 0.0


def _charset(response: httpx.Response) -> str | None:
    """The encoding that the answer names, in whatever words: a name that is none is refused by who decodes."""
    found = _CHARSET.search(response.headers.get("content-type", ""))
    return found[1] if found else None


def _validators(response: httpx.Response) -> Validators | None:
    given = (response.headers.get("etag"), response.headers.get("last-modified"))
    etag, modified = (value if value and value.isascii() and value.isprintable() else None for value in given)
    return Validators(etag, modified) if etag or modified else None
