"""robots.txt is fetched once a day and obeyed; without it, no page is requested."""

from __future__ import annotations

import pytest

from ingest.run import Backfill, Sync
from lgsco.replica.faults import Respond
from lgsco.replica.messages import HTML, Request
from lgsco.replica.script import on
from lgsco.replica.walls import CHALLENGE, Redirect
from support.politeness import DAY, HOUR, asked_at, gaps, incomplete, read_report
from support.world import World, holds_the_truth


def robots_requests(world: World) -> int:
    return world.targets().count("/robots.txt")


def test_all_runs_together_fetch_robots_once_a_day(world: World) -> None:
    world.run(Backfill(limit=3))
    world.time.at += 11 * HOUR
    world.run(Sync())
    world.time.at += 12 * HOUR
    world.run(Backfill())
    assert robots_requests(world) == 1
    world.time.at += 2 * HOUR
    world.run(Sync())
    assert robots_requests(world) == 2


def test_a_run_that_lasts_for_days_fetches_robots_again(world: World) -> None:
    """An hour between requests, and none at night: a path that was forbidden yesterday is not requested today."""
    assert world.run(Backfill(), fetch__pace=3_600, fetch__quiet_hours="18:00-06:00").state == "complete"
    rules_of = 0.0
    for instant, target in zip(asked_at(world), world.targets(), strict=True):
        if target == "/robots.txt":
            rules_of = instant
        assert instant - rules_of <= 24 * 3_600, (
            f"{target} was requested by rules that were {(instant - rules_of) / 3600:.0f} h old"
        )
    assert asked_at(world)[-1] - asked_at(world)[0] > 24 * 3_600


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_no_page_is_requested_while_robots_is_unreachable(world: World, status: int) -> None:
    world.server.faults = on("robots", Respond(status))
    for task in (Backfill(), Sync()):
        outcome = world.run(task)
        assert incomplete(outcome)
        assert "/robots.txt" in outcome.message
        assert str(status) in outcome.message
    assert set(world.targets()) == {"/robots.txt"}
    assert len(world.targets()) <= 8
    world.server.faults = None
    world.time.at += HOUR
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_robots_allows_everything(world: World, status: int) -> None:
    world.server.faults = on("robots", Respond(status))
    assert world.run(Backfill()).state == "complete"
    assert "so it allows any request" in read_report(world, fetch__pace=0).robots


def test_a_block_page_instead_of_robots_does_not_count_as_robots(world: World) -> None:
    """A block page in front of the whole site does not show what the site allows, and is not cached for a day."""
    world.site.robots = "User-agent: *\nCrawl-delay: 5\n"
    world.server.faults = on(".", CHALLENGE)
    assert world.run(Backfill()).exit_code in (10, 12)
    world.server.faults = None
    world.time.at += HOUR
    assert world.run(Backfill()).state == "complete"
    assert min(gaps(asked_at(world, 2))[1:]) >= 5


def test_a_path_that_robots_forbids_is_not_requested(world: World) -> None:
    forbidden = world.site.listed()[4].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\n"
    for _ in range(3):
        outcome = world.run(Backfill())
        assert outcome.state == "incomplete"
        assert world.ask("SELECT count(*) FROM decisions") == [len(world.site) - 1], "no other request waits for it"
        (read_report,) = world.ask("SELECT error FROM queue")
        assert forbidden in read_report
        assert "robots.txt" in read_report
        world.time.at += DAY
    assert forbidden not in world.targets()
    world.site.robots = ""
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


