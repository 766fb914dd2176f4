"""Retry-After with any status and in any form: the client waits before the next request, as the journal shows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from ingest.clock import Stop
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.reports.politeness import PolitenessReport, report_politeness
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.faults import Act, Acts, Answer, Fault, Respond
from lgsco.replica.messages import HTML, Headers, Request
from lgsco.replica.script import Script, on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import Redirect
from storage.database import reading
from storage.from_0_1.steps import steps
from storage.politeness import find_politeness
from storage.writer import writing
from support.world import TODAY, Time, World

BEGAN = datetime(2026, 11, 2, 12, tzinfo=UTC)
PAGES = r"/\d\d-\d{3}-\d{3}[a-z]?(\?|$)"
FORMS = {
    "IMF-fixdate": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %e %H:%M:%S %Y",
}


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """A site with eight short decisions."""
    samples = generate(8, seed=3, first=date(2026, 3, 1), last=date(2026, 9, 10), body=False)
    with serve(Site(samples, today=TODAY, validators=True)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


@dataclass(frozen=True)
class With:
    """A fault: the right answer with more headers, or only its first bytes."""

    headers: Headers
    broken: bool = False

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        wire = replace(right, headers=(*right.headers, *self.headers)).wire
        yield wire[:-9] if self.broken else wire
        if self.broken:
            yield Act.RESET


def refuse(status: int, *values: str, date: str | None = None) -> Respond:
    headers = [("Retry-After", value) for value in values]
    return Respond(status, (*HTML, *headers, *([("Date", date)] if date is not None else [])), b"<p>Later.</p>")


def waits(world: World) -> list[float]:
    """Returns the seconds from each answer with Retry-After to the next request."""
    rows = world.ask("SELECT at, seconds, retry_after FROM requests ORDER BY id")
    began = [datetime.fromisoformat(at).timestamp() for at, _, _ in rows] + [float("inf")]
    return [
        round(began[n + 1] - began[n] - seconds, 3)
        for n, (_, seconds, retry_after) in enumerate(rows)
        if retry_after is not None
    ]


def kept(world: World) -> list[tuple[float, float]]:
    """Returns the waits asked for and the waits obeyed, according to the journal."""
    return world.ask("SELECT retry_after, hold FROM requests WHERE retry_after IS NOT NULL ORDER BY id")


def report(world: World) -> PolitenessReport:
    with reading(world.database) as db:
        return report_politeness(find_politeness(db, was_in_quiet_hours), world.config(), world.time.at)


def holds_the_truth(world: World) -> bool:
    return dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }


# ---------------------------------------------------------------- any status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 451, 500, 502, 503, 504])
@pytest.mark.parametrize("target", ["robots", "page=1$", PAGES])
def test_a_wait_is_obeyed_after_any_refusal(world: World, status: int, target: str) -> None:
    world.server.faults = on(target, refuse(status, "40"), times=1)
    world.run(Backfill())
    if waits(world) == [float("inf")]:  # the refusal has ended the run
        assert world.time.at < BEGAN + timedelta(seconds=40)
        world.run(Backfill())
    (wait,) = waits(world)
    assert 40 <= wait < 42
    assert kept(world) == [(40, 40)]
    its = report(world)
    assert (its.holds, its.holds_kept, its.holds_shortened, its.broken) == (1, 1, 0, ())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_wait_is_obeyed_before_a_redirect_is_followed(world: World, status: int) -> None:
    there = world.site.listed()[0].address
    headers = (("Location", f"{there}?displaypref=1"), ("Retry-After", "40"))
    world.server.faults = on(f"{there}$", Respond(status, headers), times=1)
    assert world.run(Backfill()).state == "complete"
    place = world.targets().index(there)
    assert world.targets()[place + 1] == f"{there}?displaypref=1"
    (wait,) = waits(world)
    assert 40 <= wait < 42
    assert holds_the_truth(world)


@pytest.mark.parametrize("target", ["robots", "page=1$", PAGES])
@pytest.mark.parametrize("broken", [False, True])
def test_a_wait_is_obeyed_after_a_page_and_after_one_that_broke_off(world: World, target: str, *, broken: bool) -> None:
    world.server.faults = on(target, With((("Retry-After", "40"),), broken), times=1)
    assert world.run(Backfill()).state == "complete"
    (wait,) = waits(world)
    assert 40 <= wait < 42
    assert holds_the_truth(world)


def test_a_wait_is_obeyed_after_a_304_answer(world: World) -> None:
    world.run(Backfill())
    world.time.at += timedelta(days=200)
    world.server.faults = on(PAGES, With((("Retry-After", "3600"),)))
    world.run(Sync())
    assert (304, 3600, 120) in world.ask("SELECT status, retry_after, hold FROM requests WHERE retry_after > 0")
    assert set(kept(world)) == {(3600, 120)}
    assert min(waits(world)) >= 120


@pytest.mark.parametrize("status", [403, 500, 502])
def test_a_long_wait_ends_the_run_blames_no_unrequested_decision_and_binds_the_next_run(
    world: World, status: int
) -> None:
    world.server.faults = on(PAGES, refuse(status, "7200"), times=1)
    ran = world.run(Backfill())
    assert ran.exit_code == 10
    assert "2026-11-02T14:00:00Z" in ran.message
    assert world.time.at < BEGAN + timedelta(seconds=120)
    seen = len(world.targets())
    assert world.ask("SELECT count(*) FROM queue WHERE attempts > 0")[0] <= 1
    world.time.at += timedelta(minutes=90)
    assert world.run(Sync()).exit_code == 10
    assert len(world.targets()) == seen
    world.time.at = BEGAN + timedelta(hours=26)
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)
    its = report(world)
    assert (its.holds, its.holds_kept, its.broken) == (1, 1, ())


# ---------------------------------------------------------------- answers for one address


@pytest.mark.parametrize("most", [120, 33.3, 0])
@pytest.mark.parametrize("status", [404, 410])
def test_a_wait_on_each_404_slows_a_run_and_does_not_end_it(world: World, status: int, most: float) -> None:
    gone = [sample.address for sample in world.site.listed()[:3]]
    world.server.faults = Script(*(on(f"{address}$", refuse(status, "3600")) for address in gone))
    ran = world.run(Backfill(), fetch__retry_wait_most=most)
    assert "asked for no requests" not in ran.message
    assert world.ask("SELECT count(*) FROM decisions") == [5], "all others are stored"
    assert kept(world)
    assert set(kept(world)) == {(3600, most)}
    assert [wait for wait in waits(world) if (wait != float("inf")) and not (most <= wait < most + 2)] == []
    world.time.at += timedelta(hours=1)
    its = report(world)
    assert its.holds == its.holds_kept == its.holds_shortened == len(kept(world))
    assert (its.holds_capped, its.broken) == (0, ())
    assert f"{its.holds} kept; {its.holds} for one address only, and shortened to retry_wait_most" in "\n".join(
        its.lines()
    )


def test_a_wait_on_each_redirect_and_page_slows_a_run_and_does_not_end_it(world: World) -> None:
    year = ("Retry-After", str(365 * 86_400))
    first = world.site.listed()[0].address
    world.server.faults = Script(
        on(f"{first}$", Redirect(f"{first}?displaypref=1")), on(PAGES, With((year,))), on("page=", With((year,)))
    )
    assert world.run(Backfill()).state == "complete"
    assert set(kept(world)) == {(365 * 86_400, 120)}
    assert min(waits(world)) >= 120
    assert holds_the_truth(world)
    world.time.at += timedelta(hours=1)
    assert report(world).broken == ()


def test_shortened_waits_are_summed_up_with_their_day(world: World) -> None:
    gone = world.site.listed()[0].address
    world.server.faults = on(f"{gone}$", refuse(404, "3600"))
    world.run(Backfill())
    before = report(world)
    world.server.faults = None
    world.time.at += timedelta(days=100)
    world.run(Sync())
    assert world.ask("SELECT sum(holds), sum(holds_shortened) FROM request_days") == [(before.holds,) * 2]
    after = report(world)
    assert after.holds == after.holds_kept == after.holds_shortened == before.holds > 0


# ---------------------------------------------------------------- any form


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [429, 503, *(pytest.param(n, marks=pytest.mark.thorough) for n in (403, 500))])
@pytest.mark.parametrize(
    "ahead",
    [timedelta(), timedelta(hours=5), -timedelta(hours=5), timedelta(days=9_000), -timedelta(days=9_000)],
    ids=["same", "ahead", "behind", "years ahead", "years behind"],
)
def test_a_retry_date_is_compared_with_the_clock_of_the_site(
    world: World, form: str, status: int, ahead: timedelta
) -> None:
    answers: list[str] = []

    def later(request: Request) -> Fault | None:
        if answers or not request.target.startswith("/decisions/"):
            return None
        theirs = world.time.at.replace(microsecond=0) + ahead
        answers.append(request.target)
        return refuse(
            status, (theirs + timedelta(seconds=40)).strftime(FORMS[form]), date=theirs.strftime(FORMS["IMF-fixdate"])
        )

    world.server.faults = later
    world.run(Backfill())
    assert kept(world) == [(40, 40)]
    assert waits(world) != [float("inf")]
    assert 40 <= waits(world)[0] < 42


@pytest.mark.parametrize(
    ("values", "wait"),
    [
        (("10", "40"), 40),
        (("40", "10"), 40),
        (("10, 40",), 40),
        (("10", "Mon, 02 Nov 2026 12:00:40 GMT"), 40),
        (("Mon Nov  2 12:00:40 2026", "soon"), 40),
        (("Mon, 02 Nov 2026 12:00:20 GMT, Monday, 02-Nov-26 12:00:40 GMT",), 40),
        (("40.0",), 40),
    ],
)
def test_the_longest_of_several_waits_is_obeyed(world: World, values: tuple[str, ...], wait: float) -> None:
    world.server.faults = on("robots", refuse(503, *values, date=BEGAN.strftime(FORMS["IMF-fixdate"])), times=1)
    assert world.run(Backfill()).state == "complete"
    assert kept(world) == [(wait, wait)]
    assert wait <= waits(world)[0] < wait + 2


@pytest.mark.parametrize("status", [200, 301, 403, 404, 500, 503])
@pytest.mark.parametrize("value", ["120.5", "-5", "soon", "", "9" * 300, "Sunday, 06-Nov-76 08:49:37 GMT", "\xff", ","])
def test_odd_retry_after_values_cause_at_most_a_wait_of_a_day(world: World, status: int, value: str) -> None:
    there = world.site.listed()[0].address
    fault: Fault = refuse(status, value)
    if status == 200:
        fault = With((("Retry-After", value),))
    elif status == 301:
        fault = Respond(301, (("Location", f"{there}?displaypref=0"), ("Retry-After", value)))
    world.server.faults = on(f"{there}$", fault, times=1)
    assert world.run(Backfill()).exit_code in (0, 10, 12)
    assert world.time.at < BEGAN + timedelta(hours=1)
    assert [hold for (_, hold) in kept(world) if not (hold <= 86400)] == []
    for _ in range(3):
        world.time.at += timedelta(days=1, hours=1)
        world.run(Backfill())
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)
    assert report(world).broken == ()


# ---------------------------------------------------------------- a database of before


def test_older_waits_count_as_obeyed_up_to_a_day(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as db, db:
        steps.apply(Database(db), stop_before="m006_holds")
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) "
            "VALUES (1, 'sync', '{}', '2026-10-30', 'running', 1)"
        )
        for number, (at, retry_after) in enumerate(
            [("30T12:00:00", 90_000), ("31T12:00:01", 60), ("31T12:00:50", None)]
        ):
            db.execute(
                "INSERT INTO requests (id, run, at, target, status, received, seconds, attempt, retry_after) "
                "VALUES (?, 1, ?, '/x', 503, 0, 0, 1, ?)",
                (number + 1, f"2026-10-{at}.000Z", retry_after),
            )
    with writing(world.database) as db:
        assert db.execute("SELECT hold FROM requests").fetchall() == [(None,)] * 3
    its = report(world)
    assert (its.holds, its.holds_kept, its.holds_capped, its.holds_shortened) == (2, 1, 1, 0)
