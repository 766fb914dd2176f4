"""Compares parsing, from the bytes of a page to Decision, lines and text, with BeautifulSoup and with a bare parse."""

from __future__ import annotations

from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser

from bench import souped
from bench.bare_parse import cut_article, read_texts
from bench.figures import Figure, each, in_turns, ratios
from bench.samples import pages
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render


def measure(decisions: int = 300, rounds: int = 5) -> list[Figure]:
    """Measures ratios of rates. Each side parses the same pages, which are bytes in memory.

    Ours: `parse_page`, which gives fields and numbered lines, then the text. BeautifulSoup: fields and text, with the
    same words, which is asserted on each page. Bare: only selectolax's tree of the whole page, decoded beforehand.
    Visit: the tree of the article alone, and each text read once: the least that a reader in Python can take.
    """
    bodies = [body for _, body in pages(decisions)]
    decoded = [body.decode() for body in bodies]
    for body in bodies:
        text, other = render(parse_page(body)), souped.read(body).text
        assert text.split() == other.split(), f"not the same words: {text[:60]!r}"
    spent = in_turns(
        {
            "ours": lambda: _drain(render(parse_page(body)) for body in bodies),
            "soup": lambda: _drain(souped.read(body) for body in bodies),
            "bare": lambda: _drain(LexborHTMLParser(html) for html in decoded),
            "visit": lambda: _drain(read_texts(cut_article(body)) for body in bodies),
        },
        rounds,
    )
    return [
        Figure(
            "rate of parse_page and text, relative to BeautifulSoup",
            ratios(spent["soup"], spent["ours"]),
            target=20,
        ),
        Figure(
            "rate of parse_page and text, relative to a bare parse",
            ratios(spent["bare"], spent["ours"]),
            target=0.35,
        ),
        Figure("visit of the article's texts, relative to BeautifulSoup", ratios(spent["soup"], spent["visit"])),
        Figure("visit of the article's texts, relative to a bare parse", ratios(spent["bare"], spent["visit"])),
        Figure("parse_page and text, CPU a page", each(spent["ours"], decisions), "µs"),
        Figure("BeautifulSoup, CPU a page", each(spent["soup"], decisions), "µs"),
        Figure("bare parse, CPU a page", each(spent["bare"], decisions), "µs"),
        Figure("visit of the article's texts, CPU a page", each(spent["visit"], decisions), "µs"),
    ]


def _drain(results: Iterable[object]) -> None:
    """Takes results one by one without storing them, because stored trees would cost their side memory."""
    for _ in results:
        pass
