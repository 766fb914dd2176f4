"""Faults: what the look-alike does to a request in place of answering it. Here: how an answer is sent, or is not.

A fault is a script of acts: bytes to send, seconds to wait, `Act.CLOSE` or `Act.RESET`. When the script ends without
either, the connection lives on. So a stall, a drip or a wrong length is a class of a few lines: yield the first bytes,
yield the seconds, yield the rest. `Server.faults` is asked at every request whether one applies.

The other rooms of the catalogue: `walls` has what stands in place of the right page, `edits` the right page with
something wrong in it, `script` says which request meets which fault. A refused connection is `Server.refuse`.
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
    """In good order, after what was sent."""
    RESET = "reset"
    """At once; the client sees the connection reset."""


Answer = Callable[[], Response]
"""Asks the site for the right answer."""
Acts = Iterator[bytes | float | Act]
"""A script; a number is seconds to wait."""


class Fault(Protocol):
    """One way to fail."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """The script for one request. `answer` asks the site for the right answer; waits are seconds."""


Faults = Callable[[Request], Fault | None]
"""The hook: the fault for a request, or None to answer it. Called in the server's thread."""

_MEGABYTE = 1 << 20
_OPENING = b"<!DOCTYPE html>\n<html><head><title>Decision</title></head><body><p>"
_CLOSING = b"</p></body></html>\n"


def whole(request: Request, response: Response) -> bytes:
    """An answer's bytes as the request asks for them: HEAD asks for the head alone."""
    return response.head if request.method == "HEAD" else response.wire


def headed(response: Response, name: str, value: str | None) -> Response:
    """The same answer with another value of one header, or without that header."""
    kept = tuple(header for header in response.headers if header[0].lower() != name.lower())
    return replace(response, headers=kept if value is None else (*kept, (name, value)))


# Another status.


@dataclass(frozen=True, slots=True)
class Respond:
    """Another answer in place of the right one."""

    status: int
    headers: Headers = HTML
    body: bytes = b""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        yield whole(request, Response(self.status, self.body, self.headers))


def too_many_requests(retry_after: int | datetime | str | None = None) -> Respond:
    """429, with Retry-After in seconds, as the HTTP date of an aware datetime, in any words, or without."""
    return _refusal(429, retry_after)


def unavailable(retry_after: int | datetime | str | None = None) -> Respond:
    """503, with Retry-After as for `too_many_requests`."""
    return _refusal(503, retry_after)


def server_error() -> Respond:
    """500, with the server's own short page."""
    return _refusal(500, None)


def _refusal(status: int, retry_after: int | datetime | str | None) -> Respond:
    if isinstance(retry_after, datetime):
        retry_after = format_datetime(retry_after.astimezone(UTC), usegmt=True)
    headers = HTML if retry_after is None else (*HTML, ("Retry-After", str(retry_after)))
    words = f"{status} {HTTPStatus(status).phrase}"
    page = f"<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>\n"
    return Respond(status, headers, page.encode())


# Broken off.


@dataclass(frozen=True, slots=True)
class Reset:
    """The right answer, broken off: the connection is reset after so many bytes of it, head included."""

    after: int = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send that much and break off."""
        if self.after:
            yield answer().wire[: self.after]
        yield Act.RESET


@dataclass(frozen=True, slots=True)
class BodyReset:
    """The right answer, reset in mid-body: after the head and a share of the body, or (an int) so many bytes of it."""

    at: float = 0.5

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send that much and break off."""
        right = answer()
        yield right.head if request.method == "HEAD" else right.head + _cut(right.body, self.at)
        yield Act.RESET


@dataclass(frozen=True, slots=True)
class Truncate:
    """The first part of the right body, a share of it or (an int) so many bytes.

    `length` is what the head says of it. "right": the length of the whole, and the connection is closed early.
    "fitted": that of the part, so that only a reader of the page can notice. "none": nothing, and the part ends where
    the connection is closed.
    """

    at: float = 0.5
    length: Literal["right", "fitted", "none"] = "right"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send the part."""
        right = answer()
        part = replace(right, body=_cut(right.body, self.at))
        if self.length == "fitted":
            yield whole(request, part)
            return
        head = right.head if self.length == "right" else _unmeasured(right.head)
        yield head if request.method == "HEAD" else head + part.body
        yield Act.CLOSE


def _cut(body: bytes, at: float) -> bytes:
    return body[: at if isinstance(at, int) else int(len(body) * at)]


def _unmeasured(head: bytes) -> bytes:
    return re.sub(rb"(?i)\r\nContent-Length:[^\r]*", b"", head)


# Slow.


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence for some seconds, after the first `sent` bytes of the right answer, head included.

    Then comes the rest, or the connection ends as `then` says.
    """

    seconds: float
    then: Act | None = None
    sent: int = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Say so much, wait, and go on or end."""
        wire = whole(request, answer())
        if self.sent:
            yield wire[: self.sent]
        yield self.seconds
        yield wire[self.sent :] if self.then is None else self.then


@dataclass(frozen=True, slots=True)
class Drip:
    """The right answer a few bytes at a time, head and all: `size` bytes every so many seconds."""

    size: int = 16
    every: float = 0.05

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Drip it."""
        wire = whole(request, answer())
        for start in range(0, len(wire), self.size):
            if start:
                yield self.every
            yield wire[start : start + self.size]


@dataclass(frozen=True, slots=True)
class DripHead:
    """The right answer, its head `size` bytes at a time every so many seconds, then its body at once."""

    size: int = 1
    every: float = 0.05

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Drip the head and pour the rest."""
        right = answer()
        for start in range(0, len(right.head), self.size):
            yield right.head[start : start + self.size]
            yield self.every
        if request.method != "HEAD":
            yield right.body


# Too much.


@dataclass(frozen=True, slots=True)
class LongHead:
    """The right answer with so many kilobytes of headers more."""

    kilobytes: int = 200

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        right = answer()
        yield whole(request, replace(right, headers=(*right.headers, *[("X-Padding", "x" * 1_000)] * self.kilobytes)))


@dataclass(frozen=True, slots=True)
class GzipBomb:
    """A small page, honestly compressed, that inflates to so many megabytes. Built at the first use, then kept."""

    megabytes: int = 100

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        yield whole(request, Response(200, _bomb(self.megabytes), (*HTML, ("Content-Encoding", "gzip"))))


@lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * _MEGABYTE
    parts = [packer.compress(_OPENING.ljust(_MEGABYTE)), *(packer.compress(blank) for _ in range(megabytes - 1))]
    return b"".join((*parts, packer.flush()))


@dataclass(frozen=True, slots=True)
class Huge:
    """A page of so many megabytes, made while it is sent and no faster than it is taken.

    It says its length in the head or, not `declared`, ends where the connection is closed.
    """

    megabytes: int = 60
    declared: bool = True

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Stream it."""
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
