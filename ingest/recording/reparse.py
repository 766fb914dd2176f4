"""Parses the stored pages of decisions again and reports what that would change. Writes nothing.

Runs in this process or in worker processes: `open_file` prepares a worker, `reparse` is the function it runs.
"""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ingest.clock import Clock
from ingest.errors import ReadError
from ingest.recording.compare import Change, First, Rebuilt, Reread, Superseded, Unchanged
from ingest.recording.record import Recorder
from ingest.recording.tally import Oddity, Tally
from ingest.recording.text_edits import find_edits, show_diff
from storage import pages
from storage.database import connect_to_read
from storage.decisions import Held, Reading
from storage.errors import Damaged, LgscoError
from storage.layout import make_layout


class Reparsed(NamedTuple):
    """The changes that parsing one decision again would make."""

    reference: str
    numbers: tuple[int, ...] = ()
    """The ids of its raw pages."""
    reading: Reading | None = None
    """None if nothing changes, or the pages do not parse."""
    kind: str = ""
    """The change, in words."""
    is_text: bool = False
    """Whether the text of a stored decision changes."""
    diff: str = ""
    """The change of the text, as a unified diff."""
    error: LgscoError | None = None
    """Why its pages do not parse."""
    odd: tuple[Oddity, ...] = ()


class _QuietTally(Tally):
    """A tally that counts oddities and does not log them."""

    def note_odd(self, subject: str, what: str) -> None:
        self.odd.append(Oddity(subject, what))


class Reparser:
    """Parses the stored pages of one file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._codec = pages.Codec(db)
        self._tally = _QuietTally()
        self._recorder = Recorder(
            db, Clock(), 0, self._tally
        )  # one recorder for all pages: it remembers the words outside articles

    def reparse(self, references: Sequence[str], at: str) -> list[Reparsed]:
        """Returns what would change for some decisions. `at`: the current instant."""
        return [self._reparse_one(reference, at) for reference in references]

    def _reparse_one(self, reference: str, at: str) -> Reparsed:
        self._tally.odd.clear()
        try:
            stored = pages.find_newest(self._db, self._codec, reference)
            found = replace(self._recorder.parse_pages(stored), again=at)
        except (ReadError, Damaged) as error:
            return Reparsed(reference, error=error)
        ((change, before),) = self._recorder.compare([found])
        odd = tuple(dict.fromkeys(self._tally.odd))
        if isinstance(change, Unchanged):
            return Reparsed(reference, odd=odd)
        kind = name_change(change, before)
        is_text = isinstance(change, Superseded) and before is not None
        diff = show_diff(before.text, found.text) if is_text and before is not None else ""
        return Reparsed(reference, tuple(number for number, _ in stored), found, kind, is_text, diff, odd=odd)


def name_change(change: Change, before: Held | None) -> str:
    """Describes a change in words that are the same for similar changes, so that these can be counted together."""
    reading = change.reading
    match change:
        case First():
            return "a decision that did not parse before"
        case Rebuilt():
            return "a damaged row"
        case Superseded() if before is not None:
            edits = find_edits(before.lines, reading.decision.lines, before.authority)
            return f"the text: {', '.join(sorted({edit.kind for edit in edits})) or 'notes'}"
        case Reread() if before is not None:
            stored = before.fields()
            columns = [name for name, value in reading.fields().items() if value is not None and value != stored[name]]
            if columns:
                return f"columns: {', '.join(columns)}"
            if make_layout(reading.decision.lines) != before.layout:
                return "numbers or kinds of lines"
            return "the parser's version only"
        case _:
            return type(change).__name__.lower()


# ---------------------------------------------------------------- in a process of its own

_reparser: Reparser | None = None


def open_file(path: Path) -> None:
    """Prepares a worker process. It ignores Ctrl-C, which the parent process handles by ending its workers."""
    global _reparser  # noqa: PLW0603  # the process has this one task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _reparser = Reparser(connect_to_read(path))


def reparse(references: Sequence[str], at: str) -> list[Reparsed]:
    """Calls `Reparser.reparse` in a worker process that `open_file` prepared."""
    assert _reparser is not None
    return _reparser.reparse(references, at)
