"""Handwritten listing pages: the forms of cards and totals that are parsed, and input that must not become either."""

from __future__ import annotations

import dataclasses
import re
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import TooLarge, Undecodable
from ingest.lgo import listing_page as listing
from ingest.lgo.listing_page import Listing, parse_listing
from ingest.lgo.source import PAGE_SIZE
from ingest.parsing.input_limits import MOST_TAGS
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from storage.model import Entry

ABOUT = "Ms X complained (about Statement Upheld Noise 01-Jan-2001) the Council (Area 3)"
FULL = Entry(
    reference="25 004 920",
    url="/decisions/children-s-care-services/disabled-children/25-004-920",
    authority="Hertfordshire County Council",
    outcome="Closed after initial enquiries",
    subcategory="Disabled children",
    decision_date=date(2025, 10, 6),
    kind="statement",
    title="Hertfordshire County Council (25 004 920)",
    summary=ABOUT,
)


OTHER = Entry(
    reference="24 022 037",
    url="/decisions/adult-care-services/charging/24-022-037",
    authority="Bupa Care Homes (GL) Limited",
    outcome="Not upheld",
    subcategory="Charging",
    decision_date=date(2025, 9, 30),
    kind="report",
    title="Bupa Care Homes (GL) Limited (24 022 037)",
    summary=ABOUT,
)
SUMMARY = f"Summary: {ABOUT}"


def words(entry: Entry) -> tuple[str, str, str]:
    """Returns the words of a card: title, line, and the kind of place it is about."""
    assert entry.decision_date is not None
    assert entry.kind is not None
    line = f"{entry.kind.title()} {entry.outcome} {entry.subcategory} {entry.decision_date:%d-%b-%Y}"
    return f"{entry.authority} ({entry.reference})", line, entry.url


def div(entry: Entry) -> str:
    title, line, url = words(entry)
    return f'<div class="card"><h3><a href="{url}">{title}</a></h3><p>{line}</p><p>{SUMMARY}</p></div>'


def item(entry: Entry) -> str:
    title, line, url = words(entry)
    return f'<li><a href="{url}"><b>{title}</b></a><br>{line}<br>{SUMMARY}</li>'


def row(entry: Entry) -> str:
    title, line, url = words(entry)
    return f'<tr><td><a href="{url}">{title}</a><div>{line}</div><div>{SUMMARY}</div></td></tr>'


def wrapped(entry: Entry) -> str:
    """A card with the link around all of it."""
    title, line, url = words(entry)
    return f'<article><a href="{url}"><h2>{title}</h2><p>{line}</p><p>{SUMMARY}</p></a></article>'


def spans(entry: Entry) -> str:
    """A card with its line in pieces, a comment inside, no-break spaces, and a full address."""
    title, line, url = words(entry)
    pieces = "\n".join(f"<span>{word}</span>" for word in line.split(" "))
    return (
        f'<section><header><a href="https://www.lgo.org.uk{url}?displaypref=1#top">{title.replace(" ", "&nbsp;")}</a>'
        f"</header><div><!-- {OTHER.reference} -->{pieces}</div><p>{SUMMARY}</p></section>"
    )


def twice(entry: Entry) -> str:
    """A card with a second link to the same decision."""
    title, line, url = words(entry)
    return (
        f'<div><h3><a href="{url}">{title}</a></h3><p>{line}</p><p>{SUMMARY}</p>'
        f'<p><a href="{url}" class="more">Read more</a> <a href="/decisions/education">Education</a></p></div>'
    )


MARKUPS = [div, item, row, wrapped, spans, twice]


def page(main: str, count: str = "Your search has 2 results") -> bytes:
    menu = (
        '<nav><ul><li><a href="/decisions">Decisions</a></li><li><a href="/decisions/education/other">Other</a></li>'
        '<li><a href="/decisions/25-004-921">x</a></li><li><a href="#">Top</a></li><li><a>none</a></li></ul></nav>'
    )
    pager = '<a href="/Decisions/SearchResults?fd=2025-01-01&amp;page=2">2</a>'
    return (
        f"<!DOCTYPE html><html><head><title>Search</title></head><body>{menu}<main><h1>Results</h1><p>{count}</p>"
        f"{main}{pager}</main><footer><p>Statement of accounts</p></footer></body></html>"
    ).encode()


