"""Renders the parts around the content of every page: head, menus, panels, footer; about 38 KB.

Most of it is the same on all pages. Tokens, canonical link, breadcrumbs and related decisions differ by page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from lgsco.replica.sample import CATEGORIES, Sample, place_slug

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_ICONS = ("search", "menu", "close", "print", "share", "home", "arrow", "complain", "news", "contact", "cookie", "logo")
_BLURBS = (
    "Read about how we can help with complaints about {} and what we look at when we decide them.",
    "Find decisions about {} that we have published, and the faults and remedies they describe.",
)

COOKIES = """<div class="cookie-panel" id="cookie-panel" role="dialog" aria-label="Privacy settings">
<h2>Review your privacy settings</h2>
<h3>Required cookies</h3>
<p>These cookies enable the website to function properly. You can only disable these by changing your browser \
preferences, but this will affect how the website performs.</p>
<p><a href="/privacy#required">View required cookies</a></p>
<h3>Analytical cookies</h3>
<p>Google Analytics cookies help us improve the performance of the website by understanding how visitors use the \
site.<br>We recommend you set these 'ON'.</p>
<p><a href="/privacy#analytical">View analytical cookies</a></p>
<p>In using Google Analytics, we do not collect or store personal information that could identify you (for example \
your name or address). We do not allow Google to use or share our analytics data. Google has developed a tool to help \
you opt out of Google Analytics cookies.</p>
<p><a href="/privacy" class="panel-link">Privacy settings</a></p>
</div>
"""


def frame(title: str, address: str, main: str, crumbs: Sequence[str] = (), related: Iterable[Sample] = ()) -> bytes:
    """Builds a whole page in UTF-8 around the HTML of its main part. The same arguments give the same bytes."""
    token = sha256(address.encode()).hexdigest()
    panel_first = token < "4"  # noqa: S105 # a token of the page, not a secret
    steps = [("Home", "/"), ("Decisions", "/decisions")]
    for crumb in crumbs:
        steps.append((crumb, f"{steps[-1][1]}/{place_slug(crumb)}"))
    trail = "".join(f'<li><a href="{link}">{escape(name, quote=False)}</a></li>' for name, link in steps)
    aside = "".join(f'<li><a href="{near.address}">{escape(near.title, quote=False)}</a></li>' for near in related)
    values = {
        "title": escape(title, quote=False),
        "address": escape(address),
        "token": token,
        "nonce": token[:22],
        "page": str(int(token[:6], 16)),
        "crumbs": f'<nav class="breadcrumb" aria-label="Breadcrumb"><ol>{trail}</ol></nav>',
        "before": COOKIES if panel_first else "",
        "after": "" if panel_first else COOKIES,
        "related": f'<aside class="related"><h2>Related decisions</h2><ul>{aside}</ul></aside>' if aside else "",
        "main": main,
    }
    return b"".join([values[part].encode() if isinstance(part, str) else part for part in _PARTS])


def _menu() -> str:
    """Builds the mega menu: every category and subcategory."""
    groups = []
    for number, (top, subs) in enumerate(CATEGORIES.items(), 1):
        base = f"/decisions/{place_slug(top)}"
        links = "\n".join(
            f'<li class="mega-menu__item"><a class="mega-menu__link" href="{base}/{place_slug(sub)}"'
            f' data-track="menu-{number}-{place}"><span>{sub}</span></a></li>'
            for place, sub in enumerate(subs, 1)
        )
        blurbs = "".join(f'<p class="mega-menu__blurb">{blurb.format(top.lower())}</p>' for blurb in _BLURBS)
        groups.append(
            f'<div class="mega-menu__group" data-group="{number}"><a class="mega-menu__top" href="{base}">{top}</a>'
            f'{blurbs}\n<ul class="mega-menu__list">{links}</ul></div>'
        )
    return '<nav class="mega-menu" aria-label="Main">\n' + "\n".join(groups) + "\n</nav>\n"


def _icons() -> str:
    """Builds inline drawings, as sites of this kind have them."""
    symbols = []
    for name in _ICONS:
        digits = sha256(name.encode()).hexdigest() * 2
        steps = [f"{int(digits[n : n + 2], 16) / 10:.1f}" for n in range(0, 128, 2)]
        path = " ".join(f"{'MLCQ'[n % 4]}{x} {y}" for n, (x, y) in enumerate(zip(steps[::2], steps[1::2], strict=True)))
        symbols.append(f'<symbol id="icon-{name}" viewBox="0 0 26 26"><path d="{path}Z"/></symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" hidden>{"".join(symbols)}</svg>\n'


def _styles() -> str:
    rules = []
    for block in ("header", "mega-menu", "footer", "search-box", "card", "breadcrumb"):
        for n, part in enumerate(("", "__inner", "__title", "__list", "__link", "__item:hover")):
            hue = sha256(f"{block}{part}".encode()).hexdigest()
            rules.append(
                f".{block}{part}{{display:{('block', 'flex', 'grid')[n % 3]};margin:0 auto {n}rem;"
                f"padding:.{n}5rem 1rem;"
                f"color:#{hue[:6]};background:#{hue[6:12]};border-bottom:{n}px solid #{hue[12:18]};line-height:1.{n}}}"
            )
    return "<style>\n" + "\n".join(rules) + "\n</style>\n"


def _scripts() -> str:
    """Builds tracking scripts and a loader. Like real ones, they have strings that resemble a decision's text."""
    calls = "\n".join(
        f"  window.site.register('{name}', function (node, options) {{ if (!node || options.off) {{ return null; }}"
        f" node.classList.add('is-{name}'); return {{ name: '{name}', weight: {n * 17 % 101} }}; }});"
        for n, name in enumerate((*_ICONS, "tabs", "toggle", "sticky", "filter", "rating", "survey"))
    )
    return (
        '<script nonce="{{nonce}}">\nwindow.site = window.site || { parts: {}, register: function (n, f) '
        "{ this.parts[n] = f; } };\nwindow.dataLayer = window.dataLayer || [];\n"
        'dataLayer.push({"pageId": {{page}}, "template": "Decision : page", "path": "{{address}}"});\n'
        f"(function () {{\n{calls}\n}})();\n</script>\n"
        '<script src="/assets/site.min.js?v=8.4.{{page}}" nonce="{{nonce}}" async></script>\n'
    )


