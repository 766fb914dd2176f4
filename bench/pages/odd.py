"""Valid pages in odd markup: comments, omitted tags, hidden blocks, scripts, and anything else that browsers accept.

A page counts if the browser shows the decision's words on it, one after another. No such page may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple

from bench.pages.layout import Slot, pages_of
from bench.pages.model import Sample, text_of

Tokens = list[str]
_TOKEN = re.compile(
    r"<!--?-?>|<!--.*?--!?>|<!\[CDATA.*?\]\]>|<(script|style|noscript|template|svg|iframe|textarea)\b.*?</\1>|<[^>]*>|[^<]+",
    re.DOTALL,
)
"""Tags, texts, and whole elements that must not be changed."""
_TAG = re.compile(r"(</?)([a-zA-Z][a-zA-Z0-9-]*)([^>]*)(>)")


class OddPage(NamedTuple):
    """The pages of a decision in odd markup."""

    number: int
    sample: Sample
    features: tuple[str, ...]
    pages: tuple[bytes, ...]
    expected: str


BETWEEN: Mapping[str, Sequence[str]] = {
    "short comments": ("<!-->", "<!--->", "<!---->", "<!-- a > b -->", "<!----!>"),
    "comments with tags": ("<!-- </article> <li> -->", "<!--[if IE]><p>Old browser</p></article><![endif]-->"),
    "bogus comments": ("<?php echo 1 ?>", "<!doctype svg>", "</ x>", "<![CDATA[ x ]]>"),
    "svg": (
        "<svg><title/><path d='M0 0'/></svg>",
        '<svg width="9"><title>A </article> icon</title><desc>Drawing</desc></svg>',
        "<svg><desc><![CDATA[ </article></body> ]]></desc><g><circle r=3 /></g></svg>",
    ),
    "templates": ("<template><p>Not shown.</p><article><li>No</article></template>", "<template></template>"),
    "noscript": ("<noscript><p>Turn on JavaScript.</p></noscript>", '<noscript><img src="x.gif" alt="x"></noscript>'),
    "scripts": (
        "<script>var a = '</article></html><p>';</script>",
        '<script type="application/ld+json">{"name": "Decision : none"}</script>',
        "<style>p > b { color: red } /* </article> */</style>",
    ),
    "hidden": (
        "<div hidden><p>Hidden words.</p><ul><li>Hidden item</ul></div>",
        '<p style="display:none">Not displayed.</p>',
        '<section style="color: red; DISPLAY : none !important"><h2>Not displayed</h2></section>',
        '<p style="visibility: hidden">Not visible.</p>',
    ),
    "empty blocks": ("<p></p>", "<p>&nbsp;</p>", "<div><ul></ul></div>", "<hr>", "<table></table>", "<p><br></p>"),
    "metadata": ('<meta itemprop="name" content="x">', '<link rel="canonical" href="/x">', "<a name=top></a>", "<wbr>"),
    "media": (
        '<p><img src="data:," alt="Words of a picture"></p>',
        "<video controls></video>",
        "<iframe srcdoc=''><p>No frames</p></iframe>",
        "<canvas></canvas>",
    ),
    "stray ends": ("</foo>", "</span>", "</td>", "</label>", "</b></i>"),
}
"""Markup that can be between two blocks of a decision without adding a word to it."""

_ENTITIES = {
    "’": ("&rsquo;", "&#8217;", "&#x2019;", "&#146;"),
    "£": ("&pound;", "&#163;", "&pound"),
    "–": ("&ndash;", "&#x2013;"),
    "…": ("&hellip;", "…"),
    "&amp;": ("&amp;", "&#38;", "&AMP;"),
    " ": (" ", "\n", "&#32;", "&nbsp;", "&#xA0;", " \t ", "\r\n", "\f"),
}
_OMITTED = ("li", "p", "td", "th", "tr", "dt", "dd", "tbody")


def _entities(tokens: Tokens, chance: Random) -> Tokens:
    """Writes characters as entities, and spaces as other white space."""

    def written(text: str) -> str:
        for plain, forms in _ENTITIES.items():
            if plain in text and chance.random() < 0.3:
                at = chance.randrange(text.count(plain))
                parts = text.split(plain)
                text = plain.join(parts[: at + 1]) + chance.choice(forms) + plain.join(parts[at + 1 :])
        return text

    return [token if token.startswith("<") or not token.strip() else written(token) for token in tokens]


def _upper_case(tokens: Tokens, chance: Random) -> Tokens:
    change = chance.choice((str.upper, str.title))

    def changed(token: str) -> str:
        tag = _TAG.fullmatch(token)
        return tag[1] + change(tag[2]) + tag[3] + tag[4] if tag else token

    return [changed(token) for token in tokens]


def _space_in_tags(tokens: Tokens, chance: Random) -> Tokens:
    def spaced(token: str) -> str:
        if not _TAG.fullmatch(token) or chance.random() < 0.5:
            return token
        return token[:-1] + chance.choice((" ", "\n", "\n   ", "\t")) + ">"

    return [spaced(token) for token in tokens]


def _attributes(tokens: Tokens, chance: Random) -> Tokens:
    """Adds attributes with all kinds of quotes, or none, and tags in their values."""
    forms = (
        " class=x",
        " data-a='</article>'",
        ' title="a > b"',
        " data-b",
        ' lang="en" LANG=fr',
        " data-c=a/b",
        ' on-x=""',
    )

    def more(token: str) -> str:
        if re.fullmatch(r"<(?:p|li|h[1-6]|div|ol|ul|td|section)\b[^>]*>", token) and chance.random() < 0.4:
            return token[:-1] + chance.choice(forms) + ">"
        return token

    return [more(token) for token in tokens]


def _unquoted(tokens: Tokens, chance: Random) -> Tokens:
    quote = chance.choice(("", "'"))
    return [
        re.sub(r'="([\w-]+)"', rf"={quote}\1{quote}", token) if token.startswith("<") else token for token in tokens
    ]


def _omitted_ends(tokens: Tokens, chance: Random) -> Tokens:
    """Omits end tags as HTML allows: the next tag closes the open element."""
    kept: Tokens = []
    for at, token in enumerate(tokens):
        name = token[2:-1].strip().lower() if token.startswith("</") else ""
        following = next((other for other in tokens[at + 1 :] if other.strip()), "")
        may_go = name in _OMITTED and (
            name != "p" or re.match(r"<(?:p|h[1-6]|ul|ol|table|div|section|dl)\b", following)
        )
        if not (may_go and chance.random() < 0.7):
            kept.append(token)
    return kept


def _no_skeleton(tokens: Tokens, _chance: Random) -> Tokens:
    """Omits the optional tags of html, head and body."""
    return [token for token in tokens if not re.fullmatch(r"<html[^>]*>|</?head>|<body>|</body>", token, re.IGNORECASE)]


def _xhtml(tokens: Tokens, _chance: Random) -> Tokens:
    first = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd">'
    rest = [token.replace("<br>", "<br />").replace("<meta charset", "<meta  charset") for token in tokens[1:]]
    return [first, *rest]


def _no_doctype(tokens: Tokens, _chance: Random) -> Tokens:
    return tokens[1:]


def _byte_order_mark(tokens: Tokens, _chance: Random) -> Tokens:
    return ["\ufeff", *tokens]


def _whole_form(tokens: Tokens, _chance: Random) -> Tokens:
    """Puts one form around the whole page, as ASP.NET does."""
    start = '<form method="post" action="./" id="aspnetForm"><input type="hidden" name="__VIEWSTATE" value="/wEP=">'
    return _around(tokens, start, "</form>")


def _around(tokens: Tokens, start: str, end: str) -> Tokens:
    """Puts something around the whole body."""
    first, last = tokens.index("<body>") + 1, len(tokens) - 1 - tokens[::-1].index("</body>")
    return [*tokens[:first], start, *tokens[first:last], end, *tokens[last:]]


def _search_box(tokens: Tokens, _chance: Random) -> Tokens:
    box = '<form action="/search"><label>Search</label><input name=q><textarea></article> Tell us</textarea></form>'
    return _around(tokens, box, "")


def _cards(tokens: Tokens, chance: Random) -> Tokens:
    """Adds further articles to the page: news teasers."""
    card = "<article class=card><h3><a href=/news/1>News of the month</a></h3><p>We published a guide.</p></article>"
    return _around(tokens, f"<aside>{card}</aside>" if chance.random() < 0.5 else "", f"<footer>{card}{card}</footer>")


def _inner_article(tokens: Tokens, chance: Random) -> Tokens:
    """Puts an article inside the decision, around one of its paragraphs or headings."""
    starts = [at for at, token in enumerate(tokens) if re.match(r"<(?:p|h[2-4] id)[^>]*>$", token)]
    first = next((at for at, token in enumerate(tokens) if token.startswith("<article")), len(tokens))
    inside = [
        at for at in starts if at > first and f"</{tokens[at][1:].split()[0].rstrip('>')}>" in tokens[at : at + 12]
    ]
    if not inside:
        return tokens
    at = chance.choice(inside)
    end = tokens.index(f"</{tokens[at][1:].split()[0].rstrip('>')}>", at)
    return [*tokens[:at], "<article>", *tokens[at : end + 1], "</article>", *tokens[end + 1 :]]


def _wrapped_blocks(tokens: Tokens, chance: Random) -> Tokens:
    """Puts paragraphs in further elements, or in a `div` instead of `p`."""
    wrappers = (
        *(("<blockquote><p>", "</p></blockquote>"), ("<div>", "</div>"), ("<center><p>", "</p></center>")),
        *(("<span><p>", "</p></span>"), ("<x-block><p>", "</p></x-block>"), ("<p><font size=2>", "</font></p>")),
        *(("<div><div><p>", "</p></div></div>"), ("<p><b><i>", "</b></i></p>"), ("<section><p>", "</p></section>")),
    )
    made = list(tokens)
    depth = 0
    for at, token in enumerate(tokens[:-2]):
        depth += (token[:3] in {"<li", "<a "}) - (token in {"</li>", "</a>"})
        is_plain = token == "<p>" and tokens[at + 2] == "</p>" and not depth
        if is_plain and chance.random() < 0.3:
            made[at], made[at + 2] = chance.choice(wrappers)
    return made


def _inline_noise(tokens: Tokens, chance: Random) -> Tokens:
    """Puts comments and empty elements into the text, between two words."""
    forms = ("<!-- x -->", "<wbr>", "<span></span>", "<!-->", "<a id=x></a>", "<script>1</script>", "<b></b>")

    def noisy(token: str) -> str:
        if token.startswith("<") or " " not in token.strip() or chance.random() < 0.7:
            return token
        return token.replace(" ", f" {chance.choice(forms)}", 1)

    first = tokens.index("<body>")
    return [*tokens[:first], *map(noisy, tokens[first:])]


_AROUND: Mapping[str, Callable[[Tokens, Random], Tokens]] = {
    "whole form": _whole_form,
    "search box": _search_box,
    "cards": _cards,
}
_WITHIN: Mapping[str, Callable[[Tokens, Random], Tokens]] = {
    "inner article": _inner_article,
    "wrapped blocks": _wrapped_blocks,
    "inline noise": _inline_noise,
    "entities": _entities,
}
_TAGS: Mapping[str, Callable[[Tokens, Random], Tokens]] = {
    "unquoted": _unquoted,
    "attributes": _attributes,
    "omitted ends": _omitted_ends,
    "no skeleton": _no_skeleton,
    "space in tags": _space_in_tags,
    "upper case": _upper_case,
}
_STARTS: Mapping[str, Callable[[Tokens, Random], Tokens]] = {
    "xhtml": _xhtml,
    "no doctype": _no_doctype,
    "byte-order mark": _byte_order_mark,
}
_CHANGES = {**_AROUND, **_WITHIN, **_TAGS, **_STARTS}
FEATURES = (*BETWEEN, *_CHANGES)


def odd_page(number: int, samples: Sequence[Sample], seed: int) -> OddPage:
    """Makes the page with a number, the same for a seed.

    A page is a decision with one to five features, one of them in rotation.
    """
    chance = Random(f"odd {seed} {number}")
    sample = samples[number % len(samples)]
    chosen = {FEATURES[number % len(FEATURES)], *chance.sample(FEATURES, chance.randint(0, 4))}
    features = tuple(name for name in FEATURES if name in chosen)
    pages = tuple(_page(page, features, chance) for page in pages_of(sample, seed + number // len(samples)))
    return OddPage(number, sample, features, pages, text_of(sample))


def _page(parts: Sequence[str | Slot], features: Sequence[str], chance: Random) -> bytes:
    forms = [form for name in features if name in BETWEEN for form in BETWEEN[name]]
    filled = (
        part if isinstance(part, str) else chance.choice(forms) if forms and chance.random() < 0.4 else ""
        for part in parts
    )
    page = "".join(filled)
    tokens = [match[0] for match in _TOKEN.finditer(page)]
    for name in features:
        if name in _CHANGES:
            tokens = _CHANGES[name](tokens, chance)
    return "".join(tokens).encode()