# ---------------------------------------------------------------- cards


@pytest.mark.parametrize("markup", MARKUPS)
def test_cards_are_parsed_in_any_markup(markup: object) -> None:
    assert callable(markup)
    cards = f"<ul>{markup(FULL)}{markup(OTHER)}</ul>" if markup is item else f"<div>{markup(FULL)}{markup(OTHER)}</div>"
    if markup is row:
        cards = f"<table>{markup(FULL)}{markup(OTHER)}</table>"
    assert parse_listing(page(cards)) == Listing(2, (FULL, OTHER))


@pytest.mark.parametrize("markup", MARKUPS)
def test_only_card_on_a_page_is_parsed_like_any_other(markup: object) -> None:
    assert callable(markup)
    card = f"<table>{markup(FULL)}</table>" if markup is row else markup(FULL)
    assert parse_listing(page(card, "Your search has 1 result")) == Listing(1, (FULL,))


def test_card_without_title_text_is_identified_by_its_link() -> None:
    title, _, url = words(FULL)
    untitled = div(FULL).replace(title, "")
    (entry, other) = parse_listing(page(untitled + div(OTHER))).entries
    assert (entry.reference, entry.url, entry.authority) == (FULL.reference, url, None)
    assert (entry.outcome, entry.subcategory, entry.decision_date, entry.kind) == (
        FULL.outcome,
        FULL.subcategory,
        FULL.decision_date,
        "statement",
    )
    assert other == OTHER


@pytest.mark.parametrize("letter", ["a", "b", "A"])
def test_link_gives_the_suffix_letter_that_the_card_omits(letter: str) -> None:
    joint = f"/decisions/health/hospital-acute-services/17-012-345{letter}"
    card = (
        f'<div><a href="{joint}">NHS Anytown Integrated Care Board (ICB) (17 012 345)</a>'
        "<p>Statement Upheld Hospital acute services 06-Nov-2018</p><p>Summary: Two bodies.</p></div>"
    )
    sibling = card.replace(f"345{letter}", "345").replace("NHS Anytown Integrated Care Board (ICB)", "Anytown Council")
    joint_entry, council = parse_listing(page(card + sibling)).entries
    assert joint_entry.reference == f"17 012 345{letter.lower()}"
    assert joint_entry.authority == "NHS Anytown Integrated Care Board (ICB)"
    assert joint_entry.url == joint.lower(), "the site's own addresses are in lower case"
    assert (council.reference, council.authority) == ("17 012 345", "Anytown Council")


def test_repeated_card_is_listed_twice() -> None:
    cards = div(FULL) + div(OTHER) + div(FULL)
    assert [entry.reference for entry in parse_listing(page(cards)).entries] == [
        "25 004 920",
        "24 022 037",
        "25 004 920",
    ]
    assert len(parse_listing(page(div(FULL) + div(FULL))).entries) == 2, "also when no other card is there"


@pytest.mark.parametrize(
    ("outcome", "subcategory", "slug"),
    [
        ("Report issued", "Special educational needs", "special-educational-needs"),
        ("Fault found", "COVID-19", "covid-19"),
        ("Fault found", "Councillor conduct (standards)", "councillor-conduct-standards"),
        ("Discontinued", "Parking and other penalties", "parking-and-other-penalties"),
        ("Upheld", "Other", "other"),
        ("Not upheld", "Upheld decisions", "upheld-decisions"),
        ("Closed after initial enquiries", "Friends and family carers", "moved"),
        ("Upheld", None, "other"),
    ],
)
def test_address_separates_an_unknown_outcome_from_the_subcategory(
    outcome: str, subcategory: str | None, slug: str
) -> None:
    line = f"{outcome} {subcategory}" if subcategory else outcome
    card = (
        f'<div><a href="/decisions/education/{slug}/24-001-002">Anytown Council (24 001 002)</a>'
        f"<p>Statement {line} 05-Mar-2024</p><p>Summary: x.</p></div>"
    )
    (entry, _) = parse_listing(page(card + div(OTHER))).entries
    assert (entry.outcome, entry.subcategory) == (outcome, subcategory)
    assert (entry.decision_date, entry.kind) == (date(2024, 3, 5), "statement")