def test_a_redirect_to_a_path_that_robots_forbids_is_not_followed(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    world.server.faults = on(world.site.listed()[4].address, Redirect("/umbraco/login"))
    assert world.run(Backfill()).state == "incomplete"
    assert not [target for target in world.targets() if target.startswith("/umbraco")]
    assert world.ask("SELECT count(*) FROM decisions") == [len(world.site) - 1], "no other request waits for it"


def test_no_page_is_blamed_if_robots_forbids_all_decisions(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /decisions/\n"
    outcome = world.run(Backfill())
    assert outcome.state == "blocked"
    assert "robots.txt" in outcome.message
    assert not [target for target in world.targets() if target.startswith("/decisions/")]
    assert world.ask("SELECT DISTINCT attempts, error FROM queue") == [(0, None)]
    world.site.robots = ""
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ("User-agent: lgsco\nDisallow: /\n", False),
        ("User-agent: LGSCO\nDisallow: /\n\nUser-agent: *\nDisallow:\n", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: lgsco\nAllow: /\n", True),
        ("User-agent: elsewhere-bot\nDisallow: /\n", True),
        # Words of our user agent that are not its product token
        ("User-agent: archive\nDisallow: /\n\nUser-agent: *\nAllow: /\n", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: decisions\nAllow: /\n", False),
        ("User-agent: *\nDisallow: /Decisions/SearchResults\n", False),
        ("\ufeffUser-agent: *\nDisallow: /\n", False),
        ("<html><body>Disallow: /</body></html>", True),
        ("User-agent: *\nDisallow: /*page=99$\nCrawl-delay: none\n", True),
    ],
)
def test_the_rules_for_our_user_agent_apply(world: World, robots: str, *, allowed: bool) -> None:
    world.site.robots = robots
    outcome = world.run(Backfill(limit=1))
    assert outcome.exit_code == (0 if allowed else 12), outcome.message
    if not allowed:
        assert set(world.targets()) == {"/robots.txt"}
        assert "robots.txt" in outcome.message


def test_every_process_respects_a_crawl_delay_and_the_report_says_so(world: World) -> None:
    world.site.robots = "User-agent: *\nCrawl-delay: 3\n"
    for _ in range(4):
        world.run(Backfill(limit=2), fetch__pace=1)  # one process after the other, without a pause
    world.run(Sync(), fetch__pace=1)
    assert robots_requests(world) == 1
    apart = gaps(asked_at(world))
    assert min(apart[1:]) >= 3
    its = read_report(world, fetch__pace=1)
    assert its.promised_gap == (1.0, 3.0), "before its rules were known, and after that"
    assert its.broken == ()


def test_a_page_instead_of_robots_removes_no_rule(reports_world: World) -> None:
    forbidden = reports_world.site.listed()[4].address
    reports_world.site.robots = f"User-agent: *\nDisallow: {forbidden}\nCrawl-delay: 5\n"
    reports_world.run(Backfill(limit=2))
    reports_world.server.faults = on("robots", CHALLENGE)
    reports_world.time.at += 3 * DAY
    reports_world.run(Backfill(), fetch__pace=1)
    assert forbidden not in reports_world.targets()
    assert min(gaps(asked_at(reports_world, 2))[1:]) >= 5
    shown = read_report(reports_world).robots
    assert shown.startswith(f"FORBIDS 1 of 30 pages ({forbidden}), which we do not request")
    assert "another page instead of it" in shown
    reports_world.server.faults = None
    reports_world.site.robots = ""
    reports_world.time.at += DAY
    assert reports_world.run(Backfill()).state == "complete"
    assert "another page" not in read_report(reports_world).robots


@pytest.mark.parametrize("status", [202, 203, 206, 300])
def test_robots_with_an_odd_status_does_not_count_as_missing(reports_world: World, status: int) -> None:
    reports_world.server.faults = on("robots", Respond(status, HTML, b"User-agent: *\nDisallow: /\n"))
    assert reports_world.run(Backfill()).exit_code == 10
    assert set(reports_world.targets()) == {"/robots.txt"}
    reports_world.server.faults = None
    assert reports_world.run(Backfill()).state == "complete"


def test_rules_that_forbid_are_fetched_again_before_they_end_a_run(reports_world: World) -> None:
    reports_world.site.robots = "User-agent: *\nDisallow: /\n"
    assert reports_world.run(Backfill()).exit_code == 12
    reports_world.time.at += HOUR
    assert reports_world.run(Backfill()).exit_code == 12
    assert reports_world.targets() == ["/robots.txt"] * 2
    reports_world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    reports_world.time.at += HOUR
    assert reports_world.run(Backfill()).state == "complete"


def test_robots_redirected_to_another_host_prevents_all_requests(reports_world: World) -> None:
    reports_world.server.faults = on("robots", Redirect("https://elsewhere.example/robots.txt"))
    ran = reports_world.run(Backfill())
    assert ran.exit_code == 12
    assert "robots.txt" in ran.message
    assert "known" not in ran.message
    assert set(reports_world.targets()) == {"/robots.txt"}


def test_a_site_that_moved_to_another_address_is_named(reports_world: World) -> None:
    there = reports_world.server.url.replace("http://", "https://")

    def elsewhere(request: Request) -> Redirect:
        return Redirect(f"{there}{request.target}", 301)

    reports_world.server.faults = elsewhere
    assert f"redirected to {there}; set base_url in [site] to that" in reports_world.run(Backfill()).message


def test_dot_segments_in_a_redirect_bypass_no_rule(reports_world: World) -> None:
    reports_world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    reports_world.server.faults = on(
        reports_world.site.listed()[4].address, Redirect(f"{reports_world.server.url}/x/../umbraco/login")
    )
    reports_world.run(Backfill())
    assert not [target for target in reports_world.targets() if "umbraco" in target]
    reports_world.server.faults = on(
        reports_world.site.listed()[4].address, Redirect(f"{reports_world.server.url}/x/../elsewhere")
    )
    reports_world.time.at += DAY
    reports_world.run(Backfill())
    assert "/elsewhere" in reports_world.ask("SELECT target FROM requests")
