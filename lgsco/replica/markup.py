"""Renders a sample as HTML pages and as a listing card.

``article`` is the markup that the site is known to use; the four others are deliberately different. All render the same
words in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from textwrap import fill

from lgsco.replica.furniture import frame
from lgsco.replica.sample import Chapter, Heading, Item, Items, Sample, Table, Typed

_LAW = re.compile(r" \((Local Government Act (?:[^()]|\([^()]*\))*)\)")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b")
_HEAD_LETTER = re.compile(r"\bO(?=mbudsm)")


@dataclass(frozen=True, slots=True)
class Style:
    """One way to mark up a decision."""

    open: str
    close: str
    header: Callable[[Sample], str]
    """Renders the title and the labelled lines."""
    section: str
    """A heading of level 2, with ``%s`` for an id and for the words."""
    part: str
    """A heading of level 3."""
    item: str = "%s"
    """The words of an item."""
    paragraph: str = "<p>%s</p>\n"
    contents: bool = False
    """Whether a list of the headings precedes the text."""
    alone: bool = False
    """Whether each numbered item is a list of its own."""
    nested: bool = False
    """Whether sub-lists are always inside their item, also those that other styles put next to it."""
    wrapped: bool = False
    """Whether the lines of the HTML source are wrapped."""
    stray: bool = False
    """Whether there are tags and comments inside words."""


def inline(text: str, style: Style) -> str:
    """Encodes words as HTML, with entities and with inline tags that do not change the text."""
    text = escape(text, quote=False).replace("\u00a0", "&nbsp;")
    text = _LAW.sub(r"<br>\n<em>(\1)</em>" if not style.alone else r" (<i>\1</i>)", text)
    text = _ORDINAL.sub(r"<sup>\1</sup>", text)
    if style.stray:
        text = _HEAD_LETTER.sub("<span>O</span><!-- -->", text).replace("£", "&pound;").replace("’", "&rsquo;")
    return fill(text, 100, break_long_words=False, break_on_hyphens=False) if style.wrapped else text


def _spans(sample: Sample) -> Iterator[tuple[str, str]]:
    return ((label, escape(value, quote=False)) for label, value in sample.headers)


def _extra(sample: Sample) -> str:
    return "".join(f"<p>{escape(line, quote=False)}</p>\n" for line in sample.header_extra)


def _title(sample: Sample) -> str:
    return escape(sample.title, quote=False)


def _article_header(sample: Sample) -> str:
    rows = "".join(
        f'<p><span class="label">{label} : </span><span class="value">{value}</span></p>\n'
        for label, value in _spans(sample)
    )
    return f'<header class="article__header">\n<h2>{_title(sample)}</h2>\n{rows}{_extra(sample)}</header>\n'


def _dl_header(sample: Sample) -> str:
    rows = "".join(f"<dt>{label} :</dt><dd>{value}</dd>\n" for label, value in _spans(sample))
    return f"<h1>{_title(sample)}</h1>\n<dl>\n{rows}</dl>\n{_extra(sample)}"


def _table_header(sample: Sample) -> str:
    rows = "".join(f"<tr><th>{label} :</th><td>{value}</td></tr>\n" for label, value in _spans(sample))
    return f"<h2>{_title(sample)}</h2>\n<table><tbody>\n{rows}</tbody></table>\n{_extra(sample)}"


def _bold_header(sample: Sample) -> str:
    """Renders the header without the title, which is only in the page's ``<title>``."""
    rows = "".join(f"<p><strong>{label} : </strong>{value}</p>\n" for label, value in _spans(sample))
    return f"{rows}{_extra(sample)}"


def _divs_header(sample: Sample) -> str:
    rows = "".join(
        f'<div class="field"><div class="field-label">{label} :</div> <div class="field-value">{value}</div></div>\n'
        for label, value in _spans(sample)
    )
    name = f'<header><div class="page-name">{_title(sample)}</div></header>\n'
    return f'{name}<div class="facts">\n{rows}</div>\n{_extra(sample)}'


STYLES: dict[str, Style] = {
    "article": Style(
        *('<article id="article">\n', "</article>\n", _article_header),
        *('<h2 id="%s">%s</h2>\n', '<h3 id="%s">%s</h3>\n'),
        contents=True,
    ),
    "dl": Style(
        *('<section class="decision">\n', "</section>\n", _dl_header),
        *('<h2 id="%s">%s</h2>\n', '<h3 id="%s">%s</h3>\n'),
        nested=True,
    ),
    "table": Style(
        *('<div class="content">\n', "</div>\n", _table_header),
        *('<h3 id="%s">%s</h3>\n', '<h4 id="%s">%s</h4>\n'),
        item="<p>%s</p>",
        alone=True,
    ),
    "bold": Style(
        *('<div id="content">\n', "</div>\n", _bold_header),
        *('<p id="%s"><strong>%s</strong></p>\n', '<p id="%s"><b><i>%s</i></b></p>\n'),
        stray=True,
    ),
    "divs": Style(
        *('<div class="wrap"><div class="body">\n', "</div></div>\n", _divs_header),
        *('<h4 id="%s">%s</h4>\n', '<h5 id="%s"><span>%s</span></h5>\n'),
        item="<div><div>%s</div></div>",
        paragraph="<div>%s</div>\n",
        contents=True,
        wrapped=True,
        stray=True,
    ),
}
"""The markups by name."""