@pytest.mark.parametrize("line", ["Something new Somewhere else ", "Other ", ""])
def test_outcome_and_subcategory_are_missing_when_they_cannot_be_separated(line: str) -> None:
    card = f'<div><a href="/decisions/education/other/24-001-002"></a><p>Statement {line}05-Mar-2024</p></div>'
    (entry, _) = parse_listing(page(card + div(OTHER))).entries
    assert (entry.outcome, entry.subcategory) == (None, None)
    assert (entry.decision_date, entry.kind) == (date(2024, 3, 5), "statement")


@pytest.mark.parametrize("day", ["31-Feb-2025", "00-Jan-2025", "06-Xyz-2025", "6 October 2025", ""])
def test_impossible_date_gives_none(day: str) -> None:
    (entry, _) = parse_listing(page(div(FULL).replace("06-Oct-2025", day) + div(OTHER))).entries
    assert entry.reference == "25 004 920"
    assert entry.decision_date is None


def test_card_line_inside_a_summary_is_ignored() -> None:
    card = (
        '<div><a href="/decisions/education/other/24-001-002"></a><p>Summary: Mr X (see (24 001 003)) sent a Statement '
        "Upheld Noise 01-Jan-2001 (twice)</p></div>"
    )
    (entry, _) = parse_listing(page(card + div(OTHER))).entries
    assert entry == Entry(
        "24 001 002",
        "/decisions/education/other/24-001-002",
        *(None, None, None, None, None),
        summary="Mr X (see (24 001 003)) sent a Statement Upheld Noise 01-Jan-2001 (twice)",
    )


@pytest.mark.parametrize(
    "href",
    [
        "/Decisions/Education/Other/24-001-002",
        "https://www.lgo.org.uk/decisions/education/other/24-001-002/",
        "http://lgo.org.uk/decisions/education/other/24-001-002?chapter=0",
        "/decisions/education/other/24%2D001%2D002",
        "/decisions/education/24-001-002",
    ],
)
def test_every_form_of_a_decision_address_is_recognised(href: str) -> None:
    (entry, _) = parse_listing(
        page(f'<div><a href="{href}">Anytown Council (24 001 002)</a></div>{div(OTHER)}')
    ).entries
    assert (entry.reference, entry.authority) == ("24 001 002", "Anytown Council")
    assert entry.url.startswith("/")
    assert "?" not in entry.url


@pytest.mark.parametrize(
    "href",
    [
        "/decisions/education/other/24-001-002-notes",
        "/decisions/education/other/24-001-0022",
        "/decisions/education/other/sub/24-001-002",
        "/decisions/education/other/24_001_002",
        "/reports/education/other/24-001-002",
        "/decisions/24-001-002",
        "mailto:decisions/education/other/24-001-002@example.org",
        "http://[/decisions/education/other/24-001-002",
    ],
)
def test_other_addresses_make_no_card(href: str) -> None:
    assert parse_listing(page(f'<div><a href="{href}">x</a></div>{div(OTHER)}')).entries == (OTHER,)


# ---------------------------------------------------------------- totals


@pytest.mark.parametrize(
    ("count", "total"),
    [
        ("Your search has 1 results", 1),
        ("Your search has 1 result", 1),
        ("Your search has 12 results", 12),
        ("Your search has 1,234 results", 1234),
        ("Your search has 57,500 results", 57500),
        ("Your search has 1,057,500 results.", 1057500),
        ("Your search has <strong>1,234</strong> results", 1234),
        ("Your search has\n&nbsp;<b>1</b>,234&nbsp;results", 1234),
        ("<span>Your search has</span> <span>7</span>\t<span>results</span>", 7),
        ("Your search has 0 results", 0),
        ("Your search has no results", 0),
        ("Archive has 12 results", None),
        ("We found nothing that matches your search", None),
        ("No results", None),
        ("Your search has results", None),
        ("Your search has , results", None),
        ("12 results", None),
        ("", None),
        ("<!-- Your search has 12 results -->", None),
        ("<script>var count = 'Your search has 12 results';</script>", None),
        ("<style>/* Your search has 12 results */</style>", None),
        ("<template>Your search has 12 results</template>", None),
        ("<p hidden>Your search has 12 results</p>", None),
    ],
)
def test_total_is_parsed_only_if_printed(count: str, total: int | None) -> None:
    assert parse_listing(page(div(FULL), count)).total == total
    assert parse_listing(page("", count)) == Listing(total, ())


