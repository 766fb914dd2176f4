"""The decisions of a table's page that need no request to the file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from datasette.utils.asgi import BadRequest, Request

from lgsco.web.paging import Term
from lgsco.web.views import _ROWID, _key, _read_json_form, _sort, _with


def request(query: str = "", **arguments: str) -> Any:
    return SimpleNamespace(args=arguments, query_string=query, scope={"type": "http", "headers": []}, receive=None)


def column(name: str, kind: str = "TEXT", notnull: int = 1) -> Any:
    return SimpleNamespace(name=name, type=kind, notnull=notnull)


@pytest.mark.parametrize(
    ("primary", "columns", "key"),
    [
        (["reference"], [column("reference"), column("text")], ("reference",)),
        (["id"], [column("id", "integer", 0)], ("id",)),
        (["name"], [column("name", "TEXT", 0)], (_ROWID,)),
        (["a", "b"], [column("a"), column("b", "TEXT", 0)], (_ROWID,)),
        ([], [column("a")], (_ROWID,)),
    ],
    ids=["a key", "an integer key is the row id", "a key that may be NULL", "one of two may be NULL", "no key"],
)
def test_rows_are_distinguished_by_a_key_that_is_never_null(primary: list[str], columns: list[Any], key: Any) -> None:
    assert _key(primary, columns) == key


def test_the_sort_of_the_address_goes_before_that_of_the_metadata() -> None:
    metadata = {"sort_desc": "decision_date"}
    assert _sort(request(), metadata) == Term("decision_date", True)
    assert _sort(request(_sort="authority"), metadata) == Term("authority", False)
    assert _sort(request(), {}) is None
    with pytest.raises(BadRequest, match="not both"):
        _sort(request(_sort="a", _sort_desc="b"), metadata)


def test_a_parameter_is_changed_or_removed_and_empty_ones_stay() -> None:
    changed = _with(request("outcome=&_next=7&_size=5"), _next="9", _size=None)
    assert isinstance(changed, Request)
    assert changed.query_string == "outcome=&_next=9"


def test_a_shape_of_json_that_cannot_be_streamed_is_refused() -> None:
    assert _read_json_form(request(_nl="on")) is not None
    with pytest.raises(BadRequest, match="cannot be streamed; leave _shape out"):
        _read_json_form(request(_shape="arrays"))
