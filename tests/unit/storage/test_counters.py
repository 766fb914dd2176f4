"""Tests that the counters are never behind what they count, and that proofs made from them are those of the rows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from storage import ledger
from storage.claims import Counts, count_listed
from storage.counters import check_counters, rebuild_counters
from storage.model import Proof, Window
from storage.runs import begin_run
from storage.writer import writing
from support.few_cases import examples
from support.older_files import create_tables

AT = "2026-11-01T12:00:00Z"
FIRST = date(2026, 1, 1)
DAYS, DECISIONS = 12, 6
EXAMPLES = int(os.environ.get("COUNTER_EXAMPLES") or examples(quick=40, full=120))
"""A thorough run has 5,000."""

numbers, days = st.integers(0, DECISIONS - 1), st.integers(0, DAYS - 1)
steps = st.one_of(
    st.tuples(st.just("list"), numbers, days, st.sampled_from(["statement", "report", None])),
    st.tuples(st.just("move"), numbers, days),
    st.tuples(st.just("unlist"), numbers),
    st.tuples(st.just("delete entry"), numbers),
    st.tuples(st.just("store"), numbers, st.sampled_from(["site", "import"])),
    st.tuples(st.just("replace"), numbers, st.sampled_from(["site", "import"])),
    st.tuples(st.just("delete"), numbers),
    st.tuples(st.just("queue"), numbers, st.sampled_from(["wanted", "kept", "failed", "excluded", None])),
    st.tuples(st.just("hold"), numbers, st.booleans()),
    st.tuples(st.just("fetch"), numbers, days, st.sampled_from(["kept", "read"])),
    st.tuples(st.just("parse"), numbers, st.sampled_from(["read", "unreadable", "held"])),
    st.tuples(st.just("recheck"), numbers, days),
    st.tuples(st.just("walk"), days, days),
    st.tuples(st.just("prove")),
)


WRONG_INSTANTS = (
    "SELECT e.reference, e.page_seen_at FROM entries AS e WHERE e.page_seen_at IS NOT "
    "(SELECT max(coalesce(p.checked_at, p.fetched_at)) FROM pages AS p "
    "WHERE p.reference = e.reference AND p.state <> 'kept')"
)


def reference(number: int) -> str:
    return f"25 000 00{number}"


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


@lru_cache
def make_database() -> bytes:
    """Makes a new database with a run and a template change."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        create_tables(db)
        begin_run(db, "backfill", {}, AT)
        db.execute(
            "INSERT INTO template_changes (id, state, since, found_at, changed_at, run, example, diff) "
            "VALUES (1, 'template', ?, ?, ?, 1, '', '')",
            (AT, AT, AT),
        )
        return db.serialize()


