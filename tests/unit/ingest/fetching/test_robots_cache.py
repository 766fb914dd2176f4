"""When robots.txt is fetched, stored and obeyed; tests/scenarios/politeness/test_robots.py does it over HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest

from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, Gone, HeldOff, Refused, Unreachable
from ingest.fetching.interface import Answer
from ingest.fetching.robots_cache import RobotsCache
from storage import journal
from storage.errors import LgscoError
from support.politeness import BEGAN, TwoClocks, a_process, emptied

SITE = "https://site.example"
FORBIDS_ONE = "User-agent: *\nDisallow: /decisions/a\n"


class Robots:
    """A site with `body` as its robots.txt, or that fails with it."""

    def __init__(self, body: str | LgscoError) -> None:
        self.body = body
        self.fetched = 0

    def fetch(self) -> Answer:
        self.fetched += 1
        if isinstance(self.body, LgscoError):
            raise self.body
        return Answer("/robots.txt", self.body.encode(), "utf-8", "2026-11-02T12:00:00Z")


def open_cache(robots: Robots, db: sqlite3.Connection, clocks: TwoClocks) -> Callable[..., None]:
    """Returns `require_permission` of a new cache, as each run makes one. Its second argument defaults to the first."""
    cache = RobotsCache(db, SITE, "lgsco/1.0", clocks.clock(), a_process(db, clocks, pace=0), fetch=robots.fetch)

    def check(target: str, asked: str | None = None) -> None:
        cache.require_permission(target, asked or target)

    return check


def test_robots_is_fetched_once_a_day_by_all_runs_together() -> None:
    robots, db, clocks = Robots(""), emptied(), TwoClocks()
    for hour, expected in ((0, 1), (1, 1), (23, 1), (24, 2), (47, 2)):
        clocks.own = hour * 3_600.0
        open_cache(robots, db, clocks)("/decisions/a")
        assert robots.fetched == expected


def test_one_run_fetches_robots_again_after_a_day() -> None:
    robots, clocks = Robots(""), TwoClocks()
    check = open_cache(robots, emptied(), clocks)
    check("/decisions/a")
    robots.body = FORBIDS_ONE
    clocks.own = 86_399
    check("/decisions/a")
    clocks.own = 86_400
    with pytest.raises(Disallowed):
        check("/decisions/a")


def test_stored_rules_that_forbid_an_address_are_refreshed_once() -> None:
    robots, db, clocks = Robots(FORBIDS_ONE), emptied(), TwoClocks()
    with pytest.raises(Disallowed):
        open_cache(robots, db, clocks)("/decisions/a")
    assert robots.fetched == 1, "these rules were new"
    check = open_cache(robots, db, clocks)
    for _ in range(2):
        with pytest.raises(Disallowed):
            check("/decisions/a")
    assert robots.fetched == 2
    robots.body = ""
    open_cache(robots, db, clocks)("/decisions/a")


@pytest.mark.parametrize(
    ("target", "asked", "error"),
    [
        ("/decisions/a", "/decisions/a", Disallowed),
        ("/decisions/b", "/decisions/a", Elsewhere),
        ("/closed/a", "/closed/a", Blocked),
    ],
)
def test_the_error_says_whether_one_address_a_redirect_or_a_folder_is_forbidden(
    target: str, asked: str, error: type[LgscoError]
) -> None:
    check = open_cache(Robots(f"{FORBIDS_ONE}Disallow: /closed/\n"), emptied(), TwoClocks())
    with pytest.raises(error, match=f"robots.txt of site.example does not allow {asked}, which was not requested"):
        check(target, asked)


def test_a_web_page_instead_of_robots_keeps_the_stored_rules_for_another_day() -> None:
    robots, db, clocks = Robots(FORBIDS_ONE), emptied(), TwoClocks()
    open_cache(robots, db, clocks)("/decisions/b")
    clocks.own = 2 * 86_400.0
    robots.body = "<!DOCTYPE html><title>Just a moment</title>"
    check = open_cache(robots, db, clocks)
    check("/decisions/b")
    with pytest.raises(Disallowed):
        check("/decisions/a")
    stored = journal.find_robots(db, SITE)
    assert stored is not None
    assert (stored.text, stored.fetched_at) == (FORBIDS_ONE, "2026-11-02T12:00:00Z")


@pytest.mark.parametrize("error", [Gone("gone", status=410), Refused("refused", status=418)])
def test_a_client_error_allows_everything_and_is_stored(error: LgscoError) -> None:
    db = emptied()
    open_cache(Robots(error), db, TwoClocks())("/decisions/a")
    stored = journal.find_robots(db, SITE)
    assert stored is not None
    assert (stored.status, stored.text) == (error.status, "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [Refused("busy", status=503), Refused("busy", status=429), Unreachable("no answer")])
def test_an_unreachable_robots_prevents_all_requests_and_is_not_retried(error: LgscoError) -> None:
    db = emptied()
    with pytest.raises(type(error)) as raised:
        open_cache(Robots(error), db, TwoClocks())("/decisions/a")
    assert raised.value.retry is False  # type: ignore[attr-defined]
    assert journal.find_robots(db, SITE) is None


@pytest.mark.parametrize("error", [Denied("denied", status=403), Elsewhere("redirected")])
def test_a_robots_that_is_denied_or_moved_away_blocks_the_run(error: LgscoError) -> None:
    with pytest.raises(Blocked, match=r"lgsco requests nothing from the site without its robots\.txt"):
        open_cache(Robots(error), emptied(), TwoClocks())("/decisions/a")


def test_a_crawl_delay_of_more_than_an_hour_ends_the_run_each_time() -> None:
    robots, db, clocks = Robots("User-agent: *\nCrawl-delay: 3601\n"), emptied(), TwoClocks()
    check = open_cache(robots, db, clocks)
    for _ in range(2):
        with pytest.raises(HeldOff, match=r"site\.example asks for 3601 seconds between two requests"):
            check("/decisions/a")
    robots.body = "User-agent: *\nCrawl-delay: 3600\n"
    clocks.own = timedelta(days=1).total_seconds()
    check("/decisions/a")


def test_a_crawl_delay_is_passed_to_the_throttle() -> None:
    db, clocks = emptied(), TwoClocks()
    throttle = a_process(db, clocks, pace=1)
    cache = RobotsCache(
        db, SITE, "lgsco/1.0", clocks.clock(), throttle, fetch=Robots("User-agent: *\nCrawl-delay: 7\n").fetch
    )
    cache.require_permission("/decisions/a", "/decisions/a")
    throttle.begin_request("/decisions/a", 1)
    began = clocks.own
    cache.require_permission("/decisions/b", "/decisions/b")
    assert clocks.own - began == pytest.approx(7)


def test_the_rules_are_current_when_the_request_goes_out() -> None:
    """The cache waits for the throttle first: a request that must wait until tomorrow obeys tomorrow's rules."""
    robots, db, clocks = Robots(""), emptied(), TwoClocks()
    throttle = a_process(db, clocks, pace=0, quiet_hours=("12:30-12:00",))
    cache = RobotsCache(db, SITE, "lgsco/1.0", clocks.clock(), throttle, fetch=robots.fetch)
    cache.require_permission("/decisions/a", "/decisions/a")
    clocks.own = 31 * 60.0  # quiet hours until noon of the next day
    robots.body = FORBIDS_ONE
    with pytest.raises(Disallowed):
        cache.require_permission("/decisions/a", "/decisions/a")
    assert clocks.clock().now() >= BEGAN + timedelta(days=1)
