from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Damaged
from storage.layout import Layout, LineReader, make_layout, split_lines
from storage.model import Line, LineKind

KINDS: list[LineKind] = ["header", "heading", "paragraph", "item"]
LINES = st.lists(
    st.builds(Line, st.sampled_from(KINDS), st.sampled_from(["a", "b c"]), st.sampled_from([None, "1", "1.a"])),
    min_size=1,
)


@given(LINES)
def test_a_line_is_read_as_all_lines_are_split(lines: list[Line]) -> None:
    text = "\n".join(f"- {line.text}" if line.kind == "item" else line.text for line in lines)
    layout = make_layout(lines)
    reader, whole = LineReader(text, layout), split_lines(text, layout)
    assert tuple(reader.read(place) for place in range(len(lines))) == whole
    assert [reader.find_kind(place) for place in range(len(lines))] == [line.kind for line in lines]
    numbers = [line.number for line in lines]
    firsts = [number is not None and numbers.index(number) == place for place, number in enumerate(numbers)]
    assert [reader.begins_number(place) for place in range(len(lines))] == firsts


def test_without_a_layout_each_line_is_a_paragraph() -> None:
    reader = LineReader("a\n- b", None)
    assert [reader.read(place) for place in (0, 1)] == [Line("paragraph", "a"), Line("paragraph", "- b")]
    assert not reader.begins_number(0)


@pytest.mark.parametrize(
    "layout", [Layout("", ""), Layout("p", '[""]'), Layout("pq", '["",""]'), Layout("pp", '["","')]
)
def test_a_layout_that_does_not_match_is_damaged(layout: Layout) -> None:
    with pytest.raises(Damaged):
        LineReader("a\nb", layout)
