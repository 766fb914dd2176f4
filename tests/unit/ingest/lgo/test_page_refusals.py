"""Law 5: any page that is not a whole decision is refused with one of our errors, and nothing crashes the parser."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.errors import ReadError, TooLarge
from ingest.lgo.numbering import _choices, _Run
from ingest.lgo.page import find_chapters, parse_chapters, parse_page
from ingest.lgo.text_format import parse, render
from ingest.parsing.blocks import Item, List
from ingest.parsing.html_blocks import read_blocks
from ingest.parsing.input_limits import MAX_BYTES, MOST_TAGS, shows_text
from ingest.parsing.whole_page import may_be_hidden as _may_be_hidden
from storage.model import Decision, Oddity
from support.documents import PHASES
from support.few_cases import examples
from support.paths import GOLDEN, ROOT

PAGES = GOLDEN / "pages"

CARD = """<div class="card">
<h3><a href="/decisions/planning/enforcement/23-004-{n:03}">Wexcombe Council (23 004 {n:03})</a></h3>
<p>Statement Upheld Enforcement 14-Feb-2024</p><p>Summary: The Council lost a report ({n}).</p></div>"""
CARDS = "".join(CARD.format(n=n) for n in range(10))


def shell(body: str, title: str = "Local Government and Social Care Ombudsman") -> bytes:
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    return f"<!DOCTYPE html><html>{head}<body>{body}</body></html>".encode()


def golden(name: str) -> bytes:
    return (PAGES / f"{name}.html").read_bytes()


def text_of(name: str) -> str:
    return (PAGES / f"{name}.txt").read_bytes().decode()


def refused(body: bytes, charset: str | None = None) -> str:
    """Returns the message of the refusal, which is one line and not empty."""
    with pytest.raises(ReadError) as error:
        parse_page(body, charset=charset)
    message = str(error.value)
    assert len(message) > 8
    assert "\n" not in message
    return message


def refused_or(name: str, body: bytes, charset: str | None = None) -> None:
    """The page is refused, or gives exactly the text of the golden page."""
    try:
        decision = parse_page(body, charset=charset)
    except ReadError:
        return
    assert render(decision) == text_of(name)


# -- pages that are not decisions

NO_DECISION = {
    "empty": b"",
    "a newline": b"\n",
    "white space": b" \r\n\t \x0c",
    "a byte order mark": b"\xef\xbb\xbf",
    "nothing but html": b"<html></html>",
    "an empty page": shell(""),
    "an error page": shell("<h1>Page not found</h1><p>Sorry, we cannot find this page.</p>", "404"),
    "a server error": shell("<h1>Server Error in '/' Application.</h1><pre>at Lgo.Web.Decision (24 001 234)</pre>"),
    "a search shell": shell("<h1>Decisions</h1><form><input name='q'></form><p>Search our decisions</p>"),
    "a listing": shell("<h1>Decisions</h1><p>Your search has 1,234 results</p>" + CARDS),
    "a listing of one": shell("<h1>Decisions</h1><p>Your search has 1 results</p>" + CARD.format(n=1)),
    "a category page": shell("<h1>Planning</h1>" + CARDS),
    "a council's page": shell("<h1>Decisions for Wexcombe Council</h1>" + CARD.format(n=7) + CARD.format(n=8)),
    "a listing without cards": shell("<h1>Decisions</h1><p>Your search has 0 results</p>"),
    "a title and no decision": shell("<article id='article'></article>", "Wexcombe Council (23 004 117)"),
    "a heading and no decision": shell("<article id='article'><h1>Wexcombe Council (23 004 117)</h1></article>"),
    "a consent page": shell("<h1>Review your privacy settings</h1><p>Required cookies</p><p>Privacy settings</p>"),
    "furniture": shell("<p>Back to top</p><p>Print this page</p><p>LGO logogram</p>"),
    "robots.txt": b"User-agent: *\nDisallow: /decisions/\n",
    "json": json.dumps({"title": "Wexcombe Council (23 004 117)", "Decision": "Upheld"}).encode(),
    "xml": b"<?xml version='1.0'?><rss><channel><title>Wexcombe Council (23 004 117)</title></channel></rss>",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Title (Wexcombe Council \\(23 004 117\\))>> endobj\n%%EOF\n",
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "noise": b"".join(zlib.compress(bytes([n] * n)) for n in range(200)),
    "gzip": gzip.compress(golden("spans_h1")),
    "deflate": zlib.compress(golden("spans_h1")),
    "a comment": b"<!--" + golden("no_header"),
    "a script": b"<html><body><script>" + golden("spans_h2_nested") + b"</script></body></html>",
    "a template": shell("<template>" + golden("no_header").decode() + "</template>"),
    "a hidden article": golden("no_header").replace(b"<article", b"<article hidden"),
}


@pytest.mark.parametrize("name", NO_DECISION)
def test_pages_that_are_not_decisions_are_refused(name: str) -> None:
    refused(NO_DECISION[name])


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("name", ["empty", "zeros", "ones", "noise", "png", "gzip"])
def test_bytes_that_are_not_text_are_refused_whatever_they_declare(name: str, charset: str) -> None:
    refused(NO_DECISION[name], charset)


def test_error_names_the_missing_part() -> None:
    missing = refused(golden("spans_h1").replace(b"</html>", b""))
    assert "</html>" in missing
    cut = refused(golden("spans_h1").replace(b"</article>\n</main>", b"</main>"))
    assert "article" in cut
    assert refused(b"<html><frameset><frame src='/decisions'></frameset></html>") == "an empty page"


@pytest.mark.parametrize("name", ["listing of one", "listing", "search shell"])
def test_parse_chapters_refuses_the_same_pages(name: str) -> None:
    with pytest.raises(ReadError):
        parse_chapters([golden("report.1"), NO_DECISION[f"a {name}"]])
    with pytest.raises(ReadError):
        parse_chapters([golden("report.1"), golden("report.2")[:-30]])


# -- markup that would take the parser longer than its length suggests


def in_article(markup: str) -> bytes:
    return shell(
        "<article><h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p><p>The Ombudsman's final decision:</p>"
        f"<p>Summary: There was fault.</p><h2>The complaint</h2>{markup}"
        "<p>Investigator's decision on behalf of the Ombudsman</p></article>"
    )


def words_of(markup: str) -> str:
    """Returns the words parsed between the complaint's heading and the closing line."""
    lines = render(parse_page(in_article(markup))).split("\n")
    return " ".join(lines[lines.index("The complaint") + 1 : -1])


