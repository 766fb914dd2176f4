"""A simulated site that changes its template on a day, in ten ways, and amends and publishes decisions.

The look-alike renders and lists its pages; there is no HTTP. The right text of a decision is the parser's result for
its page without the template change, because the parser is a pure function of the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ingest.clock import instant
from ingest.errors import Gone
from ingest.fetching.interface import Answer
from ingest.lgo import page as decision_page
from ingest.lgo.text_format import render
from lgsco.replica.corpus import generate
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.site import Site
from storage.references import slug

START = datetime(2026, 11, 2, 12, tzinfo=UTC)

_SUMMARY = re.compile(r"(<p>Summary: .*?</p>\n)", re.DOTALL)
_HEADING = re.compile(r'<h2 id="point\d+">(.*?)</h2>', re.DOTALL)
_ARTICLE = re.compile(r'<article id="article">.*?</article>', re.DOTALL)
_ROW = re.compile(r'<p><span class="label">Decision date : .*?</p>\n', re.DOTALL)
_CLOSING = "<p>Investigator"

Change = Callable[[str, Sample], str]
"""Redesigns a page: takes its HTML and its decision, and returns the new HTML."""


def _after_summary(block: str) -> Change:
    def change(html: str, sample: Sample) -> str:
        filled = block.format(reference=sample.reference, slug=slug(sample.reference))
        return _SUMMARY.sub(lambda found: found[1] + filled, html, count=1)

    return change


def _before_closing(block: str) -> Change:
    return lambda html, _: html.replace(_CLOSING, f"{block}\n{_CLOSING}", 1)


def _reorder_header(html: str, _sample: Sample) -> str:
    row = _ROW.search(html)
    assert row is not None
    return html.replace(row[0], "", 1).replace('<p><span class="label">', f'{row[0]}<p><span class="label">', 1)


def _mark_up_lists(html: str, _sample: Sample) -> str:
    def without_lists(found: re.Match[str]) -> str:
        article = re.sub(r"<(?:ol|ul)\b[^>]*>", '<div class="steps">', found[0])
        article = re.sub(r"</(?:ol|ul)>", "</div>", article)
        return re.sub(r"</li>", "</div>", re.sub(r"<li\b[^>]*>", '<div class="step">', article))

    return _ARTICLE.sub(without_lists, html)


def _list_contents(html: str, sample: Sample) -> str:
    entries = "".join(f'<p class="entry">{heading}</p>\n' for heading in _HEADING.findall(html))
    return _after_summary(f'<div class="toc"><p>What is on this page</p>\n{entries}</div>\n'.replace("{", "{{"))(
        html, sample
    )


def _rename_heading(html: str, _sample: Sample) -> str:
    return html.replace(">The complaint</h2>", ">About this complaint</h2>")


REDESIGNS: dict[str, Change] = {
    "share bar": _after_summary(
        '<div class="share"><p>Share this decision</p><ul><li>By e-mail</li><li>On a social network</li></ul></div>\n'
    ),
    "rating": _before_closing('<p class="rate">Rate this page from 1 to 5.</p>'),
    "header order": _reorder_header,
    "list markup": _mark_up_lists,
    "hidden block": _after_summary('<p class="visually-hidden">Skip to the next part of the decision</p>\n'),
    "print link": _after_summary('<p class="print"><a href="/print/{slug}">Print decision {reference}</a></p>\n'),
    "notice": _after_summary('<div role="note"><p>This page moves to our new site on 3 December 2026.</p></div>\n'),
    "contents": _list_contents,
    "renamed heading": _rename_heading,
    "cookie line": lambda html, _: html.replace(
        '<h2 id="opening">', '<p class="notice">We count visits with cookies.</p>\n<h2 id="opening">', 1
    ),
}
"""The ten redesigns by name."""
BLOCKS = frozenset(set(REDESIGNS) - {"header order", "list markup"})
"""Redesigns that show a block, for which new decisions are held back. The others arrange the same words differently."""

SAME_SENTENCE = "<p>The Council has since agreed to pay for the tuition that was missed.</p>"


@dataclass
class TemplateSite:
    """The site, with its clock."""

    site: Site
    at: datetime = START
    redesign: Change | None = None
    spared: set[str] = field(default_factory=set)
    """Decisions that still have pages in the old template."""
    amendments: dict[str, str] = field(default_factory=dict)
    """By reference, the words inserted before the closing line."""
    requests: list[str] = field(default_factory=list)
    """The targets of the requests, in order."""
    _samples: dict[str, Sample] = field(default_factory=dict)
    """By address."""
    _pages: dict[tuple[object, ...], bytes] = field(default_factory=dict)

    def tick(self) -> datetime:
        """Lets a second pass."""
        self.at += timedelta(seconds=1)
        return self.at

    def next_day(self, days: int = 1) -> None:
        """Lets days pass."""
        self.at += timedelta(days=days)
        self.site.today = self.at.date()

    def show(self, sample: Sample, redesign: Change | None) -> bytes:
        """Returns a decision's page."""
        key = (sample, redesign, self.amendments.get(sample.reference))
        if key not in self._pages:
            self._pages[key] = self._render(sample, redesign)
        return self._pages[key]

    def _render(self, sample: Sample, redesign: Change | None) -> bytes:
        html = self.site.handle(Request("GET", sample.address, {})).body.decode()
        amendment = self.amendments.get(sample.reference)
        if amendment is not None:
            html = html.replace(_CLOSING, f"{amendment}\n{_CLOSING}", 1)
        return (redesign(html, sample) if redesign is not None else html).encode()

    def answer(self, target: str) -> Answer:
        """Returns the answer to a request. Raises Gone."""
        self.requests.append(target)
        at = instant(self.tick())
        path = target.partition("?")[0]
        sample = self._samples.get(path)
        if sample is None and "SearchResults" not in path:
            self._samples = {one.address: one for one in self.site.listed()}
            sample = self._samples.get(path)
        if sample is not None:
            body = self.show(sample, None if sample.reference in self.spared else self.redesign)
            return Answer(target, body, "utf-8", at)
        answer = self.site.handle(Request("GET", target, {}))
        if answer.status != 200:
            raise Gone(f"{target}: the site answers {answer.status}", status=answer.status)
        return Answer(target, answer.body, "utf-8", at)

    def true_texts(self) -> Mapping[str, str]:
        """Returns the words of each decision by reference, without the template's words."""
        return {one.reference: text_of(self.show(one, None), one.reference) for one in self.site.listed()}


def text_of(body: bytes, reference: str) -> str:
    """Returns the text that the parser makes of a page."""
    return render(decision_page.parse_page(body, reference=reference))


def make_decisions(count: int, *, seed: int = 7, first: date = date(2025, 1, 1)) -> list[Sample]:
    """Makes short statements that are shown from the day of their decision on."""
    found: list[Sample] = []
    samples: Any = generate(count * 2 + 40, seed=seed, first=first, last=date(2026, 9, 30), body=False)
    for sample in samples:
        plain = sample.kind == "statement" and sample.layout == "statement" and not sample.reference[-1].isalpha()
        if plain and len(found) < count:
            found.append(replace(sample, published=sample.decision_date))
    assert len(found) == count
    return found
