"""The cards of a listing page: each is followed, or reported with the reason."""

from __future__ import annotations

import pytest

from ingest.errors import TooLarge
from ingest.lgo.listing_page import Listing, Unfollowed, parse_listing

ADDRESS = "http://127.0.0.1:8080/Decisions/SearchResults?fd=0001-01-01&td=2026-01-01&page=2"
DECISION = "/decisions/education/school-admissions/25-004-920"
LINE = "Statement Not upheld School admissions 06-Oct-2025"
OTHERS = "".join(
    f'<li><h3><a href="/decisions/planning/other/24-001-00{n}">Othertown Council (24 001 00{n})</a></h3>'
    f"<p>Statement Upheld Other 0{n}-Oct-2025</p><p>Summary: Number {n}.</p></li>"
    for n in (1, 2)
)


def card(link: str, title: str = "Anytown Council (25 004 920)", line: str = LINE) -> str:
    return f'<li><h3><a href="{link}">{title}</a></h3><p>{line}</p><p>Summary: No fault.</p></li>'


def listing(cards: str, head: str = "") -> Listing:
    html = (
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}<title>Results</title></head><body><ul class="menu">'
        '<li><a href="/decisions">All</a></li><li><a>No link</a></li></ul><p>Your search has 3 results</p>'
        f'<ul>{cards}</ul><a href="?page=2">Next</a></body></html>'
    )
    return parse_listing(html.encode(), address=ADDRESS)


def followed(cards: str, head: str = "") -> list[str]:
    found = listing(cards, head)
    assert found.unfollowed == ()
    return [entry.url for entry in found.entries if entry.reference == "25 004 920"]


def named(cards: str, head: str = "") -> tuple[Unfollowed, ...]:
    found = listing(cards, head)
    assert [entry.reference for entry in found.entries] == ["24 001 001", "24 001 002"]
    return found.unfollowed


# ---------------------------------------------------------------- links


@pytest.mark.parametrize(
    "link",
    [
        f"\n  {DECISION} \t",
        DECISION.replace("school", "\n\tschool"),
        "education/school-admissions/25-004-920",
        f"./..{DECISION}",
        f"../decisions/x/..{DECISION.removeprefix('/decisions')}",
        f"http://127.0.0.1:8080{DECISION}",
        f"HTTPS://127.0.0.1:8080{DECISION}",
        f"//127.0.0.1:8080{DECISION}",
        f"https://www.lgo.org.uk{DECISION}",
        f"http://lgo.org.uk{DECISION}",
        DECISION.replace("/", "\\"),
        f"{DECISION};jsessionid=0A1B2C?displaypref=2#main",
        DECISION.replace("education", "education;jsessionid=0A1B2C"),
        DECISION.upper(),
        DECISION.replace("-", "%2D"),
        "".join(f"%{ord(one):02X}" if one.isdigit() else one for one in DECISION),
        DECISION.replace("/decisions/", "/%64ecisions/"),
        DECISION.replace("/25", "/%32%35"),
    ],
)
def test_links_in_any_form_are_followed(link: str) -> None:
    assert followed(card(link) + OTHERS) == [DECISION]


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("/decisions/education/", "school-admissions/25-004-920"),
        ("/decisions/education/page", "school-admissions/25-004-920"),
        ("../decisions/education/school-admissions/", "25-004-920"),
        ("http://127.0.0.1:8080/", DECISION.removeprefix("/")),
        ("//127.0.0.1:8080/decisions/x/", "../education/school-admissions/25-004-920"),
        (" \n/decisions/ ", DECISION.removeprefix("/decisions/")),
        ("/elsewhere/", DECISION),
        ("mailto:x@example.org", DECISION),
        ("", DECISION),
    ],
)
def test_a_link_is_relative_to_the_first_base_that_has_an_address(base: str, link: str) -> None:
    head = f'<base target="_top"><base href="{base}"><base href="https://example.org/">'
    others = OTHERS.replace("/decisions/", "http://127.0.0.1:8080/decisions/")
    assert followed(card(link) + others, head) == [DECISION]