def test_number_of_tags_is_limited() -> None:
    room = MOST_TAGS - in_article("").count(b"<")
    assert words_of("<br>" * room + "a") == "a"
    assert "20,001 tags" in refused(in_article("<br>" * (room + 1)))


def test_page_of_more_than_two_megabytes_is_refused() -> None:
    room = MAX_BYTES - len(in_article("<!---->"))
    assert words_of(f"<!--{'a' * room}-->") == ""
    assert "2,097,153 bytes" in refused(in_article(f"<!--{'a' * (room + 1)}-->"))
    link = b"<a href='?chapter=2'>"
    longest = link + b"a" * (MAX_BYTES - len(link))
    assert find_chapters(longest, "23 004 117") == [2]
    assert find_chapters(longest + b"a", "23 004 117") == [], "no page that is read links to it"


def test_a_text_longer_than_a_decision_can_have_is_refused_also_in_chapters() -> None:
    words = "<p>" + "word " * 55_000
    assert len(words_of(words)) > 270_000
    assert "no decision has more than 500,000" in refused(in_article(words * 2))
    first, second = (in_article(words + f"<p>{n}</p>") for n in (1, 2))
    with pytest.raises(TooLarge):
        parse_chapters([first, second])


def test_fonts_that_the_parser_would_copy_into_every_paragraph_are_refused() -> None:
    fonts = "".join(f"<font size={n}>" for n in range(1_000))
    assert "1,000 different" in refused(in_article(f"<p>{fonts}" + "<p>a" * 1_000))
    quoted = "".join(f"<FONT title='>{n}'>" for n in range(1_000))
    assert "1,000 different" in refused(in_article(f"<p>{quoted}" + "<p>a" * 1_000))
    assert words_of("<p><b class='x'><i>a</i></b></p>" * 2_000) == " ".join("a" * 2_000)
    assert words_of("<p>" + "<b>" * 2_000 + "<p>a" * 2_000) == " ".join("a" * 2_000)


