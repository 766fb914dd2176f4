"""Hostile pages, cards, headers and file names are treated as text only.

Nothing in them reaches SQL, a shell, a file's path, a terminal, a spreadsheet or a browser as anything but text.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import html
import json
import logging
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

import scheduler
from bench import fuzz
from bench.fuzz import Tried, attempt, given
from bench.readers import READERS, Reader, lawful
from ingest.clock import Stop
from ingest.errors import ReadError
from ingest.fetching.client import Client
from ingest.fetching.throttle import Throttle
from ingest.lgo import listing_page as listing
from ingest.lgo import page
from ingest.lgo.text_format import parse, render
from ingest.parsing.input_limits import shows_text
from ingest.parsing.whole_page import read_markup
from ingest.run import Backfill, Import, Sync
from lgsco.cli.log_output import LogFormatter
from lgsco.cli.main import main
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import HTML, Headers, Request
from lgsco.replica.sample import Heading, Items, Sample, Written
from lgsco.replica.sample import Item as Point
from lgsco.replica.server import Server
from lgsco.replica.server import serve as serve_site
from lgsco.replica.site import Site
from lgsco.web.guard import content_security_policy
from lgsco.web.metadata import NAME, SITE
from lgsco.web.queries import QUERIES
from storage import runs
from storage.errors import LgscoError
from storage.export import ATTRIBUTION_FILE, as_json, cell
from storage.query.tree import QueryError
from storage.search import search
from storage.writer import writing
from support.digests import vouch_for_all
from support.paths import ROOT, SEEDS
from support.web import browser, row_address, served, shown
from support.world import TODAY, Time, World

HANGING_SECONDS = 30
"""Without its guard, each of the inputs took minutes, hours or all memory; with it, about a second."""

CONTROLS = "\x1b]52;c;aGk=\x07\x1b]0;owned\x07\x1b[2J\x9b31m\x90q\x9c\x08\x7f\x00"
BIDI = "\u202a\u202e\u2066\u2067\u2069"
SQL = "'); DROP TABLE decisions; -- \""
FTS = '" OR authority : ( NEAR ^ * {text} + "a" -'
SCRIPT = "<script>document.body.id='owned'</script><img src=x onerror=\"document.body.id='owned'\"></td>{{7*7}}"
ATTACK = f"{SQL} {FTS} {SCRIPT} {CONTROLS}{BIDI} $(touch owned) `touch owned` | touch owned"
HOSTILE = "24 999 001"
FORMULAS = ("=HYPERLINK(A1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)")

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def folded(words: str) -> str:
    """Returns what the text format keeps of a string."""
    return " ".join(_CONTROL.sub("", words).split())


def attack() -> Sample:
    """Makes a decision in which every printed field is an attack."""
    return Sample(
        *(HOSTILE, f"=HYPERLINK(A1) {ATTACK}", f"+cmd|' /C calc'!A0 {ATTACK}", f"-2+3 {ATTACK}"),
        *(f"@SUM(1) {ATTACK}", date(2024, 5, 6), date(2024, 6, 20)),
        kind="statement",
        summary=f"\t=1+1 {ATTACK}",
        source=Written(((Heading(f"The complaint {ATTACK}"), f"=1 {ATTACK}", Items("1", (Point(f"@1 {ATTACK}"),))),)),
    )


# ---------------------------------------------------------------- a site that attacks, and what is kept of it


@dataclass(frozen=True)
class Kept:
    """The archive of the hostile site."""

    database: Path
    asked: list[str]

    def ask(self, sql: str, *values: object) -> list[Any]:
        return ask(self.database, sql, *values)


def ask(database: Path, sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        return [row[0] if len(row) == 1 else row for row in db.execute(sql, values).fetchall()]


@contextmanager
def world_of(folder: Path, *samples: Sample) -> Iterator[World]:
    site = Site(samples, today=TODAY)
    with serve_site(site) as server:
        yield World(site, server, folder / "kept.db", Time(), Stop())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("hostile")
    samples = [*seeds(), *generate(12, seed=3, first=date(2024, 1, 1), last=date(2025, 9, 30)), attack()]
    with world_of(folder, *samples) as world:
        assert world.run(Backfill()).exit_code == 0
        assert world.run(Sync()).exit_code == 0
        assert world.run(Import((SEEDS,))).exit_code == 0
    return Kept(world.database, world.targets())


@pytest.fixture(scope="module")
def foreign(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that another program wrote, without any of our checks."""
    path = tmp_path_factory.mktemp("foreign") / "foreign.db"
    shutil.copy(kept.database, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE decisions SET authority = ?1 || authority, outcome = ?1, summary = ?1, text = ?1 || text",
            (CONTROLS,),
        )
        db.execute("UPDATE runs SET message = ?1 || char(10) || 'lgsco: complete: nothing to see'", (ATTACK,))
        db.execute("UPDATE checks SET passed = 0, finding = ?1", (ATTACK,))
        db.execute(
            "INSERT INTO queue (reference, url, decision_date, state, reason, added_at, attempts, next_at, error_kind, "
            "error) SELECT reference, ?1, ?1, 'failed', 'listed', ?1, 3, ?1, ?1, ?1 FROM entries WHERE reference <> ?2",
            (ATTACK, HOSTILE),
        )
        db.execute("DELETE FROM decisions WHERE source = 'site' AND reference <> ?1", (HOSTILE,))
    vouch_for_all(path)
    return path


