"""Keeps one HTTP connection to a site open, and ends each read from it at a deadline.

httpcore has no deadline: its read timeout applies to each read alone.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Sequence

import httpcore
import httpx

MIN_READ_TIMEOUT_SECONDS = 0.001
"""The least read timeout: with 0 a read does not block and fails with a different error."""

_KEEP_SECONDS = 5.0
"""A connection that was not used for longer than this is closed, and the next request makes a new one."""


class LimitedStream(httpcore.NetworkStream):
    """A network stream whose reads end at a deadline, so that a slow response cannot go on for ever."""

    def __init__(
        self, stream: httpcore.NetworkStream, seconds_left: Callable[[], float], on_write: Callable[[], None]
    ) -> None:
        """`seconds_left`: returns the seconds until the deadline; negative after it.

        `on_write` is called before each write.
        """
        self._stream = stream
        self._seconds_left = seconds_left
        self._on_write = on_write

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Reads what has arrived. Raises TimeoutError if the read ends after the deadline."""
        left = max(self._seconds_left(), MIN_READ_TIMEOUT_SECONDS)
        data = self._stream.read(max_bytes, left if timeout is None else min(timeout, left))
        if self._seconds_left() < 0:
            raise TimeoutError
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:  # httpcore also writes the body of a GET, which is empty
            self._on_write()
            self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return LimitedStream(encrypted, self._seconds_left, self._on_write)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Makes connections whose streams are limited."""

    def __init__(
        self, seconds_left: Callable[[], float], on_connected: Callable[[], None], on_write: Callable[[], None]
    ) -> None:
        self._seconds_left = seconds_left
        self._on_connected = on_connected
        self._on_write = on_write

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        self._on_connected()
        return LimitedStream(stream, self._seconds_left, self._on_write)


class Connection:
    """The connection to one site, made again when the server has closed it. Call `close` at the end.

    A connection of httpcore's is used instead of its pool, and httpcore instead of httpx: pool and client take half of
    the CPU time of an exchange.
    """

    def __init__(
        self,
        origin: httpcore.Origin,
        *,
        connect_timeout: float,
        read_timeout: float,
        seconds_left: Callable[[], float],
        on_connected: Callable[[], None],
        on_write: Callable[[], None],
    ) -> None:
        """`on_connected` is called when a new connection is made; `seconds_left` and `on_write`: as in `LimitedStream`.

        The timeouts are seconds.
        """
        # Building an SSL context costs 19 ms, and a site on loopback needs none.
        self._ssl_context = httpx.create_ssl_context() if origin.scheme == b"https" else None
        self._origin = origin
        self._backend = _Backend(seconds_left, on_connected, on_write)
        self._timeouts = {"connect": connect_timeout, "read": read_timeout, "write": read_timeout}
        self._connection: httpcore.HTTPConnection | None = None

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> httpcore.Response:
        """Sends a GET for a path and query and receives the response's headers. The caller must close the response.

        Raises TimeoutError and the errors of httpcore.
        """
        origin, connection = self._origin, self._connection
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target)
        request = httpcore.Request(b"GET", url, headers=headers, extensions={"timeout": self._timeouts})
        if connection is None or not connection.is_available() or connection.has_expired():
            self.close()
            connection = self._connection = httpcore.HTTPConnection(
                origin, self._ssl_context, _KEEP_SECONDS, network_backend=self._backend
            )
        return connection.handle_request(request)
