from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.query.parser import parse_query
from storage.query.passages import Matcher, choose_lines, shorten
from storage.stems import find_stem

LINE = "The Council’s well-known delays, in 2024, cost Mr O’Brien £1,500: “not in Café Möbel’s best interests”."


def marked(query: str, line: str = LINE) -> list[str]:
    found = Matcher(parse_query(query), find_stem).find(line)
    return [line[start:end] for start, end in found.marks]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("delay", ["delays"]),
        ("DELAYED", ["delays"]),
        ("council's", ["Council"]),
        ("well-known", ["well-known"]),
        ("known-well", []),
        ('"delay"', []),
        ('"best interests"', ["best interests"]),
        ('"best interest"', []),
        ('"best inter"*', ["best interests"]),
        ('"well known delays in"', ["well-known delays, in"]),
        ("cafe mobel", ["Café", "Möbel"]),
        ("inter*", ["interests"]),
        ("1500", ["1,500"]),
        ("£1,500", ["1,500"]),
        ("o'brien", ["O’Brien"]),
        ("delay OR interests", ["delays", "interests"]),
        ("delay NOT interests", ["delays"]),
        ("NOT delay", []),
        ("authority:kent delay", ["delays"]),
        ('"council" "council s well"', ["Council’s well"]),
        ("NEAR(council delay, 3)", ["Council", "delays"]),
        ("NEAR(delay council, 2)", []),
        ('NEAR(delay "best interests" council, 16)', []),
        ('NEAR(delay "best interests" council, 17)', ["Council", "delays", "best interests"]),
    ],
)
def test_the_words_of_a_query_are_marked(query: str, words: list[str]) -> None:
    assert marked(query) == words


def test_near_marks_only_the_words_that_are_near() -> None:
    assert marked("NEAR(delay council, 1)", "delay a b c d council delay x") == ["council", "delay"]


LETTERS = st.lists(st.sampled_from("abcx"), max_size=30).map(" ".join)


@given(LETTERS, st.integers(0, 6))
def test_near_is_found_as_by_trying_all_places(line: str, distance: int) -> None:
    query = f'NEAR(a b "c x", {distance})'
    words = line.split()
    a, b = ([(place, place + 1) for place, word in enumerate(words) if word == letter] for letter in "ab")
    c = [(place, place + 2) for place in range(len(words) - 1) if words[place : place + 2] == ["c", "x"]]
    near = [
        chosen
        for chosen in product(a, b, c)
        if all(max(start for start, _ in chosen) - end <= distance for _, end in chosen)
    ]
    matcher = Matcher(parse_query(query), find_stem)
    expected = {place for chosen in near for start, end in chosen for place in range(start, end)}
    marks = matcher.find(line).marks
    assert {at // 2 for start, end in marks for at in range(start, end, 2)} == expected


@given(st.text(alphabet="delays assessed É’", max_size=40))
def test_words_are_found_alike_in_plain_and_in_other_letters(line: str) -> None:
    """Lines with only ASCII letters are searched by one pattern, others word by word."""
    matcher = Matcher(parse_query("delay OR assess* OR 'as'"), find_stem)
    plain = line.replace("É", "e")
    assert matcher.find(plain) == matcher.find(plain + " ж")


def test_a_line_of_many_words_is_searched_for_near_in_little_time() -> None:
    """It took the square of the number of words: minutes for this line."""
    assert len(marked("NEAR(delay council, 5)", "delay council " * 20_000)) == 40_000


@given(st.lists(st.sampled_from(["Delays", "café", "council’s", "x", "–", "Möbel", "interest"]), max_size=8))
def test_the_probe_misses_no_line(words: list[str]) -> None:
    matcher = Matcher(parse_query('delay cafe "council s" inter* NEAR(mobel x)'), find_stem)
    line = " ".join(words)
    (maybe,) = matcher.probe(line)
    assert matcher.find(line).terms & ~maybe == 0


@pytest.mark.parametrize(
    ("found", "cost", "chosen"),
    [
        ([0, 0], [0, 0], []),
        ([0, 1, 0], [0, 0, 0], [1]),
        ([1, 1, 3], [0, 0, 0], [2, 0]),
        ([1, 3, 4], [0, 0, 0], [1, 2]),
        ([3, 6, 5, 8], [0, 0, 0, 0], [0, 1]),
        ([1, 1, 1], [2, 0, 1], [1, 2]),
        ([3, 3, 1], [9, 0, 0], [1, 2]),
        ([7, 3], [9, 0], [0, 1]),
    ],
)
def test_the_two_lines_with_the_most_words_are_chosen(found: list[int], cost: list[int], chosen: list[int]) -> None:
    assert choose_lines(found, cost) == chosen


@given(st.lists(st.integers(0, 15), max_size=12))
def test_no_other_two_lines_have_more_words(found: list[int]) -> None:
    chosen = choose_lines(found, [0] * len(found))
    most = max(((a | b).bit_count() for a in found for b in found), default=0)
    assert sum({bit for place in chosen for bit in (1, 2, 4, 8) if found[place] & bit}).bit_count() == most
    assert all(found[place] for place in chosen)
    assert len(chosen) == min(2, len([one for one in found if one]))


def test_a_long_line_is_cut_around_its_first_mark() -> None:
    line = f"{'before ' * 50}the delay {'after ' * 50}".strip()
    start = line.index("delay")
    text, marks = shorten(line, ((start, start + 5), (len(line) - 5, len(line))), 100)
    assert [text[a:b] for a, b in marks] == ["delay"]
    assert text.startswith("… before")
    assert text.endswith("after …")
    assert len(text) < 110
    assert shorten("short", ((0, 5),), 100) == ("short", ((0, 5),))
    assert shorten("word " * 50, (), 20) == ("word word word word …", ())


@given(st.text(alphabet="ab ", max_size=80), st.integers(0, 79), st.integers(1, 5), st.integers(1, 40))
def test_cutting_keeps_marks_on_their_words(line: str, start: int, length: int, most: int) -> None:
    marks = ((start, start + length),) if start + length <= len(line) else ()
    text, kept = shorten(line, marks, most)
    assert [text[a:b] for a, b in kept] == [line[a:b] for a, b in marks][: len(kept)]
