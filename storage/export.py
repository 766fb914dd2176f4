"""Writes files for other programs: the text format, JSON lines, CSV, and a full copy of the database.

`storage.parquet` writes Parquet.
"""

from __future__ import annotations

import contextlib
import csv
import glob
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from storage.database import error_name, plain_errors
from storage.digests import DECISION, FACTS, LAYOUT, find_decision_flaw, install_digest_triggers
from storage.errors import StoreFailed
from storage.model import reference, slug
from storage.row_checks import Damage, check_index, check_rows

ATTRIBUTION = """\
Decisions of the Local Government and Social Care Ombudsman, https://www.lgo.org.uk/decisions
Copyright Commission for Local Administration in England.

The publisher's terms: free re-use in any format with acknowledgement of the source and its copyright; accurately and
without amendment; not in a misleading context; not mainly for advertising.

The texts are the publisher's words, unaltered; only their layout is this archive's. Each decision's `url` is its
address on the publisher's site, which may have amended or withdrawn it since.
"""
"""The text of `ATTRIBUTION.txt`, which goes with every export."""

ATTRIBUTION_CSV = """
In the CSV file, an apostrophe was put before every cell that begins with an apostrophe or with what a spreadsheet takes
for a formula (= + - @ of any width, tab, line feed, carriage return). It is not part of the words: remove the first
apostrophe to get the original cell.
"""
"""What `ATTRIBUTION.txt` says in addition for CSV."""

OLDEST_SQLITE = "3.37"
"""The oldest SQLite version that reads STRICT tables; older ones report the file as malformed."""

ATTRIBUTION_FILE = "ATTRIBUTION.txt"
DIGESTS_FILE = "SHA256SUMS"
"""Is written beside text files: the SHA-256 of each, as `sha256sum --check` reads it. An import of the folder reads the
files that are named there."""

COLUMNS = (
    *("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary", "url"),
    *("status", "first_seen", "last_seen", "updated_at", "text_sha256", "normaliser", "source", "text"),
)
"""The columns of an export, in every format except `text`."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\n", "\r")
"""Characters that begin a formula in a cell, or that a spreadsheet skips before one (OWASP, CSV injection)."""


class SoundRows:
    """The decisions that match their digest, one row at a time, by reference.

    After the iteration, `left_out` names the others: reference and what is damaged.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.left_out: list[str] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._db.execute(
            f"SELECT {', '.join(f'd.{name}' for name in COLUMNS)}, y.kinds, y.numbers, y.sha256 "
            "FROM decisions AS d LEFT JOIN layouts AS y USING (reference) ORDER BY d.reference"
        ):
            flaw = find_decision_flaw(_find_covered(row), row[-1], row[_TEXT], row[_SHA256], row[_LAST_SEEN])
            if flaw is None:
                yield dict(zip(COLUMNS, row, strict=False))
            else:
                self.left_out.append(f"{row[0]}: {flaw}")


_TEXT, _SHA256, _LAST_SEEN = (COLUMNS.index(name) for name in ("text", "text_sha256", "last_seen"))
_find_covered = itemgetter(*map((*COLUMNS, *LAYOUT).index, (*DECISION, *LAYOUT)))
"""Picks the values that the digest covers from a row of `SoundRows`."""

Writer = Callable[[Iterable[dict[str, Any]], Path], int]
"""Writes decisions into a folder, and returns their number."""


class Exported(NamedTuple):
    """The result of an export."""

    decisions: int
    left_out: list[str]
    """Damaged decisions: reference and what is damaged."""


def export(db: sqlite3.Connection, folder: Path, form: str, writer: Writer | None = None) -> Exported:
    """Writes every decision that matches its digest into a folder, with the attribution beside it.

    `form`: `text` (one file a decision, named by reference), `jsonl`, `csv`, or another with its `writer`. An existing
    file is replaced only once its new version is complete. Raises StoreFailed.
    """
    writers: dict[str, Writer] = {"text": _write_text, "jsonl": _write_jsonl, "csv": _write_csv}
    if folder.exists() and not folder.is_dir():
        raise StoreFailed(f"{folder} is a file; name a folder to write to")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ATTRIBUTION_FILE) as path:
            path.write_text(ATTRIBUTION + (ATTRIBUTION_CSV if form == "csv" else ""), encoding="utf-8")
        sound = SoundRows(db)
        count = (writer or writers[form])(sound, folder)
        return Exported(count, sound.left_out)
    except OSError as error:
        raise StoreFailed(
            f"{folder} cannot be written: {error.strerror or error}; free disk space or name another"
        ) from None


