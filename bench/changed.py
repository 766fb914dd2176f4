"""Work for what changed: the proof after a window and the questions of a sync, in an archive of any size."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.figures import Figure, in_turns, ratios
from ingest.crawling.windows import EVERYTHING
from ingest.fetching.quiet_hours import was_in_quiet_hours
from storage import absences, checks, claims, intents, journal, ledger, pages, queue, runs, templates
from storage.database import atomic
from storage.model import Proof, Window
from storage.writer import writing

_FEW = 3_000
_FIRST = date(2016, 1, 4)
_DAYS = 2_500
"""About the weekdays of ten years."""
_AT, _LATER = "2026-11-02T12:00:00Z", "2026-11-03T12:00:00Z"
_WINDOW_DECISIONS = 360
"""A multiple of the decisions of a day, so that windows are of the same size in each archive."""
_REPEATS = 200
"""Times that a question is asked in a round: one answer is too short to measure."""

_FILL = (
    "CREATE TEMP TABLE numbers AS WITH RECURSIVE n (i) AS "
    "(SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1) "
    "SELECT i, printf('%02d %03d %03d', 16 + i / 1000000, i / 1000 % 1000, i % 1000) AS reference, "
    "date(:first, (i * :days / :count) || ' days') AS day FROM n",
    "INSERT INTO entries (reference, url, kind, first_listed, last_listed, stands_on, unlisted_at) "
    "SELECT reference, '/decisions/' || i, iif(i % 30, 'statement', 'report'), :at, :at, day, iif(i % 10, NULL, :at) "
    "FROM numbers",
    "INSERT INTO decisions (reference, text, decision_date, kind, url, status, first_seen, last_seen, updated_at, "
    "text_sha256, normaliser, source) SELECT reference, 'A text', day, iif(i % 30, 'statement', 'report'), "
    "'/decisions/' || i, 'published', :at, :at, :at, printf('%064d', i), '1', 'site' FROM numbers",
    "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) "
    "SELECT reference, 1, '/decisions/' || i, :at, 'read', 1, zeroblob(400) FROM numbers",
    "INSERT INTO requests (run, at, target, status, received, seconds, attempt) "
    "SELECT 1, strftime('%Y-%m-%dT%H:%M:%S.000Z', '2026-11-01', '-' || (:count - i) || ' seconds'), "
    "'/decisions/' || i, 200, 1, 0.1, 1 FROM numbers",
    # One decision in ten left the site. The reason of 20 of these is not known.
    "INSERT INTO absences (reference, noticed_at, stood_on, run, gone, gone_first_at, next_at, ended_at, ending) "
    "SELECT reference, :at, day, 1, 2, :at, :at, :at, iif(i < 200, 'gone', 'expired') FROM numbers WHERE i % 10 = 0",
    "UPDATE decisions SET status = (SELECT a.ending FROM absences AS a WHERE a.reference = decisions.reference) "
    "WHERE reference IN (SELECT reference FROM absences)",
)


def measure(decisions: int = 200_000, rounds: int = 5) -> list[Figure]:
    """Measures CPU time as ratios of the large archive to one of 3,000, both over the same days, in turns.

    Rows are short, since no question reads texts or pages. A tenth of the decisions has left the site. The claim reads
    a row for each range of the ledger and has no target: it is made once in a run.
    """
    with TemporaryDirectory() as folder, ExitStack() as opened:
        asked = {}
        for count in (_FEW, decisions):
            db = opened.enter_context(writing(Path(folder, f"{count}.db")))
            _fill(db, count)
            asked[count] = _make_questions(db)
        sides = {(name, count): partial(_repeat, asked[count][name]) for name in asked[_FEW] for count in asked}
        spent = in_turns({f"{name} {count}": side for (name, count), side in sides.items()}, rounds)
    return [
        *(
            Figure(
                f"{name}, at {decisions:,} relative to {_FEW:,}",
                ratios(spent[f"{name} {decisions}"], spent[f"{name} {_FEW}"]),
                target=None if name == _CLAIM else 1.2,
                bound="at most",
            )
            for name in asked[_FEW]
        ),
        *(
            Figure(
                f"{name}, CPU at {decisions:,}",
                tuple(seconds / _REPEATS * 1e3 for seconds in spent[f"{name} {decisions}"]),
                "ms",
            )
            for name in asked[_FEW]
        ),
    ]


_CLAIM = "the claim of a run"


def _repeat(ask: Callable[[], object]) -> None:
    for _ in range(_REPEATS):
        ask()


def _fill(db: sqlite3.Connection, count: int) -> None:
    with atomic(db):
        runs.begin_run(db, "backfill", {}, _AT)
        values = {"count": count, "first": str(_FIRST), "days": _DAYS, "at": _AT}
        for statement in _FILL:
            db.execute(statement, values)
        db.execute("DROP TABLE temp.numbers")
        intents.record_finished(db, [EVERYTHING], _AT, 1)
        for window, total in _windows(db):
            ledger.record_window(db, Proof(window, total, total, "short", _AT, _AT, None, ""), 1)
        ledger.prove(db, _AT, 1)


def _windows(db: sqlite3.Connection) -> list[tuple[Window, int]]:
    """Returns windows that cover all dates, each with its number of listed decisions."""
    found: list[tuple[Window, int]] = []
    first, total = EVERYTHING.first, 0
    for text, listed in db.execute("SELECT day, listed FROM listed_days ORDER BY day").fetchall():
        day = date.fromisoformat(text)
        if total >= _WINDOW_DECISIONS:
            found.append((Window(first, day - timedelta(days=1)), total))
            first, total = day, 0
        total += listed
    return [*found, (Window(first, EVERYTHING.last), total)]


def _ask_pages(db: sqlite3.Connection) -> None:
    with atomic(db):
        assert pages.queue_oldest(db, _LATER, 3, _LATER) == 3
        wanted = queue.find_wanted(db, _LATER, [EVERYTHING], 50, rereads=True)
        queue.count_failed_rereads(db)
        queue.remove(db, [one.reference for one in wanted])


def _ask_requests(db: sqlite3.Connection) -> None:
    journal.find_wait(db)
    journal.find_hold(db)
    journal.find_last_robots_request(db)
    journal.count_requests(db, _LATER[:10])
    with atomic(db):
        assert not journal.roll_up_oldest_day(db, "2000-01-01", was_in_quiet_hours)


def _make_questions(db: sqlite3.Connection) -> dict[str, Callable[[], object]]:
    window = next(proof.window for proof in ledger.find_windows(db) if proof.window.first > _FIRST)
    total, random = ledger.count_listed(db, window), Random(1)
    since, everything = Window(_FIRST, EVERYTHING.last), EVERYTHING

    def prove() -> None:
        """Records the walk of a window, as after each window of a backfill, and proves it."""
        with atomic(db):
            ledger.record_window(db, Proof(window, total, total, "short", _AT, _AT, None, ""), 1)
        with atomic(db):
            ledger.prove(db, _LATER, 1)

    def departures() -> None:
        absences.find_due(db, _AT, _LATER)
        absences.find_departed(db, [])

    def known() -> None:
        for reference in checks.choose_known(db, since, 3, random):
            checks.find_known(db, reference)
        templates.find_known(db, "statement", "2020-05-05", 20)

    return {
        "proof after a window": prove,
        "oldest pages and the queue": partial(_ask_pages, db),
        "waits, last and today's requests, roll-up": partial(_ask_requests, db),
        "absences": departures,
        "choice of known decisions": known,
        "totals that the site should state": lambda: ledger.find_expected(db, everything),
        _CLAIM: lambda: claims.find_claim_rows(db, lambda _asked: [everything]),
    }
