"""The pages, redirects and refusals that the look-alike sends instead of the right answer."""

from __future__ import annotations

from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import pytest

from lgsco.replica.script import on
from lgsco.replica.server import Server
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
from support.sockets import LISTING, LONG, PAGE, ask, cards, right, total


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
