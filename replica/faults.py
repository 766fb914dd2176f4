"""Faults: what the look-alike does to a request in place of answering it.

A fault is a script of acts: bytes to send, seconds to wait, `Act.CLOSE` or `Act.RESET`. When the script ends without
either, the connection lives on. So a stall, a drip or a wrong length is a class of a few lines: yield the first bytes,
yield the seconds, yield the rest. `Server.faults` is asked at every request whether one applies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from replica.messages import HTML, Headers, Request, Response


class Act(Enum):
    """The two ways to end a connection."""

    CLOSE = "close"
    """In good order, after what was sent."""
    RESET = "reset"
    """At once; the client sees the connection reset."""


class Fault(Protocol):
    """One way to fail."""

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        """The script for one request. `answer` asks the site for the right answer; waits are seconds."""


Faults = Callable[[Request], Fault | None]
"""The hook: the fault for a request, or None to answer it. Called in the server's thread."""


@dataclass(frozen=True, slots=True)
class Respond:
    """Another answer in place of the right one."""

    status: int
    headers: Headers = HTML
    body: bytes = b""

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        """Send it whole."""
        response = Response(self.status, self.body, self.headers)
        yield response.head if request.method == "HEAD" else response.wire


@dataclass(frozen=True, slots=True)
class Reset:
    """The right answer, broken off: the connection is reset after so many bytes of it, head included."""

    after: int = 0

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        """Send that much and break off."""
        if self.after:
            yield answer().wire[: self.after]
        yield Act.RESET
