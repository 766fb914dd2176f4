"""One exchange over loopback, and what `limit_reads` relies on in httpx.

Tried with httpx 0.28.1 on httpcore 1.0.9. httpx passes the `trace` extension on to httpcore, which reports the network
stream of each new connection and then reads every response through that stream's `read`.
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import httpx
import pytest

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import Elsewhere, Overdue, TooLarge, Unreachable
from ingest.fetching.transport import CONNECTED, Transport, find_sent_target, limit_reads
from storage.errors import LgscoError
from storage.model import Validators

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@contextmanager
def served(*parts: bytes) -> Iterator[str]:
    """A site that answers each request on one connection in parts.

    Each part is a write of its own, made when the client has read the one before.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, suppress(ConnectionError):  # the client may hang up first
                while connection.recv(65_536):
                    for part in parts:
                        connection.sendall(part)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    thread.join(5)


def traced(seconds_left: Callable[[], float], streams: list[Any]) -> dict[str, Any]:
    def trace(event: str, details: Mapping[str, Any]) -> None:
        if event in CONNECTED:
            streams.append(details["return_value"])
            limit_reads(streams[-1], seconds_left)

    return {"trace": trace}


def test_httpx_traces_each_new_connection_once_and_reads_through_its_stream() -> None:
    asked: list[float] = []

    def seconds_left() -> float:
        asked.append(5.0)
        return 5.0

    streams: list[Any] = []
    with served(HEAD, b"body") as url, httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.get(url, extensions=traced(seconds_left, streams)).content == b"body"
    assert len(streams) == 1, "the second request uses the same connection, whose reads are already limited"
    assert len(asked) >= 4, "before and after each read"


@pytest.mark.parametrize("parts", [(HEAD, b"body"), (HEAD[:10], HEAD[10:], b"body"), (HEAD, b"bo", b"dy")])
def test_a_response_not_complete_at_the_deadline_is_a_timeout(parts: tuple[bytes, ...]) -> None:
    """There is time left before the first read, and none after it."""
    left = iter([5.0, -0.1])
    with served(*parts) as url, httpx.Client(trust_env=False) as client, pytest.raises(TimeoutError):
        client.get(url, extensions=traced(lambda: next(left, -1.0), []))


