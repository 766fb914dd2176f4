"""One exchange over loopback."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import Clock, Stop
from ingest.config import Fetch
from ingest.errors import Elsewhere, Overdue, TooLarge, Unreachable
from ingest.fetching.transport import SENT_AS_IT_IS, Transport, find_sent_target
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
            with suppress(OSError):  # the client may hang up first, even before the connection is accepted
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
    assert "not complete within 15 s" in str(exchange.error)


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


def test_headers_of_one_name_are_joined_and_may_be_utf_8_or_latin_1() -> None:
    raw = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /\xc3\xa9\r\nETag: \xe9\r\nDate: a\r\ndate: b\r\n\r\n"
    with served(raw) as url, transport(url) as one:
        exchange = one.get("/a")
    assert (exchange.status, exchange.location, exchange.date) == (302, "/é", "a, b")
    assert exchange.validators is None, "an entity tag that is not ASCII cannot be sent back"


@contextmanager
def echo() -> Iterator[tuple[str, list[bytes]]]:
    """A site that answers each request on one connection with a cookie, and the requests that it got."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    while request := connection.recv(65_536):
                        requests.append(request)
                        connection.sendall(response(b"body", "Set-Cookie: session=1; Path=/"))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", requests
    thread.join(5)


def test_a_request_has_few_headers_and_the_cookies_that_the_site_set() -> None:
    with echo() as (url, requests), transport(url) as one:
        assert one.get("/a?b=c").body == b"body"
        assert one.get("/d e", Validators('"x"', None)).body == b"body"
    host = url.removeprefix("http://").removesuffix("/")
    usual = (
        f"Host: {host}\r\nUser-Agent: lgsco/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n"
    )
    assert requests == [
        f"GET /a?b=c HTTP/1.1\r\n{usual}\r\n".encode(),
        f'GET /d%20e HTTP/1.1\r\n{usual}If-None-Match: "x"\r\nCookie: session=1\r\n\r\n'.encode(),
    ]


@given(st.text("/.?=&-_%a9 é#;~\n", max_size=12))
def test_a_target_that_is_sent_as_it_is_is_what_httpx_sends(rest: str) -> None:
    target = f"/{rest}"
    if SENT_AS_IT_IS.fullmatch(target):
        assert find_sent_target(f"https://site.example{target}") == target


@pytest.mark.parametrize(
    ("target", "is_plain"),
    [
        ("/decisions/adult-care-services/25-003-620", True),
        ("/decisions/adult-care-services/25-003-620?chapter=2", True),
        ("/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page=1", True),
        ("/a/../b", False),
        ("/a/./b", False),
        ("//host/a", False),
        ("/a?", False),
        ("/a#b", False),
        ("/a\n", False),
    ],
)
def test_the_usual_targets_are_sent_as_they_are(target: str, *, is_plain: bool) -> None:
    assert bool(SENT_AS_IT_IS.fullmatch(target)) == is_plain


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
