"""Tests the rows for verdicts about decisions that are no longer listed, and how a verdict is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from storage import absences
from storage.absences import Absence, Answered, DepartureVerdict, Ending, Evidence
from storage.writer import writing

AT, LATER = "2026-10-01T06:00:00Z", "2026-10-09T06:00:00Z"
FIRST, LAST = date(2018, 1, 1), date(2018, 12, 31)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database whose ledger proves March and May of 2018, and lists April without proof."""
    with writing(tmp_path / "lgsco.db") as db:
        db.execute(
            "INSERT INTO runs (id, task, arguments, started_at, state, process) VALUES (1, 'sync', '{}', ?, 'x', 1)",
            (AT,),
        )
        for month, days, state in ((3, 31, "proven"), (4, 30, "short"), (5, 31, "proven")):
            db.execute(
                "INSERT INTO windows (first, last, total, listed, state, counted_at, proven_at, unproven_since, asked, "
                "run) VALUES (?, ?, 9, 9, ?, ?, ?, ?, '', 1)",
                (
                    *(f"2018-{month:02}-01", f"2018-{month:02}-{days}", state, AT),
                    *((AT, None) if state == "proven" else (None, AT)),
                ),
            )
        yield db


def store(
    db: sqlite3.Connection,
    reference: str,
    day: str,
    *,
    status: str | None = "published",
    unlisted: bool = False,
    kind: str | None = "statement",
    source: str = "site",
) -> None:
    """Stores a decision that is or was listed on a day."""
    db.execute(
        "INSERT INTO decisions (reference, kind, decision_date, status, source, first_seen, last_seen, updated_at, "
        "text_sha256, normaliser, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'x', '1', 'x')",
        (reference, kind, day, status, source, AT, AT, AT),
    )
    db.execute(
        "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on, unlisted_at) "
        "VALUES (?, '/x', ?, ?, ?, ?)",
        (reference, AT, AT, day, LATER if unlisted else None),
    )


def leave(db: sqlite3.Connection, reference: str, day: str, *, gone: int = 2, ending: str | None = None) -> None:
    """Records an absence of a stored decision."""
    db.execute(
        "INSERT INTO absences (reference, noticed_at, stood_on, run, gone, gone_first_at, next_at, ending, ended_at) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
        (reference, AT, day, gone, AT if gone else None, AT, ending, ending and LATER),
    )


def test_known_statements_are_those_on_proven_dates_with_their_place(db: sqlite3.Connection) -> None:
    store(db, "25 000 001", "2018-03-01")
    store(db, "25 000 002", "2018-03-31", unlisted=True)
    store(db, "25 000 003", "2018-05-01", unlisted=True, status="gone")
    store(db, "25 000 004", "2018-05-31", unlisted=True, status="expired")
    store(db, "25 000 005", "2018-05-31", unlisted=True, status="withdrawn")
    found = {one.reference: (one.decided, one.place) for one in absences.find_statements(db, FIRST, LAST)}
    assert found == {
        "25 000 001": (date(2018, 3, 1), "listed"),
        "25 000 002": (date(2018, 3, 31), "unlisted"),
        "25 000 003": (date(2018, 5, 1), "gone"),
        "25 000 004": (date(2018, 5, 31), "gone"),
        "25 000 005": (date(2018, 5, 31), "withdrawn"),
    }
    within = absences.find_statements(db, date(2018, 3, 31), date(2018, 5, 1))
    assert sorted(one.reference for one in within) == ["25 000 002", "25 000 003"]


def test_reports_imports_and_dates_without_proof_are_not_counted(db: sqlite3.Connection) -> None:
    store(db, "25 000 001", "2018-03-02", kind="report")
    store(db, "25 000 002", "2018-03-02", kind=None)
    store(db, "25 000 003", "2018-03-02", source="import", status=None)
    for number, day in enumerate(("2018-02-28", "2018-04-01", "2018-04-30", "2018-06-01"), 4):
        store(db, f"25 000 00{number}", day)
    assert absences.find_statements(db, FIRST, LAST) == []


def test_departed_decisions_are_those_just_found_gone_or_gone_for_an_unknown_reason(
    db: sqlite3.Connection,
) -> None:
    rows: list[tuple[str, str, Ending | None]] = [
        ("25 000 001", "published", None),
        ("25 000 002", "published", None),
        ("25 000 003", "gone", "gone"),
        ("25 000 004", "expired", "expired"),
        ("25 000 005", "withdrawn", "withdrawn"),
        ("25 000 006", "published", "gone"),  # its page was fetched since then
    ]
    for reference, status, ending in rows:
        store(db, reference, "2018-03-02", status=status, unlisted=True)
        leave(db, reference, "2018-03-02", ending=ending)
    assert [one.reference for one in absences.find_departed(db, {"25 000 001"})] == ["25 000 001", "25 000 003"]
    absences.record_return(db, "25 000 003", LATER)
    assert [one.reference for one in absences.find_departed(db, set())] == []


def test_a_verdict_is_stored_again_only_if_it_or_its_evidence_differs(db: sqlite3.Connection) -> None:
    store(db, "25 000 001", "2018-03-02", unlisted=True)
    leave(db, "25 000 001", "2018-03-02")
    (departed,) = absences.find_departed(db, {"25 000 001"})

    def record(ending: Ending, gone: int, at: str) -> tuple[str, str, str, str, int]:
        evidence = Evidence(3_000, 3_010, 30, gone, 30 - gone)
        absences.record_verdict(db, departed, DepartureVerdict(ending, evidence), at)
        (row,) = db.execute(
            "SELECT d.status, a.ending, a.ended_at, a.judged_at, a.as_old_gone FROM absences AS a "
            "JOIN decisions AS d USING (reference)"
        )
        return row  # type: ignore[no-any-return]

    first, second, third, fourth = (f"2026-10-{day}T06:00:00Z" for day in (10, 11, 12, 13))
    assert record("gone", 3, first) == ("gone", "gone", first, first, 3)
    assert record("gone", 3, second) == ("gone", "gone", first, first, 3)
    assert record("gone", 4, third) == ("gone", "gone", first, third, 4)
    assert record("expired", 30, fourth) == ("expired", "expired", first, fourth, 30)


def test_no_instant_of_an_absence_is_before_its_first_after_the_clock_was_set_back(db: sqlite3.Connection) -> None:
    key, earlier = "25 000 001", "2026-10-01T05:50:00Z"
    store(db, key, "2018-03-01", unlisted=True)
    leave(db, key, "2018-03-01", gone=1)
    absence = Absence(key, AT, date(2018, 3, 1), 1, AT, "/x")
    absences.record_answer(db, absence, Answered("the page is gone", 404), at=earlier, next_at=LATER, gone=True)
    departed = absences.find_departed(db, [key])[0]
    absences.record_verdict(db, departed, DepartureVerdict("gone", Evidence(0, 0, 0, 0, 0)), earlier)
    absences.record_return(db, key, earlier)
    assert db.execute("SELECT gone_first_at, gone_last_at, ended_at, returned_at FROM absences").fetchall() == [
        (AT, AT, AT, AT)
    ]