def test_printed_characters_are_kept_and_control_characters_removed(kept: Kept) -> None:
    sample = attack()
    (row,) = kept.ask(
        "SELECT authority, category, subcategory, outcome, summary FROM decisions WHERE reference = ?", HOSTILE
    )
    assert row == tuple(
        map(folded, (sample.authority, sample.category, sample.subcategory, sample.outcome, sample.summary))
    )
    assert all(words.startswith(formula) for words, formula in zip(row, FORMULAS, strict=False))
    (text,) = kept.ask("SELECT text FROM decisions WHERE reference = ?", HOSTILE)
    assert f"\n=1 {folded(ATTACK)}\n- @1 {folded(ATTACK)}\n" in text
    assert set(BIDI) <= set(text), "direction marks are part of the publisher's words: format.md keeps them"


def test_no_column_read_from_pages_has_control_characters(kept: Kept) -> None:
    for table in ("decisions", "paragraphs", "entries", "revisions", "moves", "queue", "runs", "requests", "checks"):
        for row in kept.ask(f"SELECT * FROM {table}"):
            for value in row:
                if isinstance(value, str):
                    assert not [c for c in value if c != "\n" and unicodedata.category(c) == "Cc"], (table, value)


def test_text_from_the_site_is_never_run_as_sql(kept: Kept) -> None:
    assert kept.ask("PRAGMA integrity_check") == ["ok"]
    assert len(kept.ask("SELECT reference FROM decisions")) == 18
    with closing(sqlite3.connect(kept.database)) as db:
        db.execute("INSERT INTO decisions_fts (decisions_fts, rank) VALUES ('integrity-check', 1)")
    assert kept.ask("SELECT state FROM runs ORDER BY id") == ["complete"] * 3


# ---------------------------------------------------------------- terminals


