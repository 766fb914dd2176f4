"""The cells of a download, as Datasette writes them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lgsco.web.cells import make_cells, make_values
from lgsco.web.downloads import Csv
from storage.export import cell

REQUEST = SimpleNamespace(path="/lgsco.csv", query_string="sql=x", full_path="/lgsco.csv?sql=x", url_vars={})
DATASETTE = SimpleNamespace(
    urls=SimpleNamespace(
        path=lambda path: path, row_blob=lambda database, table, key, column: f"/{database}/{table}/{key}.{column}"
    ),
    absolute_url=lambda request, path: f"http://archive.example{path}",
)


def cells(**data: Any) -> tuple[list[str], list[list[Any]]]:
    part = make_cells(DATASETTE, REQUEST, {"database": "lgsco", **data})
    return list(part.columns), [list(row) for row in part.rows]


def test_values_of_json_stay_as_they_are() -> None:
    part = make_values(None, None, {"columns": ["a"], "rows": [[b"x"], [None]]})
    assert (part.columns, part.rows) == (["a"], [[b"x"], [None]])


def test_a_column_with_labels_becomes_two() -> None:
    rows = [[{"value": 7, "label": "seven"}, 1], [8, 2]]
    assert cells(columns=["a", "b"], rows=rows, expanded_columns=["a"]) == (
        ["a", "a_label", "b"],
        [[7, "seven", 1], [8, "", 2]],
    )


def test_a_binary_value_of_a_table_is_a_link_to_its_row() -> None:
    row = {"id": 7, "body": b"\x00"}

    class Row(dict[str, Any]):
        def __iter__(self) -> Any:
            return iter(self.values())

    _, found = cells(columns=["id", "body"], rows=[Row(row)], table="pages", primary_keys=["id"])
    assert found == [[7, "http://archive.example/lgsco/pages/7.body"]]


def test_a_binary_value_of_a_query_is_a_link_with_its_hash() -> None:
    _, ((link,),) = cells(columns=["body"], rows=[[b"\x00"]])
    assert link.startswith("http://archive.example/lgsco.blob?")
    assert hashlib.sha256(b"\x00").hexdigest() in link


@pytest.mark.parametrize(
    "row", [["=1", "a"], ["a", '=1"2', "b,=3", "\r=1", ""], ["'", "-1", "-1a", "@"], ["", "=\n=\r\n="]]
)
def test_rows_are_marked_cell_by_cell(row: list[str]) -> None:
    (found,) = csv.reader(io.StringIO(Csv().write([], [row]), newline=""))
    assert found == [value if re.fullmatch(r"-?\d+", value) else cell(value) for value in row]
