"""Ten ways to write a block of boilerplate as HTML. Class names are random, so no block is recognised by them."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from random import Random

from bench.pages.kinds import KNOWN_PHRASES, Boilerplate, Entry

_CLASSES = ("x1", "block-a", "m-t-2", "widget", "c-panel", "sc-fzqBZW", "inner", "module")
_ICON = '<svg width="8" height="8"><title>Icon</title><path d="M0 0h8v8z"></path></svg>'


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _link(entry: Entry, inside: str = "") -> str:
    return f'<a href="{html.escape(entry.target)}">{inside}{_escape(entry.text)}</a>'


def _button(entry: Entry) -> str:
    """Writes a button if the kind can have one; the entries of a contents list and of a breadcrumb are links."""
    if entry.kind == "chapter":
        return f'<button type="submit" name="chapter" value="{entry.target[-1]}">{_escape(entry.text)}</button>'
    if entry.kind == "button":
        return f'<button type="button" data-target="{html.escape(entry.target)}">{_escape(entry.text)}</button>'
    return _link(entry)


def _nav_list(block: Boilerplate, name: str) -> str:
    head = f"<h2>{_escape(block.heading)}</h2>" if block.heading else ""
    items = "".join(f"<li>{_link(entry)}</li>" for entry in block.entries)
    items += "".join(f"<li>{_escape(line)}</li>" for line in block.prose)
    controls = f"<form>{block.controls}</form>" if block.controls else ""
    return f'<nav class="{name}">{head}<ul>{items}</ul>{controls}</nav>'


def _divs(block: Boilerplate, name: str) -> str:
    lines = [block.heading, *block.prose] if block.heading else list(block.prose)
    parts = [f"<div>{_escape(line)}</div>" for line in lines] + [
        f"<div>{_link(entry)}</div>" for entry in block.entries
    ]
    controls = f"<div>{block.controls}</div>" if block.controls else ""
    return f'<div class="{name}">{"".join(parts)}{controls}</div>'


def _paragraphs(block: Boilerplate, _name: str) -> str:
    head = f"<h3>{_escape(block.heading)}</h3>" if block.heading else ""
    parts = [f"<p>{_escape(line)}</p>" for line in block.prose] + [f"<p>{_link(entry)}</p>" for entry in block.entries]
    controls = f"<p>{block.controls}</p>" if block.controls else ""
    return head + "\n".join(parts) + controls


def _one_line(block: Boilerplate, name: str) -> str:
    head = f"<p><strong>{_escape(block.heading)}</strong></p>" if block.heading else ""
    lines = "".join(f"<p>{_escape(line)}</p>" for line in block.prose)
    links = "\n".join(map(_link, block.entries))
    return f'{head}<p class="{name}">{links} {block.controls}</p>{lines}'


def _table(block: Boilerplate, name: str) -> str:
    head = f"<caption>{_escape(block.heading)}</caption>" if block.heading else ""
    lines = "".join(f'<tr><td colspan="9">{_escape(line)}</td></tr>' for line in block.prose)
    cells = "".join(f"<td>{_link(entry)}</td>" for entry in block.entries)
    controls = f"<tr><td>{block.controls}</td></tr>" if block.controls else ""
    return f'<table class="{name}">{head}<tbody>{lines}<tr>{cells}</tr>{controls}</tbody></table>'


def _definitions(block: Boilerplate, name: str) -> str:
    head = f"<dt>{_escape(block.heading)}</dt>" if block.heading else ""
    lines = "".join(f"<dd>{_escape(line)}</dd>" for line in block.prose)
    links = "".join(f"<dd>{_link(entry)}</dd>" for entry in block.entries)
    first, _, rest = links.partition("</dd>")
    if not head:
        first = first.replace("<dd>", "<dt>", 1)
        links = f"{first}</dt>{rest}"
    controls = f"<dd>{block.controls}</dd>" if block.controls else ""
    return f'<dl class="{name}">{head}{lines}{links}{controls}</dl>'


def _buttons(block: Boilerplate, name: str) -> str:
    head = f"<header><h4>{_escape(block.heading)}</h4></header>" if block.heading else ""
    lines = "".join(f"<p>{_escape(line)}</p>" for line in block.prose)
    items = "".join(f"<li>{_button(entry)}</li>" for entry in block.entries)
    form = f'<form method="get"><ul role="list">{items}</ul>{block.controls}</form>'
    return f'<section class="{name}">{head}{lines}{form}</section>'


def _form(block: Boilerplate, name: str) -> str:
    head = f"<legend>{_escape(block.heading)}</legend>" if block.heading else ""
    lines = "".join(f"<label>{_escape(line)}</label>" for line in block.prose)
    if all(entry.kind == "chapter" for entry in block.entries):
        options = "".join(f'<option value="{entry.target}">{_escape(entry.text)}</option>' for entry in block.entries)
        inner = f'<select onchange="location=this.value">{options}</select>'
    else:
        inner = " ".join(map(_button, block.entries))
    return f'<form class="{name}" action="#"><fieldset>{head}{lines}{inner}{block.controls}</fieldset></form>'


def _aside(block: Boilerplate, name: str) -> str:
    head = f"<strong>{_escape(block.heading)}</strong><br>" if block.heading else ""
    lines = "".join(f"<span>{_escape(line)}</span><br>" for line in block.prose)
    links = "<br>\n".join(f"<span>{_link(entry)}</span>" for entry in block.entries)
    return f'<aside class="{name}"><lgo-widget>{head}{lines}{links}{block.controls}</lgo-widget></aside>'


def _icons(block: Boilerplate, name: str) -> str:
    head = f"<H5>{_escape(block.heading)}</H5>" if block.heading else ""
    lines = "".join(f"<P>{_escape(line)}" for line in block.prose)
    items = "".join(f"<LI><DIV><DIV>{_link(entry, _ICON)}</DIV></DIV>" for entry in block.entries)
    controls = f"<DIV>{block.controls}</DIV>" if block.controls else ""
    return f"<DIV CLASS={name}>{head}{lines}<OL>{items}</OL>{controls}</DIV>"


MARKUPS: Mapping[str, Callable[[Boilerplate, str], str]] = {
    "nav and ul": _nav_list,
    "divs": _divs,
    "paragraphs": _paragraphs,
    "one line": _one_line,
    "table": _table,
    "dl": _definitions,
    "section, buttons": _buttons,
    "form": _form,
    "aside, spans": _aside,
    "upper case, icons": _icons,
}


def written(block: Boilerplate, markup: str, chance: Random) -> str:
    """Writes the block as HTML. Half of the footers are in a `footer` element or named so, as on real sites."""
    name = chance.choice(_CLASSES)
    if block.name == "footer" and chance.random() < 0.5:
        return f"<footer>{MARKUPS[markup](block, name)}</footer>"
    return "\n" + MARKUPS[markup](block, name) + "\n"


_PHRASE_FORMS: Mapping[str, str] = {
    "nav and ul": '<nav><ul><li><a href="#top">{}</a></li></ul></nav>',
    "divs": '<div class="u"><div>{}</div></div>',
    "paragraphs": "<p>{}</p>",
    "one line": '<p><a href="#">{}</a></p>',
    "table": '<table><tr><td><a href="#top">{}</a></td></tr></table>',
    "dl": '<dl><dd><a href="#top">{}</a></dd></dl>',
    "section, buttons": '<section><button type="button">{}</button></section>',
    "form": '<form><button onclick="print()">{}</button></form>',
    "aside, spans": "<aside><span><em>{}</em></span></aside>",
    "upper case, icons": f"<DIV><A HREF=#TOP>{_ICON}<SPAN>{{}}</SPAN></A></DIV>",
}


def known_phrase(markup: str, chance: Random) -> str:
    """Writes one of the known phrases as a block of its own."""
    return _PHRASE_FORMS[markup].format(chance.choice(KNOWN_PHRASES))