NAMES = " ".join(f"a{n}" for n in range(2_000))


@pytest.mark.parametrize("quoted", ["", "title='>' ", "title='<p>' ", 'href="x" class="y" ', "\n", "a= '\">' "])
@pytest.mark.parametrize("tag", ["a", "A", "font", "FONT", "b", "strong", "nobr"])
def test_long_tags_that_the_parser_would_copy_into_every_paragraph_are_refused(tag: str, quoted: str) -> None:
    assert "among 1,0" in refused(in_article(f"<p><{tag} {quoted}{NAMES}>x" + "<p>a" * 1_000))
    assert words_of(f"<p><{tag} {quoted}{NAMES}>x</{tag}>" + "<p>a" * 40) == "x" + " a" * 40


def test_links_that_end_each_other_are_copied_once_and_read() -> None:
    links = "".join(f"<a href='/decisions/planning/other/23-004-{n:03}' title='{n * 7:040}'>a" for n in range(800))
    assert words_of(f"<p>{links}" + "<p>b" * 800).startswith("a" * 800)


def test_markup_outside_the_article_is_checked_when_it_is_parsed() -> None:
    hard = f"<p><font {NAMES}>" + "<p>a" * 1_000
    body = in_article("<p>It was lost.</p>").replace(b"</body>", hard.encode() + b"</body>")
    assert "\nIt was lost.\n" in render(parse_page(body)), "the article alone is parsed"
    assert "among 1,0" in refused(body.replace(b"<h1>", b"<p>").replace(b"</h1>", b"</p>"))


@pytest.mark.parametrize("quoted", ["", "title='>' ", 'title=">" ', 'a"b title=">" ', "a= '\">' "])
@pytest.mark.parametrize("tag", ["p", "/p", "P/", "x-y"])
def test_tag_with_too_many_attributes_is_refused(tag: str, quoted: str) -> None:
    attributes = " ".join(f"a{n}" for n in range(20_000))
    assert "a tag of more than" in refused(in_article(f"<{tag} {quoted}{attributes}>a"))
    halves = f"<{tag} {quoted}{attributes[: len(attributes) // 2]}>a" * 6
    assert "many of thousands" in refused(in_article(halves))


def test_long_paragraph_and_long_script_are_not_tags() -> None:
    words = "a = \"b\" 'c' / d " * 10_000
    assert words_of(f"<script>{words}</script><p>{words}</p><img src='data:{'a' * 60_000}'>") == words.strip()


def test_nested_rows_of_a_drawing_are_not_text() -> None:
    assert words_of("<svg>" + "<tr><td>a" * 3_000 + "</svg><p>b</p>") == "b"


def test_nested_headers_are_searched_only_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []

    def counting(*arguments: Any, **named: Any) -> Any:
        walks.append(arguments)
        return read_blocks(*arguments, **named)

    monkeypatch.setattr("ingest.lgo.page.read_blocks", counting)
    refused(shell("<header>a" * 3_000))
    assert len(walks) < 100


def test_hidden_elements_are_checked_only_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    body = in_article("<p>It was lost.</p>").replace(b"<article>", b"<i hidden >a</i>" * 3_000 + b"<article>")
    looked = []
    monkeypatch.setattr("ingest.parsing.whole_page._still_open", lambda *arguments: looked.append(arguments))
    assert "\nThe complaint\nIt was lost.\n" in render(parse_page(body))
    assert len(looked) < 100


@pytest.mark.parametrize("style", ["color: red; " * 40 + "display: none", "width: " + "9" * 400, "a:b;display:none"])
def test_an_open_element_with_a_long_style_may_hide_the_article(style: str) -> None:
    opened = f"<body><div class=a style='{style}'>".encode()
    assert _may_be_hidden(opened + b"<article>", len(opened))
    assert not _may_be_hidden(opened + b"</div><article>", len(opened + b"</div>")), "the element is closed"