def test_script_before_the_total_is_ignored() -> None:
    count = "<script>say('Your search has 0 results')</script><p>Your search has 12 results</p>"
    assert parse_listing(page(div(FULL), count)).total == 12


def test_search_shell_has_unknown_total() -> None:
    shell = page('<h1>Search our decisions</h1><form><input name="fd"><button>Search</button></form>', "")
    assert parse_listing(shell) == Listing(None, ())


def test_page_of_a_council_has_cards_but_no_total() -> None:
    council = page(f"<h2>Decisions for Hertfordshire County Council</h2>{div(FULL)}{div(OTHER)}", "")
    assert parse_listing(council) == Listing(None, (FULL, OTHER))


@pytest.mark.parametrize("body", [b"", b" ", b"Not found", b"<html></html>", b"{}", b"<a href='/decisions"])
def test_empty_page_is_an_empty_listing_with_unknown_total(body: bytes) -> None:
    assert parse_listing(body) == Listing(None, ())


def test_page_in_another_charset_is_decoded_as_declared_or_as_windows_1252() -> None:
    text = page(div(OTHER).replace("Bupa", "Bupâ £")).decode()
    (entry,) = parse_listing(text.encode("windows-1252"), charset="windows-1252").entries
    assert entry.authority == "Bupâ £ Care Homes (GL) Limited"
    undeclared = parse_listing(text.encode("windows-1252"), charset=None)
    assert undeclared.entries == (entry,)
    assert undeclared.odd == ("2 bytes not UTF-8, read as windows-1252",)


def test_a_charset_by_the_response_is_not_odd_and_a_page_of_frames_reports_its_bytes() -> None:
    body = page(div(OTHER).replace("Bupa", "Bupâ £")).decode().encode("windows-1252")
    assert parse_listing(body, charset="windows-1252").odd == ()
    assert parse_listing(b"<frameset>\xe9") == Listing(None, (), odd=("1 byte not UTF-8, read as windows-1252",))


def test_the_words_of_the_page_beside_its_only_link_are_not_the_cards() -> None:
    for element in ("main", "body"):
        markup = f"<{element}><p>Elsewhere Council (Area 3)</p><a href='{OTHER.url}'>Read</a></{element}>"
        (entry,) = parse_listing(f"<html>{markup}</html>".encode()).entries
        assert (entry.reference, entry.title, entry.authority) == (OTHER.reference, None, None)


def test_a_summary_in_the_link_of_a_card_is_not_its_title() -> None:
    _, line, url = words(FULL)
    card = f'<article><a href="{url}"><p>{SUMMARY}</p><p>{line}</p></a></article>'
    (entry,) = parse_listing(page(card)).entries
    assert (entry.title, entry.authority, entry.summary) == (None, None, ABOUT)


def test_the_title_of_a_link_is_the_title_of_its_card_and_a_summary_that_ends_in_a_reference_never() -> None:
    _, line, url = words(FULL)
    card = f'<div><a href="{url}">{{}}</a><p>{line}</p><p>Summary: As in our decision (25 004 920)</p></div>'
    (entry,) = parse_listing(page(card.format("Kent County Council (Ref 25 004 920)"))).entries
    assert (entry.title, entry.authority) == ("Kent County Council (Ref 25 004 920)", "Kent County Council")
    (entry,) = parse_listing(page(card.format("Read more"))).entries
    assert (entry.title, entry.authority, entry.summary) == (None, None, "As in our decision (25 004 920)")
    (entry,) = parse_listing(page(card.format("Read more</a><p>Kent County Council (Area 3)</p><a>"))).entries
    assert (entry.title, entry.authority) == (None, None)


