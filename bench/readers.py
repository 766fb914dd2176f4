"""Everything that parses input from the site, a document or a person, with sample inputs and the laws of each result.

An input gives a value or an error of `ingest.errors`; anything else is a failure.
"""

from __future__ import annotations

import math
import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.samples import pages
from ingest.clock import Clock
from ingest.errors import Undecodable
from ingest.fetching.retry_after import parse_retry_after
from ingest.fetching.robots import RobotsRules, decode_robots
from ingest.lgo import listing_page as listing
from ingest.lgo import page
from ingest.lgo import text_format as text
from ingest.lgo.decision import LONGEST_TEXT
from ingest.parsing.blocks import fold
from ingest.parsing.decode import decode
from ingest.parsing.input_limits import prints_reference, shows_text
from ingest.tasks import documents
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.markup import STYLES, render
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from storage.model import Decision
from storage.query.expressions import is_plain, make_match
from storage.query.parser import parse_query
from storage.query.passages import Matcher, shorten
from storage.query.tree import QueryError
from storage.references import reference
from storage.stems import find_forms, find_stem

ROOT = Path(__file__).parent.parent
_SITE = "http://127.0.0.1:1"

Grown = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Reader:
    """One parser."""

    name: str
    read: Callable[[bytes], object]
    """Parses an input and checks the result. False and None mean that there was nothing to parse."""
    samples: Callable[[], Sequence[bytes]]
    """Valid inputs, which are then damaged."""
    tokens: Sequence[bytes]
    """Tokens to insert into inputs."""
    growing: dict[str, Grown] = field(default_factory=dict)
    """Functions that make inputs of about that many bytes that are hard to parse."""
    share: float = 1.0
    """Its share of the time, relative to the others."""


# ---------------------------------------------------------------- the laws


def lawful(decision: Decision) -> None:
    """Raises AssertionError if a decision or its text breaks the rules of the text format."""
    written = text.render(decision)
    assert all(c == "\n" or unicodedata.category(c) != "Cc" for c in written), "a control character in the text"
    assert all(line and fold(line) == line for line in written.split("\n")), "a line that is not folded"
    assert reference(decision.reference) == decision.reference, "a reference in another form"
    for words in (decision.authority, decision.category, decision.subcategory, decision.outcome):
        assert words is None or fold(words) == words, "a field that is not folded"
    again = text.parse(written, unclosed=True)
    assert text.render(again) == written, "a text that reads otherwise than it was written"
    assert again.reference == decision.reference, "a text of another reference"


def _lawful_listing(found: listing.Listing) -> None:
    assert found.total is None or 0 <= found.total < 2**63, "a total that is none"
    for entry in found.entries:
        assert reference(entry.reference) == entry.reference, "a reference in another form"
        assert entry.url.startswith("/decisions/"), "an address elsewhere"
        assert entry.url.isprintable(), "an address with characters that drive a terminal"
        assert not {".", ".."} & set(entry.url.split("/")), "an address that leads out of its folder"
        assert not {"?", "#"} & set(entry.url), "an address that is more than a path"
        assert entry.decision_date is None or isinstance(entry.decision_date, date)
        for words in (entry.authority, entry.outcome, entry.subcategory):
            assert words is None or fold(words) == words, "a field that is not folded"


# ---------------------------------------------------------------- the readers

_CHARSETS = (None, "utf-8", "windows-1252", "latin-1", "utf-16", "", "\x1b[2J", "²")
_BETWEEN = b"<!--next chapter-->"


def _charset(body: bytes) -> str | None:
    return _CHARSETS[len(body) % len(_CHARSETS)]


def _page(body: bytes) -> object:
    decision = page.parse_page(body, charset=_charset(body))
    lawful(decision)
    assert all(number > 0 for number in page.find_chapters(body, decision.reference))
    return decision


def _chapters(body: bytes) -> object:
    decision = page.parse_chapters([page.Page(one, _charset(body)) for one in body.split(_BETWEEN)])
    lawful(decision)
    return decision


def _listing(body: bytes) -> object:
    found = listing.parse_listing(body, charset=_charset(body))
    _lawful_listing(found)
    return found.total is not None or found.entries


def _text(body: bytes) -> object:
    decision = text.parse(body, unclosed=len(body) % 2 == 0)
    lawful(decision)
    return decision


