"""Defines the data types of the look-alike: a decision, and the text and numbers that a parser must find.

Imports nothing of `replica`: `corpus` makes samples, `markup` renders them as HTML, `site` publishes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, Protocol

from storage.model import DecisionKind
from storage.references import slug

Marker = Literal["1", "a", "•"]
Layout = Literal["statement", "overview", "old"]

CATEGORIES: dict[str, tuple[str, ...]] = {
    "Adult care services": (
        *("Assessment and care plan", "Charging", "Residential care", "Domiciliary care", "Safeguarding"),
        *("Direct payments", "Disabled facilities grants", "Transport", "COVID-19", "Other"),
    ),
    "Children's care services": (
        *("Child protection", "Disabled children", "Looked after children", "Fostering", "Adoption"),
        *("Friends and family carers", "COVID-19", "Other"),
    ),
    "Benefits and tax": (
        *("Council tax", "Council tax support", "Housing benefit and council tax benefit"),
        *("Local welfare payments", "COVID-19", "Other"),
    ),
    "Education": (
        *("School admissions", "Special educational needs", "School transport", "School exclusions"),
        *("Alternative provision", "COVID-19", "Other"),
    ),
    "Environment and regulation": (
        *("Noise", "Refuse and recycling", "Antisocial behaviour", "Pollution", "Licensing", "Trees"),
        *("Cemeteries and crematoria", "Drainage", "Health and safety", "Other"),
    ),
    "Housing": (
        *("Allocations", "Homelessness", "Private housing", "Managing council tenancies"),
        *("Council house repairs", "COVID-19", "Other"),
    ),
    "Transport and highways": (
        *("Parking and other penalties", "Highway repair and maintenance", "Rights of way"),
        *("Traffic management", "Street furniture and lighting", "Other"),
    ),
    "Planning": ("Planning applications", "Enforcement", "Planning advice", "Building control", "Other"),
    "Other categories": (
        *("Land", "Leisure and culture", "Councillor conduct and standards", "Employment and pensions"),
        *("Elections and electoral register", "Commercial and contracts", "COVID-19", "Other"),
    ),
    "Health": ("Mental health services", "Hospital acute services", "Community hospital services", "Other"),
}
"""The ten top categories in the order of the site's numbers (from 1), with their subcategories, as printed."""

_NOTHING = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]")
_NOT_A_SLUG = re.compile(r"[^a-z0-9]+")


class Heading(NamedTuple):
    """A heading: level 2 opens a section (which ends with ``Back to top``), level 3 a part of one."""

    text: str
    level: int = 2


class Item(NamedTuple):
    """A list item: its words, then further paragraphs and sub-lists in the order printed."""

    text: str
    parts: tuple[str | Items, ...] = ()


class Items(NamedTuple):
    """A run of items. At the top of a body, items with the marker ``1`` are numbered through the whole decision."""

    marker: Marker
    items: tuple[Item, ...]
    split: bool = False
    """For sub-items only: whether the parent's list is closed before them and reopened after. They then come last."""


class Table(NamedTuple):
    """A table, row by row."""

    rows: tuple[tuple[str, ...], ...]


class Typed(NamedTuple):
    """A paragraph with its number typed into its words, as in a report's second chapter: ``1. The Council…``."""

    number: int
    text: str


Block = Heading | Items | Table | Typed | str
"""A block of a body; a plain string is an unnumbered paragraph."""
Chapter = tuple[Block, ...]


class Source(Protocol):
    """The source of a sample's body: written out, or a draft that is written when it is read."""

    def write(self, summary: str) -> tuple[Chapter, ...]:
        """Returns the chapters: several for a report with chapters, otherwise one."""


@dataclass(frozen=True, slots=True)
class Written:
    """A body written out in full."""

    chapters: tuple[Chapter, ...]

    def write(self, summary: str) -> tuple[Chapter, ...]:
        """Returns the chapters."""
        return self.chapters