def test_a_line_break_inside_a_card_line_is_a_space() -> None:
    title, line, url = words(FULL)
    broken = line.replace("Statement ", "Statement<br>").replace(" 06", "<br>06")
    (entry,) = parse_listing(page(f'<div><a href="{url}">{title}</a><p>{broken}</p><p>{SUMMARY}</p></div>')).entries
    assert entry == FULL


@pytest.mark.parametrize("markup", MARKUPS)
def test_a_total_that_a_card_quotes_is_not_the_total_of_the_page(markup: Any) -> None:
    quoted = markup(FULL).replace(SUMMARY, "Summary: She wrote:</p><p>Your search has 99 results")
    cards = f"<table>{quoted}{markup(OTHER)}</table>" if markup is row else quoted + markup(OTHER)
    assert parse_listing(page(cards)).total == 2
    assert parse_listing(page(cards, count="Decisions")).total is None


def test_the_only_card_of_a_page_ends_with_its_line_in_blocks() -> None:
    title, line, url = words(FULL)
    parts = line.replace("Statement ", "Statement</p><p>").replace(" 06", "</p><p>06")
    card = f'<div><a href="{url}">{title}</a><p>{parts}</p></div>'
    (entry,) = parse_listing(page(f"<section>{card}<p>Summary: the latest decisions</p></section>")).entries
    assert entry == dataclasses.replace(FULL, summary=None)


def test_a_card_in_a_menu_is_parsed() -> None:
    title, line, url = words(FULL)
    for others in ("", div(OTHER)):
        found = parse_listing(page(f'<div><nav><a href="{url}">{title}</a> {line}</nav></div>{others}'))
        assert found.entries[0] == dataclasses.replace(FULL, summary=None)
    (one,) = parse_listing(page(f'<div><nav><a href="#">{title}</a> {line}</nav></div>{div(OTHER)}')).unfollowed
    assert one.card == f"{title} {line}"


@pytest.mark.parametrize("element", ["body", "main"])
def test_words_of_the_page_are_not_the_summary_of_its_only_card(element: str) -> None:
    title, _, url = words(FULL)
    markup = f'<{element}><p>Summary: the latest decisions</p><a href="{url}">{title}</a></{element}>'
    (entry,) = parse_listing(f"<html>{markup}</html>".encode()).entries
    assert (entry.title, entry.summary, entry.kind) == (title, None, None)


def test_a_page_without_a_total_is_described_by_its_words_in_that_place() -> None:
    says = "the listing shows 2 cards and no total that can be parsed: it "
    assert Listing(None, (FULL, OTHER)).describe_missing_total() == f"{says}does not mention a search"
    found = Listing(None, (FULL, OTHER), in_place_of_total="Your search has many results")
    assert found.describe_missing_total() == f"{says}says 'Your search has many results'"


def test_a_listing_needs_the_address_of_its_page() -> None:
    with pytest.raises(ValueError, match=r"^'javascript:next\(\)' is not the address of a page$"):
        parse_listing(page(""), address="javascript:next()")


def test_all_lines_of_a_summary_are_taken_to_the_end_of_its_block() -> None:
    title, line, url = words(FULL)
    card = f'<div><a href="{url}">{title}</a><p>{line}</p><p>x<br>Summary: One<br>two<br>three</p><p>four</p></div>'
    (entry,) = parse_listing(page(card)).entries
    assert entry.summary == "One two three"


def test_a_slash_at_the_end_of_an_address_does_not_change_its_subcategory() -> None:
    title, _, url = words(OTHER)
    card = f'<div><a href="{url}/">{title}</a><p>Report Settled early Charging 30-Sep-2025</p></div>'
    (entry,) = parse_listing(page(card)).entries
    assert (entry.outcome, entry.subcategory) == ("Settled early", "Charging")


_PIECES = st.lists(
    st.sampled_from(
        [
            *(div(FULL), div(OTHER), item(FULL), wrapped(OTHER), "<div>", "</div>", "<a href='", "'>", "</a>"),
            *("<table>", "<tr>", "<li>", "</ul>", "Your search has ", "1,2", " results", "Statement ", "06-Oct-2025"),
            *("<p>", "(", ")", "<a href='http://[decisions/'>", "<a href='//decisions/%'>", "<template>", "<!--"),
            *("<script>", "\0", "é"),
        ]
    ),
    max_size=12,
)


