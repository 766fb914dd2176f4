"""Writes downloads part by part: CSV, CSV for Excel, JSON and JSON lines.

A download is whole or broken off: a failure after its first bytes closes the connection, so that nobody mistakes a part
for the whole.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from lgsco.web.gate import BrokenOff
from storage.export import cell

EXCEL_CHARACTERS = 32_767
"""Most characters in a cell of Excel, counted in UTF-16. Excel drops the rest without a message."""

BYTE_ORDER_MARK = "\ufeff"
"""By this Excel knows that the file is UTF-8."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a download."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


class Form(Protocol):
    """A format."""

    content_type: str

    def begin(self, columns: Sequence[str]) -> str:
        """Returns what comes before the rows."""

    def write(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
        """Returns some rows."""

    def end(self) -> str:
        """Returns what comes after the rows."""


class Csv:
    """CSV. Cells that a spreadsheet would run as formulas begin with an apostrophe, as in `lgsco export`."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, *, header: bool = True, excel: bool = False) -> None:
        self._header = header
        self._encode = encode_excel_cell if excel else encode_cell
        self._mark = BYTE_ORDER_MARK if excel else ""

    def begin(self, columns: Sequence[str]) -> str:
        return self._mark + (self.write(columns, [columns]) if self._header else "")

    def write(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:  # noqa: ARG002
        written = io.StringIO()
        csv.writer(written).writerows([self._encode(value) for value in row] for row in rows)
        return written.getvalue()

    def end(self) -> str:
        return ""


def encode_cell(value: Any) -> Any:
    """Escapes a cell that a spreadsheet would run as a formula. Numbers stay numbers, also negative ones."""
    return cell(value) if isinstance(value, str) and not _NUMBER.fullmatch(value) else value


def encode_excel_cell(value: Any) -> Any:
    """Does the same, and shortens a cell that is too long for Excel. Its last words then say so."""
    encoded = encode_cell(value)
    if not isinstance(encoded, str) or len(encoded) <= EXCEL_CHARACTERS // 2:
        return encoded
    length = len(encoded.encode("utf-16-le", "surrogatepass")) // 2
    if length <= EXCEL_CHARACTERS:
        return encoded
    note = f" [cut: Excel allows {EXCEL_CHARACTERS:,} characters in a cell, and this one has {length:,}]"
    kept = encoded.encode("utf-16-le", "surrogatepass")[: 2 * (EXCEL_CHARACTERS - len(note))]
    return kept.decode("utf-16-le", "ignore") + note


class Json:
    """A JSON array of objects, or one object a line. A binary value is an object with its Base64, as in Datasette."""

    def __init__(self, *, lines: bool = False) -> None:
        self._lines = lines
        self._is_first = True
        self.content_type = f"{'text/plain' if lines else 'application/json'}; charset=utf-8"

    def begin(self, columns: Sequence[str]) -> str:  # noqa: ARG002
        return "" if self._lines else "["

    def write(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
        written = [json.dumps(dict(zip(columns, row, strict=True)), default=_encode_binary) for row in rows]
        if self._lines:
            return "".join(f"{one}\n" for one in written)
        separator = "\n" if self._is_first else ",\n"
        self._is_first = self._is_first and not written
        return separator + ",\n".join(written) if written else ""

    def end(self) -> str:
        return "" if self._lines else "\n]\n"


def _encode_binary(value: object) -> object:
    if isinstance(value, bytes):
        return {"$base64": True, "encoded": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value)} has no JSON")


def make_writer(form: Form, parts: AsyncGenerator[Part, None]) -> Callable[[Any], Any]:
    """Returns the function that writes a download to a client, for `AsgiStream`. It may raise BrokenOff."""

    async def send(writer: Any) -> None:
        begun = False
        try:
            async with aclosing(parts):
                async for part in parts:
                    before = "" if begun else form.begin(part.columns)
                    begun = True
                    await writer.write(before + form.write(part.columns, part.rows))
            await writer.write(form.end())
        except Exception as error:
            print(f"lgsco: a download was broken off: {error}", file=sys.stderr)  # noqa: T201  # the server's log
            raise BrokenOff from error

    return send