def _footer() -> str:
    topics = (
        "About us",
        "Contact us",
        "Accessibility",
        "Privacy",
        "Freedom of information",
        "Vacancies",
        "Press",
        "Cymraeg",
    )
    columns = "".join(
        f'<div class="footer__column"><h2>{topic}</h2><ul>'
        + "".join(
            f'<li class="footer__item"><a class="footer__link" href="/{place_slug(topic)}/{n}" data-track="footer-{n}">'
            f"{topic}: {text}</a></li>"
            for n, text in enumerate(("what we do", "how we work", "our standards", "our reports", "frequently asked"))
        )
        + "</ul></div>\n"
        for topic in topics
    )
    return f'<footer class="footer">\n{columns}<p>Commission for Local Administration in England</p>\n</footer>\n'


_TEMPLATE = (
    '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{{title}}</title>\n'
    '<link rel="canonical" href="{{address}}">\n<meta property="og:title" content="{{title}}">\n'
    '<meta property="og:url" content="{{address}}">\n<meta name="request-token" content="{{token}}">\n'
    f'{_styles()}{_scripts()}</head>\n<body id="top" data-page="{{{{page}}}}">\n{_icons()}'
    '<a class="skip" href="#main">Skip to main content</a>\n<header class="header"><a href="/" class="logo">'
    '<img src="/assets/logo.svg" alt="Local Government and Social Care Ombudsman"></a>\n'
    '<form class="search-box" action="/search" method="get"><input type="hidden" name="token" value="{{token}}">'
    '<label for="q">Search this site</label><input id="q" name="q"><button>Search</button></form></header>\n'
    f'{_menu()}{{{{crumbs}}}}\n{{{{before}}}}<main id="main">\n{{{{main}}}}</main>\n'
    '<p class="print"><a href="#" onclick="window.print()">Print this page</a></p>\n{{related}}\n'
    f'<p><img src="/assets/logogram.png" alt="LGO logogram"></p>\n{{{{after}}}}{_footer()}</body>\n</html>\n'
)
_PARTS: list[str | bytes] = [part if n % 2 else part.encode() for n, part in enumerate(_PLACEHOLDER.split(_TEMPLATE))]
"""The template split at its placeholders: bytes are literal, strings are names of placeholders."""
