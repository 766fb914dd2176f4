"""Tests when the status report calls an archive stale, a daemon running and a run died, and what it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.config import Cadence, Schedule
from ingest.crawling.windows import EVERYTHING
from ingest.reports.daemon_state import has_blocked_syncs, is_missing, is_running
from ingest.reports.disk import Disk
from ingest.reports.fill import estimate_fill
from ingest.reports.status import StatusReport, hours_since, is_stale, mark_died, report_status
from ingest.reports.template_changes import change_json, describe_change
from storage.checkpoint import LogState
from storage.claims import Counts
from storage.findings import OddCount, Unreadable
from storage.lock import Holder
from storage.model import Edit, Intent, IntentState
from storage.queue import Failure
from storage.reports import StatusRows
from storage.runs import Run
from storage.status import Canary, Daemon, Gone, Holdings, Unexplained
from storage.templates import ChangeRow, TemplateChange
from support.claims import claim_rows, intent, proof, window

DISK = Disk(3_000_000, 5_000_000_000, LogState(Path("lgsco.db-wal"), 0, 256_000_000))
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NEXT = "2026-11-03T07:30:00Z"
HOLDINGS = Holdings(
    decisions=1_234,
    from_site=1_200,
    from_imports=34,
    revisions=1_300,
    pages=1_400,
    oldest="2018-04-01",
    newest="2026-10-30",
    waiting=12,
    failed=11,
    excluded=2,
    unproven=1,
)


def stamp(ago: timedelta) -> str:
    return (NOW - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def daemon(silent: timedelta = timedelta(), stopped_at: str | None = None) -> Daemon:
    return Daemon(77, "2026-11-01T00:00:00Z", stamp(silent), "2026-11-02T19:30:00Z", stopped_at)


def run(number: int, state: str = "complete", process: int = 500, message: str | None = None) -> Run:
    return Run(number, "sync", {}, f"2026-11-0{number}T07:30:00Z", None, state, None, message, {}, process)


def failure(number: int, state: str = "failed") -> Failure:
    error = "the site answers 500"
    return Failure(f"25 000 {number:03}", "/decisions/x", state, 3, NEXT, "ServerError", error)


def unexplained(number: int) -> Unexplained:
    return Unexplained(f"25 000 {number:03}", "2026-10-01T07:30:00Z", "the site answers 500", NEXT)


def report(
    *,
    processes: Collection[int] = (),
    stale_hours: float = 100,
    expect_daemon: bool = False,
    daemon_lives: bool = True,
    next_sync: Callable[[datetime], str | None] = lambda _: NEXT,
    holder: Holder | None = None,
    disk: Disk = DISK,
    fill: str = "auto",
    **rows: Any,
) -> StatusReport:
    """Makes the report of an archive without problems, except for the given rows."""
    calm: dict[str, Any] = {
        "holdings": HOLDINGS,
        "claim": claim_rows(),
        "failures": [],
        "gone": Gone(0, 0, 0, 0, 0),
        "unexplained": [],
        "canary": Canary("2026-11-02T07:31:00Z", None, "its page parses"),
        "daemon": None,
        "runs": [],
        "last_success": stamp(timedelta(hours=4)),
        "last_sync_by_hand": None,
    }
    return report_status(
        StatusRows(**{**calm, **rows}),
        database="lgsco.db",
        schedule=Schedule(stale_hours=stale_hours, expect_daemon=expect_daemon, fill=fill),
        daemon_lives=daemon_lives,
        now=NOW,
        today=NOW.date(),
        cadence=Cadence(),
        next_sync=next_sync,
        process_exists=lambda process: process in processes,
        holder=holder,
        disk=disk,
    )


# ---------------------------------------------------------------- decisions


def test_hours_since_counts_from_the_last_success() -> None:
    assert hours_since(stamp(timedelta(hours=2, minutes=30)), NOW) == 2.5
    assert hours_since(None, NOW) is None


def test_an_archive_is_stale_after_its_hours_or_without_a_success() -> None:
    assert is_stale(None, 100)
    assert not is_stale(100.0, 100)
    assert is_stale(100.01, 100)


def test_a_daemon_runs_until_its_heartbeat_is_five_minutes_old() -> None:
    assert is_running(daemon(timedelta(seconds=299)), NOW)
    assert not is_running(daemon(timedelta(seconds=300)), NOW)


def test_a_daemon_that_recorded_its_stop_does_not_run() -> None:
    assert not is_running(daemon(stopped_at=stamp(timedelta(seconds=1))), NOW)


MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize("expected", [False, True])
def test_a_daemon_that_ended_without_a_stop_is_missing_after_ten_minutes(expected: bool) -> None:
    assert not is_missing(daemon(), NOW, None, expected=expected)
    assert not is_missing(daemon(10 * MINUTE), NOW, None, expected=expected)
    assert is_missing(daemon(10 * MINUTE + SECOND), NOW, None, expected=expected)
    assert is_missing(daemon(timedelta(days=400)), NOW, None, expected=expected)
    assert not is_missing(daemon(-MINUTE), NOW, None, expected=expected), "by a clock that was ahead"


@pytest.mark.parametrize("expected", [False, True])
def test_a_later_sync_by_hand_excuses_a_missing_daemon(expected: bool) -> None:
    silent = daemon(60 * MINUTE)
    assert is_missing(silent, NOW, stamp(61 * MINUTE), expected=expected), "it succeeded before"
    assert is_missing(silent, NOW, stamp(60 * MINUTE), expected=expected)
    assert not is_missing(silent, NOW, stamp(59 * MINUTE), expected=expected)


@pytest.mark.parametrize("expected", [False, True])
def test_a_daemon_that_recorded_its_stop_is_not_missing(expected: bool) -> None:
    stopped = daemon(timedelta(days=9), stopped_at=stamp(timedelta(days=9)))
    assert not is_missing(stopped, NOW, None, expected=expected)


def test_a_daemon_that_never_ran_is_missing_only_where_one_is_expected() -> None:
    for sync_by_hand in (None, stamp(MINUTE)):
        assert not is_missing(None, NOW, sync_by_hand, expected=False)
        assert is_missing(None, NOW, sync_by_hand, expected=True)


def test_only_a_running_run_without_its_process_has_died() -> None:
    runs = [run(4, "running", process=1), run(3, "running", process=2), run(2, "complete", process=1)]
    marked = mark_died(runs, {2}.__contains__)
    assert [(one.id, one.state) for one in marked] == [(4, "died"), (3, "running"), (2, "complete")]


# ---------------------------------------------------------------- staleness and the daemon, as shown


def test_a_fresh_archive_is_not_stale_and_shows_its_age_in_hours() -> None:
    fresh = report(last_success=stamp(timedelta(hours=4)))
    assert fresh.stale is False
    assert fresh.lines()[-1] == "last sync, or backfill of the last 120 days, that ended without a failure: 4 hours ago"


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-30), "0 hours ago"),
        (timedelta(minutes=-10), f"at {stamp(timedelta(minutes=-10))}, which is in the future: the clock was set back"),
        (timedelta(hours=-24), f"at {stamp(timedelta(hours=-24))}, which is in the future: the clock was set back"),
    ],
)
def test_a_success_in_the_future_is_given_as_an_instant(ago: timedelta, words: str) -> None:
    ahead = report(last_success=stamp(ago))
    assert ahead.stale is False
    assert ahead.lines()[-1] == f"last sync, or backfill of the last 120 days, that ended without a failure: {words}"


def test_a_stale_archive_is_reported_with_the_limit() -> None:
    old = report(last_success=stamp(timedelta(hours=101)), stale_hours=100)
    assert old.stale is True
    assert (
        old.lines()[-1]
        == "last sync, or backfill of the last 120 days, that ended without a failure: 101 hours ago, more than 100: "
        "STALE; `lgsco sync` looks for new decisions"
    )


def test_an_archive_without_a_success_is_stale() -> None:
    empty = report(last_success=None)
    assert (empty.stale, empty.as_json()["last_success"]) == (True, None)
    assert (
        empty.lines()[-1]
        == "last sync, or backfill of the last 120 days, that ended without a failure: never: STALE; `lgsco sync` "
        "looks for new decisions"
    )


def test_a_stale_demo_names_no_sync_because_its_site_ran_only_as_long_as_the_demo() -> None:
    demo = claim_rows()._replace(is_demo=True)
    assert report(claim=demo, last_success=None).lines()[-1].endswith(": never: STALE")
    late = report(claim=demo, last_success=stamp(timedelta(hours=101))).lines()[-1]
    assert late.endswith(" 101 hours ago, more than 100: STALE")


def test_the_next_sync_of_a_running_daemon_is_its_own_plan() -> None:
    def fail(_: datetime) -> str:
        raise AssertionError("a crontab line that is wrong by now does not matter to a daemon that runs")

    shown = report(daemon=daemon(), next_sync=fail)
    assert (shown.daemon_runs, shown.next_sync) == (True, "2026-11-02T19:30:00Z")
    line = f"daemon: process 77, last heartbeat {stamp(timedelta())}, next sync 2026-11-02T19:30:00Z"
    assert shown.lines()[-2] == line


def test_a_daemon_that_was_killed_just_now_does_not_run() -> None:
    assert not report(daemon=daemon(), daemon_lives=False).daemon_runs


@pytest.mark.parametrize(
    "gone",
    [daemon(timedelta(minutes=10)), daemon(stopped_at="2026-11-02T11:59:00Z")],
    ids=["silent for ten minutes", "stopped"],
)
def test_the_timetables_next_sync_is_shown_where_a_daemon_ran_before(gone: Daemon) -> None:
    shown = report(daemon=gone)
    assert (shown.daemon_runs, shown.next_sync) == (False, NEXT)
    assert shown.lines()[-2] == f"daemon: not running; the timetable's next sync would be {NEXT}"
    assert shown.as_json()["daemon"] is not None, "the JSON has the state of the last daemon"


def test_the_timetable_is_read_from_now_on() -> None:
    stopped = daemon(stopped_at="2026-11-02T11:59:00Z")
    assert report(daemon=stopped, next_sync=lambda after: f"after {after}").next_sync == f"after {NOW}"


def test_the_report_gives_the_last_success_the_uuid_and_whether_a_daemon_continues_backfills() -> None:
    shown = report(uuid="0b50cbd0", daemon=daemon())
    assert (shown.uuid, shown.as_json()["uuid"]) == ("0b50cbd0", "0b50cbd0")
    assert shown.as_json()["last_success"] == stamp(timedelta(hours=4))
    assert (shown.claim.daemon_runs, report().claim.daemon_runs) == (True, False)


def test_no_next_sync_is_named_where_no_daemon_ever_ran() -> None:
    def fail(_: datetime) -> str | None:
        raise AssertionError("the timetable need not be read")

    shown = report(daemon=None, next_sync=fail)
    assert (shown.next_sync, shown.as_json()["daemon"]) == (None, None)
    assert shown.lines()[-2] == "daemon: not running; `lgsco daemon` runs sync by the timetable"
    assert report(daemon=None, expect_daemon=True).next_sync == NEXT


def test_a_missing_daemon_is_reported_with_what_to_do() -> None:
    at = stamp(timedelta(hours=1))
    killed = report(daemon=daemon(timedelta(hours=1)))
    assert (killed.daemon_missing, killed.as_json()["daemon_missing"], killed.stale) == (True, True, False)
    assert killed.lines()[-2] == (
        f"daemon: not running: its last heartbeat was at {at}, and it recorded no stop; start `lgsco daemon` again, or "
        f"run `lgsco sync`; the timetable's next sync would be {NEXT}"
    )
    never = report(expect_daemon=True)
    assert never.daemon_missing
    assert "not running: none ever ran on this database, and [schedule] expect_daemon is set" in never.lines()[-2]
    stopped = report(expect_daemon=True, daemon=daemon(timedelta(hours=1), stopped_at=at))
    assert (stopped.daemon_missing, stopped.lines()[-2].startswith("daemon: not running; the")) == (False, True)
    made_up_for = report(daemon=daemon(timedelta(hours=1)), last_sync_by_hand=stamp(timedelta(minutes=5)))
    assert (made_up_for.daemon_missing, made_up_for.as_json()["daemon_missing"]) == (False, False)
    assert made_up_for.lines()[-2].startswith("daemon: not running; the timetable")


# ---------------------------------------------------------------- what is named and what is counted


def test_ten_failures_are_named_and_excluded_ones_are_not_among_them() -> None:
    rows = [failure(0, "excluded"), *(failure(number) for number in range(1, 13))]
    shown = report(failures=rows)
    lines = shown.lines()
    assert lines[2] == "waiting to be fetched: 12; of them failed so far: 11"
    assert lines[3] == f"  25 000 001 (3 tries, next {NEXT}): the site answers 500"
    assert lines[12].startswith("  25 000 010 ")
    assert lines[13:15] == [
        "  … and 2 more; --json names them",
        "excluded (listed, and cannot be fetched or parsed): 2",
    ]
    assert "25 000 000" not in "\n".join(lines)
    assert [one["reference"] for one in shown.as_json()["failures"]] == [f"25 000 {n:03}" for n in range(13)]


def test_the_claim_about_requested_dates_is_shown_and_the_json_has_its_unproven_ranges() -> None:
    ledger = [proof("2026-10-01", "2026-10-31"), proof("2026-11-01", "9999-12-31", "short")]
    shown = report(claim=claim_rows(ledger))
    start = shown.lines().index(str(shown.claim.sentences()[0]))
    assert shown.lines()[start : start + len(shown.claim.sentences())] == shown.claim.sentences()
    assert shown.as_json()["unproven"] == [{"first": "2026-11-01", "last": "9999-12-31", "state": "short"}]


@pytest.mark.parametrize(
    ("last", "since", "overdue"),
    [
        ("9999-12-31", "2026-10-26T12:00:00Z", False),
        ("9999-12-31", "2026-10-25T12:00:00Z", True),
        ("2026-06-01", "2026-10-03T12:00:00Z", False),
        ("2026-06-01", "2026-10-02T12:00:00Z", True),
        ("2024-01-01", "2026-08-04T12:00:00Z", False),
        ("2024-01-01", "2026-08-03T12:00:00Z", True),
    ],
)
def test_a_range_that_is_unproven_for_longer_than_its_cadence_makes_the_archive_stale(
    last: str, since: str, *, overdue: bool
) -> None:
    ledger = replace(proof("2023-12-01", last, "short"), unproven_since=since)
    shown = report(claim=claim_rows([ledger]))
    assert shown.stale is overdue
    assert any("for longer than [cadence] allows: 1: STALE" in line for line in shown.lines()) is overdue


@pytest.mark.parametrize(("state", "overdue"), [("interrupted", True), ("running", True), ("paused", False)])
def test_the_rest_of_a_backfill_is_overdue_unless_the_user_paused_it(state: IntentState, *, overdue: bool) -> None:
    ledger = replace(proof("2023-12-01", "2024-01-01", "unseen"), unproven_since="2026-01-01T12:00:00Z")
    shown = report(claim=claim_rows([ledger], [intent("2023-12-01", "2024-01-01", state)]))
    assert shown.stale is overdue


def test_five_overdue_ranges_are_named_and_the_json_names_all() -> None:
    months = [f"2023-{month:02}" for month in range(1, 8)]
    ledger = [
        replace(proof(f"{month}-01", f"{month}-02", "short"), unproven_since="2024-01-01T12:00:00Z") for month in months
    ]
    shown = report(claim=claim_rows(ledger, [intent(f"{month}-01", f"{month}-02") for month in months]))
    start = shown.lines().index("date ranges unproven for longer than [cadence] allows: 7: STALE")
    assert shown.lines()[start + 1] == "  2023-01-01 to 2023-01-02: short"
    assert [line[2:12] for line in shown.lines()[start + 1 : start + 6]] == [f"{month}-01" for month in months[:5]]
    assert shown.lines()[start + 6] == "  … and 2 more; `lgsco coverage` shows them"
    ranges = shown.as_json()["overdue"]
    assert len(ranges) == 7
    assert ranges[6] == {"first": "2023-07-01", "last": "2023-07-02", "state": "short"}


def test_a_failure_without_a_message_is_named_without_one() -> None:
    silent = failure(1)._replace(error=None)
    assert f"  25 000 001 (3 tries, next {NEXT}): " in report(failures=[silent]).lines()


def test_suppressed_and_held_back_decisions_and_template_changes_are_shown() -> None:
    change = TemplateChange(
        *(3, "template", NEXT, NEXT, NEXT, "statement", "25 004 901", "2025-10-06", "-Back to top"),
        edits=frozenset({Edit("removed", "Back to top")}),
    )
    row = ChangeRow(change, waiting=4, new=2, amended=(), asked=0, same=0)
    shown = report(holdings=HOLDINGS._replace(suppressed=1_000, held_back=2_000), template_changes=[row])
    lines = shown.lines()
    assert lines[0] == "lgsco.db: 1,234 decisions, 34 from imports only, 1,000 suppressed"
    start = lines.index("fetched, held back: 2,000 (pending)")
    assert lines[start + 1] == describe_change(row)
    assert shown.as_json()["template_changes"] == [change_json(row)]
    assert "held back" not in "\n".join(report().lines())


def test_ten_unreadable_pages_are_named_and_decisions_of_another_parser_counted() -> None:
    since = "2026-10-01T07:30:00Z"
    pages = [Unreadable(f"25 000 {number:03}", since, stamp(MINUTE), "5", "no title") for number in range(12)]
    odd = [OddCount("unknown header line", 1_200, "25 004 920")]
    shown = report(odd=odd, unreadable=pages, holdings=HOLDINGS._replace(older_parser=1_100))
    start = shown.lines().index("odd: 1,200 decisions (unknown header line), such as 25 004 920")
    assert shown.lines()[start + 1 : start + 15] == [
        "pages that are known not to parse: 12",
        *(f"  25 000 {number:03} (since {since}): no title" for number in range(10)),
        "  … and 2 more; --json names them all",
        "decisions last parsed by another version: 1,100; `lgsco renormalise` parses their stored pages again",
        "canary: last passed 2026-11-02T07:31:00Z",
    ]
    assert [one["reference"] for one in shown.as_json()["unreadable"]] == [f"25 000 {n:03}" for n in range(12)]


def test_five_decisions_that_left_before_they_were_fetched_are_named() -> None:
    shown = report(never_held=[f"25 000 {number:03}" for number in range(7)])
    start = shown.lines().index("  25 000 000 left the site before it was fetched")
    assert shown.lines()[start + 4] == "  25 000 004 left the site before it was fetched"
    assert shown.lines()[start + 5] == "  … and 2 more; --json names them"


def of_the_fill(one: Intent, asked_at: str) -> Intent:
    """Makes a range one of the fill's."""
    return one._replace(kind="fill", asked_at=asked_at)


