"""The site, the clock and one odd page at their worst, together: what none of the tests of each alone had shown."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import Stop
from ingest.config import VERSION
from ingest.errors import Undecodable
from ingest.fetching.throttle import free_at
from ingest.parsing.input_limits import decode
from ingest.run import Backfill, Import, Renormalise, Sync, perform
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.faults import Acts, Answer, BodyReset, Huge, Respond, Truncate, server_error, unavailable
from lgsco.replica.messages import HTML, Request
from lgsco.replica.sample import Sample
from lgsco.replica.script import Chance, catalogue, on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, Instead, Redirect
from storage.database import reading
from storage.writer import writing
from support.politeness import (
    A_RUN,
    BEGAN,
    DAY,
    HOUR,
    LISTING,
    PAGES,
    TwoClocks,
    a_process,
    asked_at,
    emptied,
    gaps,
    told,
)
from support.world import TODAY, Time, World


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Thirty decisions of few words, three of them reports of several chapters."""
    some = list(generate(400, seed=5, first=date(2024, 1, 1), last=date(2026, 9, 10), body=False))
    chaptered = [sample for sample in some if len(sample.chapters) > 1][:3]
    return [*[sample for sample in some if len(sample.chapters) == 1][:27], *chaptered]


@pytest.fixture
def world(tmp_path: Path, time: Time, samples: list[Sample]) -> Iterator[World]:
    time.at = BEGAN
    with serve(Site(samples, today=TODAY, validators=True)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def is_true(world: World) -> bool:
    return dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }


def report(world: World) -> Sample:
    return next(sample for sample in world.site.listed() if len(sample.chapters) > 1)


# ---------------------------------------------------------------- the pace


def test_a_turn_counts_from_when_the_lock_was_had(tmp_path: Path) -> None:
    """Another program holds the file while a turn is taken; a process killed then leaves the whole gap to the next."""
    clocks = TwoClocks()
    with writing(tmp_path / "lgsco.db") as db:
        db.execute(A_RUN)
        waited: list[float] = []

        class Locked:
            """The file, whose lock takes three seconds to have."""

            def __getattr__(self, name: str) -> Any:
                return getattr(db, name)

            def execute(self, sql: str, *values: Any) -> Any:
                if sql == "BEGIN IMMEDIATE" and not waited:
                    clocks.own += 3
                    waited.append(3)
                return db.execute(sql, *values)

        a_process(Locked(), clocks, pace=1).take_turn("/x", 1)  # type: ignore[arg-type]
        assert waited
        began = clocks.own
        a_process(db, clocks, pace=1).take_turn("/y", 1)  # the first one was killed
        assert clocks.own - began >= 1
        (first, second) = [row[0] for row in db.execute("SELECT at FROM requests ORDER BY id")]
    assert first == "2026-11-02T12:00:03.000Z"
    assert second >= "2026-11-02T12:00:04.000Z"


def test_an_answer_that_breaks_off_slows_the_pace_and_is_an_error(world: World) -> None:
    for fault in (Truncate(), BodyReset()):
        seen = len(world.server.log)
        world.server.faults = on(PAGES, fault)
        world.run(Backfill(), fetch__pace=1, fetch__retry_wait=0, fetch__tries=3)
        apart = gaps(asked_at(world)[seen:])
        assert max(apart) >= 30, "one request in so many seconds, where it was one a second"
        world.time.at += DAY
    assert told(world).errors == sum(bool(e) for e in world.ask("SELECT error FROM requests"))
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


@pytest.mark.parametrize("ahead", [30 * DAY, 2 * HOUR])
def test_a_wait_asked_for_while_the_clock_was_ahead_is_over_when_it_is_over(world: World, ahead: timedelta) -> None:
    world.time.at = BEGAN + ahead
    world.server.faults = on("page=1$", unavailable(3_600), times=1)
    assert world.run(Backfill()).state == "incomplete"
    world.time.at = BEGAN  # it is set right
    assert "asked not to be asked before 2026-11-02T13:00:00Z" in world.run(Backfill()).message
    with reading(world.database) as db:
        assert free_at(db, world.config().fetch, world.time.at, world.time.at) <= BEGAN + HOUR + timedelta(seconds=1)
    world.time.at = BEGAN + HOUR + timedelta(seconds=2)
    assert world.run(Backfill()).state == "complete"


def test_a_longer_wait_than_one_of_a_clock_that_was_ahead_is_kept(world: World) -> None:
    world.time.at = BEGAN + 30 * DAY
    world.server.faults = on("page=1$", unavailable(60), times=1)
    assert world.run(Backfill(limit=3)).state == "limited"
    world.time.at = BEGAN
    world.server.faults = on(LISTING, unavailable(7_200), times=1)
    assert world.run(Backfill()).state == "incomplete"
    seen = len(world.server.log)
    world.time.at += timedelta(minutes=10)
    assert world.run(Backfill()).state == "incomplete"
    assert len(world.server.log) == seen
    world.time.at += 2 * HOUR
    ran = world.run(Backfill())
    assert ran.state == "complete", ran.message


