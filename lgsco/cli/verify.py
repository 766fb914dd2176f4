"""Defines the command that checks a database for damage: verify."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from ingest.reports.named_commands import remember_file
from lgsco.cli import exit_codes
from lgsco.cli.fetch import run_task
from lgsco.cli.options import Settings, command
from lgsco.cli.printing import CountProgress, print_json, print_line


@command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--repair", is_flag=True, help="Restore what can be rebuilt; queue what must be fetched again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(settings: Settings, file: Path | None, repair: bool, as_json: bool) -> int:
    """Check a database for damage.

    Makes no requests. Runs SQLite's own checks, compares each decision, revision and raw page with its digest, and
    checks the full-text index and the ledger. Exits with 10 if anything is damaged, and names it. In one decision of 32
    it also compares cross-references such as "see paragraph 24" with the paragraphs that they name.

    Example: lgsco verify backup.db
    """
    from ingest.reports.cross_references import CrossReferenceCount
    from storage.database import reading
    from storage.verify import check, check_index

    database = file or settings.database
    if file is not None:
        remember_file(file)
    if repair:
        if as_json:
            raise click.UsageError("--json only reports damage; leave out --repair")
        from ingest.run import Repair

        return run_task(settings.config, database, Repair())
    progress, cross_references = CountProgress(), CrossReferenceCount()
    not_checked: list[str] = []
    with reading(database) as db:
        damages = list(check(db, progress, cross_references))
        try:
            damages += check_index(db)
        except sqlite3.OperationalError as error:
            not_checked.append(f"the full-text index ({error})")
    progress.end()
    if as_json:
        found = [{"part": one.part, "reference": one.reference, "of": one.subject, "what": one.what} for one in damages]
        print_json(
            {
                "database": str(database),
                "checked": progress.counts,
                "not_checked": not_checked,
                "damages": found,
                "cross_references": {
                    "looked_at": cross_references.looked_at,
                    "citing": cross_references.checked,
                    "fitting": cross_references.fitting,
                },
            }
        )
    else:
        for damage in damages:
            print_line(str(damage))
        counted = ", ".join(map(progress.describe, progress.counts))
        for what in not_checked:
            print_line(f"not checked: {what}")
        print_line(cross_references.describe())
        print_line(f"{database}: {counted} checked: {_conclude(len(damages))}")
    return exit_codes.INCOMPLETE if damages else exit_codes.DONE


def _conclude(damages: int) -> str:
    if not damages:
        return "no damage found"
    return f"damaged parts found: {damages:,}; `lgsco verify --repair` restores what can be rebuilt"