@pytest.mark.parametrize(
    "opened",
    [
        "<div style=\"font-family:'Arial'; display:none\"><article>",
        "<div title='a>b' hidden><article>",
        "<div><article title='a>b' hidden>",
    ],
)
def test_a_page_is_refused_if_attributes_with_quotation_marks_hide_its_article(opened: str) -> None:
    assert render(parse_page(in_article("<p>It was lost.</p>")))
    assert "no title line" in refused(in_article("<p>It was lost.</p>").replace(b"<article>", opened.encode()))


def test_words_of_hiding_attributes_are_checked_only_a_few_times() -> None:
    class Counting(bytes):
        searches = 0

        def rfind(self, *arguments: Any) -> int:
            Counting.searches += 1
            return super().rfind(*arguments)

    low = Counting(b"<html><body><p>" + b"hidden " * 3_000 + b"</p><article>")
    assert _may_be_hidden(low, low.index(b"<article")), "it is left to the parser"
    assert Counting.searches < 100
    body = in_article("<p>It was lost.</p>").replace(b"<article>", b"<p>" + b"hidden " * 3_000 + b"</p><article>")
    assert "\nThe complaint\nIt was lost.\n" in render(parse_page(body))


def test_choices_of_lists_are_tried_once_for_each_number_of_items() -> None:
    lists = "<ol><li>a</li></ol>" * 12 + "<ol start=9999><li>a</li></ol>"
    numbers = [line.number for line in parse_page(in_article(lists * 50)).lines if line.kind == "item"]
    assert numbers == ([None] * 12 + ["9999"]) * 50
    runs = [_Run([Item(List("1", None, None), 0, None)], None, adjoins=True) for _ in range(12)]
    assert len(_choices(runs, 9986)) == 13, "not the 4,096 ways to choose"


def test_deeply_nested_items_have_numbers() -> None:
    deep = "\n\n".join(" " * (level + 1) + "1. Back to top" for level in range(1_500)) + "\n\n" + " " * 1_501 + "1. a"
    head = "Wexcombe Council (23 004 117)\n\nThe Ombudsman's final decision:\n\nSummary: There was fault.\n\n"
    decision = parse(head + deep + "\n\nInvestigator's decision on behalf of the Ombudsman")
    assert [line.number for line in decision.lines if line.kind == "item"] == ["1" + ".1" * 1_500]


def test_endless_character_reference_does_not_match() -> None:
    assert not shows_text(b"<html>&#" + b"9" * 5_000 + b";</html>", None, "a" * 80)


def test_endless_address_is_not_a_chapter_link() -> None:
    link = b"<a href='%s/23-004-117?chapter=2'>"
    assert find_chapters(link % b"/decisions/planning/enforcement", "23 004 117") == [2]
    assert find_chapters(link % (b"/" + b"a" * 600), "23 004 117") == []


# -- truncated pages

DECOY = b"""<!DOCTYPE html>
<html><head><title>x</title><script>var a = "</article></body></html>";</script>
<!-- </article></body></html> --></head><body data-end="</article></body></html>">
<article id="article"><h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p>
<p>The Ombudsman's final decision:</p><p>Summary: There was fault.</p>
<!-- <article> </html> --><p title="</html>">It was lost.</p><script>b = '</html>'</script>
<p>Investigator's decision on behalf of the Ombudsman</p>
</article><!-- </html> --><style>/* </html> */</style><textarea></html></textarea>
</body></html>
"""


@pytest.mark.parametrize("name", ["header_order", "unclosed", "bold_br", "decoy"])
def test_a_page_cut_at_any_byte_is_refused_or_whole(name: str) -> None:
    body = DECOY if name == "decoy" else golden(name)
    whole = render(parse_page(body))
    assert name == "decoy" or whole == text_of(name)
    taken = []
    for end in range(len(body)):
        try:
            decision = parse_page(body[:end])
        except ReadError:
            continue
        assert body[end:].strip() == b"", f"cut after {body[max(0, end - 60) : end]!r} and taken for whole"
        assert render(decision) == whole
        taken.append(end)
    assert taken, "white space at the end is not missed"


