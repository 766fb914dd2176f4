"""The command as a user runs it: a separate process in its own folder, its exit code and its output."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import shlex
import shutil
import sqlite3
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.config import VERSION
from lgsco.cli.main import cli, main
from lgsco.replica.corpus import expected_text, seeds
from lgsco.replica.faults import Act
from lgsco.replica.messages import Request, Response
from storage.database import SCHEMA_VERSION
from storage.query.meant_operators import explain_meant_operators
from support.command_line import Desk, Here, Shop, ask, ended, held_at, mounted, reached, read_off, sound
from support.digests import vouch_for_all
from support.paths import GOLDEN, SEEDS

CANONICAL = (GOLDEN / "002_5bc863b3bb6f37b6.txt").read_bytes()

COMMANDS = frozenset(
    [
        *("backfill", "sync", "daemon", "import", "status", "coverage", "politeness", "renormalise", "show", "search"),
        *("init", "export", "fill", "serve", "snapshot", "restore", "verify", "demo", "template", "suppress"),
        *("litestream",),
    ]
)


FETCHING = frozenset({"backfill", "sync", "daemon"})


# ---------------------------------------------------------------- help


def test_every_command_of_the_contract_exists() -> None:
    assert set(cli.list_commands(None)) == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_shows_one_example_that_the_command_accepts(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    main([name, "--help"])
    shown = capsys.readouterr().out
    assert shown.count("Example: ") == 1
    options = {word for word in shown.split() if word.startswith("--")}
    assert {"--config", "--db"} <= options
    assert ("--site" in options) == (name in FETCHING)

    command = cli.load_commands()[name]
    program, said, *arguments = shlex.split((command.help or "").partition("Example: ")[2])
    assert (program, said) == ("lgsco", name)
    with command.make_context(name, arguments):
        pass


def test_help_exits_0_and_loads_nothing_heavy(desk: Desk) -> None:
    for arguments in (["--help"], ["-h"], ["backfill", "--help"], ["show", "--help"]):
        asked = f"""
