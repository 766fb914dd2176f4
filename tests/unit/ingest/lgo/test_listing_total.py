"""Totals of listing pages: the forms of `Your search has N results` that are parsed, and similar words that are not."""

from __future__ import annotations

import pytest

from ingest.lgo.listing_page import Listing, parse_listing
from ingest.lgo.listing_total import Total, find_total

LINK = "/decisions/education/other/24-001-00{n}"
FALSE = "Summary: Mr X says: Your search has 5 results."


def div(n: int, summary: str = FALSE) -> str:
    return (
        f'<div class="card"><h3><a href="{LINK.format(n=n)}">Anytown Council (24 001 00{n})</a></h3>'
        f"<p>Statement Upheld Other 05-Mar-2024</p><p>{summary}</p></div>"
    )


def item(n: int, summary: str = FALSE) -> str:
    return (
        f'<li><a href="{LINK.format(n=n)}">Anytown Council (24 001 00{n})</a><br>Statement Upheld Other 05-Mar-2024'
        f"<br>{summary}</li>"
    )


def row(n: int, summary: str = FALSE) -> str:
    return (
        f'<table><tr><td><a href="{LINK.format(n=n)}">Anytown Council (24 001 00{n})</a></td>'
        f"<td>Statement Upheld Other 05-Mar-2024</td><td>{summary}</td></tr></table>"
    )


def wrapped(n: int, summary: str = FALSE) -> str:
    return (
        f'<a href="{LINK.format(n=n)}"><h3>Anytown Council (24 001 00{n})</h3>'
        f"<p>Statement Upheld Other 05-Mar-2024</p><p>{summary}</p></a>"
    )


def flat(n: int, summary: str = FALSE) -> str:
    """A card without an element of its own."""
    return (
        f'<h3><a href="{LINK.format(n=n)}">Anytown Council (24 001 00{n})</a></h3>'
        f"<p>Statement Upheld Other 05-Mar-2024</p><p>{summary}</p>"
    )


def definitions(n: int, summary: str = "Your search has 5 results.") -> str:
    """A card with label and words of the summary in blocks of their own."""
    return (
        f'<dl><dt><a href="{LINK.format(n=n)}">Anytown Council (24 001 00{n})</a></dt>'
        f"<dd>Statement Upheld Other 05-Mar-2024</dd><dt>Summary:</dt><dd>{summary}</dd></dl>"
    )


MARKUPS = [div, item, row, wrapped, flat, definitions]


def page(before: str, cards: str = "", after: str = "") -> bytes:
    return f"<html><body><main><h1>Decisions</h1>{before}{cards}{after}</main></body></html>".encode()


def total(before: str, cards: str = "", after: str = "") -> int | None:
    return parse_listing(page(before, cards, after)).total


@pytest.mark.parametrize(
    ("markup", "number"),
    [
        ("<p>Your search\nhas 12 results</p>", 12),
        ("<p>Your\r\n\tsearch\n   has\n 12\nresults</p>", 12),
        ("<p>Your&nbsp;search&nbsp;has&nbsp;12&nbsp;results</p>", 12),
        ("<p>Your&#8239;search\u2003has\u200912\u3000results</p>", 12),
        ("<p>Your search has&ensp;&#8203;12 results</p>", 12),
        ("<p>YOUR SEARCH HAS 12 RESULTS</p>", 12),
        ("<p>Your Search Has 12 Results</p>", 12),
        ("<p>your search has 12 results</p>", 12),
        ("<p>Your search has NO results</p>", 0),
        ("<p>Your search has <b>No</b> Result</p>", 0),
        ("<p>Your search has <strong>1,234</strong> results</p>", 1234),
        ("<p><span>Your</span> <em>search</em> has <b><i>1</i>,<u>234</u></b> results.</p>", 1234),
        ("<p>Your search<br>has<br/>12<br>results</p>", 12),
        ("<p>Your <!-- find -->search has <!-- n -->12<!-- --> results</p>", 12),
        ("<span>Your search has</span><span>12</span><span>results</span><span>Sort by date</span>", 12),
        ("<div>Your search has</div><div>1,234</div><div>results</div>", 1234),
        ("<div><h2>Your search has</h2><div><p>12</p></div></div><section>results</section>", 12),
        ("<div>Your search has <p><strong>12</strong></p> results</div>", 12),
        ("<ul><li>Your search has</li><li>12 results</li></ul>", 12),
        ("<table><tr><td>Your search has</td><td>1,234</td><td>results</td></tr></table>", 1234),
        ("<h2>Your search has 1 result</h2>", 1),
        ("<p>Your search has 57\u2009500 results</p>", 57500),
        ("<p>Your search has 57&nbsp;500 results</p>", 57500),
        ("<p>Your search has 1\u202f057\u202f500 results</p>", 1057500),
        ("<p>Your search has 1 057 500 results</p>", 1057500),
        ("<p>Your search has <b>57</b>, <b>500</b> results</p>", 57500),
        ("<p>Your search has 1,234 results (10 per page)</p>", 1234),
        ("<p>Search results. Your search has 12 results for 'noise', newest first</p>", 12),
        ("<b>Results</b> Your search has 12 results", 12),
        ("<p>Your search has 12 results</p><p>Your search has 12 results</p>", 12),
        ("<p>If your search has no results, ask for more.</p><p>Your search has 12 results</p>", 12),
        ("<p>Your search has 12 results</p><p>Your search has no results? Ask for more.</p>", 12),
    ],
)
def test_a_total_is_parsed_however_its_words_are_marked_up(markup: str, number: int) -> None:
    found = {cards: total(markup, cards) for cards in ("", div(1), div(1) + div(2))}
    assert found == dict.fromkeys(found, number)


