"""Copies: CPU time of snapshots against a bare `VACUUM INTO`, and of exports against a bare SELECT of their columns."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, each, in_turns, ratios
from bench.write import _prepare, _record
from storage.database import reading
from storage.export import COLUMNS, export
from storage.quick_checks import add_hash_function
from storage.snapshot import snapshot

_GOALS = {"snapshot": 1.6, "snapshot --public": 2.8, "jsonl": 6.0, "csv": 8.0, "text": 10.0}
_FORMS = ("jsonl", "csv", "text")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM decisions ORDER BY reference"


def measure(decisions: int = 5_000, rounds: int = 7) -> list[Figure]:
    """Measures all sides in turns in one process on one file, and deletes the large copies between the rounds.

    Bare: `VACUUM INTO` on a connection of a reader, and a SELECT of the columns of an export, in its order, whose
    rows are dropped. Empty files: as many as the export as texts writes, made and renamed like them. Their cost
    depends on the file system, so the texts are also given without it. The folders of many files are deleted at the
    end: for some seconds after thousands of files were deleted, ext4 takes ten times as long to make one. Hashed: a
    bare `VACUUM INTO`, and then the SHA-256 of each text and raw page of the copy: the least that a snapshot which
    checks its rows can take.
    """
    with TemporaryDirectory() as folder:
        file, large, texts = (Path(folder, name) for name in ("file.db", "large", "texts"))
        _record(file, _prepare(decisions))
        with reading(file) as db:
            sides = _make_sides(db, large, texts, decisions)
            spent = in_turns({**sides, "clean": lambda: shutil.rmtree(large)}, rounds)
    written = [text - files for text, files in zip(spent["text"], spent["empty files"], strict=True)]
    bare = {"snapshot": "vacuum", "snapshot --public": "vacuum", **dict.fromkeys(_FORMS, "select")}
    return [
        *(
            Figure(
                f"{name}, of the bare {under}", ratios(spent[name], spent[under]), target=_GOALS[name], bound="at most"
            )
            for name, under in bare.items()
        ),
        Figure("hashed, of the bare vacuum", ratios(spent["hashed"], spent["vacuum"])),
        Figure("text without its empty files, of the bare select", ratios(written, spent["select"])),
        *(
            Figure(f"{name}, CPU a decision", each(spent[name], decisions), "µs")
            for name in ("vacuum", "hashed", "select", *bare, "empty files")
        ),
    ]


def _make_sides(db: sqlite3.Connection, large: Path, texts: Path, decisions: int) -> dict[str, Callable[[], object]]:
    numbers = count()

    def name(parent: Path) -> Path:
        parent.mkdir(exist_ok=True)
        return parent / f"{next(numbers)}"

    def vacuum() -> Path:
        return _vacuum_into(db, name(large))

    def select() -> None:
        for _ in db.execute(_SELECT):
            pass

    def create() -> None:
        folder = name(texts)
        folder.mkdir()
        for number in range(decisions):
            draft = f"{folder}/.{number}.part"
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
            os.replace(draft, f"{folder}/{number}.txt")  # noqa: PTH105  # as the export does it

    def write(form: str) -> Callable[[], object]:
        return lambda: export(db, name(texts if form == "text" else large), form)

    return {
        "vacuum": vacuum,
        "hashed": lambda: _hash_texts_and_pages(vacuum()),
        "snapshot": lambda: snapshot(db, name(large), public=False),
        "snapshot --public": lambda: snapshot(db, name(large), public=True),
        "select": select,
        **{form: write(form) for form in _FORMS},
        "empty files": create,
    }


def _vacuum_into(db: sqlite3.Connection, file: Path) -> Path:
    db.execute("PRAGMA query_only = OFF")
    db.execute("VACUUM INTO ?", (str(file),))
    db.execute("PRAGMA query_only = ON")
    return file


def _hash_texts_and_pages(file: Path) -> None:
    with closing(sqlite3.connect(file)) as copy:
        add_hash_function(copy)
        for table, column in (("decisions", "text"), ("pages", "body")):
            copy.execute(f"SELECT count(lgsco_sha256(CAST({column} AS BLOB))) FROM {table}").fetchone()
