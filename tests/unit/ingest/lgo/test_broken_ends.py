"""A wrongly nested tag may cut off a title or the end of a decision; then the page is refused, never stored in part."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort
from ingest.lgo.page import parse_page

SENTENCE = "<p>The Council told Mrs X on 3 May that it would review the plan within {} working days.</p>"
TITLE = "<p>St Mary Mead County Council (16 438 124)</p>"


def page(article: str, after: str = "", title: str = TITLE) -> bytes:
    head = "<head><title>A report - Local Government and Social Care Ombudsman</title></head>"
    header = f"<header>{title}<p>Category : Education</p><p>Decision : Upheld</p></header>"
    body = f"<main><article>{header}<h2>The complaint</h2>{article}</article>{after}</main>"
    return f"<!DOCTYPE html><html>{head}<body>{body}</body></html>".encode()


def sentences(count: int) -> str:
    return "".join(SENTENCE.format(number) for number in range(count))


def test_title_split_by_a_stray_tag_is_refused() -> None:
    split = "<p>St Mary Mead County<p> Council (16 438 124)</p></p>"
    with pytest.raises(CutShort, match="the title may begin at 'St Mary Mead County'"):
        parse_page(page(sentences(2), title=split))


def test_line_before_a_sound_title_is_left_out() -> None:
    decision = parse_page(page(sentences(2), title=f"<p>Report</p>{TITLE}"))
    assert decision.lines[0].text == "St Mary Mead County Council (16 438 124)"


def test_text_after_an_article_of_a_page_with_wrong_tags_is_refused() -> None:
    with pytest.raises(CutShort, match="text follows the end of its decision"):
        parse_page(page(sentences(2), after=f"<div><object>{sentences(2)}</div>"))


@pytest.mark.parametrize("after", [f"<div>{sentences(3)}</div>", f"<div><object>{sentences(1)}</div>"])
def test_article_ends_a_decision_where_tags_are_right_or_little_follows(after: str) -> None:
    decision = parse_page(page(sentences(2), after=after))
    assert [line.text[-15:] for line in decision.lines[-2:]] == ["0 working days.", "1 working days."]


def test_header_line_split_by_a_stray_table_is_refused_where_only_the_page_title_has_the_title() -> None:
    header = "<p><strong>Date of<table> decision:</strong> 5 Aug 2019</p><p>Decision : Upheld</p>"
    whole = page(sentences(2)).replace(b"A report -", b"St Mary Mead County Council (16 438 124) -")
    split = whole.replace(f"<header>{TITLE}<p>Category : Education</p>".encode(), f"<header>{header}".encode())
    assert split != whole
    with pytest.raises(CutShort, match="may begin at 'Date of'"):
        parse_page(split)
