"""Edits: the right answer of the look-alike with something wrong in it, or under a wrong name. Faults as in `faults`.

The listing's edits leave alone what is no page of a listing, and a card is named by its place on the page (from 0, or
from the end: -1) or by its reference. A page that does not show it stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lgsco.replica.faults import Acts, Answer, headed, whole
from lgsco.replica.messages import Request
from lgsco.replica.search import PAGE, asked
from lgsco.replica.site import Site
from storage.model import slug

_CARD = re.compile(r'<div class="card">.*?</div>\n', re.DOTALL)
_COUNT = re.compile(r'<p class="results">([^<]*)</p>\n')
_NUMBER = re.compile(r"\d[\d,]*")

Cards = list[str]


@dataclass(frozen=True, slots=True)
class Edit:
    """The right answer with other words: the page's HTML as `change` gives it back."""

    change: Callable[[str], str]

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Change it and send it whole."""
        right = answer()
        yield whole(request, replace(right, body=self.change(right.body.decode()).encode()))


# Under a wrong name.


@dataclass(frozen=True, slots=True)
class WrongType:
    """The right page under another Content-Type, or under none."""

    value: str | None = "application/pdf"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        yield whole(request, headed(answer(), "Content-Type", self.value))


@dataclass(frozen=True, slots=True)
class WrongCharset:
    """The right page, whose head says one charset (or none) while its bytes are written in another.

    What the bytes' charset lacks is written as character references.
    """

    said: str | None = "iso-8859-1"
    written: str = "utf-8"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        right = answer()
        body = right.body.decode().encode(self.written, "xmlcharrefreplace")
        said = "text/html" if self.said is None else f"text/html; charset={self.said}"
        yield whole(request, headed(replace(right, body=body), "Content-Type", said))


# Listings that are nearly right.


@dataclass(frozen=True, slots=True)
class DropCard:
    """A listing that lacks one card."""

    card: int | str = 0

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Drop it."""
        yield from Edit(lambda html: _dealt(html, self._drop)).acts(request, answer)

    def _drop(self, cards: Cards) -> Cards:
        place = _place(cards, self.card)
        return [card for n, card in enumerate(cards) if n != place]


@dataclass(frozen=True, slots=True)
class RepeatCard:
    """A listing that shows one card twice: one after the other, or the second in place of another card (`over`)."""

    card: int | str = 0
    over: int | str | None = None

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Repeat it."""
        yield from Edit(lambda html: _dealt(html, self._repeat)).acts(request, answer)

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
    """A listing that has moved between two pages: its entries begin so many further on, or (negative) further back.

    Further back is what a client sees when new entries come above; nothing stands before the first.
    """

    site: Site
    by: int

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Deal the page anew."""
        if request.path.lower().rstrip("/") == "/decisions/searchresults":
            yield from Edit(lambda html: _dealt(html, lambda _: self._shifted(request))).acts(request, answer)
        else:
            yield whole(request, answer())

    def _shifted(self, request: Request) -> Cards:
        target = request.target
        skip = max(0, (asked(target.partition("?")[2]).page - 1) * PAGE + self.by)
        cards: Cards = []
        for page in (skip // PAGE + 1, skip // PAGE + 2):  # the last `page` of a query counts
            other = f"{target}{'&' if '?' in target else '?'}page={page}"
            cards += _CARD.findall(self.site.handle(request._replace(target=other)).body.decode())
        return cards[skip % PAGE :][:PAGE]


@dataclass(frozen=True, slots=True)
class WrongTotal:
    """A listing whose total is off by so many. One that states no number stays as it is."""

    off: int

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Miscount."""
        yield from Edit(lambda html: _COUNT.sub(self._miscounted, html)).acts(request, answer)

    def _miscounted(self, line: re.Match[str]) -> str:
        return _NUMBER.sub(lambda right: f"{max(0, int(right[0].replace(',', '')) + self.off):,}", line[0], count=1)


@dataclass(frozen=True, slots=True)
class NoTotal:
    """A listing with its cards and no total."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Leave the line out."""
        yield from Edit(lambda html: _COUNT.sub("", html)).acts(request, answer)


def _dealt(html: str, deal: Callable[[Cards], Cards]) -> str:
    """A page with its cards, where it has any, dealt anew."""
    found = list(_CARD.finditer(html))
    if not found:
        return html
    return html[: found[0].start()] + "".join(deal([card[0] for card in found])) + html[found[-1].end() :]


def _place(cards: Cards, card: int | str) -> int | None:
    if isinstance(card, str):
        return next((n for n, html in enumerate(cards) if f'/{slug(card)}">' in html), None)
    place = card + len(cards) if card < 0 else card
    return place if 0 <= place < len(cards) else None
