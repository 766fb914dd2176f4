"""Checks law 5 of the text format: boilerplate added to a page changes nothing in the decision's text.

Each kind of boilerplate is added in each markup at each place, inside and outside the decision's element, to each
generated decision. If a decision has no closing line, or the place is directly below the header lines, the block has
only links, buttons and form controls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.pages import markups
from bench.pages.corpus import corpus
from bench.pages.judge import differ, show_counts
from bench.pages.kinds import ANYWHERE, KINDS
from bench.pages.layout import Page, Place, pages_of, slots_of, style_of, written
from bench.pages.markups import MARKUPS
from bench.pages.model import Sample, text_of
from bench.pages.readers import Outcome, Read, loaded, pool


class Spot(NamedTuple):
    """A kind of boilerplate in one markup at one place."""

    kind: str
    markup: str
    place: Place
    inside: bool

    @property
    def where(self) -> str:
        return f"{self.place}, {'inside' if self.inside else 'outside'}"


class Case(NamedTuple):
    """The pages of a decision with a block added, the requested reference, and the right text."""

    spot: Spot
    sample: Sample
    pages: tuple[bytes, ...]
    asked: str | None
    expected: str
    block: str
    """The block added to the first page that has one."""


_PLACES: tuple[tuple[Place, bool], ...] = (
    ("before title", False),
    ("before title", True),
    ("under header", True),
    ("under header", False),
    ("between", True),
    ("after end", True),
    ("after end", False),
)
_HEADED = ("nav and ul", "paragraphs", "section, buttons", "upper case, icons")
"""Markups with a heading element as heading."""


def spots() -> Iterator[Spot]:
    """Returns each kind, markup and place."""
    for kind in (*KINDS, "known phrase"):
        for markup in MARKUPS:
            for place, inside in _PLACES:
                if kind in ANYWHERE if place == "between" else kind in KINDS:
                    yield Spot(kind, markup, place, inside)


def plain_case(sample: Sample) -> Case:
    """Returns the decision's pages with nothing added."""
    pages = tuple(map(written, pages_of(sample)))
    return Case(
        Spot("nothing added", "", "before title", inside=False), sample, pages, sample.reference, text_of(sample), ""
    )


def case(spot: Spot, sample: Sample) -> Case | None:
    """Adds the block to a decision; None if its pages have no such place or the block does not fit there."""
    chance = Random(f"{spot} {sample.number}")
    pages = pages_of(sample)
    chosen = [number for number, page in enumerate(pages) if slots_of(page, spot.place, inside=spot.inside)]
    if not chosen:
        return None
    if chance.random() < 0.5:
        chosen = [chance.choice(chosen)]
    blocks = {number: _block(spot, sample, number, chance) for number in chosen}
    if any(block is None for block in blocks.values()):
        return None
    bodies = tuple(
        _with_block(page, spot, blocks[number] or "", chance) if number in blocks else written(page)
        for number, page in enumerate(pages)
    )
    return Case(spot, sample, bodies, _asked(sample, chance), text_of(sample), blocks[chosen[0]] or "")


def _block(spot: Spot, sample: Sample, page: int, chance: Random) -> str | None:
    if spot.kind == "known phrase":
        return markups.known_phrase(spot.markup, chance)
    links_only, headed = _allowed(spot, sample, page, chance)
    boilerplate = KINDS[spot.kind](sample, page, chance, links_only)
    if boilerplate is None:
        return None
    if headed:
        full = KINDS[spot.kind](sample, page, chance, False)
        boilerplate = replace(boilerplate, heading=full.heading if full else "")
    return markups.written(boilerplate, spot.markup, chance)


def _allowed(spot: Spot, sample: Sample, page: int, chance: Random) -> tuple[bool, bool]:
    """Whether the block must consist of links, and whether it then has a heading."""
    if spot.place in {"under header", "between"}:
        return True, False
    is_closed = sample.is_closed and page == len(sample.chapters) - 1
    if spot.place == "after end" and not is_closed:
        return True, spot.markup in _HEADED and chance.random() < 0.3
    return chance.random() < 0.3, False