@pytest.mark.parametrize("name", ["spans_h1", "inline_noise", "report.2"])
def test_a_page_cut_inside_a_letter_is_refused(name: str) -> None:
    body = golden(name)
    for end in (place for place in range(len(body)) if body[place] & 0b1100_0000 == 0b1000_0000):
        refused(body[:end])


def test_page_must_close_article_and_html_only() -> None:
    body = golden("no_header")
    refused(body.replace(b"</article>", b""))
    refused(body.replace(b"</article>", b"<!-- </article> -->"))
    refused(body.replace(b"</html>", b""))
    refused(body.replace(b"</html>", b"<!-- </html> -->"))
    refused(body.replace(b"</html>", b"</htm>"))
    assert render(parse_page(body.replace(b"</body>", b""))) == text_of("no_header")


@pytest.mark.parametrize("opener", ["", "<p>The Ombudsman's final decision:</p>", "<p>Overview:</p>"])
@pytest.mark.parametrize("closer", ["", "<p>Investigator's decision on behalf of the Ombudsman</p>"])
def test_a_page_with_its_middle_missing_is_refused(opener: str, closer: str) -> None:
    """The page has a header and an end, but no text of a decision."""
    header = "<h1>Wexcombe Council (23 004 117)</h1><p>Category : Planning</p><p>Decision : Upheld</p>"
    refused(shell(f"<article id='article'>{header}{opener}{closer}</article>"))


# -- the encoding of a page


def test_windows_1252_page_that_declares_utf_8_is_parsed_and_reported() -> None:
    text = golden("one_list_each").decode()
    assert sum(not character.isascii() for character in text) == 1
    for charset in (None, "utf-8", "UTF-8"):
        decision = parse_page(text.encode("cp1252"), charset=charset)
        assert render(decision) == text_of("one_list_each")
        assert decision.odd == (Oddity("encoding", "1 byte not UTF-8, read as windows-1252"),)
        pounds = parse_page(text.replace("’", "£").encode("cp1252"), charset=charset)
        assert render(pounds) == text_of("one_list_each").replace("’", "£")


def test_page_in_a_declared_encoding_is_parsed() -> None:
    text = golden("one_list_each").decode()
    for name in ("windows-1252", "cp1252", "Windows-1252"):
        assert render(parse_page(text.encode("cp1252"), charset=name)) == text_of("one_list_each")
    said = text.replace('charset="utf-8"', 'charset="windows-1252"')
    assert render(parse_page(said.encode("cp1252"), charset="windows-1252")) == text_of("one_list_each")


def test_page_is_never_decoded_wrongly() -> None:
    name = "one_list_each"
    text = golden(name).decode()
    for charset in (
        "windows-1252",
        "iso-8859-1",
        "latin-1",
        "ascii",
        "us-ascii",
        "utf-16",
        "utf-7",
        "shift_jis",
        "cp037",
    ):
        refused_or(name, golden(name), charset)
    for charset in (
        "",
        " ",
        "none",
        "x-unknown",
        "rot13",
        "zlib",
        "base64",
        "hex",
        "idna",
        "undefined",
        "\x00",
        "utf-8; x",
    ):
        refused_or(name, golden(name), charset)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
        refused_or(name, text.encode(encoding))
        refused_or(name, text.encode(encoding), "utf-8")
        refused_or(name, text.encode(encoding), encoding)
    for said in ("windows-1252", "utf-16", "x-unknown", "", "utf-8' x='", "ISO-8859-1"):
        claim = text.replace('charset="utf-8"', f'charset="{said}"')
        refused_or(name, claim.encode())
        refused_or(name, claim.encode("cp1252"))


