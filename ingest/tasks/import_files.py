"""Import: records decisions from saved documents, which `ingest.tasks.documents` finds and parses."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import ReadError, Stopped, one_document
from ingest.recording.record import Recorder
from ingest.recording.tally import show_path
from ingest.tasks.documents import ExportDigests, parse_document
from ingest.tasks.outcome import Outcome, summarise
from ingest.tasks.task_run import TaskRun
from ingest.wording import agree, count_of
from storage.database import atomic
from storage.decisions import Reading
from storage.model import Decision

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Import:
    """Import the documents in files and folders."""

    paths: tuple[Path, ...]
    unclosed: bool = False
    """Accept statements without their closing line."""
    as_is: bool = False
    """Accept pages and texts that are not complete."""


def import_files(task: Import, run: TaskRun) -> Outcome:
    """Records the decisions in the documents of a task. Raises Stopped."""
    tally = run.tally
    tally.expected = len(task.paths)
    batch, exported = _Batch(run), ExportDigests()
    for path in task.paths:
        if run.stop.is_set():
            batch.record()
            raise Stopped(run.stop.exit_code)
        try:
            with one_document():
                decision = parse_document(
                    path, unclosed=task.unclosed, today=run.clock.today(), as_is=task.as_is, exported=exported
                )
        except ReadError as error:
            log.warning("%s: %s", show_path(path), error)
            tally.miss(show_path(path), error)
            continue
        batch.add(decision, path)
    batch.record()
    problems = [f"{count_of(tally.failed, 'document')} could not be imported"] if tally.failed else []
    if tally.unexamined:
        left_out = count_of(tally.unexamined, "folder or file", "folders or files")
        were = agree(tally.unexamined, "was", "were")
        problems.append(f"{left_out} that may hold decisions {were} left out")
    message = "; ".join([summarise(tally), *problems])
    return Outcome("incomplete", 10, message, tally) if problems else Outcome("complete", 0, message, tally)


class _Batch:
    """Parsed decisions with different references, to be recorded in one transaction."""

    def __init__(self, run: TaskRun) -> None:
        self._run = run
        self._recorder = Recorder(run.db, run.clock, run.number, run.tally)
        self._readings: dict[str, Reading] = {}

    def add(self, decision: Decision, path: Path) -> None:
        """Adds a decision from a file. Records the batch first if it is full or has a decision of that reference."""
        if decision.reference in self._readings or len(self._readings) >= self._run.config.storage.batch:
            self.record()
        self._readings[decision.reference] = self._recorder.make_reading(
            decision, "import", at=self._run.clock.stamp(), document=os.fsencode(path).decode("utf-8", "replace")
        )

    def record(self) -> None:
        """Records the batch, and empties it."""
        with atomic(self._run.db):
            self._recorder.record(list(self._readings.values()))
        self._readings.clear()
        self._run.report(self._run.tally)
