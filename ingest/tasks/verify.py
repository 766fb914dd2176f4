"""Verify: names what is damaged in a file, and restores what can be rebuilt from the file itself."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ingest.errors import ReadError, Stopped
from ingest.recording.compare import Rebuilt, Superseded
from ingest.recording.record import Recorder
from ingest.tasks.outcome import Outcome
from ingest.tasks.task_run import TaskRun
from ingest.wording import count_of
from storage import pages, queue, repair, verify
from storage.counters import rebuild_counters
from storage.database import atomic
from storage.errors import Damaged
from storage.row_checks import Damage

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Repair:
    """Restore damaged rows from raw pages and the index from the texts; queue what must be fetched again."""


@dataclass(slots=True)
class _Done:
    """The damaged decisions by the way a repair handled them."""

    restored: list[str] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)
    to_import: list[str] = field(default_factory=list)
    """The paths of documents."""


def repair_file(_task: Repair, run: TaskRun) -> Outcome:
    """Restores what can be restored, and names what stays damaged. No revision is deleted. Raises Stopped."""
    damages = find_damages(run.db)
    for damage in damages:
        log.warning("%s", damage)
    done = _repair(run, damages) if damages else _Done()
    left = find_damages(run.db) if damages else []
    for damage in left:
        log.warning("still damaged: %s", damage)
    message = (
        f"{count_of(len(damages), 'damaged part')} found; {count_of(len(done.restored), 'decision')} restored, "
        f"{len(done.queued):,} queued to be fetched again; "
        f"{count_of(len(left), 'damaged part remains', 'damaged parts remain')}"
    )
    if done.to_import:
        message += f"; import again: {', '.join(done.to_import)}"
    if left or done.queued or done.to_import:
        return Outcome("incomplete", 10, message, run.tally)
    return Outcome("complete", 0, message, run.tally)


def find_damages(db: sqlite3.Connection) -> list[Damage]:
    """Finds all damage in the file, including the full-text index."""
    return [*verify.check(db), *verify.check_index(db)]


def _repair(run: TaskRun, damages: Sequence[Damage]) -> _Done:
    parts = {damage.part for damage in damages}
    done = _Done()
    if "file" in parts:
        _try_repair(run, "the indexes", partial(repair.reindex, run.db))
    if parts & {"file", "index"}:
        _try_repair(run, "the full-text index", partial(repair.rebuild_index, run.db))
    recorder, codec = Recorder(run.db, run.clock, run.number, run.tally), pages.Codec(run.db)
    for reference in _find_references(damages, "decision"):
        if run.stop.is_set():
            raise Stopped(run.stop.exit_code)
        _try_repair(run, reference, partial(_restore_decision, run, recorder, codec, reference, done))
    for reference in _find_references(damages, "revision"):
        _try_repair(run, reference, partial(_restore_revisions, run, recorder, codec, reference))
    for reference in _find_references(damages, "page"):
        if reference not in done.queued and not _has_sound_page(run, codec, reference):
            _try_repair(run, reference, partial(_queue_fetch, run, reference, done))
    with atomic(run.db):
        for damage in damages:
            if damage.part == "ledger":
                repair.forget_window(run.db, damage.subject, run.clock.stamp())
        if "counters" in parts:
            rebuild_counters(run.db)
        repair.repair_runs(run.db)
    if done.restored:
        _try_repair(run, "the full-text index", partial(repair.rebuild_index, run.db))
    return done


def _find_references(damages: Sequence[Damage], part: str) -> list[str]:
    """Returns the references of the decisions that damages of a part belong to, each once."""
    return list(dict.fromkeys(one.reference for one in damages if one.part == part and one.reference is not None))


def _try_repair(run: TaskRun, what: str, change: Callable[[], object]) -> None:
    """Repairs one thing in a transaction. If SQLite fails on it, it logs that, and the repair continues."""
    try:
        with atomic(run.db):
            change()
    except sqlite3.DatabaseError as error:
        log.warning("cannot restore %s (%s); restore a snapshot", what, error)
    run.report(run.tally)


def _restore_decision(run: TaskRun, recorder: Recorder, codec: pages.Codec, reference: str, done: _Done) -> None:
    """Restores a decision from its stored page. Without one it is queued, or its document is named.

    Call it inside a transaction.
    """
    try:
        stored = pages.find_newest_read(run.db, codec, reference)
        if stored:
            changes = recorder.compare([replace(recorder.parse_pages(stored), again=run.clock.stamp())])
            if isinstance(changes[0][0], Rebuilt | Superseded):
                recorder.apply(changes, index=False)
                done.restored.append(reference)
                return
    except (ReadError, Damaged) as error:
        log.warning("cannot restore %s from its stored page: %s", reference, error)
    document = repair.find_document(run.db, reference)
    if document is not None:
        log.warning("%s came from a document; import it again: %s", reference, document)
        done.to_import.append(document)
    else:
        _queue_fetch(run, reference, done)


def _queue_fetch(run: TaskRun, reference: str, done: _Done) -> None:
    url = repair.find_url(run.db, reference)
    if url is None:
        log.warning("%s has no address to fetch it from; restore a snapshot, or import the decision", reference)
        return
    queue.add(run.db, reference, url, run.clock.stamp())
    done.queued.append(reference)


def _has_sound_page(run: TaskRun, codec: pages.Codec, reference: str) -> bool:
    try:
        return bool(pages.find_newest_read(run.db, codec, reference))
    except Damaged:
        return False


def _restore_revisions(run: TaskRun, recorder: Recorder, codec: pages.Codec, reference: str) -> None:
    """Restores the texts of past revisions, if their pages still parse to the text with the stored digest."""
    for revision, page, sha256 in repair.find_damaged_texts(run.db, reference):
        try:
            stored = pages.find_page(run.db, codec, page)
            reading = recorder.parse_pages([stored]) if stored else None
        except (ReadError, Damaged):
            continue
        if reading is not None and reading.text_sha256 == sha256:
            repair.restore_text(run.db, reference, revision, reading.text)
