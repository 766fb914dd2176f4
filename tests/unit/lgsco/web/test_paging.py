"""The order of rows, the condition that starts a page, and how `_next` encodes its values."""

from __future__ import annotations

import sqlite3

import pytest
from datasette.utils.asgi import BadRequest
from hypothesis import given
from hypothesis import strategies as st

from lgsco.web.paging import (
    HashedValue,
    Page,
    Term,
    Value,
    decode_position,
    encode_position,
    make_condition_after,
    make_order,
)

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.binary(max_size=40),
)
FEW = st.sampled_from([None, -1, 0, 1, 1.5, "", "a", "b", "1", b"", b"a", float("inf")])


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_next_encodes_values_of_every_type(values: list[int | float | str | bytes | None]) -> None:
    written = encode_position(values)
    assert written.isascii()
    read = decode_position(written, len(values))
    assert [(type(one), one) for one in read] == [(type(one), one) for one in values]


@pytest.mark.parametrize("value", ["é" * 300, b"\xff" * 300, "x" * 1_000_000])
def test_next_has_the_hash_of_a_long_value(value: str | bytes) -> None:
    written = encode_position([value, 1])
    assert len(written) < 100
    long, key = decode_position(written, 2)
    assert isinstance(long, HashedValue)
    assert key == 1
    assert encode_position([value]) != encode_position([value[1:]])


def test_text_and_bytes_with_the_same_content_have_different_hashes() -> None:
    assert encode_position(["x" * 600]) != encode_position([b"x" * 600])


@pytest.mark.parametrize(
    "written",
    [
        *("", "zzz", "x1", "i", "i1.5", "i1e3", "i²", "i9223372036854775808", "i-9223372036854775809", "rnan", "r"),
        *("rx", "bf", "bFF", "bxy", "h00", "h" + "Z" * 64, "n1", "$null", "i1,i2", ",", "i" + "9" * 10_000),
    ],
)
def test_invalid_next_is_refused(written: str) -> None:
    with pytest.raises(BadRequest, match="start again from the first page"):
        decode_position(written, 1)


def test_key_breaks_ties_and_is_not_repeated() -> None:
    assert make_order(None, ["a", "b"]) == (Term("a"), Term("b"))
    assert make_order(Term("c", True), ["a", "b"]) == (Term("c", True), Term("a"), Term("b"))
    assert make_order(Term("b", True), ["a", "b"]) == (Term("b", True), Term("a"))


@given(st.lists(st.tuples(FEW, FEW), max_size=12), st.booleans(), st.integers(1, 4))
def test_pages_of_any_size_show_every_row_once_in_order(
    pairs: list[tuple[object, object]], descending: bool, size: int
) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
    db.executemany("INSERT INTO t (a, b) VALUES (?, ?)", pairs)
    terms = make_order(Term("a", descending), ["b", "id"])
    order = ", ".join(term.sql for term in terms)
    expected = db.execute(f"SELECT a, b, id FROM t ORDER BY {order}").fetchall()
    found: list[tuple[object, ...]] = []
    condition: str = "1"
    parameters: dict[str, Value] = {}
    while page := db.execute(f"SELECT a, b, id FROM t WHERE {condition} ORDER BY {order} LIMIT {size}", parameters):
        rows = page.fetchall()
        if not rows:
            break
        found += rows
        condition, parameters = make_condition_after(terms, rows[-1])
    db.close()
    assert found == expected


def page(**options: object) -> Page:
    values = {"table": "t", "datasette_order": "a desc", "terms": (Term("a", True), Term("id")), "key": ("id",)}
    return Page(**{**values, **options})  # type: ignore[arg-type]


def test_condition_from_the_address_is_put_in_brackets() -> None:
    written = "a = 1 or b -- order by a desc limit 9"
    sql, added = page(after=(None, 7)).statement(f"select id, a from t where {written} order by a desc limit 11")
    assert f"where ({written}\n) and " in sql
    assert sql.endswith("order by a desc, id limit 11) order by a desc, id")
    assert added == {"after_1": 7}


def test_page_size_comes_from_the_statement() -> None:
    one = page()
    one.statement("select id, a from t order by a desc limit 11")
    assert one.size == 10


@pytest.mark.parametrize(
    "sql",
    [
        "select id, a from t order by a limit 11",
        "select id, a from t order by a desc, id limit 11",
        "select id, a from t order by a desc limit 11 offset 10",
        "select id, a from u order by a desc limit 11",
        "select id, a from t where a order by a desc limit :n",
    ],
)
def test_unexpected_statement_raises(sql: str) -> None:
    with pytest.raises(RuntimeError, match="unexpected statement"):
        page().statement(sql)
