"""Decides how a run ended, and makes the sentence that reports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.crawling.findings import Findings
from ingest.crawling.windows import merge_windows
from ingest.recording.tally import Tally
from ingest.reports.claims import Claim, make_claim
from ingest.reports.daemon_state import is_running
from ingest.reports.date_ranges import describe_progress
from ingest.reports.template_changes import describe_change, diff_lines
from ingest.tasks.task_run import TaskRun
from ingest.wording import agree, count_of
from storage import intents, queue, status, templates
from storage.claims import count_listed, find_claim_rows
from storage.database import path_of
from storage.lock import DAEMON, is_locked
from storage.model import PENDING, Window

RUN_AGAIN = "run the command again later to continue where it stopped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    state: str
    """complete, limited, incomplete, template, blocked, layout, failed or stopped."""
    exit_code: int
    message: str
    tally: Tally
    claim: Claim | None = None
    """The claim, after the run, about the dates that it covered."""
    reached_the_end: bool = False
    """Whether a backfill walked its whole range, even if decisions are still missing."""
    details: tuple[str, ...] = ()
    """Further lines about what the message names, such as a diff."""

    def __str__(self) -> str:
        return f"{self.message}. {self.claim}" if self.claim else self.message


def judge(run: TaskRun, windows: Sequence[Window], findings: Findings, *, names_interrupted: bool = False) -> Outcome:
    """Returns the outcome of a run: complete if the claim about the windows is full and there was no problem.

    `names_interrupted`: what is left of interrupted backfills counts as a problem if no daemon continues it.
    """
    tally = run.tally
    tally.unlisted = findings.unlisted
    claim = find_claim(run, windows)
    problems = _find_problems(run, claim, findings)
    if problems or not claim.is_full:
        problems.append(RUN_AGAIN)
    if names_interrupted and not claim.daemon_runs and any(one.state == "interrupted" for one in claim.unfinished):
        problems.append("a backfill was interrupted and no daemon is running to continue it")
    done = f"{summarise(tally)}{_describe_rereads(run)}"
    if problems:
        message = "; ".join([done, *problems])
        return name_pending(run, Outcome("incomplete", 10, message, tally, claim, reached_the_end=True))
    return name_pending(run, Outcome("complete", 0, done, tally, claim, reached_the_end=True))


def name_pending(run: TaskRun, outcome: Outcome) -> Outcome:
    """Adds the template changes that wait for a decision to the outcome, if there are any.

    The run did its other work; it ends with the exit code of a pending template change.
    """
    pending = templates.find_change_rows(run.db, PENDING)
    if not pending:
        return outcome
    message = "; ".join([outcome.message, *map(describe_change, pending)])
    return replace(outcome, state="template", exit_code=11, message=message, details=tuple(diff_lines(pending)))


def find_claim(run: TaskRun, windows: Sequence[Window]) -> Claim:
    """Makes the claim about some windows as of now.

    The run's own backfill counts as finished, so sync covers what it still lacks.
    """
    daemon = status.find_daemon(run.db)
    daemon_runs = daemon is not None and is_running(daemon, run.clock.now()) and is_locked(path_of(run.db), DAEMON)
    rows = find_claim_rows(run.db, lambda _: merge_windows(windows))
    asked = [
        one._replace(state="finished") if one.kind == "backfill" and one.state == "running" else one
        for one in rows.intents
    ]
    return make_claim(rows._replace(intents=asked), daemon_runs=daemon_runs, today=run.clock.today())


def count_progress(run: TaskRun, window: Window) -> str:
    """Describes how far the run's backfill of a window got."""
    stored = count_listed(run.db, window).stored
    total = intents.find_total(run.db, run.number)
    return describe_progress(stored, total)


def _find_problems(run: TaskRun, claim: Claim, findings: Findings) -> list[str]:
    """Lists the problems because of which the windows of a claim are not complete."""
    wrong_clock = run.site_clock.describe()
    lacking = [message for lacks in findings.missing_pages.values() for message in lacks]
    problems = [wrong_clock] if wrong_clock else []
    problems += [
        *findings.contradictions,
        *_first_five(lacking, "page of the listing without cards", "pages of the listing without cards"),
    ]
    unfollowed = [f"{target}: {card}" for card, target in findings.unfollowed.items()]
    problems += _first_five(unfollowed, "card cannot be followed", "cards cannot be followed")
    doubles = {f"{reference}: {message}" for found in findings.doubles.values() for reference, message in found.items()}
    problems += _first_five(sorted(doubles), "reference names two decisions", "references name two decisions")
    held_back = sum(one.counts.held_back for one in claim.ranges)
    missing = sum(one.counts.listed - one.counts.stored - one.counts.excluded for one in claim.ranges) - held_back
    if held_back:
        listed = count_of(held_back, "listed decision is", "listed decisions are")
        problems.append(f"{listed} fetched and held back: `lgsco template` shows why")
    if missing:
        due = queue.find_next(run.db)
        are = agree(missing, "is", "are")
        problems.append(
            f"{count_of(missing, 'listed decision')} could not be fetched yet and {are} queued, due from {due}"
        )
    return problems


def _describe_rereads(run: TaskRun) -> str:
    """Counts stored decisions that could not be fetched again. Their stored text is kept until then."""
    failed = queue.count_failed_rereads(run.db)
    return f", {count_of(failed, 'stored decision')} could not be fetched again yet" if failed else ""


def _first_five(sentences: Sequence[str], other: str, others: str) -> list[str]:
    """Returns the first five sentences, and the number of the others, in the words for one or for several."""
    more = len(sentences) - 5
    return [*sentences[:5], *([f"and {count_of(more, f'more {other}', f'more {others}')}"] if more > 0 else [])]


def summarise(tally: Tally) -> str:
    """Summarises what a run did, in one line."""
    message = f"{tally.first:,} new, {tally.amended:,} amended, {tally.unchanged:,} unchanged"
    if tally.anew:
        message += f", {tally.anew:,} updated by a newer parser or another source"
    if tally.set_back:
        message += f", {tally.set_back:,} set back to the text before a template change"
    if tally.unlisted:
        message += f", {tally.unlisted:,} no longer listed"
    if tally.left:
        message += f", {tally.left:,} found to have left the site"
    if tally.beside:
        message += f", {count_of(tally.beside, 'import')} stored beside the site's text"
    if tally.odd:
        message += f", {len(tally.odd):,} odd: {_name_five([str(oddity) for oddity in tally.odd])}"
    if tally.new_blocks and tally.knew_blocks:  # in a new archive every kind is new
        kinds = count_of(len(tally.new_blocks), "new kind of block", "new kinds of blocks")
        message += f", {kinds} outside decisions: {_name_five(tally.new_blocks)}"
    if tally.unreadable:
        message += f", {len(tally.unreadable):,} known not to parse: {_name_five(tally.unreadable)}"
    if tally.left_out:
        message += f", {len(tally.left_out):,} left out: {_name_five(tally.left_out)}"
    return message


def _name_five(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"
