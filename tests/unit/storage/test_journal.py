"""Tests the journal and the sums of its days."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.fetching.request_journal import format_instant
from storage import journal
from storage.journal import Promise, Robots
from storage.model import Answered
from storage.writer import writing
from support.few_cases import examples
from support.journal import HOURS, alike, roll_up, truth_of
from support.politeness import A_RUN, DAY, TwoClocks, a_process, emptied

ROWS = st.lists(
    st.tuples(
        st.integers(0, 4 * 86_400_000) | st.integers(86_395_000, 86_405_000) | st.integers(0, 90_000),
        st.sampled_from([200, 200, 304, 403, 404, 410, 429, 500, 503, None]),
        st.integers(0, 100_000),
        st.sampled_from([0.0, 0.25, 3.0]),
        st.sampled_from([None, None, None, 0.0, 5.0, 60.0, 90_000.0]),
        st.sampled_from(
            [None, *(Promise(gap, a_day, hours) for gap in (0, 1, 5.5) for a_day in (2, 9) for hours in HOURS)]
        ),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=examples(quick=25, full=60))
@given(ROWS, st.integers(0, 6))
def test_summing_up_does_not_change_the_numbers_of_a_day(
    rows: list[tuple[int, int | None, int, float, float | None, Promise | None]], cut: int
) -> None:
    db = emptied()
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    known = []
    for milliseconds, status, received, seconds, retry_after, promise in rows:
        at = midnight + timedelta(milliseconds=milliseconds)
        request = journal.begin_request(db, 1, format_instant(at), "/x", 1, promise or Promise(1, 1, ""))
        journal.complete_requests(db, [Answered(request, status, received, seconds, None, retry_after)])
        if promise is None:
            db.execute("UPDATE requests SET promise = NULL WHERE id = ?", (request,))
        known.append((at.timestamp(), status, received, seconds, retry_after, promise))
    truth = truth_of(known)
    alike(journal.find_days(db, was_in_quiet_hours), truth)
    before = (midnight + cut * DAY).date().isoformat()
    gone = roll_up(db, before)
    assert gone == sum(day.requests for day in truth if day.day < before)
    assert [row[0] for row in db.execute("SELECT day FROM request_days ORDER BY day")] == [
        day.day for day in truth if day.day < before
    ]
    alike(journal.find_days(db, was_in_quiet_hours), truth)
    assert roll_up(db, before) == 0
    alike(journal.find_days(db, was_in_quiet_hours), truth)


def test_the_site_of_a_file_is_that_of_its_newest_robots_txt(tmp_path: Path) -> None:
    file = tmp_path / "lgsco.db"
    with writing(file) as db:
        assert journal.find_site(file) is None
        for site, at in (("http://127.0.0.1:2", "2026-11-02"), ("http://127.0.0.1:1", "2026-11-01")):
            journal.record_robots(db, Robots(site, f"{at}T12:00:00Z", 200, ""))
    assert journal.find_site(file) == "http://127.0.0.1:2"


def test_a_file_that_cannot_be_read_has_no_site(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_text("no database")
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as db, db:
        db.execute("CREATE TABLE robots (x)")
    assert [journal.find_site(tmp_path / name) for name in ("other.db", "foreign.db", "none.db", ".")] == [None] * 4
    assert not (tmp_path / "none.db").exists()


def test_an_unanswered_request_is_in_the_journal(tmp_path: Path) -> None:
    """As left by a process that was killed while it waited."""
    with writing(tmp_path / "lgsco.db") as db:
        db.execute(A_RUN)
        clocks = TwoClocks()
        a_process(db, clocks, pace=1).begin_request("/x?y", 2)
    with closing(sqlite3.connect(tmp_path / "lgsco.db")) as db:
        assert db.execute("SELECT run, at, target, attempt, status FROM requests").fetchall() == [
            (1, "2026-11-02T12:00:00.000Z", "/x?y", 2, None)
        ]
