"""The hand's door: the command line. A command is: read the arguments, one call, print.

Imports that only one command needs stand inside it, so that `--help` and `show` start at once.
"""

from __future__ import annotations

import errno
import functools
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.config import VERSION, Config, load
from ingest.errors import UsageError
from ingest.reports.lines import name_first, printable
from storage.errors import LgscoError

if TYPE_CHECKING:
    from ingest.reports.calendar import State
    from ingest.run import Task
    from storage.export import Writer

log = logging.getLogger("lgsco")

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Characters no text in the text format holds; a database from elsewhere may."""

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the order of what stands beside them. They may be the publisher's, so only a terminal is spared
them; the marks U+200E and U+200F turn nothing but themselves."""

_OUTPUT_LOST = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG})

Command = Callable[..., int | None]


# ---------------------------------------------------------------- what all commands share


class _Settings:
    """The options every command takes, and what follows from them."""

    def __init__(self, config: Path | None, db: Path | None, site: str | None) -> None:
        flags = {"--db": ("storage.database", str(db) if db else None), "--site": ("site.base_url", site)}
        self.config: Config = load(config, os.environ, flags)
        self.database = Path(self.config.storage.database)
        self.named = db
        """The database that --db names, if it was given."""


def _command(*, site: bool = False, **attributes: Any) -> Callable[[Command], click.Command]:
    """A sub-command with the shared options; its function is given the settings first and returns an exit code."""

    def decorate(function: Command) -> click.Command:
        @functools.wraps(function)
        def run(config: Path | None, db: Path | None, debug: bool, site: str | None = None, **rest: Any) -> None:
            _log_to_stderr(debug)
            settings = _Settings(config, db, site)
            try:
                sys.exit(function(settings, **rest) or 0)
            except BrokenPipeError:  # `lgsco search … | head`: what reads us has had enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(0)

        path = click.Path(path_type=Path)
        shared = [
            click.option("--debug", is_flag=True, help="Log more, and show a traceback when something fails."),
            click.option("--db", type=path, metavar="FILE", help="The database; default: [storage] database."),
            click.option("--config", type=path, metavar="FILE", help="The configuration; default: config.toml here."),
        ]
        if site:
            shared.insert(0, click.option("--site", metavar="URL", help="The site; default: [site] base_url."))
        for option in shared:
            option(run)
        return cli.command(function.__name__.rstrip("_"), **attributes)(run)

    return decorate


class _LevelAndText(logging.Formatter):
    """Plain lines: UTC instant, level where it is not INFO, text without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {level}{printable(record.getMessage())}"
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *map(printable, trace)])


def _log_to_stderr(debug: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_LevelAndText())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    interactive = sys.stderr.isatty() and not debug
    log.setLevel(logging.DEBUG if debug else logging.ERROR if interactive else logging.INFO)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `lgsco`. Errors are one sentence on stderr; exit codes are those of the README."""
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    _open_what_is_closed()
    signal.signal(signal.SIGTERM, _end)
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="lgsco", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except LgscoError as error:
        _tell_where(debug)
        _say(f"lgsco: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        _tell_where(debug)
        if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_LOST:
            _say(f"lgsco: the output cannot be written: {error.strerror}; send it elsewhere", err=True)
            sys.exit(1)
        hint = "" if debug else "; --debug shows where"
        _say(f"lgsco: unexpected: {type(error).__name__}: {error}{hint}", err=True)
        sys.exit(1)


def _open_what_is_closed() -> None:
    """Whoever closed an output wants nothing of it: that is no reason to fail, and no file may take its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # for as long as we live


def _end(number: int, _frame: object) -> None:
    """Ends at SIGTERM by way of every `finally`: no draft of a file is left behind."""
    sys.exit(128 + number)


# What is said may quote the site, a document or somebody else's database: none of it moves a terminal's cursor.


def _say(line: str, *, err: bool = False) -> None:
    """Prints one line."""
    click.echo(printable(line), err=err)


def _say_json(told: object) -> None:
    from storage.export import as_json

    click.echo(as_json(told, indent=2))


def _say_report(report: Any, as_json: bool) -> None:
    if as_json:
        _say_json(report.as_json())
        return
    for line in report.lines():
        _say(line)


def _tell_where(debug: bool) -> None:
    """With --debug, the traceback of the error in hand."""
    for line in traceback.format_exc().splitlines() if debug else ():
        _say(line, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="lgsco")
def cli() -> None:
    """Keeps every published decision of the Local Government and Social Care Ombudsman in one SQLite file.

    Try it offline: lgsco demo
    """


# ---------------------------------------------------------------- filling the database


class _Day(click.ParamType[date]):
    """A date on the command line."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write it as 2025-10-06", param, ctx)


