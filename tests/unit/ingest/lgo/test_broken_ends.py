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


def test_message_quotes_the_beginning_of_a_long_title() -> None:
    words = "The county council of St Mary Mead, St Peter Mead and all parishes of the county"
    with pytest.raises(CutShort) as refused:
        parse_page(page(sentences(2), title=f"<p>{words}<p> Council (16 438 124)</p></p>"))
    assert str(refused.value) == f"the page's tags are nested so wrongly that the title may begin at {words[:60]!r}"


@pytest.mark.parametrize(
    ("before", "title", "wrong", "is_sound"),
    [
        ("<p>Report</p>", TITLE, "</p>", False),
        ("<p hidden>Report</p>", TITLE, "</p>", True),
        ("<p><a href=/reports>Report</a></p>", TITLE, "</p>", True),
        ("<p>Report</p>", TITLE.replace("p>", "h1>"), "</p>", True),
        ("<h1>Report</h1>", TITLE, "</p>", True),
        ("<h1>Report</h1>", TITLE, "</h1></p>", False),
        ("<h1>Report</h1>", TITLE, "</h1>", True),
        ("<h1>St Mary Mead <p>County</h1></p>", TITLE, "", False),
        ("", TITLE, "</p>", True),
    ],
)
def test_line_before_a_title_is_a_part_of_it_only_where_a_wrong_tag_may_have_split_it(
    before: str, title: str, wrong: str, is_sound: bool
) -> None:
    body = page(sentences(2) + wrong, title=before + title)
    if is_sound:
        assert parse_page(body).lines[0].text == "St Mary Mead County Council (16 438 124)"
        return
    with pytest.raises(CutShort, match=r"the title may begin at '(Report|County)'"):
        parse_page(body)


def test_line_outside_the_article_of_a_title_does_not_belong_to_it() -> None:
    whole = page(sentences(2) + "</p>")
    outside = whole.replace(b"<article>", b"<p>Report</p><article>")
    without = outside.replace(b"article>", b"div>")
    assert without.count(b"<div>") == without.count(b"</div>") == 1
    for body in (whole, outside, without):
        assert parse_page(body).lines[0].text == "St Mary Mead County Council (16 438 124)"


@pytest.mark.parametrize(
    ("before", "wrong", "is_sound"),
    [
        ("<h3>Report</h3>", "</p>", True),
        ("<h3>Report</h3>", "</h3>", False),
        ("<p>Report</p>", "</p>", False),
        ("<p>Report</p>", "", True),
    ],
)
def test_line_before_the_first_header_line_may_belong_to_it_where_only_the_page_title_has_the_title(
    before: str, wrong: str, is_sound: bool
) -> None:
    titled = page(sentences(2) + wrong, title=before).replace(
        b"A report -", b"St Mary Mead County Council (16 438 124) -"
    )
    if is_sound:
        assert [line.text for line in parse_page(titled).lines[:2]] == [
            "St Mary Mead County Council (16 438 124)",
            "Category : Education",
        ]
        return
    with pytest.raises(CutShort, match="the title may begin at 'Report'"):
        parse_page(titled)


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
