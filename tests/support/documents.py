"""Decisions that nobody published, far stranger than the seeds, and the three ways they can reach us.

A `Document` says what a decision holds: its header, its blocks, the numbers its paragraphs carry. `text_of` and
`numbers_of` say by the text format alone what must be read from it. `page_of` writes it as HTML in one of many
markups, with furniture and noise chosen by a seed; `dump_of` writes it as the dump of a page, in the layout of
seed 002. Whatever is random in the *content* is drawn by hypothesis, so that it shrinks; what is random in the
*markup* comes from one integer, so that two short values make a failing page again.
"""

from __future__ import annotations

import html
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from hypothesis import Phase
from hypothesis import strategies as st

from support.few_cases import examples

PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"""All phases except the one that explains a failure, which traces every line of the parser for minutes."""

EXAMPLES = int(os.environ.get("DOCUMENTS") or examples(quick=20, full=50))
"""The number of documents that a property is tried with; `DOCUMENTS=1000 pytest tests/unit/ingest/lgo` tries many
more."""

Marker = Literal["number", "letter", "bullet"]
Layout = Literal["statement", "report", "old"]

TAIL = " - Local Government and Social Care Ombudsman"
REMARK = "Ombudsman satisfied with council's response: 23 September 2016"
PANEL = (
    "Review your privacy settings",
    "Required cookies",
    "These cookies enable the website to function properly. You can only disable these by changing your browser "
    "preferences, but this will affect how the website performs.",
    "View required cookies",
    "Analytical cookies",
    "Google Analytics cookies help us improve the performance of the website by understanding how visitors use the "
    "site.\nWe recommend you set these 'ON'.",
    "View analytical cookies",
    "In using Google Analytics, we do not collect or store personal information that could identify you (for example "
    "your name or address). We do not allow Google to use or share our analytics data. Google has developed a tool "
    "to help you opt out of Google Analytics cookies.",
    "Privacy settings",
)


@dataclass(frozen=True, slots=True)
class Item:
    paragraphs: tuple[str, ...]
    inner: tuple[Listing, ...] = ()
    tail: tuple[str, ...] = ()
    """Paragraphs of the item below its inner lists."""


@dataclass(frozen=True, slots=True)
class Listing:
    marker: Marker
    items: tuple[Item, ...]
    gap: int = 0
    """The numbers that the publisher skipped before a numbered list of the top level."""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Listing | Table


@dataclass(frozen=True, slots=True)
class Document:
    reference: str
    authority: str | None
    category: str | None
    subcategory: str | None
    outcome: str | None
    decision_date: date | None
    layout: Layout
    summary: str | None
    blocks: tuple[Block, ...]
    closer: str | None
    order: tuple[int, int, int] = (0, 1, 2)
    remark: bool = False

    @property
    def title(self) -> str:
        return self.reference if self.authority is None else f"{self.authority} ({self.reference})"

    @property
    def labelled(self) -> list[tuple[str, str]]:
        """Returns the header lines in the published order, as label and value."""
        category = self.category and self.category + (f" > {self.subcategory}" if self.subcategory else "")
        lines = [
            ("Category", category),
            ("Decision", self.outcome),
            ("Decision date", self.decision_date and f"{self.decision_date:%d} {_MONTHS[self.decision_date.month]} "
             f"{self.decision_date:%Y}"),
        ]  # fmt: skip
        return [(label, value) for label, value in (lines[place] for place in self.order) if value]

    @property
    def opener(self) -> str | None:
        return {"statement": "The Ombudsman's final decision:", "report": "Overview:", "old": None}[self.layout]

    @property
    def gapped(self) -> bool:
        """Whether only attributes give the numbers."""
        return any(isinstance(block, Listing) and block.gap for block in self.blocks)


_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# -- what the format says must be read


