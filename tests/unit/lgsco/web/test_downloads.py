"""Downloads as text: CSV, CSV for Excel, JSON and JSON lines."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgsco.web.downloads import EXCEL_CHARACTERS, Csv, Json, Part, encode_excel_cell, make_writer
from lgsco.web.gate import BrokenOff

VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8")), st.binary())
COLUMNS = ["a", "b"]
ROWS = st.lists(st.tuples(VALUES, VALUES))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Sink:
    def __init__(self) -> None:
        self.written: list[str] = []

    async def write(self, chunk: str) -> None:
        self.written.append(chunk)


def written(form: Csv | Json, *batches: list[tuple[object, ...]], fails: bool = False) -> str:
    async def parts() -> AsyncGenerator[Part, None]:
        for rows in batches:
            yield Part(COLUMNS, rows)
        if fails:
            raise ValueError("the disk is gone")

    sink = Sink()
    asyncio.run(make_writer(form, parts())(sink))
    return "".join(sink.written)


@given(ROWS, ROWS)
def test_json_of_any_rows_is_read_back(first: list[tuple[object, ...]], second: list[tuple[object, ...]]) -> None:
    expected = json.loads(json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in [*first, *second]], default=repr))
    found = json.loads(written(Json(), first, second))
    lines = [json.loads(line) for line in written(Json(lines=True), first, second).split("\n") if line]
    assert found == lines
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for column in COLUMNS:
            assert one[column] == other[column] or set(one[column]) == {"$base64", "encoded"}


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), st.integers())))
def test_csv_of_any_rows_is_read_back(rows: list[tuple[object, ...]]) -> None:
    found = list(csv.reader(io.StringIO(written(Csv(), rows), newline="")))
    assert found[0] == COLUMNS
    for (text, number), (cell, digits) in zip(rows, found[1:], strict=True):
        assert digits == str(number)
        assert cell in {text, f"'{text}"}


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-x", "@x", "'x", "\t=1", "＝1"])
def test_csv_runs_no_formula(text: str) -> None:
    assert written(Csv(), [(text, -1)]).splitlines()[1] == f"'{text},-1"


def test_csv_may_have_no_header() -> None:
    assert written(Csv(header=False), [("x", 1)]) == "x,1\r\n"


def test_excel_gets_a_byte_order_mark_once() -> None:
    assert written(Csv(excel=True), [("é", 1)], [("b", 2)]) == "\ufeffa,b\r\né,1\r\nb,2\r\n"


@given(st.integers(EXCEL_CHARACTERS // 2 - 5, EXCEL_CHARACTERS * 2), st.sampled_from("a=é“😀"))
def test_no_cell_for_excel_is_longer_than_excel_allows(count: int, letter: str) -> None:
    text = letter * count
    cell = encode_excel_cell(text)
    assert units(cell) <= EXCEL_CHARACTERS
    whole = text if letter != "=" else f"'{text}"
    if units(whole) <= EXCEL_CHARACTERS:
        assert cell == whole
    else:
        assert cell.endswith(f"this one has {units(whole):,}]")
        assert whole.startswith(cell[: cell.index(" [cut: Excel allows")])


def test_a_download_that_fails_is_broken_off_and_not_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrokenOff):
        written(Json(), [("x", 1)], fails=True)
    assert "a download was broken off: the disk is gone" in capsys.readouterr().err


def test_a_download_without_rows_is_valid() -> None:
    assert json.loads(written(Json(), [])) == []
    assert written(Csv(), []) == "a,b\r\n"
