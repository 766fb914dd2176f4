"""Tests the politeness report of given journal rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.config import Config
from ingest.reports.politeness import PolitenessReport, report_politeness
from storage.journal import Day, LastRequest, Promise, RequestError, Robots
from storage.politeness import PolitenessRows

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SITE = "http://127.0.0.1:8000"
FETCHED = "2026-11-01T12:00:00Z"


def day(number: int, **counts: Any) -> Day:
    """Makes a day of November with ten requests that kept all promises."""
    calm = {"requests": 10, "unanswered": 0, "errors": 0, "received": 1_000, "seconds": 1.0, "most_in_a_minute": 4}
    kept = {"least_gap": 2.0, "holds": 0, "holds_kept": 0, "holds_capped": 0, "holds_shortened": 0, "promised": 10}
    broken = {"too_soon": 0, "too_many": 0, "in_quiet_hours": 0}
    return Day(f"2026-11-{number:02}", **{**calm, **kept, **broken, **counts})


def robots(text: str, status: int = 200) -> Robots:
    return Robots(SITE, FETCHED, status, text)


def report(**rows: Any) -> PolitenessReport:
    """Makes the report of an empty journal, except for the given rows."""
    empty: dict[str, Any] = {
        **{name: [] for name in ("days", "errors", "promises", "user_agents", "addresses")},
        **dict.fromkeys(("wait_until", "robots", "robots_requests")),
    }
    return report_politeness(PolitenessRows(**{**empty, **rows}), Config(), NOW)


def test_an_empty_journal_names_the_configured_site_and_user_agent_and_broke_no_promise() -> None:
    empty = report()
    assert (empty.site, empty.user_agents) == (Config().site.base_url, (Config().user_agent,))
    assert (empty.requests, empty.least_gap, empty.promised_gap, empty.broken) == (0, None, None, ())
    assert empty.as_json()["kept"] is True
    assert empty.lines() == [
        f"Requests to {Config().site.base_url} by {Config().user_agent}",
        "  from – to – (UTC): 0 requests, 0 bytes received, 0 errors",
        "  least gap between two requests: – (promised: none)",
        "  most in any day: 0 (promised: none); most in any minute: 0",
        "  in quiet hours: none promised",
        "  asked to wait (Retry-After): never",
        "  robots.txt: not fetched yet; it is fetched before anything else",
        "  every promise was kept",
    ]


def test_the_report_shows_requests_and_promises_in_words() -> None:
    days = [
        day(1, requests=1_200, promised=1_200, received=1_400_000_000, least_gap=1.2504, most_in_a_minute=30, errors=2),
        day(2, requests=1, promised=0, received=100_000_000, unanswered=1, in_quiet_hours=1, holds=2, holds_kept=2),
    ]
    shown = report(
        days=days,
        promises=[Promise(2, 500, "08:00-18:00"), Promise(1.5, 1_234_567, "09:00-17:00"), Promise(2, 900, "")],
        user_agents=["lgsco/1", "lgsco/2"],
        errors=[RequestError(503, None, 2)],
        wait_until="2026-11-02T12:00:01Z",
        robots=robots("", 404),
    )
    assert shown.lines() == [
        f"Requests to {SITE} by lgsco/1, and by lgsco/2",
        "  from 2026-11-01 to 2026-11-02 (UTC): 1,201 requests, 1.5 GB received, 3 errors",
        "  errors: status 503: 2; on days that are summed up, so the kind is not known: 1",
        "  least gap between two requests: 1.250 s (promised: 1.5–2 s)",
        "  most in any day: 1,200 (promised: 500–1,234,567); most in any minute: 30",
        "  in quiet hours: 1 request (08:00-18:00) (09:00-17:00)",
        "  asked to wait (Retry-After): 2 times, 1 kept, 1 pending",
        f"  robots.txt: the site has none (status 404), so it allows any request (as of {FETCHED})",
        "  made before promises were recorded: 1 request, not judged",
        "  NOT KEPT: in quiet hours: 1 request, on 2026-11-02",
    ]
    assert shown.least_gap == 1.25


def test_promises_that_the_journal_does_not_have_are_not_called_kept() -> None:
    assert report(days=[day(1, promised=7)]).lines()[-2:] == [
        "  made before promises were recorded: 3 requests, not judged",
        "  every promise that is known was kept",
    ]


def test_a_promise_without_limits_is_shown_as_none() -> None:
    lines = report(days=[day(1)], promises=[Promise(0, 0, "")]).lines()
    assert lines[2:4] == [
        "  least gap between two requests: 2.000 s (promised: none)",
        "  most in any day: 10 (promised: none); most in any minute: 4",
    ]


def test_the_report_adds_up_days_and_names_the_extremes() -> None:
    days = [day(1, least_gap=1.5, unanswered=1), day(2, requests=30, promised=30, most_in_a_minute=9, errors=2)]
    both = report(days=days, promises=[Promise(2, 500, ""), Promise(1, 900, "08:00-18:00")])
    assert (both.requests, both.received, both.errors) == (40, 2_000, 3)
    assert (both.first_day, both.last_day) == ("2026-11-01", "2026-11-02")
    assert (both.least_gap, both.most_in_a_minute, both.most_in_a_day) == (1.5, 9, 30)
    assert (both.promised_gap, both.promised_a_day, both.quiet_hours) == ((1, 2), (500, 900), ("08:00-18:00",))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, None, "status 429"),
        (503, "the response ends in the middle of its gzip data", "status 503"),
        (404, "the response ends in the middle of its gzip data", "the response ends in the middle of its gzip data"),
        (None, None, "no answer recorded yet, or lgsco ended first"),
        (None, "no response in time from www.lgo.org.uk", "no response in time"),
        (
            None,
            "no complete response from 127.0.0.1:8000 ([Errno 111] Connection refused)",
            "no complete response (Connection refused)",
        ),
        (
            200,
            "no complete response from a ([Errno -2] Name or service not known)",
            "no complete response (Name or service not known)",
        ),
        (
            200,
            "no complete response from a (peer closed connection without sending complete message body "
            "(received 120 bytes, expected 4000))",
            "no complete response (peer closed connection without sending complete message body)",
        ),
        (
            200,
            "no complete response from a (peer closed connection without sending complete message body (incomplete "
            "chunked read))",
            "no complete response (peer closed connection without sending complete message body (incomplete chunked "
            "read))",
        ),
    ],
)
def test_an_error_is_named_without_what_differs_between_errors_of_its_kind(
    status: int | None, error: str | None, kind: str
) -> None:
    (found,) = report(days=[day(1, errors=1)], errors=[RequestError(status, error, 1)]).error_kinds
    assert (found.kind, found.status, found.requests) == (kind, status, 1)


def test_errors_of_one_kind_are_added_up_and_the_most_frequent_come_first() -> None:
    errors = [RequestError(None, f"no response in time from host-{number}", 2) for number in range(3)]
    rows = [RequestError(500 + number, None, 1) for number in range(9)]
    shown = report(days=[day(1, errors=9, unanswered=6)], errors=[*rows, *errors])
    assert [one.requests for one in shown.error_kinds] == [6, *[1] * 9]
    assert sum(one.requests for one in shown.error_kinds) == shown.errors
    (line,) = [line for line in shown.lines() if line.startswith("  errors: ")]
    assert line.startswith("  errors: no response in time: 6; status 500: 1; status 501: 1; ")
    assert line.endswith("status 506: 1; and 2 more kinds")


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({"too_soon": 2}, "sooner after the previous request than promised: 2 requests, on 2026-11-01"),
        ({"too_many": 1}, "above the daily limit: 1 request, on 2026-11-01"),
        ({"in_quiet_hours": 3}, "in quiet hours: 3 requests, on 2026-11-01"),
        ({"holds": 2, "holds_kept": 1}, "before the end of a wait asked for (Retry-After): 1 request, on 2026-11-01"),
    ],
)
def test_each_kind_of_broken_promise_is_reported_with_its_day(counts: dict[str, int], sentence: str) -> None:
    broken = report(days=[day(1, **counts), day(2)])
    assert broken.broken == (sentence,)
    assert broken.as_json()["kept"] is False
    assert broken.lines()[-1] == f"  NOT KEPT: {sentence}"


def test_three_days_are_named_and_the_others_counted() -> None:
    days = [day(number, too_soon=1) for number in range(1, 6)]
    (sentence,) = report(days=days).broken
    assert sentence.endswith(": 5 requests, on 2026-11-01, 2026-11-02, 2026-11-03 and 2 more")
    (sentence,) = report(days=days[:4]).broken
    assert sentence.endswith(": 4 requests, on 2026-11-01, 2026-11-02, 2026-11-03 and 1 more")
    (sentence,) = report(days=days[:3]).broken
    assert sentence.endswith(": 3 requests, on 2026-11-01, 2026-11-02, 2026-11-03")


def test_a_wait_that_is_not_over_is_pending_and_not_yet_obeyed() -> None:
    days = [day(1, holds=2, holds_kept=2)]
    pending = report(days=days, wait_until="2026-11-02T12:00:01Z")
    assert (pending.holds_kept, pending.holds_pending) == (1, 1)
    over = report(days=days, wait_until="2026-11-02T12:00:00Z")
    assert (over.holds_kept, over.holds_pending) == (2, 0)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "never"),
        ({"holds": 1, "holds_kept": 1}, "1 time, 1 kept"),
        (
            {"holds": 3, "holds_kept": 2, "holds_capped": 1},
            "3 times, 2 kept; 1 longer than a day, with a new request after one day",
        ),
        (
            {"holds": 3, "holds_kept": 3, "holds_shortened": 2},
            "3 times, 3 kept; 2 for one address only, and shortened to retry_wait_most",
        ),
    ],
)
def test_waits_asked_for_by_the_site_are_counted(counts: dict[str, int], words: str) -> None:
    assert f"  asked to wait (Retry-After): {words}" in report(days=[day(1, **counts)]).lines()


@pytest.mark.parametrize(
    ("rules", "addresses", "words"),
    [
        ("", [], "allows what we request"),
        ("Crawl-delay: 2", [], "allows what we request, and asks for 2 s between requests"),
        ("Disallow: /decisions/a", ["/decisions/a", "/decisions/b"], "FORBIDS 1 of 2 pages (/decisions/a)"),
        ("Disallow: /decisions/", [], "FORBIDS every decision's page, which we do not request"),
        ("Disallow: /Decisions/SearchResults", [], "FORBIDS the listing (/Decisions/SearchResults), which we do not"),
        (
            *("Disallow: /", ["/decisions/a"]),
            "FORBIDS the listing (/Decisions/SearchResults) and every decision's page, which we do not request",
        ),
    ],
)
def test_robots_are_compared_with_the_listing_and_the_known_addresses(
    rules: str, addresses: list[str], words: str
) -> None:
    shown = report(robots=robots(f"User-agent: *\n{rules}\n"), addresses=addresses).robots
    assert shown.startswith(words)
    assert shown.endswith(f"(as of {FETCHED})")


def test_a_site_without_robots_allows_all() -> None:
    assert (
        report(robots=robots("", 404)).robots
        == f"the site has none (status 404), so it allows any request (as of {FETCHED})"
    )


@pytest.mark.parametrize(
    ("at", "status", "words"),
    [
        ("2026-11-02T11:00:00Z", None, "no answer"),
        ("2026-11-02T11:00:00Z", 503, "status 503"),
        ("2026-11-02T11:00:00Z", 400, "status 400"),
        ("2026-11-02T12:00:00Z", 200, "another page instead of it; lgsco keeps to these rules"),
        ("2026-11-01T12:00:01Z", 200, "status 200, and cut short"),
    ],
)
def test_a_failed_request_for_robots_is_reported_with_the_rules_in_force(
    at: str, status: int | None, words: str
) -> None:
    error = "cut short" if words.endswith("cut short") else None
    shown = report(robots=robots("User-agent: *\n"), robots_requests=LastRequest(2, at, status, error)).robots
    assert shown == f"allows what we request (as of {FETCHED}); requested 2 times, last at {at}: {words}"


@pytest.mark.parametrize("status", [200, 404, 410])
def test_a_successful_request_for_robots_is_not_mentioned(status: int) -> None:
    asked = LastRequest(1, FETCHED, status, None)
    assert "requested" not in report(robots=robots("User-agent: *\n"), robots_requests=asked).robots


def test_the_report_says_that_robots_are_fetched_first() -> None:
    assert report().robots == "not fetched yet; it is fetched before anything else"
    failed = report(robots_requests=LastRequest(1, FETCHED, 500, None)).robots
    assert failed == f"requested 1 time, last at {FETCHED}: status 500"
    other_page = report(robots_requests=LastRequest(1_000, FETCHED, 200, None)).robots
    assert other_page == f"requested 1,000 times, last at {FETCHED}: another page instead of it"
