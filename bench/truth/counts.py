"""Counts over all sequences, shown as tables and stored in a file from which a stopped run continues."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.truth.findings import KINDS, Finding
from bench.truth.model import STATES

FAILURES_KEPT = 12
"""Most failures of a kind that are described, at most one of each sequence; the others are only counted."""
LATE = "late"
"""The kind of failure of a sequence that does not reach its full claim in time."""


@dataclass(slots=True)
class Failure:
    """A finding, and how to reproduce it."""

    sequence: int
    step: int
    command: str
    kind: str
    words: str
    why: str
    history: list[str]
    """Events and commands before it."""

    def lines(self) -> Iterator[str]:
        """Formats it for people."""
        yield f"{self.kind}, sequence {self.sequence}, step {self.step}, {self.command}"
        yield f"    printed: {self.words}"
        yield f"    but:     {self.why}"
        yield f"    after:   {'; '.join(self.history[-12:])}"


@dataclass
class Counts:
    """The counts of a run."""

    sequences: int = 0
    commands: int = 0
    """Includes the reports after each command."""
    requests: int = 0
    sentences: int = 0
    """Printed claims that were compared."""
    rows: int = 0
    """Claims in JSON that were compared."""
    exits: int = 0
    """Exit codes 0 that were compared."""
    acts: int = 0
    """Commands that make requests and ended by themselves: sync, and backfill without --limit and --withdraw."""
    full: int = 0
    """How many of those ended with exit 0 and a true full claim."""
    arrived: int = 0
    """Sequences that reached a full claim within the syncs that the cadence allows."""
    seconds: float = 0.0
    """CPU seconds."""
    pairs: Counter[str] = field(default_factory=Counter)
    """How often each `state | command` was run."""
    endings: Counter[str] = field(default_factory=Counter)
    """How often each `command | ending` occurred."""
    events: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def keep(self, finding: Finding, sequence: int, step: int, command: str, history: Iterable[str]) -> None:
        """Counts a finding, and describes it if it is among the first of its kind."""
        self.keep_kind(finding.kind, finding, sequence, step, command, history)

    def keep_kind(
        self, kind: str, finding: Finding, sequence: int, step: int, command: str, history: Iterable[str]
    ) -> None:
        self.kinds[kind] += 1
        alike = [kept for kept in self.failures if kept.kind == kind]
        if len(alike) < FAILURES_KEPT and sequence not in (kept.sequence for kept in alike):
            failure = Failure(sequence, step, command, kind, finding.words, finding.why, list(history))
            self.failures.append(failure)

    @property
    def statements(self) -> int:
        """The number of claims compared: sentences and exit codes. The rows of JSON are counted separately."""
        return self.sentences + self.exits

    # ------------------------------------------------------------ in a file

    def save(self, path: Path, key: str) -> None:
        """Writes all counts to a file. `key` identifies the kind of run."""
        draft = path.with_suffix(".part")
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "failures"}
        values["failures"] = [
            {name: getattr(failure, name) for name in Failure.__dataclass_fields__} for failure in self.failures
        ]
        draft.write_text(json.dumps({"key": key, **values}), "utf-8")
        draft.replace(path)

    @staticmethod
    def load(path: Path, key: str) -> Counts:
        """Loads the counts of an earlier run with the same key; without such a run they are empty."""
        if not path.exists():
            return Counts()
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if values.pop("key") != key:
            return Counts()
        failures = [Failure(**failure) for failure in values.pop("failures")]
        counts = Counts(failures=failures)
        for name, value in values.items():
            setattr(counts, name, Counter(value) if isinstance(value, dict) else value)
        return counts

    # ------------------------------------------------------------ as tables

    def tables(self) -> Iterator[str]:
        """Returns the pairs of state and command, and how commands ended."""
        yield from _table("commands by the state of what was asked for", self.pairs, STATES)
        yield ""
        yield "how commands ended"
        for name, count in sorted(self.endings.items()):
            yield f"  {name:44} {count:8,}"
        yield ""
        yield "what happened to the site"
        for name, count in sorted(self.events.items()):
            yield f"  {name:44} {count:8,}"
        for failure in self.failures:
            yield ""
            yield from failure.lines()

    def figures(self, *, requests: int, statements: int, pairs: int) -> Iterator[Figure]:
        """Returns each figure with its target; each pair of state and command must have occurred `pairs` times."""
        yield Figure("simulated requests", (self.requests,), "", requests)
        yield Figure("sequences", (self.sequences,), "")
        yield Figure("commands", (self.commands,), "")
        yield Figure("requests a second of the processor", (self.requests / max(self.seconds, 1e-9),), "/s")
        yield Figure("claims compared: sentences and exit codes", (self.statements,), "", statements)
        yield Figure("claims compared: rows of JSON", (self.rows,), "")
        rarest, least = min(self._pairs_that_can_be(), key=lambda pair: pair[1], default=("none", 0))
        yield Figure(f"rarest pair of state and command ({rarest})", (least,), "", pairs)
        yield from self.wrong()
        yield Figure(
            "backfills and syncs with a true full claim, %", (percent(self.full, self.acts),), "", FULL_PERCENT
        )
        yield Figure("sequences with the full claim in time, %", (percent(self.arrived, self.sequences),), "", 99)

    def wrong(self) -> Iterator[Figure]:
        """Counts the wrong claims by kind."""
        for kind in KINDS:
            yield Figure(f"claims that are {kind}", (self.kinds[kind],), "", 0, "at most")

    def _pairs_that_can_be(self) -> list[tuple[str, int]]:
        """Returns all commands in all states; after init, which makes a new file, there is one state."""
        commands = sorted({pair.partition(" | ")[2] for pair in self.pairs} - {"init"})
        pairs = [f"{state} | {command}" for state in STATES for command in commands]
        return [(pair, self.pairs[pair]) for pair in pairs]


FULL_PERCENT = 25.0
"""Least share of backfills and syncs that end with a true full claim; a program that claims nothing has none."""


def percent(part: int, whole: int) -> float:
    """Returns the share as a percentage; 0 if the total is 0."""
    return 100 * part / whole if whole else 0.0


def _table(title: str, counts: Counter[str], columns: Iterable[str]) -> Iterator[str]:
    columns = list(columns)
    rows = sorted({pair.partition(" | ")[2] for pair in counts})
    yield title
    yield f"  {'':28}{''.join(f'{column[:11]:>12}' for column in columns)}"
    for row in rows:
        cells = (counts[f"{column} | {row}"] for column in columns)
        yield f"  {row:28}{''.join(f'{cell:12,}' for cell in cells)}"
