"""Damages a file at random, and counts false values shown without a warning and damages that `verify` finds."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import shutil
import sqlite3
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Figure
from bench.samples import pages as sample_pages
from ingest.lgo.normaliser import NORMALISER
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render
from ingest.tasks.verify import find_damages
from lgsco.cli.main import main
from lgsco.web.served_file import FileUnreadable
from lgsco.web.server import make_datasette
from storage import decisions, pages, runs
from storage.database import atomic, reading
from storage.decisions import Reading
from storage.digests import DECISION
from storage.errors import LgscoError
from storage.model import Page
from storage.search import search
from storage.writer import writing

AT = "2026-11-20T12:00:00Z"
_DECISIONS = 40
_COLUMNS = (*DECISION, "text")
"""The published columns of a decision, without `last_seen`, which is checked only for form and order."""

Row = tuple[Any, ...]


@dataclass(slots=True)
class Tally:
    """Counts how the damages ended."""

    made: int = 0
    changed: int = 0
    """Damages after which a published byte differs or cannot be read."""
    found: int = 0
    """How many of those `verify` names."""
    found_besides: int = 0
    """Other damages that `verify` names: in indexes, raw pages, the ledger."""
    false: list[str] = field(default_factory=list)
    """False values that were shown without a warning."""
    missed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Errors without a clear message."""
    kinds: Counter[str] = field(default_factory=Counter)


def measure(damages: int = 500, seed: int = 1) -> list[Figure]:
    """Counts the results of `damages` damages that follow from `seed`."""
    tally = try_damages(damages, seed)
    for line in (*tally.false, *tally.missed, *tally.failed):
        print(line)
    return [
        Figure("damages made", (tally.made,), ""),
        Figure("damages that changed a published byte", (tally.changed,), ""),
        Figure("of these, not named by verify", (len(tally.missed),), "", target=0, bound="at most"),
        Figure("others that verify names", (tally.found_besides,), ""),
        Figure("false values shown without a warning", (len(tally.false),), "", target=0, bound="at most"),
        Figure("errors without a clear message", (len(tally.failed),), "", target=0, bound="at most"),
    ]


def try_damages(damages: int, seed: int) -> Tally:
    """Damages copies of a sound file one after the other, and checks the values that each copy shows."""
    chance, tally = Random(seed), Tally()
    logging.disable(logging.CRITICAL)
    try:
        with TemporaryDirectory() as folder:
            sound = Path(folder, "sound.db")
            _fill(sound)
            truth = _published(sound)
            for number in range(damages):
                kind, damage = KINDS[number % len(KINDS)]
                copy = Path(folder, "damaged.db")
                shutil.copyfile(sound, copy)
                damage(copy, chance)
                tally.kinds[kind] += 1
                tally.made += 1
                _examine(copy, truth, f"damage {number} ({kind})", tally)
                for left in Path(folder).glob("damaged.db*"):
                    left.unlink()
    finally:
        logging.disable(logging.NOTSET)
    return tally


def _fill(path: Path) -> None:
    """Makes a file with decisions, raw pages and past revisions, outside WAL."""
    with writing(path) as db, atomic(db):
        runs.begin_run(db, "backfill", {}, AT)
        codec = pages.Codec(db)
        for place, (sample, body) in enumerate(sample_pages(_DECISIONS)):
            decision = parse_page(body)
            page = pages.store(db, codec, Page(sample.reference, 1, sample.address, AT, "utf-8", body))
            pages.mark(db, [page], "read")
            found = Reading(decision, render(decision), "site", AT, NORMALISER, sample.address, page)
            if place % 5:
                decisions.record_first(db, [found], 1)
            else:
                before = Reading(decision, f"{found.text}\nIt was so before.", "site", AT, "0", sample.address, page)
                decisions.record_first(db, [before], 1)
                decisions.supersede(db, found, "renormalised", 1)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")


# ---------------------------------------------------------------- damages


def _flip(value: bytes, chance: Random) -> bytes:
    changed = bytearray(value)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


_TABLES = ("decisions", "decisions", "decisions", "layouts", "layouts", "revisions", "pages", "runs")


