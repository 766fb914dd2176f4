"""Sends one GET and receives the response within a deadline and a byte cap.

The requests go to a connection of httpcore's. The client and the pool of httpx, which uses httpcore, would add
redirects, authentication and many connections. None of these is used here, and they take CPU time in every exchange.
httpx percent-encodes addresses and keeps the cookies.
"""

from __future__ import annotations

import contextlib
import logging
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit
from urllib.request import Request

import httpcore
import httpx

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import Elsewhere, FetchError, Overdue, TooLarge, Unreachable
from ingest.fetching.connection import Connection
from ingest.fetching.decompress import GzipDecoder
from ingest.wording import count_of
from storage.model import Validators

log = logging.getLogger("lgsco")

_CLOSED_WITHOUT_RESPONSE = "without sending a response"
"""Words of httpcore's error when the server closed the connection instead of responding."""

_MAX_CLOSED_CONNECTIONS = 2
"""After the server closed this many kept connections, connections are no longer kept."""

_USUAL_HEADERS = ((b"Accept", b"*/*"), (b"Accept-Encoding", b"gzip"))

SENT_AS_IT_IS = re.compile(r"(?:/[\w-]+)+(?:\?[\w=&-]+)?", re.ASCII)
"""Matches targets that httpx does not change. It takes a tenth of an exchange to find that out."""

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

        `on_sent` is called when a request goes out; `on_connected_response` when its response begins, if a new
        connection was made for it.
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
        self._exchange = Exchange(0.0)
        """The current one."""
        url = httpx.URL(site)
        self._headers = [(b"Host", url.netloc), (b"User-Agent", user_agent.encode()), *_USUAL_HEADERS]
        self._cookies = httpx.Cookies(CookieJar(_SendableCookies()))
        self._connection = Connection(
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/").origin,
            connect_timeout=min(settings.connect_timeout, settings.deadline),
            read_timeout=settings.read_timeout,
            seconds_left=lambda: self._deadline - self._clock.monotonic(),
            on_connected=self._record_connected,
            on_write=self._record_sent,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def get(self, target: str, known: Validators | None = None) -> Exchange:
        """Sends one GET for a path and query and receives the response. `known`: makes the request conditional.

        A failure is returned as the `error` of the exchange: Unreachable, Overdue, TooLarge, or Elsewhere if the target
        is not a valid address. Raises Stopped if a signal arrives meanwhile.
        """
        exchange = self._exchange = Exchange(self._clock.monotonic())
        self._deadline = exchange.began + self._settings.deadline
        try:
            sent = target if SENT_AS_IT_IS.fullmatch(target) else find_sent_target(self._site + target)
        except ValueError:
            exchange.error = Elsewhere(f"{target!r} is not a valid address")
            return exchange
        try:
            headers = self._make_headers(target, known)
            with self._stop.interruptible(), contextlib.closing(self._send(sent, headers)) as response:
                self._take_cookies(target, response)
                encoding = _read_headers(response, exchange).get(b"content-encoding", "")
                exchange.body = self._read_body(target, response, encoding.strip().lower(), exchange)
        except (FetchError, TooLarge) as error:
            exchange.error = error
        except (TimeoutError, httpcore.TimeoutException):
            if self._clock.monotonic() >= self._deadline:
                exchange.error = Overdue(
                    f"{target}: the response was not complete within {self._settings.deadline:g} s"
                )
            else:
                exchange.error = Overdue(f"{target}: no response in time from {self._host}")
        except (httpcore.NetworkError, httpcore.ProtocolError, zlib.error) as error:
            reason = str(error) or type(error).__name__
            exchange.is_broken_off = exchange.status is None and (
                isinstance(error, httpcore.ReadError | httpcore.WriteError) or _CLOSED_WITHOUT_RESPONSE in reason
            )
            exchange.error = Unreachable(f"{target}: no complete response from {self._host} ({reason})")
        self._closed_connections += exchange.met_closed_connection
        return exchange

    def _send(self, target: str, headers: Sequence[tuple[bytes, bytes]]) -> httpcore.Response:
        """Sends a GET; returns the response when its headers have arrived. Raises what `Connection.get` raises."""
        try:
            return self._connection.get(target.encode(), headers)
        finally:
            if self._exchange.is_sent and self._exchange.is_new_connection:
                self._on_connected_response()

    def _record_connected(self) -> None:
        self._exchange.is_new_connection = True

    def _record_sent(self) -> None:
        """Records that the request goes out, at its first write."""
        if not self._exchange.is_sent:
            self._exchange.is_sent = True
            self._on_sent()
            self._exchange.began = self._clock.monotonic()

    def _make_headers(self, target: str, known: Validators | None) -> list[tuple[bytes, bytes]]:
        """Makes the headers of a request: a condition and cookies, if there are any, and the usual ones."""
        headers = [*self._headers, (b"Connection", self._choose_connection()), *_make_condition_header(known)]
        if self._cookies.jar:
            request = httpx.Request("GET", self._site + target)
            self._cookies.set_cookie_header(request)
            headers += [(b"Cookie", value.encode()) for value in request.headers.get_list("cookie")]
        return headers

    def _take_cookies(self, target: str, response: httpcore.Response) -> None:
        """Keeps the cookies that the response sets, for later requests."""
        if any(name.lower() == b"set-cookie" for name, _ in response.headers):
            request = httpx.Request("GET", self._site + target)
            self._cookies.extract_cookies(httpx.Response(response.status, headers=response.headers, request=request))

    def _choose_connection(self) -> bytes:
        """Returns the value of the Connection header: the server is to close each one, if it often closed kept ones.

        No request is then lost to a closed connection.
        """
        return b"close" if self._closed_connections >= _MAX_CLOSED_CONNECTIONS else b"keep-alive"

    def _read_body(self, target: str, response: httpcore.Response, encoding: str, exchange: Exchange) -> bytes:
        """Reads the body and decompresses it in parts, so that a small response cannot expand past the byte cap.

        `encoding`: the Content-Encoding header in lower case, or "" without that header.
        """
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise Unreachable(f"{target}: the response is encoded as {encoding[:40]!r}, which lgsco does not accept")
        decoder = GzipDecoder() if "gzip" in encoding else None
        parts: list[bytes] = []
        size = 0
        for raw in response.iter_stream():
            exchange.received += len(raw)
            self._require_size(target, exchange.received)
            for part in decoder.decode(raw) if decoder is not None else (raw,):
                size += len(part)
                self._require_size(target, size)
                parts.append(part)
        if decoder is not None and exchange.received and not decoder.is_complete:
            raise Unreachable(f"{target}: the response ends in the middle of its gzip data")
        if decoder is not None and decoder.ignored:
            log.info("%s: ignored %s after the end of its gzip data", target, count_of(decoder.ignored, "byte"))
        return b"".join(parts)

    def _require_size(self, target: str, size: int) -> None:
        if size > self._settings.max_bytes:
            raise TooLarge(f"{target}: more than {count_of(self._settings.max_bytes, 'byte')}; the rest was not read")


def _make_condition_header(known: Validators | None) -> list[tuple[bytes, bytes]]:
    """Returns the header of a conditional request. An entity tag is preferred to a date (RFC 9110, 13.1.3)."""
    if known is not None and known.etag:
        return [(b"If-None-Match", known.etag.encode())]
    if known is not None and known.last_modified:
        return [(b"If-Modified-Since", known.last_modified.encode())]
    return []


def _read_headers(response: httpcore.Response, exchange: Exchange) -> Mapping[bytes, str]:
    """Reads the headers into the exchange, and returns them by their names in lower case."""
    headers: dict[bytes, str] = {}
    for name, value in response.headers:
        key, text = name.lower(), _decode(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    exchange.status = response.status
    exchange.date = headers.get(b"date")
    exchange.retry_after = headers.get(b"retry-after")
    exchange.location = headers.get(b"location")
    charset = _CHARSET.search(headers.get(b"content-type", ""))
    exchange.charset = charset[1] if charset else None
    exchange.validators = _read_validators(headers.get(b"etag"), headers.get(b"last-modified"))
    return headers


def _decode(header: bytes) -> str:
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


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