def test_the_fill_is_reported_by_the_settings_the_archive_and_the_claim() -> None:
    fill = of_the_fill(intent("2021-01-01", "2021-12-31", "running", number=3), "2026-11-01T20:00:00Z")
    others = [
        intent("2020-01-01", "2020-12-31", "interrupted", number=1),
        of_the_fill(intent("2019-01-01", "2019-12-31", number=2), "2026-10-01T20:00:00Z"),
    ]
    stored = {EVERYTHING: Counts(listed=12_000, stored=12_500, excluded=0)}
    rows = claim_rows([], [*others, fill], counts=stored, site_total=(57_500, NEXT))
    shown = report(claim=rows, made_by="init").fill
    assert (shown.mode.is_on, shown.began_at) == (True, "2026-11-01T20:00:00Z")
    assert shown.filling == [window("2021-01-01", "2021-12-31")]
    assert shown.estimate == estimate_fill(57_500, 12_500, Schedule(), 1.0)
    assert shown.expected_end == date(2026, 11, 13), "11 days of 5,000 requests from today"
    assert report(claim=rows, made_by="backfill").fill.mode.is_on is False
    assert report(claim=rows, made_by="init", fill="off").fill.mode.is_on is False


def test_five_unexplained_absences_are_named() -> None:
    lines = report(unexplained=[unexplained(number) for number in range(7)], gone=Gone(7, 0, 0, 0, 0)).lines()
    start = lines.index(
        "no longer listed: 0 expired by age, 0 withdrawn, 0 gone for an unknown reason, 7 not explained yet"
    )
    assert lines[start + 1] == (
        f"  25 000 000 (not listed since 2026-10-01T07:30:00Z, to be requested again {NEXT}): the site answers 500"
    )
    assert lines[start + 6] == "  … and 2 more; --json names them"


