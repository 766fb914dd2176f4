"""Options of the command line: every command refuses an unknown one before it does anything."""

from __future__ import annotations

import re
import shlex
import shutil
from datetime import date
from pathlib import Path

import pytest

from lgsco.cli.main import cli
from support.archives import make_archive
from support.command_line import Here

COMMANDS = cli.load_commands()
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
"""A character that controls a terminal, except the end of a line."""


@pytest.mark.parametrize("option", ["--no-such-option", "--no-such-option=3", "-z", "--DB", "-limit"])
def test_every_command_refuses_an_unknown_option(here: Here, option: str) -> None:
    for name in sorted(COMMANDS):
        for arguments in ([option], ["word", option], [option, "3", "word"]):
            ran = here(name, *arguments, code=2)
            assert "No such option" in ran.err, (name, arguments)
            assert ran.out == "", (name, arguments)
    assert list(Path().iterdir()) == [], "nothing was made"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_suggests_the_option_that_was_meant(here: Here, name: str) -> None:
    assert re.search(r"Did you mean.* '--config'", here(name, "--confg", "x.toml", code=2).err)


@pytest.mark.parametrize("arguments", [["--limt", "3", "school"], ["school", "--limt", "3"], ["--limt=3", "school"]])
def test_search_refuses_an_option_written_wrongly_and_suggests_the_right_one(here: Here, arguments: list[str]) -> None:
    err = here("search", *arguments, code=2).err
    assert "No such option '--limt'." in err
    assert re.search(r"Did you mean[^?]* '--limit'", err)
    assert "write NOT before it" in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-council"], "-council"),
        (["school", "-housing"], "-housing"),
        (["-hello"], "-hello"),  # -h is an option
        (["-c", "-council"], "-c"),
        (["--authority", "-council", "-cost=3"], "-cost"),  # the first is a value
        (["--limit", "-3", "-4"], "-4"),
        (["--no-such=3"], "--no-such"),
        (["- council"], "- council"),
    ],
)
def test_search_names_the_whole_word_that_it_takes_for_an_option(here: Here, arguments: list[str], named: str) -> None:
    assert f"No such option {named!r}." in here("search", *arguments, code=2).err


@pytest.mark.parametrize("typed", ["", "-council", "--council", "school -council"])
def test_each_command_that_search_advises_is_valid(here: Here, typed: str, tmp_path: Path) -> None:
    make_archive(tmp_path / "lgsco.db", 3)
    words = (COMMANDS["search"].help or "") if not typed else here("search", *typed.split(), code=2).err
    advised = re.findall(r"lgsco (search '[^']*')", words)
    assert "search 'school NOT council'" in advised
    for command in advised:
        here(*shlex.split(command))


CONTROLS = "a\x07b\x1b[31mc\x9bd\ne\u202ef"
"""Characters that ring the bell, colour the text, begin a sequence, end the line and reverse the text."""


@pytest.mark.parametrize("command", ["status", "sync", "backfill", "daemon", "export out", "import a", "serve", "demo"])
def test_an_option_with_control_characters_is_refused_in_one_sentence(here: Here, command: str) -> None:
    options = ["--db", "--config", *(["--site"] if command in ("sync", "backfill", "daemon") else [])]
    for option in options:
        sentence = f"lgsco: {option} = {CONTROLS!r} is not allowed; it must be one line of text\n"
        for arguments in ([option, CONTROLS], [f"{option}={CONTROLS}"]):
            ran = here(*command.split(), *arguments, code=2)
            assert ran.err.splitlines(keepends=True)[-1] == sentence
            assert not CONTROL.search(ran.out + ran.err)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [CONTROLS],
        [f"--{CONTROLS}"],
        ["status", CONTROLS],
        ["status", f"--{CONTROLS}"],
        ["status", f"--jsn={CONTROLS}"],
        ["template", "show", CONTROLS],
        ["show", CONTROLS],
        ["search", CONTROLS, "--sort", CONTROLS],
        ["backfill", "--from", CONTROLS],
        ["litestream", CONTROLS, CONTROLS],
        ["serve", "--port", CONTROLS],
    ],
)
def test_an_error_about_the_command_line_repeats_no_control_character(here: Here, arguments: list[str]) -> None:
    shown = here(*arguments, code=2).err
    assert not CONTROL.search(shown)
    assert shown.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("command", "code"), [("snapshot", 10), ("export", 0), ("coverage --svg", 10), ("litestream", 0), ("verify", 10)]
)
def test_a_file_named_with_control_characters_is_named_without_them(
    here: Here, tmp_path: Path, command: str, code: int
) -> None:
    make_archive(tmp_path / "lgsco.db", 3)  # its pages have no digests: verify and snapshot exit with 10
    if command == "verify":
        shutil.copy(tmp_path / "lgsco.db", tmp_path / CONTROLS)
    ran = here(*command.split(), CONTROLS, code=code)
    assert not CONTROL.search(ran.out + ran.err)
    assert "[31mc" in ran.out
    assert command == "litestream" or (tmp_path / CONTROLS).exists()


def test_a_wrong_command_is_refused(here: Here) -> None:
    assert "serach" in here("serach", "school", code=2).err
    assert "No such option" in here("--limt", "search", "school", code=2).err


def test_a_month_or_year_is_a_range_of_dates_for_every_command_with_dates() -> None:
    for name in ("backfill", "coverage", "export"):
        options = {one.name: one.type for one in COMMANDS[name].params}
        assert options["first"].convert("2024", None, None) == date(2024, 1, 1), name
        assert options["last"].convert("2024-02", None, None) == date(2024, 2, 29), name


def test_a_wrong_date_is_refused_with_examples(here: Here) -> None:
    for name in ("backfill", "coverage", "export"):
        arguments = ["out"] if name == "export" else []
        err = here(name, "--to", "2024-13", *arguments, code=2).err
        assert "'2024-13' is not a date; write a day, a month or a year: 2025-10-06, 2025-10, 2025" in err, name