def test_a_clock_that_is_set_back_accuses_nobody(world: World) -> None:
    clocks, back = TwoClocks(), []

    def set_back(_request: Request) -> None:
        if len(world.server.log) == 12:
            clocks.ahead -= 5.5
            back.append(1)

    world.server.faults = set_back
    ran = perform(Backfill(), world.config(fetch__pace=1), world.database, clocks.clock(), Stop(), lambda _tally: None)
    assert (ran.state, len(back)) == ("complete", 1)
    its = told(world, fetch__pace=1)
    assert its.broken == ()
    assert its.least_gap is not None
    assert its.least_gap >= 1


def test_what_another_process_asked_meanwhile_counts_for_the_day() -> None:
    db, clocks = emptied(), TwoClocks()
    ours, theirs = (a_process(db, clocks, pace=1, daily_requests=5) for _ in range(2))
    for process in (ours, theirs, theirs, ours):
        process.take_turn("/x", 1)
    (count,) = db.execute("SELECT count(*) FROM requests").fetchone()
    assert count == 4
    ours.take_turn("/x", 1)
    with pytest.raises(Exception, match="the day's 5 requests"):
        theirs.take_turn("/x", 1)


# ---------------------------------------------------------------- robots.txt


def test_a_page_in_place_of_robots_takes_no_rule_away(world: World) -> None:
    forbidden = world.site.listed()[4].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\nCrawl-delay: 5\n"
    world.run(Backfill(limit=2))
    world.server.faults = on("robots", CHALLENGE)
    world.time.at += 3 * DAY
    world.run(Backfill(), fetch__pace=1)
    assert forbidden not in world.targets()
    assert min(gaps(asked_at(world, 2))[1:]) >= 5
    shown = told(world).robots
    assert shown.startswith(f"FORBIDS 1 of 30 pages ({forbidden}), which we do not ask for")
    assert "a page stands in its place" in shown
    world.server.faults = None
    world.site.robots = ""
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert "a page stands" not in told(world).robots


@pytest.mark.parametrize("status", [202, 203, 206, 300])
def test_robots_of_an_odd_status_are_not_none(world: World, status: int) -> None:
    world.server.faults = on("robots", Respond(status, HTML, b"User-agent: *\nDisallow: /\n"))
    assert world.run(Backfill()).exit_code == 10
    assert set(world.targets()) == {"/robots.txt"}
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"


def test_rules_that_forbid_are_asked_for_once_more_before_a_run_ends_at_them(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /\n"
    assert world.run(Backfill()).exit_code == 12
    world.time.at += HOUR
    assert world.run(Backfill()).exit_code == 12
    assert world.targets() == ["/robots.txt"] * 2
    world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    world.time.at += HOUR
    assert world.run(Backfill()).state == "complete"


def test_robots_that_lead_to_another_host_are_none_of_ours_and_nothing_is_asked(world: World) -> None:
    world.server.faults = on("robots", Redirect("https://elsewhere.example/robots.txt"))
    ran = world.run(Backfill())
    assert ran.exit_code == 12
    assert "robots.txt" in ran.message
    assert "known" not in ran.message
    assert set(world.targets()) == {"/robots.txt"}


def test_a_site_that_stands_at_another_address_is_named(world: World) -> None:
    there = world.server.url.replace("http://", "https://")

    def elsewhere(request: Request) -> Redirect:
        return Redirect(f"{there}{request.target}", 301)

    world.server.faults = elsewhere
    assert f"redirected to {there}; set base_url in [site] to that" in world.run(Backfill()).message


def test_dots_in_a_redirect_lead_past_no_rule(world: World) -> None:
    world.site.robots = "User-agent: *\nDisallow: /umbraco/\n"
    world.server.faults = on(world.site.listed()[4].address, Redirect(f"{world.server.url}/x/../umbraco/login"))
    world.run(Backfill())
    assert not [target for target in world.targets() if "umbraco" in target]
    world.server.faults = on(world.site.listed()[4].address, Redirect(f"{world.server.url}/x/../elsewhere"))
    world.time.at += DAY
    world.run(Backfill())
    assert "/elsewhere" in world.ask("SELECT target FROM requests")


# ---------------------------------------------------------------- the account


def test_the_account_says_as_whom_we_asked_and_which_waits_were_too_long_to_keep(world: World) -> None:
    mine = {"site__contact": "me@example.org"}
    world.server.faults = on("page=1$", unavailable(365 * 86_400), times=1)
    world.run(Backfill(), fetch__pace=1, **mine)
    world.time.at += DAY + HOUR
    world.run(Backfill(), fetch__pace=1, **mine, site__user_agent="archive/1 ({contact})")
    its = told(world, fetch__pace=1)
    lgsco = f"lgsco/{VERSION} (archive of published decisions; me@example.org)"
    assert its.user_agents == (lgsco, "archive/1 (me@example.org)")
    shown = "\n".join(its.lines())
    assert f"was asked by {lgsco}, and by archive/1 (me@example.org)" in shown
    assert "asked to wait (Retry-After): 1 time, 1 kept; 1 longer than a day, and asked again after one" in shown
    assert its.as_json()["holds_capped"] == 1


# ---------------------------------------------------------------- chapters


def test_a_chapter_that_is_chapter_1_once_more_is_no_chapter(world: World) -> None:
    its = report(world)
    for fault in (Redirect(its.address), Instead(world.site, its.address)):
        world.server.faults = on(f"{its.address}.chapter=2", fault)
        ran = world.run(Backfill())
        assert ran.exit_code == 10
        assert "chapter 2 is chapter 1 once more" in "\n".join(ran.tally.unread)
        assert world.ask("SELECT count(*) FROM decisions WHERE reference = ?", its.reference) == [0]
        world.time.at += DAY
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


def test_chapters_of_two_versions_are_never_put_together(world: World) -> None:
    its = report(world)
    chapter_2 = on(f"{its.address}.chapter=2", server_error())
    world.server.faults = chapter_2
    assert world.run(Backfill()).exit_code == 10
    world.site.amend(its.reference, dataclasses.replace(its, summary=f"Amended. {its.summary}"))
    world.server.faults = None
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)
    assert world.targets().count(its.address) == 2
    assert world.run(Renormalise()).exit_code == 0