def _perform(config: Config, database: Path, task: Task, *, unit: str = "decisions") -> int:
    """Does a task with progress shown, says how it ended, and returns its exit code."""
    from ingest.clock import Clock, Stop
    from ingest.progress import Progress
    from ingest.run import perform

    stop = Stop()
    with stop.on_signals(), Progress(unit) as progress:
        outcome = perform(task, config, database, Clock(), stop, progress.report)
    unread = [f"  {sentence}" for sentence in outcome.tally.unread]
    for line in name_first(unread, 20, "  … and {} more; `lgsco status --json` names them"):
        _say(line, err=True)
    if outcome.exit_code:
        _say(f"lgsco: {outcome.state}: {outcome.message}", err=True)
    else:
        _say(f"{outcome.state}: {outcome.message}")
    return outcome.exit_code


@_command(site=True)
@click.option("--from", "first", type=_Day(), metavar="DATE", help="First decision date; default: the beginning.")
@click.option("--to", "last", type=_Day(), metavar="DATE", help="Last decision date, included; default: today.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Fetch at most so many decisions.")
def backfill(settings: _Settings, first: date | None, last: date | None, limit: int | None) -> int:
    """Fetch every decision of a range of decision dates.

    Goes on where it was stopped. Example: lgsco backfill --from 2025-01-01 --to 2025-03-31
    """
    from ingest.run import Backfill

    if first and last and first > last:
        raise click.UsageError(f"--from {first} is after --to {last}")
    return _perform(settings.config, settings.database, Backfill(first, last, limit))


@_command(site=True)
def sync(settings: _Settings) -> int:
    """One round of what the daemon does: fetch what is new.

    Example: lgsco sync
    """
    from ingest.run import Sync

    return _perform(settings.config, settings.database, Sync())


@_command(site=True)
def daemon(settings: _Settings) -> int:
    """Keep the timetable of config.toml, in the foreground, until SIGTERM or Ctrl-C.

    Example: lgsco daemon --db /var/lib/lgsco/lgsco.db
    """
    from ingest.clock import Clock
    from scheduler import run_daemon

    log.setLevel(min(log.level, logging.INFO))  # it has no bar to show
    return run_daemon(settings.config, settings.database, Clock())


@_command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--unclosed", is_flag=True, help="Take statements without their closing line.")
def import_(settings: _Settings, paths: tuple[Path, ...], unclosed: bool) -> int:
    """Take text documents and saved HTML pages, from files and folders.

    Files of a folder that are neither are named and left out.

    Example: lgsco import seeds/
    """
    from ingest.run import Import

    return _perform(settings.config, settings.database, Import(paths, unclosed), unit="documents")


@_command()
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def renormalise(settings: _Settings, dry_run: bool) -> int:
    """Read all kept pages again with this version's reader; no network.

    Example: lgsco renormalise --dry-run
    """
    from ingest.run import Renormalise

    return _perform(settings.config, settings.database, Renormalise(dry_run))


# ---------------------------------------------------------------- asking


@_command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(settings: _Settings, as_json: bool) -> int:
    """Last runs, what is held, missing and failed; exit 1 when the last success is too old.

    Example: lgsco status
    """
    from ingest.clock import Clock, instant
    from ingest.reports.status import report_status
    from scheduler import next_sync
    from storage.database import reading
    from storage.reports import find_status

    now, schedule = Clock().now(), settings.config.schedule
    with reading(settings.database) as db:
        rows = find_status(db, schedule.sync_days, instant(now))
    report = report_status(
        rows,
        database=str(settings.database),
        stale_hours=schedule.stale_hours,
        now=now,
        next_sync=functools.partial(next_sync, settings.config),
        process_exists=_process_exists,
    )
    _say_report(report, as_json)
    return int(report.stale)


def _process_exists(process: int) -> bool:
    """Whether there is a process of that number, as far as can be known."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True


@_command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Draw the calendar into a file as well.")
def coverage(settings: _Settings, as_json: bool, svg: Path | None) -> int:
    """The ledger: what the site says it has, what of it is held, and whether that is proven, per date range and month;
    and what is missing, by reference.

    Exits 10 while anything is unproven. Example: lgsco coverage --svg coverage.svg
    """
    from ingest.clock import Clock
    from ingest.reports.calendar import as_svg
    from ingest.reports.coverage import report_coverage
    from storage.database import reading
    from storage.export import write_whole
    from storage.status import find_coverage

    with reading(settings.database) as db:
        rows = find_coverage(db)
    report = report_coverage(rows, Clock().today())
    if svg is not None:
        write_whole(svg, as_svg(report.calendar))
    if as_json:
        _say_json(report.as_json())
    else:
        for line in report.table_lines():
            _say(line)
        for line in report.calendar_lines(_painter()):
            click.echo(line)
        for line in [*report.conclusion_lines(), *([f"{svg}: the calendar"] if svg is not None else [])]:
            _say(line)
    return 0 if report.proven else 10


@_command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def politeness(settings: _Settings, as_json: bool) -> int:
    """How the site was treated, from the journal of every request: something to show to the publisher.

    Exits 10 where a promise was not kept. Example: lgsco politeness
    """
    from ingest.clock import Clock
    from ingest.fetching.quiet_hours import within
    from ingest.reports.politeness import report_politeness
    from storage.database import reading
    from storage.reports import find_politeness

    with reading(settings.database) as db:
        rows = find_politeness(db, within)
    report = report_politeness(rows, settings.config, Clock().now())
    _say_report(report, as_json)
    return 10 if report.broken else 0


def _painter() -> Callable[[str, State], str]:
    """Colours the calendar's cells, where a terminal shows colour and nobody objects."""
    from ingest.reports.calendar import LOOKS

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda cell, _: cell

    def paint(cell: str, state: State) -> str:
        block = LOOKS[state].block
        return click.style(cell, dim=True) if block is None else click.style(cell, fg=16, bg=block)

    return paint


