"""Why decisions left the site: withdrawn, expired, or gone for an unknown reason, and with what evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.crawling.absence_check import DisappearanceCheck
from ingest.run import Backfill
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, ERROR_PAGE, OtherAnswer, Redirect
from support.sync import QUIET, cadence, decided, one, require_site_match, settled, status, sync, sync_daily
from support.world import TODAY, Time, World

RETENTION_DAYS = 1_826
OLD = date(2018, 5, 15)
"""Long past the retention age."""
WALKING = {"listing__gone_days": 2, **cadence("walk", 2)}


def statements(count: int, first: date, last: date) -> list[Sample]:
    return [replace(sample, kind="statement") for sample in decided(count, first, last)]


@contextmanager
def opened(samples: list[Sample], folder: Path, time: Time) -> Iterator[World]:
    """Makes a world of these decisions and 60 of the last three years, all stored and proven."""
    recent = decided(60, date(2023, 11, 1), date(2026, 9, 30), seed=8)
    taken = {sample.reference for sample in samples}
    with serve(Site([*samples, *(s for s in recent if s.reference not in taken)], today=TODAY)) as server:
        world = World(server.site, server, folder / "lgsco.db", time, Stop())
        settled(world)
        yield world
    assert not server.errors


def withdraw(world: World, samples: list[Sample]) -> None:
    for sample in samples:
        world.site.withdraw(sample.reference)


def endings(world: World, samples: list[Sample]) -> set[str]:
    return {status(world, sample.reference) for sample in samples}


def evidence(world: World, sample: Sample) -> tuple[int, int, int]:
    """Returns how many statements of its cohort are known, gone and listed."""
    (row,) = world.ask(
        "SELECT as_old_known, as_old_gone, as_old_listed FROM absences WHERE reference = ?", sample.reference
    )
    return row  # type: ignore[no-any-return]


def test_old_statements_with_a_cohort_that_stays_are_gone_not_expired(tmp_path: Path, time: Time) -> None:
    old = statements(119, date(2018, 1, 1), date(2019, 12, 31))
    with opened(old, tmp_path, time) as world:
        lost = [old[5], old[50], old[100]]
        withdraw(world, lost)
        outcome = sync_daily(world, 10, **WALKING)
        assert outcome.exit_code == 0, outcome.message
        assert endings(world, lost) == {"gone"}
        assert world.ask("SELECT count(*) FROM decisions WHERE status = 'expired'") == [0]
        for sample in lost:
            near = [s for s in old if abs(s.decision_date - sample.decision_date) <= timedelta(days=30)]
            gone = len([s for s in near if s in lost]) - 1
            assert evidence(world, sample) == (len(near) - 1, gone, len(near) - 1 - gone)
        require_site_match(world)


def test_a_cohort_that_left_together_is_expired_and_its_report_is_gone(tmp_path: Path, time: Time) -> None:
    cohort = statements(30, OLD, OLD + timedelta(days=20))
    report = replace(one(OLD + timedelta(days=10)), kind="report", layout="overview", outcome="Upheld", closing=None)
    with opened([*cohort, report], tmp_path, time) as world:
        withdraw(world, [*cohort, report])
        outcome = sync_daily(world, 10, **WALKING)
        assert outcome.exit_code == 0, outcome.message
        assert endings(world, cohort) == {"expired"}, "the first departure is judged like the last"
        assert status(world, report.reference) == "gone"
        assert {evidence(world, sample) for sample in cohort} == {(29, 29, 0)}
        assert evidence(world, report) == (30, 30, 0)


@pytest.mark.parametrize(("count", "ending"), [(20, "gone"), (21, "expired")])
def test_a_cohort_of_fewer_than_twenty_is_too_small_for_expired(
    tmp_path: Path, time: Time, count: int, ending: str
) -> None:
    cohort = statements(count, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort)
        sync_daily(world, 10, **WALKING)
        assert endings(world, cohort) == {ending}
        assert {evidence(world, sample) for sample in cohort} == {(count - 1, count - 1, 0)}


def test_a_gone_statement_becomes_expired_when_its_cohort_has_left(tmp_path: Path, time: Time) -> None:
    cohort = statements(30, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        first, *others = cohort
        withdraw(world, [first])
        sync_daily(world, 10, **WALKING)
        assert (status(world, first.reference), evidence(world, first)) == ("gone", (29, 0, 29))
        (concluded,) = world.ask("SELECT ended_at FROM absences WHERE reference = ?", first.reference)
        withdraw(world, others)
        sync_daily(world, 10, **WALKING)
        assert endings(world, cohort) == {"expired"}
        assert evidence(world, first) == (29, 29, 0)
        row = world.ask("SELECT ended_at, judged_at > ended_at FROM absences WHERE reference = ?", first.reference)
        assert row == [(concluded, 1)]


def test_a_gone_statement_that_returns_is_published_again(tmp_path: Path, time: Time) -> None:
    cohort = statements(5, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort[:1])
        sync_daily(world, 10, **WALKING)
        assert status(world, cohort[0].reference) == "gone"
        world.site.restore(cohort[0].reference)
        sync_daily(world, 3, **WALKING)
        assert status(world, cohort[0].reference) == "published"
        assert world.ask("SELECT ending, returned_at IS NOT NULL FROM absences") == [("gone", 1)]


def test_the_cohort_counts_only_proven_dates(tmp_path: Path, time: Time) -> None:
    cohort = statements(30, OLD, OLD + timedelta(days=20))
    late = [one(day, number) for number, day in enumerate(sorted({sample.decision_date for sample in cohort}), 1)]
    with opened(cohort, tmp_path, time) as world:
        for sample in late:
            world.site.publish(sample)
        addresses = {sample.address for sample in late}
        world.server.faults = lambda request: Respond(500) if request.path in addresses else None
        withdraw(world, cohort)
        assert sync_daily(world, 10, fetch__tries=1, **WALKING).exit_code == 10
        assert endings(world, cohort) == {"gone"}
        assert {evidence(world, sample) for sample in cohort} == {(0, 0, 0)}
        world.server.faults = None
        for sample in late:
            world.site.withdraw(sample.reference)
        assert sync_daily(world, 10, **WALKING).exit_code == 0
        assert endings(world, cohort) == {"expired"}


def test_a_decision_that_left_before_the_retention_age_is_withdrawn_however_late_detected(
    tmp_path: Path, time: Time
) -> None:
    """It was first gone three days before the retention age, and the second check is long after it."""
    day = TODAY - timedelta(days=RETENTION_DAYS - 4)
    cohort = statements(30, day, day)
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort)
        sync_daily(world, 1, **cadence("walk", 1), listing__gone_days=30)
        assert world.ask("SELECT DISTINCT gone FROM absences") == [1]
        time.at += timedelta(days=40)
        world.site.today = time.at.date()
        sync(world, listing__gone_days=30)
        assert endings(world, cohort) == {"withdrawn"}
        assert world.ask("SELECT DISTINCT age_gone < ? FROM absences", RETENTION_DAYS) == [1]


def test_a_decision_that_left_around_the_retention_age_is_gone_unless_its_cohort_left(
    tmp_path: Path, time: Time
) -> None:
    day = TODAY - timedelta(days=RETENTION_DAYS - 4)
    few, many = statements(3, day, day), statements(30, day - timedelta(days=200), day - timedelta(days=199))
    taken = {sample.reference for sample in few}
    with opened([*few, *(sample for sample in many if sample.reference not in taken)], tmp_path, time) as world:
        time.at += timedelta(days=10)
        withdraw(world, few)
        sync_daily(world, 6, **WALKING)
        assert endings(world, few) == {"gone"}
        (row,) = set(world.ask("SELECT age_seen < ?1, age_gone >= ?1 FROM absences", RETENTION_DAYS))
        assert row == (1, 1)


@pytest.mark.parametrize(("code", "words"), [(410, "This decision has been withdrawn."), (404, "It was removed.")])
def test_the_answer_of_the_address_is_stored_as_evidence_only(
    tmp_path: Path, time: Time, code: int, words: str
) -> None:
    cohort = statements(5, OLD, OLD + timedelta(days=20))
    lost = cohort[0]

    def answer(request: Request) -> Respond | None:
        html = f"<html><body><nav>Decisions</nav><main><h1>Sorry</h1><p>{words}</p></main></body></html>"
        return Respond(code, body=html.encode()) if request.path == lost.address else None

    with opened(cohort, tmp_path, time) as world:
        withdraw(world, [lost])
        world.server.faults = answer
        sync_daily(world, 10, **WALKING)
        assert status(world, lost.reference) == "gone"
        row = world.ask("SELECT answer_status, answer_words, gone_first_at < gone_last_at FROM absences")
        assert row == [(code, words, 1)]


@pytest.mark.parametrize("shown", ["redirect to another", "another", "redirect to the home page", "error page"])
def test_a_decision_has_left_if_its_address_shows_another_page_twice(tmp_path: Path, time: Time, shown: str) -> None:
    lost, other, *_ = cohort = statements(5, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        faults: dict[str, Fault] = {
            "redirect to another": Redirect(other.address),
            "another": OtherAnswer(world.site, other.address),
            "redirect to the home page": Redirect("/"),
            "error page": ERROR_PAGE,
        }
        withdraw(world, [lost])
        world.server.faults = lambda request: faults[shown] if request.path == lost.address else None
        sync_daily(world, 2, **WALKING)
        assert world.ask("SELECT gone, ending FROM absences") == [(1, None)], "one answer proves nothing"
        assert sync_daily(world, 8, **WALKING).exit_code == 0
        assert status(world, lost.reference) == "gone"
        ((answer, code, twice),) = world.ask("SELECT answer, answer_status, gone_first_at < gone_last_at FROM absences")
        assert (code, twice) == (200, 1)
        assert "another page" in answer
        assert (f"the page is the decision {other.reference}" in answer) == shown.endswith("another"), answer
        assert world.ask("SELECT count(*) FROM unreadable") == [0], "the other page is not taken for the decision's"


def test_nothing_is_concluded_from_another_page_while_the_site_shows_it_for_known_decisions_too(
    tmp_path: Path, time: Time
) -> None:
    lost, *_ = cohort = statements(5, OLD, OLD + timedelta(days=20))
    walls: list[Request] = []

    def show_walls(request: Request) -> Fault | None:
        """Shows walls from the first request for the lost decision on."""
        if request.path != lost.address and not (walls and request.path.startswith("/decisions/")):
            return None
        walls.append(request)
        return CHALLENGE

    with opened(cohort, tmp_path, time) as world:
        withdraw(world, [lost])
        world.server.faults = show_walls
        assert sync_daily(world, 2, **WALKING).exit_code == 12
        assert len(walls) > 1, "a known decision was requested after the lost one"
        assert world.ask("SELECT gone, ending FROM absences") == [(0, None)]
        assert status(world, lost.reference) == "published"


@pytest.mark.parametrize(
    ("body", "exists"), [(b"<h1>Anytown Council (REF)</h1>", True), (b"\x00\x01\x02\x00" * 100, False)]
)
def test_a_page_that_cannot_be_parsed_does_not_show_that_its_decision_left(
    tmp_path: Path, time: Time, body: bytes, exists: bool
) -> None:
    lost, *_ = cohort = statements(5, OLD, OLD + timedelta(days=20))
    page = Respond(200, body=body.replace(b"REF", lost.reference.encode()))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, [lost])
        world.server.faults = lambda request: page if request.path == lost.address else None
        sync_daily(world, 10, **WALKING)
        ((answer, gone),) = world.ask("SELECT answer, gone FROM absences")
        assert gone == 0
        assert ("exists" in answer) == exists, answer
        assert status(world, lost.reference) == "published"


def test_a_sync_that_fails_midway_judges_decisions_already_gone_twice(tmp_path: Path, time: Time) -> None:
    cohort = statements(15, OLD, OLD + timedelta(days=20))
    ordered = sorted(cohort, key=lambda sample: (sample.decision_date, sample.reference))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort)
        sync_daily(world, 2, **WALKING)
        world.server.faults = lambda request: Respond(503) if request.path == ordered[-1].address else None
        for _ in range(4):
            sync_daily(world, 1, fetch__tries=1, **WALKING)
        assert endings(world, ordered[:-1]) == {"gone"}
        assert status(world, ordered[-1].reference) == "published"


def test_the_next_sync_judges_what_a_killed_sync_did_not(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def kill(check: DisappearanceCheck) -> None:
        if check._found_gone:
            raise Killed

    cohort = statements(25, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort)
        sync_daily(world, 3, **{**WALKING, "listing__gone_days": 5})
        with monkeypatch.context() as patch:
            patch.setattr(DisappearanceCheck, "_judge", kill)
            with pytest.raises(Killed):
                sync_daily(world, 5, **{**WALKING, "listing__gone_days": 5})
        assert endings(world, cohort) == {"published"}
        assert world.ask("SELECT DISTINCT gone FROM absences") == [2]
        sync_daily(world, 1, **{**WALKING, "listing__gone_days": 5})
        assert endings(world, cohort) == {"expired"}


def test_a_backfill_judges_no_departures(tmp_path: Path, time: Time) -> None:
    cohort = statements(5, OLD, OLD + timedelta(days=20))
    with opened(cohort, tmp_path, time) as world:
        withdraw(world, cohort)
        time.at += timedelta(days=30)
        assert world.run(Backfill(), **QUIET).exit_code == 0
        assert world.ask("SELECT DISTINCT status FROM decisions") == ["published"]
