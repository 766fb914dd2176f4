"""Parses a page of the listing into a `Listing`.

Seen on the site (November 2026): a total (`listing_total`), and cards. A card has a link with the decision's address
and reference, a line `{Statement|Report} {outcome} {subcategory} {dd-Mmm-yyyy}`, and a paragraph `Summary: …`. Some
cards lack their title, and older titles lack the suffix letter, so only the link identifies the decision. No I/O.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice, pairwise
from operator import itemgetter
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.errors import TooLarge
from ingest.lgo.addresses import LISTING, Address, DecisionAddress, find_decision, resolve
from ingest.lgo.dates import MONTHS
from ingest.lgo.listing_total import find_total
from ingest.lgo.source import PAGE_SIZE
from ingest.parsing.blocks import Block, fold
from ingest.parsing.html_blocks import split_html
from ingest.parsing.html_tree import with_ancestors
from ingest.parsing.input_limits import decode_parsable
from ingest.wording import count_of
from storage.model import DecisionKind, Entry
from storage.references import reference

_MOST_LINKS = 10 * PAGE_SIZE
"""Most links to decisions on one page; each card has one or two. The code walks the elements around each link."""
_CARD_DEEPEST = 30
"""Most elements between a card and its link; each may be searched for the card's line."""
_CARDS_ROOM = 1_000_000
"""Most markup of all cards, beyond twice the page's. Cards are nested only in broken pages; each is parsed alone."""

_MAY_NAME = re.compile(r"\d{2}.{0,9}?\d{3}.{0,9}?\d{3}", re.DOTALL)
"""Matches every link or title that names a decision, except links with escapes."""
_PRINTED = r"\d{2}[ \u2010-\u2015-]?\d{3}[ \u2010-\u2015-]?\d{3} ?[A-Za-z]?"
_TITLE_OF = re.compile(rf"(?:.*\S ?\( ?)?({_PRINTED})(?: ?\))?", re.ASCII)
_DAY = re.compile(r"\d{1,2}-[A-Z][a-z]{2}-\d{4}")
_KINDS = ("Statement", "Report")
_CARD_LINE = re.compile(rf"({'|'.join(_KINDS)})\b ?(.{{0,300}}?) ?({_DAY.pattern})")
_CARD_LINE_LONGEST = 320
_TITLE = re.compile(r"(.*\S) ?\([^()]*\)")
_SUMMARY = re.compile(r"Summary ?: ?(.*)")
_DIGITS = len("25 004 920")
"""Length of a printed reference without its suffix letter, which older cards omit."""
_SHOWN = 120
"""Most characters of a card or an address that a message quotes."""
_OUTCOMES = ("Closed after initial enquiries", "Not upheld", "Upheld")


class Unfollowed(NamedTuple):
    """A card with a decision that cannot be requested."""

    card: str
    """The first words of the card."""
    why: str

    def __str__(self) -> str:
        return f"the card {self.card!r} cannot be followed: {self.why}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the listing."""

    total: int | None
    """The site's total for the whole search. None when the page states none, which never means zero."""
    entries: tuple[Entry, ...]
    """The cards in their order. A card that is repeated on the page is repeated here."""
    unfollowed: tuple[Unfollowed, ...] = ()
    """The cards that do not link to a decision of the site."""
    odd: tuple[str, ...] = ()
    """Peculiarities of the encoding, one phrase each."""
    in_place_of_total: str = field(default="", compare=False)
    """The words in the place of the total, when the total is None."""

    def describe_missing_total(self) -> str:
        """Returns the message for a page that shows cards when the total is None."""
        says = f"it says {self.in_place_of_total!r}" if self.in_place_of_total else "it does not mention a search"
        return f"the listing shows {count_of(len(self.entries), 'card')} and no total that can be parsed: {says}"


