"""Verify: name what is damaged in a file, and put back what can be rebuilt from the file itself."""

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
from storage import pages, queue, repair, verify
from storage.database import atomic
from storage.errors import Damaged
from storage.row_checks import Damage

log = logging.getLogger("lgsco")


@dataclass(frozen=True, slots=True)
class Repair:
    """Put back what is damaged: rows from raw pages, the index from the texts; queue what must be fetched again."""


@dataclass(slots=True)
class _Done:
    """What a repair did with damaged decisions."""

    put_back: list[str] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)
    to_import: list[str] = field(default_factory=list)
    """The paths of documents."""


def repair_file(_task: Repair, run: TaskRun) -> Outcome:
    """Puts back what can be, and names what stays damaged. No revision is deleted. Raises Stopped."""
    damages = find_damages(run.db)
    for damage in damages:
        log.warning("%s", damage)
    done = _repair(run, damages) if damages else _Done()
    left = find_damages(run.db) if damages else []
    for damage in left:
        log.warning("still damaged: %s", damage)
    told = (
        f"{len(damages):,} damages found; {len(done.put_back):,} decisions were put back, {len(done.queued):,} are "
        f"queued to be fetched again; {len(left):,} damages remain"
    )
    if done.to_import:
        told += f"; import again: {', '.join(done.to_import)}"
    if left or done.queued or done.to_import:
        return Outcome("incomplete", 10, told, run.tally)
    return Outcome("complete", 0, told, run.tally)


def find_damages(db: sqlite3.Connection) -> list[Damage]:
    """Everything that is damaged, the full-text index included."""
    return [*verify.check(db), *verify.check_index(db)]


def _repair(run: TaskRun, damages: Sequence[Damage]) -> _Done:
    parts = {damage.part for damage in damages}
    done = _Done()
    if "file" in parts:
        _try(run, "the indexes", partial(repair.reindex, run.db))
    if parts & {"file", "index"}:
        _try(run, "the full-text index", partial(repair.rebuild_index, run.db))
    recorder, codec = Recorder(run.db, run.clock, run.number, run.tally), pages.Codec(run.db)
    for reference in _of(damages, "decision"):
        if run.stop.is_set():
            raise Stopped(run.stop.exit_code)
        _try(run, reference, partial(_put_back, run, recorder, codec, reference, done))
    for reference in _of(damages, "revision"):
        _try(run, reference, partial(_put_revisions_back, run, recorder, codec, reference))
    for reference in _of(damages, "page"):
        if reference not in done.queued and not _has_sound_page(run, codec, reference):
            _try(run, reference, partial(_fetch_again, run, reference, done))
    with atomic(run.db):
        for damage in damages:
            if damage.part == "ledger":
                repair.forget_window(run.db, damage.subject, run.clock.stamp())
        repair.mend_runs(run.db)
    if done.put_back:
        _try(run, "the full-text index", partial(repair.rebuild_index, run.db))
    return done


def _of(damages: Sequence[Damage], part: str) -> list[str]:
    """The decisions that damages of a part belong to, each once."""
    return list(dict.fromkeys(one.reference for one in damages if one.part == part and one.reference is not None))


def _try(run: TaskRun, what: str, mend: Callable[[], object]) -> None:
    """Mends one thing in a transaction; where the file does not let it, that is said and the others follow."""
    try:
        with atomic(run.db):
            mend()
    except sqlite3.DatabaseError as error:
        log.warning("%s cannot be put back (%s); restore a snapshot", what, error)
    run.report(run.tally)


def _put_back(run: TaskRun, recorder: Recorder, codec: pages.Codec, reference: str, done: _Done) -> None:
    """A decision from its stored page; without one it is queued, or its document named. Call it inside a
    transaction."""
    try:
        stored = pages.find_newest_read(run.db, codec, reference)
        if stored:
            changes = recorder.compare([replace(recorder.parse_pages(stored), again=run.clock.stamp())])
            if isinstance(changes[0][0], Rebuilt | Superseded):
                recorder.apply(changes, index=False)
                done.put_back.append(reference)
                return
    except (ReadError, Damaged) as error:
        log.warning("%s cannot be put back from its stored page: %s", reference, error)
    document = repair.find_document(run.db, reference)
    if document is not None:
        log.warning("%s came from a document; import it again: %s", reference, document)
        done.to_import.append(document)
    else:
        _fetch_again(run, reference, done)


def _fetch_again(run: TaskRun, reference: str, done: _Done) -> None:
    url = repair.find_url(run.db, reference)
    if url is None:
        log.warning("%s has no address to fetch it from; restore a snapshot, or import it", reference)
        return
    queue.add(run.db, reference, url, run.clock.stamp())
    done.queued.append(reference)


def _has_sound_page(run: TaskRun, codec: pages.Codec, reference: str) -> bool:
    try:
        return bool(pages.find_newest_read(run.db, codec, reference))
    except Damaged:
        return False


def _put_revisions_back(run: TaskRun, recorder: Recorder, codec: pages.Codec, reference: str) -> None:
    """The texts of past revisions, where the page that each was read from still gives the text that it names."""
    for revision, page, sha256 in repair.find_damaged_texts(run.db, reference):
        try:
            stored = pages.find_page(run.db, codec, page)
            reading = recorder.parse_pages([stored]) if stored else None
        except (ReadError, Damaged):
            continue
        if reading is not None and reading.text_sha256 == sha256:
            repair.restore_text(run.db, reference, revision, reading.text)
