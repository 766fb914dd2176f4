"""Chooses the next command, and how it ends, at random."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from bench.truth.events import Events
from bench.truth.program import NO_FATE, SIGKILL, Fate, has_command, has_option

Arguments = tuple[str, ...]


class Choices:
    """Chooses commands and fates. Leaves out options that the program does not have."""

    def __init__(self, events: Events, chance: Random) -> None:
        self._events = events
        self._chance = chance

    def find_commands(self) -> dict[Arguments, float]:
        """Returns the commands that can be run now, and the weight of each."""
        chance, dates = self._chance, self._some_dates()
        commands: dict[Arguments, float] = {
            ("backfill",): 3,
            ("backfill", *dates): 4,
            ("backfill", "--limit", str(chance.randrange(1, 30))): 1.5,
            ("backfill", *dates, "--limit", str(chance.randrange(1, 10))): 1,
            ("sync",): 6,
            ("daemon",): 3,
            ("coverage",): 1,
            ("status",): 1,
        }
        if has_option("backfill", "--withdraw"):
            commands |= {("backfill", "--withdraw"): 1.5, ("backfill", *dates, "--withdraw"): 0.5}
        if has_command("fill"):
            commands |= {("fill", "off"): 0.5, ("fill", "resume"): 0.5}
        if has_option("coverage", "--all"):
            commands |= {("coverage", "--all"): 1, ("coverage", *dates): 1}
        return commands

    def draw_fate(self) -> Fate:
        """Chooses how the next command ends."""
        chance = self._chance
        way = chance.choices(("", "kill", SIGKILL, "SIGINT", "SIGTERM", "SIGHUP"), (100, 38, 2, 20, 10, 10))[0]
        if not way:
            return NO_FATE
        moment = chance.choices(("request", "statement", "before commit", "after commit"), (4, 2, 1, 1))[0]
        most = {"request": 50, "statement": 600, "before commit": 60, "after commit": 60}[moment]
        return Fate(way, moment, 1 + int(most * chance.random() ** 2), chance.random() < 0.7)

    def find_steps(self, state: str, today: date) -> tuple[tuple[Arguments, Fate], ...]:
        """Returns the commands that lead to a state of the ranges asked for."""
        early = 1 + self._chance.randrange(6)
        kill, pause = Fate("kill", "request", early), Fate("SIGINT", "request", early)
        some = ("backfill", *self._some_dates())
        match state:
            case "limited":
                return ((("backfill", "--limit", "2"), NO_FATE),)
            case "recent":
                return ((("sync",), NO_FATE),)
            case "part":
                return ((some, NO_FATE),)
            case "all":
                return ((("backfill",), NO_FATE),)
            case "interrupted":
                return ((some, kill),)
            case "paused":
                return ((some, pause),)
            case "interrupted and paused":
                old = ("backfill", "--to", str(today - timedelta(days=900)))
                new = ("backfill", "--from", str(today - timedelta(days=800)))
                return ((old, kill), (new, pause))
            case "withdrawn" if has_option("backfill", "--withdraw"):
                return ((some, pause), (("backfill", "--withdraw"), NO_FATE))
        return ()

    def _some_dates(self) -> Arguments:
        first, last = sorted((self._events.some_day(), self._events.some_day()))
        return (*(("--from", str(first)) if self._chance.random() < 0.8 else ()), "--to", str(last))
