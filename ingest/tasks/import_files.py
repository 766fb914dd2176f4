"""Import: records decisions from saved documents, which `ingest.tasks.documents` finds and parses."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import ReadError, Stopped, one_document
from ingest.recording.record import Recorder
from ingest.recording.tally import show_path
from ingest.reports.lines import name_first
from ingest.tasks.documents import ExportDigests, parse_document
from ingest.tasks.outcome import Outcome, summarise
from ingest.tasks.task_run import TaskRun
from ingest.wording import agree, count_of
from storage.database import atomic
from storage.decisions import Reading
from storage.model import Decision

log = logging.getLogger("lgsco")

_NAMED_OTHERS = 5
"""Most decisions that are named for one document, besides the imported one."""


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
    batch, exported, several = _Batch(run), ExportDigests(), 0
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
        others = list(dict.fromkeys(block.begins for block in decision.left_out if block.begins))
        if others:
            not_stored = _describe_others(decision.reference, others)
            log.warning("%s: %s", show_path(path), not_stored)
            tally.unread.append(f"{show_path(path)}: {not_stored}")
            several += 1
    batch.record()
    problems = [f"{count_of(tally.failed, 'document')} could not be imported"] if tally.failed else []
    if several:
        have = agree(several, "has", "have")
        problems.append(
            f"{count_of(several, 'document')} {have} more than one decision, of which only one was imported"
        )
    if tally.unexamined:
        left_out = count_of(tally.unexamined, "folder or file", "folders or files")
        were = agree(tally.unexamined, "was", "were")
        problems.append(f"{left_out} that may hold decisions {were} left out")
    message = "; ".join([summarise(tally), *problems])
    return Outcome("incomplete", 10, message, tally) if problems else Outcome("complete", 0, message, tally)


def _describe_others(reference: str, others: Sequence[str]) -> str:
    """Says which decisions in a document are not imported, and what to do. `reference` is the imported one."""
    named = " and ".join(name_first(others, _NAMED_OTHERS, "{:,} more"))
    were = agree(len(others), "was", "were")
    return (
        f"only {reference} was taken from it; it also has {named}, which {were} not imported; save each decision in a "
        "file of its own, and import these files"
    )


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
