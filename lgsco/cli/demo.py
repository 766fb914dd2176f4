"""Defines the command that shows the program offline: demo."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.reports.named_commands import remember_default
from lgsco.cli.fetch import run_task
from lgsco.cli.options import Settings, command

_DATABASE = Path("demo.db")


@command()
@click.option("--count", type=click.IntRange(0, 20_000), default=300, show_default=True, help="Invented decisions.")
def demo(settings: Settings, count: int) -> int:
    """Try lgsco without a network.

    Starts a look-alike of the site on this machine, fills demo.db from it, and prints what to try next. Run the same
    command again to continue a demo that was stopped. The database of any other demo is replaced. A file that no demo
    made is refused.

    Example: lgsco demo
    """
    from lgsco.replica.demo import run

    remember_default("--db", _DATABASE)
    return run(settings.config, settings.db_option or _DATABASE, count, run_task)
