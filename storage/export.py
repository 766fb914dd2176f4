"""Writes files for other programs: the text format, JSON lines, CSV.

`storage.parquet` writes Parquet, `storage.snapshot` a copy of the database.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NamedTuple

from storage.digests import find_flaw
from storage.errors import StoreFailed, explain_unwritten
from storage.quick_checks import ROW_MATCHES, add_hash_function
from storage.references import reference, slug
from storage.suppressions import REFERENCES, count_stored

ATTRIBUTION = """\
Decisions of the Local Government and Social Care Ombudsman, https://www.lgo.org.uk/decisions
Copyright Commission for Local Administration in England.

The publisher's terms: free re-use in any format with acknowledgement of the source and its copyright; accurately and
without amendment; not in a misleading context; not mainly for advertising.

The texts are the publisher's words, unaltered; only their layout is this archive's. The publisher may have amended or
withdrawn a decision since. The field `url`, where there is one, is the path of the decision's page on
https://www.lgo.org.uk.
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
_BUFFER_BYTES = 256 * 1024
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\n", "\r")
"""Characters that begin a formula in a cell, or that a spreadsheet skips before one (OWASP, CSV injection)."""
_FORMULA_BYTES = tuple(words.encode() for words in ("'", *_FORMULA))


class Choice(NamedTuple):
    """Which decisions an export has. None means no limit; a date excludes decisions without one."""

    authority: str | None = None
    """The name as stored, in any capitals."""
    first: date | None = None
    last: date | None = None

    def condition(self, row: str) -> tuple[str, list[str]]:
        """Returns an SQL condition for a row of `decisions` with this alias, and its values."""
        wanted = (
            (f"{row}.authority = ? COLLATE NOCASE", self.authority),
            (f"{row}.decision_date >= ?", self.first),
            (f"{row}.decision_date <= ?", self.last),
        )
        given = [(term, str(value)) for term, value in wanted if value is not None]
        terms = [f"{row}.reference NOT IN {REFERENCES}", *(term for term, _ in given)]
        return " AND ".join(terms), [value for _, value in given]


EVERYTHING = Choice()


class SoundRows:
    """The chosen decisions that match their digest and are not suppressed, one row at a time, by reference.

    The rows have the text as its bytes, in UTF-8, as a file has them. After the iteration, `left_out` names the other
    decisions: reference and what is damaged.
    """

    def __init__(self, db: sqlite3.Connection, choice: Choice = EVERYTHING) -> None:
        self._db = db
        self._choice = choice
        self.left_out: list[str] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        add_hash_function(self._db)
        chosen, limits = self._choice.condition("d")
        for *values, text, is_sound in self._db.execute(
            f"SELECT {', '.join(f'd.{name}' for name in _SHORT)}, CAST(d.text AS BLOB), {ROW_MATCHES} "
            "FROM decisions AS d LEFT JOIN layouts AS y USING (reference) "
            f"WHERE {chosen} ORDER BY d.reference",
            limits,
        ):
            if is_sound and text is not None and sha256(text).hexdigest() == values[_SHA256]:
                row = dict(zip(_SHORT, values, strict=True))
                row["text"] = text
                yield row
            else:
                flaw = find_flaw(self._db, values[0]) or "a value does not match its digest"
                self.left_out.append(f"{values[0]}: {flaw}")


_SHORT = COLUMNS[:-1]
"""All columns but the text."""
_SHA256 = _SHORT.index("text_sha256")


class Exported(NamedTuple):
    """The result of an export."""

    decisions: int
    left_out: list[str]
    """Damaged rows: reference and what is damaged."""
    suppressed: int = 0
    """Suppressed decisions of the archive, which no export has."""


Writer = Callable[[sqlite3.Connection, Path, Choice], Exported]
"""Writes the chosen decisions into a folder that exists."""


def find_authorities(db: sqlite3.Connection, name: str) -> tuple[bool, list[str]]:
    """Returns whether a decision has an authority of this name, in any capitals, and up to five that contain it."""
    stored = db.execute("SELECT 1 FROM decisions WHERE authority = ? COLLATE NOCASE LIMIT 1", (name,)).fetchone()
    alike = db.execute(
        "SELECT DISTINCT authority FROM decisions WHERE instr(lower(authority), lower(?)) ORDER BY 1 LIMIT 5", (name,)
    )
    return stored is not None, [one for (one,) in alike]


def _attribute(form: str, claim: Sequence[str]) -> str:
    """Returns the text of `ATTRIBUTION.txt`."""
    stored = "\n".join(["", "The state of the archive when this was written:", *claim, ""]) if claim else ""
    return ATTRIBUTION + (ATTRIBUTION_CSV if form == "csv" else "") + stored


