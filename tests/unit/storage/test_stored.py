"""Tests how stored values are parsed, which may be anything in a damaged file."""

from __future__ import annotations

from datetime import date

import pytest

from storage.errors import Damaged
from storage.layout import Layout, make_layout, split_lines
from storage.model import Line
from storage.stored import to_day, to_object


def test_sound_stored_values_are_parsed() -> None:
    assert to_day("2026-11-02", "x") == date(2026, 11, 2)
    assert to_object('{"first": 3}', "x") == {"first": 3}


@pytest.mark.parametrize("value", ["2026-11-0\x02", "", None, "2026-13-01", "x" * 500])
def test_a_damaged_date_is_reported_in_one_short_line(value: object) -> None:
    with pytest.raises(Damaged, match=r"a listing entry contains .*, which is not a date") as error:
        to_day(value, "a listing entry")
    assert len(str(error.value)) < 200
    assert str(error.value).isprintable()


@pytest.mark.parametrize("value", ["{", "[1]", "null", '{"a": 1', "\x00"])
def test_damaged_json_is_named(value: str) -> None:
    with pytest.raises(Damaged, match=r"run 7 contains .*, which is not a JSON object"):
        to_object(value, "run 7")


@pytest.mark.parametrize(
    "damaged",
    [
        Layout("tp", '["",""'),
        Layout("tp", '["","",""]'),
        Layout("t", '["",""]'),
        Layout("tq", '["",""]'),
        Layout("tp", "7"),
        Layout("tp", "null"),
    ],
)
def test_a_layout_that_contradicts_its_text_is_damage(damaged: Layout) -> None:
    whole = (Line("header", "one"), Line("paragraph", "two"))
    assert split_lines("one\ntwo", make_layout(whole)) == whole
    with pytest.raises(Damaged):
        split_lines("one\ntwo", damaged)