def on_a_terminal(folder: Path, *arguments: str | Path) -> str:
    """Returns what a command writes to a terminal, on both streams."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lgsco", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    with suppress(OSError):  # the other side is closed: the process has ended
        while chunk := os.read(ours, 65_536):
            written += chunk
    os.close(ours)
    process.wait(30)
    return written.decode().replace("\r\n", "\n")


def driving(shown: str) -> set[str]:
    """Finds the characters that control a terminal or reorder the text beside them."""
    return {c for c in shown if c != "\n" and (unicodedata.category(c) == "Cc" or c in BIDI)}


COMMANDS = {
    "show": ["show", HOSTILE],
    "a reading": ["show", HOSTILE, "--revision", "1"],
    "search": ["search", "touch owned"],
    "search by reference": ["search", HOSTILE],
    "status": ["status"],
    "status for machines": ["status", "--json"],
    "coverage": ["coverage", "--svg", "coverage.svg"],
    "coverage for machines": ["coverage", "--json"],
    "politeness": ["politeness"],
    "renormalise": ["renormalise", "--dry-run", "--debug"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_control_characters(foreign: Path, name: str, tmp_path: Path) -> None:
    database = tmp_path / "foreign.db"
    shutil.copy(foreign, database)
    output = on_a_terminal(tmp_path, *COMMANDS[name], "--db", database)
    assert "Traceback" not in output
    if name == "renormalise":
        output = output.replace("\r", "")  # the progress bar's own
    assert not driving(output)
    assert not [line for line in output.splitlines() if line.startswith("lgsco: complete")], "no text can forge a line"
    if name in ("show", "a reading"):
        assert SCRIPT in output
    elif name != "politeness":
        assert "owned" in output or name == "renormalise"
    if name == "coverage":
        drawn = ElementTree.parse(tmp_path / "coverage.svg")
        names = {element.tag.rpartition("}")[2] for element in drawn.iter()}
        assert names == {"svg", "title", "desc", "style", "rect", "g", "text"}


def test_show_prints_the_exact_text_except_direction_controls_on_a_terminal(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = kept.ask("SELECT text FROM decisions WHERE reference = ?", HOSTILE)
    with pytest.raises(SystemExit):
        main(["show", HOSTILE, "--db", str(kept.database)])
    assert capsys.readouterr().out == f"{text}\n"
    shown = "".join(c for c in text if c not in BIDI)
    assert on_a_terminal(tmp_path, "show", HOSTILE, "--db", kept.database) == f"{shown}\n"


def test_json_has_the_stored_values_and_escapes_unprintable_characters() -> None:
    value = {"words": ATTACK + "\u2028é’🙂\ud800\U0010ffff", "more": [1, None, {CONTROLS: BIDI}]}
    for indent in (None, 2):
        written = as_json(value, indent)
        assert json.loads(written) == value
        assert written.replace("\n", "").isprintable()
        assert len(written.splitlines()) == (1 if indent is None else len(written.split("\n")))
        assert "é’🙂" in written


def test_a_file_name_cannot_control_the_terminal_or_forge_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("\x1b]0;owned\x07\u202e.txt", "a\nlgsco: complete: all is well.txt", "b\r\x9b2J.html"):
        (folder / name).write_text("no decision")
    output = on_a_terminal(tmp_path, "import", folder)
    assert not driving(output.replace("\r", ""))  # the progress bar's own
    assert not [line for line in output.splitlines() if line.startswith("lgsco: complete")]
    assert "3 documents could not be imported" in output


def test_a_file_name_that_is_not_text_is_accepted(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "documents")
    os.mkdir(folder)  # noqa: PTH102  # a name of bytes
    Path(os.fsdecode(folder + b"/\xff\xfe.txt")).write_bytes(next(SEEDS.glob("000*")).read_bytes())
    Path(os.fsdecode(folder + b"/\xff\xfd.txt")).write_bytes(b"no decision")
    with world_of(tmp_path) as world:
        outcome = world.run(Import((tmp_path / "documents",)))
    assert (outcome.exit_code, outcome.tally.first, outcome.tally.failed) == (10, 1, 1)


@pytest.mark.parametrize("debug", [[], ["--debug"]])
@pytest.mark.parametrize("error", [LgscoError, ValueError])
def test_an_error_that_quotes_the_site_is_one_line_without_control_characters(
    error: type[Exception], debug: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error(f"{ATTACK}\nlgsco: complete")

    monkeypatch.setattr("storage.database.reading", fail)
    with pytest.raises(SystemExit) as end:
        main(["search", "x", *debug])
    assert end.value.code == 1
    errors = capsys.readouterr().err
    assert not driving(errors)
    assert ("Traceback" in errors) == bool(debug)
    assert errors.splitlines()[-1].startswith("lgsco: ")
    assert "touch owned" in errors.splitlines()[-1]


def test_log_lines_and_tracebacks_have_no_control_characters() -> None:
    logger = logging.getLogger("lgsco.hostile")
    record = logger.makeRecord("lgsco", logging.WARNING, "", 0, "%s\n%s", (ATTACK, "lgsco: complete"), None)
    line = LogFormatter().format(record)
    assert "\n" not in line
    assert not driving(line)
    try:
        raise ValueError(f"{ATTACK}\r\nlgsco: complete")
    except ValueError:
        record = logger.makeRecord("lgsco", logging.ERROR, "", 0, "it failed", (), sys.exc_info())
    assert not driving(LogFormatter().format(record))


# ---------------------------------------------------------------- files: names and cells


def exported(database: Path, folder: Path, form: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["export", "--db", str(database), "--format", form, str(folder)])
    return int(end.value.code or 0)


def test_csv_values_round_trip_and_no_cell_is_a_formula(kept: Kept, tmp_path: Path) -> None:
    assert exported(kept.database, tmp_path / "out", "csv") == 0
    with (tmp_path / "out" / "decisions.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == 18
    for row in cells:
        (held,) = kept.ask(f"SELECT {', '.join(row)} FROM decisions WHERE reference = ?", row["reference"])
        assert [value.removeprefix("'") for value in row.values()] == ["" if value is None else value for value in held]
        assert not [value for value in row.values() if value.startswith(("=", "+", "-", "@", "\t", "\r"))]
    (row,) = [row for row in cells if row["reference"] == HOSTILE]
    assert row["authority"].startswith("'=HYPERLINK")
    assert "apostrophe" in (tmp_path / "out" / ATTRIBUTION_FILE).read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        *("=1", "'=1", "''=1", "'", "'tis", "-", "a=1", " =1", "", "+1", "@a", "\t", "\r=", '"=1'),
        *("\n=1", "\n", "＝1", "＋1", "－1", "＠a", "a＝1", "'＝1"),
    ],
)
def test_the_apostrophe_before_a_csv_cell_can_be_removed_again(words: str) -> None:
    marked = cell(words)
    assert not marked.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert (marked.removeprefix("'") if marked.startswith("'") else marked) == words
    assert marked == words or words[0] in "'=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    "name", ["../../owned", "{folder}/owned", "a\0b", "x" * 5000, "", "24 999 001/../owned", "CON", "2\ud83d"]
)
def test_an_invalid_reference_never_becomes_a_file_name(kept: Kept, tmp_path: Path, name: str) -> None:
    database = tmp_path / "foreign.db"
    shutil.copy(kept.database, database)
    stored = name.format(folder=tmp_path).encode(errors="replace").decode()
    with closing(sqlite3.connect(database)) as db, db:
        for table in ("decisions", "layouts"):
            db.execute(f"UPDATE {table} SET reference = ? WHERE reference = ?", (stored, HOSTILE))
    vouch_for_all(database)
    out = tmp_path / "below" / "out"
    assert exported(database, out, "text") == 1
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert all(re.fullmatch(r"\d\d-\d{3}-\d{3}\.txt|foreign\.db.*|ATTRIBUTION\.txt", path) for path in written), written


def test_a_header_with_a_file_name_writes_no_file(tmp_path: Path) -> None:
    head = (*HTML, ("Content-Disposition", 'attachment; filename="../../../owned.txt"'))
    with world_of(tmp_path, *seeds()) as world:
        world.server.faults = lambda request: Headed(head)
        assert world.run(Backfill()).exit_code == 0
    assert {path.name for path in tmp_path.rglob("*")} <= {"kept.db", "kept.db-lock", "kept.db-wal", "kept.db-shm"}


# ---------------------------------------------------------------- addresses: no other host is asked


@dataclass(frozen=True)
class Headed:
    """A fault: the right answer with other headers."""

    headers: Headers

    def acts(self, request: Request, answer: Callable[[], Any]) -> Iterator[bytes]:
        right = answer()
        yield replace(right, headers=self.headers).wire if right.status == 200 else right.wire


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host, on another port."""
    with serve_site(Site()) as server:
        yield server
        assert server.log == [], "the other host was requested"


