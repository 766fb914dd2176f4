"""How a run ended, and the sentence that says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.crawling.findings import Findings
from ingest.crawling.windows import gaps
from ingest.recording.tally import Tally
from ingest.tasks.task_run import TaskRun
from storage import ledger, queue
from storage.model import Window

AGAIN = "run the command again later, it goes on where it was"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: str
    """complete, limited, incomplete, blocked, layout, failed or stopped."""
    exit_code: int
    message: str
    tally: Tally


def judge(run: TaskRun, scopes: Sequence[Window], findings: Findings) -> Outcome:
    """Complete, where every decision that the site lists in those windows is held and proven to be."""
    db, tally = run.db, run.tally
    tally.unlisted = findings.unlisted
    lacking = [told for lacks in findings.lacking.values() for told in lacks]
    problems = [*findings.contradictions, *_first_five(lacking, "pages of the listing bring nothing")]
    unfollowed = [f"{target}: {card}" for card, target in findings.unfollowed.items()]
    problems += _first_five(unfollowed, "cards cannot be followed")
    waiting = sum(queue.count(db, scope) for scope in scopes)
    if waiting:
        due = queue.find_next(db)
        problems.append(f"{waiting:,} listed decisions could not be had yet and are queued, due from {due}")
    problems += _first_five([f"{part} is not proven" for part in _find_unproven(db, scopes)], "ranges are not")
    if problems:
        told = f"{summarise(tally)}; incomplete: {'; '.join(problems)}; {AGAIN}"
        return Outcome("incomplete", 10, told, tally)
    return Outcome("complete", 0, f"{summarise(tally)}; every decision the site lists is held", tally)


def _first_five(sentences: Sequence[str], others: str) -> list[str]:
    more = len(sentences) - 5
    return [*sentences[:5], *([f"and {more:,} more {others}"] if more > 0 else [])]


def _find_unproven(db: sqlite3.Connection, scopes: Sequence[Window]) -> list[Window]:
    return [
        part
        for scope in scopes
        for part in gaps(scope, [p.window for p in ledger.find_windows(db, scope) if p.state == "proven"])
    ]


def summarise(tally: Tally) -> str:
    """What a run did, in one line."""
    told = f"{tally.first:,} new, {tally.amended:,} amended, {tally.unchanged:,} as before"
    if tally.anew:
        told += f", {tally.anew:,} read anew"
    if tally.unlisted:
        told += f", {tally.unlisted:,} no longer listed"
    if tally.left:
        told += f", {tally.left:,} found to have left the site"
    if tally.beside:
        told += f", {tally.beside:,} kept beside"
    if tally.odd:
        told += f", {len(tally.odd):,} odd: {_name_five([str(oddity) for oddity in tally.odd])}"
    if tally.new_blocks and tally.knew_blocks:  # in a new archive every kind is new
        blocks = len(tally.new_blocks)
        told += f", {blocks:,} new kinds of blocks outside decisions: {_name_five(tally.new_blocks)}"
    if tally.unreadable:
        told += f", {len(tally.unreadable):,} known not to parse: {_name_five(tally.unreadable)}"
    if tally.left_out:
        told += f", {len(tally.left_out):,} left out: {_name_five(tally.left_out)}"
    return told


def _name_five(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"