def test_a_chapter_that_failed_just_now_is_asked_for_alone(world: World) -> None:
    its = report(world)
    world.server.faults = on(f"{its.address}.chapter=2", unavailable(600), times=1)
    assert world.run(Backfill()).state == "incomplete"
    world.time.at += timedelta(minutes=11)
    assert world.run(Backfill()).state == "complete"
    assert world.targets().count(its.address) == 1
    assert is_true(world)


# ---------------------------------------------------------------- one page that holds up the others


@pytest.mark.parametrize("place", [0, 12])
def test_a_page_that_asks_for_a_long_wait_holds_up_no_other(world: World, place: int) -> None:
    bad = world.site.listed()[place]
    world.server.faults = on(f"{bad.address}$", unavailable(3_600))
    held = []
    for _ in range(4):
        ran = world.run(Backfill())
        assert ran.exit_code == 10
        held += world.ask("SELECT count(*) FROM decisions")
        world.time.at += DAY
    assert held[-1] == len(world.site) - 1
    (error,) = world.ask("SELECT error FROM queue")
    assert f"{bad.address}: the site answers 503, and the site asked not to be asked before" in error
    world.server.faults = None
    world.time.at += 40 * DAY
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


def test_a_site_that_asks_for_a_long_wait_is_no_pages_fault(world: World) -> None:
    world.server.faults = on(PAGES, unavailable(3_600))
    for _ in range(5):
        assert world.run(Backfill()).exit_code == 10
        world.time.at += 2 * HOUR
    assert world.ask("SELECT DISTINCT attempts FROM queue") == [0]
    world.server.faults = None
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("fault", [Huge(9), unavailable(3_600)])
def test_a_page_of_one_that_left_holds_up_no_sync(world: World, fault: Any) -> None:
    assert world.run(Backfill()).state == "complete"
    gone = [sample for sample in world.site.listed() if sample.kind == "statement"][:3]
    for sample in gone:
        world.site.withdraw(sample.reference)
    world.server.faults = on(f"{gone[1].address}$", fault)
    for _ in range(20):
        last = world.run(Sync(), listing__edge_days=1)
        world.time.at += DAY + HOUR
    assert last.state == "complete" or isinstance(fault, type(unavailable()))
    left = world.ask("SELECT reference FROM decisions WHERE status = 'withdrawn'")
    assert set(left) == {gone[0].reference, gone[2].reference}


# ---------------------------------------------------------------- everything at once


