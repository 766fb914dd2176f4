"""Tests the text that the tags of a page show, and the comparison of the parser's tree with it."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort
from ingest.parsing.blocks import Block
from ingest.parsing.source_text import (
    Part,
    check_against_source,
    has_only_plain_tags,
    has_sound_tables,
    is_as_in_source,
    read_source,
)


def blocks(*texts: str) -> list[Block]:
    return [Block("paragraph", text) for text in texts]


# ---------------------------------------------------------------- the text of the source


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One <b>two</b>\n three</p>", "Onetwothree"),
        ("<p>a &amp; b &nbsp;</p>", "a&b"),
        ("&am<b>p;</b>", "&amp;"),  # no entity is formed across a tag
        ("a<!-- <p>no</p> -->b<!-->c<!--->d", "abcd"),
        ("a<!-- never ends <p>b", "a"),
        ("a<!-- x --!>b", "ab"),
        ("a<script>if (1 < 2) no()</script>b<style>p {}</style >c", "abc"),
        ("a<svg><title>no</title><svg>no</svg>no</svg>b", "ab"),
        ("a<svg/>b<noscript>no</noscript>c", "abc"),
        ("a<template><template>no</template>no</template>b", "ab"),
        ("a<script>never ends", "aneverends"),
        ("a<textarea>b <i> c</textarea>d", "ab<i>cd"),
        ("a<textarea>b</textarea>c<p>d</p>", "abcd"),
        ("a<svg><svg/>no</svg>b", "ab"),
        ("a<svg/>b<svg>no</svg>c", "abc"),
        ("a<script>no</script>b<script>no</script>c", "abc"),
        ("a<SCRIPT>no</SCRIPT>b", "ab"),
        ("<title>no</title>a<iframe><iframe>no</iframe>b", "ab"),
        ("a<p title='> b'>c<p title=\"> d\">e<p title=x>f", "acef"),
        ("a<!doctype html>b<?xml?>c</>d", "abcd"),
        ("a < b", "a<b"),
        ("x\u00ady", "xy"),
    ],
)
def test_the_text_of_the_source_has_all_characters_that_are_text(markup: str, text: str) -> None:
    assert read_source(markup).text == text


def test_elements_that_are_not_closed_in_order_are_named() -> None:
    assert read_source("<p>a<b>b</b></p>").wrong == frozenset()
    assert "b" in read_source("<p><b>a</p><p>b</b></p>").wrong
    assert read_source("<html><body><p>a</p>").wrong == frozenset()


def test_an_element_that_never_ends_and_is_opened_again_is_wrong() -> None:
    assert read_source("<svg>a<svg>b").wrong == {"svg"}


def test_wrong_lists_and_cells_may_misplace_items_and_wrong_inline_elements_do_not() -> None:
    assert read_source("<p><b>a</p><p>b</b></p>").places_items
    assert not read_source("<table><tr><td>a</tr></table></td><td>").places_items


def test_the_text_after_the_last_article_is_known() -> None:
    found = read_source("a<article>b</article>c<article>d</article>e<p>f</p>")
    assert (found.text, found.after_articles) == ("abcdef", "ef")
    assert read_source("a<p>b</p>").after_articles == "ab"


# ---------------------------------------------------------------- pages that are not compared


def test_only_elements_for_which_the_parser_drops_no_text_are_plain() -> None:
    assert has_only_plain_tags(b"<article><p><b></b></p><!-- x --></article>")
    assert not has_only_plain_tags(b"<article><p><svg></p></article>")
    assert not has_only_plain_tags(b"<article><p><bdo></p></article>")
    assert not has_only_plain_tags(b"<article><?xml?></article>")
    assert not has_only_plain_tags(b"<article><article><p></p></article>")
    assert not has_only_plain_tags(b"<p></p>")


@pytest.mark.parametrize(
    ("table", "is_sound"),
    [
        (b"<table><tr><td>a <b>b</b></td><th>c</th></tr></table>", True),
        (b"<table><tbody><tr><td>a</td></tr></tbody></table >", True),
        (b"<table><tr><td><p>a</p></td></tr></table>", True),
        (b"<table><tr>words<td>a</td></tr></table>", False),
        (b"<table><tr><td><p>a</td></tr></table></p>", True),
        (b"<table><tr><td>a</td></tr>", False),
        (b"<table><tr><td>a</td></tr></table></table>", False),
        (b"", True),
    ],
)
def test_a_table_is_sound_if_all_its_content_is_in_cells(table: bytes, is_sound: bool) -> None:
    assert has_sound_tables(table) is is_sound


def test_blocks_are_as_in_the_source_if_they_have_all_its_text_and_nothing_is_nested_wrongly() -> None:
    good = b"<article><p>One</p><table><tr><td>a</td><td>b</td></tr></table></article>"
    row = Block("paragraph", "a | b", cells=("a", "b"))
    assert is_as_in_source(good, [*blocks("One"), row])
    assert not is_as_in_source(good, blocks("One"))
    assert not is_as_in_source(good, [row, *blocks("One")])
    assert not is_as_in_source(b"<article><p><b>One</p><p>two</b></p></article>", blocks("One", "two"))
    assert not is_as_in_source(b"<article><div>One</article>", blocks("One"))
    assert not is_as_in_source(b"<article><p>One</article>", blocks("One")), "the paragraph may go on after it"


# ---------------------------------------------------------------- the comparison

WHOLE = Part(range(1, 3), begins=True, ends=True)


def is_cut(markup: str, tree: list[Block], part: Part = WHOLE, left_out: tuple[str, ...] = ()) -> str | None:
    try:
        check_against_source(read_source(markup), tree, part, left_out)
    except CutShort as error:
        return str(error)
    return None


def test_a_tree_with_all_text_of_the_source_passes() -> None:
    assert is_cut("<p>menu<p>Title<p>Text<p>foot", blocks("menu", "Title", "Text", "foot")) is None


def test_characters_of_the_document_that_the_tree_lacks_are_counted() -> None:
    lost = is_cut("<p>menu<p>Title<p>lost<p>Text<p>foot", blocks("menu", "Title", "Text", "foot"))
    assert lost == "the page's tags are nested so wrongly that 4 characters of its text are lost when it is parsed"


def test_text_that_is_lost_outside_the_document_does_not_matter() -> None:
    tree = blocks("menu", "Title", "Text", "foot")
    assert is_cut("<p>menu<p>lost<p>Title<p>Text<p>foot", tree) is None
    assert is_cut("<p>menu<p>Title<p>Text<p>lost<p>foot", tree) is None
    assert is_cut("<p>menu<p>Title<p>Text<p>lost<p>foot", tree, Part(range(1, 3), begins=True, ends=False)) is not None


def test_only_the_characters_inside_the_document_are_compared() -> None:
    tree = blocks("menu", "lost", "Title", "Text", "lost", "foot")
    part = Part(range(2, 4), begins=True, ends=True)
    assert is_cut("<p>x<p>menu<p>lost<p>Title<p>Text<p>lost<p>foot<p>y", tree, part) is None
    assert is_cut("<p>menu<p>lost<p>Title<p>lost<p>Text<p>lost<p>foot", tree, part) is not None


def test_words_that_occur_around_the_document_too_are_distinguished() -> None:
    tree = blocks("Title", "Title", "Text", "Text")
    part = Part(range(1, 3), begins=True, ends=True)
    assert is_cut("<p>Title<p>lost<p>Title<p>Text<p>Text", tree, part) is None
    assert is_cut("<p>Title<p>Title<p>lost<p>Text<p>Text", tree, part) is not None
    assert is_cut("<p>Title<p>Title<p>Text<p>lost<p>Text", tree, part) is None


def test_words_at_the_start_of_the_source_end_the_document_too() -> None:
    assert is_cut("<p>Text<p>lost", blocks("Text"), Part(range(1), begins=True, ends=True)) is None


def test_without_its_first_words_in_the_source_the_whole_text_is_compared() -> None:
    assert is_cut("<p>menu<p>lost<p>Text", blocks("menu", "Made up", "Text")) is not None
    lost = is_cut("<p>x<p>Text", blocks("Made up", "Text"), Part(range(2), begins=True, ends=True))
    assert lost == "the page's tags are nested so wrongly that 1 character of its text is lost when it is parsed"
    assert is_cut("<p>M<p>Text", blocks("Made up", "Text"), Part(range(2), begins=True, ends=True)) is None


def test_words_that_the_tree_moves_out_of_the_document_are_named() -> None:
    markup = "<p>menu<p>Title<b>moved<p>Text</b><p>foot"
    tree = blocks("menu moved", "Title", "Text", "foot")
    assert is_cut(markup, tree, left_out=("menu moved", "foot")) is not None
    moved = blocks("menu", "Title", "Text", "moved", "foot")
    assert is_cut(markup, moved, left_out=("menu", "moved", "foot")) is not None
    straight = "<p>menu<p>Title<p>Text<p>foot<b>x<p>y</b>"
    assert is_cut(straight, blocks("menu", "Title", "Text", "footx", "y"), left_out=("menu", "footx")) is None


MOVED = "the page's tags are nested so wrongly that parsing moves {!r} out of its place"
OPEN_END = Part(range(2), begins=True, ends=False)


def test_words_that_the_tree_moves_after_a_document_without_a_certain_end_are_named() -> None:
    tree = blocks("Title", "Text", "moved words")
    assert is_cut("<p>Title<b>moved words<p>Text</b>", tree, OPEN_END, ("moved words",)) == MOVED.format("moved words")
    assert is_cut("<p>Title<p>Text</p></b>moved words", tree, OPEN_END, ("moved words",)) is None
    long = "moved words " * 9
    lost = is_cut(f"<p>Title<b>{long}<p>Text</b>", blocks("Title", "Text", long), OPEN_END, (long,))
    assert lost == MOVED.format(long[:60])


def test_words_that_the_document_has_as_often_as_the_source_are_not_moved() -> None:
    markup = "<p>Title<b>again<p>lost<p>Text</b><p>again"
    assert is_cut(markup.replace("lost", ""), blocks("Title", "again", "Text", "again"), left_out=("again",)) is None
    apart = "<p>Mr Brown<p>Title<b>Mr<p>Brown</b>"
    part = Part(range(1, 4), begins=True, ends=True)
    assert is_cut(apart, blocks("Mr Brown", "Title", "Mr", "Brown"), part, ("Mr Brown",)) is None
    part = Part(range(3), begins=True, ends=False)
    tree = blocks("Title", "again", "Text", "lost", "again")
    assert is_cut(markup, tree, part, ("again",)) is None
    assert is_cut(markup, tree, part, ("again", "lost")) == MOVED.format("lost")


def test_a_document_that_may_begin_earlier_is_compared_from_the_start_of_the_page() -> None:
    markup = "<p>menu<b>early<p>Title<p>Text</b>"
    tree = blocks("menu", "Title", "Text", "early")
    assert is_cut(markup, tree, Part(range(1, 3), begins=True, ends=False), ("early",)) is None
    assert is_cut(markup, tree, Part(range(1, 3), begins=False, ends=False), ("early",)) == MOVED.format("early")
    at_once = is_cut(markup.removeprefix("<p>menu"), tree[1:], Part(range(2), begins=False, ends=False), ("early",))
    assert at_once == MOVED.format("early")
