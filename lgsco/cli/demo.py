"""The command demo: the whole journey on a look-alike site."""

from __future__ import annotations

from pathlib import Path

import click

from lgsco.cli.fetch import run_task
from lgsco.cli.options import Settings, command


@command()
@click.option("--count", type=click.IntRange(0, 20_000), default=300, show_default=True, help="Generated decisions.")
def demo(settings: Settings, count: int) -> int:
    """The whole journey offline: a look-alike site on loopback, backfilled into a new demo.db.

    Goes on where the same demo was stopped.

    Example: lgsco demo
    """
    from lgsco.replica.demo import run

    return run(settings.config, settings.db_option or Path("demo.db"), count, run_task)