def export(
    db: sqlite3.Connection,
    folder: Path,
    form: str,
    writer: Writer | None = None,
    choice: Choice = EVERYTHING,
    claim: Sequence[str] = (),
) -> Exported:
    """Writes every chosen, sound decision that is not suppressed into a folder, with the attribution beside it.

    `form`: `text` (one file a decision, named by reference), `jsonl`, `csv`, or another with its `writer`. `claim`:
    sentences that say what the archive has of the chosen dates; the attribution ends with them. An existing file is
    replaced only once its new version is complete. Raises StoreFailed.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreFailed(f"{folder} is a file; name a folder to write to")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ATTRIBUTION_FILE) as path:
            path.write_text(_attribute(form, claim), encoding="utf-8")
        if writer is not None:
            return writer(db, folder, choice)._replace(suppressed=count_stored(db))
        sound = SoundRows(db, choice)
        write = {"text": _write_texts, "jsonl": _write_jsonl, "csv": _write_csv}[form]
        return Exported(write(sound, folder), sound.left_out, count_stored(db))
    except OSError as error:
        raise explain_unwritten(folder, error) from None


def _write_texts(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    count, names = 0, str(folder)
    with replacing(folder / DIGESTS_FILE) as digests, digests.open("w", encoding="utf-8") as sums:
        for count, row in enumerate(rows, 1):  # noqa: B007  # the last count is the answer
            name = f"{_make_file_name(row['reference'])}.txt"
            _replace_file(names, name, row["text"])
            sums.write(f"{row['text_sha256']}  {name}\n")  # compared with the text just now
    return count


def _replace_file(folder: str, name: str, body: bytes) -> None:
    """Does what `replacing` does, in less time: an export writes one file for each decision."""
    draft = f"{folder}/.{name}.{os.getpid()}.part"
    try:
        _create_file(draft, body)
        os.replace(draft, f"{folder}/{name}")  # noqa: PTH105  # a path as an object costs more than the call
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)  # noqa: PTH108
        raise


def _create_file(path: str, body: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


def _make_file_name(key: str) -> str:
    """Turns a reference into a file name.

    Raises StoreFailed if it is not a reference: a foreign database may have a path in its place.
    """
    try:
        return slug(reference(key))
    except ValueError as error:
        raise StoreFailed(f"{error}; no file of that name is written") from None


def _write_jsonl(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    return _write_lines((encode_as_json(row, row.pop("text")) for row in rows), folder / "decisions.jsonl")


def _write_csv(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    lines = (encode_as_csv(row.values(), row.pop("text")) for row in rows)
    return _write_lines(lines, folder / "decisions.csv", (",".join(COLUMNS) + "\r\n").encode())


def _write_lines(lines: Iterable[bytes], file: Path, header: bytes = b"") -> int:
    """Writes a header and lines, and returns the number of lines."""
    count = 0
    with replacing(file) as draft, draft.open("wb", buffering=_BUFFER_BYTES) as written:
        written.write(header)
        for count, line in enumerate(lines, 1):  # noqa: B007
            written.write(line)
    return count


def encode_as_csv(values: Iterable[str | None], text: bytes) -> bytes:
    """Encodes a row as a line of CSV, as `csv.writer` does, each value marked as in `cell`.

    It takes a tenth of the time, since it searches the text and does not loop over its characters.
    """
    short = ",".join(["" if value is None else _quote_cell(cell(value)) for value in values])
    if text.startswith(_FORMULA_BYTES):
        text = b"'" + text
    if b'"' in text or b"," in text or b"\n" in text or b"\r" in text:
        text = b'"%b"' % text.replace(b'"', b'""')
    return b"%b,%b\r\n" % (short.encode(), text)


def _quote_cell(words: str) -> str:
    if '"' in words or "," in words or "\n" in words or "\r" in words:
        return '"' + words.replace('"', '""') + '"'
    return words


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


def encode_as_json(row: Mapping[str, str | None], text: bytes) -> bytes:
    """Encodes a row and its text as a line of JSON with what `as_json` writes, in a tenth of the time.

    It searches the text for what must be escaped, and does not loop over its characters.
    """
    short = ", ".join(
        [f'"{name}": {"null" if value is None else encode_basestring(value)}' for name, value in row.items()]
    )
    quoted = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    line = b'{%b, "text": "%b"}' % (short.encode(), quoted)
    odd = line.translate(None, _PRINTABLE_ASCII)
    if odd and not odd.decode().isprintable():
        line = as_json({**row, "text": text.decode()}).encode()
    return line + b"\n"


_PRINTABLE_ASCII = bytes(range(0x20, 0x7F))


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
        with contextlib.suppress(OSError):  # the error to report is why the file was not written
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
        raise explain_unwritten(path, error) from None
