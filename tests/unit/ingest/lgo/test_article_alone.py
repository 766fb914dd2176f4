"""Pages with an article that may be parsed alone. It is, unless part of the decision may be outside it or lost."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort
from ingest.lgo import page
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render
from ingest.parsing.blocks import fold

HEAD = "<p>Decision : Upheld</p><p>Decision date : 09 Oct 2022</p>"
BODY = "<h2>What happened</h2><p>Mr X complained.</p><h2>Findings</h2><p>There was fault.</p>"
CLOSING = "Investigator's decision on behalf of the Ombudsman"
FOOTER = "<footer><p>Contact us</p></footer>"


def shell(main: str, *, title: str = "Wexcombe (16 004 117)", footer: str = FOOTER) -> bytes:
    return f"<html><head><title>{title}</title></head><body>{main}{footer}</body></html>".encode()


def report(article: str, after: str = "") -> bytes:
    """An old report, which has no closing line."""
    return shell(f"<main><div><article><h1>Wexcombe (16 004 117)</h1>{HEAD}{article}</article>{after}</div></main>")


def lines(body: bytes) -> list[str]:
    return render(parse_page(body)).split("\n")


def test_an_article_without_a_closing_line_is_parsed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the whole page was parsed")

    monkeypatch.setattr(page, "_parse_whole", refuse)
    assert lines(report(BODY))[-1] == "There was fault."


@pytest.mark.parametrize(
    ("article", "after"),
    [
        pytest.param("<h2>What happened</h2><p>Mr X", " complained.</p>", id="in a paragraph"),
        pytest.param("<h2>What happened</h2><p><b>Mr X", "</b> complained.</p>", id="in bold words"),
        pytest.param(
            "<h2>What happened</h2><p>Mr X complained.</p>",
            f"<p>There was fault.</p><p>{CLOSING.replace('on', '<em><span>on</span></em>', 1)}</p>",
            id="before a closing line in pieces",
        ),
    ],
)
def test_an_article_that_ends_too_early_loses_no_words(article: str, after: str) -> None:
    text = " ".join(lines(report(article, after)))
    for part in (article, after):
        for words in part.replace("<", "\0<").replace(">", ">\0").split("\0"):
            if not words.startswith("<"):
                assert fold(words) in text


def test_unclosed_link_in_a_label_does_not_swallow_a_heading() -> None:
    chapter = shell(
        "<main><article><h1>Wexcombe (16 004 117)</h1><p><span>Decision : </span><span>Upheld<a href='/x'></span></p>"
        "<h2><em>Conclusions</em></h2><p>There was fault.</p></article></main>",
        footer="<div><p>Telephone: 0300</p><a></div>",
    )
    assert "Conclusions" in lines(chapter)


def test_label_value_split_by_a_stray_tag_is_kept() -> None:
    article = (
        "<dl><dt>DECISION</p> DATE :</dt><dd><a href='/x'>09 Oct 2022</a></dd></dl><h3>The Ombudsman's final decision:"
        f"</h3><p>Summary: There was fault.</p><h2>Findings</h2><p>There was fault.</p><p>{CLOSING}</p>"
    )
    body = shell(f"<main><article><h1>Wexcombe (16 004 117)</h1>{article}</article></main>")
    assert "09 Oct 2022" in " ".join(lines(body))


def test_page_with_a_split_heading_of_a_further_report_is_refused() -> None:
    article = (
        f"<p>Overview:</p>{BODY}<p>{CLOSING}</p><h2>Further<li> report</h2><p>The Council did not agree.</p></p>"
        "<p>We remain dissatisfied.</p>"
    )
    with pytest.raises(CutShort, match="in pieces"):
        parse_page(report(article))


def test_a_quoted_angle_bracket_in_the_heading_above_is_not_part_of_the_title() -> None:
    article = f"<article>{HEAD}{BODY}<p>{CLOSING}</p></article>"
    body = shell(f"<h1 data-x='a>b'>Wexcombe (16 004 117)</h1>{article}", title="Decisions")
    assert lines(body)[0] == "Wexcombe (16 004 117)"


def test_footer_below_labels_only_is_not_text() -> None:
    body = shell("<div><h1>Wexcombe (16 004 117)</h1><p>Decision : Upheld</p><p>It was so.</p></div>")
    assert "Contact us" not in lines(body)
    labels = "<h1>Wexcombe (16 004 117)</h1><p>Overview:</p><p>Fault.</p><div>Category</div><div>The</div>"
    assert "Contact us" not in lines(shell(f"<div>{labels}</div>"))