def parse_listing(body: bytes, *, address: str = LISTING, charset: str | None = None) -> Listing:
    """Parses the listing on a page; empty and with unknown total when the page has none.

    `address` is the page's own; relative links are resolved against it. Raises ReadError: Undecodable, TooLarge.
    """
    html, data, odd = decode_parsable(body, charset)
    tree = LexborHTMLParser(data)
    if tree.body is None:
        return Listing(None, (), odd=odd)
    budget = _Budget(2 * len(html) + _CARDS_ROOM)
    place = _place(tree, address)
    cards = _cards(_find_links(tree.body, place, budget), budget)
    entries = [
        _entry(budget.spend(card.node), card.link.node, card.link.decision) for card in cards if card.link.decision
    ]
    unfollowed = [Unfollowed(_first_words(budget.spend(card.node)), card.link.why) for card in cards if card.link.why]
    beside = split_html(tree.body, without=_find_card_elements(cards))
    # If every card is followed and has its own line, and no line is beside them, the page need not be walked again.
    if unfollowed or any(entry.kind is None for entry in entries) or any(map(_has_line, beside)):
        unfollowed += _find_cards_without_link(tree.body, cards, place, budget)
    total = find_total(" ".join(block.cells) or block.text for block in beside)
    return Listing(total.number, tuple(entries), tuple(unfollowed), odd, total.quoted)


class _Budget:
    """Counts the characters of the elements that are processed. Raises TooLarge above the limit."""

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, node: LexborNode) -> LexborNode:
        self._count(node.html or "")
        return node

    def text(self, node: LexborNode) -> str:
        """Returns an element's text, and counts the text only."""
        text = node.text()
        self._count(text)
        return text

    def _count(self, markup: str) -> None:
        self._left -= len(markup)
        if self._left < 0:
            raise TooLarge("its cards are nested in each other, all of them long: not a page of the listing")


# ------------------------------------------------------------ links


class _Link(NamedTuple):
    """A link to a decision, or a card's title that does not link to one."""

    node: LexborNode
    reference: str
    decision: DecisionAddress | None
    why: str
    """Why it does not link to a decision; "" when it does."""


class _Place(NamedTuple):
    """The addresses that the links of a page are resolved against."""

    page: Address
    base: Address
    """The address of the first `base` element that has an `href`, or the page's own (HTML, 2.4.3)."""


def _place(tree: LexborHTMLParser, address: str) -> _Place:
    page = resolve(address)
    if page is None:
        raise ValueError(f"{address!r} is not the address of a page")
    element = tree.css_first("base[href]")
    base = resolve(element.attributes.get("href") or "", page) if element is not None else None
    return _Place(page, base or page)


def _find_links(body: LexborNode, place: _Place, budget: _Budget) -> list[_Link]:
    """Finds the links to decisions, and the titles that link to none, in page order."""
    found: list[_Link] = []
    for node in body.css("a, h1, h2, h3, h4, h5, h6"):
        link = _decision_link(node, place) or _title_without_decision(node, place, budget)
        if link is not None:
            found.append(link)
            if len(found) > _MOST_LINKS:
                raise TooLarge(f"{len(found):,} links to decisions; no page of the listing has more than {_MOST_LINKS}")
    led_to = {link.reference[:_DIGITS] for link in found if link.decision}
    return [link for link in found if link.decision or link.reference[:_DIGITS] not in led_to]


def _decision_link(node: LexborNode, place: _Place) -> _Link | None:
    """Returns the link of an element if its address is a decision's, on this host or another."""
    href = node.attributes.get("href") if node.tag == "a" else None
    if not href or not ("%" in href or _MAY_NAME.search(href)):  # most links belong to the page's menus
        return None
    address = resolve(href, place.base)
    decision = find_decision(address) if address is not None else None
    if address is None or decision is None:
        return None
    if not address.is_same_site(place.page):
        return _Link(node, decision.reference, None, _explain_no_decision(href, place))
    return _Link(node, decision.reference, decision, "")