@pytest.mark.parametrize(
    ("markup", "quoted"),
    [
        ("<p>We found 1,234 decisions</p>", ""),
        ("<p>Your search has about 1,234 results</p>", "Your search has about 1,234 results"),
        ("<p>Your search has 1,23 results</p>", "Your search has 1,23 results"),
        ("<p>Your search has 12.5 results</p>", "Your search has 12.5 results"),
        ("<p>Your search has 1234,567 results</p>", "Your search has 1234,567 results"),
        ("<p>Your search has twelve results</p>", "Your search has twelve results"),
        ("<p>Your search has <span id=total></span> results</p>", "Your search has results"),
        ("<p>Your search has</p><p>10 results per page</p>", "Your search has 10 results per page"),
        ("<p>Your search has 1\u20132 of 12 results</p>", "Your search has 1\u20132 of 12 results"),
        ("<p>12 results</p>", "Decisions 12 results"),
        ("<p>Search: 12 found</p>", "Decisions Search: 12 found"),
        ("<p>Your search returned 1,234 decisions</p>", "Your search returned 1,234 decisions"),
        ("<p>If your search has no results, ask for more.</p>", "your search has no results, ask for more."),
        (
            "<p>Your search has 12 results</p><p>Your search has 13 results</p>",
            "Your search has 12 results … Your search has 13 results",
        ),
        ("<p>Research has 12 resultants</p>", ""),
    ],
)
def test_words_in_place_of_a_total_are_quoted_and_not_parsed(markup: str, quoted: str) -> None:
    listing = parse_listing(page(markup, div(1) + div(2)))
    assert listing.total is None
    assert quoted in listing.in_place_of_total
    assert bool(quoted) == bool(listing.in_place_of_total)
    assert listing.describe_missing_total().startswith("the listing shows 2 cards and no total that can be parsed: it ")


def test_a_quotation_is_short_and_begins_with_a_word() -> None:
    long = f"<p>{'before ' * 50} we have 7 results {'after ' * 50}</p>"
    quoted = parse_listing(page(long, div(1))).in_place_of_total
    assert quoted.startswith("before before")
    assert "we have 7 results after" in quoted
    assert len(quoted) <= 120


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("markup", MARKUPS)
def test_total_in_a_summary_is_ignored(markup: object, count: int) -> None:
    assert callable(markup)
    cards = "".join(markup(n) for n in range(1, count + 1))
    listing = parse_listing(page("<p>We found 12 of them</p>", f"<div>{cards}</div>"))
    assert (len(listing.entries), listing.total, listing.in_place_of_total) == (count, None, "")
    assert total("<p>Your search has 12 results</p>", cards) == 12, "before the cards"
    assert total("", f"<div>{cards}</div>", "<p>Your search has 12 results</p>") == 12, "after them"


def test_total_next_to_the_only_card_is_found() -> None:
    """A card is the largest element around its link, which is the whole page here."""
    link = f'<a href="{LINK.format(n=1)}">Anytown Council (24 001 001)</a>'
    for inside in (link, f"<div>{link}</div>", f"<div><h3>{link}</h3><p>no date</p></div>"):
        body = f"<html><body><div id=page><p>Your search has 1 result</p>{inside}</div></body></html>"
        listing = parse_listing(body.encode())
        assert (listing.total, len(listing.entries)) == (1, 1)


def test_total_between_cards_is_found() -> None:
    body = f"<section><p>Your search has 2 results</p>{div(1)}</section><section>{div(2)}</section>"
    assert total(body) == 2


def test_hidden_total_is_ignored() -> None:
    for hidden in ("<p hidden>{}</p>", "<script>'{}'</script>", "<template><p>{}</p></template>", "<!-- {} -->"):
        assert total(hidden.format("Your search has 3 results"), div(1)) is None
        assert total(hidden.format("Your search has 3 results") + "<p>Your search has 12 results</p>", div(1)) == 12


def test_find_total_joins_consecutive_texts() -> None:
    assert find_total(["Your search", "has 7", "results"]) == Total(7, "")
    assert find_total([]) == Total(None, "")
    assert find_total(["Summary: Your search has 7 results", "Your search has 8 results"]) == Total(8, "")
    assert find_total(["Your search has"] * 10_000).number is None
    assert find_total(["9" * 100_000, "Your search has " + "9" * 100_000 + " results"]).number is None
    assert isinstance(parse_listing(b"<p>Your search has"), Listing)
