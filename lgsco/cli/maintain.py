"""Defines commands that check, control and copy the archive: status, coverage, politeness, fill, snapshot, restore."""

from __future__ import annotations

import functools
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ingest.wording import count_of
from lgsco.cli import exit_codes
from lgsco.cli.options import Day, Settings, command, read_range
from lgsco.cli.printing import CountProgress, print_calendar, print_json, print_line, print_lines, print_report

if TYPE_CHECKING:
    from ingest.config import Config
    from ingest.reports.coverage import CoverageReport
    from ingest.reports.disk import Disk
    from storage.model import Window


@command(logs=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(settings: Settings, as_json: bool) -> int:
    """Show the last runs, and what is stored, missing and failed.

    Exits with 1 if something needs attention: the last success is older than [schedule] stale_hours; an expected daemon
    does not run; a process held the lock while two syncs were due; dates that were asked for are unproven for longer
    than [cadence] allows; the fill is suspended or made no progress for two days; or a program with an open query keeps
    the write-ahead log larger than [storage] wal_warn_mb. docs/completeness.md explains the words under Terms.

    Example: lgsco status
    """
    from ingest.clock import Clock, instant
    from ingest.crawling.asked_for import find_dates_but_filling
    from ingest.lgo.normaliser import NORMALISER
    from ingest.reports.status import report_status
    from storage.database import reading
    from storage.lock import DAEMON, find_holder, is_locked, is_process_running
    from storage.model import PENDING
    from storage.reports import find_status

    clock, schedule = Clock(), settings.config.schedule
    now = clock.now()
    with reading(settings.database) as db:
        rows = find_status(db, schedule.sync_days, instant(now), find_dates_but_filling, NORMALISER, PENDING)
    report = report_status(
        rows,
        database=str(settings.database),
        schedule=schedule,
        daemon_lives=is_locked(settings.database, DAEMON),
        now=now,
        today=clock.today(),
        cadence=settings.config.cadence,
        next_sync=functools.partial(_find_next_sync, settings.config),
        process_exists=functools.partial(is_process_running, settings.database),
        disk=_measure_disk(settings),
        holder=find_holder(settings.database),
        pace_seconds=settings.config.fetch.pace,
    )
    print_report(report, as_json=as_json)
    return exit_codes.STALE if report.needs_attention else exit_codes.DONE


def _find_next_sync(config: Config, now: datetime) -> str | None:
    """Finds when the next sync is due. Importing APScheduler takes as long as all else that `status` does."""
    from ingest.tasks.timetable import next_sync

    return next_sync(config, now)


def _measure_disk(settings: Settings) -> Disk:
    from ingest.reports.disk import Disk
    from storage.checkpoint import find_log_state
    from storage.database import reading
    from storage.room import find_free_bytes

    with reading(settings.database) as db:
        log = find_log_state(db, settings.database, settings.config.storage.wal_warn_mb * 1_000_000)
    return Disk(settings.database.stat().st_size, find_free_bytes(settings.database), log)


@command(logs=False)
@click.option("--from", "first", type=Day(), metavar="DATE", help="First day, month or year.")
@click.option("--to", "last", type=Day(is_last=True), metavar="DATE", help="Last day, month or year, inclusive.")
@click.option("--all", "everything", is_flag=True, help="Cover all dates, also those nobody asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Also draw the calendar into FILE.")
def coverage(
    settings: Settings, first: date | None, last: date | None, everything: bool, as_json: bool, svg: Path | None
) -> int:
    """Show which decision dates are proven, and what is missing.

    For each range of dates: how many decisions the site states, how many are stored, and whether that is proven. For
    each month: whether it is proven. Names each missing decision. Without options, the dates are those of all
    backfills, of sync and of the fill. With --from or --to, only ranges and months with these dates are shown. Exits
    with 10 if any of the dates is unproven. docs/completeness.md explains the words under Terms.

    Example: lgsco coverage --svg coverage.svg
    """
    from ingest.reports.calendar import as_svg
    from storage.export import write_whole

    report = _find_coverage(settings.database, _choose_dates(first, last, everything))
    if svg is not None:
        write_whole(svg, as_svg(report.calendar))
    if as_json:
        print_json(report.as_json())
    else:
        print_lines(report.table_lines())
        print_calendar(report.calendar_lines)
        print_lines(report.conclusion_lines())
        if svg is not None:
            print_line(f"{svg}: the calendar")
    return exit_codes.DONE if report.proven else exit_codes.INCOMPLETE


def _find_coverage(database: Path, dates: Window | None) -> CoverageReport:
    """Makes the coverage report about some dates, or about those that were asked for."""
    from ingest.clock import Clock
    from ingest.crawling.asked_for import find_asked_dates
    from ingest.crawling.windows import EVERYTHING
    from ingest.reports.coverage import report_coverage
    from ingest.reports.daemon_state import is_running
    from storage.database import reading
    from storage.lock import DAEMON, is_locked
    from storage.status import find_coverage, find_daemon

    clock = Clock()
    with reading(database) as db:
        rows = find_coverage(db, lambda asked: find_asked_dates(asked) if dates is None else [dates])
        daemon = find_daemon(db)
    daemon_runs = daemon is not None and is_running(daemon, clock.now()) and is_locked(database, DAEMON)
    return report_coverage(rows, clock.today(), dates=dates or EVERYTHING, daemon_runs=daemon_runs)


def _choose_dates(first: date | None, last: date | None, everything: bool) -> Window | None:
    """Returns the dates that the options name, or None for those that were asked for. Raises UsageError."""
    from ingest.crawling.windows import EVERYTHING

    if everything and (first or last):
        raise click.UsageError("--all covers all dates; leave out --from and --to")
    if everything:
        return EVERYTHING
    return read_range(first, last) if first or last else None


@command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def politeness(settings: Settings, as_json: bool) -> int:
    """Report how the site was treated, from the request journal.

    The report can be shown to the publisher: numbers of requests, gaps between them, errors, waits, robots.txt. Exits
    with 10 if a promise was not kept, and names it.

    Example: lgsco politeness
    """
    from ingest.clock import Clock
    from ingest.fetching.quiet_hours import was_in_quiet_hours
    from ingest.reports.politeness import report_politeness
    from storage.database import reading
    from storage.politeness import find_politeness

    with reading(settings.database) as db:
        rows = find_politeness(db, was_in_quiet_hours)
    report = report_politeness(rows, settings.config, Clock().now())
    print_report(report, as_json=as_json)
    return exit_codes.INCOMPLETE if report.broken else exit_codes.DONE


@command()
@click.argument("action", type=click.Choice(["resume", "off"]))
def fill(settings: Settings, action: Literal["resume", "off"]) -> int:
    """Resume the daemon's fill, or turn it off.

    The fill fetches the dates that nobody asked for, in the hours of [schedule] fill_hours. After off it stays off
    until resume, whatever [schedule] fill says. Both also end a suspension, of the fill and of interrupted backfills.
    Stored decisions stay.

    Example: lgsco fill off
    """
    from ingest.run import SwitchFill
    from lgsco.cli.fetch import run_task

    return run_task(settings.config, settings.database, SwitchFill(action))


@command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--public", is_flag=True, help="Leave out raw pages, the journal, and suppressed and withdrawn decisions."
)
@click.option("--with-withdrawn", is_flag=True, help="With --public: keep withdrawn decisions.")
def snapshot(settings: Settings, file: Path, *, public: bool, with_withdrawn: bool) -> int:
    """Copy the database into FILE while it is in use.

    The copy is consistent and compacted. Use this for backups: a copy made with cp may be damaged. Each row is compared
    with its digest. Exits with 10 if the database is damaged, and names the damage. verify also checks the full-text
    index.

    Example: lgsco snapshot backup.db
    """
    from ingest.reports.lines import describe_size
    from storage.database import reading
    from storage.snapshot import OLDEST_SQLITE
    from storage.snapshot import snapshot as copy
    from storage.suppressions import count_hidden

    if with_withdrawn and not public:
        raise click.UsageError("--with-withdrawn goes with --public")
    progress = CountProgress()
    try:
        with reading(settings.database) as db:
            hidden = count_hidden(db, with_withdrawn=with_withdrawn) if public else 0
            damages = copy(db, file, public=public, with_withdrawn=with_withdrawn, progress=progress)
    finally:
        progress.end()
    if hidden:
        which = "suppressed" if with_withdrawn else "suppressed or withdrawn"
        print_line(f"left out: {count_of(hidden, f'{which} decision')}")
    for damage in damages:
        print_line(f"lgsco: damaged: {damage}", err=True)
    print_line(f"{file}: {describe_size(file.stat().st_size)}; SQLite {OLDEST_SQLITE} or newer reads it")
    if not damages:
        return exit_codes.DONE
    what = "the copy leaves damaged decisions out" if public else "the copy has the same damage"
    print_line(
        f"lgsco: damaged parts found: {len(damages):,}; {what}; `lgsco verify --repair` restores what it can", err=True
    )
    return exit_codes.INCOMPLETE


@command()
@click.argument("backup", type=click.Path(path_type=Path))
def restore(settings: Settings, backup: Path) -> int:
    """Replace the database with a backup.

    Checks the backup first, refuses while another process writes, and keeps the old file beside the new one. Use this
    and not cp: SQLite would apply the old -wal file to the backup.

    Example: lgsco restore backup.db
    """
    from ingest.clock import Clock
    from storage.database import describe_upgrade
    from storage.restore import restore as put_in_place

    done = put_in_place(settings.database, backup, Clock().stamp())
    print_line(f"{settings.database}: restored from {backup}, {count_of(done.decisions, 'decision')}")
    if done.kept is not None:
        print_line(f"{done.kept}: the previous file; remove it when you no longer need it")
    if done.is_older:
        print_line(f"the backup has an older schema; {describe_upgrade(settings.database)}")
    return exit_codes.DONE
