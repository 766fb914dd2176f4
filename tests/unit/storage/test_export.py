"""Tests how a row of an export is written as JSON and as CSV, and how a file is replaced."""

from __future__ import annotations

import csv
import errno
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.export import as_json, cell, encode_as_csv, encode_as_json, replacing

WORDS = st.text() | st.text(st.sampled_from("a\"\\\n\r,;\t\x7f\u202e£ =-'")) | st.text().map(lambda words: words * 100)
"""Short and long texts, with the characters that a format must escape or quote."""


@given(st.dictionaries(st.sampled_from(["reference", "summary", "url"]), st.none() | WORDS, min_size=1), WORDS)
def test_a_line_of_json_equals_as_json(row: dict[str, str | None], text: str) -> None:
    assert encode_as_json(row, text.encode()).decode() == as_json({**row, "text": text}) + "\n"


def test_quotes_backslashes_and_line_ends_are_escaped() -> None:
    words = 'a"b\\n\nc\x7f£'
    line = encode_as_json({"summary": words, "url": None}, words.encode()).decode()
    escaped = '"a\\"b\\\\n\\nc\\u007f£"'
    assert line == f'{{"summary": {escaped}, "url": null, "text": {escaped}}}\n'


@given(st.lists(st.none() | WORDS, min_size=1, max_size=16), WORDS)
def test_a_line_of_csv_equals_the_standard_librarys(values: list[str | None], text: str) -> None:
    expected = io.StringIO(newline="")
    csv.writer(expected).writerow(None if value is None else cell(value) for value in (*values, text))
    assert encode_as_csv(values, text.encode()).decode() == expected.getvalue()


def test_an_error_of_the_clean_up_does_not_hide_why_a_file_was_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, "refused", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ValueError, match="the reason"), replacing(tmp_path / "x"):
        raise ValueError("the reason")
