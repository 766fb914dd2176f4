"""`lgsco export --format parquet` writes four typed tables by year, completely or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.database import reading
from storage.digests import REVISIONS, digest, update_digests
from storage.export import COLUMNS, export
from storage.writer import writing
from support.command_line import Here, Shop
from support.digests import vouch_for_all
from support.paths import ROOT, SEEDS

parquet = pytest.importorskip("pyarrow.parquet")
TABLES = {"decisions", "paragraphs", "revisions", "related"}
REFERENCE = "25 004 920"
INSTANTS = {"first_seen", "last_seen", "updated_at", "recorded_at"}
TYPES = {
    "decision_date": "date32[day]",
    **dict.fromkeys(INSTANTS, "timestamp[ms, tz=UTC]"),
    **dict.fromkeys(("position", "revision"), "int32"),
    "similarity": "double",
}
QUERIES = {
    "decisions": f"SELECT {', '.join(COLUMNS)} FROM decisions ORDER BY reference",
    "paragraphs": "SELECT * FROM paragraphs ORDER BY reference, position",
    "revisions": "SELECT reference, revision, recorded_at, source, change, text_sha256, normaliser, fields, text "
    "FROM revisions ORDER BY reference, revision",
    "related": "SELECT reference, other, reason, similarity FROM related ORDER BY reference, other, reason",
}


@pytest.fixture
def archive(tmp_path: Path, filled: Shop) -> Path:
    """A filled archive with a decision without a date, an earlier version of a text, and links."""
    path = tmp_path / "lgsco.db"
    shutil.copy(filled.database, path)
    with writing(path) as db:
        db.execute("UPDATE decisions SET decision_date = NULL WHERE reference = '18 009 360'")
        db.execute(
            "INSERT INTO revisions (reference, revision, recorded_at, source, change, text_sha256, normaliser, fields, "
            "text, document) SELECT reference, 2, '2026-11-01T06:00:00Z', source, 'amended', text_sha256, normaliser, "
            "'{}', text, '/folder/of/somebody' FROM decisions WHERE reference = ?",
            (REFERENCE,),
        )
        db.execute("INSERT INTO related (reference, other, reason) VALUES (?, '18 009 360', 'cites')", (REFERENCE,))
        db.execute(
            "INSERT INTO related (reference, other, reason, similarity) "
            "VALUES (?, '24 001 411a', 'similar text', 0.91)",
            (REFERENCE,),
        )
    vouch_for_revisions(path)
    return path


def vouch_for_revisions(path: Path) -> None:
    """Sets the digest of each revision to match its row."""
    with closing(sqlite3.connect(path)) as db, db:
        rows = db.execute(f"SELECT r.reference, r.revision, {REVISIONS.sql('r')} FROM revisions AS r").fetchall()
        for reference, revision, *terms in rows:
            db.execute(
                "UPDATE revisions SET sha256 = ? WHERE reference = ? AND revision = ?",
                (digest(terms), reference, revision),
            )


def read(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table in their form in SQLite, with the year, in the order of the keys."""
    rows: list[dict[str, Any]] = parquet.read_table(folder / "parquet" / table).to_pylist()
    for row in rows:
        for name in INSTANTS & row.keys():
            row[name] = row[name] and f"{row[name]:%Y-%m-%dT%H:%M:%SZ}"
        if row.get("decision_date"):
            row["decision_date"] = row["decision_date"].isoformat()
    keys = ("reference", "revision", "position", "other", "reason")
    return sorted(rows, key=lambda row: [row[name] for name in keys if name in row])


def test_the_tables_have_the_rows_of_the_archive(archive: Path, here: Here, tmp_path: Path) -> None:
    with closing(sqlite3.connect(archive)) as db:
        db.row_factory = sqlite3.Row
        expected = {table: [dict(row) for row in db.execute(sql)] for table, sql in QUERIES.items()}
    assert here("export", "--format", "parquet", "out").out.startswith(
        f"{len(expected['decisions'])} decisions in out\n"
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"ATTRIBUTION.txt", "parquet"}
    assert {path.name for path in (tmp_path / "out" / "parquet").iterdir()} == TABLES
    assert len(expected["related"]) == 2
    years = {row["reference"]: (row["decision_date"] or "")[:4] for row in expected["decisions"]}
    for table, rows in expected.items():
        found = read(tmp_path / "out", table)
        assert [str(row.pop("decision_year") or "") for row in found] == [years[row["reference"]] for row in rows]
        assert found == rows
        assert [list(row) for row in found] == [list(row) for row in rows], "the columns have the order of the table"


