"""Which form of the listing shows most: decided by cards, not by totals alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs

import pytest

from ingest.run import Backfill
from lgsco.replica.edits import WrongTotal
from lgsco.replica.faults import Fault, Reset, Respond
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.site import Site
from lgsco.replica.walls import SEARCH_SHELL, CookieNeeded, OtherAnswer
from storage.writer import writing
from support.sync import QUIET, later, listings, one, settled, sync, sync_daily
from support.world import TODAY, World, holds_the_truth


@pytest.fixture
def world(world: World) -> World:
    world.knows_listing = False
    return world


FORMS = ("bare", "t=both", "dc", "slash")


def form_of(target: str) -> str:
    path, _, query = target.partition("?")
    names = set(parse_qs(query)) - {"fd", "td", "page"}
    return "slash" if path.endswith("/") else "t=both" if "t" in names else "dc" if "dc" in names else "bare"


def answering(world: World, lists: dict[str, Callable[[Sample], bool]]) -> Callable[[Request], Fault | None]:
    """A fault: in some forms the site lists only the decisions that a function accepts."""
    shadows = {form: Site(filter(accepts, world.site.listed()), today=TODAY) for form, accepts in lists.items()}

    def fault(request: Request) -> Fault | None:
        if "searchresults" not in request.target.lower() or form_of(request.target) not in shadows:
            return None
        return OtherAnswer(shadows[form_of(request.target)], request.target)

    return fault


def references(samples: Iterable[Sample]) -> set[str]:
    return {sample.reference for sample in samples}


def is_statement(sample: Sample) -> bool:
    return sample.kind == "statement"


def nothing(_: Sample) -> bool:
    return False


def add_reports(world: World) -> None:
    """Adds a report on every tenth day that has a decision."""
    days = sorted({sample.decision_date for sample in world.site.listed()})
    for number, day in enumerate(days[::10], 500):
        world.site.publish(replace(one(day, number), kind="report"))


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_form_that_lists_less_or_nothing_is_not_used(world: World, form: str) -> None:
    add_reports(world)
    for accepts in (is_statement, nothing):
        world.server.faults = answering(world, {form: accepts})
        assert world.run(Backfill(), **QUIET).state == "complete"
        assert holds_the_truth(world)
        later(world, 40)
    assert set(world.ask("SELECT asked FROM windows")) == {"bare"}


NO_LISTING: dict[str, Fault] = {
    "404": Respond(404, body=b"<html><body><h1>Page not found</h1></body></html>"),
    "403": Respond(403),
    "500": Respond(500),
    "reset": Reset(),
    "a page without a total": Respond(200, body=b"<html><body><h1>Search</h1></body></html>"),
}


@pytest.mark.parametrize("answer", NO_LISTING)
def test_a_form_that_the_site_does_not_answer_in_stops_nothing(world: World, answer: str) -> None:
    """The other forms are attempts: most exist on no page of the site."""

    def fault(request: Request) -> Fault | None:
        is_listing = "searchresults" in request.target.lower()
        return NO_LISTING[answer] if is_listing and form_of(request.target) != "bare" else None

    world.server.faults = fault
    outcome = world.run(Backfill(), **QUIET)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert holds_the_truth(world)
    expected = {"no more"} if answer == "a page without a total" else {"no answer"}
    assert set(world.ask("SELECT verdict FROM listing_findings WHERE kind = 'form'")) == expected
    assert world.ask("SELECT verdict FROM listing_findings WHERE kind = 'use'") == ["bare"]


def test_a_bare_form_without_an_answer_stops_the_run(world: World) -> None:
    def fault(request: Request) -> Fault | None:
        is_listing = "searchresults" in request.target.lower()
        return NO_LISTING["404"] if is_listing and form_of(request.target) == "bare" else None

    world.server.faults = fault
    assert world.run(Backfill(), **QUIET).exit_code == 10
    assert world.ask("SELECT count(*) FROM decisions") == [0]


def test_the_widest_form_is_used_from_the_first_backfill_on(world: World) -> None:
    add_reports(world)
    world.server.faults = answering(world, dict.fromkeys(("bare", "dc", "slash"), is_statement))
    outcome = world.run(Backfill(), **QUIET)
    assert outcome.state == "complete"
    assert holds_the_truth(world), "reports are listed with t=both only"
    assert world.ask("SELECT verdict FROM listing_findings WHERE kind = 'use'") == ["t=both"]
    evidence = world.ask("SELECT evidence FROM listing_findings WHERE subject = 't=both'")[0]
    assert "the cards of the bare form and" in evidence
    assert sync(world).exit_code == 0


def test_a_form_that_only_states_more_is_not_used_and_the_run_says_so(world: World) -> None:
    def fault(request: Request) -> Fault | None:
        return WrongTotal(1) if "t=both" in request.target else None

    world.server.faults = fault
    world.run(Backfill(), **QUIET)
    outcome = sync(world)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "states more in the form t=both" in outcome.message
    assert sync(world).exit_code == 10, "it is checked again until the answer is clear"
    world.server.faults = None
    assert sync(world).exit_code == 0


def test_a_form_that_lists_more_of_some_dates_and_less_of_others_is_not_used(world: World) -> None:
    add_reports(world)

    def without_old(sample: Sample) -> bool:
        return sample.decision_date > date(2024, 3, 1)

    narrow = dict.fromkeys(("bare", "dc", "slash"), is_statement)
    world.server.faults = answering(world, {**narrow, "t=both": without_old})
    outcome = world.run(Backfill(), **QUIET)
    assert world.ask("SELECT verdict FROM listing_findings WHERE kind = 'use'") == ["bare"]
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "states more in the form t=both" in str(outcome)


def test_windows_proven_with_another_form_stay_proven_and_the_claim_names_it(world: World) -> None:
    settled(world)
    with writing(world.database) as db:
        db.execute("UPDATE windows SET asked = 't=both'")  # as an earlier version queried it
    outcome = sync(world)
    assert outcome.exit_code == 0
    assert "last listed in the form t=both" in str(outcome)
    later(world)
    assert world.run(Backfill(), **QUIET).exit_code == 0
    assert "t=both" not in str(sync(world))


def test_a_wider_form_that_appears_later_is_used_and_what_it_adds_is_fetched(world: World) -> None:
    settled(world)
    add_reports(world)
    shown = references(s for s in world.site.listed() if s.kind == "report" and s.reference.startswith("27 000 5"))
    world.server.faults = answering(world, dict.fromkeys(("bare", "dc", "slash"), lambda s: s.reference not in shown))
    assert sync_daily(world, 31, cadence__filters=30).exit_code == 0
    assert holds_the_truth(world)


def test_forms_are_compared_again_after_the_days_of_the_cadence(world: World) -> None:
    settled(world)
    checks = "SELECT count(*) FROM listing_findings WHERE kind = 'use'"
    sync_daily(world, 29, cadence__filters=30)
    assert world.ask(checks) == [1]
    sync_daily(world, 2, cadence__filters=30)
    assert world.ask(checks) == [2]


def test_outcomes_that_are_known_may_be_fewer_than_all(world: World) -> None:
    odd = replace(one(date(2026, 8, 3)), outcome="Report issued")
    world.site.publish(odd)
    settled(world)
    assert world.ask("SELECT outcome FROM decisions WHERE reference = ?", odd.reference) == ["Report issued"]
    assert world.ask("SELECT verdict FROM listing_findings WHERE subject = 'dc=c+nu+u+'") == ["no more"]


def test_the_bare_form_has_only_dates_and_page(world: World) -> None:
    settled(world)
    last = listings(world, 0)[-1]
    assert set(parse_qs(last.partition("?")[2])) == {"fd", "td", "page"}


# ---------------------------------------------------------------- a session


def test_a_site_that_needs_a_session_is_crawled_and_remembered(world: World) -> None:
    world.server.faults = lambda _request: CookieNeeded(SEARCH_SHELL)
    assert world.run(Backfill(), **QUIET).state == "complete"
    assert holds_the_truth(world)
    assert world.targets().count("/decisions") == 1
    before = len(world.targets())
    assert sync(world).exit_code == 0
    asked = world.targets()[before:]
    assert asked.index("/decisions") < min(n for n, target in enumerate(asked) if "SearchResults" in target)


def test_a_session_that_does_not_help_is_begun_once_a_run(world: World) -> None:
    world.server.faults = lambda request: SEARCH_SHELL if "SearchResults" in request.target else None
    assert world.run(Backfill(), **QUIET).exit_code == 12
    assert world.targets().count("/decisions") == 1
    assert world.ask("SELECT count(*) FROM listing_findings WHERE kind = 'session'") == [0]
