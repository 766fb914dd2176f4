"""Defines the commands that read decisions: search, show, serve, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from ingest.errors import ReadError, UsageError
from ingest.wording import count_of
from lgsco.cli import exit_codes
from lgsco.cli.options import Day, Settings, TextCommand, command, read_range
from lgsco.cli.printing import print_claim, print_document, print_json, print_line

if TYPE_CHECKING:
    import sqlite3

    from ingest.reports.claims import Claim
    from storage.export import Writer
    from storage.model import Decision, Window
    from storage.query.tree import Field
    from storage.ranking import Order

_REPAIR = "`lgsco verify --repair` restores what can be rebuilt"


@command(logs=False)
@click.argument("reference", nargs=-1, required=True)
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="Print an earlier version; 1 is the first.")
@click.option("--left-out", is_flag=True, help="List the blocks of its page that are not in the text, and why.")
@click.option("--raw", is_flag=True, help="Print the stored page as the site sent it.")
def show(settings: Settings, reference: tuple[str, ...], revision: int | None, *, left_out: bool, raw: bool) -> int:
    """Print one decision in the text format.

    REFERENCE may be in any spelling, such as 25-004-920, 25004920 or 25/004/920, or the address of its page. The text
    has no paragraph numbers: search and serve show them, and the view paragraphs has them for SQL. Related decisions
    are named on stderr. Exits with 1 if the decision is not stored, or suppressed.

    Example: lgsco show 25-004-920
    """
    from storage import references

    try:
        printed = references.typed_reference(" ".join(reference))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if left_out + raw + (revision is not None) > 1:
        raise click.UsageError("give one of --revision, --left-out and --raw")
    if _is_suppressed(settings, printed):
        print_line(f"lgsco: {printed} is suppressed; `lgsco suppress` lists the reasons", err=True)
        return exit_codes.NOT_STORED
    if left_out or raw:
        return _show_page(settings, printed, raw=raw)
    return _show_text(settings, printed, revision)


def _is_suppressed(settings: Settings, reference: str) -> bool:
    from storage.database import reading
    from storage.suppressions import is_suppressed

    with reading(settings.database) as db:
        return is_suppressed(db, reference)


def _show_text(settings: Settings, printed: str, revision: int | None) -> int:
    """Prints the text of a decision, and on stderr what the reader should know about it."""
    from ingest.reports.related import describe_related
    from storage import digests, held_texts, related, texts
    from storage.database import reading

    with reading(settings.database) as db:
        text = texts.find_text(db, printed, revision)
        is_stored = text is not None or texts.find_text(db, printed) is not None
        flaw = digests.find_revision_flaw(db, printed, revision) if revision else digests.find_flaw(db, printed)
        waiting = held_texts.find_waiting(db, printed)
        others = related.find_related(db, printed)
    if text is None and waiting is not None and revision is None:
        print_line(f"lgsco: {printed} is fetched and held back: see `lgsco template show {waiting.change}`", err=True)
        return exit_codes.NOT_STORED
    if text is None and is_stored:
        print_line(f"lgsco: revision {revision} of {printed} is not stored in {settings.database}", err=True)
        return exit_codes.NOT_STORED
    if text is None:
        return _report_absent(settings, printed)
    print_document(text)
    if others:
        print_line(f"lgsco: related: {', '.join(map(describe_related, others))}", err=True)
    if waiting is not None:
        pending = f"newer version pending since {waiting.held_at}: see `lgsco template show {waiting.change}`"
        print_line(f"lgsco: {printed}: {pending}", err=True)
    if flaw is not None:
        print_line(f"lgsco: {printed} is damaged ({flaw}): the printed text may be wrong; {_REPAIR}", err=True)
    return exit_codes.DONE


def _report_absent(settings: Settings, reference: str) -> int:
    """Prints that a decision is not stored, and the command that shows which dates were fetched."""
    hint = "`lgsco coverage` shows which dates were fetched"
    print_line(f"lgsco: {reference} is not stored in {settings.database}; {hint}", err=True)
    return exit_codes.NOT_STORED


def _show_page(settings: Settings, reference: str, *, raw: bool) -> int:
    """Prints the stored pages of a decision, or those of their blocks that are not in its text."""
    from ingest.clock import london_day
    from ingest.recording.chapters import parse_stored_pages
    from storage import pages, texts
    from storage.database import reading

    with reading(settings.database) as db:
        stored = [page for _, page in pages.find_newest(db, pages.Codec(db), reference)]
        document = texts.find_document(db, reference)
        is_stored = bool(stored) or texts.find_text(db, reference) is not None
    if not stored and document is not None and not raw:
        return _show_left_out_of(document, reference)
    if not is_stored:
        return _report_absent(settings, reference)
    if not stored:
        print_line(f"lgsco: no page of {reference} is stored in {settings.database}", err=True)
        return exit_codes.NOT_STORED
    if raw:
        for page in stored:
            click.echo(page.body, nl=False)
        return exit_codes.DONE
    try:
        decision = parse_stored_pages(stored, london_day(stored[0].fetched_at), all_blocks=True)
    except ReadError as error:
        print_line(f"lgsco: {reference}: its stored page does not parse: {error}; --raw prints it", err=True)
        return exit_codes.NOT_STORED
    _print_left_out(decision)
    return exit_codes.DONE


def _show_left_out_of(document: str, reference: str) -> int:
    """Prints the blocks of an imported document that are not in its text."""
    from ingest.tasks.documents import parse_document

    try:
        decision = parse_document(Path(document), unclosed=True, as_is=True, all_blocks=True)
    except ReadError as error:
        print_line(f"lgsco: {document}: {error}; an imported document itself is not stored", err=True)
        return exit_codes.NOT_STORED
    if decision.reference != reference:
        print_line(f"lgsco: {document} now contains {decision.reference}, not {reference}", err=True)
        return exit_codes.NOT_STORED
    _print_left_out(decision)
    return exit_codes.DONE


def _print_left_out(decision: Decision) -> None:
    for block in decision.left_out:
        print_line(f"[{block.rule}] {block.text}")


@command(logs=False, kind=TextCommand)
@click.argument("query", nargs=-1)
@click.option("--authority", metavar="WORDS", help="Only decisions on authorities with these words in their name.")
@click.option("--outcome", metavar="WORDS", help="Only decisions with an outcome that begins with these words.")
@click.option("--category", metavar="WORDS", help="Only decisions of categories with these words in their name.")
@click.option("--from", "first", metavar="DATE", help="Only decisions from this day, month or year on.")
@click.option("--to", "last", metavar="DATE", help="Only decisions up to this day, month or year.")
@click.option(
    "--sort",
    "order",
    type=click.Choice(["relevance", "date"]),
    default="relevance",
    show_default=True,
    help="Show the best or the newest first.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Show at most N decisions."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row for each paragraph.")
def search(
    settings: Settings,
    query: tuple[str, ...],
    order: Order,
    limit: int,
    *,
    as_json: bool,
    as_csv: bool,
    first: str | None,
    last: str | None,
    **names: str | None,
) -> int:
    """Search the decisions, and show the paragraphs with the words.

    Finds decisions with all words, in any form. "Quoted words" are found exactly as written, within one paragraph, and
    a word that ends in * matches any ending. AND, OR, NOT, (brackets) and NEAR(words, 5) combine them. authority:word,
    outcome:word, category:word, from:2024 and to:2024-06 are filters, as the options are. A reference in any spelling
    finds its decision.

    A word takes no - before it. To leave out decisions with a word, write: lgsco search 'school NOT council'

    Example: lgsco search 'assess* AND ("social worker" OR council) NOT housing' --from 2015 --sort date
    """
    given: dict[Field, str | None] = {"from": first, "to": last, **cast("dict[Field, str | None]", names)}
    if not query and not any(given.values()):
        raise click.UsageError("Missing argument 'QUERY...': give words to search for, or a filter such as --authority")
    if as_json and as_csv:
        raise click.UsageError("give one of --json and --csv")
    _find_and_print(settings, " ".join(query), given, order, limit, "json" if as_json else "csv" if as_csv else None)
    return exit_codes.DONE


def _find_and_print(
    settings: Settings,
    query: str,
    given: Mapping[Field, str | None],
    order: Order,
    limit: int,
    form: Literal["json", "csv"] | None,
) -> None:
    from lgsco.cli import found
    from storage.database import reading
    from storage.query.parser import make_filter
    from storage.search import search as find

    filters = [make_filter(field, value) for field, value in given.items() if value is not None]
    with reading(settings.database) as db:
        results = find(db, query, limit, filters=filters, order=order)
    match form:
        case "json":
            print_json(found.as_json(query, results))
        case "csv":
            found.print_csv(results)
        case None:
            found.print_hits(results)
    found.print_notes(results, _REPAIR)


@command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "csv", "parquet"]),
    default="text",
    show_default=True,
    help="text: one file for each decision. parquet: four tables by year. Others: one file.",
)
@click.option("--authority", metavar="NAME", help="Only decisions about this authority; NAME is its full name.")
@click.option("--from", "first", type=Day(), metavar="DATE", help="First day, month or year.")
@click.option("--to", "last", type=Day(is_last=True), metavar="DATE", help="Last day, month or year, inclusive.")
def export(
    settings: Settings, folder: Path, form: str, authority: str | None, first: date | None, last: date | None
) -> int:
    """Write the decisions to files for other programs.

    The files go into FOLDER, together with ATTRIBUTION.txt: the terms of the publisher, and which of the dates are
    proven. parquet writes decisions, paragraphs, revisions and related into FOLDER/parquet, and replaces an earlier
    export there. It needs pyarrow: install lgsco[parquet]. Damaged rows are left out and named, and the command then
    exits with 10. With --from or --to, decisions without a date are left out.

    Example: lgsco export --format csv out/
    """
    from storage.database import reading
    from storage.export import Choice
    from storage.export import export as write

    dates = read_range(first, last) if first or last else None
    writer = _find_parquet_writer() if form == "parquet" else None
    with reading(settings.database) as db:
        if authority is not None:
            _require_authority(db, authority)
        claim = _claim_dates(db, dates)
        exported = write(
            db,
            folder,
            form,
            writer,
            Choice(authority, first, last),
            [*claim.describe_ranges(), f"{claim.describe_share()}."],
        )
    for damaged in exported.left_out:
        print_line(f"lgsco: left out because it is damaged: {damaged}", err=True)
    suppressed = f"; {exported.suppressed:,} suppressed left out" if exported.suppressed else ""
    print_line(f"{count_of(exported.decisions, 'decision')} in {folder}{suppressed}")
    print_claim(claim)
    return _count_damaged(exported.left_out)


def _count_damaged(rows: Sequence[str]) -> int:
    """Prints how many damaged rows were left out of an export, if any, and returns its exit code."""
    if not rows:
        return exit_codes.DONE
    counted = count_of(len(rows), "damaged row was", "damaged rows were")
    print_line(f"lgsco: {counted} left out; {_REPAIR}", err=True)
    return exit_codes.INCOMPLETE


def _require_authority(db: sqlite3.Connection, name: str) -> None:
    """Raises UsageError if no stored decision is about an authority of this name."""
    from storage.export import find_authorities

    is_stored, alike = find_authorities(db, name)
    if not is_stored:
        hint = f"; these contain it: {'; '.join(alike)}" if alike else ""
        raise UsageError(f"no stored decision is about an authority named {name!r}{hint}")


def _claim_dates(db: sqlite3.Connection, dates: Window | None) -> Claim:
    """Makes the claim about some dates, or about those that were asked for."""
    from ingest.clock import Clock
    from ingest.crawling.asked_for import find_asked_dates
    from ingest.reports.claims import make_claim
    from storage.claims import find_claim_rows

    rows = find_claim_rows(db, lambda asked: find_asked_dates(asked) if dates is None else [dates])
    return make_claim(rows, daemon_runs=False, today=Clock().today())


def _find_parquet_writer() -> Writer:
    """Returns the function that writes Parquet files. Raises UsageError if pyarrow is not installed."""
    try:
        from storage.parquet import write
    except ImportError as error:
        raise UsageError(
            f"--format parquet needs pyarrow, which cannot be imported ({error}): pip install 'pyarrow>=22,<27', or "
            "choose jsonl or csv"
        ) from None
    return write


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: any free port.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Also answer requests for this host name. Addresses and localhost are always answered.",
)
@click.option("--public", is_flag=True, help="Serve a public snapshot to everybody; refuse any other file.")
@click.option("--with-withdrawn", is_flag=True, help="With --public: the file may have withdrawn decisions.")
@click.argument("datasette", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS FOR DATASETTE]")
def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    hosts: tuple[str, ...],
    public: bool,
    with_withdrawn: bool,
    datasette: tuple[str, ...],
) -> int:
    """Show the database in a browser, with Datasette.

    Prints the address and serves until Ctrl-C. Pages, SQL queries, JSON and CSV are read-only. The database may be
    written at the same time. Options of `datasette serve` go after --, as in: lgsco serve -- --setting base_url /lgsco/

    Example: lgsco serve --port 8001
    """
    from lgsco.web.server import Options
    from lgsco.web.server import serve as run

    if with_withdrawn and not public:
        raise click.UsageError("--with-withdrawn goes with --public")
    options = Options(public=public, with_withdrawn=with_withdrawn, hosts=hosts, datasette=datasette)
    return run(settings.database, host=host, port=port, options=options)
