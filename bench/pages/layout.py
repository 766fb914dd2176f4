"""Writes a generated decision as pages of HTML, with slots where something may be added."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple

from bench.pages.model import Block, Heading, Item, Listing, Note, Paragraph, Sample, Table, is_closing

Place = Literal["before title", "under header", "between", "after end"]


class Slot(NamedTuple):
    """A place on a page for an added block. `inside`: in the element that contains the decision."""

    place: Place
    inside: bool


Part = str | Slot
Page = list[Part]
TitleForm = Literal["header", "heading", "outside", "halves", "paragraph", "title element", "header outside"]
_TITLE_FORMS: tuple[TitleForm, ...] = (
    *("header", "heading", "header", "heading", "outside"),
    *("halves", "paragraph", "title element", "header outside"),
)
_OPEN_CLOSE = (
    ('<main><article id="article">', "</article></main>"),
    ('<div class="page"><article id="article">', "</article></div>"),
    ("<article>", "</article>"),
    ('<main id="main"><div><article id="article" class="decision">', "</article></div></main>"),
)
_WITHOUT_ARTICLE = (
    ('<div id="content">', "</div>"),
    ('<main role="main">', "</main>"),
    ('<div class="page"><section>', "</section></div>"),
    ("", ""),
)
_SUFFIXES = (" - Local Government and Social Care Ombudsman", "", " | Decisions", " - Decisions")
LIST_FORMS = 10


@dataclass(frozen=True, slots=True)
class Style:
    """How a decision is written."""

    title_form: TitleForm
    header_form: int
    list_form: int
    opening: str
    ending: str
    suffix: str
    has_chrome: bool
    opener_tag: str

    @property
    def is_flat(self) -> bool:
        """Whether the decision is in `body` itself."""
        return not self.opening


def style_of(sample: Sample, seed: int = 1) -> Style:
    """Chooses the markup of a decision, the same for a seed."""
    chance = Random(f"style {seed} {sample.number}")
    form = chance.choice(_TITLE_FORMS)
    if not sample.has_article and form in {"outside", "title element", "header outside"}:
        form = "heading"
    if not sample.authority and form in {"halves", "title element"}:
        form = "heading"
    if form == "title element" and not sample.labels:
        form = "header"
    opening, ending = chance.choice(_OPEN_CLOSE if sample.has_article else _WITHOUT_ARTICLE)
    return Style(
        title_form=form,
        header_form=chance.randrange(len(HEADER_FORMS)),
        list_form=chance.randrange(LIST_FORMS),
        opening=opening,
        ending=ending,
        suffix=chance.choice(_SUFFIXES) if sample.authority else " - Decisions",
        has_chrome=chance.random() < 0.7,
        opener_tag=chance.choice(("h2", "h3", "p", "div")),
    )


def pages_of(sample: Sample, seed: int = 1) -> list[Page]:
    """Writes each page of a decision."""
    style = style_of(sample, seed)
    chance = Random(f"inline {seed} {sample.number}")
    return [_page(sample, style, number, chance) for number in range(len(sample.chapters))]


def written(page: Sequence[Part]) -> bytes:
    """Writes the page with empty slots."""
    return "".join(part for part in page if isinstance(part, str)).encode()


def slots_of(page: Sequence[Part], place: Place, *, inside: bool) -> list[int]:
    """Returns the positions of the slots of one place."""
    return [at for at, part in enumerate(page) if isinstance(part, Slot) and part == Slot(place, inside)]


def _page(sample: Sample, style: Style, number: int, chance: Random) -> Page:
    title = html.escape(sample.title, quote=False)
    page: Page = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{title}{style.suffix}</title></head>\n<body>",
    ]
    if style.has_chrome:
        page.append(_CHROME_TOP)
    header = _header(sample, style) if number == 0 or sample.number % 3 else []
    above, within = _title_and_header(sample, style, header)
    if not style.is_flat:
        page.append(Slot("before title", inside=False))
    page += [*above, style.opening, *within]
    if number == 0 and sample.opener:
        tag = style.opener_tag
        page += [f"<{tag}>{sample.opener}</{tag}>", Slot("between", inside=True)]
    if number == 0 and sample.summary:
        page += [f"<p>Summary: {_inline(sample.summary, chance)}</p>", Slot("between", inside=True)]
    page += _body(sample.chapters[number], style, chance)
    page.append(style.ending)
    if not style.is_flat:
        page.append(Slot("after end", inside=False))
    page.append(_FOOTERS[sample.number % len(_FOOTERS)] if style.has_chrome else "")
    page.append("</body></html>")
    return page


def _title_and_header(sample: Sample, style: Style, header: Page) -> tuple[Page, Page]:
    """Writes the parts above the decision's element, and the beginning of that element."""
    title = html.escape(sample.title, quote=False)
    before, between = Slot("before title", inside=True), Slot("between", inside=True)
    under = Slot("under header", inside=True)
    match style.title_form:
        case "outside":
            return [f"<h1>{title}</h1>"], [*header, under, between]
        case "header outside":
            # Here the place below the header lines is outside the article as well as inside it.
            above = [f"<div class=top><h1>{title}</h1>", *header, Slot("under header", inside=False), "</div>"]
            return above, [under, between]
        case "title element":
            return [], [
                before if header else "",
                *header,
                under,
                between,
            ]  # otherwise it begins with the article's first block
        case "header":
            return [], [before, "<header>", before, f"<h1>{title}</h1></header>", between, *header, under, between]
        case "halves":
            halves = f"<p>{html.escape(sample.authority)}</p>\n<p>({sample.reference})</p>"
            return [], [before, "<header>", halves, "</header>", *header, under, between]
        case "paragraph":
            return [], [before, f'<p class="t">{title}</p>', *header, under, between]
        case "heading":
            return [], [before, f"<h2>{title}</h2>", between, *header, under, between]


