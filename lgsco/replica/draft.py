"""Writes the bodies of generated decisions from a few numbers, each time they are read.

This keeps 60,000 samples small in memory, and gives the same text to a draft under two references.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lgsco.replica.prose import Prose
from lgsco.replica.sample import (
    Block,
    Chapter,
    Heading,
    Item,
    Items,
    Layout,
    Marker,
    Table,
    Typed,
)

STATUTORY = (
    (
        "We investigate complaints about ‘maladministration’ and ‘service failure’, which we call ‘fault’. We "
        "must also consider whether any fault has had an adverse impact on the person making the complaint, which"
        " we call ‘injustice’. We provide a free service, but must use public money carefully. (Local Government "
        "Act 1974, section 24A(6), as amended, section 34(B))"
    ),
    (
        "We cannot question whether a council’s decision is right or wrong simply because the complainant "
        "disagrees with it. We must consider whether there was fault in the way the decision was reached. (Local "
        "Government Act 1974, section 34(3), as amended)"
    ),
    (
        "If we are satisfied with a council’s actions or proposed actions, we can complete our investigation and "
        "issue a decision statement. (Local Government Act 1974, section 30(1B) and 34H(i), as amended)"
    ),
    (
        "We cannot investigate late complaints unless we decide there are good reasons. Late complaints are when "
        "someone takes more than 12\u00a0months to complain to us about something a council has done. (Local "
        "Government Act 1974, sections 26B and 34D, as amended)"
    ),
)
"""Paragraphs on the Ombudsman's powers. Most real decisions have them word for word."""

