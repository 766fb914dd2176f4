"""Makes the status report: whether the archive is stale, whether the daemon runs, and which runs died."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from ingest.config import Cadence as CadenceSettings
from ingest.config import Schedule
from ingest.crawling.asked_for import UNFINISHED, sort_asked_for
from ingest.reports.claims import Claim, Unproven, make_claim
from ingest.reports.daemon_state import (
    CLOCK_AHEAD_SECONDS,
    count_silent_seconds,
    find_next_sync,
    has_blocked_syncs,
    is_missing,
    is_running,
)
from ingest.reports.date_ranges import describe_dates, json_dates
from ingest.reports.disk import Disk, DiskReport, report_disk
from ingest.reports.fill import FillReport, decide_mode, report_fill
from ingest.reports.gone import describe_gone
from ingest.reports.lines import name_ending, name_first, name_task
from ingest.reports.overdue import find_overdue
from ingest.reports.template_changes import change_json, describe_change
from ingest.wording import count_of
from storage.findings import OddCount, OutsideBlock, Unreadable
from storage.lock import Holder
from storage.queue import Failure
from storage.reports import StatusRows
from storage.runs import Run
from storage.status import Canary, Daemon, Gone, Holdings, Unexplained
from storage.templates import ChangeRow

NAMED_FAILURES = 10
NAMED_RANGES = 5
NAMED_UNEXPLAINED = 5
"""The most items that the lines name; the others are counted. The JSON names all."""

NAMED_RUNS = 5


# ---------------------------------------------------------------- decisions


def hours_since(success: str | None, now: datetime) -> float | None:
    """Returns the hours since the last success; None if there was none."""
    return None if success is None else (now - datetime.fromisoformat(success)).total_seconds() / 3600


def is_stale(hours: float | None, stale_hours: float) -> bool:
    """Whether the last success, `hours` ago, is too old. An archive without a success is stale."""
    return hours is None or hours > stale_hours


def list_days_allowed(cadence: CadenceSettings) -> list[tuple[int, int]]:
    """The days within which dates are walked again, by their age in days or more."""
    return [
        (0, cadence.walk_recent),
        (cadence.recent_days, cadence.walk_middle),
        (cadence.middle_days, cadence.walk_old),
    ]


def mark_died(runs: Iterable[Run], process_exists: Callable[[int], bool]) -> list[Run]:
    """Returns the runs, with state `died` where one is recorded as running and its process is no longer at work.

    The next writing command records the same (`storage.runs.begin_run`).
    """
    return [
        run._replace(state="died") if run.state == "running" and not process_exists(run.process) else run
        for run in runs
    ]


# ---------------------------------------------------------------- the report


class StatusReport(NamedTuple):
    """The status report. Instants are UTC, ISO 8601 with Z."""

    database: str
    stale: bool
    stale_hours: float
    sync_days: int
    """The number of days before today that each sync covers, and that a backfill must cover to count like one."""
    last_success: str | None
    hours_since_success: float | None
    next_sync: str | None
    daemon: Daemon | None
    daemon_runs: bool
    daemon_missing: bool
    """Whether a daemon should run and does not."""
    is_heartbeat_ahead: bool
    """Whether the daemon's last heartbeat is in the future."""
    holder: Holder | None
    """The process that holds the writer's lock."""
    is_blocked: bool
    """Whether that process has held it while two syncs were due."""
    holdings: Holdings
    claim: Claim
    overdue: list[Unproven]
    """Ranges that are not proven for longer than their cadence allows."""
    gone: Gone
    unexplained: list[Unexplained]
    canary: Canary
    failures: list[Failure]
    runs: list[Run]
    """The last runs, newest first."""
    odd: Sequence[OddCount]
    oddities: Sequence[dict[str, str]]
    unreadable: Sequence[Unreadable]
    outside_blocks: Sequence[OutsideBlock]
    template_changes: Sequence[ChangeRow]
    """Changes of the site's template that wait for a decision."""
    uuid: str
    """The archive's UUID."""
    never_held: Sequence[str]
    """References of decisions that left the listing before they could be fetched."""
    fill: FillReport
    disk: DiskReport

    @property
    def is_late(self) -> bool:
        """Whether the last success is too old."""
        return is_stale(self.hours_since_success, self.stale_hours)

    @property
    def needs_attention(self) -> bool:
        """Whether somebody must do something."""
        fails = self.stale or self.daemon_missing or self.is_blocked
        return fails or self.fill.needs_attention or self.disk.needs_attention

    def as_json(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {
            "database": self.database,
            "uuid": self.uuid,
            "stale": self.stale,
            "last_success": self.last_success,
            "next_sync": self.next_sync,
            "daemon": self.daemon._asdict() if self.daemon else None,
            "daemon_missing": self.daemon_missing,
            "lock": self.holder.as_json() if self.holder else None,
            "blocked": self.is_blocked,
            "held": self.holdings._asdict(),
            "claim": self.claim.as_json(),
            "unproven": [_json_range(part) for part in self.claim.unproven],
            "overdue": [_json_range(part) for part in self.overdue],
            "fill": self.fill.as_json(),
            "gone": self.gone._asdict(),
            "never_held": list(self.never_held),
            "unexplained": [one._asdict() for one in self.unexplained],
            "canary": self.canary._asdict(),
            "failures": [failure._asdict() for failure in self.failures],
            "odd": [one._asdict() for one in self.odd],
            "oddities": list(self.oddities),
            "unreadable": [one._asdict() for one in self.unreadable],
            "outside_blocks": [block._asdict() for block in self.outside_blocks],
            "template_changes": [change_json(row) for row in self.template_changes],
            "runs": [run._asdict() for run in self.runs],
            "disk": self.disk.as_json(),
        }

    def lines(self) -> list[str]:
        """Returns the report for people."""
        held = self.holdings
        hidden = f", {held.suppressed:,} suppressed" if held.suppressed else ""
        imports = f"{held.from_imports:,} from imports only"
        return [
            f"{self.database}: {count_of(held.decisions, 'decision')}, {imports}{hidden}",
            f"decision dates {held.oldest or '–'} to {held.newest or '–'}; {count_of(held.revisions, 'revision')}",
            *self._queue_lines(),
            *self._ledger_lines(),
            *self.fill.lines(),
            *self._gone_lines(),
            *self._parser_lines(),
            *(self._canary_line(), *self.disk.lines(), "last runs:"),
            *map(_format_run, self.runs[:NAMED_RUNS]),
            self._daemon_line(),
            *self._lock_lines(),
            self._success_line(),
        ]

    def _lock_lines(self) -> list[str]:
        if self.holder is None:
            return []
        blocked = (
            "; two or more syncs were due meanwhile: BLOCKED; end that process or let it finish"
            if self.is_blocked
            else ""
        )
        return [f"the writer's lock: {self.holder.describe()}{blocked}"]

    def _queue_lines(self) -> list[str]:
        failed = [_format_failure(failure) for failure in self.failures if failure.state != "excluded"]
        return [
            f"waiting to be fetched: {self.holdings.waiting:,}; of them failed so far: {self.holdings.failed:,}",
            *name_first(failed, NAMED_FAILURES, "  … and {:,} more; --json names them"),
            f"excluded (listed, and cannot be fetched or parsed): {self.holdings.excluded:,}",
            *([f"fetched, held back: {self.holdings.held_back:,} (pending)"] if self.holdings.held_back else []),
            *map(describe_change, self.template_changes),
        ]

    def _ledger_lines(self) -> list[str]:
        overdue = [f"  {describe_dates(part.window)}: {part.state}" for part in self.overdue]
        if overdue:
            overdue = [
                f"date ranges unproven for longer than [cadence] allows: {len(overdue):,}: STALE",
                *name_first(overdue, NAMED_RANGES, "  … and {:,} more; `lgsco coverage` shows them"),
            ]
        return [*self.claim.sentences(), self.claim.describe_share(), *overdue]

    def _gone_lines(self) -> list[str]:
        unexplained = [
            f"  {one.reference} (not listed since {one.noticed_at}, to be requested again {one.next_at}): {one.answer}"
            for one in self.unexplained
        ]
        never_held = [f"  {reference} left the site before it was fetched" for reference in self.never_held]
        return [
            describe_gone(self.gone),
            *name_first(never_held, NAMED_UNEXPLAINED, "  … and {:,} more; --json names them"),
            *name_first(unexplained, NAMED_UNEXPLAINED, "  … and {:,} more; --json names them"),
        ]

    def _parser_lines(self) -> list[str]:
        """Returns the lines about findings of the parser; none if there are none."""
        lines = [f"odd: {count_of(one.decisions, 'decision')} ({one.what}), such as {one.example}" for one in self.odd]
        if self.unreadable:
            lines.append(f"pages that are known not to parse: {len(self.unreadable):,}")
            named = [f"  {one.reference} (since {one.since}): {one.error}" for one in self.unreadable]
            lines += name_first(named, NAMED_FAILURES, "  … and {:,} more; --json names them all")
        if self.holdings.older_parser:
            lines.append(
                f"decisions last parsed by another version: {self.holdings.older_parser:,}; `lgsco renormalise` parses "
                "their stored pages again"
            )
        return lines

    def _canary_line(self) -> str:
        canary = self.canary
        failed = f"; failed {canary.failed_at}: {canary.finding or ''}" if canary.failed_at else ""
        checked = f"last passed {canary.passed_at}" if canary.passed_at else "not checked yet"
        return f"canary: {checked}{failed}"

    def _daemon_line(self) -> str:
        if self.daemon is not None and self.daemon_runs:
            seen = f"process {self.daemon.process}, last heartbeat {self.daemon.seen_at}"
            return f"daemon: {seen}, next sync {self.next_sync}"
        if self.claim.is_demo:  # its site ran only as long as the demo
            return "daemon: not running"
        missing = f": {self._describe_missing()}" if self.daemon_missing else ""
        if self.next_sync is None:
            return f"daemon: not running{missing}; `lgsco daemon` runs sync by the timetable"
        return f"daemon: not running{missing}; the timetable's next sync would be {self.next_sync}"

    def _describe_missing(self) -> str:
        if self.daemon is None:
            return "none ever ran on this database, and [schedule] expect_daemon is set; start `lgsco daemon`"
        seen = f"its last heartbeat was at {self.daemon.seen_at}, and it recorded no stop"
        if self.is_heartbeat_ahead:
            seen = f"its last heartbeat was at {self.daemon.seen_at}, which is in the future: the clock was set back"
        return f"{seen}; start `lgsco daemon` again, or run `lgsco sync`"

    def _success_line(self) -> str:
        dates = f"the last {count_of(self.sync_days, 'day')}"
        title = f"last sync, or backfill of {dates}, that ended without a failure"
        stale = "STALE" if self.claim.is_demo else "STALE; `lgsco sync` looks for new decisions"
        if self.hours_since_success is None:
            return f"{title}: never: {stale}"
        if self.hours_since_success * 3600 < -CLOCK_AHEAD_SECONDS:
            return f"{title}: at {self.last_success}, which is in the future: the clock was set back"
        late = f", more than {self.stale_hours:g}: {stale}" if self.is_late else ""
        return f"{title}: {count_of(round(self.hours_since_success), 'hour')} ago{late}"


def report_status(
    rows: StatusRows,
    *,
    database: str,
    schedule: Schedule,
    daemon_lives: bool,
    now: datetime,
    today: date,
    cadence: CadenceSettings,
    next_sync: Callable[[datetime], str | None],
    process_exists: Callable[[int], bool],
    disk: Disk,
    holder: Holder | None = None,
    pace_seconds: float = 1.0,
) -> StatusReport:
    """Makes the status report.

    `today`: the day in London. `schedule`, `cadence`: as configured. `daemon_lives`: whether a daemon holds its lock.
    `next_sync`: returns when the timetable's next sync is due after an instant; called only if no daemon runs, and one
    ran before, is expected, or another process holds the writer's lock.
    `holder`: the process that holds the writer's lock. `process_exists`: whether the run of a process may still be at
    work. `disk`: as measured. `pace_seconds`: from one request to the next.
    """
    hours = hours_since(rows.last_success, now)
    runs = rows.daemon is not None and daemon_lives and is_running(rows.daemon, now)
    overdue = _find_overdue(rows, today, cadence)
    claim = make_claim(rows.claim, daemon_runs=runs, today=today)
    return StatusReport(
        database=database,
        stale=is_stale(hours, schedule.stale_hours) or bool(overdue),
        stale_hours=schedule.stale_hours,
        sync_days=schedule.sync_days,
        last_success=rows.last_success,
        hours_since_success=hours,
        next_sync=find_next_sync(rows.daemon, now, next_sync, runs=runs, expected=schedule.expect_daemon),
        daemon=rows.daemon,
        daemon_runs=runs,
        daemon_missing=is_missing(rows.daemon, now, rows.last_sync_by_hand, expected=schedule.expect_daemon),
        is_heartbeat_ahead=rows.daemon is not None and count_silent_seconds(rows.daemon, now) < -CLOCK_AHEAD_SECONDS,
        holder=holder,
        is_blocked=has_blocked_syncs(holder, now, next_sync),
        holdings=rows.holdings,
        claim=claim,
        overdue=overdue,
        gone=rows.gone,
        unexplained=rows.unexplained,
        canary=rows.canary,
        failures=rows.failures,
        runs=mark_died(rows.runs, process_exists),
        odd=rows.odd,
        oddities=rows.oddities,
        unreadable=rows.unreadable,
        outside_blocks=rows.outside_blocks,
        template_changes=rows.template_changes,
        uuid=rows.uuid,
        never_held=rows.never_held,
        fill=_report_fill(rows, claim, schedule, pace_seconds, now),
        disk=report_disk(disk, claim),
    )


def _report_fill(rows: StatusRows, claim: Claim, schedule: Schedule, pace_seconds: float, now: datetime) -> FillReport:
    asked = sort_asked_for(rows.claim.intents, rows.claim.proofs)
    began = [one.asked_at for one in rows.claim.intents if one.kind == "fill" and one.state in UNFINISHED]
    return report_fill(
        *(decide_mode(schedule.fill, rows.made_by, rows.fill), rows.fill, asked, next(iter(began), None)),
        stored=claim.stored_in_all,
        site_total=claim.site_total,
        schedule=schedule,
        pace_seconds=pace_seconds,
        now=now,
    )


def _find_overdue(rows: StatusRows, today: date, cadence: CadenceSettings) -> list[Unproven]:
    """Finds the dates that were asked for, were not paused by the user, and are unproven for longer than allowed."""
    asked = sort_asked_for(rows.claim.intents, rows.claim.proofs)
    dates = [*asked.answered, *asked.interrupted]
    return find_overdue(rows.claim.proofs, dates, today, list_days_allowed(cadence))


# ---------------------------------------------------------------- lines


def _format_failure(failure: Failure) -> str:
    tries = count_of(failure.attempts, "try", "tries")
    return f"  {failure.reference} ({tries}, next {failure.next_at}): {failure.error or ''}"


def _json_range(part: Unproven) -> dict[str, str]:
    return {**json_dates(part.window), "state": part.state}


def _format_run(run: Run) -> str:
    message = f": {run.message}" if run.message else ""
    return f"  {run.started_at} {name_task(run.task, run.arguments)}: {name_ending(run.state)}{message}"