def _document(body: bytes) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder, "document.txt")
        path.write_bytes(body)
        decision = documents.parse_document(path, unclosed=len(body) % 2 == 0)
    lawful(decision)
    return decision


def _bytes(body: bytes) -> object:
    known = _texts()[len(body) % len(_texts())].decode()
    assert shows_text(body, _charset(body), known) in (True, False)
    assert prints_reference(body, "25 004 920") in (True, False)
    return decode(body, _charset(body))


def _search(body: bytes) -> object:
    try:
        node = parse_query(body.decode("utf-8", "surrogateescape"))
    except QueryError:
        return None
    if not is_plain(node):
        return Matcher(node, find_stem).find(_texts()[0].decode()).terms >= 0
    db = _index()
    match = make_match(node, lambda word: find_forms(db, word)).expression
    return db.execute("SELECT count(*) FROM held WHERE held MATCH ?", (match,)).fetchone()[0] >= 0


def _marks(body: bytes) -> object:
    """Checks that a text is found by its first words, and that they are marked in it."""
    line = " ".join(body.decode("utf-8", "replace")[:LONGEST_TEXT].split())
    words = line[:40].replace('"', " ")
    try:
        matcher = Matcher(parse_query(f'"{words}"'), find_stem)
    except QueryError:
        return None
    found = matcher.find(words)
    assert found.terms == 1, "a phrase is not found in itself"
    assert found.marks, "a phrase is not marked in itself"
    assert 1 in matcher.probe(words), "no probe of a phrase that is there"
    return shorten(line, matcher.find(line).marks, 80)


def _retry_after(body: bytes) -> object:
    seconds = parse_retry_after(body.decode("latin-1"), Clock().now(), None)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds)), "no number of seconds"
    return seconds is not None


def _robots(body: bytes) -> object:
    try:
        rules = RobotsRules(decode_robots(body), "lgsco/1.0")
    except Undecodable:
        return False
    assert rules.crawl_delay >= 0, "a crawl delay that is no number of seconds"
    return rules.allows(f"{_SITE}/Decisions/SearchResults?page=1") in (True, False)


@cache
def _index() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE held USING fts5 (authority, summary, text)")
    db.execute("CREATE VIRTUAL TABLE decisions_words USING fts5vocab (held, instance)")
    rows = [(words.decode(),) for words in _texts()]
    db.executemany("INSERT INTO held VALUES ('Anytown Council', '', ?)", rows)
    return db


# ---------------------------------------------------------------- samples


@cache
def _texts() -> tuple[bytes, ...]:
    folders = [ROOT / name for name in ("seeds", "tests/golden", "tests/golden/pages")]
    return tuple(path.read_bytes() for folder in folders for path in sorted(folder.glob("*.txt")))


@cache
def _pages() -> tuple[bytes, ...]:
    saved = [path.read_bytes() for path in sorted((ROOT / "tests/golden/pages").glob("*.html"))]
    styled = [body for sample in seeds() for style in STYLES for body in render(sample, style)]
    return tuple(saved + styled + [body for _, body in pages(10)])


@cache
def _reports() -> tuple[bytes, ...]:
    saved = [path.read_bytes() for path in sorted((ROOT / "tests/golden/pages").glob("report.*.html"))]
    made = generate(400, seed=3, first=date(2019, 1, 1), last=date(2025, 12, 31))
    several = [bodies for sample in made if sample.kind == "report" and len(bodies := render(sample)) > 1]
    return tuple(_BETWEEN.join(bodies) for bodies in [saved, *several[:8]])


@cache
def _listings() -> tuple[bytes, ...]:
    site = Site([*seeds(), *generate(60, seed=5, first=date(2017, 1, 1), last=date(2025, 12, 31))])
    targets = [f"/Decisions/SearchResults?fd=2017-01-01&td=2025-12-31&t=both&page={number}" for number in range(1, 8)]
    return tuple(site.handle(Request("GET", target, {})).body for target in targets)