def _write_text(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    count = 0
    with replacing(folder / DIGESTS_FILE) as digests, digests.open("w", encoding="utf-8") as sums:
        for count, row in enumerate(rows, 1):  # noqa: B007  # the last count is the answer
            name = f"{_make_file_name(row['reference'])}.txt"
            body = row["text"].encode()
            with replacing(folder / name) as path:
                path.write_bytes(body)
            sums.write(f"{hashlib.sha256(body).hexdigest()}  {name}\n")
    return count


def _make_file_name(key: str) -> str:
    """Turns a reference into a file name.

    Raises StoreFailed if it is not a reference: a foreign database may have a path in its place.
    """
    try:
        return slug(reference(key))
    except ValueError as error:
        raise StoreFailed(f"{error}; no file of that name is written") from None


def _write_jsonl(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    count = 0
    with replacing(folder / "decisions.jsonl") as path, path.open("w", encoding="utf-8") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007
            file.write(row_as_json(row) + "\n")
    return count


def _write_csv(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    count = 0
    with replacing(folder / "decisions.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow(None if value is None else cell(value) for value in row.values())
    return count


def cell(words: str) -> str:
    """Makes a cell that no spreadsheet runs as a formula.

    Puts an apostrophe before what would be a formula, and before an apostrophe that is already there. So a reader can
    always remove the first apostrophe.
    """
    return f"'{words}" if words.startswith(("'", *_FORMULA)) else words


def as_json(value: object, indent: int | None = None) -> str:
    """Dumps JSON without ASCII escapes, except for characters that are not printable.

    Those are escaped, so that the output neither controls a terminal nor breaks a line.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else _escape(c) for c in text)


def row_as_json(row: Mapping[str, str | None]) -> str:
    """Dumps a row as `as_json` does, in a third of the time.

    It searches a long text for what must be escaped, and does not loop over its characters.
    """
    return "{" + ", ".join([f'"{name}": {_quote(value)}' for name, value in row.items()]) + "}"


def _quote(words: str | None) -> str:
    if words is None:
        return "null"
    quoted = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"' if quoted.isprintable() else as_json(words)


def _escape(character: str) -> str:
    return re.sub("....", r"\\u\g<0>", character.encode("utf-16-be", "surrogatepass").hex())


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path to write to, and renames it to `path` when the context ends without an error."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}-journal").unlink(missing_ok=True)  # left by SQLite when the disk was full


def _remove_abandoned(path: Path, mine: Path) -> None:
    """Removes the temporary files that killed processes left, and one with this process's name."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.part*"):
        process = draft.name.removeprefix(f".{path.name}.").partition(".")[0]
        if process.isdecimal() and (draft.name.startswith(mine.name) or not _is_alive(int(process))):
            draft.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def write_whole(path: Path, text: str) -> None:
    """Writes a text file completely or not at all, and replaces an existing one. Raises StoreFailed."""
    target = Path(os.path.realpath(path))  # replace the file that a link points to, not the link
    if target.exists() and not target.is_file():
        raise StoreFailed(f"{path} is not a regular file and cannot be replaced; name another")
    try:
        with replacing(target) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreFailed(
            f"{path} cannot be written: {error.strerror or error}; free disk space or name another"
        ) from None


def snapshot(db: sqlite3.Connection, target: Path, *, public: bool) -> list[Damage]:
    """Writes a consistent, compacted copy of the database while others read and write it; returns what is damaged.

    A public copy leaves out damaged decisions and their revisions. Any other copy is a backup and has all rows of the
    file. Both are the same archive, with the same UUID, but without the daemon's state, since no daemon runs on them.
    `public` also leaves out raw pages, the journal, the state of the fill, and the queue except for excluded decisions:
    windows are proven without these, so they must be named. The copy is not in WAL mode: it is one file. Raises
    StoreFailed if the target exists.
    """
    if target.exists():
        raise StoreFailed(f"{target} exists; a snapshot never overwrites: remove it, or name another file")
    if not target.parent.is_dir():
        raise StoreFailed(f"{target}: there is no folder {target.parent}")
    with plain_errors(target), replacing(target) as draft:
        _remove_abandoned(target, draft)
        db.execute("PRAGMA query_only = OFF")  # VACUUM INTO needs this; it writes only the copy
        try:
            db.execute("VACUUM INTO ?", (str(draft),))
        except sqlite3.DatabaseError as error:
            if error_name(error).startswith("SQLITE_CORRUPT"):
                raise StoreFailed(
                    f"the database is damaged ({error}) and was not copied; `lgsco restore BACKUP` replaces it"
                ) from None
            raise
        finally:
            db.execute("PRAGMA query_only = ON")
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute("PRAGMA temp_store = MEMORY")
            copy.execute("DELETE FROM daemon")
            if public:
                copy.executescript("".join(f"DELETE FROM {table};" for table in ("pages", "dictionaries")))
            damages = list(check_rows(copy))
            if public:
                _delete_private(copy, {one.reference for one in damages if one.reference is not None})
                _require_sound(copy, damages)
            damages += check_index(copy)
            if public:
                _compact(copy, draft)
            return damages


def _require_sound(copy: sqlite3.Connection, damages: list[Damage]) -> None:
    """Raises StoreFailed if damaged decisions could not be left out, for example where a row has lost its reference."""
    if damages and (left := list(check_rows(copy))):
        raise StoreFailed(
            f"the database is damaged ({left[0]}) and no public copy is made; `lgsco restore BACKUP` replaces it, or "
            "`lgsco verify --repair` rebuilds what it can"
        )


_PRIVATE = (
    *("pages", "dictionaries", "requests", "request_days", "promises", "robots", "pace", "checks", "held_texts"),
    *("rereads", "text_sketches", "unrelated", "renormalising"),
    *("template_answers", "template_sightings", "template_edits", "template_changes"),
)
"""The tables that are empty in a public snapshot."""


def _delete_private(copy: sqlite3.Connection, damaged: Collection[str]) -> None:
    """Deletes private rows and damaged decisions from a snapshot."""
    install_digest_triggers(copy)
    copy.execute("BEGIN")
    for key in damaged:
        copy.execute(
            "UPDATE windows SET state = 'unknown', total = NULL, proven_at = NULL, unproven_since = counted_at "
            "WHERE state = 'proven' AND (SELECT stands_on FROM entries WHERE reference = ?) BETWEEN first AND last",
            (key,),
        )
        for table in ("layouts", "revisions", "absences", "unchecked", *(one.table for one in FACTS), "decisions"):
            copy.execute(f"DELETE FROM {table} WHERE reference = ?", (key,))
    for table in ("layouts", "revisions"):
        copy.execute(f"DELETE FROM {table} WHERE reference NOT IN (SELECT reference FROM decisions)")
    if damaged:  # removing a damaged text would leave the index damaged
        copy.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('rebuild')")
    copy.execute("UPDATE revisions SET page = NULL, document = NULL")
    # These name files and the operator.
    copy.execute("UPDATE runs SET arguments = '{}', message = NULL, process = 0, user_agent = NULL")
    copy.execute("DELETE FROM queue WHERE state <> 'excluded'")
    # The recipient of a copy did not ask for the fill of the original archive.
    copy.execute("UPDATE archive SET made_by = 'snapshot'")
    copy.execute("DELETE FROM fill_state")
    copy.execute("INSERT INTO fill_state (id) VALUES (1)")
    for table in _PRIVATE:
        copy.execute(f"DELETE FROM {table}")
    copy.execute("COMMIT")


def _compact(copy: sqlite3.Connection, draft: Path) -> None:
    """Replaces the draft with a compacted copy.

    A plain VACUUM would need space for a second copy in the system's folder for temporary files.
    """
    with replacing(draft) as compacted:
        compacted.unlink(missing_ok=True)
        copy.execute("VACUUM INTO ?", (str(compacted),))
