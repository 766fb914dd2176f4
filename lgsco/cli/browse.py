"""Commands that read decisions: show, search, export, serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.errors import UsageError
from lgsco.cli import exit_codes
from lgsco.cli.options import Settings, TextCommand, command
from lgsco.cli.printing import print_document, print_line

if TYPE_CHECKING:
    from storage.export import Writer

_REPAIR = "`lgsco verify --repair` puts back what can be rebuilt"


@command()
@click.argument("reference", nargs=-1, required=True)
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="A past reading, from 1.")
def show(settings: Settings, reference: tuple[str, ...], revision: int | None) -> int:
    """Print one decision in the text format.

    Example: lgsco show 25-004-920
    """
    from storage import decisions, digests, model
    from storage.database import reading

    try:
        printed = model.reference(" ".join(reference))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with reading(settings.database) as db:
        text = decisions.find_text(db, printed, revision)
        flaw = digests.find_revision_flaw(db, printed, revision) if revision else digests.find_flaw(db, printed)
    if text is None:
        what = printed if revision is None else f"revision {revision} of {printed}"
        print_line(f"lgsco: {what} is not held in {settings.database}", err=True)
        return exit_codes.NOT_STORED
    print_document(text)
    if flaw is not None:
        print_line(f"lgsco: {printed} is damaged ({flaw}): what is printed may be wrong; {_REPAIR}", err=True)
    return exit_codes.DONE


@command(kind=TextCommand)
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N")
def search(settings: Settings, query: tuple[str, ...], limit: int) -> int:
    """Full-text search: all words, "quoted phrases", a trailing * for any ending; or a reference.

    Text that begins with - goes after --, as in: lgsco search -- -council

    Example: lgsco search 'school "special educational needs" transport*'
    """
    from storage.database import reading
    from storage.search import search as find

    with reading(settings.database) as db:
        hits = find(db, " ".join(query), limit)
    for hit in hits:
        outcome = f" · {hit.outcome}" if hit.outcome else ""
        print_line(f"{hit.reference}  {hit.decision_date or '–':10}  {hit.authority or '–'}{outcome}")
        print_line(f"    {hit.snippet}")
        if hit.flaw is not None:
            print_line(
                f"lgsco: {hit.reference} is damaged ({hit.flaw}): what is printed may be wrong; {_REPAIR}", err=True
            )
    if not hits:
        print_line("no decision matches", err=True)
    return exit_codes.DONE


@command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "jsonl", "csv", "parquet"]), default="text", show_default=True
)
def export(settings: Settings, folder: Path, form: str) -> int:
    """Write every decision to files for others, with the attribution beside.

    Example: lgsco export --format csv out/
    """
    from storage.database import reading
    from storage.export import export as write

    writer = _find_parquet_writer() if form == "parquet" else None
    with reading(settings.database) as db:
        exported = write(db, folder, form, writer)
    for damaged in exported.left_out:
        print_line(f"lgsco: left out, since it is damaged: {damaged}", err=True)
    click.echo(f"{exported.decisions:,} decisions in {folder}")
    if not exported.left_out:
        return exit_codes.DONE
    print_line(f"lgsco: {len(exported.left_out):,} damaged decisions were left out; {_REPAIR}", err=True)
    return exit_codes.INCOMPLETE


def _find_parquet_writer() -> Writer:
    """Returns the writer of Parquet files. Raises UsageError where pyarrow is not installed."""
    try:
        from storage.parquet import write
    except ImportError as error:
        raise UsageError(
            f"--format parquet needs pyarrow, which cannot be imported ({error}): pip install 'pyarrow>=22,<27', or "
            "choose jsonl or csv"
        ) from None
    return write


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
def serve(settings: Settings, host: str, port: int) -> int:
    """Browse and query the database with Datasette, until Ctrl-C.

    Example: lgsco serve --port 8001
    """
    from lgsco.web.server import serve as run

    return run(settings.database, host=host, port=port)
