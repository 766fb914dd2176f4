"""Ten kinds of boilerplate, by their content; `markups` writes them as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from bench.pages import prose
from bench.pages.layout import slug
from bench.pages.model import Heading, Sample

EntryKind = Literal["link", "button", "chapter"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A link or button."""

    text: str
    target: str
    kind: EntryKind = "link"


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """The content of a block around a decision. Without heading and prose it has links, buttons and form controls."""

    name: str
    entries: tuple[Entry, ...]
    heading: str = ""
    prose: tuple[str, ...] = ()
    controls: str = ""
    """Form controls, as HTML."""

    @property
    def is_links_only(self) -> bool:
        return not self.heading and not self.prose


_Maker = Callable[[Sample, int, Random, bool], Boilerplate | None]


def _links(*texts: str, at: str = "/") -> tuple[Entry, ...]:
    return tuple(Entry(text, at + slug(text)) for text in texts)


def _share(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    names = chance.sample(("Facebook", "LinkedIn", "X (Twitter)", "Email", "WhatsApp", "Copy link"), 3)
    entries = _links(*names, at="https://share.example.org/")
    return Boilerplate("share", entries, "" if links else "Share this page", () if links else ("Tell others about it",))


def _breadcrumb(sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    entries = _links("Home", "Decisions", *chance.sample(("Education", "Housing", "Health"), 1))
    return Boilerplate("breadcrumb", entries, "" if links else "You are here", () if links else (sample.title,))


def _related(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    titles = [f"{prose.authority(chance)} ({prose.reference(chance)})" for _ in range(3)]
    heading = "" if links else chance.choice(("Related decisions", "Also of interest", f"Related: {titles[0]}"))
    lines = (
        () if links else (f"Statement Upheld Other {prose.short_date(chance).replace(' ', '-')}", prose.passage(chance))
    )
    return Boilerplate("related", _links(*titles, at="/decisions/education/other/"), heading, lines)


def _neighbours(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    named = chance.random() < 0.5
    entries = (
        Entry(
            f"Previous: {prose.authority(chance)} ({prose.reference(chance)})" if named else "Previous decision", "/p"
        ),
        Entry(f"Next: {prose.authority(chance)} ({prose.reference(chance)})" if named else "Next decision", "/n"),
    )
    return Boilerplate("neighbours", entries, "" if links else "More decisions", () if links else ("Page 3 of 12",))


def _contents(sample: Sample, page: int, chance: Random, links: bool) -> Boilerplate | None:
    headings = [block.text for block in sample.chapters[page] if isinstance(block, Heading)]
    if len(set(headings)) < len(headings) or not headings:
        return None
    entries = tuple(Entry(text, f"#{slug(text)}") for text in headings)
    return Boilerplate("contents", entries, "" if links else chance.choice(("Contents", "In this decision")))


def _chapter_links(sample: Sample, page: int, chance: Random, links: bool) -> Boilerplate:
    names = ("Overview", "The investigation", "Conclusions")[: len(sample.chapters)]
    entries = tuple(Entry(name, f"?chapter={number}", "chapter") for number, name in enumerate(names, 1))
    if len(entries) > 1 and chance.random() < 0.4:
        other = (page + 1) % len(entries)
        entries = (Entry(f"Next: {names[other]}", f"?chapter={other + 1}", "chapter"),)
    return Boilerplate("chapters", entries, "" if links else "Report sections")


def _cookies(_sample: Sample, _page: int, _chance: Random, links: bool) -> Boilerplate:
    entries = (
        Entry("View required cookies", "#required", "button"),
        Entry("View analytical cookies", "#analytical", "button"),
        Entry("Privacy settings", "#privacy", "button"),
    )
    lines = (
        "Required cookies",
        "These cookies enable the website to function properly. You can only disable these by changing your browser "
        "preferences, but this will affect how the website performs.",
        "Analytical cookies",
        "Google Analytics cookies help us improve the performance of the website by understanding how visitors use "
        "the site. We recommend you set these 'ON'.",
    )
    return Boilerplate("cookies", entries, "" if links else "Review your privacy settings", () if links else lines)


def _footer(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    names = chance.sample(("Privacy", "Accessibility", "Careers", "Contact us", "Freedom of information", "Sitemap"), 4)
    lines = (
        "© Local Government and Social Care Ombudsman 2026",
        "PO Box 4771, Coventry, CV4 0EH",
        "Telephone: 0300 061 0614",
    )
    return Boilerplate("footer", _links(*names), "" if links else "About this site", () if links else lines)


def _rating(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    entries = tuple(Entry(text, f"#rate-{text.lower()}", "button") for text in ("Yes", "No", "Send feedback"))
    controls = '<select name="stars"><option value="1">One star</option><option value="2">Two stars</option></select>'
    controls += '<textarea name="comment" rows="2">Tell us more</textarea>' if chance.random() < 0.5 else ""
    lines = () if links else ("Rate this page to help us improve.",)
    return Boilerplate("rating", entries, "" if links else "Was this page helpful?", lines, controls)


def _newsletter(_sample: Sample, _page: int, chance: Random, links: bool) -> Boilerplate:
    entries = (Entry("Subscribe", "#subscribe", "button"), *_links("Read past issues"))
    controls = '<input type="email" name="e" placeholder="you@example.org"><input type="submit" value="Sign up">'
    lines = () if links else (f"Over {chance.randint(2, 9)},000 readers get our weekly round-up of decisions.",)
    return Boilerplate("newsletter", entries, "" if links else "Sign up to our newsletter", lines, controls)


KINDS: Mapping[str, _Maker] = {
    "share bar": _share,
    "breadcrumb": _breadcrumb,
    "related links": _related,
    "previous and next": _neighbours,
    "contents list": _contents,
    "chapter navigation": _chapter_links,
    "cookie panel": _cookies,
    "footer": _footer,
    "rating form": _rating,
    "newsletter box": _newsletter,
}
ANYWHERE = ("contents list", "chapter navigation", "known phrase")
"""Kinds that may also be between title and closing line."""
KNOWN_PHRASES = ("Back to top", "Print this page", "LGO logogram")
