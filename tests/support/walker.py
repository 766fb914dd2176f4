"""An independent check of the parser: finds the words of a decision's page with the standard library alone.

Law 4 of the text format says that the words of a page's decision are the words of its text, in order. To test the
parser without the parser, `words_of_page` walks the tags with `html.parser`, cuts the page into blocks and removes the
furniture by its phrases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

# What Unicode calls White_Space (the C0 and C1 controls among it too, which str.split takes a little differently).
SPACES = (
    "\t\n\x0b\x0c\r \x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_SPACE = re.compile(f"[{SPACES}]+")
_BREAK = "\x1e"  # replaces a <br> until the block ends; no test page contains it
_DROPPED = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")

PHRASES = frozenset({"Back to top", "Print this page", "LGO logogram"})
PANEL = frozenset(
    {
        "Review your privacy settings",
        "Required cookies",
        "These cookies enable the website to function properly. You can only disable these by changing your browser "
        "preferences, but this will affect how the website performs.",
        "View required cookies",
        "Analytical cookies",
        "Google Analytics cookies help us improve the performance of the website by understanding how visitors use "
        "the site. We recommend you set these 'ON'.",
        "View analytical cookies",
        "In using Google Analytics, we do not collect or store personal information that could identify you (for "
        "example your name or address). We do not allow Google to use or share our analytics data. Google has "
        "developed a tool to help you opt out of Google Analytics cookies.",
        "Privacy settings",
    }
)
OPENERS = frozenset({"The Ombudsman's final decision:", "Overview:"})
LABELS = ("Category", "Decision date", "Decision")  # of two with the same beginning the longer comes first

_INLINE_NAMES = (
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup tt u var "
    "wbr img"
)
_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_INLINE = frozenset(_INLINE_NAMES.split())
_VOID = frozenset(_VOID_NAMES.split())
_SILENT = frozenset({"script", "style", "template"})
_CHROME = frozenset({"nav", "aside", "footer"})
_TITLE = re.compile(r"(?:.*\s\(\d\d \d\d\d \d\d\d[a-z]?\)|\d\d \d\d\d \d\d\d[a-z]?)")
_CLOSER = re.compile(r"\S.* decision on behalf of the Ombudsm[ae]n")


def plain(text: str) -> str:
    """Normalises a text to one line of the format: no invisible characters, every run of white space one space."""
    return _SPACE.sub(" ", _DROPPED.sub("", text)).strip(" ")


@dataclass(slots=True)
class Block:
    """The words between two block boundaries of a page, with what law 4 needs to know about their place."""

    text: str
    lines: tuple[str, ...]
    """The text cut at its line breaks, which separate several header lines in one block."""
    chrome: bool
    """Inside navigation, an aside or a footer."""
    article: bool
    """Inside the article with the decision."""
    listing: int
    """The number of the list it is in, or 0."""
    linked: bool
    """Nothing but a link within the page."""


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)


class _Walker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title = ""
        self.articles = 0
        self._text: list[str] = []
        self._linked: list[bool] = []
        self._open: list[_Open] = []
        self._silent: str | None = None
        self._depth = 0
        self._lists: list[int] = []
        self._count = 0
        self._row = False

    # -- the tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent is not None:
            self._depth += tag == self._silent and tag not in _VOID
            return
        attributes = dict(attrs)
        if tag not in _SILENT:
            self._boundary(tag)
        if tag in _SILENT or "hidden" in attributes:
            if tag not in _VOID:
                self._silent, self._depth = tag, 1
            return
        if tag in ("td", "th"):
            self._append(" | " if self._row else " ")
            self._row = True
        if self._is_part(attributes):
            self._append(" ")
        if tag in ("ul", "ol"):
            self._count += 1
            self._lists.append(self._count)
        if tag not in _VOID:
            self._open.append(_Open(tag, attributes))
            self.articles += tag == "article"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._silent is not None:
            if tag == self._silent:
                self._depth -= 1
                if self._depth == 0:
                    self._silent = None
            return
        self._boundary(tag)
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].tag == tag:
                if self._is_part(self._open[place].attributes):
                    self._append(" ")
                del self._open[place:]
                break

    def _boundary(self, tag: str) -> None:
        """Ends the block where a tag ends it; between two rows of a table only the next row does."""
        if tag in ("tr", "table", "thead", "tbody", "tfoot", "caption"):
            self._flush()
            self._row = False
        elif tag == "br":
            self._append(_BREAK)
        elif tag not in _INLINE:
            if self._row:
                self._append(" ")
            else:
                self._flush()

    def handle_data(self, data: str) -> None:
        if self._silent is not None:
            return
        if self._within("title") and not self._within("svg") and not self._within("body"):
            self.title += data
            return
        hrefs = (o.attributes.get("href") or "" for o in self._open if o.tag == "a")
        self._append(data, linked=any(href.startswith("#") for href in hrefs))

    def _append(self, text: str, *, linked: bool = False) -> None:
        self._text.append(text)
        self._linked.append(linked)

    def close(self) -> None:
        super().close()
        self._flush()

    # -- the blocks

    @staticmethod
    def _is_part(attributes: dict[str, str | None]) -> bool:
        """Whether the element is a label or a value, which are separate blocks whatever their tag."""
        return (attributes.get("class") or "") in ("label", "value")

    def _within(self, tag: str) -> bool:
        return any(o.tag == tag for o in self._open)

    def _flush(self) -> None:
        whole = "".join(self._text)
        if text := plain(whole.replace(_BREAK, " ")):
            lines = tuple(line for part in whole.split(_BREAK) if (line := plain(part)))
            said = [
                linked
                for part, linked in zip(self._text, self._linked, strict=True)
                if plain(part.replace(_BREAK, " "))
            ]
            chrome = any(o.tag in _CHROME or o.attributes.get("role") == "navigation" for o in self._open)
            listing = self._lists[-1] if self._lists else 0
            self.blocks.append(Block(text, lines, chrome, self._within("article"), listing, all(said)))
        self._text, self._linked = [], []


def blocks_of(page: str) -> tuple[list[Block], str]:
    """Returns the blocks of a page in order, and the text of its `<title>`."""
    walker = _Walker()
    walker.feed(page)
    walker.close()
    blocks = walker.blocks
    if walker.articles:
        first = next((place for place, block in enumerate(blocks) if block.article), None)
        if first is not None:
            before = [block for block in blocks[:first] if _TITLE.fullmatch(block.text) and not block.chrome]
            inside = [block for block in blocks if block.article]
            blocks = inside if any(_TITLE.fullmatch(block.text) for block in inside) else before[-1:] + inside
    return blocks, plain(walker.title)


def words_of_page(page: str, *, chapter: bool = False) -> list[str]:
    """Returns the words of the one decision on a page, as law 4 needs them.

    `chapter`: the page is a further chapter, without title and header.
    """
    blocks, title = blocks_of(page)
    blocks = [block for block in blocks if not block.chrome and block.text not in PHRASES]
    blocks = _without_contents(blocks)
    begin = next((place for place, block in enumerate(blocks) if _TITLE.fullmatch(block.text)), None)
    labels = [place for place, block in enumerate(blocks) if _label(block.text)]
    if begin is None:
        begin = labels[0] if labels else next(p for p, block in enumerate(blocks) if block.text in OPENERS)
        cut = re.match(r".*\(\d\d \d\d\d \d\d\d[a-z]?\)", title)
        assert cut is not None, f"no title anywhere: {title!r}"
        lead = cut[0].split(" ")
    else:
        lead = blocks[begin].text.split(" ")
        begin += 1
    rest = blocks[begin:]
    end = next((place for place, block in enumerate(rest) if _CLOSER.fullmatch(block.text)), None)
    if end is not None:
        rest = rest[: end + 1]
    else:
        while rest and rest[-1].text in PANEL:
            rest.pop()
    header, body = _split(rest)
    if chapter:
        return [word for block in body for word in block.split(" ")]
    return lead + [word for block in [*header, *body] for word in block.split(" ")]


def words_of_text(text: str) -> list[str]:
    """Returns the words of a text of the format, without the `- ` before items."""
    return [word for line in text.split("\n") for word in line.removeprefix("- ").split(" ")]


def _without_contents(blocks: Sequence[Block]) -> list[Block]:
    contents = set()
    for listing in {block.listing for block in blocks if block.listing}:
        items = [block for block in blocks if block.listing == listing]
        others = {block.text for block in blocks if block.listing != listing}
        if all(item.linked and item.text in others for item in items):
            contents.add(listing)
    return [block for block in blocks if block.listing not in contents]


def _label(text: str) -> str | None:
    """Returns the label at the start of a block, or None."""
    return next((label for label in LABELS if text == label or text.startswith((f"{label} ", f"{label}:"))), None)


def _split(blocks: Sequence[Block]) -> tuple[list[str], list[str]]:
    """Splits blocks into header lines, each label with its colon, and the texts of the rest.

    The header ends at the opener; where there is none, at the first block that neither is labelled nor follows a bare
    label. Several labelled lines may share a block (a `<br>` separates them), and a label may be a block of its own
    with its value in the next.
    """
    texts = [block.text for block in blocks]
    end = next((place for place, text in enumerate(texts) if text in OPENERS), None)
    if end is None:
        end = 0
        while end < len(texts) and _label(texts[end]):
            end += 2 if texts[end].rstrip(" :") in LABELS else 1
    header: list[str] = []
    for block in blocks[:end]:
        for text in block.lines:
            label = _label(text)
            if label is None:
                header.append(text)
            else:
                value = re.sub(r"^[ :|]+", "", text[len(label) :])  # the cell of a label does not count as a table cell
                printed = f"{label}:" if text[len(label) :].startswith(":") else f"{label} :"
                header.append(f"{printed} {value}".strip())
    return header, texts[end:]
