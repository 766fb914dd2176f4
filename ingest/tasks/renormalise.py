"""Renormalise: parses every stored page again with the current parser, without the network.

A first pass counts what would change. A second one records it, if few texts would change or the user agreed.
"""

from __future__ import annotations

import logging
import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from multiprocessing import get_context

from ingest.errors import Stopped, UsageError
from ingest.lgo.normaliser import NORMALISER
from ingest.recording import reparse
from ingest.recording.held_recorder import HeldRecorder
from ingest.recording.record import Recorder
from ingest.recording.reparse import Reparsed, Reparser
from ingest.recording.template_watch import TemplateWatch
from ingest.tasks.outcome import Outcome, summarise
from ingest.tasks.task_run import TaskRun
from ingest.wording import count_of
from storage import findings, held_texts, pages, queue
from storage.database import atomic, path_of

log = logging.getLogger("lgsco")

_BATCH = 100
"""Decisions that a worker process gets at a time, and that are recorded in one transaction."""
_MIN_DECISIONS_FOR_WORKERS = 1_000
"""With fewer decisions this process parses alone: a worker takes a second to start."""
_CHANGES_WITHOUT_CONSENT = 10
"""Texts that may change without the user's consent, whatever their share of all texts."""


@dataclass(frozen=True, slots=True)
class Renormalise:
    """Parse every stored page again with the current parser."""

    dry_run: bool = False
    """Only count what would change."""
    yes: bool = False
    """Change any number of texts."""
    samples: int = 10
    """The most diffs that a dry run shows."""


@dataclass(slots=True)
class _Changes:
    """The changes that a run would make."""

    samples: int
    kinds: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    diffs: dict[str, list[str]] = field(default_factory=dict)
    """By kind of change, some decisions with their diffs."""

    def add(self, one: Reparsed) -> None:
        if one.reading is None:
            return
        self.kinds[one.kind] += 1
        self.texts += one.is_text
        shown = self.diffs.setdefault(one.kind, [])
        if one.is_text and len(shown) < self.samples:
            shown.append(f"{one.reference}:\n{one.diff}")

    def lines(self) -> list[str]:
        """Returns how many decisions change in each way, then sample diffs, taken from each way in turn."""
        counts = [
            f"{count:8,}  {kind}" for kind, count in sorted(self.kinds.items(), key=lambda one: (-one[1], one[0]))
        ]
        turns = [diff for turn in zip_longest(*self.diffs.values()) for diff in turn if diff is not None]
        return [*counts, *(line for diff in turns[: self.samples] for line in diff.split("\n"))]


def renormalise(task: Renormalise, run: TaskRun) -> Outcome:
    """Parses the newest stored pages of every decision again, and records what changes.

    Raises Stopped, and UsageError if more texts would change than allowed without the user's consent.
    """
    tally = run.tally
    unreadable = {one.reference for one in findings.find_unreadable(run.db)}
    begin = "" if task.dry_run else pages.find_position(run.db, NORMALISER)
    references = [reference for reference in pages.find_read(run.db) if reference > begin]
    if begin:
        log.info("continuing after %s, where the last renormalise was interrupted", begin)
    changes = _Changes(task.samples)
    tally.expected = len(references)
    if task.dry_run or not task.yes:
        for batch in _reparse(run, references):
            for one in batch:
                changes.add(one)
                if task.dry_run:
                    _count(run, one, unreadable)
        if not task.dry_run:
            _require_consent(run, changes, len(references))
    if not task.dry_run:
        _record_all(run, references, unreadable)
        _reparse_held(run)
    tally.checked = 0
    changed = sum(changes.kinds.values())
    message = f"{count_of(changed, 'decision')} would change" if task.dry_run else summarise(tally)
    details = tuple(changes.lines()) if task.dry_run else ()
    if tally.failed:
        unparsed = count_of(tally.failed, "stored page does not parse", "stored pages do not parse")
        return Outcome("incomplete", 10, f"{message}; {unparsed}", tally, details=details)
    return Outcome("complete", 0, message, tally, details=details)