@pytest.mark.parametrize(
    ("bad", "stray"),
    [
        (b"\xff", "ÿ"),
        (b"\xc0\xaf", "À¯"),
        (b"\xed\xa0\x80", "í €"),  # the no-break space between them becomes a space
        (b"\xf4\x90\x80\x80", "ô€€"),  # windows-1252 does not define 0x90
        (b"\xe2\x80", "â€"),
        (b"\x80", "€"),
    ],
)
def test_a_stray_byte_changes_no_other_character(bad: bytes, stray: str) -> None:
    body = golden("header_order")
    before = text_of("header_order")
    for place in (body.index(b"<title"), body.index(b"</article>")):
        decision = parse_page(body[:place] + bad + body[place:])
        assert set(render(decision).replace(stray, "").split()) >= set(before.split())
        assert decision.odd
    place = body.index(b"elm")
    assert render(parse_page(body[:place] + bad + body[place:])) == before.replace("elm", f"{stray}elm", 1)
    refused(body + bad)


def test_null_bytes_are_removed_or_refused() -> None:
    body = golden("header_order")
    for mark in (
        b"Mrs G",
        b"elm",
        b"Upheld",
        b"Thistledown",
        b"17 010",
        b"<h2>",
        b"</article>",
        b"<!DOCTYPE",
        b"</html>",
    ):
        place = body.rindex(mark)
        refused_or("header_order", body[:place] + b"\x00" + body[place:])
        inside = place + (0 if mark.startswith(b"<") else 1)
        refused_or("header_order", body[:inside] + b"\x00\x00" + body[inside:])
    refused_or("header_order", body + b"\x00" * 100)


# -- pages of random pieces, and damaged pages: only our errors, and a stable result

_PIECES = st.sampled_from(
    (
        "<p>", "</p>", "<div>", "</div>", "<ol>", "<ol start=3>", "</ol>", "<ul>", "</ul>", "<li>", "</li>",
        "<li value=9>", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<h1>", "</h1>", "<h2>", "</h2>",
        "<b>", "</b>", "<br>", "<dl>", "<dt>", "<dd>", "</dl>", "<span class=label>", "<span class=value>", "</span>",
        "<article id=article>", "</article>", "<header>", "</header>", "<nav>", "</nav>", "<template>", "</template>",
        "<script>", "</script>", "<!--", "-->", "<p hidden>", "<svg>", "</svg>", "<math>", "<select>", "<option>",
        "</select>", "<a href=#>", "</a>", "<title>", "</title>", "<body>", "</body>", "<html>", "</html>",
        "<frameset>", "<plaintext>", "<noscript>", "<pre>", "<![CDATA[", "]]>", "&", "&#0;", "&nbsp;", "<", ">",
        "\u200b", "\x0b", "- ", "1. ", "• ", "a) ", "x", "Word. ", "|", "Wexcombe Council (23 004 117)", "Category",
        "Category : A > B", "Decision : Upheld", "Decision date : 01 Jan 2020", "Decision", ":",
        "The Ombudsman's final decision:", "Overview:", "Summary: Fault.", "Back to top", "Print this page",
        "Privacy settings", "Required cookies", "Investigator's decision on behalf of the Ombudsman", "15 013 870",
    )
)  # fmt: skip


def stable(body: bytes) -> None:
    try:
        decision = parse_page(body)
    except ReadError:
        return
    assert isinstance(decision, Decision)
    once = render(decision)
    assert render(parse(once, unclosed=True)) == once
    assert all(line.text.strip() == line.text and line.text for line in decision.lines)
    assert parse(once, unclosed=True).reference == decision.reference


_quiet = settings(max_examples=examples(quick=60, full=150), phases=PHASES)


@_quiet
@given(st.lists(_PIECES, max_size=25), st.booleans())
def test_any_tags_are_parsed_or_refused(pieces: list[str], framed: bool) -> None:
    inside = "".join(pieces)
    if framed:
        inside = (
            "<article id=article><h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p>"
            f"<p>The Ombudsman's final decision:</p><p>Summary: Fault.</p>{inside}"
            "<p>Investigator's decision on behalf of the Ombudsman</p></article>"
        )
    stable(f"<html><body>{inside}</body></html>".encode())


