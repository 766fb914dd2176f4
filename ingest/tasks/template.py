"""Template: records what the user decided about a change of the site's template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.errors import UsageError
from ingest.recording.held_recorder import HeldRecorder
from ingest.recording.record import Recorder
from ingest.recording.template_watch import TemplateWatch
from ingest.tasks.outcome import Outcome, summarise
from ingest.tasks.task_run import TaskRun
from storage import templates
from storage.database import atomic
from storage.model import PENDING
from storage.pages import Codec


@dataclass(frozen=True, slots=True)
class Template:
    """Decide about a template change."""

    change: int
    decision: Literal["accepted", "rejected"]
    """accepted: the publisher changed the decisions, so the waiting texts are amendments.

    rejected: the site's template changed, so stored texts stay, and new decisions are recorded and reported as odd.
    """


def template(task: Template, run: TaskRun) -> Outcome:
    """Records the user's decision, and the texts that no longer wait. Raises UsageError."""
    change = templates.find_change(run.db, task.change)
    if change is None:
        raise UsageError(f"there is no template change {task.change}; `lgsco template` lists those that wait")
    if change.state not in (*PENDING, task.decision):
        raise UsageError(f"template change {task.change} is {change.state}, so nothing waits for a decision about it")
    recorder = Recorder(run.db, run.clock, run.number, run.tally)
    watch = TemplateWatch(run.db, run.clock, recorder, run.number, run.tally)
    with atomic(run.db):
        templates.set_state(run.db, task.change, task.decision, run.clock.stamp())
    HeldRecorder(run.db, Codec(run.db), run.clock, recorder, watch, run.number, run.tally).record_released()
    return Outcome(
        "complete", 0, f"template change {task.change} is {task.decision}: {summarise(run.tally)}", run.tally
    )
