"""Tests when a page is whole, and when its only article is cut out."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort, NotADecision, TooLarge
from ingest.parsing.whole_page import Markup, may_be_hidden, read_beyond_article, read_markup

ARTICLE = "<article id=a><p>Text</p></article>"


def page(content: str = ARTICLE, *, before: str = "", end: str = "</body></html>") -> bytes:
    return f"<html><head><title>T</title></head><body>{before}{content}{end}".encode()


def read(content: str = ARTICLE, **more: str) -> Markup:
    return read_markup(page(content, **more))


def test_the_only_article_is_cut_out_with_its_place_and_its_tags() -> None:
    found = read("<ARTICLE ID=a><P>Ĺ</P></ARTICLE>")
    assert found.article == "<ARTICLE ID=a><P>Ĺ</P></ARTICLE>".encode()
    assert found.html.encode()[slice(*found.span)] == found.article
    assert found.tags == b"<article id=a><p></p></article>"
    assert found.low == found.html.encode().lower()
    assert (found.is_article_open, found.has_balanced_articles, found.odd) == (False, True, ())


def test_a_page_is_decoded_by_the_charset_of_its_response() -> None:
    body = page("<p>It owes £5.</p>").decode().encode("cp1252")
    assert read_markup(body, "windows-1252").odd == ()
    assert read_markup(body).odd == ("1 byte not UTF-8, read as windows-1252",)


def test_of_several_articles_or_none_the_whole_page_is_taken() -> None:
    for content in ("<p>Text</p>", ARTICLE * 2, f"<article>{ARTICLE}</article>"):
        found = read(content)
        assert (found.article, found.span, found.tags) == (None, (0, len(found.low)), b"")
        assert (found.is_article_open, found.has_balanced_articles) == (False, True)


def test_tags_in_comments_and_titles_of_drawings_close_no_article() -> None:
    for inside in ("<svg><title></article></title></svg>", "<!-- </article> -->"):
        article = f"<article>{inside}<p>Text</p></article>"
        assert read(article).article == article.encode()
    assert read(f"{ARTICLE}<!-- b --!>", before="<!-- a -->").article == ARTICLE.encode()
    assert read(f"<!-- a --!>{ARTICLE}<!-- b --!><!-- c -->").article == ARTICLE.encode()
    assert read(f"<script>1</script><script>'</article>'</script>{ARTICLE}").article == ARTICLE.encode()


def test_an_empty_title_of_a_drawing_does_not_go_on_to_the_next() -> None:
    found = read(f"<svg><title/></svg>{ARTICLE}<svg><title>x</title></svg>")
    assert found.article == ARTICLE.encode()


def test_articles_that_are_not_closed_or_not_opened_are_counted() -> None:
    opened = read(f"<article>{ARTICLE}")
    assert (opened.is_article_open, opened.has_balanced_articles) == (True, False)
    closed = read(f"{ARTICLE}</article>")
    assert (closed.is_article_open, closed.has_balanced_articles) == (False, False)


@pytest.mark.parametrize("body", [b"", b" \n", "\ufeff".encode()])
def test_an_empty_page_is_not_a_decision(body: bytes) -> None:
    with pytest.raises(NotADecision, match=r"^an empty page$"):
        read_markup(body)


def test_a_page_without_markup_is_not_a_decision() -> None:
    with pytest.raises(NotADecision, match=r"^no markup at all$"):
        read_markup(b"Service unavailable")


@pytest.mark.parametrize(
    ("end", "is_whole"),
    [
        ("</html>", True),
        ("</HTML >\n<!-- made in 3 s -->\n<script>x</script>", True),
        ("</html></html>", True),
        ("</html>more</html>", True),
        ("</html>more", False),
        ("</body>", False),
        ("<!-- </html> -->", False),
        ("<!-- </html>", False),
        ("<script></html>", False),
        ("<style></html></style></html>", True),
        ("<!--></html>", True),
        ("<!---></html>", True),
        ("<!-- x --!></html>", True),
        ("<!-- x --!></html> -->", False),
        ("<!--!></html>", False),
        ("<!--!> -->/<!-- x --></html>", True),
        ("<svg><title></html></title></svg></html>", True),
        ("<svg><title/></svg></html>", True),
        ("<svg><title>x</title></svg></html><!-- </title> -->", True),
        ("<svg><style></svg></html>", True),
        ("<svg/><style></html>", False),
        ("<svg></svg><style></html>", False),
    ],
)
def test_a_page_is_whole_if_markup_ends_it(end: str, is_whole: bool) -> None:
    if is_whole:
        assert read(end=end).article == ARTICLE.encode()
        return
    with pytest.raises(CutShort, match=r"^the page does not end with </html>: it is cut short$"):
        read(end=end)


@pytest.mark.parametrize("content", ["<article><p>Text", "</article><article><p>Text"])
def test_a_page_that_closes_no_article_it_opens_is_cut_short(content: str) -> None:
    with pytest.raises(CutShort, match=r"^the page opens an <article> and does not close it$"):
        read(content)


def test_any_page_is_taken_as_it_is_on_request() -> None:
    found = read_markup(b"<ARTICLE>Text", as_is=True)
    assert found == Markup("<ARTICLE>Text", b"<article>text", None, (0, 13), ())


@pytest.mark.parametrize(
    ("before", "is_cut_out"),
    [
        ("<div hidden>x</div>", True),
        ("<div hidden>", False),
        ("<div hidden><div>x</div>", False),
        ("<div hidden><div>x</div></div>", True),
        ("<div HIDDEN=''>", False),
        ("<div data-hidden>", True),
        ("<div hiddenish>", True),
        ("<input type=hidden>", True),
        ("<input hidden>", True),
        ("<p>hidden</p><div>", True),
        ("<div>it is hidden here", True),
        ("<div><p>1 < hidden >", False),
        ("<div title='1 < 2' hidden>", False),
        ("<div style='color:red; display : none'>", False),
        ("<div style=visibility:collapse>", False),
        ("<div style='display:block'>", True),
        (f"<div style='{'x' * 300}'>", False),
        (f"<div style='{'x' * 299}'>", True),
        ("<div style=\"font-family:'Arial'; display:none\">", False),
        ("<div style='font-family:\"A\";display:none'>", False),
        ('<div style="background:url(a>b); display:none">', False),
        ("<div style='color:red' title='display:none'>", True),
        ("<div style=color:red title=display:none>", True),
        ("<div style='display&#58;none'>", False),
        ("<div title='a>b' hidden>", False),
        ("<div title='a>b'>it is hidden here</div>", True),
        ("<div title='it\"s'>it is hidden here</div>", True),
        ("<div hidden>x</div>" * 20, True),
        ("<div hidden>x</div>" * 21, False),
    ],
)
def test_an_article_that_something_around_it_may_hide_is_not_cut_out(before: str, is_cut_out: bool) -> None:
    found = read(before=before)
    assert (found.article is not None) is is_cut_out


def test_attributes_of_the_article_or_around_it_may_hide_it_and_those_inside_it_do_not() -> None:
    assert read(f"<div hidden>{ARTICLE}</div>").article is None
    assert read("<article hidden><p>Text</p></article>").article is None
    assert read("<article title='a>b' hidden><p>Text</p></article>").article is None
    assert read("<article title='a>b'><p hidden>Text</p></article>").article is not None
    assert read("<article title='a><p>Text</p></article>").article is None, "where its tag ends is left to the parser"
    assert read("<article><p hidden>Text</p></article>").article is not None
    assert may_be_hidden(b"<article hidden>", 0)
    assert not may_be_hidden(b"<article><p hidden>", 0)


def test_the_rest_of_the_page_is_checked_before_it_is_parsed() -> None:
    slow = "<p class='" + "x" * 100_001 + "'>x</p>"
    assert read_beyond_article(read()) == read().html
    outside = read(before=slow)
    assert outside.article is not None
    with pytest.raises(TooLarge):
        read_beyond_article(outside)
    for content in (ARTICLE.replace("<p>Text</p>", slow), slow):
        with pytest.raises(TooLarge):
            read(content)
    with pytest.raises(TooLarge):
        read_markup(slow.encode(), as_is=True)


def test_all_tags_of_an_article_are_checked_and_not_only_the_different_ones() -> None:
    bold = "".join(f"<b {one}>" for one in range(300))  # which the parser would copy into each paragraph
    assert read(f"<article>{bold}</article>").article is not None
    with pytest.raises(TooLarge, match="300 different bold and font tags among 1,002 tags"):
        read(f"<article>{bold}{'<p>' * 700}</article>")
