"""Runs the command line in this process, on a simulated site and a simulated clock, and ends it at any moment.

`bench.truth.replaced` says what of the program is replaced for it. All else is the program.
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
"""The class whose method `fetch` is the only HTTP."""
ANSWER = "ingest.fetching.interface:Answer"
MAIN = "lgsco.cli.main:main"
COMMANDS = "lgsco.cli.main:cli"
"""The click group of all commands."""

START = datetime(2026, 11, 2, 12, tzinfo=UTC)


SIGKILL = "SIGKILL"
"""The way to end a command in a process of its own, which really is killed."""


class Killed(BaseException):
    """The process ends here, without a word more."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How a command is to end before its own end. `at` counts from 1; a moment that does not come changes nothing."""

    way: str = ""
    """kill (an exception that nothing catches), SIGKILL, SIGINT, SIGTERM or SIGHUP; "" for none."""
    moment: str = ""
    """request, statement, before commit or after commit."""
    at: int = 0
    breaks_off: bool = True
    """Whether a signal at a request breaks off that request; else its answer still comes."""

    def __str__(self) -> str:
        return f"{self.way} at {self.moment} {self.at}" if self.way else "none"


NO_FATE = Fate()
"""To end in its own way."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, with all that it printed."""

    arguments: tuple[str, ...]
    code: int | None
    """None where it was killed."""
    out: str
    err: str
    began: int
    ended: int
    requests: int
    statements: int
    met_its_fate: bool


class Runs(Protocol):
    """What runs a command: the program, or one that is wrong on purpose."""

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
    """`meanwhile` is called before each answer with the number of the request in its command."""

    folder: Path
    site: Site
    time: Time
    meanwhile: Callable[[int], None] = lambda _number: None
    command: str = ""
    fate: Fate = NO_FATE
    rounds: int = 0
    """Syncs after which the daemon is told to end."""
    slices: int = 0
    """Times that the daemon waited for a minute only, since it was busy."""
    requests: int = 0
    statements: int = 0
    commits: int = 0
    processes: int = 0
    stored: frozenset[str] = frozenset()
    """References that the archive holds from the site, when it was closed last."""
    gone: dict[str, str] = field(default_factory=dict)
    """Those of them that it says have left the site, with the status it gives them."""
    report_to: int = -1
    """Where a process of its own reports how far it is."""
    dead: bool = False
    met: bool = False
    stop: Any = None

    @property
    def database(self) -> Path:
        return self.folder / "lgsco.db"

    @property
    def config(self) -> Path:
        """Its configuration; whoever makes the program writes it."""
        return self.folder / "config.toml"

    def run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran:
        """Runs a command to its end, or to its fate. `rounds`: of the daemon's syncs."""
        if fate.way == SIGKILL:
            return self._run_apart(arguments, fate, rounds)
        return self._run(arguments, fate, rounds)

    def _run_apart(self, arguments: tuple[str, ...], fate: Fate, rounds: int) -> Ran:
        """Runs a command in a process of its own, to which SIGKILL can be sent. What happens to the site there, but for
        the pages that it refuses, is lost."""
        self.processes += 1
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
            return Ran(arguments, None, "", "", self.time.at - requests, self.time.at, requests, 0, met_its_fate=True)
        return Ran(arguments, *rest)

    def _report(self, ran: Ran | None = None) -> None:
        """Tells the process that started this one how far it is."""
        rest = None if ran is None else [getattr(ran, name) for name in Ran.__slots__[1:]]
        told = json.dumps((self.requests, self.time.at, sorted(self.site.ever_missing), rest))
        os.write(self.report_to, f"{told}\n".encode())

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
        """A killed process does nothing more."""
        if self.dead:
            raise Killed

    def meet(self, moment: str, number: int) -> None:
        """Ends the command, or signals it, where this is the moment."""
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
        """The simulated client: an answer, or the error that the real client raises."""
        self.tick()
        if self.stop is not None:
            self.stop.raise_if_set()
        self.requests += 1
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
    """What a name of the form `module:attribute` names in the program."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


MakeRuns = Callable[[Program], Runs]
"""Makes what runs the commands from the program itself."""


@functools.cache
def has_command(name: str) -> bool:
    """Whether the program has a command."""
    return name in find(COMMANDS).commands


@functools.cache
def has_option(command: str, option: str) -> bool:
    """Whether a command of the program has an option."""
    found = find(COMMANDS).commands.get(command)
    return found is not None and any(option in parameter.opts for parameter in found.params)


# ---------------------------------------------------------------- whose command runs now

_program: Program | None = None


def running() -> Program | None:
    """The program whose command runs now."""
    return _program


def now() -> Program:
    """The same, where one surely runs."""
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