# -- header lines

Pair = tuple[str, str]


def _spans(pair: Pair) -> str:
    return f'<p><span class="label">{pair[0]} </span><span class="value">{pair[1]}</span></p>'


def _nodes(pair: Pair) -> str:
    value = " &gt; ".join(f"<span>{part}</span>" for part in pair[1].split(" &gt; "))
    return f'<p><span class="label">{pair[0]}</span> <span class="value">{value}</span></p>'


def _bare(caption: str) -> str:
    """Returns a caption without its colon, which the markup implies."""
    return caption.removesuffix(" :")


HEADER_FORMS: tuple[tuple[str, Callable[[Pair], str], str], ...] = (
    ('<div class="articleHeader">', _spans, "</div>"),
    ("<dl>", lambda pair: f"<dt>{_bare(pair[0])}</dt><dd>{pair[1]}</dd>", "</dl>"),
    ("<table><tbody>", lambda pair: f"<tr><th>{pair[0]}</th><td>{pair[1]}</td></tr>", "</tbody></table>"),
    ("", lambda pair: f"<p><strong>{pair[0]}</strong> {pair[1]}</p>", ""),
    ("<div>", lambda pair: f"<div><div class=label>{pair[0]}</div><div class=value>{pair[1]}</div></div>", "</div>"),
    ('<div class="articleHeader">', _nodes, "</div>"),
    ("", lambda pair: f"<p>{pair[0]} {pair[1]}</p>", ""),
    ("<dl>", lambda pair: f'<div><dt>{pair[0]}</dt><dd><a href="/decisions/x">{pair[1]}</a></dd></div>', "</dl>"),
    ("<section>", lambda pair: f'<div><b>{pair[0]}</b> <a href="/decisions?c=1">{pair[1]}</a></div>', "</section>"),
    ('<div id="head">', lambda pair: f"<p>{pair[0]}\n  {pair[1]}</p>", "</div>"),
)


def _header(sample: Sample, style: Style) -> Page:
    if not sample.labels:
        return []
    start, line, end = HEADER_FORMS[style.header_form]
    pairs = ((caption, html.escape(value, quote=False)) for caption, value in sample.labels)
    return [start + "\n".join(map(line, pairs)) + end]


# -- the body


