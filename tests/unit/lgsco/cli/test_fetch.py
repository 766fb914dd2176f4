"""Tests the arguments of the commands that fetch and import decisions, without a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import Here
from support.paths import SEEDS


def test_init_makes_a_database_once(here: Here, tmp_path: Path) -> None:
    assert "lgsco.db" in here("init").out
    assert (tmp_path / "lgsco.db").exists()
    assert "is already a database and was not changed" in here("init", code=2).err


def test_an_import_names_what_it_did_and_what_it_could_not_parse(here: Here, tmp_path: Path) -> None:
    assert here("import", SEEDS).out.startswith("done: 5 new, 0 amended, 0 unchanged")
    for number in range(22):
        (tmp_path / f"{number:02}.txt").write_text("not a decision")
    ran = here("import", *sorted(tmp_path.glob("*.txt")), code=10)
    assert ran.out == ""
    assert "00.txt" in ran.err
    assert "  … and 2 more\n" in ran.err
    assert "lgsco: incomplete: " in ran.err


def test_renormalise_parses_nothing_in_an_archive_without_pages(here: Here) -> None:
    here("import", SEEDS)
    assert here("renormalise", "--dry-run").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backfill", "--from", "2025-02-01", "--to", "2025-01-01"], "--from 2025-02-01 is after --to 2025-01-01"),
        (["backfill", "--withdraw", "--limit", "3"], "leave one of them out"),
        (["backfill", "--from", "soon"], "soon"),
        (["backfill", "--limit", "0"], "0"),
        (["sync"], "no database"),
        (["daemon"], "no database"),
    ],
)
def test_wrong_usage_exits_2_and_makes_no_file(here: Here, tmp_path: Path, arguments: list[str], words: str) -> None:
    extra = [] if arguments[0] == "backfill" else ["--site", "http://127.0.0.1:9"]
    assert words in here(*arguments, *extra, code=2).err
    assert not (tmp_path / "lgsco.db").exists()


@pytest.mark.parametrize("options", [[], ["--limit", "3"], ["--withdraw"], ["--to", "2999"]])
def test_a_range_that_begins_after_today_is_refused_before_a_file_is_made(here: Here, options: list[str]) -> None:
    err = here("backfill", "--from", "2998", *options, "--site", "http://127.0.0.1:9", code=2).err
    assert err == "lgsco: the range begins after today: 2998-01-01; name an earlier --from\n"
    assert list(Path().iterdir()) == []
