"""Defines the command that hides single decisions: suppress."""

from __future__ import annotations

import click

from lgsco.cli import exit_codes
from lgsco.cli.options import Settings, command
from lgsco.cli.printing import print_line


@command()
@click.argument("reference", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Why it is hidden. The reason is stored in the database only.")
@click.option("--lift", is_flag=True, help="Show the decision again.")
def suppress(settings: Settings, reference: tuple[str, ...], reason: str | None, *, lift: bool) -> int:
    """Hide one decision, or list the hidden ones.

    REFERENCE is as for `lgsco show`; the decision need not be stored yet. It then appears in no page, search, export,
    show or public snapshot. It stays in the database, and sync still fetches it: SQL on the tables themselves, and a
    snapshot without --public, have it. Without a REFERENCE the hidden decisions are listed.

    Example: lgsco suppress 25-004-920 --reason "names a child"
    """
    from ingest.clock import Clock
    from storage import references, suppressions
    from storage.writer import writing

    if not reference:
        if reason is not None or lift:
            raise click.UsageError("name the decision: lgsco suppress 25-004-920 --reason TEXT")
        return _list(settings)
    try:
        key = references.typed_reference(" ".join(reference))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if lift == (reason is not None):
        raise click.UsageError("give either --reason TEXT or --lift")
    with writing(settings.database, create=False, doing="suppress") as db:
        if reason is None:
            was = suppressions.lift(db, key)
            print_line(f"{key} is shown again" if was else f"{key} was not suppressed")
            return exit_codes.DONE
        if not reason.strip():
            raise click.UsageError("--reason needs words")
        suppressions.suppress(db, key, reason.strip(), Clock().stamp())
    print_line(f"{key} is suppressed. Files made before still have it: exports, snapshots, backups")
    return exit_codes.DONE


def _list(settings: Settings) -> int:
    from storage.database import reading
    from storage.suppressions import find_suppressions

    with reading(settings.database) as db:
        found = find_suppressions(db)
    for one in found:
        print_line(f"{one.reference}  since {one.suppressed_at}: {one.reason}")
    if not found:
        print_line("no decision is suppressed")
    return exit_codes.DONE
