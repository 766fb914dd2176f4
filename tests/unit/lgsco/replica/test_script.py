"""When the faults of a script happen, and the catalogue of all faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from lgsco.replica.faults import (
    Reset,
    Respond,
    server_error,
    too_many_requests,
    unavailable,
)
from lgsco.replica.messages import Request
from lgsco.replica.script import Chance, Rule, Schedule, Script, catalogue, on
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from support.sockets import LISTING, PAGE, ask


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