@_quiet
@given(
    st.sampled_from(("spans_h1", "spans_h2_nested", "bold_br", "sibling_lists", "inline_noise", "old_report")),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 60), st.one_of(st.binary(max_size=6), _PIECES)), max_size=4),
)
@example("spans_h1", [(0.5078125, 1, b"")])  # a list before the opener that is not a contents list
@example("old_report", [(0.234375, 1, b"")])  # an unlabelled line between title and labels
def test_any_damaged_page_is_parsed_or_refused(name: str, damage: list[tuple[float, int, bytes | str]]) -> None:
    body = golden(name)
    for share, length, instead in damage:
        place = int(share * len(body))
        body = body[:place] + (instead if isinstance(instead, bytes) else instead.encode()) + body[place + length :]
    stable(body)


# -- heavy pages, each in a process of its own that measures its memory. Memory is the kernel's high-water mark of the
# address space; ru_maxrss would include the parent's at the fork.

CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from ingest.errors import ReadError
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render

HEAD = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>x</title></head><body><article id='article'>"
    "<h1>Wexcombe Council (23 004 117)</h1><p>Decision : Upheld</p><p>The Ombudsman's final decision:</p>"
    "<p>Summary: There was fault.</p><h2>The complaint</h2>"
)
FOOT = "<p>It was lost.</p><p>Investigator's decision on behalf of the Ombudsman</p></article></body></html>"
body = eval(sys.stdin.read(), {"HEAD": HEAD, "FOOT": FOOT})
body = body if isinstance(body, bytes) else body.encode()
size = len(body)
try:
    text = render(parse_page(body))
    outcome = "read"
