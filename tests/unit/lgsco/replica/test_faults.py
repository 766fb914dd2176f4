"""The look-alike's faults, as a client on a socket sees them: each fails only in the way its name says."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import httpx
import pytest

from lgsco.replica.faults import (
    Act,
    Acts,
    Answer,
    BodyReset,
    Drip,
    DripHead,
    Fault,
    GzipBomb,
    Huge,
    LongHead,
    Reset,
    Respond,
    Stall,
    Truncate,
    server_error,
    too_many_requests,
    unavailable,
)
from lgsco.replica.messages import Request, Response
from lgsco.replica.script import on
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from support.sockets import PAGE, ask, dial, right, silent, take

NEVER = 600.0
"""A wait in seconds that no test reaches."""


# Other status codes.


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (too_many_requests(7), 429, "7"),
        (unavailable(0), 503, "0"),
        (unavailable("soon"), 503, "soon"),
        (unavailable(datetime(2026, 11, 2, 12, 30, tzinfo=UTC)), 503, "Mon, 02 Nov 2026 12:30:00 GMT"),
        (too_many_requests(), 429, None),
        (server_error(), 500, None),
        (Respond(403), 403, None),
    ],
)
def test_refusal_sends_retry_after(server: Server, fault: Respond, status: int, retry_after: str | None) -> None:
    server.faults = on(".", fault)
    got = ask(server)
    assert (got.status, got.headers.get("retry-after")) == (status, retry_after)
    assert got.headers["content-length"] == str(len(got.body))
    assert server.log[-1].status == status


def test_retry_after_date_is_converted_to_utc(server: Server) -> None:
    when = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=1)))
    server.faults = on(".", unavailable(when))
    stated = ask(server).headers["retry-after"]
    assert stated == "Wed, 01 Jul 2026 08:00:00 GMT" and parsedate_to_datetime(stated) == when


# Connections that break.


def test_refuse_drops_connections_and_listen_accepts_again(server: Server) -> None:
    server.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(server)
    server.listen()
    assert ask(server).status == 200


def test_reset_sends_no_byte(server: Server) -> None:
    server.faults = on(".", Reset())
    assert ask(server) == (b"", True)
    assert server.log[-1].status is None


@pytest.mark.parametrize(("fault", "most"), [(BodyReset(), 0.5), (BodyReset(0.0), 0.0), (BodyReset(100), 0.01)])
def test_body_reset_cuts_the_body(
    server: Server, client: httpx.Client, site: Site, fault: BodyReset, most: float
) -> None:
    server.faults = on(".", fault)
    got, body = ask(server), right(site)
    assert got.is_reset and body.startswith(got.body) and len(got.body) <= most * len(body)
    assert server.log[-1].status == 200
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get(PAGE)


def test_reset_after_a_few_bytes_has_no_status(server: Server) -> None:
    server.faults = on(".", Reset(10))
    got = ask(server)
    assert got.is_reset and b"HTTP/1.1 2".startswith(got.raw)
    assert server.log[-1].status is None


@pytest.mark.parametrize(("at", "size"), [(0.25, None), (0.0, 0), (1_234, 1_234)])
def test_truncate_sends_less_than_the_declared_length(
    server: Server, client: httpx.Client, site: Site, at: float, size: int | None
) -> None:
    body = right(site)
    server.faults = on(".", Truncate(at))
    got = ask(server)
    assert not got.is_reset and got.headers["content-length"] == str(len(body))
    assert got.body == body[: len(body) // 4 if size is None else size]
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        client.get(PAGE)


def test_truncated_with_a_fitting_length_is_a_valid_response(server: Server, client: httpx.Client, site: Site) -> None:
    server.faults = on(PAGE, Truncate(length="fitted"))
    answer, body = client.get(PAGE), right(site)
    assert answer.status_code == 200 and answer.content == body[: len(body) // 2]
    assert answer.headers["content-length"] == str(len(body) // 2)
    client.get("/robots.txt")
    assert server.log[-1].port == server.log[-2].port, "the connection lives on"


def test_truncated_without_a_length_is_a_valid_response(server: Server, client: httpx.Client, site: Site) -> None:
    server.faults = on(".", Truncate(0.75, length="none"))
    answer, body = client.get(PAGE), right(site)
    assert answer.content == body[: len(body) * 3 // 4] and "content-length" not in answer.headers
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


# Slow answers.


def test_stall_continues_after_the_wait(server: Server, site: Site) -> None:
    server.faults = on(".", Stall(0.02))
    assert ask(server).body == right(site)
    server.faults = on(".", Stall(0.02, sent=300))
    assert ask(server).body == right(site)


@pytest.mark.parametrize(("then", "is_reset"), [(Act.CLOSE, False), (Act.RESET, True)])
def test_stall_can_end_the_connection(server: Server, then: Act, is_reset: bool) -> None:
    server.faults = on(".", Stall(0.02, then))
    assert ask(server) == (b"", is_reset)


def test_stall_sends_nothing_meanwhile(server: Server, client: httpx.Client, site: Site) -> None:
    server.faults = on(".", Stall(NEVER))
    with pytest.raises(httpx.ReadTimeout):
        client.get(PAGE, timeout=0.05)
    server.faults = on(".", Stall(NEVER, sent=500))
    with dial(server) as connection:
        assert take(connection, 500) == site.handle(Request("GET", PAGE, {})).wire[:500]
        assert silent(connection)


def test_drip_sends_the_answer_in_small_parts(server: Server, site: Site) -> None:
    wire = site.handle(Request("GET", PAGE, {})).wire
    server.faults = on(".", Drip(2_000, 0.0005))
    assert ask(server).raw == wire and server.log[-1].status == 200
    server.faults = on(".", Drip(5, NEVER))
    with dial(server) as connection:
        assert take(connection, 5) == wire[:5] == b"HTTP/"
        assert silent(connection)
    acts = list(Drip(7, 2.5).acts(Request("GET", PAGE, {}), lambda: site.handle(Request("GET", PAGE, {}))))
    assert set(acts[1::2]) == {2.5} and {len(act) for act in acts[:-1:2] if isinstance(act, bytes)} == {7}


def test_drip_head_sends_the_head_in_small_parts(server: Server, site: Site) -> None:
    right = site.handle(Request("GET", PAGE, {}))
    server.faults = on(".", DripHead(20, 0.0005))
    assert ask(server).raw == right.wire and server.log[-1].status == 200
    server.faults = on(".", DripHead(5, NEVER))
    with dial(server) as connection:
        assert take(connection, 5) == b"HTTP/"
        assert silent(connection)
    *drips, body = DripHead(1, 2.5).acts(Request("GET", PAGE, {}), lambda: right)
    assert drips == [act for byte in right.head for act in (bytes([byte]), 2.5)] and body == right.body


# Answers that are too large.


def test_long_head_sends_many_headers(server: Server, client: httpx.Client, site: Site) -> None:
    server.faults = on(".", LongHead(50))
    assert (len(client.get(PAGE).headers.get_list("x-padding")), client.get(PAGE).content) == (50, right(site))
    server.faults = on(".", LongHead())
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(PAGE)


def test_gzip_bomb_decompresses_to_far_more_than_it_sends(server: Server, client: httpx.Client) -> None:
    server.faults = on(".", GzipBomb(20))
    got = ask(server)
    assert (got.status, got.headers["content-encoding"]) == (200, "gzip") and len(got.raw) < 50_000
    assert len(zlib.decompress(got.body, 31)) == 20 << 20
    with client.stream("GET", PAGE) as answer:
        assert sum(map(len, answer.iter_bytes())) == 20 << 20
    bodies = [next(GzipBomb(20).acts(Request("GET", PAGE, {}), lambda: Response(200))) for _ in range(2)]
    assert bodies == [got.raw] * 2


@dataclass(frozen=True)
class Counted:
    """A fault that counts its bytes as they are generated."""

    fault: Fault
    made: list[int] = field(default_factory=list)

    def acts(self, request: Request, answer: Answer) -> Acts:
        for act in self.fault.acts(request, answer):
            if isinstance(act, bytes):
                self.made.append(len(act))
            yield act


def test_huge_page_is_generated_no_faster_than_it_is_read(server: Server) -> None:
    huge = Counted(Huge())
    server.faults = on(PAGE, huge)
    with dial(server) as connection:
        assert take(connection, 1 << 20).startswith(b"HTTP/1.1 200 OK\r\n")
        assert ask(server, "/robots.txt").status == 200, "the server has turned to others meanwhile"
        assert sum(huge.made) < 30 << 20
        rest, room = 0, bytearray(1 << 20)
        while size := connection.recv_into(room):
            rest += size
    assert huge.made[0] + (60 << 20) == sum(huge.made) == (1 << 20) + rest
    assert max(huge.made) <= 1 << 16


@pytest.mark.parametrize("declared", [True, False])
def test_huge_page_may_declare_its_length(server: Server, declared: bool) -> None:
    server.faults = on(".", Huge(2, declared))
    got = ask(server)
    assert got.headers.get("content-length") == (str(2 << 20) if declared else None)
    assert len(got.body) == 2 << 20
    assert got.body.startswith(b"<!DOCTYPE html>") and got.body.endswith(b"</html>\n")


def test_client_may_abandon_a_huge_page(server: Server, site: Site) -> None:
    server.faults = on(PAGE, Huge(), times=1)
    with dial(server) as connection:
        take(connection, 1_000)
    assert ask(server).body == right(site)
