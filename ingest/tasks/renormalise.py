"""Renormalise: parse every stored page again with the current parser, without the network."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from ingest.errors import ReadError, Stopped
from ingest.recording.compare import Unchanged
from ingest.recording.record import Compared, Recorder
from ingest.tasks.outcome import Outcome, summarise
from ingest.tasks.task_run import TaskRun
from storage import findings, pages, queue
from storage.database import atomic
from storage.errors import Damaged
from storage.model import Page

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Renormalise:
    """Parse every stored page again with the current parser."""

    dry_run: bool = False
    """Only count what would change."""


def renormalise(task: Renormalise, run: TaskRun) -> Outcome:
    """Parses the newest stored pages of every decision again, and records what changes. Raises Stopped."""
    recorder, codec, tally = Recorder(run.db, run.clock, run.number, run.tally), pages.Codec(run.db), run.tally
    changed = 0
    unreadable = {one.reference for one in findings.find_unreadable(run.db)}
    for reference in pages.find_read(run.db):
        if run.stop.is_set():
            raise Stopped(run.stop.exit_code)
        try:
            stored = pages.find_newest(run.db, codec, reference)
            found = replace(recorder.parse_pages(stored), again=run.clock.stamp())
        except (ReadError, Damaged) as error:
            log.warning("%s: %s", reference, error)
            if reference in unreadable:
                tally.unreadable.append(reference)
            else:
                tally.miss(reference, error)
            continue
        changes = recorder.compare([found])
        change, _ = changes[0]
        if isinstance(change, Unchanged):
            tally.unchanged += 1
            continue
        changed += 1
        log.info("%s reads otherwise than it is held: %s", reference, type(change).__name__.lower())
        if not task.dry_run:
            _record(run, recorder, stored, changes)
    told = f"{changed:,} decisions read otherwise than they are held" if task.dry_run else summarise(tally)
    if tally.failed:
        return Outcome("incomplete", 10, f"{told}; {tally.failed:,} kept pages do not read", tally)
    return Outcome("complete", 0, told, tally)


def _record(run: TaskRun, recorder: Recorder, stored: list[tuple[int, Page]], changes: list[Compared]) -> None:
    with atomic(run.db):
        recorder.apply(changes)
        pages.mark(run.db, [number for number, _ in stored], "read")
        queue.done(run.db, [stored[0][1].reference])
        findings.forget_unreadable(run.db, [stored[0][1].reference])
    run.report(run.tally)
