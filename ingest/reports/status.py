"""The status report: decides whether the archive is stale, whether the daemon runs and which runs died, and makes the
lines and the JSON that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from ingest.reports.calendar import State
from ingest.reports.coverage import describe_gone, describe_range, find_unproven
from ingest.reports.lines import name_first
from storage.findings import OddCount, OutsideBlock, Unreadable
from storage.model import Window
from storage.queue import Failure
from storage.reports import StatusRows
from storage.runs import Run
from storage.status import Canary, Daemon, Gone, Holdings, Unexplained

DAEMON_SILENT_SECONDS = 300
"""A daemon that wrote no heartbeat for so long is not running. It writes one a minute."""

NAMED_FAILURES = 10
NAMED_RANGES = 5
NAMED_UNEXPLAINED = 5
"""How many items the lines name before they count the others. The JSON names all."""

NAMED_RUNS = 5


# ---------------------------------------------------------------- decisions


def hours_since(success: str | None, now: datetime) -> float | None:
    """Hours since the last success; None where there was none."""
    return None if success is None else (now - datetime.fromisoformat(success)).total_seconds() / 3600


def is_stale(hours: float | None, stale_hours: float) -> bool:
    """Whether the last success, so many hours ago, is too old. An archive without a success is stale."""
    return hours is None or hours > stale_hours


def is_running(daemon: Daemon, now: datetime) -> bool:
    """Whether a daemon runs: it recorded no stop, and wrote a heartbeat in the last five minutes."""
    silent = (now - datetime.fromisoformat(daemon.seen_at)).total_seconds()
    return daemon.stopped_at is None and silent < DAEMON_SILENT_SECONDS


def mark_died(runs: Iterable[Run], process_exists: Callable[[int], bool]) -> list[Run]:
    """Returns the runs with state `died` where a run is recorded as running and its process has ended.

    The next writing command records the same (`storage.runs.begin_run`).
    """
    return [
        replace(run, state="died") if run.state == "running" and not process_exists(run.process) else run
        for run in runs
    ]


# ---------------------------------------------------------------- the report


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What `lgsco status` shows. Instants are UTC, ISO 8601 with Z."""

    database: str
    stale: bool
    stale_hours: float
    last_success: str | None
    hours_since_success: float | None
    next_sync: str | None
    daemon: Daemon | None
    daemon_runs: bool
    holdings: Holdings
    unproven: list[tuple[Window, State]]
    gone: Gone
    unexplained: list[Unexplained]
    canary: Canary
    failures: list[Failure]
    runs: list[Run]
    """The last runs, newest first."""
    odd: list[OddCount]
    oddities: list[dict[str, str]]
    unreadable: list[Unreadable]
    outside_blocks: list[OutsideBlock]

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "database": self.database,
            "stale": self.stale,
            "last_success": self.last_success,
            "next_sync": self.next_sync,
            "daemon": asdict(self.daemon) if self.daemon else None,
            "held": asdict(self.holdings),
            "unproven": [
                {"first": str(window.first), "last": str(window.last), "state": state}
                for window, state in self.unproven
            ],
            "gone": asdict(self.gone),
            "unexplained": [asdict(one) for one in self.unexplained],
            "canary": asdict(self.canary),
            "failures": [asdict(failure) for failure in self.failures],
            "odd": [one._asdict() for one in self.odd],
            "oddities": self.oddities,
            "unreadable": [one._asdict() for one in self.unreadable],
            "outside_blocks": [asdict(block) for block in self.outside_blocks],
            "runs": [asdict(run) for run in self.runs],
        }

    def lines(self) -> list[str]:
        """The report for people."""
        held = self.holdings
        return [
            f"{self.database}: {held.decisions:,} decisions, {held.from_imports:,} of them from imports only",
            f"decision dates {held.oldest or '–'} to {held.newest or '–'}; {held.revisions:,} revisions",
            *self._queue_lines(),
            *self._ledger_lines(),
            *self._gone_lines(),
            *self._parser_lines(),
            self._canary_line(),
            "last runs:",
            *map(_run_line, self.runs[:NAMED_RUNS]),
            self._daemon_line(),
            self._success_line(),
        ]

    def _queue_lines(self) -> list[str]:
        failed = [_failure_line(failure) for failure in self.failures if failure.state != "excluded"]
        return [
            f"waiting to be fetched: {self.holdings.waiting:,}; of them failed so far: {self.holdings.failed:,}",
            *name_first(failed, NAMED_FAILURES, "  … and {:,} more; --json names them all"),
            f"excluded, listed and not to be had: {self.holdings.excluded:,}",
        ]

    def _ledger_lines(self) -> list[str]:
        ranges = [_range_line(window, state) for window, state in self.unproven]
        return [
            f"date ranges not proven complete: {len(ranges):,}",
            *name_first(ranges, NAMED_RANGES, "  … and {:,} more; `lgsco coverage` shows them all"),
        ]

    def _gone_lines(self) -> list[str]:
        unexplained = [
            f"  {one.reference} (not listed since {one.noticed_at}, asked for again {one.next_at}): {one.answer}"
            for one in self.unexplained
        ]
        return [
            describe_gone(self.gone),
            *name_first(unexplained, NAMED_UNEXPLAINED, "  … and {:,} more; --json names them all"),
        ]

    def _parser_lines(self) -> list[str]:
        """What parsing found; nothing where there is nothing to say."""
        lines = [f"odd: {one.decisions:,} decisions ({one.what}), such as {one.example}" for one in self.odd]
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
        failed = f"; not since {canary.failed_at}: {canary.finding or ''}" if canary.failed_at else ""
        return f"known decision last read as ever: {canary.passed_at or 'never'}{failed}"

    def _daemon_line(self) -> str:
        if self.daemon is not None and self.daemon_runs:
            seen = f"process {self.daemon.process}, last heard of {self.daemon.seen_at}"
            return f"daemon: {seen}, next sync {self.next_sync}"
        return f"daemon: not running; by the timetable the next sync would be {self.next_sync}"

    def _success_line(self) -> str:
        age = "never" if self.hours_since_success is None else f"{self.hours_since_success:.0f} hours ago"
        late = f", more than {self.stale_hours:g}: STALE" if self.stale else ""
        return f"last run that was complete up to its day: {age}{late}"


