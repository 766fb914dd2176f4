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
from dataclasses import asdict, replace
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
    from storage.runs import Run
    from storage.status import Gone

log = logging.getLogger("lgsco")

_SILENT_SECONDS = 300
"""Seconds without a heartbeat, five of them, after which the daemon is taken to be gone."""

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
    from ingest.reports.calendar import unproven
    from scheduler import next_sync
    from storage.database import reading
    from storage.ledger import find_windows
    from storage.queue import find_failures
    from storage.runs import find_runs, last_success
    from storage.status import count_gone, find_canary, find_daemon, find_unexplained, holdings

    now = datetime.now(UTC)
    with reading(settings.database) as db:
        held, failures, recent, keeper = holdings(db), find_failures(db), _as_they_are(find_runs(db)), find_daemon(db)
        gone, canary, ranges = count_gone(db), find_canary(db), unproven(find_windows(db))
        unexplained = find_unexplained(db)
        succeeded = last_success(db, settings.config.schedule.sync_days, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    hours = (now - datetime.fromisoformat(succeeded)).total_seconds() / 3600 if succeeded else None
    stale = hours is None or hours > settings.config.schedule.stale_hours
    silent = (now - datetime.fromisoformat(keeper.seen_at)).total_seconds() if keeper is not None else 0.0
    running = keeper is not None and keeper.stopped_at is None and silent < _SILENT_SECONDS
    due = keeper.next_at if keeper is not None and running else next_sync(settings.config, now)
    if as_json:
        told = {
            "database": str(settings.database),
            "stale": stale,
            "last_success": succeeded,
            "next_sync": due,
            "daemon": asdict(keeper) if keeper else None,
            "held": asdict(held),
            "unproven": [{"first": str(its.first), "last": str(its.last), "state": state} for its, state in ranges],
            "gone": asdict(gone),
            "unexplained": [asdict(one) for one in unexplained],
            "canary": asdict(canary),
            "failures": [asdict(failure) for failure in failures],
            "runs": [asdict(run) for run in recent],
        }
        _say_json(told)
        return int(stale)
    _say(f"{settings.database}: {held.decisions:,} decisions, {held.from_imports:,} of them from imports only")
    _say(f"decision dates {held.oldest or '–'} to {held.newest or '–'}; {held.revisions:,} revisions")
    _say(f"waiting to be fetched: {held.waiting:,}; of them failed so far: {held.failed:,}")
    failed = [failure for failure in failures if failure.state != "excluded"]
    for failure in failed[:10]:
        told_of = f"{failure.reference} ({failure.attempts} tries, next {failure.next_at})"
        _say(f"  {told_of}: {failure.error or ''}")
    if len(failed) > 10:
        _say(f"  … and {len(failed) - 10:,} more; --json names them all")
    _say(f"excluded, listed and not to be had: {held.excluded:,}")
    _say(f"date ranges not proven complete: {len(ranges):,}")
    for its, state in ranges[:5]:
        _say(f"  {_from(str(its.first))} to {_to(str(its.last))}: {state}")
    if len(ranges) > 5:
        _say(f"  … and {len(ranges) - 5:,} more; `lgsco coverage` shows them all")
    _say(_told(gone))
    for one in unexplained[:5]:
        _say(f"  {one.reference} (not listed since {one.noticed_at}, asked for again {one.next_at}): {one.answer}")
    if len(unexplained) > 5:
        _say(f"  … and {len(unexplained) - 5:,} more; --json names them all")
    since = f"; not since {canary.failed_at}: {canary.finding or ''}" if canary.failed_at else ""
    _say(f"known decision last read as ever: {canary.passed_at or 'never'}{since}")
    _say("last runs:")
    for run in recent[:5]:
        _say(f"  {run.started_at} {run.task}: {run.state}{f': {run.message}' if run.message else ''}")
    if keeper is not None and running:
        _say(f"daemon: process {keeper.process}, last heard of {keeper.seen_at}, next sync {due}")
    else:
        _say(f"daemon: not running; by the timetable the next sync would be {due}")
    age = "never" if hours is None else f"{hours:.0f} hours ago"
    late = f", more than {settings.config.schedule.stale_hours:g}: STALE" if stale else ""
    _say(f"last run that was complete up to its day: {age}{late}")
    return int(stale)


def _as_they_are(recent: Sequence[Run]) -> list[Run]:
    """Runs with those that were killed told so: the next one that writes will write it down."""
    return [replace(run, state="died") if run.state == "running" and _is_gone(run.process) else run for run in recent]


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


@_command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Draw the calendar into a file as well.")
def coverage(settings: _Settings, as_json: bool, svg: Path | None) -> int:
    """The ledger: what the site says it has, what of it is held, and whether that is proven, per date range and month;
    and what is missing, by reference.

    Exits 10 while anything is unproven. Example: lgsco coverage --svg coverage.svg
    """
    from ingest.clock import Clock
    from ingest.reports import calendar as picture
    from storage.database import reading
    from storage.export import write_whole
    from storage.status import find_coverage

    with reading(settings.database) as db:
        found = find_coverage(db)
    numbers = {month: picture.Numbers(**counts) for month, counts in found.months.items()}
    calendar = picture.draw(found.proofs, numbers, Clock().today())
    holes = [{"first": str(hole.first), "last": str(hole.last)} for hole in picture.holes(found.proofs)]
    proven = bool(found.windows) and not picture.unproven(found.proofs) and not found.missing
    if svg is not None:
        write_whole(svg, picture.as_svg(calendar))
    if as_json:
        told = {
            "proven": proven,
            "windows": found.windows,
            "gaps": holes,
            "months": [{"month": cell.month, "state": cell.state, **asdict(cell.numbers)} for cell in calendar.months],
            "missing": found.missing,
            "excluded": found.excluded,
            "gone": asdict(found.gone),
        }
        _say_json(told)
        return 0 if proven else 10
    _tell_windows(found.windows, holes)
    if calendar.months:
        click.echo("\n".join(["", *picture.as_lines(calendar, _painter()), ""]))
    _tell_lacking("missing, by reference", found.missing)
    _tell_lacking("excluded, by reference: listed, and their pages are gone", found.excluded)
    _say(_told(found.gone))
    if not found.windows:
        _say("nothing has been counted yet; `lgsco backfill` begins the ledger")
    elif proven:
        _say("proven: all that the site lists is held" + (", or excluded" if found.excluded else ""))
    else:
        ranges = len(picture.unproven(found.proofs))
        _say(f"date ranges not proven complete: {ranges:,}; decisions missing: {len(found.missing):,}")
    if svg is not None:
        _say(f"{svg}: the calendar")
    return 0 if proven else 10


def _from(day: str) -> str:
    """A window's first day, in a word where it is open."""
    return "beginning" if day == str(date.min) else day


def _to(day: str) -> str:
    """A window's last day, in a word where it is open."""
    return "onwards" if day == str(date.max) else day


def _tell_windows(windows: Sequence[dict[str, Any]], holes: Sequence[dict[str, Any]]) -> None:
    """The ledger, with the gaps between its windows, newest first."""
    if not windows:
        return
    names = ("total", "listed", "held", "missing", "failed", "excluded")
    _say(f"{'from':10}  {'to':10}  {'state':8}  {''.join(f'{name:>8}  ' for name in names)}counted")
    for row in sorted([*windows, *holes], key=lambda row: str(row["first"]), reverse=True):
        state = row.get("state", "unseen")
        counts = ["?" if row.get(name) is None else f"{row[name]:,}" for name in names] if "state" in row else []
        cells = f"{_from(row['first']):10}  {_to(row['last']):10}  {state:8}  {''.join(f'{n:>8}  ' for n in counts)}"
        _say(f"{cells}{row.get('counted_at', '')}".rstrip())


def _tell_lacking(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Decisions that are listed and not held: at most twenty, and how many there are."""
    if not rows:
        return
    _say(f"{title}: {len(rows):,}")
    _say(f"  {'reference':11}  {'date':10}  {'state':8}  tries  {'next try':20}  reason")
    for row in rows[:20]:
        day = "–" if row["decision_date"] in (str(date.min), str(date.max)) else row["decision_date"]
        reason = row["error"] or ("fetched, not read yet" if row["state"] == "kept" else "not fetched yet")
        _say(
            f"  {row['reference']:11}  {day:10}  {row['state']:8}  {row['attempts']:5}  {row['next_at'] or '–':20}  "
            f"{reason}"
        )
    if len(rows) > 20:
        _say(f"  … and {len(rows) - 20:,} more; --json names them all")
    click.echo()


def _told(gone: Gone) -> str:
    """What is no longer listed, in one line."""
    told = f"{gone.expired:,} expired by age, {gone.withdrawn:,} withdrawn, {gone.unexplained:,} not explained yet"
    return f"no longer listed: {told}" + (f", {gone.never_held:,} never held" if gone.never_held else "")


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
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def politeness(settings: _Settings, as_json: bool) -> int:
    """How the site was treated, from the journal of every request: something to show to the publisher.

    Exits 10 where a promise was not kept. Example: lgsco politeness
    """
    from ingest.clock import Clock
    from ingest.reports.politeness import account
    from storage.database import reading

    with reading(settings.database) as db:
        told = account(db, settings.config, Clock().now())
    if as_json:
        _say_json(told.as_json())
    else:
        for line in told.lines():
            _say(line)
    return 10 if told.broken else 0


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
