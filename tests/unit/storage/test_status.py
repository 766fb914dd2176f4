"""Tests that `failed`, `missing` and `excluded` mean the same wherever they are counted."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import pytest

from ingest.crawling.windows import EVERYTHING
from lgsco.web.queries import QUERIES, lgsco_today
from storage import decisions, entries, ledger, queue
from storage.decisions import Reading
from storage.model import Decision, Entry, Line, Proof, Source, Window
from storage.status import count_holdings, find_coverage

AT = "2026-11-02T12:00:00Z"
LATER = "2026-11-20T12:00:00Z"
MONTHS = (Window(date(2025, 4, 1), date(2025, 4, 30)), Window(date(2025, 5, 1), date(2025, 5, 31)))
KEY = "25 000 001"


def url(key: str) -> str:
    return f"/decisions/education/other/{key.replace(' ', '-')}"


def listed(db: sqlite3.Connection, key: str = KEY, window: Window = MONTHS[0], outcome: str = "Upheld") -> None:
    card = Entry(key, url(key), "A Council", outcome, None, window.first, "statement")
    entries.record_listing(db, [card], AT, window, 1)
    total = db.execute(
        "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on = ?", (str(window.first),)
    ).fetchone()[0]
    ledger.record_window(db, Proof(window, total, total, "short", AT, AT, None, "t=both"), 1)


def held(db: sqlite3.Connection, key: str = KEY, window: Window = MONTHS[0], source: Source = "site") -> None:
    line = Line("paragraph", "Words.")
    decision = Decision(key, None, None, None, None, window.first, None, None, (line,), closed=False)
    decisions.record_first(db, [Reading(decision, "Words.", source, AT, "1", url(key))], 1)
    if source == "site":
        queue.remove(db, [key])


def put_off(db: sqlite3.Connection, key: str = KEY) -> None:
    queue.record_postponed(db, key, next_at=LATER, error_kind="Refused", error="the site answers 503")


def blamed(db: sqlite3.Connection, key: str = KEY) -> None:
    queue.record_failure(
        db, key, url(key), at=AT, next_at=LATER, error_kind="Refused", error="the site answers 503", gone=None
    )


def gone(db: sqlite3.Connection, key: str = KEY) -> None:
    """Records that a page was gone often enough, over enough days, to be excluded."""
    for day in (1, 4, 9):
        at = f"2026-11-{day:02}T12:00:00Z"
        queue.record_failure(db, key, url(key), at=at, next_at=LATER, error_kind="Gone", error="404", gone=True)


def changed(db: sqlite3.Connection, key: str = KEY, window: Window = MONTHS[0]) -> None:
    """Lists and stores a decision, and then lists it with another card."""
    listed(db, key, window)
    held(db, key, window)
    listed(db, key, window, outcome="Not upheld")


class Counts(NamedTuple):
    failed: int
    missing: int
    excluded: int


def canned(db: sqlite3.Connection, name: str) -> list[dict[str, Any]]:
    db.create_function("lgsco_today", 0, lgsco_today)
    cursor = db.execute(QUERIES[name].sql, dict.fromkeys(QUERIES[name].fields, ""))
    return [dict(zip([column[0] for column in cursor.description], row, strict=True)) for row in cursor]


def counts(db: sqlite3.Connection) -> Counts:
    """Returns the three numbers, after checking that all places that count one agree."""
    counted = count_holdings(db)
    failures = queue.find_failures(db)
    not_fetched = canned(db, "not_fetched")
    coverage = find_coverage(db, lambda _: [EVERYTHING])
    complete = canned(db, "complete")
    stored = {reference for (reference,) in db.execute("SELECT reference FROM held_from_site")}
    of_month = {row["first"][:7]: row for row in coverage.windows}
    for month, numbers in coverage.months.items():
        names = ("held", "missing", "failed", "excluded")
        assert [numbers[name] for name in names] == [of_month[month][name] for name in names], month
    failed = {
        "status": counted.failed,
        "status, by reference": sum(failure.state == "failed" for failure in failures),
        "windows": sum(row["failed"] for row in coverage.windows),
        "months": sum(month["failed"] for month in coverage.months.values()),
        "view": len(db.execute("SELECT * FROM failures").fetchall()),
        "query of ranges": sum(row["failed"] for row in complete),
        "query of failures": sum(row["state"] == "failed" for row in not_fetched),
    }
    assert len(set(failed.values())) == 1, failed
    missing = {
        "windows": sum(row["missing"] for row in coverage.windows),
        "months": sum(month["missing"] for month in coverage.months.values()),
        "by reference": len(coverage.missing),
        "query": sum(row["state"] != "excluded" for row in canned(db, "what_is_missing")),
    }
    assert len(set(missing.values())) == 1, missing
    excluded = {
        "status": counted.excluded,
        "status, by reference": len(
            {failure.reference for failure in failures if failure.state == "excluded"} - stored
        ),
        "windows": sum(row["excluded"] for row in coverage.windows),
        "months": sum(month["excluded"] for month in coverage.months.values()),
        "by reference": len(coverage.excluded),
    }
    assert len(set(excluded.values())) == 1, excluded
    assert counted.failed <= counted.waiting
    return Counts(counted.failed, missing["windows"], counted.excluded)


# ---------------------------------------------------------------- the meaning, case by case


def test_a_listed_decision_not_requested_yet_is_missing_and_not_failed(db: sqlite3.Connection) -> None:
    listed(db)
    assert counts(db) == Counts(failed=0, missing=1, excluded=0)


@pytest.mark.parametrize("fail", [put_off, blamed])
def test_an_unfetched_decision_is_failed_for_any_cause(
    db: sqlite3.Connection, fail: Callable[[sqlite3.Connection], None]
) -> None:
    listed(db)
    fail(db)
    assert counts(db) == Counts(failed=1, missing=1, excluded=0)
    (failure,) = queue.find_failures(db)
    assert (failure.state, failure.attempts) == ("failed", 0 if fail is put_off else 1)


def test_a_postponed_decision_that_is_due_again_is_still_failed(db: sqlite3.Connection) -> None:
    listed(db)
    put_off(db)
    queue.release(db, [KEY], AT)
    assert counts(db) == Counts(failed=1, missing=1, excluded=0)


def test_a_page_that_is_stored_and_not_parsed_yet_is_not_failed(db: sqlite3.Connection) -> None:
    listed(db)
    put_off(db)
    queue.record_stored(db, KEY)
    assert counts(db) == Counts(failed=0, missing=1, excluded=0)
    assert queue.find_failures(db) == []


def test_a_page_that_could_not_be_parsed_is_failed(db: sqlite3.Connection) -> None:
    listed(db)
    queue.record_stored(db, KEY)
    put_off(db)
    assert counts(db) == Counts(failed=1, missing=1, excluded=0)


def test_an_excluded_decision_stays_excluded_when_the_site_fails_again(db: sqlite3.Connection) -> None:
    listed(db)
    gone(db)
    assert counts(db) == Counts(failed=0, missing=0, excluded=1)
    put_off(db)
    assert counts(db) == Counts(failed=0, missing=0, excluded=1)


def test_a_stored_decision_without_a_page_is_named_and_neither_failed_nor_excluded(db: sqlite3.Connection) -> None:
    changed(db)
    gone(db)
    assert counts(db) == Counts(failed=0, missing=0, excluded=0)
    assert [(failure.reference, failure.state) for failure in queue.find_failures(db)] == [(KEY, "excluded")]


def test_a_stored_decision_with_an_unfetched_change_is_failed_and_not_missing(db: sqlite3.Connection) -> None:
    changed(db)
    assert counts(db) == Counts(failed=0, missing=0, excluded=0)
    put_off(db)
    assert counts(db) == Counts(failed=1, missing=0, excluded=0)


def test_a_listed_import_is_missing_until_it_is_fetched_from_the_site(
    db: sqlite3.Connection,
) -> None:
    held(db, source="import")
    listed(db)
    put_off(db)
    assert counts(db) == Counts(failed=1, missing=1, excluded=0)


def test_an_unlisted_decision_is_neither_failed_nor_missing(db: sqlite3.Connection) -> None:
    listed(db)
    blamed(db)
    entries.record_unlisted(db, MONTHS[0], [], AT, 1)
    assert counts(db) == Counts(failed=0, missing=0, excluded=0)
    assert count_holdings(db).waiting == 0


def test_a_decision_fetched_after_failures_is_not_failed(db: sqlite3.Connection) -> None:
    listed(db)
    blamed(db)
    held(db)
    assert counts(db) == Counts(failed=0, missing=0, excluded=0)


# ---------------------------------------------------------------- any history


STEPS: tuple[Callable[[sqlite3.Connection, str], None], ...] = (
    put_off,
    blamed,
    gone,
    queue.record_stored,
    lambda db, key: queue.release(db, [key], AT),
)


@pytest.mark.parametrize("seed", range(6))
def test_all_counts_agree_after_any_history(db: sqlite3.Connection, seed: int) -> None:
    chance = random.Random(seed)
    seen = set()
    for number in range(1, 13):
        key, window = f"25 000 {number:03}", MONTHS[number % 2]
        chance.choice((listed, changed))(db, key, window)
    for _ in range(60):
        chance.choice(STEPS)(db, f"25 000 {chance.randint(1, 12):03}")
        seen.add(counts(db))
    still = [f"25 000 {number:03}" for number in range(1, 13) if chance.random() < 0.7]
    for window in MONTHS:
        entries.record_unlisted(db, window, still, AT, 1)
    seen.add(counts(db))
    assert all(len(set(values)) > 1 for values in zip(*seen, strict=True)), "a number that never changes tests nothing"