@contextlib.contextmanager
def _unnoticed(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a connection with triggers and constraints switched off; the schema stays."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        yield db
        for _, sql in triggers:
            db.execute(sql)


def _flip_column(path: Path, chance: Random) -> None:
    """Flips bits of one value. Neither triggers nor constraints notice."""
    with _unnoticed(path) as db:
        db.text_factory = bytes
        table = chance.choice(_TABLES)
        columns = [row[1].decode() for row in db.execute(f"PRAGMA table_info({table})")]
        key = {"layouts": "reference", "revisions": "reference || revision"}.get(table, "rowid")
        keys = [row[0] for row in db.execute(f"SELECT {key} FROM {table}")]
        for _ in range(100):
            column, where = chance.choice(columns), chance.choice(keys)
            if isinstance(where, bytes):
                where = where.decode()
            value, kind = db.execute(
                f"SELECT CAST({column} AS BLOB), typeof({column}) FROM {table} WHERE {key} = ?", (where,)
            ).fetchone()
            if not value:
                continue
            is_number = kind == b"integer"
            changed: int | bytes = int(value) ^ 1 << chance.randrange(8) if is_number else _flip(value, chance)
            sets = "CAST(? AS TEXT)" if kind == b"text" else "?"
            with contextlib.suppress(sqlite3.IntegrityError):  # a key of another row
                db.execute(f"UPDATE {table} SET {column} = {sets} WHERE {key} = ?", (changed, where))
                return


def _flip_bytes(path: Path, chance: Random) -> None:
    """Flips bits anywhere in the file."""
    path.write_bytes(_flip(path.read_bytes(), chance))


def _overwrite_page(path: Path, chance: Random) -> None:
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content) // 4096) * 4096
    content[at : at + 4096] = bytes(4096) if chance.random() < 0.5 else chance.randbytes(4096)
    path.write_bytes(content)