def _title_without_decision(node: LexborNode, place: _Place, budget: _Budget) -> _Link | None:
    """Returns a title that names a decision, in a link to something else or in a heading without a link."""
    text = budget.text(node)
    if not _MAY_NAME.search(text):
        return None
    found = _TITLE_OF.fullmatch(fold(text))
    if found is None:
        return None
    if node.tag != "a" and (
        node.css_first("a") is not None
        or any(ancestor.tag == "a" for ancestor in islice(_ancestors(node), _CARD_DEEPEST))
    ):
        return None
    return _Link(node, reference(found[1]), None, _explain_no_decision(node.attributes.get("href"), place))


def _explain_no_decision(href: str | None, place: _Place) -> str:
    """Explains why an address on a card does not lead to a decision."""
    if not href or not href.strip():
        return "it has no link"
    address = resolve(href, place.base)
    shown = fold(href)[:_SHOWN]
    if address is None:
        return f"its link {shown!r} is not a web address"
    if not address.is_same_site(place.page):
        return f"its link leads to another host, {address.host}"
    return f"its link {shown!r} does not lead to a decision"


# ------------------------------------------------------------ cards


class _Card(NamedTuple):
    """An element that has all of one card, with the link to its decision."""

    node: LexborNode
    link: _Link


def _cards(links: Sequence[_Link], budget: _Budget) -> list[_Card]:
    """Finds the cards: for each link, the largest element around it without a link to another decision."""
    named: dict[int, set[str]] = {}  # the references named inside each element around a link
    for link in links:
        for node in _ancestors(link.node):
            named.setdefault(node.mem_id, set()).add(link.reference)
    lone = len({link.reference for link in links}) == 1
    lined: dict[int, bool] = {}

    def has_line(node: LexborNode) -> bool:
        if node.mem_id not in lined:
            lined[node.mem_id] = _card_line(fold(budget.spend(node).text(separator=" "))) is not None
        return lined[node.mem_id]

    found: dict[int, _Card] = {}
    for link in links:
        card = link.node
        for parent in islice(_ancestors(link.node), _CARD_DEEPEST):
            if parent.tag in ("body", "main") or named[parent.mem_id] != {link.reference} or (lone and has_line(card)):
                break
            card = parent
        found.setdefault(card.mem_id, _Card(card, link))
    return list(found.values())


def _find_card_elements(cards: Iterable[_Card]) -> set[int]:
    """Finds the elements with a card's words: its link and what follows. Words before the link may be the page's."""
    found: set[int] = set()
    for card, link in cards:
        node: LexborNode | None = link.node
        found.add(link.node.mem_id)
        while node is not None and node.mem_id != card.mem_id:
            beside = node.next
            while beside is not None and beside.mem_id not in found:
                found.add(beside.mem_id)
                beside = beside.next
            node = node.parent
    return found


def _has_line(block: Block) -> bool:
    return any(map(_is_card_line, block.text.split("\n")))


def _find_cards_without_link(
    body: LexborNode, cards: Sequence[_Card], place: _Place, budget: _Budget
) -> list[Unfollowed]:
    """Finds the cards that have a line but no link: lines that are in no other card."""
    inside = {card.node.mem_id for card in cards}
    lines = [block for block in split_html(body) if block.node and _has_line(block)]
    if len(lines) > _MOST_LINKS:
        raise TooLarge(f"{len(lines):,} cards; no page of the listing has more than {PAGE_SIZE}")
    lone = [block for block in lines if not any(node.mem_id in inside for node in with_ancestors(block.node))]
    # If no card contains its line, each line follows the link of its card.
    if cards and lone and len(lone) == len(lines):
        lone = _without_preceding_link(body, lone, cards)
    inner = [*(card.node for card in cards), *(line.node for line in lone)]
    others = Counter(node.mem_id for one in inner for node in with_ancestors(one))
    return [_make_unfollowed(block, others, place, budget) for block in lone]


def _without_preceding_link(body: LexborNode, lines: Sequence[Block], cards: Sequence[_Card]) -> list[Block]:
    """Returns the lines that are not the first one after a card's link."""
    order = {node.mem_id: number for number, node in enumerate(body.traverse())}
    links = [(order[card.node.mem_id], None) for card in cards]
    marks = sorted([*links, *((order[line.node.mem_id], line) for line in lines if line.node)], key=itemgetter(0))
    return [line for (_, before), (_, line) in pairwise([(-1, lines[0]), *marks]) if line and before]