@given(pieces=_PIECES)
def test_any_markup_is_parsed(pieces: list[str]) -> None:
    listing = parse_listing("".join(pieces).encode())
    assert listing.total is None or listing.total >= 0
    assert all(entry.url.startswith("/") for entry in listing.entries)


@given(body=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    with suppress(Undecodable):
        parse_listing(body)


def test_listing_with_too_many_tags_is_refused() -> None:
    bare = page(div(FULL))
    room = b"<br>" * (MOST_TAGS - bare.count(b"<"))
    assert parse_listing(bare.replace(b"</main>", room + b"</main>")).entries == (FULL,)
    with pytest.raises(TooLarge, match=r"20,001 tags"):
        parse_listing(bare.replace(b"</main>", room + b"<br></main>"))


def test_listing_with_too_many_links_is_refused() -> None:
    assert len(parse_listing(page(div(FULL) * 100)).entries) == 100
    with pytest.raises(TooLarge, match="101 links to decisions"):
        parse_listing(page(div(FULL) * 101))


def test_elements_around_a_link_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(listing, "_card_line", looked.append)
    link = f"<a href='{FULL.url}'>a</a>"
    assert len(parse_listing(page("<div>" * 2_000 + link * 100)).entries) == 1
    assert len(looked) < 200


def test_card_line_is_searched_only_before_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted:
        searches = 0

        def search(self, *arguments: Any) -> re.Match[str] | None:
            self.searches += 1
            return line.search(*arguments)

    line, counted = listing._CARD_LINE, Counted()
    monkeypatch.setattr(listing, "_CARD_LINE", counted)
    (entry,) = parse_listing(page(div(FULL).replace("</a>", "</a><p>" + "Statement " * 500 + "</p>"))).entries
    assert entry.decision_date == FULL.decision_date
    assert counted.searches < 10
    for start in range(310, 330):
        text = "Statement" + "x " * 160 + "Report" + " " * 3 + "y" * (start - 20) + "4-Feb-2024 Statement 5-Feb-2024"
        found = listing._card_line(text)
        assert (found and found.span()) == ((expected := line.search(text)) and expected.span())


def test_cards_of_the_look_alike_have_its_fields() -> None:
    site = Site([*seeds(), *generate(120, seed=8, first=date(2016, 1, 1), last=date(2025, 12, 31))])
    found: list[Entry] = []
    for number in range(1, 20):
        answer = site.handle(Request("GET", f"/Decisions/SearchResults?fd=0001-01-01&t=both&page={number}", {}))
        listing = parse_listing(answer.body)
        assert listing.total in (len(site), None)
        assert len(listing.entries) <= PAGE_SIZE
        found += listing.entries
    assert [(e.reference, e.url, e.outcome, e.subcategory, e.decision_date, e.kind) for e in found] == [
        (s.reference, s.address, s.outcome, s.subcategory, s.decision_date, s.kind) for s in site.listed()
    ]
    named = [(e.authority, s.authority) for e, s in zip(found, site.listed(), strict=True) if e.authority is not None]
    assert len(named) >= len(found) - 5, "one card in a hundred lacks its title"
    assert all(read == true for read, true in named)


@pytest.mark.parametrize("other", ["", "<a href='/decisions/planning/other/23-004-118'>b</a>"])
def test_nested_cards_are_parsed_only_while_they_are_short(other: str) -> None:
    """On a page with one decision, each element around a link is searched; with others, each link has a card."""

    def nested(words: str) -> bytes:
        links = "<div><a href='/decisions/planning/other/23-004-117'>a</a>" * 60
        return f"<html><body>{other}{links}{words}{'</div>' * 60}</body></html>".encode()

    assert {entry.reference for entry in parse_listing(nested("1-Jan-2000 " * 100)).entries} >= {"23 004 117"}
    for words in ("1-Jan-2000 " * 6_000, "<br>" * 15_000):
        with pytest.raises(
            TooLarge, match=r"^its cards are nested in each other, all of them long: not a page of the l"
        ):
            parse_listing(nested(words))