@pytest.mark.parametrize("seed", range(12))
def test_any_faults_at_any_rate_conclude_nothing_false_and_end_complete(world: World, seed: int) -> None:
    """Every kind of fault of the look-alike's catalogue, by chance, day after day."""
    faults = catalogue(world.site, wait=0.001)
    for name in ("cookie needed", "cookie needed, redirect", "huge", "gzip bomb"):  # a state of the site; slow to make
        del faults[name]
    truth = {sample.reference: expected_text(sample) for sample in world.site.listed()}
    met = 0
    for day, rate in enumerate((0.3, 0.05, 0.6, 0.1, 0.02) * 3):
        chance = Chance(100 * seed + day, rate, list(faults.values()))
        world.server.faults = chance
        for task in (Backfill(), Sync()):
            ran = world.run(task, fetch__tries=2)
            assert ran.exit_code in (0, 10, 11, 12), ran.message
            assert ran.exit_code == 0 or ran.message
            held = dict(world.ask("SELECT reference, text FROM decisions"))
            assert held.items() <= truth.items(), "never a word that is not the site's"
            assert ran.exit_code != 0 or held == truth, "complete only where it is"
        met += chance.met
        world.time.at += DAY + HOUR
    assert met >= 20
    assert world.ask("SELECT count(*) FROM decisions WHERE status <> 'published'") == [0]
    world.server.faults = None
    world.time.at += 40 * DAY
    assert world.run(Backfill()).state == "complete"
    assert world.run(Sync()).state == "complete"
    assert is_true(world)
    assert world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL") == [0]


# ---------------------------------------------------------------- what no reader foresaw


def test_bytes_of_two_encodings_are_of_neither() -> None:
    with pytest.raises(Undecodable, match="UTF-8 elsewhere"):
        decode("Mr X’s complaint".encode() + b"\xe9", "iso-8859-1")
    assert decode(b"Mr X\x92s caf\xe9", "iso-8859-1") == "Mr X’s café"


@pytest.mark.parametrize("error", [TypeError("odd"), RecursionError(), ValueError("too many digits")])
def test_a_page_the_reader_fails_on_is_a_failure_of_that_page(
    world: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.lgo import page

    bad = world.site.listed()[3]
    read = page.read

    def fails(body: bytes, *, reference: str | None = None, charset: str | None = None) -> Any:
        if reference == bad.reference:
            raise error
        return read(body, reference=reference, charset=charset)

    monkeypatch.setattr(page, "read", fails)
    ran = world.run(Backfill())
    assert ran.exit_code == 10
    assert world.ask("SELECT count(*) FROM decisions") == [len(world.site) - 1]
    (kind,) = world.ask("SELECT error_kind FROM queue")
    assert kind == "Misread"
    monkeypatch.undo()
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


def test_a_document_the_reader_fails_on_stops_no_import(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.tasks import import_files as documents

    read = documents.read

    def fails(path: Path, *, unclosed: bool) -> Any:
        if path.name == "b.txt":
            raise RecursionError
        return read(path, unclosed=unclosed)

    folder = tmp_path / "papers"
    folder.mkdir()
    for name, sample in zip("abc", world.site.listed(), strict=False):
        (folder / f"{name}.txt").write_text(expected_text(sample), encoding="utf-8")
    monkeypatch.setattr(documents, "read", fails)
    ran = world.run(Import((folder,)))
    assert (ran.exit_code, ran.tally.first, ran.tally.failed) == (10, 2, 1)


@dataclass(frozen=True)
class Cookied:
    """The right answer with a cookie that cannot be sent back."""

    cookie: str

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        yield dataclasses.replace(right, headers=(*right.headers, ("Set-Cookie", self.cookie))).wire


@pytest.mark.parametrize("cookie", ["a=\xe9", "a=é".encode().decode("latin-1"), "a=\x80\x9b", "\xe9=a; Path=/"])
def test_a_cookie_that_cannot_be_sent_back_is_not_taken(world: World, cookie: str) -> None:
    world.server.faults = lambda _request: Cookied(cookie)
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


# ---------------------------------------------------------------- a narrower backfill, a damaged page


def test_a_narrower_backfill_after_a_wider_one_that_was_cut_off_is_complete(world: World) -> None:
    assert world.run(Backfill(limit=4)).state == "limited"
    days = sorted(sample.decision_date for sample in world.site.listed())
    narrow = Backfill(days[5], days[15])
    ran = world.run(narrow)
    assert ran.state == "complete", ran.message
    assert world.run(narrow).state == "complete"
    assert world.run(Backfill()).state == "complete"
    assert is_true(world)


def test_a_damaged_page_stops_no_renormalising(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    bad = world.site.listed()[3].reference
    with closing(sqlite3.connect(world.database)) as db:
        db.execute("UPDATE pages SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE reference = ?", (bad,))
        db.commit()
    ran = world.run(Renormalise())
    assert (ran.exit_code, ran.tally.failed, ran.tally.unchanged) == (10, 1, len(world.site) - 1)
    assert bad in ran.tally.unread[0]
    assert "damaged" in ran.tally.unread[0]