def _make_unfollowed(line: Block, inside: Mapping[int, int], place: _Place, budget: _Budget) -> Unfollowed:
    """Reports the card around a line. `inside` counts the cards and lone lines in each element."""
    assert line.node is not None
    card = line.node
    if _is_card_line(line.text):
        for parent in islice(_ancestors(line.node), _CARD_DEEPEST):
            if parent.tag in ("body", "main") or inside[parent.mem_id] > 1 or len(split_html(budget.spend(card))) > 1:
                break
            card = parent
    links = card.css("a[href]")
    why = _explain_no_decision(links[0].attributes.get("href"), place) if links else "it has no link to a decision"
    return Unfollowed(_first_words(card), why)


def _first_words(card: LexborNode) -> str:
    """Returns the first words of a card, which name it in messages."""
    texts = [block.text for block in split_html(card)] or [fold(card.text())]
    return texts[0].replace("\n", " ")[:_SHOWN]


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Iterates over the elements around a node, nearest first."""
    return with_ancestors(node.parent)


def _entry(card: LexborNode, link: LexborNode, decision: DecisionAddress) -> Entry:
    kind: DecisionKind | None = None
    outcome: str | None = None
    subcategory: str | None = None
    decided: date | None = None
    blocks = [block.text for block in split_html(card)]
    texts = [text.replace("\n", " ") for text in blocks] or [fold(card.text())]
    line = _card_line(" ".join(text for text in texts if not text.startswith("Summary")))
    if line:
        kind = "statement" if line[1] == "Statement" else "report"
        outcome, subcategory = _outcome_and_subcategory(line[2], decision.path)
        day, month, year = line[3].split("-")
        try:
            decided = date(int(year), MONTHS[month.lower()], int(day))
        except (KeyError, ValueError):
            decided = None
    parts = [block.split("\n") for block in blocks]
    title, authority = _title(link, parts)
    return Entry(
        decision.reference, decision.path, authority, outcome, subcategory, decided, kind, title, _summary(parts)
    )


def _card_line(text: str) -> re.Match[str] | None:
    """Finds the first card line in a text. Searches before dates only, because any text has a line's first words."""
    for day in _DAY.finditer(text):
        found = _CARD_LINE.search(text, max(0, day.start() - _CARD_LINE_LONGEST), day.end())
        if found is not None:
            return found
    return None


def _is_card_line(text: str) -> bool:
    """Whether a text is a card's line and nothing else."""
    found = _card_line(text) if len(text) <= _CARD_LINE_LONGEST and text.startswith(_KINDS) else None
    return found is not None and found[0] == text


def _title(link: LexborNode, blocks: Sequence[Sequence[str]]) -> tuple[str | None, str | None]:
    """Returns the title in the card's link, or else the one elsewhere in the card, and the authority in it."""
    for text in [block.text for block in split_html(link)] or [fold(link.text())]:
        found = _TITLE.fullmatch(text)
        if found is not None and not text.startswith("Summary"):
            return text, found[1]
    for text in (part for parts in blocks for part in parts):
        found = _TITLE.fullmatch(text)
        if found is not None and not text.startswith("Summary") and _TITLE_OF.fullmatch(text):
            return text, found[1]
    return None, None


def _summary(blocks: Sequence[Sequence[str]]) -> str | None:
    """Returns the words after `Summary:`, to the end of their block."""
    for parts in blocks:
        for number, part in enumerate(parts):
            found = _SUMMARY.fullmatch(part)
            if found is not None:
                return " ".join([found[1], *parts[number + 1 :]]).strip() or None
    return None


def _outcome_and_subcategory(words: str, path: str) -> tuple[str | None, str | None]:
    """Splits a card's words into outcome and subcategory, with the address, because nothing separates them."""
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
