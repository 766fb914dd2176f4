"""Exports and views are checked: a damaged decision is left out and named, or shown with a warning."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import reading
from storage.row_checks import check_rows
from support.command_line import Here, Ran
from support.web import served
from support.world import World

REFERENCE = "25 004 920"
DAMAGES = {
    "text": "UPDATE decisions SET text = replace(text, 'e', 'o') WHERE reference = '25 004 920'",
    "outcome": "UPDATE decisions SET outcome = 'Quite wrong' WHERE reference = '25 004 920'",
    "number": "UPDATE layouts SET numbers = replace(numbers, '\"2\"', '\"3\"') WHERE reference = '25 004 920'",
    "last seen": "UPDATE decisions SET last_seen = '1999-01-01T00:00:00Z' WHERE reference = '25 004 920'",
    "layout": "DELETE FROM layouts WHERE reference = '25 004 920'",
}


@pytest.fixture(params=DAMAGES)
def damaged(filled_world: World, request: pytest.FixtureRequest) -> World:
    """An archive with one damaged decision."""
    with closing(sqlite3.connect(filled_world.database)) as db:
        assert db.execute(DAMAGES[request.param]).rowcount == 1
        db.commit()
    return filled_world


def named(ran: Ran) -> bool:
    return any(line.startswith("lgsco: ") and REFERENCE in line and "damaged" in line for line in ran.err.splitlines())


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "parquet"])
def test_an_export_leaves_a_damaged_decision_out_names_it_and_exits_10(
    damaged: World, here: Here, tmp_path: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    ran = here("export", "--db", damaged.database, "--format", form, "out", code=10)
    assert named(ran)
    assert "33 decisions in out" in ran.out
    if form == "text":
        assert not (tmp_path / "out" / "25-004-920.txt").exists()
        assert len(list((tmp_path / "out").glob("*-*.txt"))) == 33
    if form == "jsonl":
        lines = (tmp_path / "out" / "decisions.jsonl").read_text("utf-8").splitlines()
        assert REFERENCE not in {json.loads(line)["reference"] for line in lines}


def test_show_and_search_warn_about_a_damaged_decision(damaged: World, here: Here) -> None:
    assert named(here("show", "25-004-920", "--db", damaged.database))
    assert named(here("search", "25-004-920", "--db", damaged.database))
    other = here("search", "council", "--limit", "200", "--db", damaged.database)
    assert named(other) == (REFERENCE in other.out)
    assert not here("show", "18-009-360", "--db", damaged.database).err


def test_a_public_snapshot_leaves_a_damaged_decision_out_and_a_backup_has_it(
    damaged: World, here: Here, tmp_path: Path
) -> None:
    ran = here("snapshot", "--public", "public.db", "--db", damaged.database, code=10)
    assert named(ran)
    with closing(sqlite3.connect(tmp_path / "public.db")) as db:
        for table in ("decisions", "layouts", "revisions"):
            assert db.execute(f"SELECT count(*) FROM {table} WHERE reference = ?", (REFERENCE,)).fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (33,)
    assert "no damage found" in here("verify", "public.db").out
    assert named(here("snapshot", "backup.db", "--db", damaged.database, code=10))
    with reading(tmp_path / "backup.db") as db:
        assert {one.reference for one in check_rows(db)} == {REFERENCE}


def test_only_the_web_page_of_a_damaged_decision_warns(damaged: World) -> None:
    with served(damaged.database) as (client, _):
        assert "damaged in this file" in client.get("/lgsco/decisions/25+004+920").text
        other = client.get("/lgsco/decisions/18+009+360")
        assert other.status_code == 200
        assert "damaged" not in other.text


def test_a_sound_archive_is_exported_completely(filled_world: World, here: Here) -> None:
    for arguments in (("export", "out"), ("snapshot", "copy.db"), ("snapshot", "--public", "public.db")):
        assert not here(*arguments, "--db", filled_world.database).err
    for copy in ("copy.db", "public.db"):
        assert "no damage found" in here("verify", copy).out
