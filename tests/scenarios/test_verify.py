"""`lgsco verify` reports damage, exits 10, and rebuilds what it can from the file itself."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest

from ingest.lgo.cross_references import count_fitting
from ingest.reports.cross_references import ONE_IN
from ingest.run import Import, Sync
from ingest.tasks.verify import Repair, find_damages
from storage.database import reading
from storage.model import Line
from storage.row_checks import Damage, Share, check_rows
from support.command_line import Here
from support.paths import SEEDS
from support.world import World

REFERENCE = "25 004 920"
IMPORTED = "19 999 999"


@pytest.fixture
def archive(filled_world: World) -> World:
    """The site's decisions, and one imported from a document."""
    document = filled_world.database.parent / "import.txt"
    text = (SEEDS / "000_d996cb4fed483c77.txt").read_text(encoding="utf-8")
    document.write_text(text.replace(text[text.index("(") : text.index(")") + 1], f"({IMPORTED})", 1), "utf-8")
    filled_world.run(Import((document,)))
    return filled_world


def damage(world: World, *statements: str) -> None:
    """Changes rows as a bad disk does: without triggers."""
    with closing(sqlite3.connect(world.database)) as db:
        (trigger,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'decisions_fts_update'").fetchone()
        db.execute("DROP TRIGGER decisions_fts_update")
        for sql in statements:
            assert db.execute(sql).rowcount == 1, sql
        db.execute(trigger)
        db.commit()


def found(world: World) -> list[Damage]:
    with reading(world.database) as db:
        return find_damages(db)


def everything(world: World) -> dict[str, list[object]]:
    """Returns the stored rows of decisions, to compare them after a repair."""
    return {
        name: world.ask(f"SELECT * FROM {name}")
        for name in ("decisions", "layouts", "revisions", "pages", "windows", "paragraphs")
    }


DAMAGES = {
    "text": (
        ("UPDATE decisions SET text = replace(text, 'fault', 'favour') WHERE reference = '25 004 920'",),
        REFERENCE,
    ),
    "column": (("UPDATE decisions SET outcome = 'Not so' WHERE reference = '25 004 920'",), REFERENCE),
    "status": (("UPDATE decisions SET status = 'gone' WHERE reference = '25 004 920'",), REFERENCE),
    "first seen": (
        ("UPDATE decisions SET first_seen = '2001-01-01T00:00:00Z' WHERE reference = '25 004 920'",),
        REFERENCE,
    ),
    "last seen": (("UPDATE decisions SET last_seen = 'x' WHERE reference = '25 004 920'",), REFERENCE),
    "number": (
        ("UPDATE layouts SET numbers = replace(numbers, '\"2\"', '\"3\"') WHERE reference = '25 004 920'",),
        REFERENCE,
    ),
    "layout": (("DELETE FROM layouts WHERE reference = '25 004 920'",), REFERENCE),
    "layout's JSON": (("UPDATE layouts SET numbers = '[\"' WHERE reference = '25 004 920'",), REFERENCE),
    "not UTF-8": (("UPDATE decisions SET summary = CAST(x'ff' AS TEXT) WHERE reference = '25 004 920'",), REFERENCE),
    "digest": (("UPDATE layouts SET sha256 = 'x' WHERE reference = '25 004 920'",), REFERENCE),
    "window": (("UPDATE windows SET listed = listed + 1 WHERE first = (SELECT min(first) FROM windows)",), None),
    "entry": (("UPDATE entries SET unlisted_at = 'x' WHERE reference = '25 004 920'",), None),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_reported_and_repaired(archive: World, kind: str) -> None:
    before = everything(archive)
    statements, reference = DAMAGES[kind]
    damage(archive, *statements)
    (only,) = [one for one in found(archive) if one.part != "index"]
    assert only.reference == reference
    outcome = archive.run(Repair())
    assert outcome.exit_code == 0, outcome.message
    assert found(archive) == []
    after = everything(archive)
    assert len(after["revisions"]) == len(before["revisions"])
    if reference is not None and kind != "last seen":
        assert after == before


def test_a_sound_file_is_checked_and_not_changed(archive: World, here: Here) -> None:
    before = archive.database.read_bytes()
    ran = here("verify", archive.database)
    assert "no damage found" in ran.out
    assert "35 decisions, 35 revisions" in ran.out
    assert archive.database.read_bytes() == before
    assert archive.run(Repair()).exit_code == 0


def test_the_command_names_the_decision_and_exits_10(archive: World, here: Here) -> None:
    damage(archive, *DAMAGES["text"][0])
    ran = here("verify", "--db", archive.database, code=10)
    assert f"{REFERENCE}: its text does not match its SHA-256" in ran.out
    report = json.loads(here("verify", archive.database, "--json", code=10).out)
    assert [(one["part"], one["reference"]) for one in report["damages"]] == [("decision", REFERENCE), ("index", None)]
    here("verify", archive.database, "--json", "--repair", code=2)


def test_a_damaged_decision_with_a_damaged_page_is_fetched_again(archive: World) -> None:
    before = archive.ask("SELECT * FROM decisions")
    damage(
        archive,
        "UPDATE decisions SET text = replace(text, 'a', 'e') WHERE reference = '25 004 920'",
        "UPDATE pages SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE reference = '25 004 920'",
    )
    outcome = archive.run(Repair())
    assert outcome.exit_code == 10
    assert "1 queued to be fetched again" in outcome.message
    archive.run(Sync())
    assert archive.ask("SELECT * FROM decisions") == before
    assert archive.ask("SELECT count(*) FROM revisions WHERE reference = '25 004 920'") == [1], (
        "no amendment is made up"
    )
    assert {one.part for one in found(archive)} == {"page"}


def test_a_damaged_import_is_reported_with_the_path_to_import_again(archive: World) -> None:
    before = archive.ask("SELECT * FROM decisions")
    damage(archive, f"UPDATE decisions SET text = replace(text, 'a', 'e') WHERE reference = '{IMPORTED}'")
    outcome = archive.run(Repair())
    assert outcome.exit_code == 10
    document = archive.database.parent / "import.txt"
    assert f"import again: {document}" in outcome.message
    archive.run(Import((document,)))
    assert found(archive) == []
    assert archive.ask("SELECT * FROM decisions") == before


def test_a_damaged_revision_is_reported_and_not_deleted(archive: World) -> None:
    damage(archive, f"UPDATE revisions SET recorded_at = 'x' WHERE reference = '{REFERENCE}'")
    assert [str(one) for one in found(archive)] == [f"{REFERENCE}, revision 1: its row does not match its digest"]
    assert archive.run(Repair()).exit_code == 10
    assert archive.ask(f"SELECT count(*) FROM revisions WHERE reference = '{REFERENCE}'") == [1]


def test_a_gap_between_revisions_is_reported(archive: World) -> None:
    with closing(sqlite3.connect(archive.database)) as db:
        db.execute("UPDATE revisions SET revision = 2 WHERE reference = '25 004 920'")
        db.commit()
    assert any("not numbered from 1" in str(one) for one in found(archive))


def test_a_wrong_index_is_reported_and_rebuilt(archive: World) -> None:
    damage(archive, "DELETE FROM decisions_fts_data WHERE id = (SELECT max(id) FROM decisions_fts_data)")
    assert [one.part for one in found(archive)] == ["index"]
    assert archive.run(Repair()).exit_code == 0
    assert found(archive) == []


def test_a_page_or_dictionary_that_does_not_decompress_is_reported(archive: World) -> None:
    damage(archive, "UPDATE pages SET body = CAST(substr(body, 1, 50) AS BLOB) WHERE reference = '25 004 920'")
    (only,) = found(archive)
    assert (only.part, only.reference) == ("page", REFERENCE)


def test_a_changed_view_or_a_missing_trigger_is_reported_and_foreign_additions_are_not(archive: World) -> None:
    with closing(sqlite3.connect(archive.database)) as db:
        db.execute("CREATE VIEW mine AS SELECT 1")
        db.execute("CREATE TABLE notes_of_mine (a)")
        assert found(archive) == []
        db.execute("DROP TRIGGER decisions_fts_delete")
        db.execute("DROP VIEW held_from_site")
        db.execute("CREATE VIEW held_from_site AS SELECT * FROM decisions")
    assert {(one.part, one.subject) for one in found(archive)} == {
        ("schema", "decisions_fts_delete"),
        ("schema", "held_from_site"),
    }


def test_a_dangling_reference_between_rows_is_reported(archive: World) -> None:
    damage(archive, "UPDATE pages SET dictionary = 77 WHERE reference = '25 004 920'")
    assert {one.part for one in found(archive)} == {"file", "page"}


def test_rows_on_an_unreadable_page_of_the_file_are_reported(archive: World, tmp_path: Path) -> None:
    with closing(sqlite3.connect(archive.database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (number,) = db.execute(
            "SELECT pageno FROM dbstat WHERE name = 'decisions' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 2"
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    copy = tmp_path / "copy.db"
    shutil.copyfile(archive.database, copy)
    with copy.open("r+b") as file:
        file.seek((number - 1) * size)
        file.write(b"\xff" * 100)
    with reading(copy) as db:
        damages = list(check_rows(db))
    unread = [one for one in damages if "cannot be read" in one.what]
    assert unread
    assert [one for one in unread if (one.part == "decision") and not one.reference] == []
    assert len([one for one in damages if one.part == "decision"]) < 20, "those on other pages are not damaged"


def test_the_shares_together_cover_all_rows(archive: World) -> None:
    damage(archive, *DAMAGES["text"][0])
    counts: dict[str, int] = {}

    def count(what: str, number: int) -> None:
        counts[what] = counts.get(what, 0) + number

    with reading(archive.database) as db:
        named = [one for number in range(28) for one in check_rows(db, count, Share(number, 28))]
    assert [one.reference for one in named] == [REFERENCE]
    assert counts["decisions"] == counts["revisions"] == 35


def test_verify_reports_the_share_of_right_cross_references(archive: World, here: Here) -> None:
    references = archive.ask("SELECT reference FROM decisions ORDER BY rowid")
    looked_at = references[::ONE_IN]
    rows = archive.ask("SELECT reference, kind, text, number FROM paragraphs ORDER BY reference, position")
    of = {reference: [Line(*line) for _, *line in lines] for reference, lines in groupby(rows, itemgetter(0))}
    expected = count_fitting(of[reference] for reference in looked_at)
    assert expected.checked > 0
    line = f"cross-references: {len(looked_at)} decisions checked, {expected.checked} cite paragraphs of their own"
    assert line in here("verify", archive.database).out
    counts = {"looked_at": len(looked_at), "citing": expected.checked, "fitting": expected.fitting}
    assert json.loads(here("verify", archive.database, "--json").out)["cross_references"] == counts
    cites = next(reference for reference in looked_at if count_fitting([of[reference]]).checked)
    damage(archive, f"UPDATE layouts SET kinds = replace(kinds, 'i', 'p') WHERE reference = '{cites}'")
    here("verify", archive.database, code=10)