def test_five_runs_are_shown_with_their_message_and_json_has_them_all() -> None:
    runs = [run(number, message="5 new" if number == 8 else None) for number in (8, 7, 6, 5, 4, 3)]
    shown = report(runs=runs)
    start = shown.lines().index("last runs:")
    assert shown.lines()[start + 1 : start + 7] == [
        "  2026-11-08T07:30:00Z sync: done: 5 new",
        *(f"  2026-11-0{number}T07:30:00Z sync: done" for number in (7, 6, 5, 4)),
        shown.lines()[-2],
    ]
    assert [one["id"] for one in shown.as_json()["runs"]] == [8, 7, 6, 5, 4, 3]


def test_a_run_that_turned_the_fill_off_is_named_as_the_user_typed_it() -> None:
    turned_off = run(2)._replace(task="switchfill", arguments={"to": "off"})
    shown = report(runs=[turned_off])
    assert "  2026-11-02T07:30:00Z fill off: done" in shown.lines()
    assert shown.as_json()["runs"][0]["task"] == "switchfill"


def test_a_killed_run_is_shown_as_died_in_words_and_in_json() -> None:
    shown = report(runs=[run(2, "running", process=9)], processes=[])
    assert "  2026-11-02T07:30:00Z sync: died" in shown.lines()
    assert shown.as_json()["runs"][0]["state"] == "died"
    alive = report(runs=[run(2, "running", process=9)], processes=[9])
    assert "  2026-11-02T07:30:00Z sync: running" in alive.lines()


