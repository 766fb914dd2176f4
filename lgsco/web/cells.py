"""Makes the cells of a download: for CSV, labels in columns of their own and links to binary values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from datasette.utils import path_from_row_pks, path_with_format

from lgsco.web.downloads import Part


def make_values(_datasette: Any, _request: Any, data: dict[str, Any]) -> Part:
    """Makes some rows of a download that may have any value, such as JSON."""
    return Part(data["columns"], data["rows"])


def make_cells(datasette: Any, request: Any, data: dict[str, Any]) -> Part:
    """Makes some rows of a CSV download, as Datasette does."""
    labelled = frozenset(data.get("expanded_columns") or ())
    columns: list[str] = []
    for name in data["columns"]:
        columns += [name, f"{name}_label"] if name in labelled else [name]
    return Part(columns, _make_rows(datasette, request, data, labelled))


def _make_rows(datasette: Any, request: Any, data: dict[str, Any], labelled: frozenset[str]) -> Iterator[list[Any]]:
    for row in data["rows"]:
        cells: list[Any] = []
        for name, value in zip(data["columns"], row, strict=True):
            if name in labelled:
                cells += [value["value"], value["label"]] if isinstance(value, dict) else [value, ""]
            elif isinstance(value, bytes):
                cells.append(_link_to_binary(datasette, request, data, row, name, value))
            else:
                cells.append(value)
        yield cells


def _link_to_binary(datasette: Any, request: Any, data: dict[str, Any], row: Any, column: str, value: bytes) -> str:
    if table := data.get("table"):
        key = data.get("primary_keys") or []
        path = datasette.urls.row_blob(data["database"], table, path_from_row_pks(row, key, not key), column)
    else:
        digest = hashlib.sha256(value).hexdigest()
        chosen = {"_blob_column": column, "_blob_hash": digest}
        path = datasette.urls.path(
            path_with_format(request=request, format="blob", extra_qs=chosen, replace_format="csv")
        )
    return str(datasette.absolute_url(request, path))
