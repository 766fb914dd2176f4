"""Tests which pages are refused because parsing them would take too long, at the limits."""

from __future__ import annotations

from string import ascii_lowercase

import pytest

from ingest.errors import TooLarge, Undecodable
from ingest.parsing.input_limits import (
    MAX_BYTES,
    MOST_TAGS,
    decode_bounded,
    decode_parsable,
    prints_reference,
    refuse_slow_markup,
    shows_text,
)

LONGEST_TAG = 100_000


def test_a_page_of_more_than_two_mebibytes_is_refused() -> None:
    assert decode_bounded(b"x" * MAX_BYTES, None).text == "x" * MAX_BYTES
    with pytest.raises(TooLarge, match=r"the page has 2,097,153 bytes; no page of the site has more than 2,097,152"):
        decode_bounded(b"x" * (MAX_BYTES + 1), None)


def test_a_page_with_more_than_twenty_thousand_tags_is_refused() -> None:
    assert decode_bounded(b"<b> " * MOST_TAGS, None).data.count(b"<") == MOST_TAGS
    with pytest.raises(TooLarge, match=r"the page has 20,001 tags and is not parsed"):
        decode_bounded(b"<b> " * (MOST_TAGS + 1), None)


def test_the_charset_of_the_answer_decides_how_a_page_is_decoded() -> None:
    assert decode_bounded(b"It owes \xa4 5.", "iso-8859-15").text == "It owes \u20ac 5."
    body = "<p>café</p>".encode("cp1252")
    assert decode_parsable(body, "cp1252").text == decode_bounded(body, "cp1252").text == "<p>café</p>"
    with pytest.raises(Undecodable):
        decode_parsable(b"\x00\x01\x02\x00" * 100)


def test_slow_markup_of_a_decodable_page_is_refused() -> None:
    with pytest.raises(TooLarge) as refused:
        decode_parsable(b"<p class='" + b"x" * LONGEST_TAG + b"'>")
    assert str(refused.value) == (
        "a tag of more than 100,000 bytes, or many of thousands; no page of the site has these, so it was not parsed"
    )


def tag(size: int) -> bytes:
    """A tag that has a number of bytes before its last `>`, and a `>` in its value."""
    return b"<p class='" + b">" * (size - 11) + b"'>"


def test_one_long_tag_counts_like_many_shorter_ones_with_the_same_squares() -> None:
    refuse_slow_markup(tag(LONGEST_TAG))
    with pytest.raises(TooLarge):
        refuse_slow_markup(tag(LONGEST_TAG + 1))
    refuse_slow_markup(tag(LONGEST_TAG // 2) * 4)
    with pytest.raises(TooLarge):
        refuse_slow_markup(tag(LONGEST_TAG // 2) * 4 + b"<p>")


def test_many_different_bold_and_font_tags_are_refused_and_equal_ones_are_not() -> None:
    names = [f"{one}{two}".encode() for one in ascii_lowercase for two in ascii_lowercase]

    def page(different: int) -> bytes:
        bold = b"".join(b"<b %s>" % name for name in names[:different])
        return bold + b"<p>" * (1_000 - different)

    refuse_slow_markup(page(266))  # 3 * 266 * 1,000 = 798,000 copies
    with pytest.raises(TooLarge) as refused:
        refuse_slow_markup(page(267))
    assert str(refused.value) == (
        "267 different bold and font tags among 1,000 tags; no page of the site has so many, so it was not parsed"
    )
    refuse_slow_markup(b"<b a>" * 900 + b"<p>" * 100)
    refuse_slow_markup(b"".join(b"<i%s>" % name for name in names) + b"<p>" * 100)  # these are not italics


def test_long_bold_tags_and_links_are_refused_if_the_parser_would_copy_many_bytes() -> None:
    def page(bold: int, link: int) -> bytes:
        """A hundred tags, among them a bold one and a link of some bytes before their last `>`."""
        links = b"<a href='" + b"y" * (link - 10) + b"'>" if link else b""
        marks = b"<b class='" + b"x" * (bold - 11) + b"'>" if bold else b""
        return marks + links + b"<p>" * (100 - bool(bold) - bool(link))

    refuse_slow_markup(page(20_000, 0))  # three copies of 20,000 bytes for each of 100 tags
    with pytest.raises(TooLarge) as refused:
        refuse_slow_markup(page(20_001, 0))
    assert str(refused.value) == (
        "bold tags, font tags and a link of 60,003 bytes among 100 tags; no page of the site has so many, so it was "
        "not parsed"
    )
    refuse_slow_markup(page(0, 60_000))
    with pytest.raises(TooLarge, match="a link of 60,001 bytes"):
        refuse_slow_markup(page(0, 60_001))
    with pytest.raises(TooLarge, match="a link of 60,030 bytes"):
        refuse_slow_markup(page(10_005, 30_015))
    short = b"<a href='" + b"z" * 300 + b"'>"
    refuse_slow_markup(short + page(0, 60_000)[:-3], None)  # only the longest link counts: one ends the one before


def test_known_tags_stand_for_those_of_the_markup() -> None:
    slow = b"".join(b"<b a=%d>" % n for n in range(900))
    refuse_slow_markup(slow, b"<p>")
    with pytest.raises(TooLarge):
        refuse_slow_markup(slow, slow)
    with pytest.raises(TooLarge):  # so many tags are always examined
        refuse_slow_markup(b"<p>" * 1_800 + slow, b"<p>")


LINES = [f"Line {n} of a known text, which has sixty characters and a few more." for n in range(3)]


def test_a_page_shows_a_text_if_it_has_a_third_of_its_longer_lines_in_any_markup() -> None:
    text = "\n".join([*LINES[:2], f"- {LINES[2]}", "Short line"])
    one = LINES[2].replace(" of ", "&nbsp;<b>of</b>\n ")
    assert shows_text(f"<p>{one}</p>".encode(), None, text)
    assert not shows_text(b"<p>Short line</p>", None, text)
    assert not shows_text(f"<p>{one}</p>".encode(), None, f"{text}\n{'x' * 60}")
    assert not shows_text(b"<p>Short line</p>", None, "Short line"), "short lines prove nothing"
    assert not shows_text(f"<p>{one}&#{'9' * 5000};</p>".encode(), None, text), "nor does a broken page"
    assert not shows_text(b"\x00\x01\x02\x00" * 100, None, text)
    paid = LINES[0].replace("Line 0", "\u20ac 5")
    assert shows_text(paid.encode("iso-8859-15"), "iso-8859-15", paid)
    assert not shows_text(paid.encode("iso-8859-15"), None, paid)
    assert shows_text("<p>".encode("utf-16") + f"{LINES[0]}".encode("utf-16-le"), "utf-16", LINES[0])


def test_a_page_prints_a_reference_with_any_kind_of_space() -> None:
    for printed in ("25 004 901", "25&nbsp;004&nbsp;901", "25\u00a0004\u00a0901"):
        assert prints_reference(f"<h1>Anytown Council ({printed})</h1>".encode(), "25 004 901")
    assert not prints_reference(b"<h1>25 004 902</h1>", "25 004 901")
    assert not prints_reference(b"\x00\x01\x02\x00" * 100, "25 004 901")
