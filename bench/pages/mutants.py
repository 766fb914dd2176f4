"""Pages with tags that are unbalanced or nested wrongly, each with the words of its source.

A mutation only inserts, removes or moves tags, so the words of the source are those of the decision. If the parsed tree
of a mutant equals that of its original page, another one is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from bench.pages.layout import pages_of, written
from bench.pages.model import Paragraph, Sample, is_closing, text_of

_TOKEN = re.compile(r"<[^>]*>|[^<]+")
_WHITE = re.compile(r"(?<=\S)(?=\s)")


@dataclass(frozen=True, slots=True)
class Base:
    """An original for mutants: one of the pages of a decision."""

    sample: Sample
    pages: tuple[bytes, ...]
    at: int
    expected: str

    @property
    def page(self) -> bytes:
        return self.pages[self.at]

    @property
    def shows_title(self) -> bool:
        """Whether the title is in the page's body."""
        return self.sample.reference in self.page.decode().partition("<body>")[2]

    @property
    def is_closed(self) -> bool:
        """Whether the page has a closing line."""
        chapter = self.sample.chapters[self.at]
        return any(isinstance(block, Paragraph) and is_closing(block.text) for block in chapter)


class Mutant(NamedTuple):
    """A page with mutated tags."""

    number: int
    kind: str
    base: Base
    page: bytes

    @property
    def pages(self) -> tuple[bytes, ...]:
        """The pages of the decision, including this one."""
        at = self.base.at
        return (*self.base.pages[:at], self.page, *self.base.pages[at + 1 :])


class _Source:
    """The tokens of a page, which mutations change. Texts are split, so that a tag can be between two words."""

    def __init__(self, page: str, chance: Random) -> None:
        self.tokens = _TOKEN.findall(page)
        self.chance = chance
        self.first = next(at for at, token in enumerate(self.tokens) if token == "<body>") + 1
        self.last = len(self.tokens) - 2

    def place(self) -> int:
        """Chooses a place in the body for a tag: before a token, or between two words of a text."""
        at = self.chance.randrange(self.first, self.last)
        token = self.tokens[at]
        gaps = [match.start() for match in _WHITE.finditer(token)] if not token.startswith("<") else []
        if gaps and self.chance.random() < 0.5:
            gap = self.chance.choice(gaps)
            self.tokens[at : at + 1] = [token[:gap], token[gap:]]
            self.last += 1
            at += 1
        return at

    def insert(self, at: int, tag: str) -> None:
        self.tokens.insert(at, tag)
        self.last += 1

    def existing(self, names: Sequence[str]) -> list[int]:
        """Returns the places of the body's own tags with these names."""
        pattern = re.compile(rf"</?(?:{'|'.join(names)})\b", re.IGNORECASE)
        return [at for at in range(self.first, self.last) if pattern.match(self.tokens[at])]

    def items(self) -> list[int]:
        """Returns the places where a list item begins."""
        return [at for at in range(self.first, self.last) if self.tokens[at].lower().startswith("<li")]


Mutate = Callable[[_Source], bool]


def _unbalance(*names: str) -> Mutate:
    """Opens, close, remove or move tags with these names at random places."""

    def mutate(source: _Source) -> bool:
        chance = source.chance
        for _ in range(chance.choice((1, 1, 2))):
            name = chance.choice(names)
            own = source.existing(names)
            draw = chance.random()
            if own and draw < 0.25:
                del source.tokens[chance.choice(own)]
                source.last -= 1
            elif own and draw < 0.45:
                tag = source.tokens.pop(chance.choice(own))
                source.last -= 1
                source.insert(source.place(), tag)
            elif draw < 0.65:
                source.insert(source.place(), f"<{name}>")
            elif draw < 0.8:
                source.insert(source.place(), f"</{name}>")
            else:  # a pair that is nested wrongly, in either order
                source.insert(source.place(), f"</{name}>")
                source.insert(source.place(), f"<{name}>")
        return True

    return mutate


