"""Commands that make and fill the database: init, backfill, sync, daemon, import, renormalise."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.config import Config
from ingest.reports.lines import name_ending, name_first
from lgsco.cli import exit_codes
from lgsco.cli.options import Day, Settings, command
from lgsco.cli.printing import print_claim, print_line, print_lines

if TYPE_CHECKING:
    from ingest.run import Task

NAMED_DOCUMENTS = 20
"""Unreadable documents that are named before the others are counted."""


def run_task(config: Config, database: Path, task: Task, *, unit: str = "decisions") -> int:
    """Performs a task, shows its progress in `unit`, prints how it ended and returns its exit code."""
    from ingest.clock import Clock, Stop
    from ingest.progress import Progress
    from ingest.run import perform

    stop = Stop()
    with stop.on_signals(), Progress(unit) as progress:
        outcome = perform(task, config, database, Clock(), stop, progress.report)
    unread = [f"  {sentence}" for sentence in outcome.tally.unread]
    rest = "  … and {} more; `lgsco status --json` names them"
    print_lines(name_first(unread, NAMED_DOCUMENTS, rest), err=True)
    if outcome.exit_code:
        print_line(f"lgsco: {outcome.state}: {outcome.message}", err=True)
    else:
        print_line(f"{name_ending(outcome.state)}: {outcome.message}")
    print_lines(outcome.details, err=bool(outcome.exit_code))
    if outcome.claim is not None:
        print_claim(outcome.claim, err=bool(outcome.exit_code))
    return outcome.exit_code


@command()
def init(settings: Settings) -> int:
    """Make an empty database, for sync and daemon to fill.

    Example: lgsco init --db lgsco.db
    """
    from ingest.clock import Clock
    from ingest.reports.fill import decide_mode, describe_fill_of_new
    from ingest.reports.first_start import describe_new_database
    from storage.fill_state import FillState
    from storage.writer import create_database

    create_database(settings.database)
    schedule = settings.config.schedule
    print_lines(describe_new_database(str(settings.database), schedule.sync_days, Clock().today()))
    mode = decide_mode(schedule.fill, "init", FillState())
    print_lines(describe_fill_of_new(mode, schedule, settings.config.fetch.pace))
    return exit_codes.DONE


@command(site=True)
@click.option("--from", "first", type=Day(), metavar="DATE", help="First decision date; default: the beginning.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Last decision date, included; default: today.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Fetch at most so many decisions.")
@click.option("--withdraw", is_flag=True, help="Drop what is left of unfinished backfills of the range.")
def backfill(settings: Settings, first: date | None, last: date | None, limit: int | None, withdraw: bool) -> int:
    """Fetch every decision of a range of decision dates.

    Goes on where it was stopped. Example: lgsco backfill --from 2025-01-01 --to 2025-03-31
    """
    from ingest.run import Backfill, Withdraw

    if first and last and first > last:
        raise click.UsageError(f"--from {first} is after --to {last}")
    if withdraw and limit is not None:
        raise click.UsageError("--withdraw fetches nothing; give it without --limit")
    task = Withdraw(first, last) if withdraw else Backfill(first, last, limit)
    return run_task(settings.config, settings.database, task)


@command(site=True)
def sync(settings: Settings) -> int:
    """One round of what the daemon does: fetch what is new.

    Example: lgsco sync
    """
    from ingest.run import Sync

    return run_task(settings.config, settings.database, Sync())


@command(site=True)
def daemon(settings: Settings) -> int:
    """Keep the timetable of config.toml, in the foreground, until SIGTERM or Ctrl-C.

    Example: lgsco daemon --db /var/lib/lgsco/lgsco.db
    """
    from ingest.clock import Clock
    from scheduler import run_daemon

    log = logging.getLogger("lgsco")
    log.setLevel(min(log.level, logging.INFO))  # the daemon has no progress bar, so its log is shown on a terminal too
    return run_daemon(settings.config, settings.database, Clock())


@command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unclosed", is_flag=True, help="Take statements without their closing line.")
@click.option("--as-is", is_flag=True, help="Take pages and texts that are cut short; they are named as odd.")
def import_(settings: Settings, paths: tuple[Path, ...], *, unclosed: bool, as_is: bool) -> int:
    """Take text documents and saved HTML pages, from files and folders.

    Files of a folder that are neither are named and left out.

    Example: lgsco import seeds/
    """
    from ingest.run import Import

    return run_task(settings.config, settings.database, Import(paths, unclosed, as_is), unit="documents")


@command()
@click.option("--dry-run", is_flag=True, help="Only say what would change, with sample diffs.")
@click.option("--yes", is_flag=True, help="Change any number of texts.")
@click.option("--samples", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Sample diffs.")
def renormalise(settings: Settings, *, dry_run: bool, yes: bool, samples: int) -> int:
    """Read all kept pages again with this version's reader; no network.

    Changes more than ten texts, and more of them than [storage] renormalise_percent allows, only with --yes. One that
    was broken off goes on.

    Example: lgsco renormalise --dry-run
    """
    from ingest.run import Renormalise

    return run_task(settings.config, settings.database, Renormalise(dry_run, yes, samples))
