"""The look-alike's faults, as a client on a socket sees them: each fails only in the way its name says."""

from __future__ import annotations

import re
import socket
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpx
import pytest

from lgsco.replica.corpus import generate, seeds
from lgsco.replica.edits import DropCard, Edit, NoTotal, RepeatCard, Shift, WrongCharset, WrongTotal, WrongType
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
from lgsco.replica.script import Chance, Rule, Schedule, Script, catalogue, on
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from lgsco.replica.walls import (
    CHALLENGE,
    COOKIE_WALL,
    ERROR_PAGE,
    HOME_PAGE,
    SEARCH_SHELL,
    WALLS,
    AnotherReference,
    CookieNeeded,
    OtherAnswer,
    Redirect,
    RedirectLoop,
)

PAGE = seeds()[0].address
LISTING = "/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page={}"
LONG = 60.0
"""Time limit in seconds; a test that takes longer hangs."""
NEVER = 600.0
"""A wait in seconds that no test reaches."""


@pytest.fixture(scope="module")
def site() -> Site:
    """The seeds and 30 short decisions: four listing pages, the last with five cards."""
    return Site([*seeds(), *generate(30, seed=5, first=date(2019, 1, 1), last=date(2025, 12, 31), body=False)])


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    with serve(site) as served:
        yield served
        assert not served.errors


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=LONG) as opened:
        yield opened


class Got(NamedTuple):
    """The bytes that came back on one connection until it ended."""

    raw: bytes
    is_reset: bool

    @property
    def status(self) -> int | None:
        return int(self.raw[9:12]) if self.raw else None

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def dial(server: Server, target: str = PAGE, method: str = "GET", **headers: str) -> socket.socket:
    """Opens a connection and sends one request on it."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=LONG)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: look-alike\r\nConnection: close\r\n{lines}\r\n".encode())
    return connection


def ask(server: Server, target: str = PAGE, method: str = "GET", **headers: str) -> Got:
    """Sends one request, and reads until the connection ends."""
    received = bytearray()
    with dial(server, target, method, **headers) as connection:
        try:
            while part := connection.recv(1 << 16):
                received += part
        except ConnectionResetError:
            return Got(bytes(received), True)
    return Got(bytes(received), False)


def take(connection: socket.socket, size: int) -> bytes:
    """Reads that many bytes."""
    received = bytearray()
    while len(received) < size and (part := connection.recv(size - len(received))):
        received += part
    return bytes(received)


def silent(connection: socket.socket) -> bool:
    """Whether neither bytes nor the end of the connection arrive."""
    connection.settimeout(0.05)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    return False


def right(site: Site, target: str = PAGE) -> bytes:
    """Returns the body of the right answer."""
    return site.handle(Request("GET", target, {})).body


def total(page: bytes | str) -> str | None:
    """Returns the count that a listing states, as printed."""
    found = re.search(r"Your search has ([\d,]+) results", page if isinstance(page, str) else page.decode())
    return found and found[1]


def cards(page: bytes | str) -> list[str]:
    """Returns the addresses of a listing's cards."""
    return re.findall(r'card__title"><a href="([^"]+)"', page if isinstance(page, str) else page.decode())


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


# Wrong headers.


@pytest.mark.parametrize("value", ["application/pdf", "text/plain", None])
def test_wrong_type_changes_only_the_content_type(server: Server, site: Site, value: str | None) -> None:
    server.faults = on(".", WrongType(value))
    got = ask(server)
    assert got.headers.get("content-type") == value and got.body == right(site)


@pytest.mark.parametrize(
    ("fault", "header", "written"),
    [
        (WrongCharset(), "text/html; charset=iso-8859-1", "utf-8"),
        (WrongCharset("utf-16"), "text/html; charset=utf-16", "utf-8"),
        (WrongCharset(None), "text/html", "utf-8"),
        (WrongCharset("utf-8", "cp1252"), "text/html; charset=utf-8", "cp1252"),
    ],
)
def test_wrong_charset_changes_the_charset(
    server: Server, site: Site, fault: WrongCharset, header: str, written: str
) -> None:
    text = right(site).decode()
    assert "’" in text
    server.faults = on(".", fault)
    got = ask(server)
    assert got.headers["content-type"] == header and got.body.decode(written) == text
    assert got.headers["content-length"] == str(len(got.body))
    if written == "cp1252":
        with pytest.raises(UnicodeDecodeError):
            got.body.decode()


