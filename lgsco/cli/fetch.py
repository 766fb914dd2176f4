"""Defines the commands that create and fill the database: init, backfill, sync, daemon, import; and renormalise."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.config import Config
from ingest.reports.lines import name_ending, name_first
from lgsco.cli import exit_codes
from lgsco.cli.options import Day, Settings, command, read_range
from lgsco.cli.printing import print_claim, print_line, print_lines

if TYPE_CHECKING:
    from ingest.run import Task

NAMED_DOCUMENTS = 20
"""Unreadable documents that are named. The others are counted."""


def run_task(config: Config, database: Path, task: Task, *, noun: str = "decision") -> int:
    """Performs a task, prints the result and returns the exit code. `noun`: what the task counts, in the singular."""
    from ingest.clock import Clock, Stop
    from ingest.progress import Progress
    from ingest.run import perform

    stop = Stop()
    with stop.on_signals(), Progress(noun) as progress:
        outcome = perform(task, config, database, Clock(), stop, progress.report)
    unread = [f"  {sentence}" for sentence in outcome.tally.unread]
    print_lines(name_first(unread, NAMED_DOCUMENTS, "  … and {} more"), err=True)
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
    """Create an empty database.

    sync and daemon need a database and do not create one. backfill, import and demo create their own.

    Example: lgsco init
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
@click.option("--from", "first", type=Day(), metavar="DATE", help="First day, month or year. Default: the earliest.")
@click.option(
    "--to", "last", type=Day(is_last=True), metavar="DATE", help="Last day, month or year, inclusive. Default: today."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Fetch at most N decisions. The dates do not count as asked for.",
)
@click.option("--withdraw", is_flag=True, help="Fetch nothing; drop the rest of unfinished backfills of the range.")
def backfill(settings: Settings, first: date | None, last: date | None, limit: int | None, withdraw: bool) -> int:
    """Fetch every decision in a range of decision dates.

    Estimates requests, time and disk space first, then shows its progress. Ctrl-C pauses it: run the same command again
    to continue, or add --withdraw to drop the rest.

    Example: lgsco backfill --from 2025-10-01 --to 2025-12-31
    """
    from ingest.run import Backfill, Withdraw

    read_range(first, last)  # refuses a wrong range before the file is made
    if withdraw and limit is not None:
        raise click.UsageError("--withdraw fetches nothing, so --limit has no meaning with it; leave one of them out")
    task = Withdraw(first, last) if withdraw else Backfill(first, last, limit)
    return run_task(settings.config, settings.database, task)


@command(site=True)
def sync(settings: Settings) -> int:
    """Find new, changed and removed decisions, once.

    Does what the daemon does at each time of its timetable, with as few requests as it can. Needs a database: see init
    and backfill. Exits with 10 if it cannot prove the dates that it covers, and names what is missing.

    Example: lgsco sync
    """
    from ingest.run import Sync

    return run_task(settings.config, settings.database, Sync())


@command(site=True)
def daemon(settings: Settings) -> int:
    """Run sync by the timetable in config.toml until stopped.

    Stays in the foreground, for systemd or a container, and ends at SIGTERM or Ctrl-C. Between syncs it continues
    interrupted backfills and runs the fill (see the command fill). Needs a database: see init.

    Example: lgsco daemon
    """
    from ingest.clock import Clock
    from scheduler import run_daemon

    log = logging.getLogger("lgsco")
    log.setLevel(min(log.level, logging.INFO))  # the daemon has no progress bar, so a terminal shows its log
    return run_daemon(settings.config, settings.database, Clock())


@command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unclosed", is_flag=True, help="Accept statements without their closing line.")
@click.option("--as-is", is_flag=True, help="Accept pages and texts that are cut short; report them as odd.")
def import_(settings: Settings, paths: tuple[Path, ...], *, unclosed: bool, as_is: bool) -> int:
    """Store decisions from text files and saved web pages.

    Each PATH is a file or a folder. Both text layouts of seeds/ and HTML pages are accepted. Other files in a folder
    are named and skipped. An import never replaces a decision that came from the site.

    Example: lgsco import seeds/
    """
    from ingest.run import Import

    return run_task(settings.config, settings.database, Import(paths, unclosed, as_is), noun="document")


@command()
@click.option("--dry-run", is_flag=True, help="Change no decision; count what would change, with sample diffs.")
@click.option("--yes", is_flag=True, help="Allow any number of texts to change.")
@click.option("--samples", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Sample diffs.")
def renormalise(settings: Settings, *, dry_run: bool, yes: bool, samples: int) -> int:
    """Parse the stored pages again with this version's parser.

    Makes no requests. If more than ten texts would change, and more than [storage] renormalise_percent of them, it
    changes nothing unless --yes is given. A run that was interrupted continues where it stopped.

    Example: lgsco renormalise --dry-run
    """
    from ingest.run import Renormalise

    return run_task(settings.config, settings.database, Renormalise(dry_run, yes, samples))
