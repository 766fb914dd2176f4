"""How a run ended, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.crawling.findings import Findings
from ingest.crawling.windows import joined
from ingest.recording.tally import Tally
from ingest.recording.template_guard import PENDING
from ingest.reports.claims import Claim, describe_progress, make_claim
from ingest.reports.status import is_running
from ingest.reports.template_changes import describe_change, diff_lines
from ingest.tasks.task_run import TaskRun
from storage import intents, queue, status, templates
from storage.claims import count_listed, find_claim_rows
from storage.database import path_of
from storage.lock import DAEMON, is_locked
from storage.model import Window

AGAIN = "run the command again later, it continues where it stopped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: str
    """complete, limited, incomplete, template, blocked, layout, failed or stopped."""
    exit_code: int
    message: str
    tally: Tally
    claim: Claim | None = None
    """What is known, after the run, of the dates that it answered for."""
    reached_the_end: bool = False
    """Whether a backfill looked at all of its range, whatever it lacks still."""
    details: tuple[str, ...] = ()
    """Lines that show what the message names, such as a diff."""

    def __str__(self) -> str:
        return f"{self.message}. {self.claim}" if self.claim else self.message


def judge(run: TaskRun, windows: Sequence[Window], findings: Findings, *, names_interrupted: bool = False) -> Outcome:
    """Complete, where the claim about the windows is full and nothing spoke against it.

    `names_interrupted`: what is left of interrupted backfills counts as a problem where no daemon goes on with it.
    """
    tally = run.tally
    tally.unlisted = findings.unlisted
    claim = claim_of(run, windows)
    problems = _find_problems(run, claim, findings)
    if problems or not claim.is_full:
        problems.append(AGAIN)
    if names_interrupted and not claim.daemon_runs and any(one.state == "interrupted" for one in claim.unfinished):
        problems.append("a backfill was interrupted and no daemon is running to continue it")
    done = f"{summarise(tally)}{_describe_rereads(run)}"
    if problems:
        told = "; ".join([done, *problems])
        return name_pending(run, Outcome("incomplete", 10, told, tally, claim, reached_the_end=True))
    return name_pending(run, Outcome("complete", 0, done, tally, claim, reached_the_end=True))


def name_pending(run: TaskRun, outcome: Outcome) -> Outcome:
    """The outcome, with the template changes that wait for a decision: the run did its other work and ends with their
    exit code."""
    pending = templates.find_change_rows(run.db, PENDING)
    if not pending:
        return outcome
    told = "; ".join([outcome.message, *map(describe_change, pending)])
    return replace(outcome, state="template", exit_code=11, message=told, details=tuple(diff_lines(pending)))


def claim_of(run: TaskRun, windows: Sequence[Window]) -> Claim:
    """What is known of some windows now. The run's own backfill came to its end: sync answers for what it lacks."""
    daemon = status.find_daemon(run.db)
    daemon_runs = daemon is not None and is_running(daemon, run.clock.now()) and is_locked(path_of(run.db), DAEMON)
    rows = find_claim_rows(run.db, lambda _: joined(windows))
    asked = [
        replace(one, state="finished") if one.kind == "backfill" and one.state == "running" else one
        for one in rows.intents
    ]
    return make_claim(replace(rows, intents=asked), daemon_runs=daemon_runs)


def count_progress(run: TaskRun, window: Window) -> str:
    """How far the run's backfill of a window came."""
    stored = count_listed(run.db, window).stored
    total = intents.find_total(run.db, run.number)
    return describe_progress(stored, total)


def _find_problems(run: TaskRun, claim: Claim, findings: Findings) -> list[str]:
    """What speaks against calling the windows of a claim complete."""
    wrong_clock = run.site_clock.describe()
    lacking = [told for lacks in findings.lacking.values() for told in lacks]
    problems = [wrong_clock] if wrong_clock else []
    problems += [*findings.contradictions, *_first_five(lacking, "pages of the listing without cards")]
    unfollowed = [f"{target}: {card}" for card, target in findings.unfollowed.items()]
    problems += _first_five(unfollowed, "cards cannot be followed")
    doubles = {f"{reference}: {told}" for found in findings.doubles.values() for reference, told in found.items()}
    problems += _first_five(sorted(doubles), "references name two decisions")
    held_back = sum(one.counts.held_back for one in claim.ranges)
    missing = sum(one.counts.listed - one.counts.stored - one.counts.excluded for one in claim.ranges) - held_back
    if held_back:
        problems.append(f"{held_back:,} listed decisions are fetched and held back: `lgsco template` shows why")
    if missing:
        due = queue.find_next(run.db)
        problems.append(f"{missing:,} listed decisions could not be fetched yet and are queued, due from {due}")
    return problems


def _describe_rereads(run: TaskRun) -> str:
    """Names stored decisions that could not be fetched again: their stored text stands meanwhile."""
    failed = queue.count_failed_rereads(run.db)
    return f", {failed:,} stored decisions could not be fetched again yet" if failed else ""


def _first_five(sentences: Sequence[str], others: str) -> list[str]:
    more = len(sentences) - 5
    return [*sentences[:5], *([f"and {more:,} more {others}"] if more > 0 else [])]


def summarise(tally: Tally) -> str:
    """What a run did, in one line."""
    told = f"{tally.first:,} new, {tally.amended:,} amended, {tally.unchanged:,} unchanged"
    if tally.anew:
        told += f", {tally.anew:,} updated by a newer parser or another source"
    if tally.set_back:
        told += f", {tally.set_back:,} set back to the text before a template change"
    if tally.unlisted:
        told += f", {tally.unlisted:,} no longer listed"
    if tally.left:
        told += f", {tally.left:,} found to have left the site"
    if tally.beside:
        told += f", {tally.beside:,} imports stored beside the site's text"
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