def report_status(
    rows: StatusRows,
    *,
    database: str,
    stale_hours: float,
    now: datetime,
    next_sync: Callable[[datetime], str | None],
    process_exists: Callable[[int], bool],
) -> StatusReport:
    """Makes the status report.

    `stale_hours`: the age from which the last success is too old. `next_sync`: when the timetable's next sync is due
    after an instant; called only where no daemon runs. `process_exists`: whether the operating system has a process of
    that number.
    """
    hours = hours_since(rows.last_success, now)
    runs = rows.daemon is not None and is_running(rows.daemon, now)
    return StatusReport(
        database=database,
        stale=is_stale(hours, stale_hours),
        stale_hours=stale_hours,
        last_success=rows.last_success,
        hours_since_success=hours,
        next_sync=rows.daemon.next_at if rows.daemon is not None and runs else next_sync(now),
        daemon=rows.daemon,
        daemon_runs=runs,
        holdings=rows.holdings,
        unproven=find_unproven(rows.proofs),
        gone=rows.gone,
        unexplained=rows.unexplained,
        canary=rows.canary,
        failures=rows.failures,
        runs=mark_died(rows.runs, process_exists),
        odd=rows.odd,
        oddities=rows.oddities,
        unreadable=rows.unreadable,
        outside_blocks=rows.outside_blocks,
    )


# ---------------------------------------------------------------- lines


def _failure_line(failure: Failure) -> str:
    return f"  {failure.reference} ({failure.attempts} tries, next {failure.next_at}): {failure.error or ''}"


def _range_line(window: Window, state: State) -> str:
    first, last = describe_range(str(window.first), str(window.last))
    return f"  {first} to {last}: {state}"


def _run_line(run: Run) -> str:
    return f"  {run.started_at} {run.task}: {run.state}{f': {run.message}' if run.message else ''}"
