"""A listing page -> Listing. Pure.

What the site prints (seen 2026-11): `Your search has N results`, N with commas; cards whose link gives address and
reference, a line `{Statement|Report} {outcome} {subcategory} {dd-Mmm-yyyy}`, and a paragraph `Summary: …`. Some cards
lack their title; older ones drop the suffix letter, so the link alone names the decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.errors import TooLarge
from ingest.lgo.phrases import MONTHS
from ingest.parsing.blocks import fold
from ingest.parsing.html_blocks import from_html
from ingest.parsing.input_limits import parsable
from storage.model import DecisionKind, Entry, reference

PAGE_SIZE = 10
"""Cards on a full page of the listing."""
_MOST_LINKS = 10 * PAGE_SIZE
"""Links to decisions; each card has one or two. What is around them is gone through link by link."""
_CARD_DEEPEST = 30
"""Elements between a card and its link at most; each may be looked through for the card's line."""
_CARDS_ROOM = 1_000_000
"""Characters of markup, beside twice the page's, that its cards may have together: they stand in each other only where
the markup is broken, and each is gone through by itself."""

_SLUG = r"\w[\w'&,.()+ -]*"
_DECISION_PATH = re.compile(
    rf"/decisions/{_SLUG}(?:/{_SLUG})?/(\d{{2}}-\d{{3}}-\d{{3}}[a-z]?)/?", re.IGNORECASE | re.ASCII
)
_TOTAL = re.compile(r"Your search has (\d[\d,]{0,11}|no) results?")
_DAY = re.compile(r"\d{1,2}-[A-Z][a-z]{2}-\d{4}")
_CARD_LINE = re.compile(rf"(Statement|Report)\b ?(.{{0,300}}?) ?({_DAY.pattern})")
_CARD_LINE_LONGEST = 320
_TITLE = re.compile(r"(.*\S) ?\([^()]*\)")
_OUTCOMES = ("Closed after initial enquiries", "Not upheld", "Upheld")


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the listing."""

    total: int | None
    """What the site says the whole search has; None when it does not say, which is never zero."""
    entries: tuple[Entry, ...]
    """The cards, in their order; one that stands twice is here twice."""
    odd: tuple[str, ...] = ()
    """What is odd about its encoding, a phrase each."""


def read(body: bytes, *, charset: str | None = None) -> Listing:
    """The listing on a page; an empty one of unknown total when the page holds none.

    Raises ReadError: Undecodable, TooLarge.
    """
    html, _, odd = parsable(body, charset)
    tree = LexborHTMLParser(html)
    if tree.body is None:
        return Listing(None, (), odd=odd)
    total = _total(tree.body) if "Your search has" in html else None
    look = _Look(2 * len(html) + _CARDS_ROOM)
    entries = tuple(_entry(look(card), link, path) for card, link, path in _cards(tree.body, look))
    return Listing(total, entries, odd=odd)


class _Look:
    """Counts what is gone through of a page, element by element. Raises TooLarge past the most it may be."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, node: LexborNode) -> LexborNode:
        self._left -= len(node.html or "")
        if self._left < 0:
            raise TooLarge("cards that stand in each other, all of them long: no page of the listing")
        return node


def _total(body: LexborNode) -> int | None:
    for block in from_html(body):
        found = _TOTAL.search(block.text)
        if found is not None:
            return 0 if found[1] == "no" else int(found[1].replace(",", ""))
    return None


def _cards(body: LexborNode, look: _Look) -> Iterator[tuple[LexborNode, LexborNode, str]]:
    """Each card's element, its first link and where that leads: the largest element around it with no other's link."""
    links: list[tuple[LexborNode, str, str]] = []
    for link in body.css("a[href]"):
        href = link.attributes.get("href") or ""
        if "ecisions/" not in href and "%" not in href:  # most links are the page's menus
            continue
        try:
            path = unquote(urlsplit(href).path)
        except ValueError:  # an address that is none
            continue
        found = _DECISION_PATH.fullmatch(path)
        if found:
            links.append((link, path, found[1].lower()))
    if len(links) > _MOST_LINKS:
        raise TooLarge(f"{len(links):,} links to decisions; no page of the listing has more than {_MOST_LINKS}")
    named: dict[int, set[str]] = {}  # the references linked to inside each element above a link
    for link, _, name in links:
        for node in _above(link):
            named.setdefault(node.mem_id, set()).add(name)
    seen: set[int] = set()
    lone = len({name for _, _, name in links}) == 1
    lined: dict[int, bool] = {}

    def has_line(node: LexborNode) -> bool:
        if node.mem_id not in lined:
            lined[node.mem_id] = _card_line(fold(look(node).text(separator=" "))) is not None
        return lined[node.mem_id]

    for link, path, name in links:
        card = link
        for parent in islice(_above(link), _CARD_DEEPEST):
            if parent.tag in ("body", "main") or named[parent.mem_id] != {name} or (lone and has_line(card)):
                break
            card = parent
        if card.mem_id not in seen:
            seen.add(card.mem_id)
            yield card, link, path


def _above(link: LexborNode) -> Iterator[LexborNode]:
    """The elements around a link, the nearest first."""
    node = link.parent
    while node is not None:
        yield node
        node = node.parent


def _entry(card: LexborNode, link: LexborNode, path: str) -> Entry:
    found = _DECISION_PATH.fullmatch(path)
    assert found is not None
    kind: DecisionKind | None = None
    outcome: str | None = None
    subcategory: str | None = None
    decided: date | None = None
    texts = [block.text.replace("\n", " ") for block in from_html(card)] or [fold(card.text())]
    line = _card_line(" ".join(text for text in texts if not text.startswith("Summary")))
    if line:
        kind = "statement" if line[1] == "Statement" else "report"
        outcome, subcategory = _outcome_and_subcategory(line[2], path)
        day, month, year = line[3].split("-")
        try:
            decided = date(int(year), MONTHS[month.lower()], int(day))
        except (KeyError, ValueError):
            decided = None
    return Entry(reference(found[1]), path, _authority(link), outcome, subcategory, decided, kind)


def _card_line(text: str) -> re.Match[str] | None:
    """The first card's line in a text. Looked for before each date: the words it begins with stand in any text."""
    for day in _DAY.finditer(text):
        found = _CARD_LINE.search(text, max(0, day.start() - _CARD_LINE_LONGEST), day.end())
        if found is not None:
            return found
    return None


def _authority(link: LexborNode) -> str | None:
    """The authority, from the title that the card's link prints."""
    for text in [block.text for block in from_html(link)] or [fold(link.text())]:
        title = _TITLE.fullmatch(text)
        if title is not None and not text.startswith("Summary"):
            return title[1]
    return None


def _outcome_and_subcategory(words: str, path: str) -> tuple[str | None, str | None]:
    """The card prints both on one line with nothing between: the address shows where the second begins."""
    for known in _OUTCOMES:
        if words == known or words.startswith(known + " "):
            return known, words[len(known) + 1 :] or None
    wanted = path.rstrip("/").split("/")[-2].lower()
    parts = words.split(" ")
    for start in range(1, len(parts)):
        subcategory = " ".join(parts[start:])
        if re.sub(r"[^a-z0-9]+", "-", subcategory.lower()).strip("-") == wanted:
            return " ".join(parts[:start]), subcategory
    return None, None