# ---------------------------------------------------------------- cards that cannot be followed


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (f"https://example.org{DECISION}", "its link leads to another host, example.org"),
        (f"//example.org{DECISION}", "its link leads to another host, example.org"),
        (f"http://127.0.0.1:9090{DECISION}", "its link leads to another host, 127.0.0.1"),
        (
            "/decisions/education/school-admissions",
            "its link '/decisions/education/school-admissions' does not lead to a decision",
        ),
        (f"{DECISION}.pdf", f"its link '{DECISION}.pdf' does not lead to a decision"),
        ("#", "its link '#' does not lead to a decision"),
        ("", "it has no link"),
        ("javascript:open(920)", "its link 'javascript:open(920)' is not a web address"),
    ],
)
def test_card_without_a_decision_is_reported_with_the_reason(link: str, why: str) -> None:
    assert named(card(link) + OTHERS) == (Unfollowed("Anytown Council (25 004 920)", why),)
    assert named(OTHERS + card(link)) == (Unfollowed("Anytown Council (25 004 920)", why),)


def test_base_on_another_host_applies_to_all_relative_links() -> None:
    found = listing(card("education/school-admissions/25-004-920"), '<base href="https://example.org/decisions/">')
    assert found.entries == ()
    assert [card.why for card in found.unfollowed] == ["its link leads to another host, example.org"]


@pytest.mark.parametrize(
    "markup",
    [
        f"<li><h3>Anytown Council (25 004 920)</h3><p>{LINE}</p><p>Summary: No fault.</p></li>",
        f"<li><h3><a name=x>Anytown Council (25 004 920)</a></h3><p>{LINE}</p></li>",
        f"<li><p>Anytown Council (25 004 920)</p><p>{LINE}</p><p>Summary: No fault.</p></li>",
        f"<li>Anytown Council (25 004 920)<br>{LINE}<br>Summary: No fault.</li>",
        "<li><h3>Anytown Council (25 004 920)</h3><p>Summary: No fault.</p></li>",
    ],
)
def test_card_without_a_link_is_found_by_title_or_line(markup: str) -> None:
    (one,) = named(markup + OTHERS)
    assert one.card.startswith("Anytown Council (25 004 920)")
    assert one.why.startswith("it has no link")
    assert named(OTHERS.replace("</li><li>", f"</li>{markup}<li>")) == (one,)


def test_card_without_a_title_is_found_by_its_line() -> None:
    bare = f'<li><p>{LINE}</p><p>Summary: No fault.</p><p><a href="/help">Read more</a></p></li>'
    assert named(OTHERS + bare) == (Unfollowed(LINE, "its link '/help' does not lead to a decision"),)


def test_each_of_several_cards_is_reported() -> None:
    cards = card("#", "A Council (25 004 921)") + OTHERS + card("#", "B Council (25 004 922)") + f"<li>{LINE}</li>"
    assert [one.card for one in named(cards)] == ["A Council (25 004 921)", "B Council (25 004 922)", LINE]


def test_page_with_only_such_cards_has_no_entries_and_reports_each() -> None:
    found = listing(card("#") + card("#", "B Council (25 004 922)"))
    assert found.entries == ()
    assert len(found.unfollowed) == 2


@pytest.mark.parametrize("element", ["body", "main"])
def test_a_card_without_a_link_is_its_line_alone_where_the_links_beside_it_are_the_pages(element: str) -> None:
    markup = f"<html><{element}><p>{LINE}</p><a href='?page=2'>2</a></{element}></html>"
    (one,) = parse_listing(markup.encode(), address=ADDRESS).unfollowed
    assert one == Unfollowed(LINE, "it has no link to a decision")


def test_cards_without_a_link_are_reported_one_by_one_without_what_is_beside_them() -> None:
    found = listing(f"<li><p>{LINE}</p></li><li><p>Report Upheld Noise 01-Jan-2025</p></li>")
    assert [one.card for one in found.unfollowed] == [LINE, "Report Upheld Noise 01-Jan-2025"]
    beside = f"<li><div><p>{LINE}</p><p>Summary: No fault.</p></div><a href='/help'>Help</a></li>"
    assert named(OTHERS + beside) == (Unfollowed(LINE, "it has no link to a decision"),)


def test_a_hundred_cards_without_a_link_are_the_most() -> None:
    assert len(listing(f"<li>{LINE}</li>" * 100).unfollowed) == 100
    with pytest.raises(TooLarge, match=r"^101 cards; no page of the listing has more than 10$"):
        listing(f"<li>{LINE}</li>" * 101)


def test_the_card_without_a_link_is_reported_where_lines_are_above_links() -> None:
    above = f"<li><p>{LINE}</p><h3><a href='{DECISION}'>Anytown Council (25 004 920)</a></h3></li>"
    lone = "Report Upheld Noise 01-Jan-2025"
    found = listing(f"{above}<li><p>{lone}</p></li>")
    assert [entry.reference for entry in found.entries] == ["25 004 920"]
    assert found.unfollowed == (Unfollowed(lone, "it has no link to a decision"),)
    twice = above.replace("</p>", "</p><p>Report Upheld Other 02-Jan-2025</p>")
    assert listing(f"{twice}<li><p>{lone}</p></li>").unfollowed == found.unfollowed, "a card may have two lines"