def lines_of(document: Document) -> Iterator[tuple[str, str | None]]:
    """Returns each line of the document's text, with the number of its paragraph."""
    yield document.title, None
    for label, value in document.labelled:
        yield f"{label} : {value}", None
    if document.remark:
        yield REMARK, None
    if document.opener:
        yield document.opener, None
    if document.summary is not None:
        yield f"Summary: {document.summary}", None
    count = 0
    for block in document.blocks:
        match block:
            case Heading() | Paragraph():
                yield block.text, None
            case Table():
                for row in block.rows:
                    yield " | ".join(row), None
            case Listing(marker="number"):
                for place, item in enumerate(block.items, count + block.gap + 1):
                    yield from _lines_of_item(item, str(place))
                count += block.gap + len(block.items)
            case Listing():
                for item in block.items:
                    yield from _lines_of_item(item, None)
    if document.closer:
        yield document.closer, None


def _lines_of_item(item: Item, number: str | None) -> Iterator[tuple[str, str | None]]:
    first, *more = item.paragraphs
    yield f"- {first}", number
    for paragraph in more:
        yield paragraph, number
    for listing in item.inner:
        for place, inner in enumerate(listing.items, 1):
            mark = {"number": str(place), "letter": "abcdefghij"[place - 1], "bullet": f"•{place}"}[listing.marker]
            yield from _lines_of_item(inner, number and f"{number}.{mark}")
    for paragraph in item.tail:
        yield paragraph, number


def text_of(document: Document) -> str:
    return "\n".join(line for line, _ in lines_of(document))


def numbers_of(document: Document) -> list[str | None]:
    return [number for _, number in lines_of(document)]


# -- content, drawn by hypothesis

# Spaces that one space stands for. The vertical tab, the form feed and U+0085 have a test of their own.
SPACES = "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
SPACES += "\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

_PROSE = (
    "The Council’s officer told Mr X’s son that it would not pay £500 (see paragraph 24) for the school’s taxi ; and "
    "‘fault’, “[X] – the girl” had been made … in March 2023. Local Government Act 1974, section 24A(6), as amended) "
    "Category Decision date : Summary: Back to top Print this page LGO logogram > | - – — • 1. 12. a) (i) (24 001 234) "
    "The Ombudsman's final decision: Overview: Investigator's decision on behalf of the Ombudsman Privacy settings "
    "<b> </article> &amp; &nbsp; &lt;li&gt; < & \"quoted\" 'it' `x` {y} \\n %s é e\u0301 ﬁ ﬀ № ½ ² ∞ العربية עברית "
    "日本語 👩🏽 🏴 a/b/c foo@bar.org https://x.y/z?a=1&b=2#c - -- --- --> <!-- ]]> \u202eabc\u202c \u061c \u180e "
    "\ue000 ~ <script> <!DOCTYPE </html> = * # [link](url) \\ __init__ 100% 1974 24. 24) B. iv) 09 Oct 2022 001 411a)"
)
_WORDS = _PROSE.split(" ")
_ANY = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"),
    exclude_characters=INVISIBLE + "\ufffd",
)
_WORD = st.one_of(st.sampled_from(_WORDS), st.sampled_from(_WORDS), st.text(_ANY, min_size=1, max_size=6))
_LEADS = "The Mr X We It ‘Fault’ “Yes” £500 In A (See [Sic] Élan – … 日本 I there's and <i> &amp; @ > | : ; 1974"
_ODD_LEADS = "Category Decision Summary: Overview: Back Print Required The"
_ITEM_LEADS = "- • 1. a) 12. • | Category Summary:"
_LEAD = st.sampled_from(_LEADS.split())
_ODD_LEAD = st.one_of(_LEAD, st.sampled_from(_ODD_LEADS.split()))
_ITEM_LEAD = st.one_of(_LEAD, st.sampled_from(_ITEM_LEADS.split()))