def _require_consent(run: TaskRun, changes: _Changes, decisions: int) -> None:
    percent = 100 * changes.texts / decisions if decisions else 0
    most = run.config.storage.renormalise_percent
    if changes.texts > _CHANGES_WITHOUT_CONSENT and percent > most:
        raise UsageError(
            f"{changes.texts:,} of {count_of(decisions, 'text')} would change ({percent:.1f} %, more than {most:g} %), "
            "so none was changed: look at `lgsco renormalise --dry-run`, then run `lgsco renormalise --yes`"
        )


# ---------------------------------------------------------------- parsing


def _reparse(run: TaskRun, references: Sequence[str]) -> Iterator[list[Reparsed]]:
    """Yields the results of parsing again, in batches, in order of the references. Raises Stopped between batches."""
    run.tally.checked = 0
    batches = [references[start : start + _BATCH] for start in range(0, len(references), _BATCH)]
    workers = run.config.storage.workers or len(os.sched_getaffinity(0))
    alone = workers == 1 or len(references) < _MIN_DECISIONS_FOR_WORKERS
    for batch in _reparse_in_process(run, batches) if alone else _reparse_in_workers(run, batches, workers):
        run.stop.raise_if_set()
        yield batch
        run.tally.checked += len(batch)
        run.report(run.tally)


def _reparse_in_process(run: TaskRun, batches: Sequence[Sequence[str]]) -> Iterator[list[Reparsed]]:
    reparser = Reparser(run.db)
    for batch in batches:
        yield reparser.reparse(batch, run.clock.stamp())


def _reparse_in_workers(run: TaskRun, batches: Sequence[Sequence[str]], workers: int) -> Iterator[list[Reparsed]]:
    """Yields the same results from worker processes, which work a few batches ahead."""
    left = deque(batches)
    ahead: deque[Future[list[Reparsed]]] = deque()
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=reparse.open_file, initargs=(path_of(run.db),)
    )
    try:
        while left or ahead:
            while left and len(ahead) < 2 * workers:
                ahead.append(pool.submit(reparse.reparse, left.popleft(), run.clock.stamp()))
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


# ---------------------------------------------------------------- recording


def _count(run: TaskRun, one: Reparsed, unreadable: set[str]) -> None:
    """Counts the oddities of a decision, and whether it failed to parse or did not change."""
    for oddity in one.odd:
        run.tally.note_odd(*oddity)
    if one.error is not None:
        log.warning("%s: %s", one.reference, one.error)
        if one.reference in unreadable:
            run.tally.unreadable.append(one.reference)
        else:
            run.tally.miss(one.reference, one.error)
    elif one.reading is None:
        run.tally.unchanged += 1
    else:
        log.info("%s parses differently from the stored text: %s", one.reference, one.kind)


def _record_all(run: TaskRun, references: Sequence[str], unreadable: set[str]) -> None:
    """Parses all decisions again and records the changes. The next run continues an interrupted one."""
    recorder = Recorder(run.db, run.clock, run.number, run.tally)
    for batch in _reparse(run, references):
        with atomic(run.db):
            for one in batch:
                _count(run, one, unreadable)
                if one.reading is not None:
                    recorder.apply(recorder.compare([one.reading]))
                    pages.mark(run.db, one.numbers, "read")
                    queue.remove(run.db, [one.reference])
                    findings.forget_unreadable(run.db, [one.reference])
            pages.record_position(run.db, NORMALISER, batch[-1].reference)
    with atomic(run.db):
        pages.record_position(run.db, NORMALISER, None)


def _reparse_held(run: TaskRun) -> None:
    """Parses the pages again that wait for a decision about a template change.

    A new parser may leave the template out. A text that still differs waits, for that decision or for the next sync to
    ask other decisions about it.
    """
    recorder = Recorder(run.db, run.clock, run.number, run.tally)
    watch = TemplateWatch(run.db, run.clock, recorder, run.number, run.tally)
    held_recorder = HeldRecorder(run.db, pages.Codec(run.db), run.clock, recorder, watch, run.number, run.tally)
    for held in held_texts.find_all_held(run.db):
        if run.stop.is_set():
            raise Stopped(run.stop.exit_code)
        with atomic(run.db):
            held_recorder.try_again(held)