def _in_item(name: str) -> Mutate:
    """Puts an element around the words of an item or a part of them; sometimes it is not closed."""

    def mutate(source: _Source) -> bool:
        chance = source.chance
        for _ in range(chance.choice((1, 1, 2))):
            items = source.items()
            if not items:
                return False
            start = chance.choice(items) + 1
            end = start + 1
            while end < source.last and not re.match(r"</?(?:li|ol|ul)\b", source.tokens[end]):
                end += 1
            if chance.random() < 0.85:
                source.insert(chance.choice((end, end, chance.randint(start, end))), f"</{name}>")
            source.insert(start, f"<{name}>")
        return True

    return mutate


SEEN: Mapping[str, Mutate] = {
    "article": _unbalance("article"),
    "main": _unbalance("main"),
    "table": _unbalance("table"),
    "object": _unbalance("object"),
    "button": _unbalance("button"),
    "button in li": _in_item("button"),
    "nav in li": _in_item("nav"),
}
"""Kinds that once lost words. Each is an eighth of the mutants."""
OTHERS: Mapping[str, Mutate] = {
    "ul and li": _unbalance("ul", "li", "ol"),
    "p": _unbalance("p"),
    "div": _unbalance("div"),
    "form": _unbalance("form"),
    "select": _unbalance("select", "option"),
    "nav": _unbalance("nav"),
    "table parts": _unbalance("td", "tr", "tbody", "th", "caption"),
    "sections": _unbalance("section", "aside", "header", "footer"),
    "headings": _unbalance("h1", "h2", "h3"),
    "inline": _unbalance("a", "span", "b", "em"),
    "dl": _unbalance("dl", "dt", "dd"),
    "any two": _unbalance("table", "button", "article", "main", "object", "li", "p", "div", "nav", "select", "form"),
}
"""Further kinds, which share an eighth."""
_MUTATIONS = {**SEEN, **OTHERS}


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^>]*>")
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path"})


def is_well_formed(page: str) -> bool:
    """Whether every end tag closes the element opened last, and only items and rows are left open."""
    stack: list[str] = []
    for end, tag in _TAG.findall(page):
        name = tag.lower()
        if not end:
            stack += [name] if name not in _VOID else []
            continue
        while stack and stack[-1] in ("li", "tr") and stack[-1] != name:
            stack.pop()
        if not stack or stack.pop() != name:
            return False
    return not stack


def leaves_article_open(page: str) -> bool:
    """Whether the page opens an article and closes none after it. It is then not whole, whatever a browser shows."""
    tags = [end for end, name in _TAG.findall(page) if name.lower() == "article"]
    return "" in tags and "/" not in tags[tags.index("") :]


def kind_of(number: int) -> str:
    """Returns the kind of a mutant."""
    names = (*SEEN, *OTHERS)
    place = number % 8
    return names[place] if place < 7 else names[7 + number // 8 % len(OTHERS)]


def bases_of(samples: Sequence[Sample]) -> list[Base]:
    """Returns the originals for mutants: each page of each decision."""
    found = []
    for sample in samples:
        pages = tuple(map(written, pages_of(sample)))
        found += [Base(sample, pages, at, text_of(sample)) for at in range(len(pages))]
    return found


def mutant(number: int, bases: Sequence[Base], seed: int) -> Mutant:
    """Makes the mutant with a number, the same for a seed."""
    kind = kind_of(number)
    for attempt in range(100):
        chance = Random(f"mutant {seed} {number} {attempt}")
        base = chance.choice(bases)
        source = _Source(base.page.decode(), chance)
        if not _MUTATIONS[kind](source):
            continue
        page = "".join(source.tokens)
        if LexborHTMLParser(page).html != LexborHTMLParser(base.page.decode()).html:
            return Mutant(number, kind, base, page.encode())
    raise AssertionError(f"no mutation of mutant {number} ({kind}) changes a tree")