def test_a_silent_site_is_an_httpx_timeout_after_the_remaining_time() -> None:
    """The timeout of the client itself is ten minutes here, longer than the timeout of the test."""
    with (
        served(HEAD[:10]) as url,
        httpx.Client(trust_env=False, timeout=600) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.get(url, extensions=traced(lambda: 0.05, []))


class Stream:
    """Records the timeouts of its reads."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def read(self, most: int, timeout: float) -> bytes:
        self.timeouts.append(timeout)
        return b"x" * most


@pytest.mark.parametrize(
    ("left", "own", "used"),
    [(5.0, 30.0, 5.0), (60.0, 30.0, 30.0), (0.0, 30.0, 0.001), (0.0002, 30.0, 0.001)],
)
def test_a_read_waits_for_the_shorter_limit_and_never_zero_seconds(left: float, own: float, used: float) -> None:
    stream = Stream()
    limit_reads(stream, lambda: left)
    assert stream.read(3, own) == b"xxx"
    assert stream.timeouts == [used]


def test_a_read_that_ends_after_the_deadline_is_a_timeout_even_with_data() -> None:
    stream = Stream()
    left = iter([0.5, -0.001])
    limit_reads(stream, lambda: next(left))
    with pytest.raises(TimeoutError):
        stream.read(3, 30.0)


# ---------------------------------------------------------------- one exchange


@contextmanager
def transport(
    url: str, events: list[str] | None = None, clock: Clock | None = None, **limits: float
) -> Iterator[Transport]:
    settings = Fetch(**limits)  # type: ignore[arg-type]
    heard = events if events is not None else []
    made = Transport(
        *(url.removesuffix("/"), "lgsco/1.0", settings, clock or Clock(), Stop()),
        on_sent=lambda: heard.append("sent"),
        on_connected_response=lambda: heard.append("response"),
    )
    try:
        yield made
    finally:
        made.close()


def response(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_an_exchange_has_the_headers_and_the_complete_body() -> None:
    headers = (
        "Content-Type: text/html; charset = 'latin-1'",
        "Retry-After: 5",
        "Date: Sun, 06 Nov 1994 08:49:37 GMT",
        "Location: /b",
        "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT",
    )
    with served(response(b"body", *headers)) as url, transport(url) as one:
        exchange = one.get("/a")
    assert (exchange.status, exchange.body, exchange.received, exchange.error) == (200, b"body", 4, None)
    assert (exchange.charset, exchange.retry_after, exchange.location) == ("latin-1", "5", "/b")
    assert exchange.date == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert exchange.validators == Validators(None, "Sun, 06 Nov 1994 08:00:00 GMT")


def test_a_gzip_body_is_decompressed_and_counted_as_received() -> None:
    packed = gzip.compress(b"body" * 1_000, mtime=0)
    with served(response(packed, "Content-Encoding: gzip")) as url, transport(url) as one:
        exchange = one.get("/a")
    assert (exchange.body, exchange.received) == (b"body" * 1_000, len(packed))


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (response(b"x" * 2_000), TooLarge, "/a: more than 1,024 bytes; the rest was not read"),
        (response(gzip.compress(b"x" * 2_000, mtime=0), "Content-Encoding: gzip"), TooLarge, "more than 1,024 bytes"),
        (
            response(gzip.compress(b"x", mtime=0)[:-1], "Content-Encoding: gzip"),
            Unreachable,
            "in the middle of its gzip data",
        ),
        (response(b"not gzip", "Content-Encoding: gzip"), Unreachable, "/a: no complete response from 127.0.0.1"),
        (response(b"x", "Content-Encoding: br"), Unreachable, "encoded as 'br', which lgsco does not accept"),
    ],
)
def test_an_incomplete_response_has_an_error_and_its_status(
    answer: bytes, error: type[LgscoError], message: str
) -> None:
    with served(answer) as url, transport(url, max_bytes=1_024) as one:
        exchange = one.get("/a")
    assert (exchange.status, exchange.body) == (200, b"")
    assert isinstance(exchange.error, error)
    assert message in str(exchange.error)


def test_a_response_that_is_not_complete_at_the_deadline_is_overdue() -> None:
    """The clock advances by ten seconds each time that it is read."""
    ticks = count(0.0, 10.0)
    clock = Clock(monotonic=lambda: next(ticks))
    with served(HEAD, b"body") as url, transport(url, clock=clock, deadline=15) as one:
        exchange = one.get("/a")
    assert isinstance(exchange.error, Overdue)
    assert "not complete within 15 seconds" in str(exchange.error)


def test_an_invalid_target_is_elsewhere_and_no_connection_is_made() -> None:
    events: list[str] = []
    with transport("http://127.0.0.1:1/", events) as one:
        exchange = one.get("/a\0b")
    assert isinstance(exchange.error, Elsewhere)
    assert (exchange.is_new_connection, events) == (False, [])


def test_a_host_that_does_not_answer_is_unreachable() -> None:
    with transport("http://127.0.0.1:1/") as one:
        exchange = one.get("/a")
    assert isinstance(exchange.error, Unreachable)
    assert (exchange.status, exchange.received) == (None, 0)


def test_the_start_of_a_response_is_reported_for_a_new_connection_only() -> None:
    events: list[str] = []
    with served(response(b"body")) as url, transport(url, events) as one:
        assert one.get("/a").is_new_connection
        assert events[:1] == ["sent"]
        assert "response" in events
        events.clear()
        assert not one.get("/b").is_new_connection
        assert events == ["sent"]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://site.example/a/../b?q=1#part", "/b?q=1"),
        ("https://site.example/a b/é", "/a%20b/%C3%A9"),
        ("https://site.example/%2e%2e/a", "/%2e%2e/a"),
    ],
)
def test_the_sent_target_is_what_httpx_sends(url: str, target: str) -> None:
    assert find_sent_target(url) == target
    assert httpx.Request("GET", url).url.raw_path.decode() == target


def test_a_url_that_httpx_refuses_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="non-printable"):
        find_sent_target("https://site.example/a\0b")
