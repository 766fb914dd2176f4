"""`distinct_tags` shows every search of a tag what the whole markup would show it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.input_limits import _MAY_BE_LONG
from ingest.parsing.source_tags import Mentions, distinct_tags, find_mentions

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


NOTHING = Mentions(hidden=False, labels=False, items=False, styles=False, roles=False)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (b"<p class=a><li><li class=b>", NOTHING),
        (b"<p hidden>", NOTHING._replace(hidden=True)),
        (b"<p style='color:red'>", NOTHING._replace(styles=True)),
        (b"<p style='display:none'>", NOTHING._replace(styles=True, hidden=True)),
        (b"<p style='visibility:hidden'>", NOTHING._replace(styles=True, hidden=True)),
        (b"<p style='visibility:collapse'>", NOTHING._replace(styles=True, hidden=True)),
        (b"<p class='display visibility'>", NOTHING),
        (b"<p class=label>", NOTHING._replace(labels=True)),
        (b"<ol type=a><li>", NOTHING),
        (b"<ol type=a><li class=b>", NOTHING._replace(items=True)),
        (b"<li value=3>", NOTHING._replace(items=True)),
        (b"<li class=value>", NOTHING),
        (b"<li\tvalue = 3>", NOTHING._replace(items=True)),
        (b"<li style='list-style:none'>", NOTHING._replace(items=True, styles=True)),
        (b"<div role = list>", NOTHING._replace(roles=True)),
        (b"<div class=role>", NOTHING),
    ],
)
def test_words_that_tags_mention_are_found(tags: bytes, found: Mentions) -> None:
    assert find_mentions(tags) == found


def test_an_end_of_a_tag_that_is_missing_adds_nothing() -> None:
    assert distinct_tags(b"<p>one<b") == b"<p>"
    assert distinct_tags(b"words <p") == b""