def test_a_card_inside_a_link_to_something_else_is_reported_with_that_link() -> None:
    inside = f"<h2>Anytown Council (25 004 920)</h2><p>{LINE}</p><p>Summary: No fault.</p>"
    why = "its link '/help' does not lead to a decision"
    assert named(f"<li><a href='/help'>{inside}</a></li>" + OTHERS) == (
        Unfollowed("Anytown Council (25 004 920)", why),
    )


# ---------------------------------------------------------------- other links and titles


@pytest.mark.parametrize(
    "more",
    [
        f'<li>Also: <a href="https://example.org{DECISION}">Anytown Council (25 004 920)</a></li>',
        "<h2>Anytown Council (25 004 920)</h2>",
        '<a href="#top">25 004 920</a>',
        "<p>Summary: Mr X sent a Statement Upheld Noise 01-Jan-2001</p>",
        "<p>A Statement Upheld Noise 01-Jan-2001 was sent</p>",
        f"<!-- {LINE} -->",
        f"<p hidden>{LINE}</p>",
        f"<nav>{LINE}</nav>",
        '<a href="https://example.org/decisions">Decisions</a>',
        "<h2>Results (25)</h2>",
        '<a href="tel:0300061061400">Call 0300 061 0614</a>',
    ],
)
def test_further_links_and_titles_of_a_followed_card_are_ignored(more: str) -> None:
    found = listing(card(DECISION) + OTHERS + f"<li>{more}</li>")
    assert len(found.entries) == 3
    assert found.unfollowed == ()


def test_title_without_the_suffix_letter_belongs_to_the_same_card() -> None:
    joint = DECISION + "a"
    markup = f'<li><h3>Anytown Council (25 004 920)</h3><p>{LINE}</p><p><a href="{joint}">Read more</a></p></li>'
    found = listing(markup + OTHERS)
    assert [entry.reference for entry in found.entries] == ["25 004 920a", "24 001 001", "24 001 002"]
    assert found.entries[0].title == "Anytown Council (25 004 920)"
    assert found.unfollowed == ()


def flat(*cards: tuple[str, str]) -> str:
    """Cards without an element around each."""
    return "".join(f'<h3><a href="{link}">{title}</a></h3><p>{LINE}</p><p>Summary: x.</p>' for link, title in cards)


def test_lines_of_flat_cards_belong_to_the_links_before_them() -> None:
    known = ("/decisions/planning/other/24-001-001", "Othertown Council (24 001 001)")
    again = ("/decisions/planning/other/24-001-002", "Othertown Council (24 001 002)")
    found = listing(f"<li>{flat(known, again)}</li>")
    assert (len(found.entries), found.unfollowed) == (2, ())
    found = listing(f"<li>{flat(known, again)}<h3>Anytown</h3><p>{LINE}</p></li>")
    assert len(found.entries) == 2
    assert [one.why for one in found.unfollowed] == ["it has no link to a decision"]


def test_a_line_that_ends_in_the_link_of_its_card_is_reported() -> None:
    """Two cards are in one paragraph, so neither card is more than its link, which has the date."""
    links = [f'<a href="/decisions/planning/other/25-004-93{n}">0{n}-Oct-2025</a>' for n in (1, 2)]
    lines = "<br>".join(f"Statement Upheld Other {link}" for link in links)
    found = listing(f"<li><p>{lines}</p></li>")
    assert [(entry.reference, entry.kind) for entry in found.entries] == [("25 004 931", None), ("25 004 932", None)]
    assert [one.card for one in found.unfollowed] == [
        "Statement Upheld Other 01-Oct-2025 Statement Upheld Other 02-Oct-2025"
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "<div><h2>Anytown Council (25 004 920)</h2>",
        "<h1>Anytown Council (25 004 920)",
        "<a href='#'>Anytown Council (25 004 920)",
        f"<p>{LINE}</p>",
        f"<div><p>{LINE}</p>",
        f"<blockquote>{LINE}",
    ],
)
def test_too_many_cards_are_refused_quickly(piece: str) -> None:
    with pytest.raises(TooLarge):
        parse_listing(f"<html><body>{piece * 4_000}</body></html>".encode(), address=ADDRESS)