# Redirects.


@pytest.mark.parametrize("to", ["https://elsewhere.example/decisions", "/"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_answers_with_status_and_location(server: Server, to: str, status: int) -> None:
    server.faults = on(PAGE, Redirect(to, status))
    got = ask(server)
    assert (got.status, got.headers["location"], got.body) == (status, to, b"")


def test_a_redirect_home_ends_at_the_home_page(server: Server, client: httpx.Client, site: Site) -> None:
    server.faults = on(PAGE, Redirect("/"))
    answer = client.get(PAGE, follow_redirects=True)
    assert answer.status_code == 200 and answer.content == right(site, "/")


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("target", [PAGE, LISTING.format(2)])
def test_redirect_loop_returns_to_its_start(server: Server, client: httpx.Client, length: int, target: str) -> None:
    server.faults = on(".", RedirectLoop(length))
    with pytest.raises(httpx.TooManyRedirects):
        client.get(target, follow_redirects=True)
    asked = [entry.target for entry in server.log]
    assert len(set(asked)) == length and asked[0] == asked[length] == target


# Other pages.


@pytest.mark.parametrize("target", [PAGE, LISTING.format(1), "/robots.txt"])
@pytest.mark.parametrize("name", WALLS)
def test_wall_replaces_the_answer_with_status_200(server: Server, name: str, target: str) -> None:
    server.faults = on(".", WALLS[name])
    got = ask(server, target)
    assert got.status == 200 and got.headers["content-type"] == "text/html; charset=utf-8"
    text = got.body.decode()
    assert text.endswith("</html>\n") and "<article" not in text and "final decision" not in text
    assert total(text) is None and cards(text) == []


def test_walls_have_their_distinctive_words() -> None:
    assert b"Checking your browser" in CHALLENGE.body
    assert b"Sorry, something went wrong" in ERROR_PAGE.body
    assert b"turn cookies on" in COOKIE_WALL.body
    assert b"<h1>Search results</h1>" in SEARCH_SHELL.body and b'name="fd"' in SEARCH_SHELL.body
    assert b"We look at complaints" in HOME_PAGE.body
    assert len({wall.body for wall in WALLS.values()}) == len(WALLS) == 6


def test_a_wall_can_have_another_status(server: Server) -> None:
    server.faults = on(".", replace(CHALLENGE, status=403))
    got = ask(server)
    assert got.status == 403 and got.body == CHALLENGE.body


def test_another_reference_sends_the_next_decisions_page(server: Server, site: Site) -> None:
    server.faults = on(".", AnotherReference(site))
    listed = [sample.address for sample in site.listed()]
    for n, address in enumerate(listed):
        got = ask(server, address + "?displaypref=1")
        assert got.status == 200 and got.body == right(site, listed[(n + 1) % len(listed)]) != right(site, address)
    assert ask(server, "/robots.txt").body == right(site, "/robots.txt")


def test_other_answer_sends_the_answer_to_another_request(server: Server, site: Site) -> None:
    server.faults = on("SearchResults", OtherAnswer(site, LISTING.format(1)))
    assert ask(server, LISTING.format(3)).body == right(site, LISTING.format(1))


# Cookies.


def test_clients_without_the_cookie_get_a_wall(server: Server, site: Site) -> None:
    server.faults = on(".", CookieNeeded())
    assert ask(server).body == ask(server, LISTING.format(1)).body == COOKIE_WALL.body
    with httpx.Client(base_url=server.url, trust_env=False, timeout=LONG) as client:
        assert client.get(PAGE).content == COOKIE_WALL.body
        primed = client.get("/Decisions/")
        assert primed.content == right(site, "/decisions") and "session" in client.cookies
        assert client.get(PAGE).content == right(site)
        assert client.get(LISTING.format(2)).content == right(site, LISTING.format(2))
    assert ask(server, Cookie="a=b; session=look-alike").body == right(site)
    assert ask(server, Cookie="session=another").body == COOKIE_WALL.body


def test_a_redirect_sets_the_cookie(server: Server, site: Site) -> None:
    server.faults = on(".", CookieNeeded(None))
    got = ask(server)
    assert (got.status, got.headers["location"]) == (302, PAGE) and "session=" in got.headers["set-cookie"]
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as client:
        assert client.get(PAGE).content == right(site)
    keeps_none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    with (
        httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True, cookies=keeps_none) as client,
        pytest.raises(httpx.TooManyRedirects),
    ):
        client.get(PAGE)


def test_wall_may_redirect_to_the_page_that_sets_the_cookie(server: Server, site: Site) -> None:
    server.faults = on(".", CookieNeeded(Redirect("/decisions")))
    with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as client:
        assert client.get(PAGE).content == right(site, "/decisions")
        assert client.get(PAGE).content == right(site)


# Listings with a mistake.


def test_drop_card_removes_one_card_and_not_the_total(server: Server, site: Site) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", DropCard(2))
    got = ask(server, LISTING.format(1)).body
    assert cards(got) == listed[:2] + listed[3:10] and total(got) == "35"
    server.faults = on("SearchResults", DropCard(-1))
    assert cards(ask(server, LISTING.format(4)).body) == listed[30:34]
    server.faults = on("SearchResults", DropCard(site.listed()[14].reference))
    assert cards(ask(server, LISTING.format(2)).body) == listed[10:14] + listed[15:20]
    for other in (LISTING.format(1), LISTING.format(9)):
        assert ask(server, other).body == right(site, other)


def test_repeat_card_replaces_one_card_with_another(server: Server, site: Site) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", RepeatCard(4))
    assert cards(ask(server, LISTING.format(1)).body) == listed[:5] + listed[4:10]
    server.faults = on("SearchResults", RepeatCard(3, over=-1))
    assert cards(ask(server, LISTING.format(2)).body) == [*listed[10:19], listed[13]]
    server.faults = on("SearchResults", RepeatCard(site.listed()[0].reference, over=site.listed()[5].reference))
    assert cards(ask(server, LISTING.format(1)).body) == [*listed[:5], listed[0], *listed[6:10]]
    assert ask(server, LISTING.format(2)).body == right(site, LISTING.format(2))


@pytest.mark.parametrize("by", [-25, -10, -3, -1, 0, 1, 4, 10, 12])
def test_shift_moves_the_cards_of_every_page(server: Server, site: Site, by: int) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", Shift(site, by))
    for page in range(1, 5):
        got = ask(server, LISTING.format(page)).body
        skip = max(0, (page - 1) * 10 + by)
        assert cards(got) == listed[skip : skip + 10] and total(got) == "35"
    home = "/decisions/education"
    server.faults = on(".", Shift(site, by))
    assert ask(server, home).body == right(site, home)


@pytest.mark.parametrize(("off", "stated"), [(1, "36"), (-5, "30"), (1_200, "1,235"), (-99, "0")])
def test_wrong_total_changes_only_the_total(server: Server, site: Site, off: int, stated: str) -> None:
    server.faults = on(".", WrongTotal(off))
    got, page = ask(server, LISTING.format(2)).body, right(site, LISTING.format(2))
    assert got == page.replace(b"has 35 results", f"has {stated} results".encode()) != page
    nothing = "/Decisions/SearchResults?fd=1990-01-01&td=1990-01-02"
    for other in (nothing, PAGE):
        assert ask(server, other).body == right(site, other)


def test_no_total_removes_only_the_total(server: Server, site: Site) -> None:
    server.faults = on(".", NoTotal())
    got = ask(server, LISTING.format(2)).body
    assert total(got) is None and cards(got) == cards(right(site, LISTING.format(2)))


def test_an_edit_can_be_any_function(server: Server) -> None:
    server.faults = on(".", Edit(lambda html: html.replace("</article>", "")))
    got = ask(server)
    assert b"<article" in got.body and b"</article>" not in got.body
    assert got.headers["content-length"] == str(len(got.body))


# Scripts.


def statuses(server: Server, targets: Sequence[str]) -> list[int | None]:
    return [ask(server, target).status for target in targets]


def test_rule_applies_after_and_for_the_given_number_of_requests(server: Server) -> None:
    rule = server.faults = on("/EDUCATION$", unavailable(), times=2, after=1)
    other = "/decisions/housing"
    asked = ["/decisions/education", other, *["/decisions/education"] * 3, other, "/decisions/education"]
    assert statuses(server, asked) == [200, 200, 503, 503, 200, 200, 200]
    assert rule.hits == 2


def test_rule_matches_the_query_or_any_property(server: Server) -> None:
    server.faults = on(r"page=2\b", server_error())
    assert statuses(server, [LISTING.format(n) for n in (1, 2, 22)]) == [200, 500, 200]
    server.faults = Rule(lambda request: request.headers.get("x-probe") == "yes", Respond(403))
    assert ask(server).status == 200 and ask(server, **{"X-Probe": "yes"}).status == 403


def test_script_uses_the_first_rule_with_a_fault(server: Server) -> None:
    server.faults = Script(
        on("robots", Respond(404), times=1),
        on(".", too_many_requests(), times=2),
        Script(on(".", unavailable(), times=1, after=1), on("housing", Respond(410))),
    )
    asked = ["/robots.txt", PAGE, PAGE, PAGE, PAGE, "/decisions/housing", "/robots.txt"]
    assert statuses(server, asked) == [404, 429, 429, 200, 503, 410, 200]


def test_rule_counts_correctly_from_many_threads() -> None:
    rule = on(".", Reset(), times=300, after=100)
    request = Request("GET", PAGE, {})
    with ThreadPoolExecutor(8) as pool:
        met = Counter(pool.map(lambda _: rule(request) is None, range(1_000)))
    assert met == {True: 700, False: 300} and rule.hits == 300


def test_chance_is_seeded(server: Server) -> None:
    faults = [unavailable(), server_error(), Respond(404)]

    def run(seed: int, rate: float) -> list[int | None]:
        server.faults = Chance(seed, rate, faults)
        return statuses(server, ["/robots.txt"] * 60)

    once = run(1, 0.5)
    assert once == run(1, 0.5) != run(2, 0.5)
    assert set(once) == {200, 503, 500, 404} and 15 < once.count(200) < 45
    assert set(run(1, 0)) == {200} and 200 not in run(1, 1)


def test_chance_affects_only_its_target(server: Server) -> None:
    chance = server.faults = Chance(3, 1, [server_error()], "/decisions/")
    assert statuses(server, ["/robots.txt", PAGE, "/"]) == [200, 500, 200]
    assert chance.hits == 1


def test_a_schedule_can_count_requests(server: Server) -> None:
    server.faults = Schedule((2, 4, unavailable()), (3, 6, server_error()))
    assert statuses(server, ["/robots.txt"] * 8) == [200, 200, 503, 503, 500, 500, 200, 200]


def test_a_schedule_can_follow_a_clock(server: Server) -> None:
    times = iter((0.0, 59.9, 60.0, 3_000.0, 3_660.0))
    server.faults = Schedule((60, 3_660, Reset()), clock=lambda: next(times))
    assert statuses(server, [PAGE] * 5) == [200, 200, None, None, 200]


# The catalogue.

NAMES = list(catalogue(Site()))
SLOW = ("stall", "stall in mid-answer", "drip", "drip of the head")


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_of_the_catalogue_differs_from_the_right_answer(server: Server, site: Site, name: str) -> None:
    """Every fault changes or delays the answer, ends, and leaves the server unchanged."""
    fault = catalogue(site, wait=0.01)[name]
    target = LISTING.format(2) if {"card", "shifted", "total"} & set(name.split()) else PAGE
    server.faults = on(".", fault, times=1)
    wire = site.handle(Request("GET", target, {})).wire
    assert (ask(server, target) == (wire, False)) == (name in SLOW)
    assert ask(server, target) == (wire, False)


@pytest.mark.parametrize("name", [name for name in NAMES if "reset" not in name])
def test_the_catalogue_answers_head_without_a_body(server: Server, site: Site, name: str) -> None:
    server.faults = on(".", catalogue(site, wait=0.01)[name])
    assert ask(server, PAGE, "HEAD").body == b""
