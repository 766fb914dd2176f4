"""Writes Parquet files, for programs that read tables by column.

This is the only module that imports pyarrow, which the extra `parquet` installs. `lgsco export` imports this module
only when Parquet is requested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from storage.errors import StoreFailed
from storage.export import ATTRIBUTION, COLUMNS, replacing

_GROUP_ROWS = 1_000
_GROUP_CHARACTERS = 8 * 1024 * 1024
"""The most rows and characters of a row group, which is in memory at once; it ends with the row that reaches either."""

_DAY = (pa.date32(), date.fromisoformat)
_INSTANT = (pa.timestamp("ms", tz="UTC"), datetime.fromisoformat)  # Parquet has no whole seconds
_TYPED = {"decision_date": _DAY, "first_seen": _INSTANT, "last_seen": _INSTANT, "updated_at": _INSTANT}
"""The columns that are not text: their Arrow type, and the function that parses the stored text."""

_SCHEMA = pa.schema(
    [(name, _TYPED[name][0] if name in _TYPED else pa.string()) for name in COLUMNS],
    metadata={"attribution": ATTRIBUTION},
)


def write(rows: Iterable[dict[str, Any]], folder: Path) -> int:
    """Writes `decisions.parquet`, with the rows and columns of the other formats, and returns the number of rows.

    `decision_date` is a date, `first_seen`, `last_seen` and `updated_at` are UTC timestamps, all other columns are
    text. The attribution is also in the file's metadata. Raises StoreFailed, also for a value that is not a date.
    """
    count = 0
    with (
        replacing(folder / "decisions.parquet") as path,
        path.open("wb") as file,
        ParquetWriter(file, _SCHEMA, compression="zstd") as writer,
    ):
        for group in _group_rows(map(_parse_values, rows)):
            writer.write_batch(pa.RecordBatch.from_pylist(group, _SCHEMA))
            count += len(group)
    return count


def _group_rows(every: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    characters = 0
    for row in every:
        group.append(row)
        characters += len(row["text"])
        if len(group) >= _GROUP_ROWS or characters >= _GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _parse_values(row: dict[str, Any]) -> dict[str, Any]:
    for name, (_, read) in _TYPED.items():
        try:
            row[name] = None if row[name] is None else read(row[name])
        except ValueError:  # a foreign database may have any value
            problem = f"{row['reference']}: {name} is {row[name]!r}, which is not a date"
            raise StoreFailed(f"{problem}; --format jsonl writes it unchanged") from None
    return row