def render(sample: Sample, markup: str = "article", related: Iterable[Sample] = ()) -> list[bytes]:
    """Renders the decision's pages in UTF-8: one page, or one for each chapter of a report."""
    style, near, chapters = STYLES[markup], list(related), sample.chapters
    pages, count = [], 0
    for number, chapter in enumerate(chapters, 1):
        main = _main(sample, style, chapter, number, len(chapters), count)
        count += sum(len(block.items) for block in chapter if isinstance(block, Items) and block.marker == "1")
        name = f"{sample.title} - Local Government and Social Care Ombudsman"
        pages.append(frame(name, sample.address, main, (sample.category, sample.subcategory), near))
    return pages


def card(sample: Sample, *, untitled: bool = False) -> str:
    """Renders a result card of the listings.

    Before 2019 the printed reference lacks its suffix letter; the link always has it.
    """
    printed = (
        sample.reference.rstrip("abcdefghijklmnopqrstuvwxyz") if sample.decision_date.year < 2019 else sample.reference
    )
    words = "" if untitled else escape(f"{sample.authority} ({printed})", quote=False)
    line = f"{sample.kind.title()} {sample.outcome} {sample.subcategory} {sample.decision_date:%d-%b-%Y}"
    return (
        f'<div class="card"><h3 class="card__title"><a href="{sample.address}">{words}</a></h3>\n'
        f'<p class="card__line">{escape(line, quote=False)}</p>\n'
        f'<p class="card__summary">Summary: {escape(sample.summary, quote=False)}</p></div>\n'
    )


def _main(sample: Sample, style: Style, chapter: Chapter, number: int, chapters: int, count: int) -> str:
    headings = [block for block in chapter if isinstance(block, Heading)]
    out = [style.open, style.header(sample)]
    if style.contents and len(headings) > 1:
        links = "".join(
            f'<li><a href="#point{n}">{escape(heading.text, quote=False)}</a></li>\n'
            for n, heading in enumerate(headings, 1)
        )
        out.append(f'<ul class="contents">\n{links}</ul>\n')
    if number == 1 and sample.opening:
        opening, *summary = sample.opening
        out.append(style.section % ("opening", escape(opening, quote=False)))
        out += [style.paragraph % inline(line, style) for line in summary]
    out.append(_body(chapter, style, count))
    if number == chapters and sample.closing:
        out.append(style.paragraph % escape(sample.closing, quote=False))
    out.append(style.close)
    if chapters > 1:
        links = "".join(f'<li><a href="{sample.address}?chapter={n}">{n}</a></li>' for n in range(1, chapters + 1))
        out.append(f'<nav class="chapters"><ul>{links}</ul></nav>\n')
    return "".join(out)


def _body(chapter: Chapter, style: Style, count: int) -> str:
    out: list[str] = []
    anchors, opened = 0, False
    for block in chapter:
        if isinstance(block, Heading) and block.level == 2:
            out.append('<p class="top"><a href="#top">Back to top</a></p>\n' if opened else "")
            opened = True
        if isinstance(block, Items) and block.marker == "1":
            out.append(_numbered(block, count + 1, style))
            count += len(block.items)
        elif isinstance(block, Heading):
            anchors += 1
            form = style.section if block.level == 2 else style.part
            out.append(form % (f"point{anchors}", inline(block.text, style)))
        else:
            out.append(_block(block, style))
    out.append('<p class="top"><a href="#top">Back to top</a></p>\n' if opened else "")
    return "".join(out)


def _block(block: Items | Table | Typed | str, style: Style) -> str:
    match block:
        case Table(rows):
            cells = ("".join(f"<td>{inline(cell, style)}</td>" for cell in row) for row in rows)
            return f'<table class="data">\n{"".join(f"<tr>{row}</tr>" for row in cells)}\n</table>\n'
        case Typed(number, text):
            return style.paragraph % f"{number}. {inline(text, style)}"
        case Items():
            return _list(block, style)
        case str():
            return style.paragraph % inline(block, style)


def _numbered(run: Items, start: int, style: Style) -> str:
    """Renders numbered paragraphs, each list with its start; sub-lists next to their item split the list."""
    out = [f'<ol start="{start}">\n']
    for number, item in enumerate(run.items, start):
        beside = [part for part in item.parts if isinstance(part, Items) and part.split and not style.nested]
        out.append(_item(item._replace(parts=tuple(part for part in item.parts if part not in beside)), style))
        last = number == start + len(run.items) - 1
        if beside or style.alone or last:
            out.append("</ol>\n")
            out += [_list(part, style) for part in beside]
            if not last:
                out.append(f'<ol start="{number + 1}">\n')
    return "".join(out)


def _item(item: Item, style: Style) -> str:
    words = inline(item.text, style)
    if not item.parts:
        return f"<li>{style.item % words}</li>\n"
    below = [
        style.paragraph % inline(part, style) if isinstance(part, str) else _list(part, style) for part in item.parts
    ]
    words = style.item % words if style.item != "%s" else f"<p>{words}</p>"
    return f"<li>{words}\n{''.join(below)}</li>\n"


def _list(items: Items, style: Style) -> str:
    opening = {"1": "<ol>", "a": '<ol type="a">', "•": "<ul>"}[items.marker]
    return f"{opening}\n{''.join(_item(item, style) for item in items.items)}</{opening[1:3]}>\n"