@pytest.mark.parametrize(
    ("canary", "words"),
    [
        (Canary(None, None, None), "not checked yet"),
        (Canary("2026-11-02T07:31:00Z", None, "its page parses"), "last passed 2026-11-02T07:31:00Z"),
        (
            Canary("2026-11-01T07:31:00Z", "2026-11-02T07:31:00Z", "a wall"),
            "last passed 2026-11-01T07:31:00Z; failed 2026-11-02T07:31:00Z: a wall",
        ),
        (Canary(None, "2026-11-02T07:31:00Z", None), "not checked yet; failed 2026-11-02T07:31:00Z: "),
    ],
)
def test_the_last_check_of_a_known_decision_is_shown(canary: Canary, words: str) -> None:
    assert f"canary: {words}" in report(canary=canary).lines()


def test_an_empty_archive_shows_dashes_for_its_dates() -> None:
    empty = HOLDINGS._replace(decisions=0, from_imports=0, revisions=0, oldest=None, newest=None)
    assert report(holdings=empty).lines()[:2] == [
        "lgsco.db: 0 decisions, 0 from imports only",
        "decision dates – to –; 0 revisions",
    ]


def test_json_has_the_keys_that_scripts_read() -> None:
    result = report(daemon=daemon(), runs=[run(1)], failures=[failure(1)], unexplained=[unexplained(1)]).as_json()
    assert list(result) == [
        *("database", "uuid", "stale", "last_success", "next_sync", "daemon", "daemon_missing", "lock", "blocked"),
        *("held", "claim", "unproven", "overdue", "fill", "gone", "never_held", "unexplained", "canary", "failures"),
        *("odd", "oddities", "unreadable", "outside_blocks", "template_changes", "runs", "disk"),
    ]
    assert json.loads(json.dumps(result)) == result
    assert result["held"]["decisions"] == 1_234
    assert result["daemon"]["process"] == 77


