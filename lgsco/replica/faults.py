"""Defines faults, which the look-alike sends instead of a right answer. Here: how an answer is sent, or not sent.

A fault is a script of acts: bytes to send, seconds to wait, `Act.CLOSE` or `Act.RESET`. A script that ends without
either keeps the connection open. So a stall, a drip or a wrong length is a class of a few lines: yield the first bytes,
yield the seconds, yield the rest. The server calls `Server.faults` for each request to get its fault, if any.

The other faults: `walls` sends other pages, `edits` sends the right page with a mistake in it. `script` decides which
request gets which fault. `Server.refuse` refuses connections.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import Literal, Protocol

from lgsco.replica.messages import HTML, Headers, Request, Response


class Act(Enum):
    """The two ways to end a connection."""

    CLOSE = "close"
    """Close in good order, after the bytes that were sent."""
    RESET = "reset"
    """Reset at once; the client sees "connection reset"."""


Answer = Callable[[], Response]
"""Gets the right answer from the site."""
Acts = Iterator[bytes | float | Act]
"""A script of acts. A number is seconds to wait."""


class Fault(Protocol):
    """One way to fail."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Returns the script for one request. `answer` gets the right answer from the site; waits are in seconds."""


Faults = Callable[[Request], Fault | None]
"""The hook that returns the fault for a request, or None to answer it. Called in the server's thread."""

_MEGABYTE = 1 << 20
_OPENING = b"<!DOCTYPE html>\n<html><head><title>Decision</title></head><body><p>"
_CLOSING = b"</p></body></html>\n"


def encode_for(request: Request, response: Response) -> bytes:
    """Encodes a response for the request; without its body if the method is HEAD."""
    return response.head if request.method == "HEAD" else response.wire


def with_header(response: Response, name: str, value: str | None) -> Response:
    """Copies a response with another value of one header, or without that header."""
    kept = tuple(header for header in response.headers if header[0].lower() != name.lower())
    return replace(response, headers=kept if value is None else (*kept, (name, value)))


# Other status codes.


@dataclass(frozen=True, slots=True)
class Respond:
    """A given response in place of the right one."""

    status: int
    headers: Headers = HTML
    body: bytes = b""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the response."""
        yield encode_for(request, Response(self.status, self.body, self.headers))


def too_many_requests(retry_after: int | datetime | str | None = None) -> Respond:
    """Makes a 429 response. Retry-After is seconds, the HTTP date of an aware datetime, any string, or missing."""
    return _refusal(429, retry_after)


def unavailable(retry_after: int | datetime | str | None = None) -> Respond:
    """Makes a 503 response, with Retry-After as in `too_many_requests`."""
    return _refusal(503, retry_after)


def server_error() -> Respond:
    """Makes a 500 response with the short page of a web server."""
    return _refusal(500, None)


def _refusal(status: int, retry_after: int | datetime | str | None) -> Respond:
    if isinstance(retry_after, datetime):
        retry_after = format_datetime(retry_after.astimezone(UTC), usegmt=True)
    headers = HTML if retry_after is None else (*HTML, ("Retry-After", str(retry_after)))
    words = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>\n"
    return Respond(status, headers, page.encode())


# Connections that break.


@dataclass(frozen=True, slots=True)
class Reset:
    """The right answer, with the connection reset after the first `after` bytes, headers included."""

    after: int = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the bytes and reset the connection."""
        if self.after:
            yield answer().wire[: self.after]
        yield Act.RESET


@dataclass(frozen=True, slots=True)
class BodyReset:
    """The right answer, reset after part of the body: a share of it, or `at` bytes if it is an int."""

    at: float = 0.5

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the head and part of the body, then reset the connection."""
        right = answer()
        yield right.head if request.method == "HEAD" else right.head + _cut(right.body, self.at)
        yield Act.RESET


@dataclass(frozen=True, slots=True)
class Truncate:
    """The first part of the right body: a share of it, or `at` bytes if it is an int.

    `length` selects the Content-Length. "right": the length of the whole body, and the connection is closed early.
    "fitted": the length of the part, so that only a parser of the page can notice. "none": no length, and the part ends
    where the connection is closed.
    """

    at: float = 0.5
    length: Literal["right", "fitted", "none"] = "right"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the part."""
        right = answer()
        part = replace(right, body=_cut(right.body, self.at))
        if self.length == "fitted":
            yield encode_for(request, part)
            return
        head = right.head if self.length == "right" else _unmeasured(right.head)
        yield head if request.method == "HEAD" else head + part.body
        yield Act.CLOSE


def _cut(body: bytes, at: float) -> bytes:
    return body[: at if isinstance(at, int) else int(len(body) * at)]


def _unmeasured(head: bytes) -> bytes:
    return re.sub(rb"(?i)\r\nContent-Length:[^\r]*", b"", head)


# Slow answers.


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence for some seconds, after the first `sent` bytes of the right answer, headers included.

    Then the rest follows, or the connection ends in the way that `then` names.
    """

    seconds: float
    then: Act | None = None
    sent: int = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the first bytes, waits, and continues or ends."""
        wire = encode_for(request, answer())
        if self.sent:
            yield wire[: self.sent]
        yield self.seconds
        yield wire[self.sent :] if self.then is None else self.then


@dataclass(frozen=True, slots=True)
class Drip:
    """The right answer in pieces, headers included: `size` bytes every `every` seconds."""

    size: int = 16
    every: float = 0.05

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the answer piece by piece."""
        wire = encode_for(request, answer())
        for start in range(0, len(wire), self.size):
            if start:
                yield self.every
            yield wire[start : start + self.size]


@dataclass(frozen=True, slots=True)
class DripHead:
    """The right answer with its head in pieces, `size` bytes every `every` seconds, and then its body at once."""

    size: int = 1
    every: float = 0.05

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the head piece by piece, then the body."""
        right = answer()
        for start in range(0, len(right.head), self.size):
            yield right.head[start : start + self.size]
            yield self.every
        if request.method != "HEAD":
            yield right.body


# Answers that are too large.


@dataclass(frozen=True, slots=True)
class LongHead:
    """The right answer with that many additional kilobytes of headers."""

    kilobytes: int = 200

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the answer with the additional headers."""
        right = answer()
        yield encode_for(
            request, replace(right, headers=(*right.headers, *[("X-Padding", "x" * 1_000)] * self.kilobytes))
        )


@dataclass(frozen=True, slots=True)
class GzipBomb:
    """A small compressed page that inflates to that many megabytes. Built at the first use, then cached."""

    megabytes: int = 100

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page."""
        yield encode_for(request, Response(200, _bomb(self.megabytes), (*HTML, ("Content-Encoding", "gzip"))))


@lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * _MEGABYTE
    parts = [packer.compress(_OPENING.ljust(_MEGABYTE)), *(packer.compress(blank) for _ in range(megabytes - 1))]
    return b"".join((*parts, packer.flush()))


@dataclass(frozen=True, slots=True)
class Huge:
    """A page of that many megabytes, generated while it is sent and no faster than the client reads it.

    With `declared` it has a Content-Length; otherwise the body ends where the connection is closed.
    """

    megabytes: int = 60
    declared: bool = True

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Streams the page."""
        size, block = self.megabytes * _MEGABYTE, 1 << 16
        head = Response(200, headers=(*HTML, ("Content-Length", str(size)))).head
        yield head if self.declared else _unmeasured(head)
        if request.method != "HEAD":
            yield _OPENING.ljust(block)
            blank = b" " * block
            for _ in range(size // block - 2):
                yield blank
            yield _CLOSING.rjust(block)
        if not self.declared:
            yield Act.CLOSE
