"""Content around a decision changes nothing in its text, and no part of the decision is left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any

import pytest

from ingest.errors import CutShort, ReadError, WrongReference
from ingest.lgo.page import parse_chapters, parse_page
from ingest.lgo.text_format import render
from ingest.lgo.zones import AFTER, BEFORE, CHAPTERS, CONTENTS, HEADER_LINKS, HIDDEN, TRAILING
from storage.model import Decision

TODAY = date(2026, 11, 27)
TITLE = "Anytown Council (25 004 901)"
LABELS = "<p>Category : Housing &gt; Other</p><p>Decision : Upheld</p><p>Decision date : 06 Oct 2025</p>"
OPENER = "<h3>The Ombudsman's final decision:</h3><p>Summary: We found fault.</p>"
BODY = '<h2 id="a">The complaint</h2><p>Mr X complains.</p><h2 id="b">Final decision</h2><p>I find fault.</p>'
CLOSING = "<p>Investigator's decision on behalf of the Ombudsman</p>"
OLD_BODY = '<h2 id="a">Summary</h2><p>There was fault.</p><h2 id="b">Finding</h2><p>Fault causing injustice.</p>'


def page(
    *,
    before: str = "",
    under: str = "",
    inside: str = "",
    after: str = "",
    outside: str = "",
    old: bool = False,
    wrap: str = "article",
) -> bytes:
    """Returns a page with boilerplate at the given places."""
    opener, body, closing = ("", OLD_BODY, "") if old else (OPENER, BODY, CLOSING)
    return (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{TITLE} - LGSCO</title></head><body>"
        f"<{wrap} id=article>{before}<h1>{TITLE}</h1>{LABELS}{under}{opener}{inside}{body}{closing}{after}</{wrap}>"
        f"{outside}</body></html>"
    ).encode()


def text(**parts: str) -> str:
    return render(parse_page(page(**parts), today=TODAY))  # type: ignore[arg-type]


# ------------------------------------------------------------ boilerplate in many markups

Entries = list[tuple[str, str]]

MARKUPS: dict[str, Callable[[Entries], str]] = {
    "list": lambda entries: f"<ul>{''.join(f'<li><a href={to}>{name}</a></li>' for name, to in entries)}</ul>",
    "numbered": lambda entries: f"<ol>{''.join(f'<li><a href={to}>{name}</a></li>' for name, to in entries)}</ol>",
    "divs": lambda entries: "".join(f"<div><a href={to}>{name}</a></div>" for name, to in entries),
    "paragraphs": lambda entries: "".join(f"<p><a href={to}>{name}</a></p>" for name, to in entries),
    "one paragraph": lambda entries: f"<p>{' | '.join(f'<a href={to}>{name}</a>' for name, to in entries)}</p>",
    "adjoining": lambda entries: f"<div>{''.join(f'<a href={to}>{name}</a>' for name, to in entries)}</div>",
    "nav": lambda entries: f"<nav>{' '.join(f'<a href={to}><span>{name}</span></a>' for name, to in entries)}</nav>",
    "table": lambda entries: (
        "<table>" + "".join(f"<tr><td><a href={to}>{name}</a></td></tr>" for name, to in entries) + "</table>"
    ),
    "definitions": lambda entries: (
        "<dl>" + "".join(f"<dd><a href={to}><b>{name}</b></a></dd>" for name, to in entries) + "</dl>"
    ),
    "buttons": lambda entries: "".join(
        f"<form action={to}><button title='{name}'>{name}</button></form>" for name, to in entries
    ),
}
SHARE: Entries = [("Facebook", "https://f.example/x"), ("LinkedIn", "https://l.example/x"), ("Email", "mailto:a@b.c")]
CRUMBS: Entries = [("Home", "/"), ("Decisions", "/decisions"), ("Housing", "/decisions/housing")]
RELATED: Entries = [("Othertown Council (25 004 956)", "/decisions/housing/other/25-004-956"), ("All", "/decisions")]
PAGER: Entries = [("Previous", "/decisions/housing/other/25-004-900"), ("Next", "/decisions/housing/other/25-004-902")]
CONTENTS_ENTRIES: Entries = [("The complaint", "#a"), ("Final decision", "#b")]
CHAPTER_ENTRIES: Entries = [("Overview", "?chapter=1"), ("The full report", "25-004-901?chapter=2")]
LINKS = {"share": SHARE, "crumbs": CRUMBS, "related": RELATED, "pager": PAGER, "chapters": CHAPTER_ENTRIES}


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize("kind", LINKS)
def test_links_around_a_statement_change_nothing(kind: str, markup: str) -> None:
    block = MARKUPS[markup](LINKS[kind])
    found = {
        (place, wrap): text(**{place: block, "wrap": wrap})
        for place in ("before", "under", "after", "outside")
        for wrap in ("article", "div")
    }
    assert found == dict.fromkeys(found, text())


@pytest.mark.parametrize("markup", MARKUPS)
@pytest.mark.parametrize("kind", LINKS)
def test_links_at_the_end_of_an_old_report_change_nothing(kind: str, markup: str) -> None:
    block = MARKUPS[markup](LINKS[kind])
    for wrap in ("article", "div"):
        old: Any = {"old": True, "wrap": wrap}
        found = {
            (wrap, place, heading): text(**{place: heading + block}, **old)
            for place in ("after", "outside")
            for heading in ("", "<h2>More</h2>")
        }
        assert found == dict.fromkeys(found, text(**old))


@pytest.mark.parametrize(
    ("markup", "place"), list(product([name for name in MARKUPS if name != "buttons"], ["under", "inside"]))
)
def test_a_contents_list_is_left_out_in_any_markup(markup: str, place: str) -> None:
    block = MARKUPS[markup](CONTENTS_ENTRIES)
    assert text(**{place: block}) == text()
    assert text(**{place: f"<h2>On this page</h2>{block}"}) == text() if place == "inside" else True
    found = parse_page(page(inside=block))
    assert {one.rule for one in found.left_out} == {CONTENTS}


def test_list_with_an_entry_that_is_not_a_heading_is_kept() -> None:
    entries = [*CONTENTS_ENTRIES, ("What we did not look at", "#c")]
    for name in ("list", "paragraphs", "divs"):
        assert "What we did not look at" in text(inside=MARKUPS[name](entries))
        assert text(inside=MARKUPS[name](entries)).count("The complaint") == 2, name


@pytest.mark.parametrize("markup", MARKUPS)
def test_chapter_navigation_is_left_out_anywhere(markup: str) -> None:
    block = MARKUPS[markup](CHAPTER_ENTRIES)
    assert text(inside=block) == text()
    assert {one.rule for one in parse_page(page(inside=block)).left_out} == {CHAPTERS}
    other = MARKUPS[markup]([("Another report", "25-004-956?chapter=2")])
    assert "Another report" in text(inside=other)


PANEL = (
    "<h3>Review your privacy settings</h3><h4>Required cookies</h4><p>These cookies enable the website to function.</p>"
    "<p>View required cookies</p><h4>Privacy settings</h4>"
)
PROSE = {
    "panel": f"<div>{PANEL}</div>",
    "footer": "<footer><p>PO Box 1, Coventry.</p></footer>",
    "rating": "<form><p>Was this page useful?</p><select><option>Yes</option></select><button>Send</button></form>",
    "newsletter": "<div><h2>Newsletter</h2><p>Sign up for news.</p><input type=submit value=Go></div>",
}


@pytest.mark.parametrize("place", ["before", "after", "outside"])
@pytest.mark.parametrize("kind", PROSE)
def test_prose_before_the_title_or_after_the_closing_line_changes_nothing(kind: str, place: str) -> None:
    assert text(**{place: PROSE[kind]}) == text()


# ---------------------------------------------------------------- parts that are kept


@pytest.mark.parametrize(
    "kept",
    [
        "<p>See <a href=/guide>our guide</a>.</p>",
        "<p><a href=/annex>Annex A</a></p>",
        "<nav><p>We wrote to the Council.</p></nav>",
        "<aside><p>Key fact: it met twice.</p></aside>",
        "<button>We asked again.</button>",
        "<ul><li><button>It</button> replied.</li></ul>",
        "<article><p>A note of the panel.</p></article>",
        '<div class="breadcrumbs"><p>He went home.</p></div>',
        "<div class=footer><p>A second page of his letter.</p></div>",
        "<object><p>It was blue.</p></object>",
        "<h2>Family B (15 019 136)</h2><p>They complained too.</p>",
    ],
)
def test_nothing_between_title_and_closing_line_is_dropped(kept: str) -> None:
    words = " ".join(block.strip() for block in re.sub(r"<[^>]*>", "", kept.replace("</h2>", " ")).split())
    lines = text(inside=f"<h2>Facts</h2>{kept}").split("\n")
    found = " ".join(line.removeprefix("- ") for line in lines[lines.index("Facts") + 1 : lines.index("The complaint")])
    assert found == words


def test_label_value_that_is_a_link_is_kept() -> None:
    body = page().replace(
        b"<p>Category : Housing &gt; Other</p>",
        b"<dl><dt>Category :</dt><dd><a href=/h>Housing</a> &gt; <a href=/o>Other</a></dd></dl>",
    )
    assert render(parse_page(body)) == text()


@pytest.mark.parametrize(
    ("attribute", "hidden"),
    [
        ("hidden", True),
        ('style="display:none"', True),
        ('style="color:red; DISPLAY : none !important"', True),
        ('style="visibility:hidden"', True),
        ('aria-hidden="true"', False),
        ('class="hidden"', False),
        ('style="display:block"', False),
        ('data-x="display:none"', False),
    ],
)
def test_hidden_elements_are_left_out_and_reported(attribute: str, hidden: bool) -> None:
    for block in (f"<p {attribute}>Draft note.</p>", f"<p>He said <span {attribute}>Draft note.</span> so.</p>"):
        decision = parse_page(page(inside=block))
        assert ("Draft note." not in render(decision)) == hidden
        assert [(one.what, one.example) for one in decision.odd] == [("hidden words", "Draft note.")] * hidden
        assert [(one.rule, one.text) for one in decision.left_out] == [(HIDDEN, "Draft note.")] * hidden


# ------------------------------------------------------------ titles


def test_a_breadcrumb_that_ends_in_the_title_is_not_the_title() -> None:
    for crumb in (f"<p>Home &gt; Housing &gt; {TITLE}</p>", f"<ul><li><a href=/>Home</a></li><li>{TITLE}</li></ul>"):
        assert text(before=crumb) == text()


def test_a_heading_that_names_another_decision_before_the_title_is_boilerplate() -> None:
    related = "<h2>Related: Othertown Council (25 004 956)</h2>"
    for reference in (None, "25 004 901"):
        assert render(parse_page(page(before=related), reference=reference)) == text()
    with pytest.raises(WrongReference):
        parse_page(page(before=related), reference="25 004 956")


def test_a_decision_without_a_title_line_begins_at_its_first_labelled_line() -> None:
    body = page(before="<p>Menu</p>").replace(f"<h1>{TITLE}</h1>".encode(), b"")
    assert render(parse_page(body)) == text()
    assert render(parse_page(body, reference="25 004 901")) == text()


@pytest.mark.parametrize(
    "halves", ["<p>Anytown Council</p><p>(25 004 901)</p>", "<h1>Anytown Council</h1><h2>25 004 901</h2>"]
)
def test_a_title_in_two_blocks_is_one_line(halves: str) -> None:
    assert render(parse_page(page().replace(f"<h1>{TITLE}</h1>".encode(), halves.encode()))) == text()


@pytest.mark.parametrize("dash", ["\u2011", "\u2013", "\u2212", "&nbsp;", "\u2009"])
def test_an_unusual_dash_or_space_in_the_reference_is_odd(dash: str) -> None:
    body = page().replace(b"<h1>Anytown Council (25 004 901)", f"<h1>Anytown Council (25{dash}004{dash}901)".encode())
    decision = parse_page(body, reference="25-004-901")
    assert decision.reference == "25 004 901"
    assert [one.what for one in decision.odd] == ["reference"]
    usual = page().replace(b"<h1>Anytown Council (25 004 901)", b"<h1>Anytown Council (25-004-901)")
    assert parse_page(usual).odd == ()


@pytest.mark.parametrize(
    "named", ["25 004 901 &amp; 25 004 902", "25 004 901, 25 004 902", "25 004 901 and 25 004 902"]
)
def test_title_with_two_references_gives_the_requested_one(named: str) -> None:
    body = page().replace(b"25 004 901", named.encode())
    assert [parse_page(body, reference=one).reference for one in (None, "25 004 901", "25 004 902")] == [
        *("25 004 901", "25 004 901", "25 004 902"),
    ]
    assert parse_page(body, reference="25 004 902").named_with == ("25 004 901",)
    with pytest.raises(ReadError):
        parse_page(body, reference="25 004 903")


# ------------------------------------------------------------ ends

SECOND = f"<h1>Othertown Council (25 004 956)</h1>{LABELS}{OPENER}<h2>The complaint</h2><p>A bus pass.</p>{CLOSING}"


@pytest.mark.parametrize("second", [SECOND, f"<article>{SECOND}</article>", f"<div><section>{SECOND}</section></div>"])
def test_page_with_two_decisions_gives_the_requested_one(second: str) -> None:
    for place in ("after", "outside"):
        both = page(**{place: second})  # type: ignore[arg-type]
        assert render(parse_page(both, reference="25 004 901")) == text()
        other = render(parse_page(both, reference="25 004 956"))
        assert other.startswith("Othertown Council (25 004 956)\n")
        assert "Mr X" not in other


NOTE = "Ombudsman satisfied with the Council's response: 23 September 2026."


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>{NOTE}</p>",
        f"<div><span>{NOTE}</span></div>",
        f"<p><a href=/x>{NOTE}</a></p>",
        f"<h3>{NOTE}</h3>",
        "<p>Ombudsman <b>satisfied</b> with the <a href=/x>Council's</a> response: 23 September 2026.</p>",
    ],
)
def test_dated_note_is_kept_anywhere_after_the_title(markup: str) -> None:
    rest = "<p>Rate this page.</p>"
    for place in ("after", "outside"):
        decision = parse_page(page(**{place: markup + rest}), today=TODAY)  # type: ignore[arg-type]
        assert render(decision) == f"{text()}\n{NOTE}"
        assert [(note.date, note.text) for note in decision.notes] == [(date(2026, 9, 23), NOTE)]
    old = parse_page(page(old=True, after=f"<p>Print this page</p>{markup}{MARKUPS['list'](SHARE)}"), today=TODAY)
    assert render(old).endswith(f"Fault causing injustice.\n{NOTE}")


def test_label_and_value_of_a_note_count_as_one_line() -> None:
    halves = "<dl><dt>Ombudsman satisfied with the response:</dt><dd>23 September 2026</dd></dl>"
    assert text(after=halves) == f"{text()}\nOmbudsman satisfied with the response:\n23 September 2026"


def test_first_word_of_a_note_in_a_paragraph_of_its_own_is_kept_with_the_rest() -> None:
    halves = "<p><b>Ombudsman</b><p>satisfied with the response: 23 September 2026</p>"
    assert text(after=halves) == f"{text()}\nOmbudsman\nsatisfied with the response: 23 September 2026"
    apart = "<p>Ombudsman</p><p>Rate this page.</p><p>satisfied with the response: 23 September 2026</p>"
    assert text(after=apart) == text(), "another block is between them"


@pytest.mark.parametrize(
    "no_note",
    ["Ombudsman satisfied.", "We are satisfied: 23 September 2026.", f"{'x ' * 100}{NOTE}", "Ombudsman: 23 June 2026."],
)
def test_line_that_lacks_a_part_of_a_note_is_left_out_and_counted(no_note: str) -> None:
    decision = parse_page(page(after=f"<p>{no_note}</p>"))
    assert render(decision) == text()
    assert [(one.rule, one.is_counted) for one in decision.left_out] == [(AFTER, True)]


def test_further_report_ends_at_its_last_block_of_prose() -> None:
    further = "<h2>Further report</h2><p>It has not apologised.</p><ul><li>It must.</li></ul>"
    links = MARKUPS["list"](SHARE)
    assert text(after=further + links) == f"{text()}\nFurther report\nIt has not apologised.\n- It must."
    assert text(after=f"<h2>Further report</h2>{links}") == text()
    assert text(outside=further) == text(), "only in the same article"


def test_end_of_report_without_article_is_uncertain_when_more_than_links_follows() -> None:
    after = "<h2>Annex</h2><p>A letter.</p>"
    decision = parse_page(page(old=True, wrap="div", outside=f"{after}<div id=pageFooter><p>PO Box 1.</p></div>"))
    assert render(decision).endswith("Fault causing injustice.\nAnnex\nA letter.")
    assert [one.what for one in decision.odd] == ["uncertain end"]
    certain = parse_page(page(old=True, wrap="div", outside="<footer><p>PO Box 1.</p></footer>"))
    assert certain.odd == ()
    card = "<h3><a href=/decisions/x/y/25-004-956>Othertown Council (25 004 956)</a></h3><p>Statement Upheld</p>"
    related = parse_page(page(old=True, wrap="div", outside=f"{after}<h2>Related</h2>{card}{PANEL}"))
    assert render(related) == render(decision) + "\nRelated" or render(related) == render(decision)
    assert "Statement Upheld" not in render(related)


def test_left_out_blocks_name_their_rule() -> None:
    decision = parse_page(page(before="<p>Menu</p>", under=MARKUPS["list"](SHARE), after="<p>Rate this page.</p>"))
    assert [(one.text, one.rule) for one in decision.left_out] == [
        ("Menu", BEFORE),
        ("Facebook", HEADER_LINKS),
        ("LinkedIn", HEADER_LINKS),
        ("Email", HEADER_LINKS),
        ("Rate this page.", AFTER),
    ]
    old = parse_page(page(old=True, after=f"<h2>More</h2>{MARKUPS['list'](SHARE)}"))
    assert {one.rule for one in old.left_out} == {TRAILING}
    assert len(old.left_out) == 4


# ------------------------------------------------------------ tags nested wrongly


@pytest.mark.parametrize(
    "tag", ["article", "main", "table", "object", "button", "nav", "section", "div", "ul", "select"]
)
@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("old", [False, True])
def test_a_stray_tag_anywhere_loses_no_word(tag: str, end: str, old: bool) -> None:
    whole = page(old=old)
    plain = render(parse_page(whole, today=TODAY))
    stray = f"<{end}{tag}>".encode()
    for place in range(whole.index(b"<h1>"), whole.index(b"</article>") + 1):
        if whole[place : place + 1] != b"<":
            continue
        try:
            found = render(parse_page(whole[:place] + stray + whole[place:], today=TODAY))
        except CutShort:
            continue
        assert sorted("".join(found.split())) == sorted("".join(plain.split())), whole[place : place + 20]


@pytest.mark.parametrize("hiding", ["<template>", "<noscript>", "<svg><title>", "<iframe>", "<style>"])
def test_an_element_that_swallows_the_rest_is_refused(hiding: str) -> None:
    whole = page()
    place = whole.index(b"<p>I find")
    with pytest.raises(ReadError):
        parse_page(whole[:place] + hiding.encode() + whole[place:])


def _as_is() -> Decision:
    cut = page()[: -len("</article></body></html>")]
    with pytest.raises(CutShort):
        parse_page(cut)
    return parse_page(cut, as_is=True)


def test_incomplete_page_is_accepted_as_is_and_reported_as_odd() -> None:
    decision = _as_is()
    assert render(decision) == text()
    assert [one.what for one in decision.odd] == ["taken as it is"]


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        ("The Ombudsman's final decision:", "The Ombudsman's<br>final decision:"),
        ("Decision date :", "Decision<br>date :"),
        ("Back to top", "Back<br>to top"),
        ("Further report", "Further<br>report"),
        ("council's response: 1 May", "council's<br>response: 1<br>May"),
    ],
)
def test_a_line_break_within_a_known_phrase_is_a_space(whole: str, broken: str) -> None:
    body = (
        "<html><body><article><h1>Anytown Council (25 004 920)</h1><p>Decision : Upheld</p>"
        "<p>Decision date : 9 Oct 2022</p><p>The Ombudsman's final decision:</p><p>Summary: Fault.</p>"
        "<h2>The complaint</h2><p>It was lost.</p>"
        "<p>Back to top</p><p>Investigator's decision on behalf of the Ombudsman</p><h2>Further report</h2><p>More.</p>"
        "<p>Ombudsman satisfied with council's response: 1 May 2024</p></article></body></html>"
    )
    assert whole in body
    decision = parse_page(body.replace(whole, broken).encode())
    assert render(decision) == render(parse_page(body.encode()))
    assert decision.decision_date == date(2022, 10, 9)


# ------------------------------------------------------------ further reports and chapters

FURTHER = "<h2>Further report</h2>"
FOLLOW_UP = "<p>We considered the Council's response and are satisfied with it.</p>"


@pytest.mark.parametrize(
    "navigation",
    [
        "<dl><dt><a href='#a'>The complaint</a></dt><dd><a href='#b'>Final decision</a></dd></dl>",
        "<table><tr><td><a href='?chapter=1'>Overview</a></td></tr></table>",
        "<form><select onchange='location=this.value'><option value='?chapter=1'>Overview</option></select></form>",
    ],
)
def test_navigation_below_the_heading_of_a_further_report_loses_none_of_its_words(navigation: str) -> None:
    found = text(after=f"{FURTHER}{navigation}{FOLLOW_UP}").split("\n")
    assert found[-2:] == ["Further report", "We considered the Council's response and are satisfied with it."]


def chapter(article: str) -> bytes:
    """Returns a further chapter, where only `<title>` has the title."""
    head = f"<head><meta charset=utf-8><title>{TITLE} - LGSCO</title></head>"
    return f"<!DOCTYPE html><html>{head}<body><article>{article}</article></body></html>".encode()


TEXT = "<h2>Conclusions</h2><p>The Council was at fault, and we explain why.</p>"
HOME = "<p><a href='/home'>Home</a> <a href='/decisions'>Decisions</a></p>"


@pytest.mark.parametrize(
    ("second", "with_boilerplate"),
    [
        (f"{TEXT}{CLOSING}", f"{TEXT}{CLOSING}<div><p>You are here</p><p>{TITLE}</p>{HOME}</div>"),
        (TEXT, f"{HOME}{TEXT}"),
        (f"<p>{TITLE}</p>{TEXT}", f"<div><p>{'We use cookies. ' * 20}</p></div><p>{TITLE}</p>{TEXT}"),
        (f"<p>1. We met Mr X.</p>{TEXT}", f"{HOME}<p>1. We met Mr X.</p>{TEXT}"),
    ],
)
def test_boilerplate_in_a_chapter_without_header_lines_changes_no_words(second: str, with_boilerplate: str) -> None:
    first = page(old=True)
    expected = render(parse_chapters([first, chapter(second)], today=TODAY))
    assert "The Council was at fault, and we explain why." in expected
    assert render(parse_chapters([first, chapter(with_boilerplate)], today=TODAY)) == expected
