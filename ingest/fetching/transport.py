"""Sends one GET and receives the response within a deadline and a byte cap. The only module that uses httpx.

httpx has neither limit: its read timeout applies to each read alone. `limit_reads` patches httpx to add the deadline.
The requests go to httpx's transport. Its client would add redirects and authentication, which are not used here and
take CPU time in every exchange.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import httpx

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import Elsewhere, FetchError, Overdue, TooLarge, Unreachable
from ingest.fetching.decompress import GzipDecoder
from storage.model import Validators

log = logging.getLogger("lgsco")

CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
"""The events of httpx's `trace` extension that have a new network stream as `return_value`."""

_SENDING = "http11.send_request_headers.started"
_RECEIVING = "http11.receive_response_headers."

_MIN_READ_TIMEOUT_SECONDS = 0.001
"""The least read timeout: with 0 a read does not block and fails with a different error."""

_CLOSED_WITHOUT_RESPONSE = "without sending a response"
"""Words of httpx's error when the server closed the connection instead of responding."""

_MAX_CLOSED_CONNECTIONS = 2
"""After the server closed this many kept connections, connections are no longer kept."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]{1,40})", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """One request and its response, as far as it was received."""

    began: float
    """Monotonic seconds: when the request was sent or, until then, when `Transport.get` was called."""
    is_new_connection: bool = False
    """Whether a connection was made for it; otherwise a kept connection was used, if it was sent."""
    is_sent: bool = False
    is_broken_off: bool = False
    """Whether the connection ended before any part of a response arrived."""
    status: int | None = None
    """None if no response headers were received."""
    received: int = 0
    """Bytes of the body, before decompression."""
    retry_after: str | None = None
    date: str | None = None
    """The site's clock when it answered: the Date header."""
    location: str | None = None
    charset: str | None = None
    """As the Content-Type header declares it; it may not exist."""
    validators: Validators | None = None
    body: bytes = b""
    """The complete body, decompressed. Empty if there is an `error`."""
    error: FetchError | TooLarge | None = None
    """Why the response was not completely received; None if it was."""

    @property
    def met_closed_connection(self) -> bool:
        """Whether the server had closed the kept connection of the request, so that no response arrived.

        The request may be sent again on a new connection (RFC 9112, 9.3.1). It says nothing about the state of the
        site.
        """
        return self.is_sent and self.is_broken_off and not self.is_new_connection


