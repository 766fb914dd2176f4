"""The page parser: golden pages, the same decision in every markup, and the words of the page in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import CutShort, ReadError, WrongReference
from ingest.lgo.page import find_chapters, parse_chapters, parse_page
from ingest.lgo.text_format import parse, render
from storage.model import Decision, LeftOut, Oddity
from support.documents import (
    EXAMPLES,
    MARKUPS,
    PHASES,
    SEEDS,
    Document,
    Heading,
    Item,
    Listing,
    Paragraph,
    Table,
    documents,
    numbers_of,
    page_of,
    text_of,
)
from support.few_cases import examples
from support.paths import GOLDEN
from support.walker import words_of_page, words_of_text

PAGES = GOLDEN / "pages"
NAMES = sorted({path.name.split(".")[0] for path in PAGES.glob("*.html")})

slow = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
markups = st.sampled_from(MARKUPS)


def bodies(name: str) -> list[bytes]:
    """Returns the pages of one decision: one, or the chapters of a report in order."""
    chapters = sorted(PAGES.glob(f"{name}.?.html"))
    return [path.read_bytes() for path in chapters or [PAGES / f"{name}.html"]]


def reading(pages: Sequence[bytes], reference: str | None = None) -> Decision:
    return parse_chapters(pages, reference=reference)


def numbers(decision: Decision) -> list[str | None]:
    return [line.number for line in decision.lines]


def page(body: str, *, header: str = "", title: str = "Wexcombe Council (23 004 117)") -> bytes:
    """Returns a small complete page in the plainest markup, with the given body."""
    lines = header or '<p><span class="label">Decision</span> <span class="value">Upheld</span></p>'
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>x</title></head><body><article id="article">'
        f"<h1>{title}</h1>{lines}<p>The Ombudsman's final decision:</p><p>Summary: There was fault.</p>"
        f"{body}<p>Investigator's decision on behalf of the Ombudsman</p></article></body></html>"
    ).encode()


def body_of(decision: Decision) -> list[str]:
    """Returns the lines between the summary and the closing line, items with their dash."""
    lines = render(decision).split("\n")
    return lines[lines.index("Summary: There was fault.") + 1 : -1]


def numbered(decision: Decision) -> list[tuple[str | None, str]]:
    """Returns the lines of the body with their numbers."""
    lines = [(line.number, line.text) for line in decision.lines]
    return lines[lines.index((None, "Summary: There was fault.")) + 1 : -1]


# -- the golden pages


def expected(name: str) -> tuple[str, dict[str, Any]]:
    text, facts = PAGES / f"{name}.txt", PAGES / f"{name}.json"
    assert text.exists(), f"tests/golden/pages/{name}.txt is missing: write what must be read from {name}.html, by hand"
    assert facts.exists(), (
        f"tests/golden/pages/{name}.json is missing: write the numbers and fields of {name}.html, by hand"
    )
    found: dict[str, Any] = json.loads(facts.read_text("utf-8"))
    return text.read_bytes().decode(), found


def check(found: object, wanted: object, what: str) -> None:
    """A list in the file has all results that the format allows."""
    assert found in wanted if isinstance(wanted, list) else found == wanted, f"{what}: {found!r}, not {wanted!r}"


def test_golden_pages_exist() -> None:
    assert len(NAMES) >= 14
    assert {path.stem for path in PAGES.glob("*.txt")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_golden_page_gives_its_text(name: str) -> None:
    text, _ = expected(name)
    assert render(reading(bodies(name))) == text


@pytest.mark.parametrize("name", NAMES)
def test_golden_page_gives_its_paragraph_numbers(name: str) -> None:
    text, facts = expected(name)
    lines = reading(bodies(name)).lines
    rendered = [f"- {line.text}" if line.kind == "item" else line.text for line in lines]
    assert rendered == text.split("\n")
    assert len(facts["numbers"]) == len(lines)
    for line, number in zip(lines, facts["numbers"], strict=True):
        check(line.number, number, line.text)


@pytest.mark.parametrize("name", NAMES)
def test_golden_page_gives_its_fields(name: str) -> None:
    _, facts = expected(name)
    decision = reading(bodies(name))
    for field, wanted in facts["fields"].items():
        found = getattr(decision, field)
        check(found.isoformat() if isinstance(found, date) else found, wanted, field)
    assert decision.closed == facts["closed"]


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_page_gives_its_words_and_no_others(name: str) -> None:
    first, *more = (body.decode() for body in bodies(name))
    words = words_of_page(first)
    for chapter in more:
        words += words_of_page(chapter, chapter=True)
    assert words_of_text(render(reading(bodies(name)))) == words


@pytest.mark.parametrize("name", NAMES)
def test_text_of_a_golden_page_parses_to_itself(name: str) -> None:
    decision = reading(bodies(name))
    again = parse(render(decision), unclosed=True)
    assert render(again) == render(decision)
    assert (again.reference, again.authority, again.category, again.subcategory) == (
        decision.reference, decision.authority, decision.category, decision.subcategory,
    )  # fmt: skip
    assert (again.outcome, again.decision_date, again.summary) == (
        decision.outcome, decision.decision_date, decision.summary,
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_line_names_the_heading_above_it(name: str) -> None:
    section = None
    for line in reading(bodies(name)).lines:
        section = line.text if line.kind == "heading" else section
        assert line.section == section, line


@pytest.mark.parametrize("name", NAMES)
def test_requested_reference_is_the_parsed_one(name: str) -> None:
    _, facts = expected(name)
    reference = facts["fields"]["reference"]
    for spelling in (reference, reference.replace(" ", "-"), reference.replace(" ", "").upper()):
        assert reading(bodies(name), reference=spelling) == reading(bodies(name))
    other = re.sub(r"\d(?=\D*$)", lambda digit: str((int(digit[0]) + 1) % 10), reference)
    for wrong in (other, "99 999 999", reference[:-1] if reference[-1].isalpha() else f"{reference}a"):
        with pytest.raises(ReadError):
            reading(bodies(name), reference=wrong)


def test_the_error_names_both_references() -> None:
    with pytest.raises(ReadError, match="23 004 117") as error:
        parse_page(bodies("spans_h1")[0], reference="23 004 118")
    assert "23 004 118" in str(error.value)


# -- every markup gives the same


@slow
@given(documents(gaps=True), markups, SEEDS)
def test_generated_document_gives_its_text_and_numbers_in_any_markup(
    document: Document, markup: Any, seed: int
) -> None:
    decision = parse_page(page_of(document, seed, markup=markup).encode(), reference=document.reference)
    assert render(decision) == text_of(document)
    assert numbers(decision) == numbers_of(document)
    assert (decision.reference, decision.authority) == (document.reference, document.authority)
    assert (decision.category, decision.subcategory) == (document.category, document.subcategory)
    assert (decision.outcome, decision.decision_date) == (document.outcome, document.decision_date)
    assert decision.closed == (document.closer is not None)
    if document.layout != "old":
        assert decision.kind == document.layout
    if document.layout == "statement":
        assert decision.summary == document.summary


@settings(slow, max_examples=examples(quick=15, full=40))
@given(documents(), SEEDS)
def test_same_document_gives_the_same_result_in_all_markups(document: Document, seed: int) -> None:
    readings = [parse_page(page_of(document, seed, markup=markup).encode()) for markup in MARKUPS]
    assert {render(decision) for decision in readings} == {text_of(document)}
    assert {tuple(numbers(decision)) for decision in readings} == {tuple(numbers_of(document))}


@slow
@given(documents(gaps=True), markups, SEEDS)
def test_the_words_of_the_page_are_the_words_of_the_text(document: Document, markup: Any, seed: int) -> None:
    body = page_of(document, seed, markup=markup)
    assert words_of_text(render(parse_page(body.encode()))) == words_of_page(body)


@slow
@given(documents(gaps=True), markups, SEEDS)
def test_text_of_a_generated_page_parses_to_itself(document: Document, markup: Any, seed: int) -> None:
    once = render(parse_page(page_of(document, seed, markup=markup).encode()))
    again = parse(once, unclosed=True)
    assert render(again) == once
    assert render(parse(render(again), unclosed=True)) == once
    assert {line.number for line in again.lines} == {None}


@settings(slow, max_examples=examples(quick=15, full=40))
@given(documents(), markups, SEEDS)
def test_boilerplate_and_noise_change_nothing(document: Document, markup: Any, seed: int) -> None:
    """The article alone and the article deep in a page are one decision."""
    bare = parse_page(page_of(document, seed, markup=markup, noise=False).encode())
    full = parse_page(page_of(document, seed, markup=markup, noise=True).encode())
    assert render(bare) == render(full)
    assert numbers(bare) == numbers(full)


@settings(slow, max_examples=examples(quick=15, full=40))
@given(documents(), markups, SEEDS)
def test_a_page_of_another_reference_is_refused(document: Document, markup: Any, seed: int) -> None:
    other = "11 222 333" if document.reference != "11 222 333" else "11 222 334"
    with pytest.raises(ReadError):
        parse_page(page_of(document, seed, markup=markup).encode(), reference=other)


@settings(slow, max_examples=examples(quick=15, full=40))
@given(documents(), st.sampled_from(("start", "value", "count")), SEEDS)
def test_numbers_are_consecutive_from_one(document: Document, numbering: str, seed: int) -> None:
    """Where attributes agree with the count, lists with and without them give the same numbers."""
    decision = parse_page(page_of(document, seed, numbering=numbering).encode())
    top = [line.number for line in decision.lines if line.kind == "item" and line.number and line.number.isdigit()]
    assert top == [str(number) for number in range(1, len(top) + 1)]


# -- the arguments


def test_a_date_after_the_day_of_the_fetch_is_not_the_date_of_the_decision() -> None:
    body = page("<p>Text.</p>", header="<p>Decision date : 09 Oct 2022</p>")
    assert parse_page(body, today=date(2022, 10, 9)).decision_date == date(2022, 10, 9)
    assert parse_page(body, today=date(2022, 10, 8)).decision_date is None
    assert parse_chapters([body], today=date(2022, 10, 8)).decision_date is None


def test_the_charset_of_the_response_decodes_the_page() -> None:
    body = page("<p>It owes £5.</p>").decode().encode("cp1252")
    assert parse_page(body, charset="windows-1252").odd == ()
    assert parse_page(body).odd == (Oddity("encoding", "1 byte not UTF-8, read as windows-1252"),)
    cut = body.replace(b"</html>", b"")
    as_is = parse_page(cut, charset="windows-1252", as_is=True)
    assert as_is.odd == (Oddity("taken as it is", "the page does not end with </html>: it is cut short"),)


def test_a_reference_with_unusual_dashes_is_odd_and_is_shown_as_printed() -> None:
    decision = parse_page(page("<p>Text.</p>", title="Wexcombe Council (23\u2011004\u2011117)"))
    assert (decision.reference, decision.odd) == ("23 004 117", (Oddity("reference", "23\u2011004\u2011117"),))
    assert decision.lines[0].text == "Wexcombe Council (23\u2011004\u2011117)"


def test_blocks_around_the_only_article_are_reported_on_request_and_of_further_chapters() -> None:
    body = page("<p>Text.</p>").replace(b"<article", b"<p>Menu</p><article")
    assert parse_page(body).left_out == ()
    assert parse_page(body, all_blocks=True).left_out == (LeftOut("Menu", "before the title", is_counted=True),)
    chapter = page("<p>More text.</p>").replace(b"<article", b"<p>Menu</p><article")
    assert [one.text for one in parse_chapters([body, chapter]).left_out] == ["Menu"]
    assert [one.text for one in parse_chapters([body, chapter], all_blocks=True).left_out] == ["Menu", "Menu"]


# -- pages of which a part may be missing

NO_END = "the page opens more articles than it closes, and the decision has no closing line"


def unclosed(body: str, *, before: str = "", after: str = "") -> bytes:
    """Returns a page whose decision has no closing line."""
    whole = page(body).replace(b"<p>Investigator's decision on behalf of the Ombudsman</p>", b"")
    whole = whole.replace(b"<article", f"{before}<article".encode(), 1)
    return whole.replace(b"</article>", f"</article>{after}".encode())


def test_an_article_that_goes_on_after_the_last_one_that_is_closed_is_cut_short() -> None:
    goes_on = unclosed("<p>One.</p>", after="<article><p>Two words.</p>")
    with pytest.raises(CutShort) as refused:
        parse_page(goes_on)
    assert str(refused.value) == NO_END
    as_is = parse_page(goes_on, as_is=True)
    assert as_is.odd[0] == Oddity("taken as it is", NO_END)
    assert [*body_of(as_is), as_is.lines[-1].text] == ["One.", "Two words."]
    title_only = b"<html><body><article><h1>Wexcombe Council (23 004 117)</h1></article><article></body></html>"
    with pytest.raises(CutShort, match=f"^{NO_END}$"):
        parse_chapters([unclosed("<p>One.</p>"), title_only])
    in_a_row = unclosed("", after="<article><table><tr><td>Two</td><td>words</td></tr></table>")
    with pytest.raises(CutShort, match=f"^{NO_END}$"):
        parse_page(in_a_row)


def test_an_open_article_before_the_decision_or_after_its_closing_line_cuts_nothing() -> None:
    card_before = parse_page(unclosed("<p>One.</p>", before="<article class=card><p>Card</p>"))
    assert card_before.lines[-1].text == "One."
    closed = page("<p>One.</p>").replace(b"</article>", b"</article><article><p>Two.</p>")
    assert body_of(parse_page(closed)) == ["One."]


def test_the_beginning_of_a_chapter_must_be_shown_by_a_title_or_sound_articles() -> None:
    def chapter(content: str, title: str = "") -> bytes:
        head = f"<title>{title}</title>" if title else ""
        return f"<html><head>{head}</head><body><p>Menu</p>{content}</body></html>".encode()

    title, first = "Wexcombe Council (23 004 117)", page("<p>One.</p>")
    sound, wrong = "<article><p>Two.</p></article>", "<div><article><p>Two.</p></div></article>"
    assert parse_chapters([first, chapter(sound, title)]).lines[-1].text == "Two."
    assert (
        parse_chapters([first, chapter(wrong.replace("<p>", f"<h1>{title}</h1><p>"), title)]).lines[-1].text == "Two."
    )
    with pytest.raises(CutShort) as refused:
        parse_chapters([first, chapter(wrong, title)])
    assert str(refused.value) == (
        "the page's articles are nested so wrongly that nothing shows where the chapter begins"
    )


def test_a_menu_that_is_never_closed_does_not_hide_the_decision() -> None:
    menu = b"<h2>Anytown Council (23 004 118)</h2><p>Decision : Not upheld</p><nav><p>Menu</p>"
    decision = parse_page(page("<p>One.</p>").replace(b"<article", menu + b"<article"), all_blocks=True)
    assert (decision.reference, body_of(decision)) == ("23 004 117", ["One."])


def test_only_the_links_that_the_page_may_never_close_are_kept() -> None:
    body = page("<p>One.</p>", header="<p>Decision : Upheld</p><p><a href='/share'>Share</a></p>")
    body = body.replace(b"<article", b"<a href='/a'><p>First</p><p>Second</p><a href='/b'><p>Third</p></a><article")
    assert parse_page(body, all_blocks=True).left_out == (
        LeftOut("First", "before the title", is_counted=True),
        LeftOut("Second", "before the title", is_counted=True),
        LeftOut("Third", "links", is_counted=False),
        LeftOut("Share", "links under the header", is_counted=False),
    )


def test_wrong_tags_after_the_closing_line_lose_nothing_of_the_decision() -> None:
    sentence = b"<p>This sentence is long enough to be more than the address in a page's footer.</p>"
    two_sentences = page("<p>One.</p>").replace(b"</article>", b"</article></b>" + sentence * 2)
    assert body_of(parse_page(two_sentences, all_blocks=True)) == ["One."]
    dropped = page("<p>One.</p>").replace(b"</article>", b"</article><svg>A drawing that is never closed")
    assert body_of(parse_page(dropped, all_blocks=True)) == ["One."]
    moved = page("<p>One.</p>").replace(b"</article>", b"</article><table><tr><td>A cell</td>moved</tr></table>")
    assert body_of(parse_page(moved, all_blocks=True)) == ["One."]


def test_a_row_before_a_decision_that_may_begin_earlier_may_be_moved_by_wrong_tags() -> None:
    title = b"Wexcombe Council (23 004 117)"
    body = page("<p>One.</p>").replace(b"<h1>" + title + b"</h1>", b"").replace(b"<title>x", b"<title>" + title)
    body = body.replace(b"<article", b"<table><tr><td>One cell</td><td>two</td></tr></table><article")
    assert body_of(parse_page(body, all_blocks=True)) == ["One."]
    wrong = body.replace(b"</article>", b"</article><table><tr><td>A cell</td>moved</tr></table>")
    with pytest.raises(CutShort, match=r"parsing moves 'One cell two' out of its place$"):
        parse_page(wrong, all_blocks=True)


def test_a_title_element_in_the_body_gives_the_title() -> None:
    body = page("<p>One.</p>").replace(b"<title>x</title>", b"").replace(b"<h1>Wexcombe Council (23 004 117)</h1>", b"")
    body = body.replace(b"<article", b"<p>Menu</p><title>Wexcombe Council (23 004 117)</title><article")
    assert parse_page(body, all_blocks=True).lines[0].text == "Wexcombe Council (23 004 117)"


# -- slices, chapters, chrome


CHROME = """<!DOCTYPE html><html><head><title>Elsewhere</title>
<script>var a = '<article id="article"><h1>Not This Council (11 111 111)</h1>';</script></head><body>
<!-- <article id="article"> -->
<nav><ol start="70"><li>Home</li><li>Decisions</li></ol></nav>
<aside><h2>Latest</h2><ul><li><a href="/d">Another Council (11 222 333)</a></li></ul></aside>
<div data-markup="</article><article id='article'>">{0}</div>
<aside><h2>Related</h2><article class="card"><h3>Third Council (11 333 444)</h3><p>Decision : Not upheld</p>
<p>Summary: Not this.</p></article></aside><footer><p>Contact us</p></footer><script>"</article></html>"</script>
</body></html>"""


# The title of two other pages with an article is outside it.
IN_ARTICLE = [name for name in NAMES if b"<article" in bodies(name)[0] and name not in ("header_element", "title_only")]


@pytest.mark.parametrize("name", IN_ARTICLE)
def test_the_article_alone_and_the_article_in_a_full_page_agree(name: str) -> None:
    found = [
        re.findall(r"<article[^>]*id=\"article\">(?:(?!<article).)*</article>", body.decode(), re.DOTALL)
        for body in bodies(name)
    ]
    articles = [matches[-1] for matches in found]
    alone = [f"<html><body>{article}</body></html>".encode() for article in articles]
    full = [CHROME.replace("{0}", article).encode() for article in articles]
    for variant in (alone, full):
        assert reading(variant) == reading(bodies(name))


def test_chapters_must_belong_to_one_decision() -> None:
    with pytest.raises(ReadError):
        parse_chapters([bodies("report")[0], bodies("spans_h1")[0]])


def test_the_error_names_the_chapter_of_another_decision_and_both_titles() -> None:
    other = page("<p>Three.</p>", title="Anytown Council (23 009 999)")
    with pytest.raises(WrongReference) as refused:
        parse_chapters([page("<p>One.</p>"), page("<p>Two.</p>"), other])
    assert str(refused.value) == (
        "chapter 3 is titled 'Anytown Council (23 009 999)', chapter 1 'Wexcombe Council (23 004 117)'"
    )


def test_the_error_about_the_chapter_of_another_decision_has_80_characters_of_each_title() -> None:
    own, other = (page("<p>One.</p>", title=f"{name * 81} (23 004 11{n})") for name, n in (("W", 7), ("A", 8)))
    with pytest.raises(WrongReference) as refused:
        parse_chapters([own, other])
    assert str(refused.value) == f"chapter 2 is titled {'A' * 80!r}, chapter 1 {'W' * 80!r}"


def test_oddities_of_all_chapters_are_reported_with_the_chapter() -> None:
    chapters = [page(f"<p>{name}.</p><p hidden>{name} note</p>") for name in ("One", "Two", "Three")]
    assert parse_chapters(chapters).odd == (
        Oddity("hidden words", "One note"),
        Oddity("hidden words", "Two note (chapter 2)"),
        Oddity("hidden words", "Three note (chapter 3)"),
    )


def test_a_chapter_that_repeats_chapter_1_is_cut_short_unless_that_is_a_whole_statement() -> None:
    statement = page("<p>One.</p>")
    assert parse_chapters([statement, statement]) == parse_page(statement)
    closing = b"<p>Investigator's decision on behalf of the Ombudsman</p>"
    with pytest.raises(CutShort, match=r"^chapter 2 repeats chapter 1, so its own text is missing$"):
        parse_chapters([statement.replace(closing, b"")] * 2)


def test_a_chapter_without_text_after_its_header_is_cut_short_unless_the_decision_is_whole() -> None:
    header_only = (
        b"<html><body><article><h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p></article></body></html>"
    )
    with pytest.raises(CutShort, match=r"^chapter 2 has no text after its header$"):
        parse_chapters([unclosed("<p>One.</p>"), header_only])
    assert body_of(parse_chapters([page("<p>One.</p>"), header_only])) == ["One."]


@pytest.mark.parametrize(
    "header",
    [
        "<p>Decision : Upheld</p>",
        "<p>Decision:</p><p>Upheld</p>",
        "<p>Decision</p><p>: Upheld</p>",
        "<p>Decision: Upheld</p>",
        "<table><tr><td>Decision</td><td>Upheld</td></tr></table>",
    ],
)
def test_a_chapter_repeats_the_header_in_any_markup(header: str) -> None:
    second = f"<html><body><article><h1>Wexcombe Council (23 004 117)</h1>{header}<p>Two.</p></article></body></html>"
    first = page("<p>One.</p>").replace(b"<p>Investigator's decision on behalf of the Ombudsman</p>", b"")
    assert body_of(parse_chapters([first, second.encode()])) == ["One."]
    assert render(parse_chapters([first, second.encode()])).endswith("\nOne.\nTwo.")


@pytest.mark.parametrize(
    ("header", "repeated", "kept"),
    [
        ("<p>Decision</p><p>Upheld</p>", "<p>Decision : Upheld</p>", []),
        ("<p>Decision : Upheld: in part</p>", "<p>Decision</p><p>Upheld: in part</p>", []),
        ("<p>Decision : Upheld</p><p>Category : A</p>", "<p>Decision : Upheld<br>Category : A</p>", []),
        ("<p>Decision : Upheld</p><p>Public report</p>", "<p>Decision : Upheld</p><p>Public report</p>", []),
        (
            "<p>Decision : Upheld</p><p>Public report</p>",
            "<p>Decision : Upheld</p><p>Public report:</p>",
            ["Public report:"],
        ),
    ],
)
def test_a_chapter_may_divide_the_header_differently(header: str, repeated: str, kept: list[str]) -> None:
    chapters = [
        f"<html><body><article><h1>Wexcombe Council (23 004 117)</h1>{content}</article></body></html>".encode()
        for content in (f"{header}<p>Overview:</p><p>One.</p>", f"{repeated}<p>Two.</p>")
    ]
    lines = render(parse_chapters(chapters)).split("\n")
    assert lines[lines.index("Overview:") + 1 :] == ["One.", *kept, "Two."]


def test_a_line_of_a_chapter_that_the_header_does_not_have_is_kept() -> None:
    second = (
        b"<html><body><article><h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p><p>Two.</p>"
        b"<p>Decision : Upheld</p></article></body></html>"
    )
    assert render(parse_chapters([page("<p>One.</p>"), second])).endswith("\nTwo.\nDecision : Upheld")


def test_numbers_are_dropped_if_wrongly_nested_tags_may_move_items() -> None:
    listed = "<ol><li>One.</li><li>Two.</li></ol>"
    assert [number for number, _ in numbered(parse_page(page(listed)))] == ["1", "2"]
    wrong = page(f"<div><section>{listed}</div></section>").replace(b"<article", b"<ul><p>x</ul></p><article")
    assert [number for number, _ in numbered(parse_page(wrong))] == ["1", "2"], "neither moves items"
    moved = page(f"{listed}<main><p>Text.</p>").replace(b"</article>", b"</article></main>")
    assert {number for number, _ in numbered(parse_page(moved))} == {None}


@pytest.mark.parametrize(
    ("link", "chapters"),
    [
        ("<a href='?chapter=2'>2</a>", [2]),
        ("<a href=?chapter=2&x=1>2</a><a href='?x=1&amp;chapter=3'>3</a>", [2, 3]),
        ('<a href="/decisions/a/b/23-004-117/?CHAPTER=12">2</a>', [12]),
        ("<a href='/decisions/a/b/23-004-118?chapter=2'>2</a>", []),
        ("<a href='/decisions/a/b/x23-004-117?chapter=2'>2</a>", []),
        ("<a href='23-004-117?chapter=2'>2</a>", [2]),
        ("<a href='/Decisions/A/B/23-004-117?chapter=3'>3</a><a href='?chapter=1'>1</a>", [1, 3]),
        ("<a href='?chapter=0'>0</a><a href='?chapter=100'>100</a>", []),
        ("<button name=chapter value=2>2</button><input value='3' name='chapter' type=submit>", [2, 3]),
        ("<button name=other value=2>chapter 2</button>", []),
        ("<select name=chapter><option value=1>1<option value='2'>2</select>", [1, 2]),
        ("<select name=chapters><option value=1>1</select>", []),
        ("<p>See chapter 2</p>", []),
    ],
)
def test_links_buttons_and_options_of_the_decisions_own_chapters_are_found(link: str, chapters: list[int]) -> None:
    html = f"<html><body>{link}</body></html>"
    for body in (html.encode(), html.encode("utf-16")):
        assert find_chapters(body, "23 004 117") == chapters


def test_links_to_chapters_of_a_joint_case_are_found_in_any_capitals() -> None:
    assert find_chapters(b"<a href='/Decisions/Health/Other/24-001-411A?chapter=2'>2</a>", "24 001 411a") == [2]


def test_bytes_that_are_not_text_have_no_chapters() -> None:
    assert find_chapters(b"\0" * 100 + b"?chapter=2", "23 004 117") == []


def test_single_chapter_equals_its_page() -> None:
    assert parse_chapters(bodies("spans_h1")) == parse_page(bodies("spans_h1")[0])
    first = parse_page(bodies("report")[0])
    assert parse_chapters(bodies("report")[:1]) == first
    assert render(parse_chapters(bodies("report"))).startswith(render(first) + "\n")


def test_count_continues_through_the_chapters() -> None:
    lists = [re.sub(rb"<p>\d+\. (.*?)</p>", rb"<ol><li>\1</li></ol>", body) for body in bodies("report")]
    lists = [re.sub(rb"</ol>\s*<ol>", b"", body) for body in lists]
    top = [line.number for line in parse_chapters(lists).lines if line.number and line.number.isdigit()]
    assert top == ["1", "2", "3", "4", "5", "6", "7"]


def _splits(document: Document) -> list[int]:
    """Returns the headings at which a report may continue in a further chapter.

    Not those that look like one more header line.
    """
    return [
        place
        for place, block in enumerate(document.blocks)
        if place and isinstance(block, Heading) and not block.text.startswith(("Category", "Decision"))
    ]


@settings(slow, max_examples=60)
@given(
    documents(layouts=("report",)).filter(lambda found: found.labelled and _splits(found)), markups, SEEDS, st.data()
)
def test_report_gives_the_same_result_on_one_page_and_in_chapters(
    document: Document, markup: Any, seed: int, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(_splits(document)))
    first = replace(document, blocks=document.blocks[:place])
    second = replace(document, layout="old", remark=False, blocks=document.blocks[place:])
    pages = [page_of(chapter, seed, markup=markup, numbering="count").encode() for chapter in (first, second)]
    decision = parse_chapters(pages, reference=document.reference)
    assert render(decision) == text_of(document)
    assert numbers(decision) == numbers_of(document)


# -- numbers, one rule at a time


def item(*texts: str) -> str:
    return "".join(f"<li>{text}</li>" for text in texts)


def test_count_continues_through_the_decision() -> None:
    decision = parse_page(
        page(f"<h2>A</h2><ol>{item('a', 'b')}</ol><h2>B</h2><p>p.</p><ol>{item('c')}</ol><p>q.</p><ol>{item('d')}</ol>")
    )
    assert [number for number, _ in numbered(decision)] == [None, "1", "2", None, None, "3", None, "4"]


def test_list_without_attributes_next_to_another_ends_the_count() -> None:
    body = f"<ol>{item('a', 'b')}</ol><ol>{item('c')}</ol><h2>B</h2><ol>{item('d')}</ol>"
    assert [number for number, _ in numbered(parse_page(page(body)))] == ["1", "2", None, None, None]
    settled = body + f"<p>p.</p><ol start=5>{item('e')}</ol>"
    assert [number for number, _ in numbered(parse_page(page(settled)))] == ["1", "2", "3", None, "4", None, "5"]


def test_attributes_override_the_count() -> None:
    body = f'<ol start="5">{item("a", "b")}</ol><h2>B</h2><ol start="3">{item("c")}</ol><ol start="40"><li>d</li></ol>'
    assert [number for number, _ in numbered(parse_page(page(body)))] == ["5", "6", None, "3", "40"]


def test_value_attributes_of_items_are_used() -> None:
    body = '<ol start="5"><li>a</li><li value="9">b</li><li>c</li></ol><ol><li value="2">d</li><li>e</li></ol>'
    assert [number for number, _ in numbered(parse_page(page(body)))] == ["5", "9", "10", "2", "3"]


_LISTS = st.lists(
    st.tuples(st.integers(1, 3), st.one_of(st.none(), st.none(), st.just(0), st.just(0), st.integers(1, 4))),
    min_size=1,
    max_size=7,
)


def first_numbers(lists: Sequence[tuple[int, int | None]]) -> list[int | None]:
    """Returns the first number of each list by the rule for mixed attributes, given its length and its start."""
    firsts = [start for _, start in lists]
    waiting: list[tuple[int, int]] = []
    count = 1
    for place, (length, start) in enumerate(lists):
        if start is None:
            waiting.append((place, count))
            count += length
            continue
        if start == count:
            for unsaid, first in waiting:
                firsts[unsaid] = first
        waiting, count = [], start + length
    if waiting and len(waiting) == len(lists):
        return [first for _, first in waiting]
    return firsts


@slow
@given(_LISTS)
def test_a_list_without_attributes_needs_the_next_to_confirm_it(found: list[tuple[int, int | None]]) -> None:
    """Each list is its length and the distance of its start from the count, or None for a list without a start."""
    lists: list[tuple[int, int | None]] = []
    html, count = "", 1
    for length, off in found:
        start = None if off is None else count + off
        lists.append((length, start))
        count = (start or count) + length
        attribute = f' start="{start}"' if start else ""
        html += f"<h2>A heading</h2><ol{attribute}>{item(*'abc'[:length])}</ol>"
    wanted = [
        str(first + n) if first else None
        for (length, _), first in zip(lists, first_numbers(lists), strict=True)
        for n in range(length)
    ]
    assert [number for number, text in numbered(parse_page(page(html))) if text in "abc"] == wanted


@pytest.mark.parametrize(
    ("inner", "marks"),
    [
        ("<ol type=a>{}</ol>", ["a", "b"]),
        ('<ol type="a" start="3">{}</ol>', ["c", "d"]),
        ('<ol style="list-style-type:lower-alpha">{}</ol>', ["a", "b"]),
        ('<ol style="list-style-type: lower-latin;">{}</ol>', ["a", "b"]),
        ("<ol>{}</ol>", ["1", "2"]),
        ("<ol start=4>{}</ol>", ["4", "5"]),
        ("<ul>{}</ul>", ["•1", "•2"]),
        ("<div><p></p><ul>{}</ul></div>", ["•1", "•2"]),
    ],
)
def test_nested_items_are_named_after_item_and_marker(inner: str, marks: list[str]) -> None:
    nested = inner.format(f"<li>x</li><li>y{inner.format(item('u', 'v'))}</li>")
    decision = parse_page(page(f'<ol start="24"><li>a</li><li>b {nested}</li><li>c</li></ol>'))
    first, second = marks
    assert [number for number, _ in numbered(decision)] == [
        "24", "25", f"25.{first}", f"25.{second}", f"25.{second}.{first}", f"25.{second}.{second}", "26",
    ]  # fmt: skip


def test_second_paragraph_of_an_item_has_its_number_and_no_dash() -> None:
    body = "<ol><li><p>a</p><p>b</p><ul><li><div>c</div><div>d</div></li></ul><p>e</p></li><li>f<p>g</p>h</li></ol>"
    decision = parse_page(page(body))
    assert numbered(decision) == [
        ("1", "a"), ("1", "b"), ("1.•1", "c"), ("1.•1", "d"), ("1", "e"), ("2", "f"), ("2", "g"), ("2", "h"),
    ]  # fmt: skip
    assert body_of(decision) == ["- a", "b", "- c", "d", "e", "- f", "g", "h"]


@pytest.mark.parametrize("start", ["", ' start="2"'])
def test_a_parent_list_split_by_a_sibling_list_keeps_counting(start: str) -> None:
    for sibling, mark in (("<ul>{}</ul>", "•{}"), ('<ol type="a">{}</ol>', "{}")):
        signs = ("1", "2") if "•" in mark else ("a", "b")
        body = f"<ol><li>a</li></ol>{sibling.format(item('x', 'y'))}<ol{start}><li>b</li></ol>"
        found = [number for number, _ in numbered(parse_page(page(body)))]
        assert found == ["1", f"1.{mark.format(signs[0])}", f"1.{mark.format(signs[1])}", "2"]


@pytest.mark.parametrize("between", ["<p>A paragraph.</p>", "<h2>A heading</h2>", "<table><tr><td>A</td></tr></table>"])
def test_bullets_after_anything_else_have_no_number(between: str) -> None:
    found = numbered(parse_page(page(f"<ol start=3><li>a</li></ol>{between}<ul>{item('x', 'y')}</ul>")))
    assert [number for number, _ in found] == ["3", None, None, None]
    first = numbered(parse_page(page(f"<ul>{item('x')}</ul>{between}<ol>{item('y')}</ol>")))
    assert [number for number, _ in first] == [None, None, "1"]


def test_items_nested_in_an_item_without_a_number_have_none() -> None:
    inner = f"<ol>{item('x')}</ol><ul>{item('y')}</ul><ol type=a>{item('z')}</ol>"
    found = numbered(parse_page(page(f"<p>p.</p><ul><li>a{inner}<p>b</p></li></ul>")))
    assert {number for number, _ in found} == {None}


def test_typed_numbers_stay_in_the_line_and_count_only_without_a_gap() -> None:
    whole = numbered(parse_page(page("<h2>A</h2><p>1. a.</p><p>b.</p><p>2. c.</p><h2>B</h2><p>3. d.</p>")))
    assert whole == [(None, "A"), ("1", "1. a."), (None, "b."), ("2", "2. c."), (None, "B"), ("3", "3. d.")]
    broken = numbered(parse_page(page("<p>1. a.</p><p>2. b.</p><p>4. c.</p><p>7. d.</p>")))
    assert [text for _, text in broken] == ["1. a.", "2. b.", "4. c.", "7. d."]
    assert broken[2:] == [(None, "4. c."), (None, "7. d.")]
    letters = numbered(parse_page(page("<ol><li>1. typed in an item: a) this; b) that.</li></ol>")))
    assert letters == [("1", "1. typed in an item: a) this; b) that.")]


@pytest.mark.parametrize("start", ["abc", "", "-3", "0", "1.5", "99999999999999999999", "٣", " 7 ", "+7"])
def test_strange_start_attribute_loses_no_word(start: str) -> None:
    decision = parse_page(page(f'<ol start="{start}"><li>a</li><li value="{start}">b</li></ol>'))
    assert body_of(decision) == ["- a", "- b"]


# -- text, one rule at a time


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>a<br>b</p>", ["a b"]),
        ("<p>a\nb</p>", ["a b"]),
        ("<p>Coun<b>cil</b></p>", ["Council"]),
        ("<p>Coun<wbr>cil 1<sup>st</sup></p>", ["Council 1st"]),
        ("<p>a<b> b</b> c<i></i>.</p>", ["a b c."]),
        ("<p>a <b> </b> b</p>", ["a b"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<div>a<p>b</p>c</div>", ["a", "b", "c"]),
        ("a<p>b</p>c", ["a", "b", "c"]),
        ("<div><span>a</span><span>b</span></div>", ["ab"]),
        ("<section><div><p>a</p></div></section><blockquote><p>b</p></blockquote>", ["a", "b"]),
        ("<pre>a\n  b</pre>", ["a b"]),
        ("<p>a</p><p> \u00a0\u200b</p><p></p><div></div><ul></ul><ul><li></li></ul><p>b</p>", ["a", "b"]),
        ("<p>- a</p>", ["- a"]),
        ("<p>\u2022 a</p>", ["\u2022 a"]),
        ("<ul><li>- a</li><li>\u2022 b</li><li>1. c</li></ul>", ["- - a", "- \u2022 b", "- 1. c"]),
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", ["a | b", "c"]),
        ("<table><tr><td>a<br>b</td><td><p>c</p><p>d</p></td></tr></table>", ["a b | c d"]),
        ("<table><tr><td><ul><li>a</li><li>b</li></ul></td><td>c</td></tr></table>", ["a b | c"]),
        ("<p>a<script>b</script><style>c</style><template>d</template><span hidden>e</span>f</p>", ["af"]),
        ('<p>a<img alt="b"><!-- c --></p>', ["a"]),
        ("<p>Back to top</p><div>Print this page</div><p><a href=#>Back&nbsp;to\ntop</a></p><p>a</p>", ["a"]),
        ("<p>Back to top of page</p><p>Please print this page</p>", ["Back to top of page", "Please print this page"]),
        ("<p>&amp;lt; &lt;b&gt; &pound;5 &#8217; &hellip;</p>", ["&lt; <b> £5 \u2019 \u2026"]),
        ("<p>a&shy;b c&#8203;d e&zwj;f&lrm;</p>", ["ab cd ef"]),
        ("<p>a\u2028b\u3000c\u1680d\u202f\u205fe&emsp;f</p>", ["a b c d e f"]),
        ("<p>a\x0bb\x0cc\x85d</p>", ["a b c d"]),
        ("<p>a\x01b\x7fc</p>", ["abc"]),
        ("<h2>Privacy settings</h2><p>Required cookies</p><p>a.</p>", ["Privacy settings", "Required cookies", "a."]),
        ("<p>Summary: b</p><p>Overview:</p><p>Category : c</p>", ["Summary: b", "Overview:", "Category : c"]),
        ("<p>A Council (11 222 333)</p><p>Decision date : 01 Jan 2001</p>",
         ["A Council (11 222 333)", "Decision date : 01 Jan 2001"]),
    ],
)  # fmt: skip
def test_body_gives_these_lines(html: str, lines: list[str]) -> None:
    decision = parse_page(page(f"<h2>The complaint</h2>{html}<h2>Final decision</h2>"))
    assert body_of(decision) == ["The complaint", *lines, "Final decision"]
    assert (decision.reference, decision.outcome, decision.category) == ("23 004 117", "Upheld", None)
    assert render(parse(render(decision))) == render(decision)


def test_cells_without_words_lose_no_other_words() -> None:
    decision = parse_page(page("<table><tr><td>a</td><td></td><td>b</td></tr><tr><td></td><td>c</td></tr></table>"))
    words = [word for line in body_of(decision) for word in line.split() if word != "|"]
    assert words == ["a", "b", "c"]
    assert len(body_of(decision)) == 2


def test_only_contents_lists_are_left_out() -> None:
    links = '<ul><li><a href="#a">The complaint</a></li><li><a href="#b"> What I <b>found</b></a></li></ul>'
    headings = '<h2 id="a">The complaint</h2><p>a.</p><h2 id="b">What I found</h2>'
    assert body_of(parse_page(page(links + headings))) == ["The complaint", "a.", "What I found"]
    for kept in (
        links.replace("What I", "What we"),
        links.replace("#b", "/elsewhere"),
        links.replace("</a></li></ul>", "</a> again</li></ul>"),
        re.sub("</?a.*?>", "", links),
    ):
        assert len(body_of(parse_page(page(kept + headings)))) == 5, kept


@pytest.mark.parametrize(
    "header",
    [
        '<p><span class="label">Category</span><span class="value">Housing &gt; Other</span></p>',
        '<p><span class="label">Category:</span> <span class="value">Housing &gt; Other</span></p>',
        '<p><span class="label">Category :</span>\n<span class="value"> Housing\n&gt;&nbsp;Other</span></p>',
        '<div class="label">Category</div><div class="value">Housing &gt; Other</div>',
        "<p>Category : Housing &gt; Other</p>",
        "<p><b>Category</b> : Housing &gt; Other</p>",
        "<p>Category&nbsp;: <a href='/h'>Housing</a> &gt; <a href='/h/o'>Other</a></p>",
        "<dl><dt>Category</dt><dd>Housing &gt; Other</dd></dl>",
        "<dl><div><dt>Category :</dt><dd><p>Housing &gt; Other</p></dd></div></dl>",
        "<table><tr><td>Category</td><td>Housing &gt; Other</td></tr></table>",
        "<ul><li>Category : Housing &gt; Other</li></ul>",
        "<h4>Category : Housing &gt; Other</h4>",
    ],
)
def test_a_header_line_is_parsed_in_any_markup(header: str) -> None:
    decision = parse_page(page("<h2>A</h2>", header=header))
    assert (decision.category, decision.subcategory, decision.outcome) == ("Housing", "Other", None)
    colon = ":" if "Category:" in header else " :"
    assert render(decision).split("\n")[1] == f"Category{colon} Housing > Other"


@pytest.mark.parametrize("authority", ["A (ICB)", "A (GL) Limited", "A (23 001 002) B", "A - B", "(C) D", "A ( B"])
def test_last_bracket_of_the_title_has_the_reference(authority: str) -> None:
    decision = parse_page(page("<h2>A</h2>", title=f"{authority} (24 001 119a)"))
    assert (decision.authority, decision.reference) == (authority, "24 001 119a")


def test_opener_of_joint_cases_is_kept() -> None:
    body = page("<h2>A</h2>").replace(b"The Ombudsman's final", b"The Ombudsmen's final")
    assert "The Ombudsmen's final decision:" in render(parse_page(body)).split("\n")


def test_complete_statement_without_closing_line_is_parsed_and_reported() -> None:
    body = page("<h2>A</h2><p>b.</p>").replace(b"<p>Investigator's decision on behalf of the Ombudsman</p>", b"")
    decision = parse_page(body)
    assert not decision.closed
    assert render(decision).endswith("\nA\nb.")


@pytest.mark.parametrize(
    "change",
    [
        partial(re.sub, r"</?[a-z0-9]+(?=[ >])", lambda tag: tag[0].upper()),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text + "\n\n \r\n",
        lambda text: text + "<!-- served by web03 in 12 ms -->\n",
        lambda text: text.replace("</html>", "</html >"),
        lambda text: text.replace("</html>", "</HTML\n>"),
        lambda text: "\n\n" + text,
    ],
    ids=["upper case", "crlf", "mac", "mark", "newlines", "comment", "space in tag", "odd tag", "newlines before"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["spans_h1", "plain_divs", "title_only"])
def test_unimportant_differences_of_markup_do_not_change_the_result(name: str, change: Any) -> None:
    body = bodies(name)[0]
    assert parse_page(change(body.decode()).encode()) == parse_page(body)


# -- the golden pages have what they are meant to test


def test_generated_documents_have_every_kind_of_block() -> None:
    """Generated documents contain every kind of block, so that the property tests mean something."""
    bullets = Listing("bullet", (Item(("d",)),))
    document = Document(
        "23 019 664b", "NHS A (ICB)", "Health", "Other", "Upheld", date(2025, 3, 11), "statement", "There was fault.",
        (
            Heading("The complaint"),
            Listing("number", (Item(("a", "b"), (Listing("letter", (Item(("c",), (bullets,)),)),)),)),
            Paragraph("e"),
            Listing("bullet", (Item(("f",)),)),
            Table((("g", "h"), ("i",))),
        ),
        "Investigator's decision on behalf of the Ombudsmen",
    )  # fmt: skip
    assert text_of(document).split("\n")[6:-1] == ["The complaint", "- a", "b", "- c", "- d", "e", "- f", "g | h", "i"]
    assert numbers_of(document)[6:-1] == [None, "1", "1", "1.a", "1.a.•1", None, None, None, None]
    for markup in MARKUPS:
        decision = parse_page(page_of(document, 7, markup=markup).encode())
        assert (render(decision), numbers(decision)) == (text_of(document), numbers_of(document))