CARDS = [
    "javascript:alert(1)//decisions/a/b/{slug}",
    "javascript:/decisions/a/b/{slug}",
    "//{other}/decisions/a/b/{slug}",
    "http://{other}/decisions/a/b/{slug}",
    "http://user@{other}/decisions/a/b/{slug}",
    "http://{host}@{other}/decisions/a/b/{slug}",
    "\\\\{other}\\decisions\\a\\b\\{slug}",
    "/\\{other}/decisions/a/b/{slug}",
    "data:text/html,/decisions/a/b/{slug}",
    "file:///decisions/a/b/{slug}",
    "http://[/decisions/a/b/{slug}",
    '/decisions/a"><script>/b/{slug}',
    "/decisions/../umbraco/{slug}",
    "/decisions/%2e%2e/%2e%2e/{slug}",
    "/decisions/a%1b]0;owned%07/b/{slug}",
    "/decisions/a%00/b/{slug}",
    "/decisions/a%0d%0aX:%20y/b/{slug}",
    "/decisions/a%3f/b%23/{slug}",
    "/decisions/a%e2%80%ae/b/{slug}",
    "/decisions/a/b/\uff12{slug}",
    "/decisions/a/b/{slug}\u212a",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_may_link_only_to_a_decision_on_the_site(card: str, tmp_path: Path, elsewhere: Server) -> None:
    with world_of(tmp_path, *seeds()) as world:
        parts = {
            "slug": "23-004-117",
            "other": urlsplit(elsewhere.url).netloc,
            "host": urlsplit(world.server.url).netloc,
        }
        link = html.escape(card.format(**parts).replace("\uff122", "\uff12"))
        body = (
            f"<html><body><p>Your search has 1 results</p><div class=card><h3><a href='{link}'>Anytown (23 004 117)</a>"
            "</h3><p>Statement Upheld Other 14-Feb-2024</p></div></body></html>"
        )
        world.server.faults = lambda request: Respond(200, body=body.encode()) if "Search" in request.target else None
        outcome = world.run(Backfill(), fetch__tries=1)
        assert outcome.state == "incomplete"
        for target in world.targets():
            assert re.fullmatch(
                r"/robots\.txt|/Decisions/SearchResults\?[\w=&-]+|/decisions/[^/?#]+/b/23-004-117", target
            )
        for url in world.ask("SELECT url FROM entries"):
            assert url.startswith("/decisions/")
            assert url.isprintable()


REDIRECTS = [
    "http://{other}/",
    "//{other}/",
    "http://{host}@{other}/",
    "http://{host}.evil.example/",
    "file:///etc/passwd",
    "http://[::1",
    "http://evil.example:99999/",
    "/\x1b]0;owned",
    "http://\u202eevil.example/",
    "http://\x9b2J/",
    "/" + "a" * 70_000,
    "data:text/html,<p>",
    "javascript:alert(1)",
    "http://[",
]


def fetched(world: World, target: str = "/decisions/a/b/23-004-117", **dials: object) -> LgscoError | Any:
    """Returns what the client makes of an address: an answer or one of our errors, and nothing else."""
    config = world.config(fetch__tries=1, **dials)
    with writing(world.database) as db:
        run = runs.begin_run(db, "sync", {}, world.time.clock().stamp())
        throttle = Throttle(db, run, config.fetch, world.time.clock(), world.stop, on_request=lambda: None)
        with Client(db, config, world.time.clock(), world.stop, throttle) as client:
            try:
                return client.fetch(target)
            except LgscoError as error:
                return error


def not_robots(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: None if request.target == "/robots.txt" else fault


@pytest.mark.parametrize("location", REDIRECTS)
def test_a_redirect_elsewhere_is_an_error_of_ours(location: str, tmp_path: Path, elsewhere: Server) -> None:
    with world_of(tmp_path) as world:
        parts = {"other": urlsplit(elsewhere.url).netloc, "host": urlsplit(world.server.url).netloc}
        there = location.format(**parts).encode().decode("latin-1")
        world.server.faults = not_robots(Respond(302, (("Location", there),)))
        error = fetched(world)
        assert isinstance(error, LgscoError)
        assert error.exit_code == 10
        assert len(world.targets()) == 2, "the redirect was not followed"


def test_a_redirect_does_not_lead_past_robots_txt(tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        world.server.faults = not_robots(Respond(302, (("Location", "/umbraco/login"),)))
        fetched(world)
        assert "/umbraco/login" not in world.targets()


# ---------------------------------------------------------------- headers and robots.txt

ANSWERS: list[Any] = [
    ("Content-Type", "text/html; charset=\x1b]0;owned\x07"),
    ("Content-Type", "text/html; charset=rot13"),
    ("Content-Type", "\xff\xfe"),
    ("Content-Type", "text/html; charset=" + "a" * 9_000),
    ("Content-Type", "text/html; charset*=a; charset*1=x"),
    ("Content-Type", f"text/html; charset*{'9' * 5_000}*=x"),
    ("Content-Encoding", "\x1b[2J"),
    ("Content-Encoding", "gzip, gzip"),
    ("Content-Length", "-1"),
    ("Content-Length", "1_0"),
    ("Transfer-Encoding", "\x1b[2J"),
    ("X\x1b[2J", "y"),
    ("Set-Cookie", "a=\x1b[2J; Domain=evil.example; Path=/"),
    ("ETag", '"\x1b[2J"'),
    ("X", "a" * 200_000),
    ("Retry-After", "9" * 400),
    ("Retry-After", "-1"),
    ("Retry-After", "\x1b[2J"),
    ("Retry-After", "31 Dec 9999 23:59:59 -2359"),
    ("Retry-After", "\xb2"),
    ("Retry-After", f"1 Jan {'9' * 30} 00:00:00"),
]


@pytest.mark.parametrize("header", ANSWERS)
@pytest.mark.parametrize("status", [200, 503])
def test_a_header_gives_an_answer_or_an_error_of_ours(header: tuple[str, str], status: int, tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        world.server.faults = not_robots(Respond(status, (header,), b"x"))
        found = fetched(world)
        assert not driving(repr(found))
        if isinstance(found, LgscoError):
            assert not driving(str(found)), "quoted in a sentence, it is spelled out"


@pytest.mark.parametrize("value", ['"a"', '"\xe9"', "\u20ac"])
def test_validators_are_sent_back_or_dropped_and_never_cause_an_error(value: str, tmp_path: Path) -> None:
    with world_of(tmp_path, *seeds()) as world:
        world.server.faults = lambda request: Headed((*HTML, ("ETag", value.encode().decode("latin-1"))))
        assert world.run(Backfill()).exit_code == 0
        world.time.at = world.time.at.replace(year=2027)
        assert world.run(Sync(), cadence__full_days=9_999).state in ("complete", "incomplete")


ROBOTS = {
    "zeros": "User-agent: *\nDisallow: /x\0\0\n" + "\0" * 100_000,
    "no text": bytes(range(256)).decode("latin-1") * 400,
    "a megabyte of rules": "User-agent: *\n" + "".join(f"Disallow: /*x{n}*y$\n" for n in range(8_000)),
    "one line": "Disallow: /" + "a" * 1_000_000,
    "one agent": "User-agent: " + "l" * 1_000_000 + "\nDisallow: /",
    "wildcards": "User-agent: *\nDisallow: /" + "*D" * 5_000 + "*Z$\n",
    "numbers": "User-agent: *\nCrawl-delay: nan\nRequest-rate: 1/0s\nVisit-time: 99-\n",
    "controls": f"User-agent: *\nDisallow: /{CONTROLS}\nCrawl-delay: {CONTROLS}\n",
}


@pytest.mark.timeout(HANGING_SECONDS)
@pytest.mark.parametrize("name", ROBOTS)
def test_a_hostile_robots_txt_neither_ends_nor_delays_the_client(name: str, tmp_path: Path) -> None:
    with world_of(tmp_path) as world:
        world.site.robots = ROBOTS[name]
        assert "404" in str(fetched(world))
        if name in ("zeros", "controls"):
            output = on_a_terminal(tmp_path, "politeness", "--db", world.database)
            assert not driving(output)
            assert "robots.txt: allows" in output


def test_an_absurd_crawl_delay_is_reported_and_not_obeyed(tmp_path: Path) -> None:
    with world_of(tmp_path, *seeds()) as world:
        world.site.robots = "User-agent: *\nCrawl-delay: 1e308\n"
        assert world.run(Backfill()).exit_code == 10
        world.site.robots = "User-agent: *\n"
        world.time.at = world.time.at.replace(year=2027)
        assert world.run(Backfill()).exit_code == 0, "the delay does not last"


# ---------------------------------------------------------------- the alert command


@pytest.mark.parametrize(
    "message",
    [
        "; touch owned & touch owned | touch owned > owned",
        "$(touch owned) `touch owned` ${IFS} \\\n touch owned",
        "' touch owned ' \" touch owned \"",
        ATTACK.replace("\0", ""),
        ATTACK,
        "a" * 200_000,
    ],
    ids=["operators", "substitution", "quotes", "attack", "zeros", "long"],
)
def test_an_alert_is_passed_as_one_argument_without_a_shell(message: str, world: World, tmp_path: Path) -> None:
    script = tmp_path / "tell.py"
    script.write_text("import json, sys\nopen('arguments.json', 'w').write(json.dumps(sys.argv[1:]))\n")
    config = world.config(alerts__command=f"{sys.executable} '{script}'")
    keeper = scheduler._Daemon(config, world.database, world.time.clock(), world.stop)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        keeper._alerts.send("sync", "failed", message)
    finally:
        os.chdir(before)
    (argument,) = json.loads((tmp_path / "arguments.json").read_text())
    assert argument.split()[:2] == _CONTROL.sub(" ", message)[: len(argument)].split()[:2]
    assert not (tmp_path / "owned").exists()


# ---------------------------------------------------------------- a browser, and what else reads the pages served


@pytest.fixture(scope="module")
def web(kept: Kept) -> Iterator[httpx.Client]:
    with served(kept.database) as (client, _):
        yield client


PAGES = [
    "/",
    *(
        f"/{NAME}/{table}?_size=max"
        for table in ("decisions", "paragraphs", "entries", "revisions", "requests", "runs")
    ),
    row_address(HOSTILE),
    f"/{NAME}/revisions/24+999+001,1",
    f"/{NAME}/decisions?_search={HOSTILE}&_facet=authority&_facet=subcategory",
    f"/{NAME}/decisions?_search=touch+owned",
    f"/{NAME}/entries/24+999+001",
    *(f"/{NAME}/{query}" for query in QUERIES),
    f"/{NAME}/search?query=touch+owned",
    f"/{NAME}/paragraph?reference={HOSTILE}",
    f"/{NAME}/authority_by_year?authority=HYPERLINK",
    f"/{NAME}?sql=select+*+from+decisions+where+reference='{HOSTILE}'",
    f"/{NAME}?sql=select+authority+as+[<script>],+url+from+decisions",
    f"/{NAME}/nowhere<script>alert(1)</script>",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_stored_text_and_runs_none_of_it(web: httpx.Client, path: str) -> None:
    answer = web.get(path)
    tree = LexborHTMLParser(answer.text)
    assert tree.body is not None
    rules = answer.headers["content-security-policy"]
    for script in tree.css("script"):
        if "src" not in script.attributes:
            digest = base64.b64encode(hashlib.sha256(script.text().encode()).digest()).decode()
            assert f"'sha256-{digest}'" in rules, script.text()[:100]
    for node in tree.body.traverse():
        assert node.tag not in ("img", "iframe", "object", "embed", "base", "meta"), path
        for name, value in node.attributes.items():
            assert not name.startswith("on"), path
            assert name != "srcdoc"
            if name in ("href", "src", "action", "formaction"):
                there = urlsplit(value or "")
                assert there.scheme in ("", "http", "https"), value
                assert there.netloc in ("", urlsplit(SITE).netloc, "datasette.io", urlsplit(str(web.base_url)).netloc)
    assert "49" not in (tree.body.attributes.get("class") or ""), "{{7*7}} must not be evaluated"


def test_every_answer_has_a_content_security_policy(web: httpx.Client) -> None:
    for path in (
        "/",
        f"/{NAME}/decisions.json",
        f"/{NAME}/decisions.csv",
        "/-/lgsco/lgsco.css",
        "/nowhere",
        "/25-004-920",
    ):
        headers = web.get(path).headers
        assert headers["content-security-policy"] == content_security_policy()
        assert headers["x-content-type-options"] == "nosniff"
    script = content_security_policy().partition("script-src ")[2].partition(";")[0]
    assert "unsafe" not in script
    assert script.count("sha256-") >= 3


def test_json_of_a_page_equals_the_stored_rows(web: httpx.Client, kept: Kept) -> None:
    answer = web.get(f"{row_address(HOSTILE)}.json", params={"_shape": "objects"})
    assert answer.headers["content-type"].startswith("application/json")
    (row,) = answer.json()["rows"]
    assert [row] == [
        dict(zip(row, held, strict=True))
        for held in kept.ask(f"SELECT {', '.join(row)} FROM decisions WHERE reference = ?", HOSTILE)
    ]


@pytest.mark.parametrize("options", ["?_size=max", "?_size=max&_dl=1", "?_stream=1", "?_size=max&_header=off"])
def test_csv_of_a_page_equals_csv_of_an_export(web: httpx.Client, kept: Kept, options: str) -> None:
    answer = web.get(f"/{NAME}/decisions.csv{options}")
    rows = list(csv.reader(answer.text.splitlines(keepends=True)))
    names = [row[1] for row in kept.ask("PRAGMA table_info(decisions)")]
    if "header=off" not in options:
        assert rows.pop(0) == names
    held = {row[0]: row for row in kept.ask(f"SELECT {', '.join(names)} FROM decisions")}
    assert len(rows) == len(held)
    for row in rows:
        assert not [value for value in row if value.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert [value.removeprefix("'") for value in row] == [value or "" for value in held[row[0]]]


def test_csv_of_a_query_keeps_its_numbers(web: httpx.Client) -> None:
    sql = "select -1.5 as a, -2 as b, '-2+3' as c, '=1,\"x\"\n=2' as d, '''' as e, null as f, '' as g, 1e-20 as h"
    (_, row) = csv.reader(web.get(f"/{NAME}.csv", params={"sql": sql}).text.splitlines(keepends=True))
    assert row == ["-1.5", "-2", "'-2+3", '\'=1,"x"\n=2', "''", "", "", "1e-20"]
    ranks = list(
        csv.DictReader(web.get(f"/{NAME}/search.csv", params={"query": "council"}).text.splitlines(keepends=True))
    )
    assert ranks
    assert all(int(row["rank"]) > 0 for row in ranks)


def test_a_browser_shows_words_and_runs_datasettes_scripts_only(kept: Kept, tmp_path: Path) -> None:
    browser()
    with served(kept.database) as (client, _):
        base = str(client.base_url).rstrip("/")
        table = shown(f"{base}/{NAME}/decisions?_search=touch+owned", tmp_path)
        query = shown(f"{base}/{NAME}?sql=select+authority,summary+from+decisions", tmp_path)
    for seen in (table, query):
        assert 'id="owned"' not in seen
        assert "<img" not in seen
        assert "onerror" in seen
    assert 'class="dropdown-menu"' in table, "made by Datasette's script of the table"
    assert "CodeMirror-line" in query, "made by Datasette's inline script"


# ---------------------------------------------------------------- readers: any input is read or refused


@pytest.mark.parametrize(
    "reader",
    list(READERS),
    ids=[reader.name for reader in READERS],
)
def test_any_input_is_parsed_by_the_rules_or_refused(reader: Reader) -> None:
    tried = Tried()
    for number in range(200):
        attempt(reader, given(reader, 1, number), number, tried)
    assert tried.failures == {}
    assert tried.read > 0


def for_ever() -> None:
    while True:
        pass


def more_than_there_is() -> None:
    raise MemoryError


@pytest.mark.parametrize("end", [for_ever, more_than_there_is, lambda: 1 / 0])
def test_the_fuzzer_reports_hard_input_that_neither_parses_nor_is_refused(
    end: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "_GROWTH_PATIENCE", 0.05)
    grown = {"letters": lambda size: b"a" * min(size, 20_000)}
    reader, tried = Reader("a", lambda body: len(body) > 10_000 and end(), lambda: (), (), grown), Tried()
    fuzz._grow(reader, SimpleNamespace(), tried)
    ((what, sizes),) = tried.failures.items()
    assert what.endswith("on letters")
    assert sizes[0] == -16_000


def test_seed_and_number_determine_an_input() -> None:
    reader = READERS[0]
    assert given(reader, 5, 17) == given(reader, 5, 17) != given(reader, 6, 17)


@pytest.mark.parametrize(
    ("title", "summary", "line"),
    [
        ("", "<p>Summary</p><p>There was fault.</p>", "Summary: There was fault."),
        ("", "<p>Summary</p><h2>There was fault.</h2>", "Summary: There was fault."),
        ("", "<p>Summary:</p><h2>There was<br>fault.</h2>", "Summary: There was fault."),
        ("", "<p>Summary</p><h2>Fault</h2>", "Summary"),
        ("", "<p>- Summary: There was fault.</p>", "- Summary: There was fault."),
        ("", "<p>- Summary</p><p>There was fault.</p>", "- Summary"),
        ("- ", "<p>Summary: There was fault.</p>", "Summary: There was fault."),
        ("- - ", "<p>Summary: There was fault.</p>", "Summary: There was fault."),
    ],
)
def test_a_rendered_text_parses_like_its_page(title: str, summary: str, line: str) -> None:
    body = (
        f"<html><body><article id=article><h1>{title}Anytown Council (25 004 920)</h1><p>Decision : Upheld</p>"
        f"<p>The Ombudsman's final decision:</p>{summary}<h2>The complaint</h2>"
        "<p>It was lost.</p><p>Investigator's decision on behalf of the Ombudsman</p></article></body></html>"
    )
    decision = page.parse_page(body.encode())
    lawful(decision)
    written = render(decision)
    again = parse(written)
    assert written.split("\n")[0] == "Anytown Council (25 004 920)"
    assert written.split("\n")[3] == line
    assert (again.authority, again.summary) == (decision.authority, decision.summary)
    assert (decision.authority, decision.summary) == (
        "Anytown Council",
        line.removeprefix("Summary: ") if line.startswith("Summary: ") else None,
    )


FAR_INSIDE = b"<p>Investigator's decision on behalf of the Ombudsman</p>"


def nested_cards(before: str) -> bytes:
    inside = "<div><a href='/decisions/a/b/25-004-920'>a</a>" * 99 + "1-Jan-2000 " * 27_000 + "</div>" * 99
    return f"<html><body>{before}{inside}</body></html>".encode()


TIMES: dict[str, Callable[[], object]] = {
    "spaces after the end": lambda: read_markup(b"<html><body>a</body></html>" + b" " * 24 + b"x"),
    "styles before the article": lambda: read_markup(
        b"<html><body " + b" style= a;" * 200_000 + b"><article>a</article></body></html>"
    ),
    "opened tags of a page that is cut": lambda: page.parse_page(
        b"<html><body>" + (b"<" + b" " * 99) * 19_900, as_is=True
    ),
    "comments after the end": lambda: read_markup(b"<html><body>a</body></html>" + b"<!-- -->" * 22 + b"x"),
    "opened tags": lambda: shows_text(b"<" * 40_000, None, "a" * 80),
    "a card line without a date": lambda: listing.parse_listing(
        b"<html><body><div><a href='/decisions/a/b/25-004-920'>a</a><p>" + b"Statement " * 2_000 + b"</p></div></html>"
    ),
    "a card line with no date near": lambda: listing.parse_listing(
        b"<html><body><div><a href='/decisions/a/b/25-004-920'>a</a><p>"
        + b"Statement " * 900_000
        + b"</p></div></html>"
    ),
    "links around links": lambda: listing.parse_listing(
        b"<html><body>" + b"<div><a href='/decisions/a/b/25-004-920'>a</a>" * 6_000 + b"</html>"
    ),
    "one decision's links, nested around dates": lambda: listing.parse_listing(nested_cards("")),
    "a decision's links, nested around dates": lambda: listing.parse_listing(
        nested_cards("<a href='/decisions/a/b/25-004-921'>")
    ),
    "nested elements": lambda: page.parse_page(b"<html><body>" + b"<div>" * 400_000 + b"</body></html>"),
    "nested elements of a listing": lambda: listing.parse_listing(
        b"<html><body>" + b"<div>" * 400_000 + b"</body></html>"
    ),
    "nested articles": lambda: page.parse_page(
        b"<html><body>" + b"<article>" * 9_900 + b"</article>" * 9_900 + b"</html>"
    ),
    "nested headers": lambda: page.parse_page(b"<html><body>" + b"<header>a" * 9_900 + b"</html>"),
    "nested inline elements": lambda: page.parse_page(b"<html><body>" + b"<i>a" * 19_900 + b"</html>"),
    "labels far inside": lambda: page.parse_page(
        b"<html><body>" + b"<div>" * 8_000 + b"<p>Decision :</p>" * 5_000 + FAR_INSIDE + b"</html>"
    ),
    "attributes after an end in quotes": lambda: page.parse_page(
        b"<html><body><p title='>' " + b" ".join(b"a%d" % n for n in range(400_000)) + b"></p></html>"
    ),
    "links to chapters": lambda: page.find_chapters(b"href=chapter=" * 200_000, "25 004 920"),
    "a total without end": lambda: listing.parse_listing(b"<p>Your search has " + b"9" * 5_000 + b" results</p>"),
}


@pytest.mark.timeout(HANGING_SECONDS)
@pytest.mark.parametrize("name", TIMES)
def test_every_input_is_parsed_in_bounded_time(name: str) -> None:
    """The code once tried every way to fail, or all that is around."""
    with contextlib.suppress(ReadError):
        TIMES[name]()


@pytest.mark.timeout(HANGING_SECONDS)
def test_endless_queries_are_searched_in_bounded_time(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.database)) as db:
        for typed in (">(" * 200_000, "a" * 400_000, '"' + "a " * 200_000, "25-004-920" * 40_000, "-" * 400_000 + "25"):
            with suppress(QueryError):
                search(db, typed, 5)
