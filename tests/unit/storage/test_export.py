"""Tests how a row of an export is written as JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.export import as_json, row_as_json


@given(st.dictionaries(st.sampled_from(["reference", "text", "url"]), st.none() | st.text()))
def test_row_as_json_equals_as_json(row: dict[str, str | None]) -> None:
    assert row_as_json(row) == as_json(row)


def test_quotes_backslashes_and_line_ends_are_escaped() -> None:
    assert row_as_json({"text": 'a"b\\n\nc\x7f£', "url": None}) == '{"text": "a\\"b\\\\n\\nc\\u007f£", "url": null}'
