"""Compares everything that the program prints about stored decisions with the truth of a simulated site.

Plays random sequences of commands and events: backfills, syncs and daemon rounds that are killed or stopped at any
moment; days that pass; the daemon's fill; decisions that appear, disappear, change and become hidden; a site with
errors; a restored backup; a file that vanishes or is replaced while the daemon runs. After each command every printed
claim, the JSON of the reports and the exit code are compared with the site's listing. No HTTP; real SQLite.

    python -m bench claims --requests 1000000            continues where it was stopped (Ctrl-C)
    python -m bench claims --seed 5 --sequence 17        one sequence, with everything that it printed
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, process_time

from bench.figures import Figure
from bench.truth.counts import Counts
from bench.truth.grammar import Grammar
from bench.truth.program import NO_FATE, Fate, MakeRuns, Program, Ran
from bench.truth.replaced import replaced
from bench.truth.sequence import Play

REQUESTS = 1_000_000
COMMANDS = 16
"""Commands of a sequence before its faults stop."""
_SHOW_SECONDS = 30.0
_STATE = Path("claims-progress.json")
_STATEMENTS_OF_FULL_SIZE = 20_000
_PAIRS_OF_FULL_SIZE = 100


def play(
    requests: int,
    *,
    seed: int = 1,
    counts: Counts | None = None,
    grammar: Grammar | None = None,
    make: MakeRuns = lambda program: program,
    commands: int = COMMANDS,
    stop: list[int] | None = None,
    show: bool = False,
) -> Counts:
    """Plays sequences until that many requests were simulated.

    `counts`: results to continue from. `make`: makes the runner of the commands. `commands`: number of commands in a
    sequence before its faults stop. `stop`: ends the run once it is not empty.
    """
    counts = counts or Counts()
    shown = monotonic()
    with replaced(), _without_garbage():
        while counts.requests < requests and not stop:
            began = process_time()
            play_one(seed, counts.sequences, counts, grammar or Grammar(), make, commands=commands)
            counts.seconds += process_time() - began
            if show and monotonic() - shown >= _SHOW_SECONDS:
                shown = monotonic()
                print(_progress(counts, requests), file=sys.stderr, flush=True)
                counts.save(_STATE, _key(seed))
    return counts


def play_one(
    seed: int, number: int, counts: Counts, grammar: Grammar, make: MakeRuns, *, commands: int = COMMANDS
) -> None:
    """Plays one sequence in a folder of its own."""
    shm = Path("/dev/shm")  # in memory if there is such a folder
    folder = Path(mkdtemp(prefix="claims-", dir=shm if os.access(shm, os.W_OK) else None))
    try:
        Play(seed, number, folder, counts, grammar, make).play(commands=commands)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Shown:
    """A program that shows the output of each command."""

    program: Program

    def run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran:
        ran = self.program.run(*arguments, fate=fate, rounds=rounds)
        began = datetime.fromtimestamp(ran.began, UTC)
        print(f"--- {began:%Y-%m-%d %H:%M:%S} lgsco {' '.join(arguments)} [{fate}] {ran.requests} requests: {ran.code}")
        print(ran.out + ran.err, end="")
        return ran


def show(seed: int, sequence: int) -> Counts:
    """Plays one sequence, and shows it."""
    counts = Counts()
    with replaced():
        play_one(seed, sequence, counts, Grammar(), Shown)
    return counts


def measure(requests: int = REQUESTS, seed: int = 1, sequence: int | None = None) -> Iterator[Figure]:
    """Runs the full size, or the given number of requests, or one sequence."""
    if sequence is not None:
        counts = show(seed, sequence)
        print("\n".join(counts.tables()))
        yield from counts.wrong()
        return
    counts = Counts.load(_STATE, _key(seed))
    if counts.requests:
        print(f"continuing from {counts.requests:,} requests ({_STATE})", file=sys.stderr)
    stop: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: stop.append(number))
    try:
        counts = play(requests, seed=seed, counts=counts, stop=stop, show=True)
    finally:
        signal.signal(signal.SIGINT, before)
    counts.save(_STATE, _key(seed))
    print("\n".join(counts.tables()))
    share = min(1.0, requests / REQUESTS)
    yield from counts.figures(
        requests=requests,
        statements=int(share * _STATEMENTS_OF_FULL_SIZE),
        pairs=int(share * _PAIRS_OF_FULL_SIZE),
    )


def _key(seed: int) -> str:
    return f"seed {seed}, {COMMANDS} commands"


def _progress(counts: Counts, requests: int) -> str:
    wrong = sum(counts.kinds.values())
    rate = counts.requests / max(counts.seconds, 1e-9)
    return (
        f"{counts.requests:,} of {requests:,} requests, {rate:,.0f} a second; {counts.sequences:,} sequences, "
        f"{counts.statements:,} claims and {counts.rows:,} rows compared, {wrong:,} wrong"
    )


@contextlib.contextmanager
def _without_garbage() -> Iterator[None]:
    """Switches the garbage collector off meanwhile: reference counting frees the objects of a sequence."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