def texts(lead: st.SearchStrategy[str] = _LEAD, *, words: int = 12) -> st.SearchStrategy[str]:
    """Draws one line of a body which as a whole is not furniture, a closing line or typed numbering."""
    lines = st.builds(lambda first, rest: " ".join([first, *rest]), lead, st.lists(_WORD, max_size=words))
    return lines.filter(_allowed)


# What a block must not be by its whole self: furniture, an opener, and the bare label of a summary in the next block.
_ALONE = ("Back to top", "Print this page", "LGO logogram", "Overview:", "The Ombudsman's final decision:", "Summary:")


def _allowed(text: str) -> bool:
    return text not in _ALONE and text not in PANEL and "on behalf of the Ombudsm" not in text


_TOP = ("Children's care services", "Adult care services", "Benefits and tax", "Education", "Housing", "Planning")
_OUTCOMES = ("Upheld", "Not upheld", "Closed after initial enquiries", "Report > issued : Upheld", "Upheld (in part)")
_CLOSERS = (
    "Investigator's decision on behalf of the Ombudsman",
    "Investigator’s decision on behalf of the Ombudsmen",
    "Investigator's final decision on behalf of the Ombudsman",
    "Assistant Ombudsman's decision on behalf of the Ombudsman",
)
_BRACKETS = ("(ICB)", "(GL)", "Limited", "&", "–", "(UK)", "St.", "’s", "(", ")", "ß", "(23 001 002)")


@st.composite
def _listings(
    draw: st.DrawFn, depth: int, markers: Sequence[Marker], lead: st.SearchStrategy[str] = _ITEM_LEAD
) -> Listing:
    marker = draw(st.sampled_from(markers))
    items = []
    for _ in range(draw(st.integers(1, 3))):
        paragraphs = [draw(texts(lead))]
        if draw(st.integers(0, 5)) == 0:
            paragraphs += draw(st.lists(texts(), min_size=1, max_size=2))
        inner: list[Listing] = []
        tail: list[str] = []
        if depth and draw(st.integers(0, 3)) == 0:
            inner.append(draw(_listings(depth - 1, ("number", "letter", "bullet"), lead)))
            if draw(st.integers(0, 4)) == 0:
                tail.append(draw(texts()))
        items.append(Item(tuple(paragraphs), tuple(inner), tuple(tail)))
    return Listing(marker, tuple(items))


