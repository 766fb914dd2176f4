"""Defines the command that shows and decides changes of the site's template: template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ingest.errors import UsageError
from lgsco.cli import exit_codes
from lgsco.cli.fetch import run_task
from lgsco.cli.options import Settings, command
from lgsco.cli.printing import print_json, print_lines

if TYPE_CHECKING:
    from storage.findings import OutsideBlock

NAMED_BLOCKS = 20
"""Kinds of blocks around decisions that are listed, most frequent first."""


@command()
@click.argument("action", required=False, type=click.Choice(["show", "accept", "reject"]))
@click.argument("number", required=False, type=click.IntRange(min=1), metavar="[N]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def template(settings: Settings, action: str | None, number: int | None, *, as_json: bool) -> int:
    """List changes of the site's template, and decide about them.

    Without an action: the changes that wait for your decision, and the blocks around decisions.

    show N: change N with a sample diff.

    accept N: the publisher changed the words. The waiting texts are recorded as amendments.

    reject N: the site's template changed. The stored texts stay.

    Example: lgsco template show 1
    """
    if (action is None) != (number is None):
        raise click.UsageError("give the number of a change after show, accept or reject: lgsco template show 1")
    if action in ("accept", "reject") and number is not None:
        from ingest.run import Template

        if as_json:
            raise click.UsageError("--json works with the list and with show only")
        task = Template(number, "accepted" if action == "accept" else "rejected")
        return run_task(settings.config, settings.database, task)
    return _list(settings, as_json=as_json) if number is None else _show(settings, number, as_json=as_json)


def _list(settings: Settings, *, as_json: bool) -> int:
    from ingest.reports.template_changes import block_lines, change_json, describe_change
    from storage.database import reading
    from storage.findings import find_frequent_blocks
    from storage.model import PENDING
    from storage.templates import find_change_rows

    with reading(settings.database) as db:
        rows = find_change_rows(db, (*PENDING, "rejected"))
        blocks = find_frequent_blocks(db, NAMED_BLOCKS)
    if as_json:
        changes = [change_json(row) for row in rows]
        print_json({"changes": changes, "blocks": [{"block": block.masked, **_counts(block)} for block in blocks]})
        return exit_codes.DONE
    pending = [describe_change(row) for row in rows if row.change.state in PENDING]
    rejected = [f"template change {row.change.id} is rejected" for row in rows if row.change.state == "rejected"]
    print_lines([*(pending or ["no template change waits for a decision"]), *rejected, *block_lines(blocks)])
    return exit_codes.DONE


def _counts(block: OutsideBlock) -> dict[str, object]:
    return {
        "decisions": block.decisions,
        "example": block.example,
        "first_seen": block.first_seen,
        "last_seen": block.last_seen,
    }


def _show(settings: Settings, number: int, *, as_json: bool) -> int:
    from ingest.reports.template_changes import change_json, change_lines
    from storage.database import reading
    from storage.templates import find_change_row

    with reading(settings.database) as db:
        row = find_change_row(db, number)
    if row is None:
        raise UsageError(f"there is no template change {number}; `lgsco template` lists those that wait")
    if as_json:
        print_json(change_json(row))
    else:
        print_lines(change_lines(row))
    return exit_codes.DONE
