"""Writes Parquet files, for programs that read tables by column: four tables, partitioned by the year of the decision.

This is the only module that imports pyarrow, which the extra `parquet` installs. `lgsco export` imports this module
only when Parquet is requested.
"""

from __future__ import annotations

import sqlite3
from array import array
from calendar import timegm
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from storage.digests import is_instant
from storage.drafts import replacing_folder
from storage.errors import StoreFailed
from storage.export import ATTRIBUTION, COLUMNS, EVERYTHING, Choice, Exported
from storage.sound_decisions import RELATED_COLUMNS, REVISION_COLUMNS, SoundDecision, SoundDecisions, reading_bytes

FOLDER = "parquet"
"""The folder of the tables, in the folder of the export."""
PARTITION = "decision_year"
"""The column that readers make from the names of the folders."""
NO_YEAR = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark, DuckDB and Arrow write NULL in the name of a folder."""

_FILE = "data.parquet"
_GROUP_ROWS = 10_000
_GROUP_BYTES = 640 * 1024
"""A row group, which is in memory at once, ends with the row that reaches either number: rows, or bytes of text."""
_GROUPS_OF_DECISIONS = 2
"""A row group of decisions may be larger by this factor: readers that count decisions read less of what describes each
group, and writing these few rows takes less memory than writing their lines."""
_PAGE_BYTES = 64 * 1024
"""Bytes of a page, the part of a column that is compressed at once. Arrow's 1 MB takes 5 MB more memory."""

_TEXT, _COUNT, _NUMBER = pa.string(), pa.int32(), pa.float64()
_DAY, _INSTANT = pa.date32(), pa.timestamp("ms", tz="UTC")  # Parquet has no whole seconds
_TYPED = {
    "decision_date": _DAY,
    **dict.fromkeys(("first_seen", "last_seen", "updated_at", "recorded_at"), _INSTANT),
    **dict.fromkeys(("position", "revision"), _COUNT),
    "similarity": _NUMBER,
}
"""The columns that are not text."""
_CODES = {_DAY: "i", _INSTANT: "q", _COUNT: "i", _NUMBER: "d"}
"""How `array.array` names numbers of the width that Arrow stores for a type."""
_TABLES = {
    "decisions": COLUMNS,
    "paragraphs": ("reference", "position", "section", "number", "kind", "text"),
    "revisions": REVISION_COLUMNS,
    "related": RELATED_COLUMNS,
}
_LONG = frozenset({"summary", "text", "fields"})
"""The columns without their lowest and highest value: nobody skips rows by them."""
_REPEATED = frozenset(
    {"reference", "authority", "category", "subcategory", "outcome", "kind", "status", "normaliser", "source"}
    | {"section", "number", "change", "reason"}
)
"""The columns whose values repeat within a row group, so that a dictionary of them saves space."""
_DATE = COLUMNS.index("decision_date")


def write(db: sqlite3.Connection, folder: Path, choice: Choice = EVERYTHING) -> Exported:
    """Writes the folder `parquet`: `TABLE/decision_year=YEAR/data.parquet`, with the rows that match their digest.

    Days are dates, instants are UTC timestamps, `position` and `revision` are integers, `similarity` is a number, all
    other columns are text. Each year has a file for each table, even without rows, so that every table has a schema.
    The rows of a year are sorted by authority and date, so that readers skip the row groups of other authorities. An
    archive without a dated decision has an empty year 0000: Arrow cannot infer the type of a column that is only NULL.
    An earlier export is replaced as a whole once this one is complete. Raises StoreFailed, also for a value that is
    not a date.
    """
    decisions = SoundDecisions(db, choice)
    count, year = 0, None
    with reading_bytes(db), replacing_folder(folder / FOLDER, frozenset(_TABLES)) as draft:
        for year, group in groupby(decisions, _find_year):
            with _Year(draft, year) as files:
                for count, decision in enumerate(group, count + 1):  # noqa: B007, B020
                    files.add(decision)
        if year is None:  # undated decisions come first, so no decision has a date
            with _Year(draft, 0):
                pass
    return Exported(count, decisions.left_out)


def _find_year(decision: SoundDecision) -> int | None:
    day = decision.values[_DATE]
    if day is None:
        return None
    try:
        _read_day(day)
    except ValueError:
        raise _not_a_date(day, decision.values[0], "decision_date") from None
    return int(day[:4])


