"""Runs the command line in this process, on a simulated site and clock, and ends it at any moment.

`bench.truth.replaced` replaces a few parts of the program; everything else is the real program.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from bench.truth.site import Away, Site

CLIENT = "ingest.fetching.client:Client"
"""The class with the method `fetch`, which makes all HTTP requests."""
ANSWER = "ingest.fetching.interface:Answer"
MAIN = "lgsco.cli.main:main"
COMMANDS = "lgsco.cli.main:cli"
"""The click group of all commands."""

START = datetime(2026, 11, 2, 12, tzinfo=UTC)


SIGKILL = "SIGKILL"
"""Ends a command by a real SIGKILL, in a process of its own."""


class Killed(BaseException):
    """Kills the simulated process at once."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How a command is to end early. `at` counts from 1. A moment that does not come changes nothing."""

    way: str = ""
    """kill (an exception that nothing catches), SIGKILL, SIGINT, SIGTERM or SIGHUP; "" for none."""
    moment: str = ""
    """request, statement, before commit or after commit."""
    at: int = 0
    breaks_off: bool = True
    """Whether a signal at a request aborts the request; otherwise its answer still arrives."""

    def __str__(self) -> str:
        return f"{self.way} at {self.moment} {self.at}" if self.way else "none"


NO_FATE = Fate()
"""The command ends by itself."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, with everything that it printed."""

    arguments: tuple[str, ...]
    code: int | None
    """None if it was killed."""
    out: str
    err: str
    began: int
    ended: int
    requests: int
    statements: int
    met_its_fate: bool


class Runs(Protocol):
    """Runs commands: the program, or a deliberately wrong one in tests."""

    def run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran: ...


@dataclass
class Time:
    """Simulated time, in whole seconds."""

    at: int = int(START.timestamp())

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def sleep(self, seconds: float, stop: Event) -> None:
        if not stop.is_set():
            self.at += max(1, round(seconds))