class Play:
    """A database on which steps are played, as any program might make them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        db.deserialize(make_database())

    def do(self, what: str, *values: object) -> None:
        acts: dict[str, Callable[..., object]] = {
            "list": self._list,
            "move": lambda n, to: self._run("UPDATE entries SET stands_on = ? WHERE reference = ?", day(to), n),
            "unlist": lambda n: self._run("UPDATE entries SET unlisted_at = ? WHERE reference = ?", AT, n),
            "delete entry": lambda n: self._run("DELETE FROM entries WHERE reference = ?", n),
            "store": self._store,
            "replace": lambda n, source: self._run("UPDATE decisions SET source = ? WHERE reference = ?", source, n),
            "delete": lambda n: self._run("DELETE FROM decisions WHERE reference = ?", n),
            "queue": self._queue,
            "hold": self._hold,
            "fetch": self._fetch,
            "parse": lambda n, state: self._run(
                "UPDATE pages SET state = ? WHERE state = 'kept' AND reference = ?", state, n
            ),
            "recheck": lambda n, at: self._run("UPDATE pages SET checked_at = ? WHERE reference = ?", day(at), n),
            "walk": self._walk,
            "prove": lambda: ledger.prove(self.db, AT, 1),
        }
        acts[what](*values)

    def _run(self, sql: str, *values: object) -> None:
        self.db.execute(sql, [*values[:-1], reference(int(str(values[-1])))])

    def _list(self, number: int, on: int, kind: str | None) -> None:
        self.db.execute(
            "INSERT INTO entries (reference, url, kind, first_listed, last_listed, stands_on) "
            "VALUES (?1, '/x', ?2, ?3, ?3, ?4) "
            "ON CONFLICT DO UPDATE SET kind = excluded.kind, stands_on = excluded.stands_on, unlisted_at = NULL",
            (reference(number), kind, AT, day(on)),
        )

    def _store(self, number: int, source: str) -> None:
        self.db.execute(
            "INSERT OR IGNORE INTO decisions "
            "(reference, text, first_seen, updated_at, text_sha256, normaliser, source) "
            "VALUES (?1, 'x', ?2, ?2, 'x', '1', ?3)",
            (reference(number), AT, source),
        )

    def _queue(self, number: int, state: str | None) -> None:
        self._run("DELETE FROM queue WHERE reference = ?", number)
        if state is not None:
            self.db.execute(
                "INSERT INTO queue (reference, url, state, reason, added_at, next_at) "
                "VALUES (?1, '/x', ?2, 'listed', ?3, ?3)",
                (reference(number), state, AT),
            )

    def _hold(self, number: int, is_held: bool) -> None:
        self._run("DELETE FROM held_texts WHERE reference = ?", number)
        if is_held:
            self.db.execute("INSERT INTO held_texts VALUES (?, 1, 1, ?, 1, 0, 0)", (reference(number), AT))

    def _fetch(self, number: int, at: int, state: str) -> None:
        self.db.execute(
            "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) "
            "VALUES (?, 1, '/x', ?, ?, 1, x'00')",
            (reference(number), day(at), state),
        )

    def _walk(self, one: int, other: int) -> None:
        first, last = sorted((FIRST + timedelta(days=one), FIRST + timedelta(days=other)))
        window = Window(first, last)
        listed = len(self.find_listed(window))
        ledger.record_window(self.db, Proof(window, listed, listed, "short", AT, AT, None, ""), 1)

    def find_listed(self, window: Window) -> set[str]:
        rows = self.db.execute(
            "SELECT reference FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ?",
            (str(window.first), str(window.last)),
        )
        return {key for (key,) in rows}

    def find(self, sql: str) -> set[str]:
        return {key for (key,) in self.db.execute(sql)}

    def find_lacking(self, window: Window) -> tuple[set[str], set[str]]:
        """Returns the decisions of a window that are not stored, and those of them that are excluded."""
        missing = self.find_listed(window) - self.find("SELECT reference FROM decisions WHERE source = 'site'")
        excluded = self.find("SELECT reference FROM queue WHERE state = 'excluded'")
        return missing, missing & excluded - self.find("SELECT reference FROM held_texts")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(steps, min_size=20, max_size=60))
def test_proofs_and_counts_are_those_of_the_rows(played: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        play = Play(db)
        for what, *values in [*played, ("prove",)]:
            before = {proof.window: proof for proof in ledger.find_windows(db)}
            play.do(str(what), *values)
            assert list(check_counters(db)) == []
            assert db.execute(WRONG_INSTANTS).fetchall() == []
            if what == "prove":
                require_proofs(play, before, {proof.window: proof for proof in ledger.find_windows(db)})


def require_proofs(play: Play, before: dict[Window, Proof], after: dict[Window, Proof]) -> None:
    assert after.keys() == before.keys()
    for window, proof in after.items():
        missing, excluded = play.find_lacking(window)
        may_be_proven = before[window].state in ("short", "proven") and proof.total == proof.listed
        assert (proof.state == "proven") == (may_be_proven and missing == excluded)
        listed = len(play.find_listed(window))
        counted = count_listed(play.db, window)
        assert (counted.listed, counted.stored, counted.excluded) == (listed, listed - len(missing), len(excluded))


def test_wrong_counters_are_found_and_rebuilt(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        begin_run(db, "backfill", {}, AT)
        db.execute(
            "INSERT INTO entries (reference, url, first_listed, last_listed, stands_on) VALUES ('1', '/x', ?1, ?1, ?2)",
            (AT, day(0)),
        )
        db.execute("DELETE FROM unstored")
        db.execute("UPDATE listed_days SET listed = 2")
        assert [(one.part, one.subject) for one in check_counters(db)] == [
            ("counters", "unstored"),
            ("counters", "listed_days"),
        ]
        rebuild_counters(db)
        assert list(check_counters(db)) == []
        assert count_listed(db, Window(FIRST, FIRST)) == Counts(listed=1, stored=0, excluded=0)
