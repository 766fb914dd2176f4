"""Writes files for other programs: the text format, JSON lines, CSV.

`storage.parquet` writes Parquet, `storage.snapshot` a copy of the database.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from storage.digests import DECISION, LAYOUT, find_decision_flaw
from storage.errors import StoreFailed
from storage.model import reference, slug

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
"""What a spreadsheet takes for a formula, or skips before one, at the start of a cell (OWASP, CSV injection)."""


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
    """What an export wrote."""

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