import sys
from lgsco.cli.main import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"httpx", "selectolax", "apscheduler", "sqlite_utils", "datasette", "tenacity", "zstandard"}}
heavy |= {{"tqdm", "pyarrow"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
        ran = ended(desk.python("-c", asked))
        assert ran.code == 0, ran.err
        assert ran.out.startswith("Usage: lgsco")


def test_without_a_command_the_whole_help_is_printed_and_a_missing_argument_keeps_its_lines(desk: Desk) -> None:
    lines = desk.run(code=2).err.splitlines()
    assert "Fetch:" in lines
    assert any(line.startswith("  backfill ") for line in lines)
    assert [line.strip("\t ,") for line in desk.run("fill", code=2).err.splitlines()][-2:] == ["resume", "off"]


def test_a_command_that_writes_loads_sqlite_utils_only_to_migrate(desk: Desk) -> None:
    asked = f"""
import sys
from lgsco.cli.main import main
try:
    main(["import", {str(SEEDS)!r}, "--db", "mine.db"])
except SystemExit as end:
    assert not end.code, end.code
sys.exit(100 + len({{"sqlite_utils", "pandas"}} & set(sys.modules)))
"""
    assert ended(desk.python("-c", asked)).code > 100, "it makes the file"
    assert ended(desk.python("-c", asked)).code == 100, "the file has today's schema"


def test_the_command_itself_shows_its_help(desk: Desk) -> None:
    ran = desk.run("--help")
    assert set(ran.out.split()) >= COMMANDS
    assert "lgsco demo" in ran.out
    assert list(desk.folder.iterdir()) == []


def test_the_version_is_shown_even_if_nothing_is_installed(desk: Desk) -> None:
    assert VERSION in desk.run("--version").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense"),
        (["show"], "REFERENCE"),
        (["show", "12"], "'12' is not a reference"),
        (["show", "25 004 920", "--revision", "0"], "--revision"),
        (["backfill", "--from", "6 Oct 2025"], "2025-10-06"),
        (["backfill", "--to", "2025-02-30"], "2025-02-30"),
        (["backfill", "--from", "2025-02-02", "--to", "2025-02-01"], "is after"),
        (["backfill", "--limit", "0"], "--limit"),
        (["backfill", "--pace", "0"], "--pace"),
        (["export", "out", "--format", "odt"], "odt"),
        (["search"], "QUERY"),
        (["import"], "PATH"),
        (["import", "nowhere"], "nowhere"),
        (["status", "--config", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_bad_usage_exits_2_and_says_what_is_wrong(here: Here, arguments: list[str], said: str) -> None:
    ran = here(*arguments, code=2)
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not Path("out").exists()


# ---------------------------------------------------------------- demo


def test_the_demo_makes_a_database_and_says_which_five_decisions_are_real(desk: Desk) -> None:
    (desk.folder / "lgsco.db").write_bytes(b"another's")
    ran = desk.run("demo", "--count", "12")
    assert "every promise was kept" in desk.run("politeness", "--db", "demo.db").out
    after = ran.out.partition("The real ones:")[2].partition("Now try:")[0]
    assert [line.split("  ")[1] for line in after.strip("\n").splitlines()] == [s.reference for s in seeds()]
    assert "12 invented (marked SPECIMEN" in ran.out
    database = desk.folder / "demo.db"
    held = dict(ask(database, "SELECT reference, text FROM decisions"))
    real = {sample.reference: expected_text(sample) for sample in seeds()}
    assert len(held) >= 17
    assert real.items() <= held.items()
    assert all("SPECIMEN" in text for reference, text in held.items() if reference not in real)
    assert (desk.folder / "lgsco.db").read_bytes() == b"another's"

    for line in ran.out.partition("Now try:")[2].splitlines():  # the commands that it suggests work
        words = shlex.split(line)
        if words[:1] == ["lgsco"] and words[1] != "serve":
            assert desk.run(*words[1:]).out
        elif words[:1] == ["sqlite3"]:
            assert ask(desk.folder / words[1], words[2])


def test_a_demo_replaces_an_earlier_demos_database_and_no_other(desk: Desk) -> None:
    desk.run("demo", "--count", "3")
    desk.run("demo", "--count", "0")
    database = desk.folder / "demo.db"
    assert ask(database, "SELECT count(*) FROM decisions") == [5]
    assert ask(database, "SELECT count(*) FROM runs") == [1]

    desk.run("import", SEEDS, "--db", "demo.db")
    before = database.read_bytes()
    assert "and other commands wrote to it" in desk.run("demo", "--count", "0", code=1).sentence
    assert database.read_bytes() == before
    (desk.folder / "notes.db").write_text("my notes, at length: " * 20)
    assert "notes.db" in desk.run("demo", "--db", "notes.db", code=1).sentence
    assert (desk.folder / "notes.db").read_text().startswith("my notes")


# ---------------------------------------------------------------- import, show, search


def test_imported_seeds_are_shown_byte_for_byte_in_any_spelling(desk: Desk) -> None:
    ran = desk.run("import", SEEDS)
    assert "5 new" in ran.out
    texts = {
        "25 004 920": (SEEDS / "000_d996cb4fed483c77.txt").read_bytes(),
        "22-017-902": (SEEDS / "001_e0fd80e6ea1f22fe.txt").read_bytes(),
        "18009360": CANONICAL,
        "24\u00a0014\u00a0420": (SEEDS / "003_409f28d8bbf57340.txt").read_bytes(),
        " 23 017 826 ": (SEEDS / "004_8d37d580c71d95ec.txt").read_bytes(),
    }
    for spelling, text in texts.items():
        assert desk.run("show", spelling).out.encode() == text + b"\n"
    assert desk.run("show", "25 004 920", "--revision", "1").out.encode() == texts["25 004 920"] + b"\n"
    assert "revision 2" in desk.run("show", "25 004 920", "--revision", "2", code=1).sentence
    assert "25 004 921 is not stored" in desk.run("show", "25-004-921", code=1).sentence
    assert desk.run("show", "25-004-92", code=2).out == ""
    assert "0 new, 0 amended, 5 unchanged" in desk.run("import", SEEDS).out


def test_direction_marks_are_removed_only_for_a_terminal(desk: Desk) -> None:
    desk.run("import", SEEDS)
    turned = "one\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069two \u200ethree\u200f"
    with closing(sqlite3.connect(desk.folder / "lgsco.db")) as db, db:
        db.execute("UPDATE decisions SET text = text || char(10) || ? WHERE reference = '25 004 920'", (turned,))
    assert desk.run("show", "25-004-920").out.endswith(f"\n{turned}\n"), "piped output is not changed"
    ours, theirs = pty.openpty()
    process = desk.start("show", "25-004-920", stdout=theirs)
    os.close(theirs)
    shown = read_off(ours).decode("utf-8")
    assert ended(process).code == 0
    assert shown.endswith("\nonetwo \u200ethree\u200f\r\n")


def test_a_document_that_does_not_parse_is_named_and_import_exits_10(desk: Desk) -> None:
    (desk.folder / "junk.txt").write_text("Dear Sir,\nno.\n")
    ran = desk.run("import", "junk.txt", SEEDS, code=10)
    assert "junk.txt" in ran.err
    assert "5 new" in ran.err
    assert "1 document could not be imported" in ran.sentence


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (["25-004-920"], True),
        (["25004920"], True),
        (["25", "004", "920"], True),
        (["25\u00a0004\u00a0920"], True),
        (["council"], True),
        (['"The Ombudsman’s role and powers"'], True),
        (["council's"], True),
        (["council’s"], True),
        (["short-term"], None),
        (["authority:x"], False),
        (["authority:hertfordshire", "outcome:upheld"], True),
        (["zzzz-not-there"], False),
    ],
)
def test_a_search_finds_what_it_should(here: Here, filled: Shop, query: Sequence[str], found: bool | None) -> None:
    ran = here("search", "--db", filled.database, *query)
    if found is not None:
        assert bool(ran.out) == found
        (stored,) = ask(filled.database, "SELECT count(*) FROM decisions")
        assert (f"none of the {stored} stored decisions matches" in ran.err) == (not found)
    if "920" in "".join(query):
        assert ran.out.startswith("25 004 920  2025-10-06  Hertfordshire County Council")


@pytest.mark.parametrize("option", [(), ("--raw",), ("--left-out",), ("--revision", "1")])
def test_a_decision_that_is_not_stored_is_reported_with_what_shows_the_dates_fetched(
    here: Here, filled: Shop, option: Sequence[str]
) -> None:
    ran = here("show", "--db", filled.database, "25-999-999", *option, code=1)
    assert f"lgsco: 25 999 999 is not stored in {filled.database}; `lgsco coverage --db {filled.database}" in ran.err
    assert ran.err.endswith(" shows which dates were fetched\n")


def test_a_revision_that_is_not_stored_is_reported_alone(here: Here, filled: Shop) -> None:
    ran = here("show", "--db", filled.database, "25-004-920", "--revision", "9", code=1)
    assert ran.err == f"lgsco: revision 9 of 25 004 920 is not stored in {filled.database}\n"


def test_a_reference_may_be_typed_as_it_is_printed(filled: Shop) -> None:
    assert filled.run("show", "25", "004", "920").out == filled.run("show", "25-004-920").out


def test_a_reference_may_be_typed_or_pasted_in_any_spelling_and_one_at_a_time(here: Here, filled: Shop) -> None:
    right = here("show", "--db", filled.database, "25-004-920").out
    address = "https://www.lgo.org.uk/decisions/children-s-care-services/covid-19/25-004-920"
    for typed in ("25/004/920", "25_004_920", "25.004.920", "(25 004 920)", "25–004–920", address):
        assert here("show", "--db", filled.database, typed).out == right
        assert here("search", "--db", filled.database, typed).out.startswith("25 004 920  ")
    several = ("25-004-920", "24-001-411a")
    for command in (
        ("show", *several),
        ("suppress", *several, "--reason", "x"),
        ("show", "25 004 920", "24 001", "411a"),
    ):
        assert "has several references: 25 004 920, 24 001 411a; give one at a time" in here(*command, code=2).err


@pytest.mark.parametrize(
    ("query", "explained"),
    [
        (["'"], "no word to search for"),
        (['"'], "the quotation mark at character 1 has no partner"),
        (["*"], "a * must be at the end of a word"),
        (["NEAR(", "AND"], "AND at character 7 is not allowed in NEAR"),
        (["--", "-council"], "write NOT council to leave the word out"),
        (["council", "--from", "May"], "from:May is not a date"),
        (["council", "--json", "--csv"], "give one of --json and --csv"),
    ],
)
def test_a_search_that_is_not_valid_is_explained(
    here: Here, filled: Shop, query: Sequence[str], explained: str
) -> None:
    ran = here("search", "--db", filled.database, *query, code=2)
    assert (ran.out, explained in ran.err) == ("", True)


def test_a_search_prints_json_and_csv_and_takes_filters(here: Here, filled: Shop) -> None:
    asked = ("search", "--db", filled.database, "council OR resident", "--outcome", "upheld", "--from", "2025")
    found = json.loads(here(*asked, "--json", "--sort", "date").out)
    assert found["total"] == len(found["hits"]) > 0
    assert {hit["outcome"] for hit in found["hits"]} == {"Upheld"}
    assert min(hit["decision_date"] for hit in found["hits"]) >= "2025-01-01"
    for hit in found["hits"]:
        assert 1 <= len(hit["paragraphs"]) <= 2
        for one in hit["paragraphs"]:
            words = {one["text"][start:end].lower() for start, end in one["marks"]}
            assert words
            assert words <= {"council", "councils", "resident", "residents", "residence"}
    rows = list(csv.DictReader(io.StringIO(here(*asked, "--csv", "--limit", "1").out)))
    assert {row["reference"] for row in rows} == {found["hits"][0]["reference"]} or len(found["hits"]) > 1
    assert all(one["source_url"].startswith("https://www.lgo.org.uk/decisions/") for one in (*rows, *found["hits"]))


def test_a_search_word_that_begins_with_a_hyphen_is_named_with_what_to_write(filled: Shop) -> None:
    sentence = filled.run("search", "-council", code=2).err
    assert "No such option '-council'. To leave out decisions with a word, write NOT before it" in sentence


def test_a_search_that_finds_nothing_explains_an_operator_in_small_letters(here: Here, filled: Shop) -> None:
    for typed in ("zzzz or yyyy", "zzzz & yyyy"):
        assert explain_meant_operators(typed) in here("search", "--db", filled.database, typed).err.splitlines()


def test_search_respects_its_limit(filled: Shop) -> None:
    ran = filled.run("search", "the", "--limit", "3")
    assert len([line for line in ran.out.splitlines() if not line.startswith(" ")]) == 3


def test_a_closed_pipe_is_not_an_error(filled: Shop) -> None:
    process = filled.start("search", "the", "--limit", "1000")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    ran = ended(process)
    assert (ran.code, ran.err) == (0, ""), "as lgsco.main says: `lgsco search … | head`"


# ---------------------------------------------------------------- status, coverage


def test_status_and_coverage_without_a_backfill_report_stale_and_unproven(desk: Desk) -> None:
    assert f"no database at {desk.folder / 'lgsco.db'};" in desk.run("status", code=2).sentence
    desk.run("import", SEEDS)
    ran = desk.run("status", code=1)
    assert "STALE" in ran.out
    assert "5 decisions, 5 from imports" in ran.out
    assert "no decision dates were asked for yet" in desk.run("coverage", code=10).out
    report = json.loads(desk.run("coverage", "--json", code=10).out)
    assert report.pop("gone") == {"unexplained": 0, "expired": 0, "withdrawn": 0, "gone": 0, "never_held": 0}
    assert report.pop("claim")["ranges"] == []
    assert report == {"proven": False, "windows": [], "gaps": [], "months": [], "missing": [], "excluded": []}


def test_status_after_a_complete_backfill_is_not_stale(filled: Shop) -> None:
    ran = filled.run("status")
    assert "STALE" not in ran.out
    assert "backfill: done" in ran.out
    report = json.loads(filled.run("status", "--json").out)
    assert set(report) >= {"database", "stale", "last_success", "next_sync", "daemon", "held", "failures", "runs"}
    assert (report["stale"], report["failures"], report["daemon"]) == (False, [], None)
    assert report["held"]["decisions"] == report["held"]["from_site"] == len(filled.site)
    assert {"from_imports", "revisions", "oldest", "newest", "waiting", "failed", "unproven"} <= set(report["held"])
    assert report["runs"][0]["task"] == "backfill"
    assert report["runs"][0]["tally"]["first"] == len(filled.site)
    assert report["next_sync"] is None, "no daemon ever ran here"


def test_status_becomes_stale(filled: Shop) -> None:
    copy = filled.folder / "stale.db"
    shutil.copyfile(filled.database, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        db.execute("UPDATE runs SET ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', ended_at, '-101 hours')")
    assert "more than 100: STALE" in filled.run("status", "--db", copy, code=1).out
    config = filled.folder / "patient.toml"
    config.write_text("[schedule]\nstale_hours = 200\n")
    assert "STALE" not in filled.run("status", "--db", copy, "--config", config).out


def test_coverage_shows_which_dates_are_proven(shop: Shop) -> None:
    shop.run("backfill", "--from", "2024-01-01", "--to", "2025-12-31")
    total = len(shop.site.listed(date(2024, 1, 1), date(2025, 12, 31)))
    report = json.loads(shop.run("coverage", "--json").out)
    assert report["proven"] is True
    (window,) = report["windows"]
    assert {name: window[name] for name in ("first", "last", "state", "total", "listed", "held", "missing")} == {
        "first": "2024-01-01",
        "last": "2025-12-31",
        "state": "proven",
        "total": total,
        "listed": total,
        "held": total,
        "missing": 0,
    }
    right = shop.site.count_line
    shop.site.count_line = lambda total: right(total + 1)
    assert "beginning to 2023-12-31: not proven" in shop.run("backfill", "--to", "2023-12-31", code=10).err
    assert "short" in shop.run("coverage", code=10).out
    assert json.loads(shop.run("coverage", "--json", code=10).out)["proven"] is False


# ---------------------------------------------------------------- export, snapshot


def test_exported_text_is_the_text_and_importing_it_records_nothing(shop: Shop) -> None:
    shop.run("backfill")
    shop.run("export", "out")
    out = shop.folder / "out"
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert b"Commission for Local Administration in England" in files.pop("ATTRIBUTION.txt")
    sums = files.pop("SHA256SUMS").decode()
    assert sums == "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    assert files == {f"{ref.replace(' ', '-')}.txt": text.encode() for ref, text in shop.held().items()}
    assert len(files) == len(shop.site)

    before = ask(shop.database, "SELECT * FROM revisions"), ask(shop.database, "SELECT * FROM decisions")
    (out / "ATTRIBUTION.txt").unlink()
    ran = shop.run("import", "out")
    assert f"0 new, 0 amended, {len(shop.site)} unchanged" in ran.out
    assert (ask(shop.database, "SELECT * FROM revisions"), ask(shop.database, "SELECT * FROM decisions")) == before

    shop.run("import", "out", "--db", "second.db")
    again = dict(ask(shop.folder / "second.db", "SELECT reference, text FROM decisions"))
    assert again == shop.held()


def test_a_complete_export_can_be_imported_with_its_attribution_file(filled: Shop) -> None:
    filled.run("export", "whole")
    ran = filled.run("import", "whole", "--db", "third.db")
    assert f"{len(filled.site)} new" in ran.out
    assert "ATTRIBUTION" not in ran.err


def test_exported_jsonl_and_csv_have_the_columns(filled: Shop) -> None:
    out = filled.folder / "lines"
    filled.run("export", "--format", "jsonl", out)
    filled.run("export", "--format", "csv", out)
    assert sorted(path.name for path in out.iterdir()) == ["ATTRIBUTION.txt", "decisions.csv", "decisions.jsonl"]
    lines = [json.loads(line) for line in (out / "decisions.jsonl").read_text("utf-8").splitlines()]
    names = list(lines[0])
    rows = ask(filled.database, f"SELECT {', '.join(names)} FROM decisions ORDER BY reference")
    assert [tuple(line.values()) for line in lines] == rows
    columns = [row[1] for row in ask(filled.database, "PRAGMA table_info(decisions)")]
    assert sorted(names) == sorted(columns)
    with (out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert cells == [{name: "" if value is None else value for name, value in line.items()} for line in lines]


def test_csv_cells_cannot_run_formulas(desk: Desk) -> None:
    desk.run("import", SEEDS)
    bad = {
        "authority": "=1+1",
        "category": "+2",
        "subcategory": "-3",
        "outcome": "@sum",
        "summary": "\t=4",
        "url": "\r",
        "normaliser": "\n=5",
    }
    with closing(sqlite3.connect(desk.folder / "lgsco.db")) as db, db:
        db.execute(f"UPDATE decisions SET {', '.join(f'{name} = :{name}' for name in bad)}, text = '=' || text", bad)
    vouch_for_all(desk.folder / "lgsco.db")
    desk.run("export", "--format", "csv", "out")
    with (desk.folder / "out" / "decisions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    for row in rows:
        assert {name: row[name] for name in bad} == {name: f"'{value}" for name, value in bad.items()}
        assert row["text"].startswith("'=")
        assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for cell in row.values())
    desk.run("export", "--format", "jsonl", "out")
    line = (desk.folder / "out" / "decisions.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(line)["authority"] == "=1+1", "only spreadsheets run cells"


def test_an_export_that_cannot_be_written_is_reported(filled: Shop) -> None:
    file = filled.folder / "a_file"
    file.touch()
    for folder in (file, file / "below"):
        assert "a_file" in filled.run("export", folder, code=1).sentence


# ---------------------------------------------------------------- backfill: what goes wrong


def test_a_site_that_is_down_is_one_sentence_and_the_next_run_continues(shop: Shop) -> None:
    shop.environment["LGSCO_FETCH_TRIES"] = "1"
    shop.server.refuse()
    assert "no complete response from 127.0.0.1" in shop.run("backfill", code=10).sentence
    shop.server.listen()
    shop.run("backfill")
    assert shop.held() == shop.truth()


def test_only_loopback_is_requested_without_a_contact(desk: Desk) -> None:
    for name in sorted(FETCHING):
        for option in ([], ["--site", "http://127.0.0.1.example.invalid"])[: 1 + (name == "sync")]:
            sentence = desk.run(name, *option, code=2).sentence
            assert "contact" in sentence
            assert "[site]" in sentence
            assert "config.toml" in sentence
            assert "LGSCO_SITE_CONTACT" in sentence
    desk.environment |= {"LGSCO_SITE_CONTACT": "me@example.org", "LGSCO_SITE_USER_AGENT": "Mozilla/5.0"}
    assert "LGSCO_SITE_USER_AGENT" in desk.run("sync", "--site", "http://example.invalid", code=2).sentence
    assert list(desk.folder.iterdir()) == [], "the check comes before any file is made"


def test_a_misspelt_key_names_file_key_and_what_is_allowed(desk: Desk) -> None:
    (desk.folder / "config.toml").write_text("[fetch]\npase = 2\n")
    sentence = desk.run("backfill", code=2).sentence
    assert "config.toml" in sentence
    assert "'pase'" in sentence
    assert "pace" in sentence
    assert "tries" in sentence
    (desk.folder / "other.toml").write_text("[fetsh]\npace = 2\n")
    sentence = desk.run("status", "--config", "other.toml", code=2).sentence
    assert "other.toml" in sentence
    assert "[fetsh]" in sentence
    assert "fetch" in sentence


def test_an_impossible_value_names_its_place(desk: Desk) -> None:
    (desk.folder / "config.toml").write_text("[fetch]\npace = -1\n")
    sentence = desk.run("backfill", code=2).sentence
    assert "config.toml" in sentence
    assert "pace" in sentence
    assert "0 or more" in sentence
    (desk.folder / "config.toml").unlink()
    desk.environment["LGSCO_FETCH_TRIES"] = "many"
    assert "LGSCO_FETCH_TRIES" in desk.run("backfill", code=2).sentence


def test_a_refused_flag_is_named(desk: Desk) -> None:
    assert "--site" in desk.run("backfill", "--site", "nonsense", code=2).sentence


def test_a_range_in_the_future_is_refused(shop: Shop) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    process = ended(shop.start("backfill", "--from", tomorrow.isoformat()))
    assert process.code in (0, 2)
    assert not shop.database.exists() or ask(shop.database, "SELECT first, last FROM windows WHERE first > last") == []


def test_a_database_in_a_missing_folder_is_reported(desk: Desk) -> None:
    (desk.folder / "a_file").touch()
    (desk.folder / "a_folder").mkdir()
    for path in ("nowhere/kept.db", "a_file/kept.db", "a_folder"):
        sentence = desk.run("import", SEEDS, "--db", path, code=1).sentence
        assert path.partition("/")[0] in sentence
        assert "--db" in sentence
    assert "a_folder" in desk.run("status", "--db", "a_folder", code=1).sentence
    assert {path.name for path in desk.folder.iterdir()} - {"a_folder-lock"} == {"a_file", "a_folder"}


def test_a_read_only_disk_can_be_read_and_says_why_it_cannot_be_written(desk: Desk) -> None:
    with mounted(desk.folder / "disk", "-o", "size=8m") as disk:
        database = disk / "kept.db"
        desk.run("import", SEEDS, "--db", database)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert desk.run("show", "25-004-920", "--db", database).out
        assert desk.run("search", "council", "--db", database).out
        sentence = desk.run("import", SEEDS, "--db", database, code=2).sentence
        assert "kept.db" in sentence
        assert "--db" in sentence


def _text_file(path: Path) -> None:
    path.write_text("no database at all, and longer than the header of one\n" * 40)


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE birds (name TEXT)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE decisions (reference TEXT)")
        db.execute("PRAGMA user_version = 99")


def _damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE decisions (reference TEXT)")
        db.executemany("INSERT INTO decisions VALUES (?)", [("x" * 900,)] * 50)
        db.commit()
    path.write_bytes(path.read_bytes()[:100] + b"\x7f" * 4000 + path.read_bytes()[4100:])


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (_text_file, 1, ["is not an SQLite database"]),
        (_foreign, 1, ["not lgsco's"]),
        (_newer, 2, ["schema 99", f" {SCHEMA_VERSION} "]),
        (_damaged, 1, ["odd.db"]),
    ],
)
def test_a_foreign_file_is_refused_and_not_changed(
    desk: Desk, make: Callable[[Path], None], code: int, said: list[str]
) -> None:
    odd = desk.folder / "odd.db"
    make(odd)
    before = odd.read_bytes()
    commands: list[list[str | Path]] = [
        ["import", SEEDS],
        ["show", "25 004 920"],
        ["backfill", "--site", "http://127.0.0.1:9"],
    ]
    for command in commands:
        sentence = desk.run(*command, "--db", "odd.db", code=code).sentence
        assert all(words in sentence for words in said), sentence
    assert odd.read_bytes() == before


def test_an_empty_file_is_refused_by_readers_who_name_commands_that_fill_it(desk: Desk) -> None:
    (desk.folder / "lgsco.db").touch()
    sentence = desk.run("search", "council", code=2).sentence
    assert "lgsco.db has no archive in it" in sentence
    assert "`lgsco import`" in sentence
    desk.run("import", SEEDS)
    assert desk.run("search", "council").out


# ---------------------------------------------------------------- two at a time, signals


def test_a_second_writer_is_refused_while_readers_can_read(shop: Shop) -> None:
    hold = held_at(shop.server, 12)
    first = shop.start("backfill")
    reached(hold, first)
    try:
        for command in (["backfill"], ["import", str(SEEDS)], ["renormalise"]):
            assert "another lgsco process" in shop.run(*command, code=13).sentence
        (count,) = ask(shop.database, "SELECT count(*) FROM decisions")
        assert 0 < count < len(shop.site)
        (reference,) = ask(shop.database, "SELECT reference FROM decisions LIMIT 1")
        assert shop.run("show", reference).out == ask(shop.database, "SELECT text FROM decisions LIMIT 1")[0] + "\n"
        assert shop.run("search", "council").out
        assert json.loads(shop.run("status", "--json", code=1).out)["runs"][0]["state"] == "running"
        assert shop.run("export", "out").out.startswith(f"{count:,} decisions")
    finally:
        hold.go.set()
    assert ended(first).code == 0
    assert shop.held() == shop.truth()
    assert sound(shop.database)
    assert ask(shop.database, "SELECT task, state FROM runs") == [("backfill", "complete")]


# ---------------------------------------------------------------- progress


def test_a_log_has_plain_lines(shop: Shop) -> None:
    ran = shop.run("backfill")
    assert "\r" not in ran.err
    assert "\x1b" not in ran.err
    first, *_, last = ran.err.splitlines()
    assert first.endswith("backfill started (run 1)")
    assert "backfill ended (run 1): done" in last
    datetime.strptime(first.split()[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    all_of = f"{len(shop.site)} of {len(shop.site)} listed decisions are in the archive"
    assert re.fullmatch(
        rf"done: {len(shop.site)} new, 0 amended, 0 unchanged\n"
        rf"beginning to today: {all_of}, as listed on [-\d]+ [\d:]+ UTC or later\.\n",
        ran.out,
    )


class Slow:
    """A fault: the right response, a little later, so that progress can be watched."""

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        yield 0.03
        yield answer().wire


def test_a_terminal_shows_a_bar_with_rate_and_time_left(shop: Shop) -> None:
    shop.server.faults = lambda request: Slow()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = shop.start("backfill", stderr=theirs)
    os.close(theirs)
    shown = read_off(ours)
    ran = ended(process)
    bar = shown.decode("utf-8", "replace")
    assert ran.code == 0, bar
    assert re.search(rf"\d+%\|.*\| \d+/{len(shop.site)} \[\d\d:\d\d<\d\d:\d\d, .*(decisions/s|s/ decisions)", bar), bar
    assert "started (run" not in bar, "log lines are not shown beside the bar"
    assert bar.count("estimate: ") == 1, bar
    assert "Traceback" not in bar
    assert ran.out.startswith("done: ")