def slug(text: str) -> str:
    """Returns the id of a heading."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _body(blocks: Sequence[Block], style: Style, chance: Random) -> Page:
    """Writes the blocks, with a slot between any two up to the last closing line, and one after the last block."""
    closings = [at for at, block in enumerate(blocks) if isinstance(block, Paragraph) and is_closing(block.text)]
    ends = [at for at, block in enumerate(blocks) if not isinstance(block, Note)]
    end = max(ends[-1], closings[-1] if closings else 0)
    page: Page = []
    count = 1
    for at, block in enumerate(blocks):
        if 0 < at <= end:
            page.append(Slot("between", inside=True))
        elif at > end:
            page.append(Slot("after end", inside=True))
        start = count
        if isinstance(block, Listing) and block.marker == "number":
            count += len(block.items)
        page.append(_block(block, style, start, chance) + "\n")
    page.append(Slot("after end", inside=True))
    return page


def _block(block: Block, style: Style, start: int, chance: Random) -> str:
    match block:
        case Heading():
            return f'<h{block.level} id="{slug(block.text)}">{_inline(block.text, chance)}</h{block.level}>'
        case Paragraph(link=""):
            return f"<p>{_inline(block.text, chance)}</p>"
        case Paragraph():
            link = f'<a href="/guide">{_inline(block.link, chance)}</a>'
            before, _, after = block.text.partition(block.link)
            return f"<p>{_inline(before, chance)}{link}{_inline(after, chance)}</p>"
        case Note():
            return f"<p>{_inline(block.text, chance)}</p>"
        case Table():
            rows = "".join("<tr>" + "".join(f"<td>{_inline(cell, chance)}</td>" for cell in row) for row in block.rows)
            return f"<table><tbody>{rows}</tbody></table>"
        case Listing():
            return "".join(_listing(block, style, start, chance))


def _listing(block: Listing, style: Style, start: int, chance: Random) -> Iterator[str]:
    tag = "ul" if block.marker == "bullet" else "ol"
    kind = ' type="a"' if block.marker == "letter" else ""
    number = f' start="{start}"' if start and block.marker == "number" and style.list_form in {0, 3, 4, 5} else ""
    one_each = style.list_form == 3 and start and block.marker == "number"
    yield f"<{tag}{kind}{number}>"
    for place, item in enumerate(block.items):
        if one_each and place:
            yield f'</{tag}>\n<{tag} start="{start + place}">'
        yield from _item(item, style, chance)
    yield f"</{tag}>"


def _item(item: Item, style: Style, chance: Random) -> Iterator[str]:
    first, *more = (_inline(text, chance) for text in item.paragraphs)
    yield _ITEM_STARTS.get(style.list_form, "<li>{}").format(first)
    yield from (f"<p>{text}</p>" for text in more)
    if style.list_form == 8 and item.inner and not item.tail:  # a list directly in a list, as old editors wrote it
        yield "</li>"
    for listing in item.inner:
        yield from _listing(listing, style, 0, chance)
    if style.list_form == 8 and item.inner and not item.tail:
        return
    yield from (f"<p>{_inline(text, chance)}</p>" for text in item.tail)
    yield "\n" if style.list_form == 4 else "</li>\n"


_ITEM_STARTS = {
    2: "<li><p>{}</p>",
    5: "<li><p>{}</p>",
    6: "<li><div>{}</div>",
    7: '<li class="i"><span>{}</span>',
    9: "<li><div><p>{}</p></div>",
}


def _inline(text: str, chance: Random) -> str:
    """Escapes the text, puts some words in inline elements, and writes some spaces in other ways."""
    written = html.escape(text, quote=False)
    draw = chance.random()
    words = written.split(" ")
    at = chance.randrange(len(words))
    if draw < 0.10:
        words[at] = f"<strong>{words[at]}</strong>"
    elif draw < 0.15:
        words[at] = f"<em><span>{words[at]}</span></em>"
    elif draw < 0.20:
        return written.replace(" ", "\n    ", 2)
    elif draw < 0.25:
        return written.replace(" ", "&nbsp;", 1).replace("’", "&rsquo;")
    elif draw < 0.28:
        return written.replace(" ", "<br>", 1)
    return " ".join(words)


_CHROME_TOP = """
<p><a href="#main">Skip to main content</a></p>
<header class="site"><div><a href="/">Local Government and Social Care Ombudsman</a></div>
<ul><li><a href="/make-a-complaint">Make a complaint</a></li><li><a href="/decisions">Decisions</a></li></ul></header>
"""
_FOOTERS = (
    '<footer><ul><li><a href="/privacy">Privacy</a></li></ul>'
    "<p>© Local Government and Social Care Ombudsman 2026</p></footer>",
    '<div class="siteFooter"><p><a href="/careers">Careers</a></p><p>PO Box 4771, Coventry, CV4 0EH.</p></div>',
    '<div id="page-footer"><p>Telephone: 0300 061 0614</p></div>',
)