except ReadError as error:
    text, outcome = "", "refused"
    assert len(str(error)) < 1000
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
whole = (
    text.startswith("Wexcombe Council")
    and "\\nDecision : Upheld\\nThe Ombudsman's final decision:\\nSummary: There was fault.\\nThe complaint\\n" in text
    and "It was lost." in text
    and text.endswith("\\nInvestigator's decision on behalf of the Ombudsman")
)
print(json.dumps({"outcome": outcome, "whole": whole, "length": len(text), "size": size, "peak": peak}))
"""

DEEP = 4_900
HEAVY = {
    "60 MB of white space": 'HEAD + " " * 60_000_000 + FOOT',
    "60 MB of words": 'HEAD + "<p>" + "word " * 12_000_000 + "</p>" + FOOT',
    "60 MB of paragraphs": 'HEAD + "<p>a</p>" * 7_500_000 + FOOT',
    "60 MB of one tag": 'HEAD + "<p title=\'" + "a" * 60_000_000 + "\'>b</p>" + FOOT',
    "60 MB of zeros": "bytes(60_000_000)",
    "60 MB before the decision": '"<!--" + "a" * 60_000_000 + "-->" + HEAD + FOOT',
    "60 MB after the decision": 'HEAD + FOOT + "\\n" * 60_000_000',
    "nested divs": f'HEAD + "<div>" * {DEEP} + "a" + "</div>" * {DEEP} + FOOT',
    "nested spans": f'HEAD + "<p>" + "<span>" * {DEEP} + "a" + "</span>" * {DEEP} + "</p>" + FOOT',
    "nested bold": f'HEAD + "<p>" + "<b>" * {DEEP} + "a" + "</b>" * {DEEP} + "</p>" + FOOT',
    "nested bullets": f'HEAD + "<ul><li>" * {DEEP} + "a" + "</li></ul>" * {DEEP} + FOOT',
    "nested items with words": f'HEAD + "<ol><li>a" * {DEEP} + "</li></ol>" * {DEEP} + FOOT',
    "nested lists without items": f'HEAD + "<ol>" * {DEEP} + "<li>a</li>" + "</ol>" * {DEEP} + FOOT',
    "nested tables": f'HEAD + "<table><tr><td>" * {DEEP // 3} + "a" + "</td></tr></table>" * {DEEP // 3} + FOOT',
    "nested quotations": f'HEAD + "<blockquote>a" * {DEEP} + "</blockquote>" * {DEEP} + FOOT',
    "nested sections": f'"<section>" * {DEEP} + HEAD + FOOT',
    "nested templates": f'HEAD + "<template>" * {DEEP} + "a" + "</template>" * {DEEP} + FOOT',
    "nested hidden": f'HEAD + "<div hidden>" * {DEEP} + "a" + "</div>" * {DEEP} + FOOT',
    "divs never closed": f'HEAD + "<div>" * {DEEP} + FOOT',
    "bold never closed": f'HEAD + "<p>a" + "<b>" * {DEEP} + FOOT',
    "items never closed": f'HEAD + "<ol>" + "<li>a" * {DEEP} + "</ol>" + FOOT',
    "lists never closed": f'HEAD + "<ul><li>" * {DEEP} + FOOT',
    "end tags of nothing": f'HEAD + "</i></em></ul></li>" * {DEEP} + FOOT',
    "links in links": f'HEAD + "<a href=x>a" * {DEEP} + FOOT',
    "fonts of every size": 'HEAD + "".join(f"<font size={n}>" for n in range(2000)) + "<p>a</p>" * 100 + FOOT',
    "20,000 different attributes": 'HEAD + "<p " + " ".join(f"a{n}=b" for n in range(20_000)) + ">a</p>" + FOOT',
    "one attribute 100,000 times": 'HEAD + "<p" + " a=b" * 100_000 + ">a</p>" + FOOT',
    "attributes of the article": 'HEAD.replace("<article ", "<article " + "a=b " * 100_000) + FOOT',
    "one line of 2 MB": 'HEAD + "<p>" + "word " * 400_000 + "</p>" + FOOT',
    "one word of 2 MB": 'HEAD + "<p>" + "a" * 2_000_000 + "</p>" + FOOT',
    "100,000 breaks": 'HEAD + "<p>" + "a<br>" * 100_000 + "</p>" + FOOT',
    "100,000 entities": 'HEAD + "<p>" + "&amp;" * 100_000 + "</p>" + FOOT',
    "100,000 comments": 'HEAD + "<p>a" + "<!-- -->" * 100_000 + "</p>" + FOOT',
    "100,000 brackets": 'HEAD + "<p>" + "(" * 100_000 + ")" * 100_000 + "</p>" + FOOT',
    "a title of brackets": 'HEAD.replace("Wexcombe Council", "Wexcombe Council" + " (a" * 50_000) + FOOT',
    "100,000 opened tags": 'HEAD + "<p>a" + "<" * 100_000 + FOOT',
    "100,000 articles": 'HEAD + FOOT.replace("</body>", "<article>a</article>" * 100_000 + "</body>")',
    "more tags than a page has": f'HEAD + "<div>" * {4 * DEEP} + "a" + "</div>" * {4 * DEEP} + FOOT',
    "fonts copied": 'HEAD + "<p>" + "".join(f"<font size={n}>" for n in range(9_000)) + "<p>a" * 9_000 + FOOT',
    "a link copied": 'HEAD + "<p><a " + " ".join(f"a{n}" for n in range(15_000)) + ">x" + "<p>a" * 1_700 + FOOT',
    "a link copied as often as may be": 'HEAD + "<p><a " + " ".join(f"a{n:x}" for n in range(1_250)) + ">x"'
    ' + "<p>a" * 950 + FOOT',
    "long fonts copied": 'HEAD + "<p>" + "".join(f"<font a={n} " + " ".join(f"a{m}" for m in range(90)) + ">"'
    ' for n in range(13)) + "<p>a" * 18_000 + FOOT',
    "rows in rows of a drawing": f'HEAD + "<svg>" + "<tr><td>a" * {DEEP} + "</svg>" + FOOT',
    "100,000 ends of the article": 'HEAD + FOOT.replace("</body>", "</article>" * 100_000 + "</body>")',
}
MEGABYTES = 350
"""Enough for five copies of a 60 MB body, and too little for anything that grows with the square."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
@pytest.mark.parametrize("name", HEAVY)
def test_heavy_page_is_parsed_or_refused_within_a_memory_limit(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=HEAVY[name], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, f"the reader died: {done.returncode}\n{done.stderr[-2000:]}"
    found = json.loads(done.stdout)
    assert found["outcome"] == "refused" or found["whole"], found
    assert found["peak"] < MEGABYTES * 1024, found
