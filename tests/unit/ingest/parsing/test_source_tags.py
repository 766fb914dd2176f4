"""`distinct_tags` shows every search of a tag what the whole markup would show it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.input_limits import _MAY_BE_LONG
from ingest.parsing.source_tags import distinct_tags

_PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<b>", "<b class=a>", "<b\n", "<a href=x>", '<a href="#p">', '<a href="x>', '" title=">">'),
        *("<!-- <b hidden> -->", "<script>", "words", " > ", "<", "='", '"', '<i style = "a>b">', "<a b=x>"),
        *('<a href="' + "x" * 201 + '">', "<a a='1'>", "=", " ", "<li value=3>"),
    ]
)


def test_each_tag_is_returned_once_in_the_order_of_the_page() -> None:
    assert distinct_tags(b"<article><p>one</p><p class=a>two</p></article>") == b"<article><p></p><p class=a></article>"


@pytest.mark.parametrize("markup", [b'<p title="a > b" hidden>one</p>', b"<p title = 'a>b' hidden>one</p>"])
def test_markup_is_returned_whole_if_a_value_contains_the_end_of_a_tag(markup: bytes) -> None:
    assert distinct_tags(markup) == markup


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_a_search_of_a_tag_finds_no_less_than_in_the_markup(text: str) -> None:
    markup = text.encode() + b"</article>"
    tags = distinct_tags(markup)
    for pattern in (rb"<[a-z]+\b", rb"<[a-z][^>]*\shidden", rb"<[a-z][^>]*\bvalue\s*=", rb"<script"):
        assert set(re.findall(pattern, markup)) <= set(re.findall(pattern, tags)), pattern
    assert _MAY_BE_LONG.search(markup) is None or _MAY_BE_LONG.search(tags) is not None
