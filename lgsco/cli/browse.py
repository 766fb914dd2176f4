"""Commands that read decisions: show, search, export, serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.errors import ReadError, UsageError
from lgsco.cli import exit_codes
from lgsco.cli.options import Settings, TextCommand, command
from lgsco.cli.printing import print_document, print_line

if TYPE_CHECKING:
    from storage.export import Writer
    from storage.model import Decision

_REPAIR = "`lgsco verify --repair` puts back what can be rebuilt"


@command()
@click.argument("reference", nargs=-1, required=True)
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="A past reading, from 1.")
@click.option("--left-out", is_flag=True, help="Each block of its page that is not in the text, with the rule.")
@click.option("--raw", is_flag=True, help="The stored page, as the site sent it.")
def show(settings: Settings, reference: tuple[str, ...], revision: int | None, *, left_out: bool, raw: bool) -> int:
    """Print one decision in the text format, or what its stored page holds.

    Example: lgsco show 25-004-920
    """
    from ingest.reports.lines import describe_related
    from storage import decisions, digests, held_texts, model, related
    from storage.database import reading

    try:
        printed = model.reference(" ".join(reference))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if left_out + raw + (revision is not None) > 1:
        raise click.UsageError("give one of --revision, --left-out and --raw")
    if left_out or raw:
        return _show_page(settings, printed, raw=raw)
    with reading(settings.database) as db:
        text = decisions.find_text(db, printed, revision)
        flaw = digests.find_revision_flaw(db, printed, revision) if revision else digests.find_flaw(db, printed)
        waiting = held_texts.find_waiting(db, printed)
        others = related.find_related(db, printed)
    if text is None and waiting is not None and revision is None:
        print_line(f"lgsco: {printed} is fetched and held back: `lgsco template show {waiting.change}`", err=True)
        return exit_codes.NOT_STORED
    if text is None:
        what = printed if revision is None else f"revision {revision} of {printed}"
        print_line(f"lgsco: {what} is not held in {settings.database}", err=True)
        return exit_codes.NOT_STORED
    print_document(text)
    if others:
        print_line(f"lgsco: related: {', '.join(map(describe_related, others))}", err=True)
    if waiting is not None:
        told = f"newer version pending since {waiting.held_at}: `lgsco template show {waiting.change}`"
        print_line(f"lgsco: {printed}: {told}", err=True)
    if flaw is not None:
        print_line(f"lgsco: {printed} is damaged ({flaw}): what is printed may be wrong; {_REPAIR}", err=True)
    return exit_codes.DONE


def _show_page(settings: Settings, reference: str, *, raw: bool) -> int:
    """Prints the stored pages of a decision, or the blocks of them that are not in its text."""
    from ingest.clock import london_day
    from ingest.recording.chapters import parse_chapters
    from storage import decisions, pages
    from storage.database import reading

    with reading(settings.database) as db:
        stored = [page for _, page in pages.find_newest(db, pages.Codec(db), reference)]
        document = decisions.find_document(db, reference)
    if not stored and document is not None and not raw:
        return _show_left_out_of(document, reference)
    if not stored:
        print_line(f"lgsco: no page of {reference} is stored in {settings.database}", err=True)
        return exit_codes.NOT_STORED
    if raw:
        for page in stored:
            click.echo(page.body, nl=False)
        return exit_codes.DONE
    try:
        decision = parse_chapters(stored, london_day(stored[0].fetched_at), all_blocks=True)
    except ReadError as error:
        print_line(f"lgsco: {reference}: its stored page does not parse: {error}; --raw prints it", err=True)
        return exit_codes.NOT_STORED
    _print_left_out(decision)
    return exit_codes.DONE


def _show_left_out_of(document: str, reference: str) -> int:
    """Prints the blocks of an imported document that are not in its text."""
    from ingest.tasks.documents import read

    try:
        decision = read(Path(document), unclosed=True, as_is=True, all_blocks=True)
    except ReadError as error:
        print_line(f"lgsco: {document}: {error}; an imported document itself is not stored", err=True)
        return exit_codes.NOT_STORED
    if decision.reference != reference:
        print_line(f"lgsco: {document} holds {decision.reference} now, not {reference}", err=True)
        return exit_codes.NOT_STORED
    _print_left_out(decision)
    return exit_codes.DONE


def _print_left_out(decision: Decision) -> None:
    for block in decision.left_out:
        print_line(f"[{block.rule}] {block.text}")


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
