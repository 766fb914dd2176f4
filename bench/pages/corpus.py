"""The generated decisions: statements, joint decisions, old reports and reports with chapters."""

from __future__ import annotations

from functools import cache
from random import Random

from bench.pages import prose
from bench.pages.model import Block, Heading, Item, Kind, Listing, Marker, Note, Paragraph, Sample, Table

_KINDS: tuple[Kind, ...] = ("statement",) * 10 + ("joint",) * 3 + ("old report",) * 4 + ("chapters",) * 3
_CAPTIONS = (
    ("Category :", "Decision :", "Decision date :"),
    ("Category :", "Decision :", "Decision date :"),
    ("Category :", "Decision :", "Decision date :"),
    ("CATEGORY :", "DECISION :", "DECISION DATE :"),
    ("Category:", "Final decision:", "Date of decision:"),
)


@cache
def corpus(count: int = 400, seed: int = 1) -> tuple[Sample, ...]:
    """Generates that many decisions, the same for a seed."""
    return tuple(_sample(number, Random(f"decision {seed} {number}")) for number in range(count))


def _sample(number: int, chance: Random) -> Sample:
    kind = _KINDS[number % len(_KINDS)]
    old = kind == "old report"
    authority = "" if old and chance.random() < 0.2 else prose.authority(chance)
    reference = prose.reference(chance) + ("a" if kind == "joint" and chance.random() < 0.5 else "")
    chapters = _chapters(chance, kind, number)
    return Sample(
        number=number,
        kind=kind,
        reference=reference,
        authority=authority,
        labels=_labels(chance, required=old),
        opener=_opener(kind),
        summary=prose.passage(chance) if kind in {"statement", "joint"} else None,
        chapters=chapters,
        has_article=not (old and chance.random() < 0.5),
    )


def _opener(kind: Kind) -> str | None:
    if kind == "old report":
        return None
    if kind == "chapters":
        return "Overview:"
    return "The Ombudsman's final decision:"


def _labels(chance: Random, *, required: bool) -> tuple[tuple[str, str], ...]:
    captions = chance.choice(_CAPTIONS)
    values = (chance.choice(prose.CATEGORIES), chance.choice(prose.OUTCOMES), prose.short_date(chance))
    labels = list(zip(captions, values, strict=True))
    if not required and chance.random() < 0.1:
        return ()
    if chance.random() < 0.15:
        labels.reverse()
    if chance.random() < 0.15:
        del labels[chance.randrange(3)]
    return tuple(labels)


def _chapters(chance: Random, kind: Kind, number: int) -> tuple[tuple[Block, ...], ...]:
    if kind in {"statement", "joint"}:
        closing = prose.JOINT_CLOSING if kind == "joint" else chance.choice(prose.CLOSINGS)
        is_open = kind == "statement" and number % 40 == 0
        end = [] if is_open else [Paragraph(closing)]
        return ((*_sections(chance, chance.randint(2, 5)), *end, *_notes(chance, 0.15)),)
    if kind == "old report":
        return (_old_report(chance),)
    first = (Heading("Key to names used", 3), Paragraph("Mrs Q – the complainant"), *_summary(chance))
    pages: list[tuple[Block, ...]] = [(*first, *_sections(chance, chance.randint(0, 2)))]
    for place in range(chance.randint(1, 2)):
        typed = tuple(Paragraph(f"{step}. {prose.passage(chance)}") for step in range(1, chance.randint(2, 5)))
        name = ("The investigation", "Conclusions")[place]
        pages.append((Heading(name, 2), *typed, *_sections(chance, chance.randint(0, 2))))
    if chance.random() < 0.3:
        pages[-1] += (Paragraph(chance.choice(prose.CLOSINGS)),)
    pages[-1] += _notes(chance, 0.2)
    return tuple(pages)


def _summary(chance: Random) -> tuple[Block, ...]:
    return (Heading("Summary", 3), Paragraph(prose.passage(chance)))


def _old_report(chance: Random) -> tuple[Block, ...]:
    if chance.random() < 0.7:
        blocks = _summary(chance)
    else:
        blocks = (Paragraph(f"Summary: {prose.passage(chance)}"),)
    blocks += _sections(chance, chance.randint(1, 3))
    if chance.random() < 0.4:
        blocks += (Paragraph(chance.choice(prose.CLOSINGS)),)
    if chance.random() < 0.25:
        blocks += (Heading("Further report", 2), Paragraph(prose.passage(chance)))
        if chance.random() < 0.7:
            blocks += (Paragraph(chance.choice(prose.CLOSINGS)),)
    return blocks + _notes(chance, 0.5)


def _notes(chance: Random, share: float) -> tuple[Block, ...]:
    if chance.random() >= share:
        return ()
    texts = chance.sample(prose.NOTES, chance.choice((1, 1, 2)))
    return tuple(Note(text.format(prose.long_date(chance))) for text in texts)


def _sections(chance: Random, count: int) -> tuple[Block, ...]:
    """Generates sections that end in prose, so that no trailing link or heading belongs to the decision."""
    blocks: list[Block] = []
    for text in chance.sample(prose.HEADINGS, count):
        blocks.append(Heading(text, chance.choice((2, 2, 3, 4))))
        blocks += [_block(chance) for _ in range(chance.randint(1, 3))]
        blocks.append(Paragraph(prose.passage(chance)))
    return tuple(blocks)


def _block(chance: Random) -> Block:
    draw = chance.random()
    if draw < 0.45:
        return _listing(chance, 2, chance.choice(("number", "number", "number", "bullet")))
    if draw < 0.55:
        width = chance.randint(2, 4)
        return Table(tuple(_row(chance, width) for _ in range(chance.randint(1, 4))))
    if draw < 0.65:
        return Paragraph(chance.choice(prose.TRAPS))
    if draw < 0.75:
        text = prose.passage(chance)
        words = text.split(" ")
        return Paragraph(text, link=text if chance.random() < 0.3 else " ".join(words[1:4]))
    return Paragraph(prose.passage(chance))


def _row(chance: Random, width: int) -> tuple[str, ...]:
    first = f"£{chance.randint(1, 999)}" if chance.random() < 0.5 else prose.sentence(chance)
    rest = ("" if chance.random() < 0.15 else prose.sentence(chance) for _ in range(width - 2))
    return (first, *rest, prose.sentence(chance))


def _listing(chance: Random, depth: int, marker: Marker) -> Listing:
    items: list[Item] = []
    for _ in range(chance.randint(1, 4)):
        paragraphs = tuple(prose.passage(chance) for _ in range(chance.choice((1, 1, 1, 2))))
        inner: tuple[Listing, ...] = ()
        tail: tuple[str, ...] = ()
        if depth and chance.random() < 0.2:
            inner = (_listing(chance, depth - 1, chance.choice(("number", "letter", "bullet"))),)
            if chance.random() < 0.3:
                tail = (prose.sentence(chance),)
        items.append(Item(paragraphs, inner, tail))
    return Listing(marker, tuple(items))
