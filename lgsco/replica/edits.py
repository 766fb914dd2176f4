"""Defines edits: faults that send the look-alike's right answer with a mistake in it, or with wrong headers.

Edits of listings leave other pages unchanged. They name a card by its index on the page (from 0, or negative from the
end) or by its reference. A listing page without that card stays unchanged. `faults` describes how faults work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lgsco.replica.faults import Acts, Answer, encode_for, with_header
from lgsco.replica.messages import Request
from lgsco.replica.search import PAGE, parse_search
from lgsco.replica.site import Site
from storage.references import slug

_CARD = re.compile(r'<div class="card">.*?</div>\n', re.DOTALL)
_COUNT = re.compile(r'<p class="results">([^<]*)</p>\n')
_NUMBER = re.compile(r"\d[\d,]*")

Cards = list[str]


@dataclass(frozen=True, slots=True)
class Edit:
    """The right answer with its HTML changed by `change`."""

    change: Callable[[str], str]

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Changes the page and sends it."""
        right = answer()
        yield encode_for(request, replace(right, body=self.change(right.body.decode()).encode()))


# Wrong headers.


@dataclass(frozen=True, slots=True)
class WrongType:
    """The right page with another Content-Type, or without one."""

    value: str | None = "application/pdf"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page with the header changed."""
        yield encode_for(request, with_header(answer(), "Content-Type", self.value))


@dataclass(frozen=True, slots=True)
class WrongCharset:
    """The right page in one encoding, with a header that names another charset or none.

    Characters that the encoding lacks are written as character references.
    """

    declared: str | None = "iso-8859-1"
    written: str = "utf-8"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page in the other encoding."""
        right = answer()
        body = right.body.decode().encode(self.written, "xmlcharrefreplace")
        declared = "text/html" if self.declared is None else f"text/html; charset={self.declared}"
        yield encode_for(request, with_header(replace(right, body=body), "Content-Type", declared))


# Listings with a mistake.


@dataclass(frozen=True, slots=True)
class DropCard:
    """A listing that lacks one card."""

    card: int | str = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page without the card."""
        yield from Edit(lambda html: _change_cards(html, self._drop)).acts(request, answer)

    def _drop(self, cards: Cards) -> Cards:
        place = _place(cards, self.card)
        return [card for n, card in enumerate(cards) if n != place]


@dataclass(frozen=True, slots=True)
class RepeatCard:
    """A listing that shows one card twice: one after the other, or the second in place of the card `over`."""

    card: int | str = 0
    over: int | str | None = None

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page with the card repeated."""
        yield from Edit(lambda html: _change_cards(html, self._repeat)).acts(request, answer)

    def _repeat(self, cards: Cards) -> Cards:
        place = _place(cards, self.card)
        if place is None:
            return cards
        if self.over is None:
            return [*cards[: place + 1], *cards[place:]]
        over = _place(cards, self.over)
        return [cards[place] if n == over else card for n, card in enumerate(cards)]


@dataclass(frozen=True, slots=True)
class Shift:
    """A listing that moved between two pages: its entries start `by` entries further on, or further back if negative.

    A client sees entries further back when new entries are added above. Never goes back beyond the first entry.
    """

    site: Site
    by: int

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page with the shifted cards."""
        if request.path.lower().rstrip("/") == "/decisions/searchresults":
            yield from Edit(lambda html: _change_cards(html, lambda _: self._shifted(request))).acts(request, answer)
        else:
            yield encode_for(request, answer())

    def _shifted(self, request: Request) -> Cards:
        target = request.target
        skip = max(0, (parse_search(target.partition("?")[2]).page - 1) * PAGE + self.by)
        cards: Cards = []
        for page in (skip // PAGE + 1, skip // PAGE + 2):  # the last `page` of a query counts
            other = f"{target}{'&' if '?' in target else '?'}page={page}"
            cards += _CARD.findall(self.site.handle(request._replace(target=other)).body.decode())
        return cards[skip % PAGE :][:PAGE]


@dataclass(frozen=True, slots=True)
class WrongTotal:
    """A listing with a total that is wrong by `off`. A page that states no number stays unchanged."""

    off: int

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page with the wrong total."""
        yield from Edit(lambda html: _COUNT.sub(self._miscounted, html)).acts(request, answer)

    def _miscounted(self, line: re.Match[str]) -> str:
        return _NUMBER.sub(lambda right: f"{max(0, int(right[0].replace(',', '')) + self.off):,}", line[0], count=1)


@dataclass(frozen=True, slots=True)
class NoTotal:
    """A listing with its cards but without a total."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page without the line that states the total."""
        yield from Edit(lambda html: _COUNT.sub("", html)).acts(request, answer)


def _change_cards(html: str, change: Callable[[Cards], Cards]) -> str:
    """Replaces the cards of a page with those that `change` returns. A page without cards stays unchanged."""
    found = list(_CARD.finditer(html))
    if not found:
        return html
    return html[: found[0].start()] + "".join(change([card[0] for card in found])) + html[found[-1].end() :]


def _place(cards: Cards, card: int | str) -> int | None:
    if isinstance(card, str):
        return next((n for n, html in enumerate(cards) if f'/{slug(card)}">' in html), None)
    place = card + len(cards) if card < 0 else card
    return place if 0 <= place < len(cards) else None