class _SendableCookies(DefaultCookiePolicy):
    """Refuses cookies that httpx could not send back: every later request would fail."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        text = f"{cookie.name}={cookie.value}"
        return text.isascii() and text.isprintable() and super().set_ok(cookie, request)


class Transport:
    """The HTTP connection to one site. Follows no redirects and does not retry. Call `close` at the end."""

    def __init__(
        self,
        site: str,
        user_agent: str,
        settings: Fetch,
        clock: Clock,
        stop: Stop,
        *,
        on_sent: Callable[[], None],
        on_connected_response: Callable[[], None],
    ) -> None:
        """`site`: scheme and host, without a path.

        `on_sent` is called when a request goes out, after any connection was made for it. `on_connected_response` is
        called when the response begins on such a new connection.
        """
        self._site = site
        self._host = urlsplit(site).netloc
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._on_sent = on_sent
        self._on_connected_response = on_connected_response
        self._closed_connections = 0
        """How often the server had closed a kept connection."""
        self._deadline = 0.0
        """Monotonic seconds: when the current response must be complete."""
        # Building an SSL context costs 19 ms, and a site on loopback needs none.
        verify: ssl.SSLContext | bool = ssl.create_default_context() if site.startswith("https:") else False
        self._connections = httpx.HTTPTransport(verify=verify, trust_env=False)
        self._headers = {
            b"User-Agent": user_agent.encode(),
            b"Accept": b"*/*",
            b"Accept-Encoding": b"gzip",
            b"Connection": b"keep-alive",
        }
        connect = min(settings.connect_timeout, settings.deadline)
        self._timeouts = httpx.Timeout(settings.read_timeout, connect=connect).as_dict()
        self._cookies = httpx.Cookies(CookieJar(_SendableCookies()))

    def close(self) -> None:
        """Closes the connection."""
        self._connections.close()

    def get(self, target: str, known: Validators | None = None) -> Exchange:
        """Sends one GET for a path and query and receives the response. `known`: makes the request conditional.

        A failure is returned as the `error` of the exchange: Unreachable, Overdue, TooLarge, or Elsewhere if the target
        is not a valid address. Raises Stopped if a signal arrives meanwhile.
        """
        exchange = Exchange(self._clock.monotonic())
        self._deadline = exchange.began + self._settings.deadline
        try:
            request = self._make_request(target, known, exchange)
            with self._stop.interruptible(), contextlib.closing(self._connections.handle_request(request)) as response:
                self._take_cookies(request, response)
                _read_headers(response, exchange)
                exchange.body = self._read_body(target, response, exchange)
        except (FetchError, TooLarge) as error:
            exchange.error = error
        except httpx.InvalidURL:
            exchange.error = Elsewhere(f"{target!r} is not a valid address")
        except (TimeoutError, httpx.TimeoutException):
            if self._clock.monotonic() >= self._deadline:
                exchange.error = Overdue(
                    f"{target}: the response was not complete within {self._settings.deadline:g} seconds"
                )
            else:
                exchange.error = Overdue(f"{target}: no response in time from {self._host}")
        except (httpx.TransportError, zlib.error) as error:
            reason = str(error) or type(error).__name__
            exchange.is_broken_off = exchange.status is None and (
                isinstance(error, httpx.ReadError | httpx.WriteError) or _CLOSED_WITHOUT_RESPONSE in reason
            )
            exchange.error = Unreachable(f"{target}: no complete response from {self._host} ({reason})")
        self._closed_connections += exchange.met_closed_connection
        return exchange

    def _make_request(self, target: str, known: Validators | None, exchange: Exchange) -> httpx.Request:
        """Makes the request, with the cookies for it. Raises httpx.InvalidURL."""
        request = httpx.Request(
            "GET",
            self._site + target,
            headers=self._headers | _make_condition_header(known) | self._make_connection_header(),
            extensions={"timeout": self._timeouts, "trace": functools.partial(self._trace, exchange)},
        )
        if self._cookies.jar:
            self._cookies.set_cookie_header(request)
        return request

    def _take_cookies(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keeps the cookies that the response sets, for later requests."""
        if "set-cookie" in response.headers:
            response.request = request
            self._cookies.extract_cookies(response)

    def _make_connection_header(self) -> dict[bytes, bytes]:
        """Returns the header that makes a server close each connection, if it often closed kept ones.

        No request is then lost to a closed connection.
        """
        return {b"Connection": b"close"} if self._closed_connections >= _MAX_CLOSED_CONNECTIONS else {}

    def _trace(self, exchange: Exchange, event: str, info: Mapping[str, Any]) -> None:
        """Handles an event of httpx's `trace` extension."""
        if event in CONNECTED:
            exchange.is_new_connection = True
            limit_reads(info["return_value"], lambda: self._deadline - self._clock.monotonic())
        elif event == _SENDING:
            exchange.is_sent = True
            self._on_sent()
            exchange.began = self._clock.monotonic()
        elif event.startswith(_RECEIVING) and exchange.is_new_connection:
            self._on_connected_response()

    def _read_body(self, target: str, response: httpx.Response, exchange: Exchange) -> bytes:
        """Reads the body and decompresses it in parts, so that a small response cannot expand past the byte cap."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise Unreachable(f"{target}: the response is encoded as {encoding[:40]!r}, which lgsco does not accept")
        decoder = GzipDecoder() if "gzip" in encoding else None
        parts: list[bytes] = []
        size = 0
        for raw in response.iter_raw():
            exchange.received += len(raw)
            self._require_size(target, exchange.received)
            for part in decoder.decode(raw) if decoder is not None else (raw,):
                size += len(part)
                self._require_size(target, size)
                parts.append(part)
        if decoder is not None and exchange.received and not decoder.is_complete:
            raise Unreachable(f"{target}: the response ends in the middle of its gzip data")
        if decoder is not None and decoder.ignored:
            log.info("%s: ignored %d bytes after the end of its gzip data", target, decoder.ignored)
        return b"".join(parts)

    def _require_size(self, target: str, size: int) -> None:
        if size > self._settings.max_bytes:
            raise TooLarge(f"{target}: more than {self._settings.max_bytes:,} bytes; the rest was not read")


def _make_condition_header(known: Validators | None) -> dict[bytes, bytes]:
    """Returns the header of a conditional request. An entity tag is preferred to a date (RFC 9110, 13.1.3)."""
    if known is not None and known.etag:
        return {b"If-None-Match": known.etag.encode()}
    if known is not None and known.last_modified:
        return {b"If-Modified-Since": known.last_modified.encode()}
    return {}


def _read_headers(response: httpx.Response, exchange: Exchange) -> None:
    headers = response.headers
    exchange.status = response.status_code
    exchange.date = headers.get("date")
    exchange.retry_after = headers.get("retry-after")
    exchange.location = headers.get("location")
    charset = _CHARSET.search(headers.get("content-type", ""))
    exchange.charset = charset[1] if charset else None
    exchange.validators = _read_validators(headers.get("etag"), headers.get("last-modified"))


def _read_validators(*values: str | None) -> Validators | None:
    """Returns the entity tag and the date, without values that a request cannot send back; None if both are missing."""
    etag, modified = (value if value and value.isascii() and value.isprintable() else None for value in values)
    return Validators(etag, modified) if etag or modified else None


def find_sent_target(url: str) -> str:
    """Returns the path and query that httpx sends for a URL: percent-encoded and without `.` and `..` segments.

    Raises ValueError if httpx does not accept the URL.
    """
    try:
        return httpx.URL(url).raw_path.decode()
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None


def limit_reads(stream: Any, seconds_left: Callable[[], float]) -> None:
    """Makes every read from a network stream end at a deadline, so that a slow response cannot go on for ever.

    `seconds_left`: returns the seconds until the deadline; negative after it. A read that ends after the deadline
    raises TimeoutError. It replaces a method of the stream that httpx's `trace` extension passes.
    """
    read = stream.read

    def read_in_time(max_bytes: int, timeout: float) -> bytes:
        data: bytes = read(max_bytes, min(timeout, max(seconds_left(), _MIN_READ_TIMEOUT_SECONDS)))
        if seconds_left() < 0:
            raise TimeoutError
        return data

    stream.read = read_in_time