@dataclass(frozen=True, slots=True)
class Sample:
    """One decision of the look-alike site. Change one with `dataclasses.replace`."""

    reference: str
    """Printed form: ``25 004 920``."""
    authority: str
    category: str
    subcategory: str
    outcome: str
    decision_date: date
    published: date
    """First day on which the site shows it."""
    kind: DecisionKind
    summary: str
    source: Source
    layout: Layout = "statement"
    closing: str | None = "Investigator's decision on behalf of the Ombudsman"
    header: bool = True
    """Whether its page prints the category, decision and date lines. The page of the real 23 017 826 has none of them.
    """
    header_extra: tuple[str, ...] = ()
    """Further header lines, after the date: ``Ombudsman satisfied with council's response: …``."""
    bare: bool = False
    """Whether the title is only the reference, as on some old reports."""

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The body, one item for each chapter. Drafts are written again at each call."""
        return self.source.write(self.summary)

    @property
    def title(self) -> str:
        """The title line."""
        return self.reference if self.bare else f"{self.authority} ({self.reference})"

    @property
    def address(self) -> str:
        """Path of its page: ``/decisions/education/other/25-004-920``."""
        return f"/decisions/{place_slug(self.category)}/{place_slug(self.subcategory)}/{slug(self.reference)}"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The labelled lines as (label, value), if its page prints them."""
        if not self.header:
            return ()
        return (
            ("Category", f"{self.category} > {self.subcategory}"),
            ("Decision", self.outcome),
            ("Decision date", f"{self.decision_date:%d %b %Y}"),
        )

    @property
    def opening(self) -> tuple[str, ...]:
        """The lines between the header and the body."""
        if self.layout == "statement":
            return ("The Ombudsman's final decision:", f"Summary: {self.summary}")
        return ("Overview:",) if self.layout == "overview" else ()


def place_slug(name: str) -> str:
    """Converts a category to its form in addresses: ``Children's care services`` is ``children-s-care-services``."""
    return _NOT_A_SLUG.sub("-", name.lower()).strip("-")


def expected_text(sample: Sample) -> str:
    """Writes the decision in the project's text format, directly from the structure."""
    return "\n".join(text for text, _ in _lines(sample))


def expected_numbers(sample: Sample) -> list[str | None]:
    """Returns the paragraph number of each line of `expected_text`, as far as the ``article`` markup proves it."""
    return [number for _, number in _lines(sample)]


def plain(text: str) -> str:
    """Normalises white space as the text format does: single spaces, no invisible characters."""
    return " ".join(_NOTHING.sub("", text).split())


def mark(marker: Marker, place: int) -> str:
    """Returns the marker of the item at a place, counted from 1: ``3``, ``c`` or ``•3``."""
    if marker == "a":
        return chr(96 + place)
    return f"•{place}" if marker == "•" else str(place)


def _lines(sample: Sample) -> Iterator[tuple[str, str | None]]:
    yield plain(sample.title), None
    for label, value in sample.headers:
        yield plain(f"{label} : {value}"), None
    for line in (*sample.header_extra, *sample.opening):
        yield plain(line), None
    count = 0
    for chapter in sample.chapters:
        for block in chapter:
            match block:
                case Heading(text):
                    yield plain(text), None
                case Table(rows):
                    for row in rows:
                        yield " | ".join(plain(cell) for cell in row), None
                case Typed(number, text):
                    yield plain(f"{number}. {text}"), str(number)
                case Items("1", items):
                    for item in items:
                        count += 1
                        yield from _item(item, str(count))
                case Items(_, items):
                    for item in items:
                        yield from _item(item, None)
                case str():
                    yield plain(block), None
    if sample.closing is not None:
        yield plain(sample.closing), None


def _item(item: Item, number: str | None) -> Iterator[tuple[str, str | None]]:
    yield f"- {plain(item.text)}", number
    for part in item.parts:
        if isinstance(part, str):
            yield plain(part), number
        else:
            for place, child in enumerate(part.items, 1):
                yield from _item(child, number and f"{number}.{mark(part.marker, place)}")
