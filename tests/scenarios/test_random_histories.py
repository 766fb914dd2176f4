"""The site as an adversary: random histories of a site and its archive.

Whatever the site does and whenever, nothing false is proven and nothing is lost; once it stops changing, daily syncs
complete the archive. The whole stack runs: a real file, and real HTTP on loopback.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ingest.clock import Clock, Stop, instant
from ingest.crawling.windows import EVERYTHING, gaps, merge_windows
from ingest.run import Backfill, Outcome, Resume, Sync, Task, Template
from lgsco.replica.corpus import generate
from lgsco.replica.edits import DropCard, NoTotal, RepeatCard, WrongTotal
from lgsco.replica.faults import Fault, Respond, server_error
from lgsco.replica.messages import Request
from lgsco.replica.sample import CATEGORIES, Sample
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from lgsco.replica.walls import COOKIE_WALL, SEARCH_SHELL
from storage.database import connect
from storage.model import PENDING, Window
from support.world import TODAY, Time, World

WALK_DAYS = 2
GONE_DAYS = 2
DIALS: dict[str, object] = {
    "listing__walk_most": 10,
    "listing__gone_days": GONE_DAYS,
    **{f"cadence__count_{age}": 1 for age in ("recent", "middle", "old")},
    **{f"cadence__walk_{age}": WALK_DAYS for age in ("recent", "middle", "old")},
    "cadence__filters": 100_000,
    "fetch__tries": 2,
    "fetch__retry_wait": 1,
}
FIRST = date(2019, 6, 1)
"""Older than the retention age on the first day, so that some decisions may leave by age."""
PLACES = [(top, sub) for top in ("Housing", "Planning", "Education") for sub in CATEGORIES[top][:3]]
SAMPLES = [
    replace(sample, published=sample.decision_date, kind="statement", layout="statement", bare=False, header_extra=())
    for sample in generate(60, seed=11, first=FIRST, last=TODAY - timedelta(days=20), body=False)
    if sample.kind == "statement"
]


class Killed(BaseException):
    """Ends the process at once."""


@dataclass
class Ticking(Time):
    """A clock that advances by a second at each request, with other randomness in each run, at which a run can die."""

    runs: int = 0
    dead: bool = False

    def clock(self) -> Clock:
        self.runs += 1
        return replace(super().clock(), now=self._now, random=random.Random(self.runs))

    def _now(self) -> datetime:
        if self.dead:
            raise Killed
        return self.at

    @property
    def stamp(self) -> str:
        return instant(self.at)


def listing(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if "SearchResults" in request.target else None


def decisions(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.path.startswith("/decisions/") else None


FAULTS: dict[str, Callable[[Request], Fault | None]] = {
    "a card dropped": listing(DropCard(0)),
    "the last card dropped": listing(DropCard(-1)),
    "a card repeated": listing(RepeatCard()),
    "a card over another": listing(RepeatCard(0, -1)),
    "a total too high": listing(WrongTotal(1)),
    "a total too low": listing(WrongTotal(-1)),
    "no total": listing(NoTotal()),
    "a search shell": listing(SEARCH_SHELL),
    "the listing away": listing(server_error()),
    "decisions away": decisions(server_error()),
    "decisions 404": decisions(Respond(404)),
    "all 404": lambda request: Respond(404) if request.path != "/robots.txt" else None,
    "a wall before decisions": decisions(COOKIE_WALL),
}

Change = Callable[[], None]
Shown = dict[str, tuple[date, str]]
Kill = tuple[int, bool]
"""The request of a run at which it is stopped, and whether it can still clean up."""
kills = st.one_of(st.none(), st.none(), st.tuples(st.integers(1, 30), st.booleans()))
places = st.integers(0, 10_000)
days_back = st.integers(0, (TODAY - FIRST).days)


class Adversary(RuleBasedStateMachine):
    """Changes the site, runs the archive, and checks the archive."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.site = Site(SAMPLES[:24], today=TODAY)
        self.server = Server(self.site, faults=self._meet)
        self.server.start()
        self.time = Ticking()
        self.world = World(self.site, self.server, Path(self.folder.name) / "a.db", self.time, Stop())
        self.fault: Callable[[Request], Fault | None] | None = None
        self.spell: range | None = None
        """The requests of a run at which the site misbehaves; None: all of them."""
        self.asked = 0
        """The requests of the current run."""
        self.began = ""
        """The start of the current run."""
        self.meanwhile: dict[int, list[Change]] = {}
        """The events of the next run, by the request before which they happen."""
        self.kill: Kill | None = None
        self.to_come = list(SAMPLES[24:])
        self.withdrawn: list[str] = []
        self.moved: set[str] = set()
        self.changed: dict[date, str] = {}
        """When anything about a day last changed."""
        self.stood: dict[str, list[tuple[str, tuple[date, str] | None]]] = {
            s.reference: [("", (s.decision_date, s.address))] for s in SAMPLES[:24]
        }
        """For each decision, its dates and addresses with the instants from which they apply; None: not listed."""
        self.kept: dict[str, set[Any]] = {}
        self.concluded: set[tuple[str, str]] = set()
        self.task: Task = Sync()
        self.last: Outcome | None = None
        """The outcome of the last task."""
        self.unchecked = False
        self.sound = True
        """Whether no check has failed so far."""

    # ------------------------------------------------------------ what happens to the site

    def _shown(self) -> Shown:
        return {sample.reference: (sample.decision_date, sample.address) for sample in self.site.listed()}

    def _happen(self, change: Change) -> None:
        """Runs an event, and records what it changed, and when."""
        before = self._shown()
        change()
        after, at = self._shown(), self.time.stamp
        for reference in before.keys() | after.keys():
            was, now = before.get(reference), after.get(reference)
            if was == now:
                continue
            for place in (was, now):
                if place is not None:
                    self.changed[place[0]] = at
            self.stood.setdefault(reference, []).append((at, now))

    def _meet(self, request: Request) -> Fault | None:
        """Runs at each request, while the archive waits for the answer."""
        self.time.at += timedelta(seconds=1)
        self.asked += 1
        for change in self.meanwhile.pop(self.asked, ()):
            self._happen(change)
        if self.kill is not None and self.asked >= self.kill[0]:
            if self.kill[1]:
                self.time.dead = True
            else:
                self.world.stop.set()
        return self.fault(request) if self.fault and (self.spell is None or self.asked in self.spell) else None

    def _publish(self, back: int) -> None:
        if self.to_come:
            day = self.time.at.date() - timedelta(days=back)
            self.site.publish(replace(self.to_come.pop(), decision_date=day, published=day))

    def _withdraw(self, place: int) -> None:
        listed = self.site.listed()
        away = len(self.withdrawn) + len(self.moved)
        if listed and away * 3 < len(listed):  # the known decisions stay, so the site counts as the same
            self.withdrawn.append(listed[place % len(listed)].reference)
            self.site.withdraw(self.withdrawn[-1])

    def _restore(self, place: int) -> None:
        if self.withdrawn:
            self.site.restore(self.withdrawn.pop(place % len(self.withdrawn)))

    def _redate(self, place: int, back: int) -> None:
        listed = self.site.listed()
        if listed:
            reference = listed[place % len(listed)].reference
            self.site.redate(reference, self.time.at.date() - timedelta(days=back))

    def _replace(self, place: int, other: int, back: int | None) -> None:
        """Gives a decision another category, and another date if one is given."""
        listed = self.site.listed()
        if listed and len(self.withdrawn) + len(self.moved) < len(listed) // 3:
            sample: Sample = listed[place % len(listed)]
            top, sub = PLACES[other % len(PLACES)]
            day = sample.decision_date if back is None else self.time.at.date() - timedelta(days=back)
            self.site.amend(sample.reference, replace(sample, category=top, subcategory=sub, decision_date=day))
            self.moved.add(sample.reference)

    def _expire(self, more: int) -> None:
        day = self.time.at.date() - timedelta(days=1_826 + 90 - more)
        self.site.expire_before(min(day, self.time.at.date() - timedelta(days=1_826)))

    changes = st.one_of(
        st.tuples(st.just("publish"), days_back),
        st.tuples(st.just("withdraw"), places),
        st.tuples(st.just("restore"), places),
        st.tuples(st.just("redate"), places, days_back),
        st.tuples(st.just("replace"), places, places, st.none() | days_back),
    )

    def _change(self, what: tuple[Any, ...]) -> Change:
        name, *values = what
        return lambda: getattr(self, f"_{name}")(*values)

    @rule(several=st.lists(changes, min_size=1, max_size=4))
    def change(self, several: list[tuple[Any, ...]]) -> None:
        for what in several:
            self._happen(self._change(what))

    @rule(lost=places, back=days_back)
    def swap(self, lost: int, back: int) -> None:
        """Removes one decision and publishes another, so that the total stays the same."""
        self._happen(lambda: self._withdraw(lost))
        self._happen(lambda: self._publish(back))

    @rule(more=st.integers(0, 60))
    def expire(self, more: int) -> None:
        self._happen(lambda: self._expire(more))

    @rule(what=changes, at=st.integers(2, 40))
    def change_between_two_requests(self, what: tuple[Any, ...], at: int) -> None:
        self.meanwhile.setdefault(at, []).append(self._change(what))

    @rule(days=st.integers(1, 3))
    def let_days_pass(self, days: int) -> None:
        self._pass(days)

    @rule(name=st.sampled_from(sorted(FAULTS)), spell=st.none() | st.tuples(st.integers(2, 25), st.integers(1, 6)))
    def misbehave(self, name: str, spell: tuple[int, int] | None) -> None:
        """The fault is permanent, or lasts for some requests of each run."""
        self.fault = FAULTS[name]
        self.spell = range(spell[0], sum(spell)) if spell else None

    @precondition(lambda self: self.fault is not None)
    @rule()
    def behave(self) -> None:
        self.fault = None

    def _pass(self, days: float) -> None:
        self.time.at += timedelta(days=days)
        self._happen(lambda: setattr(self.site, "today", self.time.at.date()))

    # ------------------------------------------------------------ what the archive does

    @initialize(years=st.sampled_from([0, 2, 8, 8]))
    def begin(self, years: int) -> None:
        if years:
            outcome = self._run(Backfill(TODAY - timedelta(days=366 * years), TODAY))
            assert outcome is not None and outcome.exit_code == 0

    @rule(days=st.integers(0, 2), kill=kills)
    def sync(self, days: int, kill: Kill | None) -> None:
        if days:
            self._pass(days)
        self._run(Sync(), kill)

    @rule(one=days_back, other=days_back, kill=kills)
    def backfill(self, one: int, other: int, kill: Kill | None) -> None:
        today = self.time.at.date()
        self._run(Backfill(today - timedelta(days=max(one, other)), today - timedelta(days=min(one, other))), kill)

    def _run(self, task: Task, kill: Kill | None = None) -> Outcome | None:
        """Runs a task; returns None if it was killed."""
        self.asked, self.kill, self.began = 0, kill, self.time.stamp
        before = self._concluded() if self.world.database.exists() else set()
        self.task, self.last = task, None
        with contextlib.suppress(Killed):
            self.last = self.world.run(task, **DIALS)
        self.meanwhile.clear()
        self.world.stop.clear()
        self.time.dead, self.kill = False, None
        self.unchecked, self.sound = True, False
        if self.last is not None:
            assert self.last.exit_code in (0, 10, 11, 12, 130), self.last.message
            if self.last.exit_code == 12:
                assert self._concluded() == before, f"a blocked run concluded that something left: {self.last.message}"
        self.sound = True
        return self.last

    def _concluded(self) -> set[tuple[str, str]]:
        return set(self.world.ask("SELECT reference, noticed_at FROM absences WHERE ended_at IS NOT NULL"))

    # ------------------------------------------------------------ what holds at every moment

    @invariant()
    def all_is_well(self) -> None:
        if not self.unchecked:
            return
        self.sound = False
        assert not self.server.errors
        with contextlib.closing(connect(self.world.database, "ro")) as db:

            def ask(sql: str, *values: object) -> list[Any]:
                return db.execute(sql, values).fetchall()

            self._nothing_is_lost(ask)
            windows = self._windows_do_not_overlap(ask)
            self._proven_is_proven(ask, windows)
            self._what_is_unlisted_is_not_listed(ask)
            self._what_left_has_two_witnesses(ask)
            self._complete_is_complete(ask, windows)
        self.unchecked, self.sound = False, True

    def _nothing_is_lost(self, ask: Callable[..., list[Any]]) -> None:
        for table, columns in (
            ("decisions", "reference"),
            ("revisions", "reference, revision, text_sha256"),
            ("pages", "id, reference"),
            ("entries", "reference"),
            ("absences", "reference, noticed_at"),
            ("moves", "reference, at, field"),
        ):
            now = set(ask(f"SELECT {columns} FROM {table}"))
            assert self.kept.get(table, set()) <= now, f"rows of {table} are gone"
            self.kept[table] = now
        lost = ask(
            "SELECT r.reference, r.revision FROM revisions AS r JOIN decisions AS d USING (reference) "
            "WHERE r.text IS NULL AND r.text_sha256 <> d.text_sha256"
        )
        assert not lost, "the text of a revision is lost"

    def _windows_do_not_overlap(self, ask: Callable[..., list[Any]]) -> list[Any]:
        windows = ask("SELECT first, last, total, listed, state, walked_at FROM windows ORDER BY first")
        before = ""
        for first, last, *_ in windows:
            assert before < first <= last, f"{first} to {last} overlaps another window"
            before = last
        return windows

    def _proven_is_proven(self, ask: Callable[..., list[Any]], windows: list[Any]) -> None:
        missing = {reference for (reference,) in ask("SELECT reference FROM missing")}
        for first, last, total, listed, state, walked_at in windows:
            if state not in ("proven", "short") or total != listed:
                assert state != "proven"
                continue
            rows = ask(
                "SELECT e.reference, d.reference IS NOT NULL, q.state FROM entries AS e LEFT JOIN queue AS q "
                "USING (reference) LEFT JOIN decisions AS d ON d.reference = e.reference AND d.source = 'site' "
                "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN ? AND ?",
                *(first, last),
            )
            where = f"{first} to {last}, {state}"
            assert len(rows) == total, f"{where}: {len(rows)} entries, and a stated total of {total}"
            if state == "proven":
                assert all(held or queued == "excluded" for _, held, queued in rows), (
                    f"{where}: not all decisions are stored"
                )
            window = Window(date.fromisoformat(first), date.fromisoformat(last))
            if any(window.first <= day <= window.last and at >= walked_at for day, at in self.changed.items()):
                continue
            truth = {sample.reference for sample in self.site.listed(window.first, window.last)}
            assert {reference for reference, *_ in rows} == truth, f"{where}: differs from the site's listing"
            assert truth - {reference for reference, held, _ in rows if held} <= missing

    def _what_is_unlisted_is_not_listed(self, ask: Callable[..., list[Any]]) -> None:
        if any(at >= self.began for at in self.changed.values()):
            return  # a walk may see the state from before a change
        shown = self._shown()
        for reference, stood_on in ask("SELECT reference, stands_on FROM entries WHERE unlisted_at >= ?", self.began):
            day = shown[reference][0] if reference in shown else None
            assert day is None or day.isoformat() != stood_on, f"{reference} is listed on {stood_on}"

    def _what_left_has_two_witnesses(self, ask: Callable[..., list[Any]]) -> None:
        ended = ask("SELECT reference, noticed_at, ended_at, ending, stood_on FROM absences WHERE ended_at IS NOT NULL")
        for reference, noticed_at, ended_at, ending, stood_on in ended:
            if (reference, noticed_at) in self.concluded:
                continue
            self.concluded.add((reference, noticed_at))
            addresses = {place[1] for _, place in self.stood[reference] if place}
            gone = [
                (at, target)
                for at, target in ask(
                    f"SELECT substr(at, 1, 19) || 'Z' AS second, target FROM requests WHERE status IN (404, 410) "
                    f"AND target IN ({', '.join('?' * len(addresses))}) AND second BETWEEN ? AND ? ORDER BY second",
                    *(*addresses, noticed_at, ended_at),
                )
                if (place := self._place(reference, at)) is None or place[1] != target
            ]
            assert len(gone) >= 2, f"{reference} is {ending} by {gone}"
            ((apart,),) = ask("SELECT julianday(?) - julianday(?)", gone[-1][0], gone[0][0])
            assert apart >= GONE_DAYS, f"{reference} is {ending} by {gone}"
            place = self._place(reference, ended_at)
            seen = place is not None and any(one.first <= place[0] <= one.last for one in self._scope())
            assert not seen, f"{reference} is {ending}, and the site shows it on {place}"
            if ending == "expired":
                assert date.fromisoformat(stood_on) <= self.time.at.date() - timedelta(days=1_826)
        for reference, status in ask("SELECT reference, status FROM decisions WHERE status <> 'published'"):
            rows = ask(
                "SELECT 1 FROM absences AS a JOIN entries AS e USING (reference) WHERE a.reference = ? "
                "AND a.ending = ? AND a.returned_at IS NULL AND e.unlisted_at IS NOT NULL",
                *(reference, status),
            )
            assert rows, f"{reference} is {status} without an absence"

    def _place(self, reference: str, at: str) -> tuple[date, str] | None:
        """Returns the date and the address of a decision on the site at an instant; None: it was not listed."""
        return [place for since, place in self.stood[reference] if since <= at][-1]

    def _complete_is_complete(self, ask: Callable[..., list[Any]], windows: list[Any]) -> None:
        if self.last is None or self.last.exit_code != 0:
            return
        proven = [Window(date.fromisoformat(first), date.fromisoformat(last)) for first, last, *_ in windows]
        if isinstance(self.task, Backfill):
            assert self.task.first is not None and self.task.last is not None
            asked = Window(self.task.first, self.task.last)
            assert not gaps(asked, [one for one, row in zip(proven, windows, strict=True) if row[4] == "proven"])
            proven = [asked]
        else:
            whole = [one for one, row in zip(proven, windows, strict=True) if row[4] == "proven"]
            answered = self._answered(ask)
            assert not [gap for one in answered for gap in gaps(one, whole)], "complete, and a window is not proven"
            proven = answered
        for reference, at, state in ask("SELECT reference, decision_date, state FROM missing"):
            inside = any(one.first <= date.fromisoformat(at) <= one.last for one in proven)
            assert not inside or state == "excluded", f"complete, and {reference} is missing"

    @staticmethod
    def _answered(ask: Callable[..., list[Any]]) -> list[Window]:
        """Returns the dates that sync covers; the rest of a killed backfill is not among them."""
        rows = ask("SELECT first, last FROM intents WHERE state IN ('standing', 'finished')")
        return [Window(date.fromisoformat(first), date.fromisoformat(last)) for first, last in rows]

    # ------------------------------------------------------------ what comes of it once the site holds still

    def teardown(self) -> None:
        try:
            if self.sound:
                self._holds_still()
        finally:
            self.server.stop()
            self.folder.cleanup()

    def _holds_still(self) -> None:
        self.fault = None
        self.meanwhile.clear()
        for _ in range(WALK_DAYS + GONE_DAYS + 3):
            self._sync_on_the_next_day()
            if self._has_arrived():
                return
        held, truth, named = self._held(), self._truth(), self._named()
        assert not self._gone_and_not_concluded(), "gone for days, and without a verdict"
        assert held - truth == set(), "recorded as listed, and is not"
        assert truth - held <= named, "neither stored nor named"
        assert named, f"{self.last and self.last.message}"
        for _ in range(8):  # failed pages are retried after longer and longer waits
            self._pass(16)
            self._sync_on_the_next_day()
            if self._has_arrived():
                return
        raise AssertionError(f"it does not arrive: {self.last and self.last.message}")

    def _sync_on_the_next_day(self) -> None:
        self._pass(1)
        if self.world.database.exists():
            self._run(Resume(seconds=100_000))  # as the daemon does with interrupted backfills
        outcome = self._run(Sync())
        for _ in range(3):
            if outcome is None or outcome.exit_code != 12:
                break  # otherwise three withdrawn decisions were drawn as canaries at random
            outcome = self._run(Sync())
        if outcome is not None and outcome.state == "template":
            self._accept_changes()
            self._run(Sync())
        self.all_is_well()

    def _accept_changes(self) -> None:
        """Decides template changes as a user does.

        In a small archive nothing else shows that a change is not a redesign.
        """
        states = ", ".join(map(repr, PENDING))
        for change in self.world.ask(f"SELECT id FROM template_changes WHERE state IN ({states})"):
            self.world.run(Template(change, "accepted"))

    def _has_arrived(self) -> bool:
        assert self.last is not None
        return (
            self.last.exit_code == 0
            and self._held() == self._truth()
            and not self._wrongly_gone()
            and not self._gone_and_not_concluded()
        )

    def _scope(self) -> list[Window]:
        return merge_windows(self._answered(self.world.ask))

    def _truth(self) -> set[str]:
        return {s.reference for scope in self._scope() for s in self.site.listed(scope.first, scope.last)}

    def _held(self) -> set[str]:
        rows = self.world.ask(
            "SELECT e.reference, e.stands_on FROM entries AS e JOIN decisions AS d USING (reference) "
            "WHERE d.source = 'site' AND e.unlisted_at IS NULL"
        )
        outside = gaps(EVERYTHING, self._scope())
        return {
            reference
            for reference, at in rows
            if not any(one.first <= date.fromisoformat(at) <= one.last for one in outside)
        }

    def _named(self) -> set[str]:
        return set(self.world.ask("SELECT reference FROM queue"))

    def _wrongly_gone(self) -> set[str]:
        gone = set(self.world.ask("SELECT reference FROM decisions WHERE status <> 'published'"))
        return gone & self._truth()

    def _gone_and_not_concluded(self) -> list[str]:
        rows: list[str] = self.world.ask(
            "SELECT reference FROM absences WHERE (gone > 0 OR answer IS NULL) "
            "AND ended_at IS NULL AND returned_at IS NULL"
        )
        return rows


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(
    max_examples=18, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