_QUERIES = (
    b'school "special educational needs" transport*', b"25-004-920", "“best interests” council’s".encode(),
    b"well-known 34(B)", b'authority:x AND NOT (a OR b) NEAR("c d", 3) ^first', b"24 001 411a", b"*", b'"', b"",
)  # fmt: skip
_WAITS = (b"120", b"0", b"Fri, 31 Dec 2027 23:59:59 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"-1", b"1e3", b"")
_ROBOTS = (
    b"User-agent: *\nDisallow: /umbraco/\n",
    b"User-agent: lgsco\nCrawl-delay: 2\nAllow: /decisions/\nDisallow: /*?*$\n",
    b"User-agent: a\nUser-agent: *\nRequest-rate: 1/5s 0900-1700\nVisit-time: 0600-0845\nSitemap: https://x.example/s\n",
)  # fmt: skip

# ---------------------------------------------------------------- tokens

_ANY = (
    b"\0", b"\x1b]52;c;aGk=\x07", b"\x9b2J", b"\xc2\x9b", b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\xef\xbb\xbf",
    b"\xc2\xa0", b"\xe2\x80\x8b", b"\xe2\x80\xa8", b"\xc2\xad", b"\xff", b"\xed\xa0\x80", b"\r", b"\n", b"\t", b"\x0b",
    b"\x85", b"\xc2\xb2", b"\xd9\xa3", b"\xef\xbc\x92", b"\xe2\x84\xaa", b"'", b'"', b"\\", b"%", b"%00", b"%2e%2e",
    b"../", b"//", b"9" * 20, b"9" * 5_000, b"-1", b" " * 30, b"-- ", b"; DROP TABLE decisions", b"=1+1",
    b"25 004 920", b"24-001-411a", b"(25 004 920)", b"06 Oct 2025", b"99 Feb 0000",
)  # fmt: skip
_WORDS = (
    b"The Ombudsman's final decision:", b"Overview:", b"Summary: ", b"Category : A > B", b"Decision : Upheld",
    b"Decision date : 06 Oct 2025", b"Decision", b":", b" : ", b"- ", b"   1. ", b"   a) ", b"   \xe2\x80\xa2 ",
    b"Investigator's decision on behalf of the Ombudsman", b"Back to top", b"Print this page",
    b"Review your privacy settings", b"Required cookies", b"Privacy settings", b"Anytown Council (25 004 920)",
)  # fmt: skip
_TAGS = tuple(
    b"<p>|</p>|<div>|</div>|<ol>|<ol start=3>|<ol type=a>|</ol>|<ul>|</ul>|<li>|<li value=9>|</li>|<table>|<tr>|<td>|"
    b"</table>|<h1>|</h1>|<h2>|</h2>|<b>|</b>|<br>|<dl>|<dt>|<dd>|<span class=label>|<span class=value>|</span>|"
    b"<article id=article>|</article>|<header>|</header>|<main>|<nav>|<template>|</template>|<script>|</script>|<!--|"
    b"-->|<p hidden>|<svg>|<math>|<select>|<title>|</title>|<body>|</body>|<html>|</html>|<frameset>|<plaintext>|"
    b"<noscript>|<textarea>|<pre>|<![CDATA[|]]>|<a href=#x>|<a href='?chapter=2'>|</a>|<|>|&|&#0;|&#x1b;|&#x9b;|"
    b"&#xd800;|&#x202e;|&nbsp;|<meta charset=windows-1252>|<base href=//evil.example/>|<sup>|<img alt=x>".split(b"|")
)
_CARDS = (
    b"<a href='/decisions/planning/other/25-004-920'>", b"<a href='//evil.example/decisions/a/b/25-004-920'>",
    b"<a href='javascript:/decisions/a/b/25-004-920'>", b"<a href='/decisions/../b/25-004-920'>",
    b"<a href='/decisions/a%1b%00/b/25-004-920'>", b"<a href='/decisions/a%3fb%23/c/25-004-920'>",
    "<a href='/decisions/a/b/\uff125-004-920'>".encode(), "<a href='/decisions/a/b/25-004-920\u212a'>".encode(),
    b"<a href='http://[/decisions/a/b/25-004-920'>", b"Your search has 1,234 results", b"Your search has no results",
    b"Your search has " + b"9" * 5_000 + b" results", b"Your search has 99999999999999999999 results",
    b"Your search has ", b"Statement Upheld Other 14-Feb-2024", b"Report ", b"31-Feb-2024", b"01-Jan-0000",
)  # fmt: skip
_OPERATORS = (b"AND", b"OR", b"NOT", b"NEAR(", b"(", b")", b"^", b"*", b"+", b"-", b":", b"{", b"}", b",", b'"a"*')
_LINES = (
    b"User-agent: *", b"Disallow: /", b"Allow: ", b"\nCrawl-delay: ", b"\nCrawl-delay: 1e308\n", b"1e308", b"inf",
    b"nan", b"/*", b"*", b"$", b"Request-rate: 1/0s", b"#", b":", b"%zz",
)  # fmt: skip
_MOMENTS = (b"Mon, ", b"01 Jan 99999", b"31 Dec 9999 23:59:59 ", b"+9999", b"-2359", b"GMT", b"(", b",", b":", b"1e308")

# ---------------------------------------------------------------- hard inputs


def _over(piece: bytes, before: bytes = b"", after: bytes = b"") -> Grown:
    """Returns a maker of a piece repeated, with a prefix and a suffix."""
    return lambda size: before + piece * (size // len(piece)) + after


def _inside(opening: bytes, closing: bytes, before: bytes = b"", after: bytes = b"") -> Grown:
    """Returns a maker of nested pieces."""
    return lambda size: (
        before + opening * (size // len(opening + closing)) + closing * (size // len(opening + closing)) + after
    )


_TOP = (
    b"<!DOCTYPE html><html><body><article id='article'><h1>Anytown Council (25 004 920)</h1><p>Decision : Upheld</p>"
    b"<p>The Ombudsman's final decision:</p><p>Summary: There was fault.</p><h2>The complaint</h2>"
)
_END = b"<p>Investigator's decision on behalf of the Ombudsman</p></article></body></html>"
_HARD: dict[str, tuple[bytes, bytes]] = {
    "nested divs": (b"<div>", b"</div>"),
    "nested spans": (b"<span>a", b"</span>"),
    "nested lists": (b"<ul><li>a", b"</li></ul>"),
    "nested tables": (b"<table><tr><td>a", b"</td></tr></table>"),
    "divs never closed": (b"<div>a", b""),
    "bold never closed": (b"<b>a", b""),
    "links never closed": (b"<a href=x>a", b""),
    "end tags of nothing": (b"</em></ul></li>", b""),
    "breaks": (b"a<br>", b""),
    "brackets": (b"(a ", b""),
    "opened tags": (b"a <", b""),
    "hidden": (b"<i hidden >a", b"</i>"),
    "contents": (b"<ul><li><a href=#x>a</a></li></ul>", b""),
    "table rows": (b"<table><tr><td>a<td>b</table>", b""),
    "chapter links": (b"<a href='/x?chapter=2'>2</a>", b""),
    "unended links": (b"href=chapter=", b""),
    "labels": (b"<p>Decision :</p>", b""),
    "rows of a drawing": (b"<svg><tr><td>a", b""),
    "inline elements never closed": (b"<i>a", b""),
}


def _attributes(size: int) -> bytes:
    """Makes as many different attributes as fit into that many bytes."""
    return b" ".join(b"a%x" % n for n in range(size // 5))


_PAGES_HARD = {name: _inside(*pair, _TOP, _END) for name, pair in _HARD.items()} | {
    "one tag's attributes": lambda size: (
        _TOP + b"<p " + b" ".join(b"a%d=b" % n for n in range(size // 8)) + b">a</p>" + _END
    ),
    "attributes of all tags": _over(b"<p a=1 b=2 c=3 d=4>x</p>", _TOP, _END),
    "spaces after the end": _over(b" ", _TOP + _END, b"x"),
    "comments after the end": _over(b"<!-- -->", _TOP + _END, b"x"),
    "fonts in every paragraph": lambda size: (
        _TOP + b"<p>" + b"".join(b"<font size=%d>" % n for n in range(size // 20)) + b"<p>a" * (size // 20) + _END
    ),
    "attributes after an end in quotes": lambda size: (
        _TOP + b"<p title='>' " + b" ".join(b"a%d" % n for n in range(size // 7)) + b">a</p>" + _END
    ),
    "hidden before the article": _over(b"<i hidden >a</i>", b"<!DOCTYPE html><html><body>", _TOP[27:] + _END),
    "nested headers": _inside(b"<header>a", b"</header>", b"<html><body>", b"</body></html>"),
    "nested articles": _inside(b"<article>a", b"</article>", b"<html><body>", b"</body></html>"),
    "ends of the page": _over(b"</html>", _TOP + _END),
    "articles": _over(b"<article>a</article>", _TOP + _END[:-14], b"</body></html>"),
    "paragraphs": _over(b"<p>It was lost.</p>", _TOP, _END),
    "one word": _over(b"a", _TOP + b"<p>", _END),
    "a link in every paragraph": lambda size: (
        _TOP + b"<p><a " + _attributes(size // 2) + b">a" + b"<p>a" * min(size // 8, 18_000) + _END
    ),
    "a link in many paragraphs": lambda size: (
        _TOP + b"<p><a " + _attributes(min(size, 5_900)) + b">a" + b"<p>a" * min(size // 8, 940) + _END
    ),
    "long fonts in every paragraph": lambda size: (
        _TOP
        + b"<p>"
        + b"".join(b"<font x=%d %s>" % (n, _attributes(size // 100)) for n in range(13))
        + b"<p>a" * min(size // 8, 18_000)
        + _END
    ),
    "words that seem to hide": _over(b"hidden ", b"<!DOCTYPE html><html><body><p>", _TOP[27:] + _END),
    "headers around words": lambda size: (
        b"<html><body>" + b"<header>" * 45 + b"a\xc2\xa0 " * (size // 4) + b"</header>" * 45 + b"</body></html>"
    ),
    "lists that count on": _over(b"<ol><li>a</ol>" * 12 + b"<ol start=9999><li>a</ol>", _TOP, _END),
    "addresses": _over(b"href=", _TOP, b"chapter=" + _END),
    "questions": _over(b"href=?&", _TOP, b"chapter=" + _END),
}
_CARD = b"<div><h3><a href='/decisions/a/b/23-%03d-%03d'>Anytown Council (23 004 117)</a></h3>"


def _linked(size: int, closing: bytes) -> bytes:
    return b"<html><body>" + b"".join(
        _CARD % (n // 1000 % 1000, n % 1000) + closing for n in range(size // len(_CARD + closing))
    )


def _around_dates(size: int, before: bytes) -> bytes:
    return b"<html><body>" + before + (_CARD % (4, 117)) * 99 + b"1-Jan-2000 " * (size // 11) + b"</body></html>"


_LISTINGS_HARD: dict[str, Grown] = {
    "cards": lambda size: _linked(size, b"<p>Statement Upheld Other 14-Feb-2024</p></div>"),
    "cards never closed": lambda size: _linked(size, b""),
    "one decision's links": lambda size: b"<html><body>" + (_CARD % (4, 117) + b"</div>") * (size // 90),
    "one decision's links, nested": lambda size: b"<html><body>" + (_CARD % (4, 117)) * (size // 90),
    "a card line without a date": lambda size: (
        b"<html><body>" + _CARD % (4, 117) + b"<p>" + b"Statement " * (size // 10) + b"</p></div></body></html>"
    ),
    "a title of brackets": lambda size: (
        b"<html><body><div><a href='/decisions/a/b/25-004-920'>" + b"(a " * (size // 3) + b"</a></div></body></html>"
    ),
    "one decision's links around dates": lambda size: _around_dates(size, b""),
    "a decision's links around dates": lambda size: _around_dates(size, _CARD % (4, 118) + b"</div>"),
    "one decision's links around breaks": lambda size: (
        b"<html><body>" + (_CARD % (4, 117)) * 99 + b"<br>" * min(size // 4, 19_000) + b"</body></html>"
    ),
    "totals": _over(b"<p>Your search has </p>", b"<html><body>", b"</body></html>"),
    "nested divs": _inside(b"<div>", b"</div>", b"<html><body>", b"</body></html>"),
}
_HEAD = b"Anytown Council (25 004 920)\nDecision : Upheld\nThe Ombudsman's final decision:\nSummary: Fault.\n"
_FOOT = b"\nInvestigator's decision on behalf of the Ombudsman"
_TEXTS_HARD: dict[str, Grown] = {
    "items": _over(b"- It was lost.\n", _HEAD, _FOOT),
    "one line": _over(b"word ", _HEAD, _FOOT),
    "a title of brackets": _over(b"(a ", b"", b"(25 004 920)\n" + _HEAD + _FOOT),
    "indented items": lambda size: (
        _HEAD + b"\n" + b"".join(b" " * (n % 300 + 1) + b"1. a\n\n" for n in range(size // 155)) + _FOOT
    ),
    "furniture ever deeper": lambda size: (
        _HEAD.replace(b"\n", b"\n\n")
        + b"".join(b" " * (n + 1) + b"1. Back to top\n\n" for n in range(math.isqrt(2 * size)))
        + b" " * (math.isqrt(2 * size) + 1)
        + b"1. a\n"
        + _FOOT
    ),
    "short lines": _over(b"a\n", _HEAD, _FOOT),
    "short items": _over(b"- a\n", _HEAD, _FOOT),
    "indented numbers": _over(b"   1. a\n\n", _HEAD + b"\n", _FOOT),
    "spaces": _over(b" ", _HEAD, _FOOT),
    "blank lines": _over(b"\n \n", _HEAD, _FOOT),
    "labels": _over(b"Decision : a\n", _HEAD, _FOOT),
    "colons": _over(b": ", _HEAD + b"Category ", _FOOT),
}
_BYTES_HARD: dict[str, Grown] = {
    "opened tags": _over(b"<"),
    "entities": _over(b"&amp;"),
    "a character's number": _over(b"9", b"<p>&#", b";</p>"),
    "charsets": _over(b"charset= ", b"\xff"),
    "no-break spaces": _over(b"&nbsp;"),
}
_SEARCHES_HARD: dict[str, Grown] = {
    "words": _over(b"a "),
    "one phrase": _over(b"a ", b'"'),
    "quotes": _over(b'"'),
    "hyphens": _over(b"a-"),
    "prefixes": _over(b"a* "),
    "spaces": _over(b" "),
    "digits": _over(b"2"),
}
_SNIPPETS_HARD: dict[str, Grown] = {
    "one word": _over(b"council "),
    "one letter": _over(b"a "),
    "two letters": _over(b"a b "),
}
_ROBOTS_HARD: dict[str, Grown] = {
    "rules": _over(b"Disallow: /x\n", b"User-agent: *\n"),
    "wildcards": _over(b"*D", b"User-agent: *\nDisallow: /", b"z"),
    "agents": _over(b"User-agent: a\n", b"", b"Disallow: /\n"),
    "one line": _over(b"a", b"User-agent: *\nDisallow: /"),
    "delays": _over(b"Crawl-delay: 1\n", b"User-agent: *\n"),
}
_WAITS_HARD: dict[str, Grown] = {
    "digits": _over(b"9"),
    "brackets": _over(b"("),
    "words": _over(b"a "),
    "colons": _over(b":"),
}

READERS = (
    Reader("a page", _page, _pages, (*_TAGS, *_WORDS, *_ANY), _PAGES_HARD, share=4),
    Reader("chapters", _chapters, _reports, (*_TAGS, *_WORDS, *_ANY, _BETWEEN), share=2),
    Reader("a listing", _listing, _listings, (*_TAGS, *_CARDS, *_ANY), _LISTINGS_HARD, share=2),
    Reader("a text", _text, _texts, (*_WORDS, *_ANY), _TEXTS_HARD),
    Reader("a document", _document, lambda: (*_texts(), *_pages()), (*_TAGS, *_WORDS, *_ANY)),
    Reader("bytes", _bytes, lambda: (*_texts(), *_pages()), (*_TAGS, *_ANY), _BYTES_HARD),
    Reader("a search", _search, lambda: _QUERIES, (*_OPERATORS, *_ANY), _SEARCHES_HARD, share=0.5),
    Reader("a snippet", _marks, _texts, (*_WORDS, *_OPERATORS, *_ANY), _SNIPPETS_HARD, share=0.5),
    Reader("Retry-After", _retry_after, lambda: _WAITS, (*_MOMENTS, *_ANY), _WAITS_HARD, share=0.25),
    Reader("robots.txt", _robots, lambda: _ROBOTS, (*_LINES, *_ANY), _ROBOTS_HARD, share=0.5),
)