def test_each_file_has_types_statistics_and_the_terms(archive: Path, here: Here, tmp_path: Path) -> None:
    here("export", "--format", "parquet", "out")
    years = {path.name for path in (tmp_path / "out" / "parquet" / "decisions").iterdir()}
    assert "decision_year=__HIVE_DEFAULT_PARTITION__" in years
    assert len(years) > 2
    for table in TABLES:
        for year in years:
            (path,) = (tmp_path / "out" / "parquet" / table / year).iterdir()
            with parquet.ParquetFile(path) as file:
                schema = file.schema_arrow
                groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
            assert {one.name: str(one.type) for one in schema} == {
                one.name: TYPES.get(one.name, "string") for one in schema
            }
            assert b"Commission for Local Administration in England" in schema.metadata[b"attribution"]
            assert b"The publisher's terms" in schema.metadata[b"attribution"]
            for group in groups:
                columns = {
                    column.path_in_schema: column
                    for column in (group.column(number) for number in range(group.num_columns))
                }
                for name in {"reference", "authority", "decision_date"} & columns.keys():
                    assert columns[name].statistics is not None, f"{table}.{name}"


def test_a_row_group_ends_with_the_text_that_fills_it(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.parquet import write

    monkeypatch.setattr("storage.parquet._GROUP_BYTES", 1)
    with reading(archive) as db:
        export(db, tmp_path / "out", "parquet", write)
    for path in (tmp_path / "out" / "parquet" / "decisions").rglob("*.parquet"):
        with parquet.ParquetFile(path) as file:
            assert file.num_row_groups == file.metadata.num_rows
            authorities = [row["authority"] or "" for row in file.read(["authority"]).to_pylist()]
            assert authorities == sorted(authorities)


def test_two_exports_have_the_same_bytes_and_the_second_replaces_the_first(
    archive: Path, here: Here, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    here("export", "--format", "parquet", "out")
    before = contents(out)
    (out / "parquet" / "decisions" / "decision_year=1999").mkdir()
    here("export", "--format", "parquet", "out")
    assert contents(out) == before
    assert not (out / "parquet" / "decisions" / "decision_year=1999").exists(), "a year without decisions is gone"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_archive_with_undated_decisions_only_can_be_read(here: Here, tmp_path: Path) -> None:
    here("import", SEEDS)
    with writing(tmp_path / "lgsco.db") as db:
        db.execute("UPDATE decisions SET decision_date = NULL")
    here("export", "--format", "parquet", "out")
    assert [row["decision_year"] for row in read(tmp_path / "out", "decisions")] == [None] * 5


def test_an_empty_archive_has_tables_without_rows(here: Here, tmp_path: Path) -> None:
    here("init")
    assert here("export", "--format", "parquet", "out").out.startswith("0 decisions in out\n")
    for table in TABLES:
        assert parquet.read_table(tmp_path / "out" / "parquet" / table).num_rows == 0


def test_a_value_that_is_not_a_date_ends_the_export_and_leaves_the_earlier_one(here: Here, tmp_path: Path) -> None:
    here("import", SEEDS)
    here("export", "--format", "parquet", "out")
    before = contents(tmp_path / "out")
    for column, value in (("updated_at", "of late"), ("decision_date", "20251006"), ("decision_date", "soon")):
        with closing(sqlite3.connect(tmp_path / "lgsco.db")) as db, db:
            kept = db.execute(f"SELECT {column} FROM decisions WHERE reference = ?", (REFERENCE,)).fetchone()
            db.execute(f"UPDATE decisions SET {column} = ? WHERE reference = ?", (value, REFERENCE))
        vouch_for_all(tmp_path / "lgsco.db")
        said = here("export", "--format", "parquet", "out", code=1).err
        assert said == (
            f"lgsco: {REFERENCE}: {column} is {value!r}, which is not a date; --format jsonl writes it unchanged\n"
        )
        assert contents(tmp_path / "out") == before
        with closing(sqlite3.connect(tmp_path / "lgsco.db")) as db, db:
            db.execute(f"UPDATE decisions SET {column} = ? WHERE reference = ?", (*kept, REFERENCE))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"ATTRIBUTION.txt", "parquet"}


def test_damaged_revisions_and_links_are_left_out_and_named(archive: Path, here: Here, tmp_path: Path) -> None:
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("UPDATE revisions SET text = text || '!' WHERE reference = ? AND revision = 2", (REFERENCE,))
        db.execute("UPDATE related SET similarity = 0.5 WHERE similarity = 0.91")
    ran = here("export", "--format", "parquet", "out", code=10)
    damaged = "lgsco: left out because it is damaged: 25 004 920, "
    assert f"{damaged}revision 2: a value does not match its digest" in ran.err
    assert f"{damaged}its link with 24 001 411a: a value does not match its digest" in ran.err
    assert "2 damaged rows were left out" in ran.err
    assert [row["revision"] for row in read(tmp_path / "out", "revisions") if row["reference"] == REFERENCE] == [1]
    assert [row["reason"] for row in read(tmp_path / "out", "related")] == ["cites"]


def test_a_decision_whose_layout_does_not_fit_is_left_out_with_all_its_rows(
    archive: Path, here: Here, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("UPDATE layouts SET kinds = kinds || 'p' WHERE reference = ?", (REFERENCE,))
        update_digests(db, [REFERENCE])
    ran = here("export", "--format", "parquet", "out", code=10)
    assert f"{REFERENCE}: the kinds of its lines do not match its text" in ran.err
    for table in TABLES:
        assert REFERENCE not in {row["reference"] for row in read(tmp_path / "out", table)}


def test_a_folder_with_other_files_is_not_replaced(archive: Path, here: Here, tmp_path: Path) -> None:
    (tmp_path / "out" / "parquet").mkdir(parents=True)
    (tmp_path / "out" / "parquet" / "notes.txt").write_text("mine", encoding="utf-8")
    said = here("export", "--format", "parquet", "out", code=1).err
    assert "notes.txt in it is not part of an export; move it" in said
    assert contents(tmp_path / "out" / "parquet") == {"notes.txt": b"mine"}


KILLED_AT = """
import os, signal, sys
from pathlib import Path
import storage.parquet
from storage.database import reading
from storage.export import export

renames = 0

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def rename(self, target, rename=Path.rename):
    global renames
    renames += 1
    if sys.argv[2] == f"rename {renames}":
        kill()
    return rename(self, target)

Path.rename = rename
if sys.argv[2] == "rows":
    storage.parquet._GROUP_BYTES = 1
    storage.parquet._File.close = kill
with reading(Path(sys.argv[1])) as db:
    export(db, Path("out"), "parquet", storage.parquet.write)
"""


@pytest.mark.parametrize("moment", ["rows", "rename 1", "rename 2"])
def test_a_killed_export_leaves_no_half_folder_and_the_next_one_tidies(
    archive: Path, here: Here, tmp_path: Path, moment: str
) -> None:
    out = tmp_path / "out"
    here("export", "--format", "parquet", "out")
    before = contents(out)
    command = [sys.executable, "-c", KILLED_AT, str(archive), moment]
    killed = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(out.iterdir())) > 2, "a draft is left"
    if moment == "rename 2":
        assert not (out / "parquet").exists(), "the moment between the two renames"
    else:
        assert contents(out / "parquet") == contents_below(before, "parquet/")
    here("export", "--format", "parquet", "out")
    assert contents(out) == before


def contents_below(files: dict[str, bytes], folder: str) -> dict[str, bytes]:
    return {name.removeprefix(folder): body for name, body in files.items() if name.startswith(folder)}


def test_an_earlier_export_comes_back_if_the_next_one_fails(archive: Path, here: Here, tmp_path: Path) -> None:
    out = tmp_path / "out"
    here("export", "--format", "parquet", "out")
    before = contents(out)
    (out / "parquet").rename(out / f".parquet.{unused_process()}.before")
    with closing(sqlite3.connect(archive)) as db, db:
        db.execute("UPDATE decisions SET updated_at = 'of late' WHERE reference = ?", (REFERENCE,))
    vouch_for_all(archive)
    here("export", "--format", "parquet", "out", code=1)
    assert contents(out) == before


def unused_process() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_an_export_reads_one_state_while_others_write(archive: Path, tmp_path: Path) -> None:
    from storage.parquet import write
    from storage.sound_decisions import SoundDecisions

    original = SoundDecisions.__iter__

    def delete_midway(self: SoundDecisions) -> Iterator[Any]:
        for number, decision in enumerate(original(self)):
            if number == 1:
                with writing(archive) as other:
                    other.execute("UPDATE decisions SET outcome = 'Changed'")
            yield decision

    with pytest.MonkeyPatch.context() as patch, reading(archive) as db:
        patch.setattr(SoundDecisions, "__iter__", delete_midway)
        exported = export(db, tmp_path / "out", "parquet", write)
    assert exported.left_out == []
    assert "Changed" not in {row["outcome"] for row in read(tmp_path / "out", "decisions")}


def test_parquet_without_its_library_says_what_to_install(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here("import", SEEDS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "storage.parquet", raising=False)
    said = here("export", "--format", "parquet", "out", code=2).err
    assert len(said.splitlines()) == 1
    assert "pip install 'pyarrow" in said
    assert not (tmp_path / "out").exists()
