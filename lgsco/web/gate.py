"""Limits what runs at once, and ends the work for a client that has left.

Requests wait in two lanes. The *open* lane is for addresses where the visitor chooses what SQLite has to do: own SQL,
filters, facets, searches, downloads. All other pages have the other lane, so that slow queries cannot delay them.
`lgsco.web.served_file` has a thread pool for each lane.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Lane = Literal["pages", "open"]

PAGES_AT_ONCE: dict[Lane, int] = {"pages": 6, "open": 5}
"""Requests of each lane that are worked on at once. Each may have an answer in memory."""

WAITING_MOST: dict[Lane, int] = {"pages": 200, "open": 100}
"""Requests of each lane that may wait; more are refused with 503."""

WAIT_SECONDS = 60.0
"""A request that waited this long is refused with 503."""

LARGE_BYTES = 500_000
LARGE_AT_ONCE = 2
"""Answers of more than `LARGE_BYTES` that are in memory at once."""

STREAMS_AT_ONCE = 2
STREAM_SECONDS = 600.0
"""Seconds that a streamed download may take; it is broken off then, so that nobody mistakes it for the whole."""

SEND_SECONDS = 60.0
"""Seconds that a client may take to receive an answer that is held in memory."""

_CHUNK_BYTES = 64 * 1024
"""The size of the parts that an answer is sent in: what the connection of a slow client can hold of it."""

_ALL_MAY = frozenset(
    {"_size", "_next", "_labels", "_shape", "_nl", "_ttl", "_header", "_dl", "_json", "_json_infinity"}
)
"""Parameters that cost nothing."""


class Overloaded(Exception):
    """Too many requests of the kind run or wait."""

    def __str__(self) -> str:
        return "too many requests of this kind are being answered; try again in a few seconds"


class BrokenOff(BaseException):
    """An answer was not sent to its end, so the connection is closed.

    Not an Exception, because Datasette would answer an Exception with a second response.
    """


@dataclass(slots=True)
class Visit:
    """One request, as the queries that it runs see it."""

    gate: Gate
    lane: Lane
    gone: bool = False
    """Whether the client has left. Queries under way then end."""
    stays: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    """The turns of the request, which end with it."""
    is_large: bool = False
    is_stream: bool = False


VISIT: ContextVar[Visit | None] = ContextVar("VISIT", default=None)
"""The request that is being answered; None outside of requests to an archive."""


def find_lane(path: str, query: str) -> Lane:
    """Returns the lane for an address. `path` is without `base_url`."""
    if path.endswith(".csv"):
        return "open"
    depth = path.strip("/").count("/")
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name in _ALL_MAY:
            continue
        if depth != 1 or name.startswith("_") or "__" in name:
            return "open"
    return "pages"


class Gate:
    """Lets requests to the archives in, lane by lane."""

    def __init__(self) -> None:
        self._lanes = {lane: asyncio.Semaphore(count) for lane, count in PAGES_AT_ONCE.items()}
        self._waiting: dict[str, int] = {}
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._streams = asyncio.Semaphore(STREAMS_AT_ONCE)

    async def answer(self, application: Application, scope: Message, receive: Receive, send: Send, lane: Lane) -> None:
        """Runs the application for a GET or HEAD request, until its end or until the client leaves.

        Raises Overloaded before anything was sent.
        """
        visit = Visit(self, lane)
        token = VISIT.set(visit)
        try:
            async with visit.stays:
                work = asyncio.ensure_future(self._work(application, scope, send, visit))
                leaving = asyncio.ensure_future(_wait_until_gone(receive))
                try:
                    await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
                    if not work.done():
                        visit.gone = True
                        work.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await work
                finally:
                    visit.gone = True
                    work.cancel()
                    leaving.cancel()
        finally:
            VISIT.reset(token)

    async def _work(self, application: Application, scope: Message, send: Send, visit: Visit) -> None:
        await visit.stays.enter_async_context(self._turn(self._lanes[visit.lane], visit.lane, WAITING_MOST[visit.lane]))
        await application(scope, _receive_nothing, _sending_slowly(send, visit))

    @contextlib.asynccontextmanager
    async def _turn(self, turns: asyncio.Semaphore, name: str, most: int) -> AsyncIterator[None]:
        """Waits for a turn. Raises Overloaded if too many wait, or after `WAIT_SECONDS`."""
        waiting = self._waiting.get(name, 0)
        if turns.locked() and waiting >= most:
            raise Overloaded
        self._waiting[name] = waiting + 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turns.acquire()
        except TimeoutError:
            raise Overloaded from None
        finally:
            self._waiting[name] -= 1
        try:
            yield
        finally:
            turns.release()

    async def wait_for_large(self, visit: Visit) -> None:
        """Waits until one more large answer fits into memory. Raises Overloaded."""
        if not visit.is_large:
            visit.is_large = True
            await visit.stays.enter_async_context(self._turn(self._large, "large", WAITING_MOST["open"]))

    async def wait_for_stream(self, visit: Visit) -> None:
        """Waits until one more download may run, and lets it take `STREAM_SECONDS`. Raises Overloaded."""
        if not visit.is_stream:
            visit.is_stream = True
            await visit.stays.enter_async_context(self._turn(self._streams, "streams", WAITING_MOST["open"]))


async def _receive_nothing() -> Message:
    """Stands for the body of a GET request. `Gate` itself waits for the client to leave."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _sending_slowly(send: Send, visit: Visit) -> Send:
    """Sends answers in parts, and breaks off when the client takes too long to receive them."""
    began: float | None = None

    async def sending(message: Message) -> None:
        nonlocal began
        began = time.monotonic() if began is None else began
        deadline = began + (STREAM_SECONDS if visit.is_stream else SEND_SECONDS)
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= _CHUNK_BYTES:
            await _send_until(send, message, deadline)
            return
        last = (len(body) - 1) // _CHUNK_BYTES
        for number in range(last + 1):
            part = body[number * _CHUNK_BYTES : (number + 1) * _CHUNK_BYTES]
            more = number < last or message.get("more_body", False)
            await _send_until(send, {**message, "body": part, "more_body": more}, deadline)

    return sending


async def _send_until(send: Send, message: Message, deadline: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            await send(message)
    except TimeoutError:
        raise BrokenOff from None