def _with_block(page: Page, spot: Spot, block: str, chance: Random) -> bytes:
    at = chance.choice(slots_of(page, spot.place, inside=spot.inside))
    return written([*page[:at], block, *page[at:]])


def _asked(sample: Sample, chance: Random) -> str | None:
    """Returns the requested reference; None, as for an imported file, only if the title is a heading of one page."""
    is_heading = style_of(sample).title_form in {"header", "heading", "outside", "header outside"}
    return None if is_heading and len(sample.chapters) == 1 and chance.random() < 0.3 else sample.reference


def verdict(made: Case, outcome: Outcome) -> Counter[str]:
    """Counts one result."""
    if outcome.text is None:
        return Counter(pages=1, refused=1)
    difference = differ(made.expected, outcome.text)
    is_right = outcome.text == made.expected
    is_other = not is_right and not any(difference)
    return Counter(
        {
            "pages": 1,
            "right": int(is_right),
            "lost words": len(difference.lost),
            "foreign words": len(difference.foreign),
            "other lines": int(is_other),
        }
    )


@dataclass(slots=True)
class Found:
    """The counts of some spots, and the failures."""

    counts: dict[Spot, Counter[str]] = field(default_factory=dict)
    failures: list[tuple[Case, Outcome]] = field(default_factory=list)


def read_spot(spot: Spot | None, samples: Sequence[Sample], read: Read, keep: int = 2) -> Found:
    """Parses the cases of one spot, or the decisions with nothing added. Stores up to that many failures."""
    found = Found()
    for sample in samples:
        made = plain_case(sample) if spot is None else case(spot, sample)
        if made is None:
            continue
        outcome = read(made.pages, made.asked)
        found.counts.setdefault(made.spot, Counter()).update(verdict(made, outcome))
        if outcome.text != made.expected and len(found.failures) < keep:
            found.failures.append((made, outcome))
    return found


def _in_pool(spot: Spot | None, count: int, seed: int) -> Found:
    return read_spot(spot, corpus(count, seed), loaded())


COLUMNS = ("pages", "right", "refused", "lost words", "foreign words", "other lines")


def measure(checkout: Path, decisions: int, seed: int, processes: int, failures: Path | None) -> bool:
    """Measures all spots with that many decisions each, and prints the tables. Returns whether each text is right."""
    counts: dict[Spot, Counter[str]] = {}
    with pool(checkout, processes) as workers:
        every = [None, *spots()]
        founds = workers.map(_in_pool, every, [decisions] * len(every), [seed] * len(every))
        for found in founds:
            counts |= found.counts
            if failures:
                write_failures(found, failures)
    for title, key in _GROUPS.items():
        show_counts(title, COLUMNS, _grouped(counts, key))
    return all(count["right"] == count["pages"] for count in counts.values())


_GROUPS: Mapping[str, Callable[[Spot], str]] = {
    "kind": lambda spot: spot.kind,
    "markup": lambda spot: spot.markup or spot.kind,
    "place": lambda spot: spot.where if spot.markup else spot.kind,
    "all": lambda _: "all",
}


def _grouped(counts: Mapping[Spot, Counter[str]], key: Callable[[Spot], str]) -> dict[str, Counter[str]]:
    groups: dict[str, Counter[str]] = {}
    for spot, count in counts.items():
        groups.setdefault(key(spot), Counter()).update(count)
    return groups


def write_failures(found: Found, folder: Path) -> None:
    """Writes each failure's pages, its right text and the parsed text."""
    folder.mkdir(parents=True, exist_ok=True)
    for made, outcome in found.failures:
        name = "-".join((made.spot.kind, made.spot.markup, made.spot.where, str(made.sample.number)))
        name = name.replace(" ", "_").replace(",", "")
        for number, page in enumerate(made.pages, 1):
            (folder / f"{name}.{number}.html").write_bytes(page)
        (folder / f"{name}.expected.txt").write_text(made.expected, encoding="utf-8")
        (folder / f"{name}.found.txt").write_text(outcome.text or outcome.error, encoding="utf-8")
        (folder / f"{name}.block.html").write_text(made.block, encoding="utf-8")
