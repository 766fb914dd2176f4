"""A damaged database is named, and its damaged content is not quoted."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from support.command_line import Shop


def test_a_damaged_file_is_named_and_not_its_copy(filled: Shop, tmp_path: Path) -> None:
    database = tmp_path / "damaged.db"
    data = bytearray(filled.database.read_bytes())
    for page in range(len(data) // 8_192, len(data) // 4_096):  # not the first pages, which have the schema
        data[page * 4_096 : page * 4_096 + 64] = b"\xff" * 64
    database.write_bytes(data)
    ran = filled.run("snapshot", tmp_path / "copy.db", "--db", database, code=1)
    assert "the database is damaged" in ran.sentence
    assert not (tmp_path / "copy.db").exists()


def test_invalid_text_is_damage_and_is_not_quoted(filled: Shop, tmp_path: Path) -> None:
    database = tmp_path / "damaged.db"
    shutil.copyfile(filled.database, database)
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE decisions SET text = CAST(x'ff' || CAST(text AS BLOB) AS TEXT)")
        db.commit()
    ran = filled.run("export", tmp_path / "out", "--db", database, code=1)
    assert "damaged.db is damaged" in ran.sentence
    assert len(ran.sentence) < 300
