"""Tests how alike two texts are, the sketch that finds them, and the references that a text cites."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.recording.text_likeness import SIMILAR, SKETCH, find_cited, make_sketch, measure_likeness
from storage.model import Line


def paragraphs(*texts: str) -> list[Line]:
    return [Line("paragraph", text) for text in texts]


WORDS = [f"word{number}" for number in range(300)]
TEXT = [" ".join(WORDS[start : start + 15]) for start in range(0, 300, 15)]


def test_one_word_that_differs_makes_texts_nearly_the_same() -> None:
    other = [TEXT[0].replace("word3", "WORD"), *TEXT[1:]]
    likeness = measure_likeness(paragraphs(*TEXT), paragraphs(*other))
    assert 0.95 < likeness < 1
    shared = set(make_sketch(paragraphs(*TEXT))) & set(make_sketch(paragraphs(*other)))
    assert len(shared) >= SKETCH - 2


def test_header_lines_do_not_count() -> None:
    one, other = [Line("header", "A (25 000 001)")], [Line("header", "B (25 000 002)")]
    assert measure_likeness([*one, *paragraphs(*TEXT)], [*other, *paragraphs(*TEXT)]) == 1
    assert make_sketch([*one, *paragraphs(*TEXT)]) == make_sketch(paragraphs(*TEXT))


def test_other_texts_are_not_alike() -> None:
    assert measure_likeness(paragraphs(*TEXT[:10]), paragraphs(*TEXT[10:])) < SIMILAR
    assert measure_likeness(paragraphs("One."), paragraphs("Two.")) == 0


@given(st.lists(st.text("abc ", max_size=60), max_size=30), st.randoms(use_true_random=False))
def test_a_sketch_does_not_depend_on_the_order_of_lines(texts: list[str], chance: object) -> None:
    shuffled = list(texts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    sketch = make_sketch(paragraphs(*texts))
    assert sketch == make_sketch(paragraphs(*shuffled))
    assert len(sketch) <= SKETCH
    assert list(sketch) == sorted(set(sketch))


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("We decided 22 001 234 and 23-004-005a.", ["22 001 234", "23 004 005a"]),
        ("Complaint 22 001 234, then (22 001 234).", ["22 001 234"]),
        ("It paid £22 000 000 or 21,000,000 in all.", []),
        ("Call 0300 061 0614 or 01 234 567.", []),
        ("See 25 000 001a, of this case.", []),
    ],
)
def test_references_that_a_text_names_are_cited(text: str, cited: list[str]) -> None:
    assert find_cited(paragraphs(text), "25 000 001") == cited
