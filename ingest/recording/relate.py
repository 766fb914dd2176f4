"""Links a decision with related decisions when it is recorded. Nothing is ever merged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence

from ingest.clock import Stop
from ingest.recording.text_likeness import SIMILAR, find_cited, make_sketch, measure_likeness
from storage import decisions, related
from storage.database import atomic
from storage.model import Line

log = logging.getLogger("lgsco")

_BATCH = 200
_LEAST_SHARED = 0.5
"""The share of a sketch's rare lines that two texts must have in common to be compared."""
_MOST_COMPARED = 8


def relate(db: sqlite3.Connection, reference: str, lines: Sequence[Line], before: Sequence[Line] | None = None) -> None:
    """Links a stored decision with others, by its reference and its lines. Call it inside a transaction.

    `before`: the lines that it had before, if any.
    """
    for other in related.find_joint(db, reference):
        related.relate(db, reference, [other], "joint")
        related.relate(db, other, [reference], "joint")
    sketch = make_sketch(lines)
    if before is not None:
        related.forget_texts(db, reference)
        gone = set(make_sketch(before)).difference(sketch)
        related.remove_sketch(db, reference, gone)
    cited = find_cited(lines, reference)
    if cited:
        related.relate(db, reference, cited, "cites")
    shared = related.count_shared(db, sketch)
    rare = [one for one in sketch if shared.get(one, 0) < related.MOST_SHARED]
    known = [one for one in rare if one in shared]
    if known:
        _relate_texts(db, reference, lines, known, max(1, int(_LEAST_SHARED * len(rare))))
    related.add_sketch(db, reference, rare)


def _relate_texts(
    db: sqlite3.Connection, reference: str, lines: Sequence[Line], known: Sequence[int], least: int
) -> None:
    others = related.find_sharing(db, known, least, _MOST_COMPARED + 1)
    if reference in others:
        others.remove(reference)
    for other, held in decisions.find_held(db, others).items():
        likeness = measure_likeness(lines, held.lines)
        if likeness >= SIMILAR:
            related.relate_texts(db, reference, other, likeness)


def relate_migrated(db: sqlite3.Connection, stop: Stop) -> None:
    """Links the decisions that were stored by a version without links. Raises Stopped; the next run continues."""
    is_logged = False
    while references := related.find_unrelated(db, _BATCH):
        stop.raise_if_set()
        if not is_logged:
            log.info("linking decisions that belong together; an older version stored none of these links")
            is_logged = True
        with atomic(db):
            held = decisions.find_held(db, references)
            for reference in references:
                if reference in held and held[reference].flaw is None:
                    relate(db, reference, held[reference].lines)
            related.mark_related(db, references)
