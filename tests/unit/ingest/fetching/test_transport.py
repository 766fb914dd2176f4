"""What `limit_reads` relies on in httpx: tried with httpx 0.28.1 on httpcore 1.0.9.

httpx passes the `trace` extension on to httpcore, which tells it the network stream of a new connection and then reads
every answer through that stream's `read`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ingest.fetching.transport import CONNECTED, limit_reads

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@contextmanager
def served(*parts: bytes) -> Iterator[str]:
    """A site that answers each request on one connection with parts, each a write of its own, the next when the one
    before was read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while connection.recv(65_536):
                    for part in parts:
                        connection.sendall(part)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.join(5)


def traced(seconds_left: Callable[[], float], streams: list[Any]) -> dict[str, Any]:
    def trace(event: str, told: Mapping[str, Any]) -> None:
        if event in CONNECTED:
            streams.append(told["return_value"])
            limit_reads(streams[-1], seconds_left)

    return {"trace": trace}


def test_httpx_tells_of_each_new_connection_once_and_reads_through_it() -> None:
    asked: list[float] = []

    def seconds_left() -> float:
        asked.append(5.0)
        return 5.0

    streams: list[Any] = []
    with served(HEAD, b"body") as url, httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.get(url, extensions=traced(seconds_left, streams)).content == b"body"
    assert len(streams) == 1, "the second request goes over the same connection, whose reads are limited already"
    assert len(asked) >= 4, "before and after each read"


@pytest.mark.parametrize("parts", [(HEAD, b"body"), (HEAD[:10], HEAD[10:], b"body"), (HEAD, b"bo", b"dy")])
def test_an_answer_that_is_not_whole_at_the_deadline_is_a_timeout(parts: tuple[bytes, ...]) -> None:
    """Before the first read there is time left, and none after it."""
    left = iter([5.0, -0.1])
    with served(*parts) as url, httpx.Client(trust_env=False) as client, pytest.raises(TimeoutError):
        client.get(url, extensions=traced(lambda: next(left, -1.0), []))


def test_a_site_that_falls_silent_is_a_timeout_of_httpx_after_the_time_that_is_left() -> None:
    """The timeout of httpx alone would be ten minutes: the test would run into its own."""
    with (
        served(HEAD[:10]) as url,
        httpx.Client(trust_env=False, timeout=600) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.get(url, extensions=traced(lambda: 0.05, []))


class Stream:
    """Remembers the timeouts that it is read with."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def read(self, most: int, timeout: float) -> bytes:
        self.timeouts.append(timeout)
        return b"x" * most


@pytest.mark.parametrize(
    ("left", "own", "used"),
    [(5.0, 30.0, 5.0), (60.0, 30.0, 30.0), (0.0, 30.0, 0.001), (0.0002, 30.0, 0.001)],
)
def test_a_read_waits_for_the_shorter_of_both_limits_and_never_not_at_all(left: float, own: float, used: float) -> None:
    stream = Stream()
    limit_reads(stream, lambda: left)
    assert stream.read(3, own) == b"xxx"
    assert stream.timeouts == [used]


def test_a_read_that_ends_after_the_deadline_is_a_timeout_although_it_brought_something() -> None:
    stream = Stream()
    left = iter([0.5, -0.001])
    limit_reads(stream, lambda: next(left))
    with pytest.raises(TimeoutError):
        stream.read(3, 30.0)