@st.composite
def documents(
    draw: st.DrawFn,
    *,
    gaps: bool = False,
    depth: int = 3,
    layouts: Sequence[Layout] = ("statement", "statement", "statement", "report", "old"),
) -> Document:
    """Draws any document. `gaps`: its numbers may jump, so that only attributes give them."""
    layout: Layout = draw(st.sampled_from(layouts))
    authority = None
    if layout != "old" or draw(st.booleans()):
        names = st.lists(st.one_of(st.sampled_from(_BRACKETS), _WORD), max_size=4)
        authority = " ".join([draw(st.sampled_from(("Wexcombe", "Bupa", "NHS", "L’Île"))), *draw(names)])
    reference = "{:02} {:03} {:03}".format(*draw(st.tuples(*(st.integers(0, n) for n in (99, 999, 999)))))
    reference += draw(st.sampled_from(("", "", "a", "b"))) if authority else ""
    blank = st.none()
    category = draw(st.one_of(st.sampled_from(_TOP), st.sampled_from(_TOP), blank))
    subcategory = draw(st.one_of(st.sampled_from(("Other", "COVID-19", "A > B", "Children – other")), blank))
    outcome = draw(st.one_of(st.sampled_from(_OUTCOMES), st.sampled_from(_OUTCOMES), blank))
    decided = draw(st.one_of(st.dates(date(2001, 1, 1), date(2030, 12, 31)), blank))
    if layout == "old" and not (category or outcome or decided):
        outcome = "Upheld"  # without an opener a header line is all that shows a decision
    statement, is_old = layout == "statement", layout == "old"
    # Where a document opens, nothing below is mistaken for a header line, however much it looks like one.
    lead, item_lead = (_LEAD, _ITEM_LEAD.filter(lambda word: word != "Category")) if is_old else (_ODD_LEAD, _ITEM_LEAD)
    blocks: list[Block] = []
    for _ in range(draw(st.integers(1, 3))):
        blocks.append(Heading(draw(_headings(lead)), draw(st.integers(2, 5))))
        for _ in range(draw(st.integers(0, 3))):
            block = draw(
                st.one_of(
                    st.builds(Paragraph, texts(lead)),
                    _listings(depth, ("number", "number", "number", "bullet"), item_lead),
                    _listings(depth, ("number",), item_lead),
                    st.builds(Table, _rows()),
                )
            )
            if isinstance(block, Listing):
                if isinstance(blocks[-1], Listing):
                    blocks.append(Paragraph(draw(texts(lead))))
                if gaps and block.marker == "number":
                    block = replace(block, gap=draw(st.sampled_from((0, 0, 1, 7))))
            blocks.append(block)
    closer = draw(st.sampled_from((*_CLOSERS, None))) if statement else None
    if closer and draw(st.integers(0, 4)) == 0:  # in the middle of a decision the panel's words are a decision's words
        blocks[-1:-1] = [Heading("Privacy settings"), Paragraph("Required cookies"), Paragraph("It said no more.")]
    if not closer:  # a text of nothing but labels and marks is refused
        blocks.append(Paragraph(draw(texts().filter(lambda text: any(map(str.isalnum, text))))))
    order = draw(st.sampled_from(((0, 1, 2), (0, 1, 2), (2, 1, 0), (0, 2, 1))))
    return Document(
        reference, authority, category, subcategory if category else None, outcome, decided, layout,
        draw(texts()) if statement else None, tuple(blocks), closer, order, draw(st.integers(0, 4)) == 0,
    )  # fmt: skip