@dataclass
class Program:
    """The program. `meanwhile` is called before each answer, with the number of the request in its command."""

    folder: Path
    site: Site
    time: Time
    meanwhile: Callable[[int], None] = lambda _number: None
    command: str = ""
    fate: Fate = NO_FATE
    rounds: int = 0
    """Number of syncs after which the daemon ends."""
    slices: int = 0
    """How often the daemon waited for only a minute, because it was busy."""
    requests: int = 0
    statements: int = 0
    commits: int = 0
    processes: int = 0
    stored: frozenset[str] = frozenset()
    """References that the archive had from the site when it was last closed."""
    gone: dict[str, str] = field(default_factory=dict)
    """Those that left the site according to the archive, with their status."""
    report_to: int = -1
    """The pipe to which a separate process reports its progress."""
    dead: bool = False
    met: bool = False
    stop: Any = None

    @property
    def database(self) -> Path:
        return self.folder / "lgsco.db"

    @property
    def config(self) -> Path:
        """The configuration file; the creator of the program writes it."""
        return self.folder / "config.toml"

    def run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran:
        """Runs a command to its end or its fate. `rounds`: number of the daemon's syncs."""
        if fate.way == SIGKILL:
            return self._run_apart(arguments, fate, rounds)
        return self._run(arguments, fate, rounds)

    def _run_apart(self, arguments: tuple[str, ...], fate: Fate, rounds: int) -> Ran:
        """Runs a command in a process of its own, which can get SIGKILL.

        Changes of the site in that process are lost, except the pages that it refuses.
        """
        self.processes += 1
        began = self.time.at
        receive, self.report_to = os.pipe()
        child = os.fork()
        if not child:
            try:
                ran = self._run(arguments, fate, rounds)
                self._report(ran)
            finally:
                os._exit(0)
        os.close(self.report_to)
        with os.fdopen(receive, "rb") as pipe:
            reports = pipe.read().splitlines()
        _, status = os.waitpid(child, 0)
        requests, self.time.at, missing, rest = json.loads(reports[-1]) if reports else (0, self.time.at, [], None)
        self.site.ever_missing.update(missing)
        if os.WIFSIGNALED(status) or rest is None:
            return Ran(arguments, None, "", "", began, self.time.at, requests, 0, met_its_fate=True)
        return Ran(arguments, *rest)

    def _report(self, ran: Ran | None = None) -> None:
        """Reports progress to the process that started this one."""
        rest = None if ran is None else [getattr(ran, name) for name in Ran.__slots__[1:]]
        report = json.dumps((self.requests, self.time.at, sorted(self.site.ever_missing), rest))
        os.write(self.report_to, f"{report}\n".encode())

    def _run(self, arguments: tuple[str, ...], fate: Fate, rounds: int) -> Ran:
        self.command, self.fate, self.rounds = arguments[0], fate, rounds
        self.requests = self.statements = self.commits = self.slices = 0
        self.dead = self.met = False
        self.processes += 1
        out, err = io.StringIO(), io.StringIO()
        began, code = self.time.at, None
        with _running(self), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                find(MAIN)([*arguments, "--db", str(self.database), "--config", str(self.config)])
                code = 0
            except SystemExit as end:
                code = int(end.code or 0) if not self.dead else None
            except Killed:
                pass
        if self.dead:
            code = None
        return Ran(
            *(arguments, code, out.getvalue(), err.getvalue(), began, self.time.at),
            *(self.requests, self.statements, self.met),
        )

    # ------------------------------------------------------------ moments

    def tick(self) -> None:
        """Raises Killed in a killed process."""
        if self.dead:
            raise Killed

    def meet(self, moment: str, number: int) -> None:
        """Ends the command, or signal it, if this is the moment of its fate."""
        self.tick()
        fate = self.fate
        if not fate.way or self.met or fate.moment != moment or number != fate.at:
            return
        self.met = True
        if fate.way == SIGKILL:
            self._report()
            signal.raise_signal(signal.SIGKILL)
        if fate.way == "kill":
            self.dead = True
            raise Killed
        if self.stop is None:
            return
        self.stop.exit_code = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}[fate.way]
        self.stop.set()
        if moment == "request" and fate.breaks_off:
            raise find("ingest.errors:Stopped")(self.stop.exit_code)

    def fetch(self, target: str, _known: object = None) -> Any:
        """The simulated client: return an answer, or raise the error that the real client raises."""
        self.tick()
        if self.stop is not None:
            self.stop.raise_if_set()
        self.requests += 1
        self.time.at += self.site.faults.wait
        at = self.time.now()
        self.time.at += 1
        self.meet("request", self.requests)
        self.meanwhile(self.requests)
        self.tick()
        errors = import_module("ingest.errors")
        try:
            status, body = self.site.answer(target)
        except Away:
            raise errors.Unreachable(f"{target}: no complete response from 127.0.0.1 (away)") from None
        if status == 404:
            raise errors.Gone(f"{target}: the site answers 404", status=404)
        if status == 403:
            raise errors.Denied(f"{target}: the site refuses us with status 403", status=403)
        if status != 200:
            error = errors.Refused(f"{target}: the site answers {status}", status=status)
            raise error
        return find(ANSWER)(target, body, "utf-8", f"{at:%Y-%m-%dT%H:%M:%SZ}")


def find(name: str) -> Any:
    """Returns the object with a name of the form `module:attribute`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


MakeRuns = Callable[[Program], Runs]
"""Makes a runner of commands from the program."""


@functools.cache
def has_command(name: str) -> bool:
    """Whether the program has a command."""
    return name in find(COMMANDS).list_commands(None)


@functools.cache
def has_option(command: str, option: str) -> bool:
    """Whether a command of the program has an option."""
    found = find(COMMANDS).get_command(None, command)  # it imports a command when it is asked for
    return found is not None and any(option in parameter.opts for parameter in found.params)


# ---------------------------------------------------------------- the running command

_program: Program | None = None


def running() -> Program | None:
    """Returns the program of the command that runs now; None if none runs."""
    return _program


def now() -> Program:
    """Returns the program of the running command, which must exist."""
    assert _program is not None
    return _program


@contextlib.contextmanager
def _running(program: Program) -> Iterator[None]:
    global _program  # noqa: PLW0603
    _program, program.stop = program, None
    try:
        yield
    finally:
        _program = None
