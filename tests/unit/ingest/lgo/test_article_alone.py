"""Pages with an article that may be parsed alone. It is, unless part of the decision may be outside it or lost."""

from __future__ import annotations

import pytest

from ingest.errors import CutShort
from ingest.lgo import page
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render
from ingest.parsing.blocks import fold
from storage.model import Oddity

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


@pytest.fixture
def article_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that parses more than the only article of a page."""

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the whole page was parsed")

    monkeypatch.setattr(page, "_parse_whole", refuse)


STATEMENT = f"{HEAD}{BODY}<p>{CLOSING}</p>"
TITLE = "Wexcombe (16 004 117)"
CONTENTS = "<ul><li><a href='#f'>Findings</a></li><li><a href='#w'>What happened</a></li></ul>"
NOTE = "Ombudsman satisfied with council's response: 1 May 2023"
UNCLOSED_LINK = "<a href='/x'><p>A</p><p>B</p>"


@pytest.mark.usefixtures("article_only")
@pytest.mark.parametrize(
    "main",
    [
        f"<article><h1>{TITLE}</h1>{STATEMENT}</article>",
        f"<article><h1>{TITLE}</h1>{STATEMENT.replace('</p>', '<br>More.</p>', 1)}</article>",
        f"<h1>{TITLE}</h1><article>{STATEMENT}</article>",
        f"<h2 class=x>Wexcombe&nbsp;(16 004 117)</h2 >\n<main class=x><div><article>{STATEMENT}</article></div></main>",
        f"<header><h1>{TITLE}</h1></header><section><article>{STATEMENT}</article></section>",
        f"<article><h1>{TITLE}</h1>{HEAD}<ol><li>One.</li></ol><ul><li>Two.</li></ul><p>{CLOSING}</p></article>",
        f"<article><h1>{TITLE}</h1>{HEAD}<table><tr><td>a</td></tr></table><p>{CLOSING}</p></article>",
        f"<article><h1>{TITLE}</h1>{HEAD}<p><a href='/x'>Mr X</a> complained.</p><p>{CLOSING}</p></article>",
        f"<article><p>{TITLE}</p>{STATEMENT}</article>",
        f"<article><h1>{TITLE}</h1>{HEAD}{CONTENTS}<a href='/x'><p>A</p><p>B</p></a>{BODY}<p>{CLOSING}</p></article>",
        f"<article><h1>{TITLE}</h1>{HEAD}{CONTENTS}{BODY}<p>{CLOSING}</p></article>",
        f"<article><h1>{TITLE}</h1>{STATEMENT.replace('complained', 'was not satisfied')}</article>",
    ],
)
def test_a_plain_article_is_parsed_alone(main: str) -> None:
    found = lines(shell(f"<p>Menu</p>{main}"))
    assert (found[0], found[-1]) == (TITLE, CLOSING)


@pytest.mark.usefixtures("article_only")
def test_an_article_without_a_closing_line_is_parsed_alone() -> None:
    assert lines(report(BODY))[-1] == "There was fault."
    article = f"<article>{HEAD}{BODY}</article>"
    assert lines(shell(f"<h1>{TITLE}</h1>{article}<!-- {article} -->"))[0] == TITLE


@pytest.mark.usefixtures("article_only")
def test_the_heading_above_an_article_may_begin_the_page() -> None:
    assert lines(f"<h1>{TITLE}</h1><article>{STATEMENT}</article></html>".encode())[0] == TITLE


@pytest.mark.parametrize(
    ("main", "last"),
    [
        (f"<article><h1>{TITLE}</h1>{STATEMENT}</article><p>{CLOSING}</p>", CLOSING),
        (
            f"<article><h1>{TITLE}</h1>{STATEMENT}</article><p>{NOTE}</p>",
            NOTE,
        ),
        (f"<article><h1>{TITLE}</h1>{HEAD}<video>x</video>{BODY}<p>{CLOSING}</p></article>", CLOSING),
        (f"<h1 hidden>Wexcombe (16 004 118)</h1><article>{STATEMENT}</article>", CLOSING),
        (f"<h1>{TITLE}</h1><p>x</p><article>{STATEMENT}</article>", CLOSING),
        (
            f"<article><h1>{TITLE}</h1>{HEAD}{CONTENTS}<p><a href='/x'>Mr X.</p>{BODY}<p>{CLOSING}</p></article>",
            CLOSING,
        ),
        (f"<article><h1>{TITLE}</h1>{HEAD}<table>{BODY}<tr><td>a</td></tr></table><p>{CLOSING}</p></article>", CLOSING),
        (f"<article><h1>{TITLE}</h1>{HEAD}<ul><li>One.{BODY}</ul><p>{CLOSING}</p></article>", CLOSING),
        (f"<p></i>Menu</p><article><h1>{TITLE}</h1>{HEAD}{BODY}</article>", "There was fault."),
        (
            f"<article><h1>{TITLE}</h1>{HEAD}{CONTENTS}{BODY}{UNCLOSED_LINK}<a href='/y'>C</a>"
            f"<p>{CLOSING}</p></article>",
            CLOSING,
        ),
        (f"<article><h1>{TITLE}</h1>{HEAD}<ul><li>One.<p>{CLOSING}</p></li></ul></article>", CLOSING),
    ],
)
def test_the_whole_page_is_parsed_if_part_of_the_decision_may_be_outside_its_article(
    monkeypatch: pytest.MonkeyPatch, main: str, last: str
) -> None:
    parse_whole, parsed = page._parse_whole, []

    def record(*args: object, **options: object) -> object:
        parsed.append(args)
        return parse_whole(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(page, "_parse_whole", record)
    found = lines(shell(main))
    assert (len(parsed), found[0], found[-1]) == (1, TITLE, last)


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


def test_entries_of_a_contents_list_are_kept_if_their_links_are_not_closed() -> None:
    unclosed = "<a href='#f'><p>Findings</p><p>What happened</p>"
    article = f"<article><h1>{TITLE}</h1>{HEAD}{unclosed}{unclosed}</a>{BODY}<p>{CLOSING}</p></article>"
    assert lines(shell(article))[3:7] == ["Findings", "What happened"] * 2


def test_a_reference_with_unusual_dashes_in_the_heading_above_the_article_is_odd() -> None:
    above = f"<h1>Wexcombe (16\u2011004\u2011117)</h1><article>{STATEMENT}</article>"
    assert parse_page(shell(above)).odd == (Oddity("reference", "16\u2011004\u2011117"),)


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
    with pytest.raises(CutShort, match="in pieces: 'Further'"):
        parse_page(report(article))


def test_page_with_wrong_tags_and_a_part_of_a_note_after_its_decision_is_refused() -> None:
    rest = "<p>We remain dissatisfied with what the Council has said that it will do about this.</p>"
    assert lines(report(f"<p>Overview:</p>{BODY}<p>{CLOSING}</p>{rest}"))[-1] == CLOSING
    with pytest.raises(CutShort) as refused:
        parse_page(report(f"<p>Overview:</p>{BODY}<p>{CLOSING}</p></b>{rest}"))
    assert str(refused.value) == (
        "the page's tags are nested so wrongly that the end of the decision is in pieces: "
        "'We remain dissatisfied with what the Council has said that i'"
    )


def test_a_quoted_angle_bracket_in_the_heading_above_is_not_part_of_the_title() -> None:
    article = f"<article>{HEAD}{BODY}<p>{CLOSING}</p></article>"
    body = shell(f"<h1 data-x='a>b'>Wexcombe (16 004 117)</h1>{article}", title="Decisions")
    assert lines(body)[0] == "Wexcombe (16 004 117)"


def test_footer_below_labels_only_is_not_text() -> None:
    body = shell("<div><h1>Wexcombe (16 004 117)</h1><p>Decision : Upheld</p><p>It was so.</p></div>")
    assert "Contact us" not in lines(body)
    labels = "<h1>Wexcombe (16 004 117)</h1><p>Overview:</p><p>Fault.</p><div>Category</div><div>The</div>"
    assert "Contact us" not in lines(shell(f"<div>{labels}</div>"))
