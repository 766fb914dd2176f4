"""Serves the look-alike over HTTP/1.1, in a thread of its own, with a log and a hook for faults."""

from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic, time
from typing import Any, NamedTuple, assert_never

from lgsco.replica.faults import Act, Faults
from lgsco.replica.messages import TEXT, Request, Response
from lgsco.replica.site import Site

_LINGER_NOT = struct.pack("ii", 1, 0)


class Entry(NamedTuple):
    """One line of the log, written when the whole request has arrived and its answer begins."""

    received: float
    """Monotonic time in seconds."""
    at: float
    """Wall-clock time in seconds since 1970."""
    method: str
    target: str
    status: int | None
    """None when a fault did not send a status line first."""
    headers: Mapping[str, str]
    """Headers of the request; keys are in lower case."""
    port: int
    """The client's port: the same for all requests on one connection."""


class Server:
    """A served site. `faults` and `accept_delay` may be set, and `log` read or cleared, at any time."""

    def __init__(
        self, site: Site, *, port: int = 0, faults: Faults | None = None, log_limit: int | None = None
    ) -> None:
        """Prepares a server that does not listen yet; see `serve`.

        With `log_limit` the log keeps only that many newest entries.
        """
        self.site = site
        self.port = port
        self.faults = faults
        self.log: list[Entry] = []
        self.errors: list[str] = []
        """Tracebacks of exceptions inside the look-alike itself. Each was answered with 500."""
        self.accept_delay: Callable[[], float] | None = None
        """Returns the seconds to wait before reading from a new connection.

        Simulates a proxy that must first open its own connection to the site.
        """
        self._log_limit = log_limit
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="replica", daemon=True)
        self._listener: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts to serve."""
        self._thread.start()
        self.listen()

    def listen(self) -> None:
        """Accepts connections. After `refuse`, listens on the same port again."""
        self._wait(self._listen())

    def refuse(self) -> None:
        """Drops all connections and refuse new ones, like a site that is down."""
        self._wait(self._refuse())

    def stop(self) -> None:
        """Refuses connections and ends the thread."""
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def record(self, request: Request, status: int | None) -> None:
        """Appends one entry to the log."""
        entry = Entry(
            *(request.received, request.at, request.method, request.target, status, request.headers, request.port)
        )
        self.log.append(entry)
        if self._log_limit is not None and len(self.log) > self._log_limit:
            del self.log[0]

    def answer(self, request: Request) -> Response:
        """Returns the site's answer; after an exception, 500 with the traceback, which is added to `errors`."""
        try:
            return self.site.handle(request)
        except Exception:
            self.errors.append(traceback.format_exc())
            return Response(500, self.errors[-1].encode(), TEXT)

    def _wait(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(10)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await self._loop.create_server(
                lambda: _Connection(self, self._connections), "127.0.0.1", self.port, backlog=512
            )
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@contextmanager
def serve(site: Site, *, port: int = 0, faults: Faults | None = None, log_limit: int | None = None) -> Iterator[Server]:
    """Serves a site on loopback while the context lasts. Port 0 takes any free port."""
    server = Server(site, port=port, faults=faults, log_limit=log_limit)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Connection(asyncio.BufferedProtocol):
    """One client's connection. Requests are answered in order, one at a time."""

    transport: asyncio.Transport

    def __init__(self, server: Server, connections: set[_Connection]) -> None:
        self._server = server
        self._connections = connections
        self._incoming = memoryview(bytearray(16_384))
        self._buffer = b""
        self._port = 0
        self._request: Request | None = None
        """The request that a fault is handling. Later requests wait meanwhile."""
        self._acts: Iterator[bytes | float | Act] = iter(())
        self._logged = True
        self._is_full = False
        """Whether the client does not read what was written, so that the transport's buffer is full."""
        self._is_waiting = False
        """Whether the script waits until the buffer has room, so that a page of any length can be streamed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._port = transport.get_extra_info("peername")[1]
        self._connections.add(self)
        if self._server.accept_delay is not None:
            transport.pause_reading()
            asyncio.get_running_loop().call_later(self._server.accept_delay(), transport.resume_reading)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self._is_waiting:
            self._is_waiting = False
            self._step()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._incoming

    def buffer_updated(self, nbytes: int) -> None:
        self._buffer += self._incoming[:nbytes]
        self._advance()

    def _advance(self) -> None:
        while self._request is None and not self.transport.is_closing():
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            try:
                request, length = self._read(head)
            except ValueError:
                self.transport.write(Response(400, b"Not a request", TEXT).wire)
                self.transport.close()
                return
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._respond(request)

    def _read(self, head: bytes) -> tuple[Request, int]:
        """Parses the request, and returns it with the length of the body that follows its head."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, target, headers, self._port, monotonic(), time()), int(headers.get("content-length", 0))

    def _respond(self, request: Request) -> None:
        server = self._server
        fault = server.faults(request) if server.faults else None
        if fault is None:
            response = server.answer(request)
            server.record(request, response.status)
            self.transport.write(response.head if request.method == "HEAD" else response.wire)
            self._end(request)
            return
        self._request, self._logged = request, False
        self._acts = fault.acts(request, lambda: server.answer(request))
        self._step()

    def _step(self) -> None:
        """Runs the fault's script until it waits or ends."""
        request = self._request
        if request is None or self.transport.is_closing():
            return
        for act in self._acts:
            if self.transport.is_closing():
                return
            if not self._logged:
                self._server.record(request, _status(act))
                self._logged = True
            if isinstance(act, bytes):
                self.transport.write(act)
                if self._is_full:
                    self._is_waiting = True
                    return
            elif isinstance(act, int | float):
                asyncio.get_running_loop().call_later(act, self._step)
                return
            elif act is Act.CLOSE:
                self.transport.close()
                return
            elif act is Act.RESET:
                self._reset()
                return
            else:
                assert_never(act)
        self._request = None
        self._end(request)
        self._advance()

    def _reset(self) -> None:
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()

    def _end(self, request: Request) -> None:
        if request.headers.get("connection", "").lower() == "close":
            self.transport.close()


def _status(act: bytes | float | Act) -> int | None:
    """Returns the status that a script starts with; None if its first bytes do not have a full status line."""
    return int(act[9:12]) if isinstance(act, bytes) and len(act) >= 12 and act.startswith(b"HTTP/1.1 ") else None