# ---------------------------------------------------------------- a clock that was set back, a lock that is held


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(days=400)])
def test_a_daemon_with_a_heartbeat_in_the_future_is_missing(ahead: timedelta) -> None:
    result = report(daemon=daemon(-ahead))
    assert (result.daemon_runs, result.daemon_missing) == (False, True)
    assert any(
        "which is in the future: the clock was set back; start `lgsco daemon`" in line for line in result.lines()
    )


def test_a_heartbeat_seconds_ahead_does_not_count_as_a_clock_set_back() -> None:
    result = report(daemon=daemon(-timedelta(seconds=40)))
    assert (result.daemon_runs, result.daemon_missing) == (True, False)
    of_ahead = {ahead: report(daemon=daemon(timedelta(seconds=-ahead))).is_heartbeat_ahead for ahead in (0, 60, 61)}
    assert of_ahead == {0: False, 60: False, 61: True}


def holder(held: timedelta, **more: Any) -> Holder:
    return Holder(4711, "here", "attic", "1", "backfill", stamp(held), **more)


def every_12_hours(after: datetime) -> str:
    due = after.replace(hour=after.hour // 12 * 12, minute=0, second=0) + timedelta(hours=12)
    return due.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("held", "blocked"), [(1, False), (12, False), (13, True), (24, True), (300, True)], ids="{}".format
)
def test_syncs_are_blocked_once_two_were_due_while_the_lock_was_held(held: int, blocked: bool) -> None:
    assert has_blocked_syncs(holder(timedelta(hours=held)), NOW, every_12_hours) is blocked
    result = report(holder=holder(timedelta(hours=held)), next_sync=every_12_hours)
    assert result.is_blocked is result.as_json()["blocked"] is blocked
    (line,) = [line for line in result.lines() if line.startswith("the writer's lock")]
    assert "process 4711, lgsco backfill, has held it since 2026-1" in line
    words = "; two or more syncs were due meanwhile: BLOCKED; end that process or let it finish"
    assert line == f"the writer's lock: {holder(timedelta(hours=held)).describe()}{words if blocked else ''}"


def test_a_free_lock_is_not_shown() -> None:
    result = report()
    assert (result.is_blocked, result.as_json()["lock"]) == (False, None)
    assert not [line for line in result.lines() if "lock" in line]
    assert not has_blocked_syncs(None, NOW, every_12_hours)


def test_a_suspended_holder_of_the_lock_is_shown() -> None:
    result = report(holder=holder(timedelta(hours=1), is_suspended=True))
    assert result.as_json()["lock"] == {
        "process": 4711,
        "host": "attic",
        "doing": "backfill",
        "since": stamp(timedelta(hours=1)),
        "suspended": True,
    }
    assert any("has held it since" in line and "and is suspended" in line for line in result.lines())
