"""Tests what the coverage report calls proven, and which dates and decisions it names."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ingest.reports.coverage import find_gaps, report_coverage
from ingest.reports.gone import describe_gone
from storage.model import Proof, WindowState
from storage.status import Coverage, Gone
from support.claims import AT, claim_rows, proof, window

AS_ON = date(2026, 11, 2)
NONE_GONE = Gone(unexplained=0, expired=0, withdrawn=0, gone=0, never_held=0)


def window_row(proof: Proof, total: int | None = 0, **counts: int) -> dict[str, Any]:
    """Returns the row of the view `coverage` for a window."""
    numbers = dict.fromkeys(("listed", "held", "missing", "failed", "excluded"), 0) | counts
    dates = {"first": str(proof.window.first), "last": str(proof.window.last)}
    return {**dates, "state": proof.state, "total": total, **numbers, "counted_at": proof.counted_at}


def decision_row(reference: str, decided: str = "2026-10-05", **columns: object) -> dict[str, Any]:
    """A row of the view `missing`."""
    row = {"reference": reference, "decision_date": decided, "state": "wanted", "attempts": 0}
    return {**row, "next_at": None, "error": None, **columns}


def coverage_of(*proofs: Proof, gone: Gone = NONE_GONE, **rows: list[dict[str, Any]]) -> Coverage:
    return Coverage(
        proofs=list(proofs),
        windows=[window_row(proof) for proof in reversed(proofs)],
        months={"2026-10": {"listed": 2, "held": 2}} if proofs else {},
        missing=rows.get("missing", []),
        excluded=rows.get("excluded", []),
        gone=gone,
        claim=claim_rows(proofs),
    )


# ---------------------------------------------------------------- gaps of the ledger


def test_a_ledger_of_adjoining_windows_has_no_gap() -> None:
    assert find_gaps([proof("2026-01-01", "2026-01-31"), proof("2026-02-01", "2026-02-28")]) == []


def test_one_day_between_two_windows_is_a_gap() -> None:
    ledger = [proof("2026-01-01", "2026-01-31"), proof("2026-02-02", "2026-02-28")]
    assert find_gaps(ledger) == [window("2026-02-01", "2026-02-01")]


def test_an_empty_ledger_has_no_gap_and_proves_nothing() -> None:
    assert find_gaps([]) == []
    assert report_coverage(coverage_of(), AS_ON).proven is False


# ---------------------------------------------------------------- what is shown


def test_the_table_shows_windows_and_gaps_newest_first_and_names_open_ends() -> None:
    first, last = proof("0001-01-01", "2026-01-31", "short"), proof("2026-03-01", "9999-12-31", "unknown")
    rows = Coverage(
        proofs=[first, last],
        windows=[
            {**window_row(last, total=None), "counted_at": None},
            window_row(first, total=1_200, listed=1_199, held=1_150, missing=49),
        ],
        months={},
        missing=[],
        excluded=[],
        gone=NONE_GONE,
        claim=claim_rows([first, last]),
    )
    header, *lines = report_coverage(rows, AS_ON).table_lines()
    assert header.split() == [
        *("from", "to", "state", "total", "listed", "held", "missing", "failed", "excluded", "counted")
    ]
    assert [line.split() for line in lines] == [
        ["2026-03-01", "today", "unknown", "?", "0", "0", "0", "0", "0", "never"],
        ["2026-02-01", "2026-02-28", "unseen"],
        ["beginning", "2026-01-31", "short", "1,200", "1,199", "1,150", "49", "0", "0", AT],
    ]
    assert lines[0].index("never") == lines[2].index(AT) == header.index("counted")


def test_a_report_about_some_dates_shows_only_windows_gaps_and_months_that_have_any_of_them() -> None:
    ledger = [proof("2026-01-01", "2026-02-28"), proof("2026-03-03", "2026-05-31"), proof("2026-08-01", "9999-12-31")]
    rows = coverage_of(*ledger)
    report = report_coverage(rows, AS_ON, dates=window("2026-03-02", "2026-07-31"))
    assert [row["first"] for row in report.windows] == ["2026-03-03"]
    assert report.gaps == [window("2026-03-01", "2026-03-02"), window("2026-06-01", "2026-07-31")]
    assert [cell.month for cell in report.calendar.months] == ["2026-03", "2026-04", "2026-05", "2026-06", "2026-07"]
    assert len(report_coverage(rows, AS_ON).windows) == 3


def test_an_empty_ledger_shows_no_table_and_no_calendar_and_names_the_command() -> None:
    assert report_coverage(coverage_of(), AS_ON).lines() == [
        "no longer listed: 0 expired by age, 0 withdrawn, 0 gone for an unknown reason, 0 not explained yet",
        "no decision dates were asked for yet; run `lgsco backfill` or `lgsco sync`.",
        "the archive has 0 decisions of the site; the site's total is not known yet",
    ]


def test_twenty_missing_decisions_are_named_and_one_more_is_counted() -> None:
    rows = [decision_row(f"25 000 {number:03}") for number in range(21)]
    for count, last in ((20, "  25 000 019"), (21, "  … and 1 more; --json names them")):
        lines = report_coverage(coverage_of(missing=rows[:count]), AS_ON).conclusion_lines()
        assert lines[0] == f"missing, by reference: {count}"
        assert lines[1].split() == ["reference", "date", "state", "tries", "next", "try", "reason"]
        assert len([line for line in lines if line.startswith("  25 000")]) == 20
        assert lines[lines.index("") - 1].startswith(last)
        assert len(report_coverage(coverage_of(missing=rows), AS_ON).as_json()["missing"]) == 21


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "not fetched yet"),
        ({"state": "kept"}, "fetched, not parsed yet"),
        ({"state": "failed", "attempts": 2, "error": "the site answers 404"}, "the site answers 404"),
        ({"state": "kept", "error": "no title"}, "no title"),
    ],
)
def test_a_missing_decision_is_shown_with_the_reason(columns: dict[str, Any], reason: str) -> None:
    lines = report_coverage(coverage_of(missing=[decision_row("25 004 920", **columns)]), AS_ON).conclusion_lines()
    assert lines[2].startswith("  25 004 920   2026-10-05  ")
    assert lines[2].endswith(f"  {reason}")


def test_the_columns_of_a_missing_decision_are_below_their_names() -> None:
    next_at = "2026-11-03T06:00:00Z"
    held_back = decision_row("25 004 920", state="held back", attempts=12, next_at=next_at)
    rows = [held_back, decision_row("24 001 411a")]
    assert report_coverage(coverage_of(missing=rows), AS_ON).conclusion_lines()[:5] == [
        "missing, by reference: 2",
        "  reference    date        state      tries  next try              reason",
        f"  25 004 920   2026-10-05  held back     12  {next_at}  fetched, held back: `lgsco template` shows why",
        "  24 001 411a  2026-10-05  wanted         0  –                     not fetched yet",
        "",
    ]


def test_excluded_decisions_are_named_with_what_excludes_them() -> None:
    row = decision_row("25 004 921", state="failed", attempts=3, error="the site answers 410")
    lines = report_coverage(coverage_of(excluded=[row]), AS_ON).conclusion_lines()
    assert lines[0] == "excluded, by reference: listed, and their pages are gone or do not parse: 1"
    assert lines[2].startswith("  25 004 921 ")
    assert lines[2].endswith("  the site answers 410")


@pytest.mark.parametrize("end", ["0001-01-01", "9999-12-31"])
def test_a_decision_dated_by_an_open_windows_end_shows_no_date(end: str) -> None:
    lines = report_coverage(coverage_of(missing=[decision_row("25 004 920", end)]), AS_ON).conclusion_lines()
    assert end not in lines[2]
    assert lines[2].split()[3] == "–"


def test_json_has_every_window_gap_month_and_decision() -> None:
    ledger = proof("2026-10-01", "2026-10-05"), proof("2026-10-08", "9999-12-31", "short")
    missing, excluded = decision_row("25 004 920"), decision_row("25 004 921")
    gone = Gone(unexplained=1, expired=2, withdrawn=3, gone=5, never_held=4)
    report = report_coverage(coverage_of(*ledger, missing=[missing], excluded=[excluded], gone=gone), AS_ON)
    assert report.as_json() == {
        "proven": False,
        "claim": report.claim.as_json(),
        "windows": [
            {**window_row(ledger[1]), "last": "2026-11-02", "ledger_last": "9999-12-31"},
            {**window_row(ledger[0]), "ledger_last": "2026-10-05"},
        ],
        "gaps": [{"first": "2026-10-06", "last": "2026-10-07"}],
        "months": [
            {"month": "2026-10", "state": "unseen", "listed": 2, "held": 2, "missing": 0, "failed": 0, "excluded": 0},
            {"month": "2026-11", "state": "short", "listed": 0, "held": 0, "missing": 0, "failed": 0, "excluded": 0},
        ],
        "missing": [missing],
        "excluded": [excluded],
        "gone": {"unexplained": 1, "expired": 2, "withdrawn": 3, "gone": 5, "never_held": 4},
    }


def test_lines_are_table_then_calendar_then_conclusion() -> None:
    report = report_coverage(coverage_of(proof("2026-10-01", "9999-12-31")), AS_ON)
    lines = report.lines()
    table, conclusion = report.table_lines(), report.conclusion_lines()
    calendar = report.calendar_lines(lambda cell, _: cell)
    assert lines == table + calendar + conclusion
    assert (calendar[0], calendar[-1]) == ("", "")
    assert calendar[2].startswith("2026 ")
    assert any("[proven]" in line for line in report.calendar_lines(lambda _, state: f"[{state}]"))


@pytest.mark.parametrize("daemon_runs", [True, False])
def test_the_claim_knows_whether_a_daemon_continues_interrupted_backfills(daemon_runs: bool) -> None:
    assert report_coverage(coverage_of(), AS_ON, daemon_runs=daemon_runs).claim.daemon_runs is daemon_runs
    assert report_coverage(coverage_of(), AS_ON).claim.daemon_runs is False


def test_describe_gone_mentions_decisions_never_stored_only_where_there_are_any() -> None:
    assert describe_gone(Gone(1_000, 2, 3, 4, 0)) == (
        "no longer listed: 2 expired by age, 3 withdrawn, 4 gone for an unknown reason, 1,000 not explained yet"
    )
    assert describe_gone(Gone(0, 0, 0, 0, 5)).endswith("not explained yet, 5 never fetched")


# ---------------------------------------------------------------- days after today


@pytest.mark.parametrize(
    ("last", "shown", "in_json"),
    [
        ("2026-11-01", "2026-11-01", "2026-11-01"),
        ("2026-11-02", "2026-11-02", "2026-11-02"),
        ("2026-11-03", "today", "2026-11-02"),
        ("2026-12-31", "today", "2026-11-02"),
        ("9999-12-31", "today", "2026-11-02"),
    ],
)
def test_a_row_ends_today_at_the_latest_as_the_claim_does(last: str, shown: str, in_json: str) -> None:
    report = report_coverage(coverage_of(proof("2026-10-01", last)), AS_ON)
    assert report.table_lines()[1].split()[:3] == ["2026-10-01", shown, "proven"]
    (row,) = report.as_json()["windows"]
    assert (row["last"], row["ledger_last"]) == (in_json, last)
    assert str(report.claim).startswith(f"2026-10-01 to {shown}: ")


def test_a_gap_ends_today_and_one_after_today_is_not_shown() -> None:
    ledger = [proof("2026-10-01", "2026-10-05"), proof("2026-12-01", "2026-12-05"), proof("2026-12-09", "2026-12-31")]
    assert report_coverage(coverage_of(*ledger), AS_ON).gaps == [window("2026-10-06", "2026-11-02")]


@pytest.mark.parametrize(
    ("state", "listed", "is_shown"),
    [("proven", 0, False), ("unseen", 0, False), ("proven", 1, True), ("short", 0, True), ("unknown", 0, True)],
)
def test_a_row_that_begins_after_today_is_shown_only_if_the_site_was_asked_about_it(
    state: WindowState, listed: int, is_shown: bool
) -> None:
    later = proof("2026-11-03", "9999-12-31", state)
    rows = coverage_of(proof("2026-10-01", "2026-11-02"), later)
    rows.windows[0]["listed"] = listed
    report = report_coverage(rows, AS_ON)
    lines = [line.split()[:3] for line in report.table_lines()[1:]]
    assert lines == [*([["2026-11-03", "onwards", state]] if is_shown else []), ["2026-10-01", "2026-11-02", "proven"]]
    assert [row["last"] for row in report.windows] == [*(["9999-12-31"] if is_shown else []), "2026-11-02"]
