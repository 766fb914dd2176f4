"""`kill -9`: compare a backfill and a sync that are killed at every commit and at random moments with undisturbed ones.

There are two ways to kill. At commits: each run on a database dies just before, or just after, the first commit at
which no earlier run died, until one ends normally. At any moment: the command as a user starts it is killed while it
starts, at a request, just after an answer or at any instant. Every run continues where the last one was killed. At the
end the database is compared row by row with that of an undisturbed command.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.figures import Figure
from bench.kill_loop import WAYS, KillLoop, environment
from bench.stored_rows import Difference, compare, find_faults, read_rows
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.sample import Sample
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site

_SEED = 4
_YEARS = 7
"""Years of decision dates. Decisions older than five years may leave the site by age."""


class Course:
    """A site and the databases that undisturbed commands make of it; then the same commands, killed."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._count = 0

    def undisturbed(self, command: str, database: Path) -> Counter[str]:
        """Runs a command to its end, and returns how often it requested each page."""
        self._server.faults = None
        before = len(self._server.log)
        command_line = [sys.executable, "-m", "lgsco", command]
        ran = subprocess.run(
            command_line, cwd=self._folder, env=environment(self._server, database), capture_output=True, check=False
        )
        if ran.returncode:
            raise RuntimeError(f"{command} ended with {ran.returncode}: {ran.stderr[-2_000:].decode()}")
        log = self._server.log[before:]
        asked = Counter(entry.target for entry in log if entry.target.startswith("/decisions/"))
        with closing(sqlite3.connect(database)) as db:
            known = db.execute(
                "SELECT d.url FROM checks AS c JOIN decisions AS d ON d.reference = c.subject "
                "WHERE c.kind = 'canary' AND c.run = (SELECT max(id) FROM runs)"
            )
            for (url,) in known.fetchall():
                asked[url] -= 1
                asked[""] += 1
        return +asked

    def loop(self, command: str, expected: Counter[str], base: Path | None = None) -> KillLoop:
        """Prepares a command to be killed, on a new database or on a copy of `base`."""
        self._count += 1
        folder = self._folder / f"{command}-{self._count}"
        folder.mkdir()
        loop = KillLoop(command, self._server, folder, expected)
        if base is not None:
            shutil.copyfile(base, loop.database)
        return loop


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a command that was killed."""

    name: str
    loops: list[KillLoop]
    difference: Difference

    def figures(self, least: int = 0) -> Iterator[Figure]:
        """Returns the figures. `least` is the minimum number of kills."""
        kills = sum((loop.kills for loop in self.loops), Counter[str]())
        most = 3 if self.name == "sync" else 1  # a sync rereads two known decisions before it records new ones
        again = [0, *(count for loop in self.loops for count in loop.again.values())]
        gone = [0, *(count for loop in self.loops for count in loop.gone_again.values())]
        ways = ", ".join(f"{way} {count}" for way, count in sorted(kills.items()))
        yield Figure(f"{self.name}: kills ({ways})", (kills.total(),), "", least)
        yield Figure(f"{self.name}: databases compared at the end", (len(self.loops),), "")
        for name in ("lost", "duplicated", "differing"):
            yield Figure(f"{self.name}: rows {name}", (len(getattr(self.difference, name)),), "", 0, "at most")
        faults = sum(len(loop.faults) for loop in self.loops)
        yield Figure(f"{self.name}: faults of the file or its index", (faults,), "", 0, "at most")
        yield Figure(f"{self.name}: pages fetched again", (sum(again),), "", most * kills.total(), "at most")
        yield Figure(f"{self.name}: pages fetched again after one kill, most", (max(again),), "", most, "at most")
        yield Figure(f"{self.name}: gone pages asked for again after one kill, most", (max(gone),), "", 10, "at most")


def compare_results(command: str, loops: Sequence[KillLoop], undisturbed: Path) -> Found:
    """Compares the database of each loop with that of an undisturbed command."""
    difference, cut = Difference(), command == "backfill"
    truth = read_rows(undisturbed, cut=cut)
    for loop in loops:
        difference += compare(truth, read_rows(loop.database, cut=cut))
        loop.faults += find_faults(loop.database)
    return Found(command, list(loops), difference)


# ---------------------------------------------------------------- changes between a backfill and a sync


class World:
    """A site, and the changes to its decisions before a sync."""

    def __init__(self, decisions: int) -> None:
        today = self._today = datetime.now(UTC).date()
        first, last = today - timedelta(days=365 * _YEARS), today - timedelta(days=8)
        samples = generate(sys.maxsize, seed=_SEED, first=first, last=last)
        shown = list(islice((s for s in samples if s.published <= today), decisions - len(seeds())))
        self.site = Site([*seeds(), *shown], validators=True)
        self.site.prepare()
        self._coming = (replace(sample, published=today) for sample in samples)
        self._chance = Random(_SEED)
        self._few = max(2, decisions // 50)
        old = today - timedelta(days=300)
        self._free = [s for s in self.site.listed(last=old) if s.kind == "statement"]
        self._chance.shuffle(self._free)
        self._withdrawn = self._take(2 * self._few)
        self._unasked = self._free[-2 * self._few :]
        """Decisions that change without a change of their card; their pages are fetched again only in rotation."""

    def withdraw_some(self) -> None:
        """Withdraws decisions that one sync finds unlisted, and the next finds to have left the site."""
        for sample in self._withdrawn:
            self.site.withdraw(sample.reference)

    def change(self) -> None:
        """Publishes, restore, withdraw, redate and amend decisions."""
        recent = self._today - timedelta(days=200)  # no withdrawals there, which would hide in the total
        for sample in islice((s for s in self._coming if s.decision_date > recent), 2 * self._few):
            self.site.publish(sample)
        for sample in self._withdrawn[: self._few // 2]:
            self.site.restore(sample.reference)
        for sample in self._take(self._few):
            self.site.withdraw(sample.reference)
        for sample in self._take(self._few):
            self.site.redate(sample.reference, sample.decision_date + timedelta(days=self._chance.randint(-90, 7)))
        for sample in self._take(self._few):
            outcome = "Not upheld" if sample.outcome == "Upheld" else "Upheld"
            self.site.amend(sample.reference, replace(sample, outcome=outcome, summary=self._reword(sample)))
        for sample in self._unasked[: self._few]:
            self.site.amend(sample.reference, replace(sample, summary=self._reword(sample)))
        self.site.prepare()

    def _reword(self, sample: Sample) -> str:
        """Writes a new summary with a word of its own. Equal changes in many decisions would be a template change."""
        word = "".join(self._chance.choices("bdfgklmnprst", k=6))
        return f"Amended {word}. {sample.summary}"

    def age(self, database: Path) -> None:
        """Lets time pass: absences are due again, all ranges must be walked, and some pages fetched again."""
        with closing(sqlite3.connect(database, isolation_level=None)) as db:
            ago = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{} days')".format
            db.execute(f"UPDATE absences SET gone_first_at = {ago(8)}, gone_last_at = {ago(8)}, next_at = {ago(1)}")
            db.execute(f"UPDATE windows SET counted_at = {ago(100)}, walked_at = {ago(100)}")
            db.execute(f"UPDATE checks SET at = {ago(40)}")
            unasked = [(sample.reference,) for sample in self._unasked]
            db.executemany(f"UPDATE pages SET fetched_at = {ago(200)} WHERE reference = ?", unasked)

    def require_all(self, database: Path) -> None:
        """Checks that the undisturbed database is itself correct."""
        with closing(sqlite3.connect(database)) as db:
            held = dict(db.execute("SELECT reference, text FROM decisions WHERE status = 'published'"))
        wrong = [s.reference for s in self.site.listed() if held.get(s.reference) != expected_text(s)]
        if wrong:
            raise RuntimeError(f"even undisturbed, these are not stored correctly: {', '.join(wrong)}")

    def _take(self, count: int) -> list[Sample]:
        taken, self._free = self._free[:count], self._free[count:]
        return taken


# ---------------------------------------------------------------- the measurement


def _course(decisions: int, endure: Callable[[Course, str, Counter[str], Path | None], list[KillLoop]]) -> list[Found]:
    """Runs a backfill and then a sync, each undisturbed first and then through `endure`."""
    world = World(decisions)
    with TemporaryDirectory() as name, serve(world.site) as server:
        folder = Path(name)
        course, books, synced = Course(server, folder), folder / "books.db", folder / "synced.db"
        asked = course.undisturbed("backfill", books)
        world.require_all(books)
        found = [compare_results("backfill", endure(course, "backfill", asked, None), books)]
        world.withdraw_some()
        course.undisturbed("sync", books)
        world.age(books)
        world.change()
        shutil.copyfile(books, synced)
        asked = course.undisturbed("sync", synced)
        world.require_all(synced)
        found.append(compare_results("sync", endure(course, "sync", asked, books), synced))
        assert not server.errors, server.errors
    return found


def at_commits(decisions: int, each: int = 1) -> list[Found]:
    """Kills one backfill and one sync before and after every commit, or only at each nth of these moments."""

    def endure(course: Course, command: str, expected: Counter[str], base: Path | None) -> list[KillLoop]:
        loop = course.loop(command, expected, base)
        loop.at_commits(each)
        return [loop]

    return _course(decisions, endure)


def at_any_moment(decisions: int, kills: dict[str, int]) -> list[Found]:
    """Runs as many backfills and syncs as it takes to kill each of them that often."""
    chance = Random(_SEED)

    def endure(course: Course, command: str, expected: Counter[str], base: Path | None) -> list[KillLoop]:
        loops: list[KillLoop] = []
        ways, left = cycle(WAYS), kills[command]
        while left > 0:
            loops.append(course.loop(command, expected, base))
            loops[-1].at_any_moment(chance, ways, left)
            left -= loops[-1].kills.total()
        return loops

    return _course(decisions, endure)


def measure(decisions: int = 200, kills: int = 200, sync_kills: int = 60) -> list[Figure]:
    """Runs both ways. `kills`, `sync_kills`: how often commands are killed at any moment."""
    began = datetime.now(UTC)
    with ThreadPoolExecutor() as both:
        commits = both.submit(at_commits, decisions)
        moments = both.submit(at_any_moment, decisions, {"backfill": kills, "sync": sync_kills})
    figures: list[Figure] = []
    for way, found, least in (("every commit", commits, (1, 1)), ("any moment", moments, (kills, sync_kills))):
        for its, fewest in zip(found.result(), least, strict=True):
            figures += replace(its, name=f"{its.name}, {way}").figures(fewest)
    figures.append(Figure("all of it", ((datetime.now(UTC) - began).total_seconds(),), "seconds"))
    return figures