class _Year:
    """The files of one year, one for each table."""

    def __init__(self, folder: Path, year: int | None) -> None:
        partition = f"{PARTITION}={NO_YEAR if year is None else f'{year:04}'}"
        self._files = {table: _File(folder / table / partition, columns) for table, columns in _TABLES.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file in self._files.values():
            file.close(complete=kind is None)

    def add(self, decision: SoundDecision) -> None:
        reference, lines = decision.values[0], decision.lines
        count, size = len(lines.texts), len(decision.values[-1])
        self._files["decisions"].add([[value] for value in decision.values], size // _GROUPS_OF_DECISIONS)
        self._files["paragraphs"].add(
            ([reference] * count, range(count), lines.sections, lines.numbers, lines.kinds, lines.texts), size
        )
        past = sum(len(words) for *_, fields, text in decision.revisions for words in (fields, text) if words)
        self._files["revisions"].add(zip(*decision.revisions, strict=True), past)
        self._files["related"].add(zip(*decision.related, strict=True), 0)


class _File:
    """A Parquet file. Rows wait in memory until they fill a row group."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        folder.mkdir(parents=True)
        self._schema = pa.schema(
            [(name, _TYPED.get(name, _TEXT)) for name in names], metadata={"attribution": ATTRIBUTION}
        )
        self._writer = ParquetWriter(
            folder / _FILE,
            self._schema,
            compression="zstd",
            data_page_size=_PAGE_BYTES,
            use_dictionary=[name for name in names if name in _REPEATED],
            write_statistics=[name for name in names if name not in _LONG],
        )
        self._clear()

    def _clear(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in self._schema]
        self._bytes = 0

    def add(self, columns: Iterable[Iterable[Any]], size: int) -> None:
        """Adds rows, given as columns, with `size` bytes of long text. No column at all adds nothing."""
        for column, values in zip(self._columns, columns, strict=False):
            column.extend(values)
        self._bytes += size
        if len(self._columns[0]) >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def close(self, *, complete: bool) -> None:
        with self._writer:
            if complete:
                self._flush()

    def _flush(self) -> None:
        count = len(self._columns[0])
        if count:
            columns = [
                _make_array(values, column, self._columns[0])
                for column, values in zip(self._schema, self._columns, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), count)
            del columns
            pa.default_memory_pool().release_unused()
            self._clear()


def _make_array(values: Sequence[Any], column: pa.Field, references: Sequence[bytes]) -> pa.Array:
    """Makes the array of a column.

    `pyarrow.array` does it too, in twice the time and more memory: it imports pandas where that is installed.
    """
    is_null = [value is None for value in values]
    known = None
    if any(is_null):
        bits = "".join(["0" if null else "1" for null in reversed(is_null)])
        known = pa.py_buffer(int(bits, 2).to_bytes((len(bits) + 7) // 8, "little"))
    if column.type == _TEXT:
        words = [b"" if value is None else value for value in values]
        ends = array("i", accumulate(map(len, words), initial=0))
        buffers = [known, pa.py_buffer(ends), pa.py_buffer(b"".join(words))]
    else:
        read = _READERS.get(column.type, _pass)
        numbers: array[Any] = array(_CODES[column.type])
        for value, reference in zip(values, references, strict=True):
            try:
                numbers.append(0 if value is None else read(value))
            except ValueError:  # a foreign database may have any value
                raise _not_a_date(value, reference, column.name) from None
        buffers = [known, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(column.type, len(values), buffers)


def _not_a_date(value: bytes, reference: bytes, name: str) -> StoreFailed:
    words, key = (one.decode("utf-8", "replace") for one in (value, reference))
    return StoreFailed(f"{key}: {name} is {words!r}, which is not a date; --format jsonl writes it unchanged")


@lru_cache(maxsize=1_000)
def _read_day(value: bytes) -> int:
    """Returns days since 1970. Raises ValueError for any form but the stored one: others sort differently as text."""
    day = date.fromisoformat(value.decode())
    if day.isoformat().encode() != value:
        raise ValueError
    return day.toordinal() - _DAY_0


@lru_cache(maxsize=1_000)
def _read_instant(value: bytes) -> int:
    """Returns milliseconds since 1970. Raises ValueError."""
    if not is_instant(value):
        raise ValueError
    return timegm(datetime.fromisoformat(value.decode()).timetuple()) * 1_000


def _pass(value: float) -> float:
    return value


_DAY_0 = date(1970, 1, 1).toordinal()
_READERS: dict[pa.DataType, Callable[[Any], float]] = {_DAY: _read_day, _INSTANT: _read_instant}