_PEOPLE = [f"{style} {letter}" for style in ("Mr", "Mrs", "Ms", "Miss") for letter in "ABCDFXYZ"]
_TAIL = 500
_SPLIT: tuple[tuple[Marker, bool], ...] = (
    ("•", True),
    ("•", True),
    ("•", False),
    ("a", True),
    ("a", False),
    ("1", False),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The numbers from which the text of one body is written."""

    seed: int
    size: int
    """Length of the whole text to aim at, in characters."""
    layout: Layout = "statement"
    outcome: str = "Upheld"
    joint: bool = False
    """Whether the case is investigated jointly with the Health Service Ombudsman."""
    body: str = "Council"
    """The word for the authority in the text."""

    def write(self, summary: str) -> tuple[Chapter, ...]:
        """Writes the chapters; the same for the same draft and summary."""
        return _Writer(self).write(summary)


def people(seed: int) -> list[str]:
    """Returns the two people that a draft with this seed is about."""
    return Random(seed).sample(_PEOPLE, 2)


class _Writer:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.chance = Random(draft.seed)
        names = self.chance.sample(_PEOPLE, 2)
        self.count = 0
        self.known = ["1"]
        self.prose = Prose(self.chance, [names[0], names[0], names[1]], draft.body, self.known)
        self.names = names

    def write(self, summary: str) -> tuple[Chapter, ...]:
        self.prose.written = len(summary) + 160
        if self.draft.layout == "overview":
            return self._overview(summary), self._investigation()
        if self.draft.layout == "old":
            blocks: list[Block] = [summary]
            while self.prose.written < self.draft.size:
                blocks.append(self.prose.paragraph(2, 8))
            return (tuple(blocks),)
        return (self._statement(),)

    def _statement(self) -> Chapter:
        prose, draft, rich = self.prose, self.draft, self.draft.size > 4_000
        closed = draft.outcome.startswith("Closed")
        joint = "Ombudsmen" if draft.joint else "Ombudsman"
        blocks: list[Block] = [Heading("The complaint"), self._items(self._plain(rich), self._listed(rich))]
        if rich and self.chance.random() < 0.2:
            blocks += [Heading("What I have and have not investigated"), self._items(self._plain(True))]
        powers = [text for text in STATUTORY[1:] if rich and self.chance.random() < 0.6]
        blocks += [
            Heading(f"The {joint}’s role and powers"),
            self._items(*map(self._count_item, [STATUTORY[0], *powers])),
        ]
        blocks += [Heading("How I considered this complaint"), self._items(self._listed(rich))]
        blocks.append(Heading("My assessment" if closed else "What I found"))
        while prose.written < draft.size - _TAIL:
            if rich and self.chance.random() < 0.4:
                blocks.append(Heading(prose.heading(), 3))
            blocks += self._stretch()
        if draft.outcome == "Upheld":
            action = self._count_item(
                prose.paragraph(1, 2)[:-1] + f". Within {self.chance.randint(2, 12)} weeks the {draft.body} will:"
            )
            blocks += [Heading("Agreed action"), self._items(action._replace(parts=(self._points("a", False),)))]
        return (*blocks, Heading("Final decision"), self._items(self._count_item(prose.paragraph(1, 2))))

    def _stretch(self) -> list[Block]:
        """Writes a few numbered paragraphs, sometimes followed by an unnumbered paragraph or a table."""
        limit = self.draft.size - _TAIL
        items = [self._listed() if self.chance.random() < 0.22 else self._plain()]
        more = self.chance.randint(1, 6)
        while more and self.prose.written < limit:
            items.append(self._listed() if self.chance.random() < 0.22 else self._plain())
            more -= 1
        kind = self.chance.random()
        if kind < 0.06:
            return [self._items(*items), self.prose.paragraph(1, 3)]
        return [self._items(*items), self._table()] if kind < 0.10 else [self._items(*items)]

    def _items(self, *items: Item) -> Items:
        return Items("1", items)

    def _count_item(self, text: str) -> Item:
        if text in STATUTORY:
            self.prose.written += len(text) + 3
        self.count += 1
        self.known.append(str(self.count))
        return Item(text)

    def _plain(self, rich: bool = True) -> Item:
        item = self._count_item(self.prose.paragraph(2, 6) if rich else self.prose.paragraph(1, 3))
        if self.chance.random() < 0.05:
            return item._replace(parts=(self.prose.paragraph(1, 3),))
        return item

    def _listed(self, rich: bool = True) -> Item:
        """Writes a paragraph that ends in a colon, with a list below it."""
        item = self._count_item(f"{self.prose.paragraph(1, 2)[:-1]}:")
        marker, split = self.chance.choice(_SPLIT)
        points = self._points(marker, split, 5 if rich else 2)
        behind = (self.prose.paragraph(1, 2),) if not split and self.chance.random() < 0.15 else ()
        return item._replace(parts=(points, *behind))

    def _points(self, marker: Marker, split: bool, most: int = 5) -> Items:
        items = [Item(text) for text in self.prose.points(self.chance.randint(2, most))]
        if not split and self.chance.random() < 0.1:
            below = Items("•" if marker == "1" else "1", tuple(map(Item, self.prose.points(2))))
            items[0] = items[0]._replace(parts=(below,))
        return Items(marker, tuple(items), split)

    def _table(self) -> Table:
        rows = [tuple(self.prose.points(1)[0][:-1] for _ in range(2)) for _ in range(self.chance.randint(2, 5))]
        return Table((("What was owed", "What was done"), *rows))

    def _overview(self, summary: str) -> Chapter:
        prose, body = self.prose, self.draft.body
        names = [(self.names[0], "the complainant"), (self.names[1], f"a relative of {self.names[0]}")]
        finding = "Fault found causing injustice and recommendations made."
        return (
            *(Heading("Key to names used"), Table(tuple(names)), Heading("Summary"), summary),
            *(Heading("Finding"), finding, Heading("Recommendations"), f"To remedy the injustice the {body} should:"),
            Items("•", tuple(map(Item, prose.points(self.chance.randint(2, 5))))),
            prose.paragraph(1, 2),
        )

    def _investigation(self) -> Chapter:
        """Writes the second chapter of a report, where the paragraph numbers are part of the text."""
        blocks: list[Block] = [Heading("The complaint")]
        titles = iter(("Legal and administrative background", "How we considered this complaint", "What we found"))
        while self.prose.written < self.draft.size or self.count < 8:
            if self.count % 4 == 2 and (title := next(titles, None)):
                blocks.append(Heading(title))
            self.count += 1
            blocks.append(Typed(self.count, STATUTORY[0] if self.count == 3 else self.prose.paragraph()))
            self.known.append(str(self.count))
            if self.chance.random() < 0.05:
                blocks.append(Heading(self.prose.heading(), 3))
        return (*blocks, Heading("Decision"), Typed(self.count + 1, self.prose.paragraph(1, 2)))