@_command()
@click.argument("reference", nargs=-1, required=True)
@click.option("--revision", type=click.IntRange(min=1), metavar="N", help="A past reading, from 1.")
def show(settings: _Settings, reference: tuple[str, ...], revision: int | None) -> int:
    """Print one decision in the text format.

    Example: lgsco show 25-004-920
    """
    from storage import decisions, model
    from storage.database import reading

    try:
        printed = model.reference(" ".join(reference))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with reading(settings.database) as db:
        text = decisions.find_text(db, printed, revision)
    if text is None:
        what = printed if revision is None else f"revision {revision} of {printed}"
        _say(f"lgsco: {what} is not held in {settings.database}", err=True)
        return 1
    text = _CONTROLS.sub("", text)
    click.echo(_TURNS.sub("", text) if sys.stdout.isatty() else text)
    return 0


@_command(context_settings={"ignore_unknown_options": True})  # a word to look for may begin with a hyphen
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N")
def search(settings: _Settings, query: tuple[str, ...], limit: int) -> int:
    """Full-text search: all words, "quoted phrases", a trailing * for any ending; or a reference.

    Example: lgsco search 'school "special educational needs" transport*'
    """
    from storage.database import reading
    from storage.search import search as find

    with reading(settings.database) as db:
        hits = find(db, " ".join(query), limit)
    for hit in hits:
        outcome = f" · {hit.outcome}" if hit.outcome else ""
        _say(f"{hit.reference}  {hit.decision_date or '–':10}  {hit.authority or '–'}{outcome}")
        _say(f"    {hit.snippet}")
    if not hits:
        _say("no decision matches", err=True)
    return 0


@_command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "jsonl", "csv", "parquet"]), default="text", show_default=True
)
def export(settings: _Settings, folder: Path, form: str) -> int:
    """Write every decision to files for others, with the attribution beside.

    Example: lgsco export --format csv out/
    """
    from storage.database import reading
    from storage.export import export as write

    writer = _parquet() if form == "parquet" else None
    with reading(settings.database) as db:
        count = write(db, folder, form, writer)
    click.echo(f"{count:,} decisions in {folder}")
    return 0


def _parquet() -> Writer:
    """What writes Parquet, where its library is installed."""
    try:
        from storage.parquet import write
    except ImportError as error:
        raise UsageError(
            f"--format parquet needs pyarrow, which cannot be imported ({error}): pip install 'pyarrow>=22,<27', or "
            "choose jsonl or csv"
        ) from None
    return write


@_command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True)
def serve(settings: _Settings, host: str, port: int) -> int:
    """Browse and query the database with Datasette, until Ctrl-C.

    Example: lgsco serve --port 8001
    """
    from lgsco.web.server import serve as run

    return run(settings.database, host=host, port=port)


@_command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--public", is_flag=True, help="Leave out raw pages, the queue and the journal.")
def snapshot(settings: _Settings, file: Path, public: bool) -> int:
    """Copy the database, whole and compacted, while it is in use.

    Example: lgsco snapshot --public decisions.db
    """
    from storage.database import reading
    from storage.export import snapshot as copy

    with reading(settings.database) as db:
        copy(db, file, public=public)
    click.echo(f"{file}: {file.stat().st_size / 1e6:,.1f} MB")
    return 0


@_command()
@click.option("--count", type=click.IntRange(0, 20_000), default=300, show_default=True, help="Generated decisions.")
def demo(settings: _Settings, count: int) -> int:
    """The whole journey offline: a look-alike site on loopback, backfilled into a new demo.db.

    Example: lgsco demo
    """
    from lgsco.replica.demo import run

    return run(settings.config, settings.named or Path("demo.db"), count, _perform)


if __name__ == "__main__":
    main()