def _swap_pages(path: Path, chance: Random) -> None:
    content = bytearray(path.read_bytes())
    one, other = (chance.randrange(len(content) // 4096) * 4096 for _ in range(2))
    content[one : one + 4096], content[other : other + 4096] = (
        content[other : other + 4096],
        content[one : one + 4096],
    )
    path.write_bytes(content)


def _truncate(path: Path, chance: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content) // 2, len(content))])


def _break_index(path: Path, chance: Random) -> None:
    """Removes a row from the full-text index, or flip bits in one."""
    with closing(sqlite3.connect(path)) as db, db:
        ids = [row[0] for row in db.execute("SELECT id FROM decisions_fts_data")]
        one = chance.choice(ids)
        if chance.random() < 0.5:
            db.execute("DELETE FROM decisions_fts_data WHERE id = ?", (one,))
        else:
            (block,) = db.execute("SELECT block FROM decisions_fts_data WHERE id = ?", (one,)).fetchone()
            db.execute("UPDATE decisions_fts_data SET block = ? WHERE id = ?", (_flip(block, chance), one))


def _swap_rows(path: Path, chance: Random) -> None:
    """Swaps the texts of two decisions; each text is sound by itself."""
    with _unnoticed(path) as db:
        column = chance.choice(("text", "outcome", "summary", "decision_date", "text, text_sha256"))
        one, other = chance.sample([row[0] for row in db.execute("SELECT rowid FROM decisions")], 2)
        read = f"SELECT {column} FROM decisions WHERE rowid = ?"
        both = [db.execute(read, (key,)).fetchone() for key in (one, other)]
        names = column.split(", ")
        for key, values in ((one, both[1]), (other, both[0])):
            db.execute(
                f"UPDATE decisions SET ({column}) = ({', '.join('?' * len(names))}) WHERE rowid = ?", (*values, key)
            )


KINDS: tuple[tuple[str, Callable[[Path, Random], None]], ...] = (
    ("bits of a column", _flip_column),
    ("bits of a column", _flip_column),
    ("bits of a column", _flip_column),
    ("bits of the file", _flip_bytes),
    ("bits of the file", _flip_bytes),
    ("a page overwritten", _overwrite_page),
    ("two pages swapped", _swap_pages),
    ("truncated", _truncate),
    ("full-text index", _break_index),
    ("two rows swapped", _swap_rows),
)


# ---------------------------------------------------------------- published rows


@dataclass(frozen=True, slots=True)
class _Published:
    """Everything published: rows by reference, layouts, texts of revisions."""

    rows: dict[str, Row]
    layouts: dict[str, Row]
    texts: dict[tuple[str, int], Row]
    path: Path

    def page(self, key: str) -> str:
        """Returns the web page of a decision."""
        return _page(self.path, key)


def _published(path: Path) -> _Published:
    """Reads the rows with plain SQLite. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute(f"SELECT reference, {', '.join(_COLUMNS)} FROM decisions").fetchall()
        layouts = db.execute("SELECT reference, kinds, numbers FROM layouts").fetchall()
        texts = db.execute("SELECT reference, revision, text, fields, recorded_at, change FROM revisions").fetchall()
    return _Published(
        {row[0]: row[1:] for row in rows},
        {row[0]: row[1:] for row in layouts},
        {row[:2]: row[2:] for row in texts},
        path,
    )


def _examine(path: Path, truth: _Published, what: str, tally: Tally) -> None:
    try:
        now = _published(path)
    except (sqlite3.Error, ValueError):
        changed, different = True, sorted(truth.rows)[:1]
    else:
        changed = (now.rows, now.layouts, now.texts) != (truth.rows, truth.layouts, truth.texts)
        different = [key for key in truth.rows if now.rows.get(key) != truth.rows[key]]
        different += [key for key in truth.layouts if now.layouts.get(key) != truth.layouts[key]]
    named = _try(lambda: bool(_verify(path)), what, tally)
    tally.changed += changed
    tally.found += changed and named
    tally.found_besides += named and not changed
    if changed and not named:
        tally.missed.append(f"{what}: verify names nothing; {different[:3]}")
    for leaving in (_export, _snapshot, _search):
        for false in _try(lambda leaving=leaving: list(leaving(path, truth)), what, tally, []):  # type: ignore[misc]
            tally.false.append(f"{what}: {false}")
    for key in dict.fromkeys(different[:2]):
        for shown in (_show, _web):
            for false in _try(lambda shown=shown, key=key: list(shown(path, truth, key)), what, tally, []):  # type: ignore[misc]
                tally.false.append(f"{what}: {false}")


def _try(look: Callable[[], Any], what: str, tally: Tally, otherwise: Any = True) -> Any:
    """Calls `look`. After a failure with a clear message return `otherwise`; count any other failure in `tally`."""
    try:
        return look()
    except (LgscoError, FileUnreadable):
        return otherwise
    except Exception:
        tally.failed.append(f"{what}: {traceback.format_exc(limit=-3)}")
        return otherwise


def _verify(path: Path) -> list[Any]:
    with reading(path) as db:
        return find_damages(db)


def _command(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            if "unexpected" in err.getvalue():
                raise RuntimeError(err.getvalue()) from None
            return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def _export(path: Path, truth: _Published) -> Iterator[str]:
    folder = path.parent / "out"
    code, _, _ = _command("export", "--format", "jsonl", "--db", path, folder)
    if code in (0, 10):
        for line in (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if tuple(row[name] for name in _COLUMNS) != truth.rows.get(row["reference"]):
                yield f"export: {row['reference']}"


def _snapshot(path: Path, truth: _Published) -> Iterator[str]:
    copy = path.with_name("damaged.db.copy")
    for options in ((), ("--public",)):
        copy.unlink(missing_ok=True)
        code, _, _ = _command("snapshot", *options, "--db", path, copy)
        if code == 0 or (code == 10 and options):
            now = _published(copy)
            false = [key for key, row in now.rows.items() if row != truth.rows.get(key)]
            false += [key for key, row in now.layouts.items() if row != truth.layouts.get(key)]
            false += [str(key) for key, row in now.texts.items() if row != truth.texts.get(key)]
            if code == 0:
                false += sorted(set(truth.rows) - set(now.rows))
            for key in false:
                yield f"snapshot {options}: {key}"


def _search(path: Path, truth: _Published) -> Iterator[str]:
    with reading(path) as db:
        for hit in search(db, "council", 1_000).hits:
            row = dict(zip(_COLUMNS, truth.rows.get(hit.reference, ()), strict=False))
            shown = (hit.authority, hit.decision_date, hit.outcome)
            if hit.flaw is None and shown != (row.get("authority"), row.get("decision_date"), row.get("outcome")):
                yield f"search: {hit.reference}"


def _show(path: Path, truth: _Published, key: str) -> Iterator[str]:
    code, out, err = _command("show", key, "--db", path)
    if code == 0 and not err and out != f"{truth.rows[key][-1]}\n":
        yield f"show: {key}"


def _web(path: Path, truth: _Published, key: str) -> Iterator[str]:
    shown = _page(path, key)
    if "damaged in this file" not in shown and shown not in ("", truth.page(key)):
        yield f"web page: {key}"


def _page(path: Path, key: str) -> str:
    """Returns the decision's web page without `last_seen`; empty if it is not shown."""
    datasette = make_datasette(path)
    try:
        answer: Any = asyncio.run(datasette.client.get(f"/lgsco/decisions/{key.replace(' ', '+')}"))
    except sqlite3.Error:
        return ""
    finally:
        for database in datasette.databases.values():
            database.close()
        datasette.executor.shutdown()
    found = re.sub(r"last seen on the site [^<]*|queries took [^<]*", "", answer.text)
    return found if answer.status_code == 200 else ""