def _headings(lead: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    usual = ("The complaint", "The Ombudsman’s role and powers", "What I found")
    odd = () if lead is _LEAD else ("Decision", "Summary", "Category", "Decision date", "Final decision")
    return st.one_of(st.sampled_from((*usual, *odd)), texts(lead, words=4))


def _rows() -> st.SearchStrategy[tuple[tuple[str, ...], ...]]:
    cells = st.lists(texts(words=3), min_size=1, max_size=3).map(tuple)
    return st.lists(cells, min_size=1, max_size=3).map(tuple)


SEEDS = st.integers(0, 2**32 - 1)

# -- a page


Markup = Literal["spans", "definitions", "table", "bold", "divs"]
MARKUPS: tuple[Markup, ...] = ("spans", "definitions", "table", "bold", "divs")
_SCRIPT = "<script>if (1 < 2) { y('</article></body></html><li>5. Not text</li><h1>No (11 111 111)</h1>'); }</script>"
_NOISE = (
    _SCRIPT,
    "<style>p > b:after { content: 'Category : none' }</style>",
    "<!-- Back to top <li>1. <p> </article> </html> -->",
    "<template><p>A paragraph of a template</p><article id=article></article></template>",
    "<div hidden><p>Decision : hidden</p><ol start=70><li>Hidden item</li></ol></div>",
    '<p hidden="">A hidden paragraph</p>',
    "<p></p>",
    "<p>&nbsp; \u200b</p>",
    "<div><p><br></p><div></div></div>",
    "<hr>",
    "<ul></ul>",
    '<div><img src="a.png" alt="Words of a picture"></div>',
    "<?php ignored ?>",
)
_MID = ("<!-- a name -->", "<!--<li>-->", "<wbr>", "<span></span>", '<img alt="seven">', "<script>z('</p>')</script>")
_HEADED: tuple[Markup, ...] = ("spans", "definitions", "table")
_TAGS = ("b", "em", "span", "a", "sup", "i", "strong", "font", "abbr", "u")


class _Writer:
    """Writes one page. Every choice of markup comes from one seed."""

    def __init__(self, seed: int, markup: Markup, *, noise: bool) -> None:
        self.random = random.Random(seed)
        self.markup = markup
        self.noise = noise
        self.numbering = "start"
        self.explicit = False
        """Whether the first list must state that it starts at 1."""
        self.shout = self.chance(0.15)
        self.short = self.chance(0.2)
        """Whether end tags that HTML lets a page leave out are left out."""
        self.colon = self.random.choice(("", " :", " : "))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    # -- tags and text

    def tag(self, name: str, content: str, /, *, optional: bool = False, **attributes: str | int) -> str:
        written = "".join(f" {key}{self.value(str(value))}" for key, value in attributes.items())
        if self.noise and self.chance(0.2):
            written += self.pick(' class="a b"', " data-x='</li>'", " id=x1", ' title="not > text"', " \n")
        name = name.upper() if self.shout else name
        close = "" if optional and self.short else f"</{name}>"
        return f"<{name}{written}>{content}{close}"

    def value(self, text: str) -> str:
        bare = text.replace("-", "").isalnum()
        return self.random.choice((f'="{text}"', f"='{text}'", f' = "{text}"', *([f"={text}"] if bare else [])))

    def text(self, text: str, *, breaks: bool = False) -> str:
        """Writes text as markup: entities, inline tags across and in words, any white space, invisible characters."""
        words = [self.word(word) for word in text.split(" ")]
        if self.noise and len(words) > 1 and self.chance(0.4):
            first, last = sorted(self.random.sample(range(len(words)), 2))
            name = self.random.choice(_TAGS)
            words[first] = f'<{name} class="c">' + words[first]
            words[last] += f"</{name}>"
        written = words[0]
        for word in words[1:]:
            written += self.space(breaks) + word
        if self.noise and self.chance(0.2):
            written = self.space(False) + written + self.space(False)
        return written

    def space(self, breaks: bool) -> str:
        if not self.noise or self.chance(0.8):
            return " "
        if breaks and self.chance(0.2):
            return self.pick("<br>", "<br/>\n", " <BR> ")
        spaces = (*SPACES, "\n", "\r\n", "&nbsp;", "&#8195;")
        return "".join(self.random.choices(spaces, k=self.random.randint(1, 3)))

    def word(self, word: str) -> str:
        if not self.noise or self.chance(0.85):
            return html.escape(word, quote=self.chance(0.5))
        place = self.random.randrange(len(word) + 1)
        left, right = (self.characters(part) for part in (word[:place], word[place:]))
        match self.random.randrange(4):
            case 0:
                return left + self.pick(*INVISIBLE, "&shy;", "&#8203;", "&zwnj;") + right
            case 1:
                return left + self.pick(*_MID) + right
            case _:
                name = self.random.choice(_TAGS)
                return f"{left}<{name}>{right}</{name}>"

    def characters(self, text: str) -> str:
        return "".join(
            f"&#{ord(c)};" if self.chance(0.1) and c > "\x9f" else f"&#x{ord(c):X};" if self.chance(0.05) and c < "\x7f"
            else html.escape(c) for c in text
        )  # fmt: skip

    def between(self) -> str:
        return self.random.choice(_NOISE) if self.noise and self.chance(0.2) else self.pick("\n", "", "\n  ")

    # -- blocks

    def block(self, text: str, *, breaks: bool = True) -> str:
        name = "div" if self.markup == "divs" else self.pick("p", "p", "div")
        return self.tag(name, self.text(text, breaks=breaks), optional=name == "p")

    def heading(self, heading: Heading) -> str:
        content = self.text(heading.text)
        if self.markup == "bold":
            return self.tag("p", self.tag("b", content))
        return self.tag("div" if self.markup == "divs" else f"h{heading.level}", content)

    def table(self, table: Table) -> str:
        rows = ""
        for row in table.rows:
            cells = ""
            for cell in row:
                content = self.text(cell, breaks=True)
                cells += self.tag(self.pick("td", "td", "th"), self.pick(content, f"<p>{content}</p>"), optional=True)
            rows += self.tag("tr", cells, optional=True) + self.pick("", "\n")
        return self.tag("table", self.pick(rows, f"<tbody>{rows}</tbody>"))

    def item(self, item: Item, *, inner: bool = True, number: int | None = None) -> str:
        first, *more = item.paragraphs
        content = self.text(first, breaks=True)
        content = self.pick(content, content, f"<p>{content}</p>", f"<div>{content}</div>")
        content += "".join(self.tag(self.pick("p", "div"), self.text(paragraph)) for paragraph in more)
        if inner:
            content += "".join(self.between() + self.inner(listing) for listing in item.inner)
        content += "".join(self.tag(self.pick("p", "div"), self.text(paragraph)) for paragraph in item.tail)
        if number is None or self.numbering != "value":
            return self.tag("li", content, optional=True)
        return self.tag("li", content, optional=True, value=number)

    def inner(self, listing: Listing) -> str:
        content = "\n".join(self.item(item) for item in listing.items)
        match listing.marker:
            case "bullet":
                return self.tag("ul", content)
            case "number":
                return self.tag("ol", content)
            case "letter":
                return self.random.choice(
                    (
                        self.tag("ol", content, type="a"),
                        f'<ol style="list-style-type: lower-alpha">{content}</ol>',
                        f'<ol class="lower-alpha">{content}</ol>',
                    )
                )

    def listing(self, listing: Listing, first: int) -> str:
        """Writes a list of the top level: as one list, one list per item, or split and restarted at an inner list."""
        if listing.marker == "bullet":
            return self.inner(listing)
        each = () if self.numbering == "count" else ("each",)  # lists that adjoin and say nothing may be sub-lists
        split = self.pick("nested", "nested", "sibling", "stray", *each)
        done = ""
        waiting: list[str] = []
        begin = first
        for number, item in enumerate(listing.items, first):
            out = split in ("sibling", "stray") and len(item.inner) == 1 and not item.tail
            out = out and item.inner[0].marker != "number"
            waiting.append(self.item(item, inner=not out, number=number))
            if out and split == "stray":
                waiting.append(self.inner(item.inner[0]))
            elif out or split == "each":
                done += self.numbered(waiting, begin) + (self.inner(item.inner[0]) if out else "")
                waiting, begin = [], number + 1
        return done + (self.numbered(waiting, begin) if waiting else "")

    def numbered(self, items: Sequence[str], start: int) -> str:
        content = "\n".join(items)
        if self.numbering == "start" and (self.explicit or start != 1 or self.chance(0.5)):
            return self.tag("ol", content, start=start)
        return self.tag("ol", content)

    # -- the parts of a page

    def title(self, title: str) -> str:
        content = self.text(title)
        match self.markup:
            case "bold":
                return f"<p><b>{content}</b></p>"
            case "divs":
                return f"<div>{content}</div>"
            case _:
                name = self.pick("h1", "h2", "h3", "h4")
                return self.pick(self.tag(name, content), f"<header>{self.tag('p', content)}</header>")

    def header(self, document: Document) -> str:
        lines = [(label, self.text(value)) for label, value in document.labelled]
        if not lines:
            return ""
        colon = self.colon
        match self.markup:
            case "spans":
                outer = self.pick("p", "div")
                return "\n".join(
                    f'<{outer}><span class="label">{label}{colon}</span> <span class="value">{value}</span></{outer}>'
                    for label, value in lines
                )
            case "definitions":
                terms = "".join(
                    self.tag("dt", label + colon, optional=True) + self.tag("dd", value, optional=True)
                    for label, value in lines
                )
                return f"<dl>{terms}</dl>"
            case "table":
                rows = "".join(f"<tr><th>{label}{colon}</th><td>{value}</td></tr>\n" for label, value in lines)
                return f"<table>{rows}</table>"
            case "bold":
                return "<p>" + "<br>\n".join(f"<b>{label} :</b> {value}" for label, value in lines) + "</p>"
            case "divs":
                return "\n".join(f"<div>{label} : {value}</div>" for label, value in lines)

    def furniture(self) -> str:
        return self.tag(self.pick("p", "div"), self.pick("Back to top", '<a href="#top">Back to top</a>'))

    def panel(self) -> str:
        blocks = "".join(self.tag(self.pick("p", "div", "h3"), part.replace("\n", "<br>")) for part in PANEL)
        return self.tag(self.pick("div", "section"), blocks)

    def contents(self, document: Document) -> str:
        headings = [block.text for block in document.blocks if isinstance(block, Heading)]
        links = "".join(f'<li><a href="#h{n}">{html.escape(text)}</a></li>' for n, text in enumerate(headings))
        return f"<{(name := self.pick('ul', 'ol'))}>{links}</{name}>"


def page_of(
    document: Document, seed: int = 0, *, markup: Markup = "spans", numbering: str | None = None, noise: bool = True
) -> str:
    """Writes the document as a complete HTML page. `numbering`: how lists give their numbers: start, value or count."""
    write = _Writer(seed, markup, noise=noise)
    write.numbering = numbering or write.pick("start", "value", *([] if document.gapped else ["count"]))
    write.explicit = document.gapped
    parts: list[str] = []
    titled = write.pick("inside", "inside", "before", "only") if markup in _HEADED else "inside"
    if titled == "only" and (document.authority is None or not document.labelled):
        titled = "inside"
    if titled == "inside":
        parts.append(write.title(document.title))
    parts.append(write.header(document))
    if document.remark:
        parts.append(write.block(REMARK, breaks=False))
    if noise and document.opener and write.chance(0.3) and markup in _HEADED:
        parts.append(write.contents(document))
    if document.opener:
        parts.append(write.block(document.opener, breaks=False))
    if document.summary is not None:
        bold = write.pick("Summary:", "<b>Summary:</b>", "<strong>Sum</strong>mary:")
        parts.append(write.tag("p", f"{bold} {write.text(document.summary, breaks=True)}", optional=True))
    parts += _body(write, document)
    if document.closer:
        parts.append(write.block(document.closer, breaks=False))
    inside = "".join(part + "\n" for part in parts)
    before, after = _furniture(write, closed=document.closer is not None)
    if titled == "before":
        before += write.title(document.title)
    container: Callable[[str], str] = write.random.choice(
        (
            lambda content: write.tag("article", content, id="article"),
            lambda content: write.tag("article", content, id="article"),
            lambda content: write.tag("main", content),
            lambda content: write.tag("div", content, id="content"),
        )
    )
    shown = document.title if titled == "only" else write.random.choice((document.title, "Decision", "LGSCO"))
    shown = html.escape(shown) + (TAIL if write.chance(0.5) else "")
    head = f"<head>{write.pick('<meta charset=utf-8>', '<meta charset=UTF-8 />')}<title>{shown}</title></head>"
    body = f"<body>\n{before}\n{container(inside)}\n{after}\n</body>"
    page = write.tag("html", f"\n{head}\n{body}\n")
    return write.pick("<!DOCTYPE html>\n", "<!doctype HTML>", "") + page + write.pick("", "\n", "\r\n", " \n\n")


def _body(write: _Writer, document: Document) -> Iterator[str]:
    count = 0
    for block in document.blocks:
        match block:
            case Heading():
                if write.noise and write.chance(0.3):
                    yield write.furniture()
                written = write.heading(block)
            case Paragraph():
                written = write.block(block.text)
            case Table():
                written = write.table(block)
            case Listing(marker="number"):
                count += block.gap
                written = write.listing(block, count + 1)
                count += len(block.items)
            case Listing():
                written = write.listing(block, 0)
        yield f"<section>{written}</section>" if write.chance(0.1) else written
        yield write.between()
    if write.noise and write.chance(0.5):
        yield write.furniture()


def _furniture(write: _Writer, *, closed: bool) -> tuple[str, str]:
    """Writes what is around a decision: parts before its title and parts after its text.

    If the text has no closing line, nothing that may be its last words comes after it.
    """
    if not write.noise:
        return "", ""
    crumbs = "<nav><ol><li><a href='/'>Home</a></li><li>Decisions</li><li>Planning</li></ol></nav>"
    aside = "<aside><h2>Latest</h2><p>Another Council (11 222 333)</p><p>Decision : Upheld</p></aside>"
    tool, logo, footer = "<p>Print this page</p>", "<div>LGO logogram</div>", "<footer><p>Contact us</p></footer>"
    before = [part for part in (crumbs, write.panel(), tool, aside, _SCRIPT) if write.chance(0.4)]
    after = [part for part in (tool, logo, write.panel(), footer, aside) if write.chance(0.5)]
    if not closed:
        after = [part for part in after if part in (tool, logo, footer)]
    return "\n".join(before), "\n".join(after)


# -- the dump of a page


def dump_of(document: Document, seed: int = 0) -> str:
    """Writes the document as the dump of a page, in the layout of seed 002. Letters have no known form in a dump."""
    chance = random.Random(seed)
    parts = [document.title, *(f"{label} : {value}" for label, value in document.labelled)]
    parts += [REMARK] if document.remark else []
    parts += [document.opener] if document.opener else []
    parts += [f"Summary: {document.summary}"] if document.summary is not None else []
    for block in document.blocks:
        match block:
            case Heading():
                parts += ["Back to top"] if chance.random() < 0.4 else []
                parts.append(block.text)
            case Paragraph():
                parts.append(_wrap(block.text, chance, ""))
            case Table():
                parts += [" | ".join(row) for row in block.rows]
            case Listing():
                parts.append("\n".join(_dump_listing(block, 2, chance)))
    parts += ["Back to top"] if chance.random() < 0.5 else []
    if document.closer:
        parts.append(document.closer)
        parts += ["Print this page", "LGO logogram", *PANEL] if chance.random() < 0.7 else []
    return "\n\n".join(parts) + chance.choice(("", "\n"))


def _dump_listing(listing: Listing, indent: int, chance: random.Random) -> Iterator[str]:
    number = 0
    for item in listing.items:
        number += 1
        mark = "•" if listing.marker == "bullet" else f"{number}."
        yield " " * indent + f"{mark} " + _wrap(item.paragraphs[0], chance, " " * (indent + 3))
        for inner in item.inner:
            if listing.marker == "number" and indent == 2 and inner.marker == "bullet" and chance.random() < 0.6:
                yield from _dump_listing(inner, indent, chance)
                number = 0
            else:
                yield from _dump_listing(inner, indent + 4, chance)


def _wrap(text: str, chance: random.Random, indent: str) -> str:
    """Splits the text over two lines now and then.

    The second line begins with a letter: with a mark it would be a new item.
    """
    words = text.split(" ")
    places = [place for place in range(1, len(words)) if words[place].isascii() and words[place].isalpha()]
    if not places or chance.random() > 0.15:
        return text
    place = chance.choice(places)
    return " ".join(words[:place]) + "\n" + indent + " ".join(words[place:])


def dumpable(document: Document) -> Document:
    """Returns the document without parts that no dump is known to show: letters and second paragraphs."""

    def item(found: Item) -> Item:
        return Item(found.paragraphs[:1], tuple(map(listing, found.inner)))

    def listing(found: Listing) -> Listing:
        marker: Marker = "bullet" if found.marker == "letter" else found.marker
        return Listing(marker, tuple(map(item, found.items)))

    blocks = (listing(block) if isinstance(block, Listing) else block for block in document.blocks)
    return replace(document, blocks=tuple(blocks))
