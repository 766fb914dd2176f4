"""The kept connection over loopback, and the limit of its reads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import httpcore
import pytest

from ingest.fetching.connection import Connection, LimitedStream

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"


@contextmanager
def served(*parts: bytes) -> Iterator[httpcore.Origin]:
    """A site that answers each request in parts, on one connection after another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):  # the client hangs up, or the test ends
                while True:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    with connection, suppress(ConnectionError):
                        while connection.recv(65_536):
                            for part in parts:
                                connection.sendall(part)
                            if b"close" in parts[0]:
                                break

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield httpcore.Origin(b"http", b"127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@contextmanager
def connection(
    origin: httpcore.Origin, seconds_left: Callable[[], float] = lambda: 5.0, events: list[str] | None = None
) -> Iterator[Connection]:
    heard = events if events is not None else []
    made = Connection(
        origin,
        connect_timeout=600,
        read_timeout=600,  # longer than the timeout of a test
        seconds_left=seconds_left,
        on_connected=lambda: heard.append("connected"),
        on_write=lambda: heard.append("write"),
    )
    with closing(made):
        yield made


def get(one: Connection) -> bytes:
    with closing(one.get(b"/a", [(b"Host", b"site")])) as response:
        return response.read()


def test_a_connection_is_kept_and_every_read_is_limited() -> None:
    asked: list[float] = []
    events: list[str] = []

    def seconds_left() -> float:
        asked.append(5.0)
        return 5.0

    with served(HEAD, b"body") as origin, connection(origin, seconds_left, events) as one:
        assert [get(one), get(one)] == [b"body", b"body"]
    assert events == ["connected", "write", "write"]
    assert len(asked) >= 4, "before and after each read"


def test_a_connection_that_the_server_closes_is_made_again() -> None:
    events: list[str] = []
    with served(CLOSING, b"body") as origin, connection(origin, events=events) as one:
        assert [get(one), get(one)] == [b"body", b"body"]
    assert events == ["connected", "write"] * 2


def test_a_connection_with_an_unread_response_is_made_again() -> None:
    events: list[str] = []
    with served(HEAD, b"body") as origin, connection(origin, events=events) as one:
        one.get(b"/a", [(b"Host", b"site")]).close()
        assert get(one) == b"body"
    assert events == ["connected", "write"] * 2


@pytest.mark.parametrize("parts", [(HEAD, b"body"), (HEAD[:10], HEAD[10:], b"body"), (HEAD, b"bo", b"dy")])
def test_a_response_not_complete_at_the_deadline_is_a_timeout(parts: tuple[bytes, ...]) -> None:
    """There is time left before the first read, and none after it."""
    left = iter([5.0, -0.1])
    with (
        served(*parts) as origin,
        connection(origin, lambda: next(left, -1.0)) as one,
        pytest.raises(TimeoutError),
    ):
        get(one)


def test_a_silent_site_is_a_timeout_after_the_remaining_time() -> None:
    with served(HEAD[:10]) as origin, connection(origin, lambda: 0.05) as one, pytest.raises(httpcore.ReadTimeout):
        get(one)


class Stream(httpcore.NetworkStream):
    """Records the timeouts of its reads."""

    def __init__(self) -> None:
        self.timeouts: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.timeouts.append(timeout)
        return b"x" * max_bytes

    def start_tls(self, *_: object, **__: object) -> httpcore.NetworkStream:
        return self


def limited(stream: Stream, seconds_left: Callable[[], float]) -> LimitedStream:
    return LimitedStream(stream, seconds_left, lambda: None)


@pytest.mark.parametrize(
    ("left", "own", "used"),
    [(5.0, 30.0, 5.0), (60.0, 30.0, 30.0), (0.0, 30.0, 0.001), (0.0002, 30.0, 0.001), (5.0, None, 5.0)],
)
def test_a_read_waits_for_the_shorter_limit_and_never_zero_seconds(left: float, own: float | None, used: float) -> None:
    stream = Stream()
    assert limited(stream, lambda: left).read(3, own) == b"xxx"
    assert stream.timeouts == [used]


def test_a_read_that_ends_after_the_deadline_is_a_timeout_even_with_data() -> None:
    left = iter([0.5, -0.001])
    with pytest.raises(TimeoutError):
        limited(Stream(), lambda: next(left)).read(3, 30.0)


def test_the_stream_of_an_encrypted_connection_is_limited_too() -> None:
    stream = Stream()
    encrypted = limited(stream, lambda: 0.25).start_tls(None)  # type: ignore[arg-type]
    assert encrypted.read(1, 30.0) == b"x"
    assert stream.timeouts == [0.25]
