"""Plays one random sequence of commands and events on a simulated site, and compares each command with the truth.

At the end the faults stop, and the daemon and sync must reach a full claim.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

from bench.truth.choices import Choices
from bench.truth.counts import LATE, Counts
from bench.truth.events import MEANWHILE, WEIGHTS, Events
from bench.truth.examine import Examiner, messages
from bench.truth.findings import Finding, Ledger
from bench.truth.grammar import Grammar
from bench.truth.model import ALL, STATES, Asked, Judge, recent
from bench.truth.program import NO_FATE, SIGKILL, Fate, MakeRuns, Program, Ran, Time, has_command
from bench.truth.site import Site

SYNC_DAYS = 120
WALK_DAYS = 3
GONE_DAYS = 2
CALM_SYNCS = WALK_DAYS + GONE_DAYS + 3
"""Daily syncs after which the cadence must have reached a full claim, once faults stop."""
PUT_OFF_DAYS = 16
PUT_OFF_SYNCS = 4
"""Further syncs, several days apart, because failed pages are retried after increasing times."""

CONFIG = f"""\
[site]
base_url = "http://127.0.0.1:9"
[fetch]
pace = 0
tries = 1
[storage]
journal_days = 1000
[listing]
walk_most = 12
gone_days = {GONE_DAYS}
[cadence]
count_recent = 1
count_middle = 1
count_old = 1
walk_recent = {WALK_DAYS}
walk_middle = {WALK_DAYS}
walk_old = {WALK_DAYS}
filters = 10
reread_days = 20
reread_most = 5
[schedule]
sync = ["30 6 * * mon-sun"]
sync_days = {SYNC_DAYS}
fill_hours = "00:00-24:00"
"""

LOST = 14
"""The exit code of a daemon that lost its file."""
LOSSES = 0.3
"""Share of daemons that lose their file, or get another one, while they run."""
STEERED = 0.5
"""Share of commands for which a state is set up first."""
RARE_STATES = ("limited", "recent", "part", "part", "paused", "paused", "interrupted and paused")
"""The states that rarely arise at random; they are set up more often, in a new file."""


class Play:
    """The state of one sequence."""

    def __init__(self, seed: int, number: int, folder: Path, counts: Counts, grammar: Grammar, make: MakeRuns) -> None:
        self.number = number
        self.counts = counts
        self.grammar = grammar
        self.chance = Random(f"{seed}:{number}")
        self.time = Time()
        self.site = Site(lambda: self.time.at)
        self.events = Events(self.site, self.time, self.chance)
        self.choices = Choices(self.events, self.chance)
        self.program = Program(folder, self.site, self.time, self._meanwhile)
        self.runs = make(self.program)
        self.asked = Asked()
        self.ledger = Ledger()
        self.seen: set[str] = set()
        self.coming: dict[int, str] = {}
        """The event at each request of the next command."""
        self.backups: list[tuple[Path, Asked]] = []
        self.lost = False
        """Whether the file vanished or was replaced while the command ran."""
        self.stored_at_loss: frozenset[str] = frozenset()
        """Decisions in the lost file when it was last closed. The daemon's claims before the loss are about those."""
        self.last_began = self.time.at
        """When the last command that made requests began."""
        self.history: list[str] = []
        self.step = 0
        self.program.config.write_text(CONFIG)

    @property
    def today(self) -> date:
        return self.time.now().date()

    # ------------------------------------------------------------ the sequence

    def play(self, *, commands: int) -> None:
        """Plays the sequence."""
        self._begin()
        for _ in range(commands):
            for _ in range(self.chance.choice((0, 1, 1, 2, 3))):
                self._happen()
            self._command()
        self._arrive()
        self.counts.sequences += 1

    def _begin(self) -> None:
        self.events.begin()
        if has_command("init") and self.chance.random() < 0.7:
            self._run("init")

    def _arrive(self) -> None:
        """Stops the faults, and counts whether the full claim is reached in time. Stored pages may stay away."""
        self.site.show_all(self.program.stored)
        self.history.append("calm")
        if not self.program.database.exists():
            self._run("init")
        for count in range(CALM_SYNCS + PUT_OFF_SYNCS):
            self.time.at += 86_400 * (1 if count < CALM_SYNCS else PUT_OFF_DAYS)
            if count or self.asked.find("interrupted"):  # an interruption may be recorded or not
                self._run("daemon", rounds=1)
            if self._run("sync"):
                self.counts.arrived += 1
                return
        late = Finding("false", "", "no full claim came, and no exit 0 with one")
        self.counts.keep_kind(LATE, late, self.number, self.step, "sync", self.history)

    # ------------------------------------------------------------ events

    def _happen(self) -> None:
        """Makes an event happen, now or while the next command runs."""
        name = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if name == "days pass":
            self.time.at += 86_400 * self.chance.choice((1, 1, 1, 2, 3, 10))
        elif name == "backup":
            self._back_up()
        elif name == "restored backup":
            self._restore()
        elif name in MEANWHILE and self.chance.random() < 0.3:
            self.coming[self.chance.randrange(1, 40)] = name
            name = f"{name} meanwhile"
        else:
            self.events.happen(name)
        self.counts.events[name] += 1
        self.history.append(name)

    def _meanwhile(self, request: int) -> None:
        name = self.coming.pop(request, None)
        if name == "lost file":
            self._lose()
        elif name is not None:
            self.events.happen(name)

    def _lose(self) -> None:
        """Removes the daemon's file, or replaces it with a backup."""
        self.lost, self.stored_at_loss = True, self.program.stored
        self._remove()
        self.asked = Asked()
        if self.backups and self.chance.random() < 0.6:
            self._restore()

    def _back_up(self) -> None:
        if self.program.database.exists():
            copy = self.program.folder / f"backup-{len(self.backups)}.db"
            shutil.copyfile(self.program.database, copy)
            self.backups.append((copy, self.asked.copy()))

    def _restore(self) -> None:
        if self.backups:
            copy, asked = self.chance.choice(self.backups)
            self._remove()
            shutil.copyfile(copy, self.program.database)
            self.asked = asked.copy()
            if not self.lost:
                self._read_ledger()

    def _remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self.program.database}{end}").unlink(missing_ok=True)

    # ------------------------------------------------------------ commands

    def _command(self) -> None:
        """Runs a random command, sometimes in a state that is rare."""
        chance = self.chance
        commands = self.choices.find_commands()
        if chance.random() < STEERED:
            self._steer(chance.choice(STATES + RARE_STATES))
            rarity = [likely**-0.5 for likely in commands.values()]
            arguments = chance.choices(list(commands), rarity)[0]
        else:
            arguments = chance.choices(list(commands), list(commands.values()))[0]
        rounds = chance.choice((1, 1, 1, 2)) if arguments == ("daemon",) else 0
        if rounds and chance.random() < LOSSES:
            self.coming[chance.randrange(1, 12)] = "lost file"
        fate = self.choices.draw_fate() if arguments[0] in ("backfill", "sync", "daemon") else NO_FATE
        self._run(*arguments, fate=fate, rounds=rounds)

    def _steer(self, state: str) -> None:
        """Sets up a state of the ranges asked for, as far as the site's faults allow."""
        if self.chance.random() < 0.5:
            self.site.show_all()
            self.history.append("calm")
        if state in ("empty", *RARE_STATES) or self.chance.random() < 0.5:
            self._start_again()
        elif self.chance.random() < 0.5:
            self._run("backfill")
        for arguments, fate in self.choices.find_steps(state, self.today):
            self._run(*arguments, fate=fate)

    def _start_again(self) -> None:
        """Starts a new file in place of the old one."""
        self.history.append("a new file")
        self._remove()
        self.asked, self.ledger, self.program.stored = Asked(), Ledger(), frozenset()
        if has_command("init"):
            self._run("init")

    def _run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> bool:
        """Runs a command and compares it; returns whether it ended with exit 0 and a true full claim."""
        self.step += 1
        if fate.way == SIGKILL:  # in a process of its own, where events cannot reach our site
            self.coming.clear()
        name = _name(arguments)
        state = self.asked.state
        if arguments[0] in ("sync", "daemon"):
            self.asked.ever.append(recent(self.today, SYNC_DAYS))
        if arguments[0] == "daemon" and self.asked.fills:
            self.asked.ever.append(ALL)
        self.lost = False
        ran = self._ran(*arguments, fate=fate, rounds=rounds)
        self.coming.clear()
        self.counts.pairs[f"{state} | {name}"] += 1
        ending = ("killed" if ran.code is None else f"{fate.way}, exit {ran.code}") if ran.met_its_fate else ran.code
        self.counts.endings[f"{name} | {ending}"] += 1
        self.history.append(f"{' '.join(arguments)} [{fate}] {ran.requests} requests: {ending}")
        if ran.requests:
            self.last_began = ran.began
        if self.lost:
            self._check_that_loss_is_noticed(ran)
        else:
            self.asked.note(ran, recent(self.today, SYNC_DAYS))
        if not self.program.database.exists():  # no file, so nothing to report
            self.ledger, self.program.stored = Ledger(), frozenset()
            return self._compare(name, ran)
        coverage = self._read_ledger()
        status = self._ran("status", "--json")
        known = ran.out + ran.err
        report = json.loads(status.out) if status.out.strip() else {}
        full = self._compare(name, ran)
        self.seen.update(message for message in messages(report) if message in known)
        for other in (coverage, status):
            self._compare(_name(other.arguments), other)
            self.counts.pairs[f"{self.asked.state} | {_name(other.arguments)}"] += 1
        self.seen.update(messages(report))
        return full

    def _check_that_loss_is_noticed(self, ran: Ran) -> None:
        """Checks that a daemon that lost its file ends with 14 and makes no new file.

        A daemon that was killed before it noticed is excused.
        """
        self.history.append("which lost its file")
        self.counts.events["lost file, noticed" if ran.code == LOST else "lost file, killed"] += 1
        if ran.code not in (LOST, None):
            why = "the file vanished or was replaced while the daemon ran"
            finding = Finding("false exit", f"daemon: exit {ran.code}", why)
            self.counts.keep(finding, self.number, self.step, "daemon", self.history)

    def _ran(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran:
        ran = self.runs.run(*arguments, fate=fate, rounds=rounds)
        self.counts.commands += 1
        self.counts.requests += ran.requests
        return ran

    def _read_ledger(self) -> Ran:
        coverage = self._ran("coverage", "--json")
        self.ledger = Ledger.read(json.loads(coverage.out)) if coverage.out.strip() else Ledger()
        return coverage

    def _compare(self, name: str, ran: Ran) -> bool:
        began = ran.began if ran.requests else self.last_began
        recent_dates = recent(self.today, SYNC_DAYS)
        stored = self.stored_at_loss if self.lost and ran.arguments[0] == "daemon" else self.program.stored
        judge = Judge(self.site, stored, ran.ended, self.program.gone)
        examiner = Examiner(
            *(self.grammar, judge, self.asked, self.ledger, began, recent_dates, self.seen),
            daemon_lives=name == "daemon",
            walk_days=WALK_DAYS,
        )
        found = examiner.examine(ran)
        counts = self.counts
        counts.sentences += found.sentences
        counts.rows += found.rows
        counts.exits += found.exits
        for finding in found.findings:
            counts.keep(finding, self.number, self.step, name, self.history)
        full = bool(ran.code == 0 and found.full)
        if name in ("backfill", "backfill range", "sync") and not ran.met_its_fate:
            counts.acts += 1
            counts.full += full
        return full


def _name(arguments: Sequence[str]) -> str:
    """Returns a command for the tables: its options without their values."""
    options = [argument for argument in arguments[1:] if argument.startswith("--") and argument != "--config"]
    ranged = any(option in ("--from", "--to") for option in options)
    options = [option for option in options if option not in ("--from", "--to")]
    return " ".join([arguments[0], *(["range"] if ranged else []), *options])
