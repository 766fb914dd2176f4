"""A wrongly nested tag may cut off a title or the end of a decision; then the page is refused, never stored in part."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort
from ingest.lgo.broken_ends import _SHORTEST_SENTENCE, find_text_after_end
from ingest.lgo.page import parse_page
from ingest.lgo.titles import parse_title
from ingest.lgo.zones import AFTER, BEFORE, Zones
from storage.model import LeftOut

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
    with pytest.raises(CutShort) as refused:
        parse_page(page(sentences(2), after=f"<div><object>{sentences(2)}</div>"))
    assert str(refused.value) == (
        "the page's tags are nested wrongly, and text follows the end of its decision: "
        "'The Council told Mrs X on 3 May that it would review the pla'"
    )


@pytest.mark.parametrize(
    ("ends", "is_text"),
    [(("e.", "e."), True), (("e;", "e:"), True), (("e", "e."), False), (("e.",), False), ((), False)],
)
def test_two_sentences_after_the_end_are_text(ends: tuple[str, ...], is_text: bool) -> None:
    title = parse_title("St Mary Mead County Council (16 438 124)")
    assert title is not None
    texts = ["A sentenc".ljust(_SHORTEST_SENTENCE - len(end), "c") + end for end in ends]
    left_out = [LeftOut(text, AFTER, True) for text in texts]
    others = [LeftOut("x" * 99 + ".", BEFORE, True), *(LeftOut(text[1:], AFTER, True) for text in texts)]
    zones = Zones(title, [], [*others, *left_out], [], True, range(0))
    assert find_text_after_end(zones) == (texts[0] if is_text else None)


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
