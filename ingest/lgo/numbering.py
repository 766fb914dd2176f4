"""Finds the number that each paragraph has on the page. A number is cited as a fact, so without evidence there is none.

The rules are those of the text format (docs/text-format.md). Attributes apply as they are. Lists without
attributes continue the count through the whole decision, if no list has one or if the next attribute confirms the
count. Sub-items are named after their item. If two lists without attributes are adjacent, the second may be a sub-list
of the first, so nothing after it has a number until an attribute confirms the count again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.parsing.blocks import Block, Item, List

_TYPED = re.compile(r"(\d{1,3})\. ")
_ROMANS = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_TOO_MANY = 12
"""Most lists without attributes in one run for which the only consistent reading is searched."""


@dataclass(slots=True)
class _Run:
    """Consecutive items of one top-level numbered list, starting at an attribute or without one."""

    items: list[Item]
    start: int | None
    adjoins: bool
    """Whether it follows another list with nothing between them."""
    is_ambiguous: bool = False
    """Whether that list is numbered too and has no attributes, so that this one may be a part of it."""
    step: int = 1
    """-1 if the numbers count down."""


def number_blocks(blocks: Sequence[Block], *, starts_are_attributes: bool = True) -> list[str | None]:
    """Returns one number, or None, for each block.

    `starts_are_attributes=False` is for page dumps, where printed numbers restart: if a printed number contradicts the
    count, no item has a number.
    """
    runs = _runs(blocks)
    top = _count(runs, uses_attributes=starts_are_attributes)
    if not runs:
        typed = _typed(blocks)
        if typed:
            return typed
    return _name_all(blocks, top)


def _runs(blocks: Iterable[Block]) -> list[_Run]:
    runs: list[_Run] = []
    seen: set[Item] = set()
    last: Item | None = None  # the top-level item of the block before
    for block in blocks:
        if block.item is None:
            last = None
            continue
        item = block.item if block.item.list.parent is None else block.item.outermost
        if item.list.marker == "1" and item not in seen:
            seen.add(item)
            goes_on = bool(runs) and runs[-1].items[-1].list is item.list
            if goes_on and item.value is None:
                # Items without text are on the page too, so they count.
                runs[-1].items.append(item)
            else:
                runs.append(_new_run(item, last, before=runs[-1] if runs else None))
        last = item
    return runs


def _new_run(item: Item, last: Item | None, *, before: _Run | None) -> _Run:
    of = item.list
    step = -1 if of.is_reversed else 1
    start = item.value
    if start is None and (of.start is not None or of.is_reversed):
        start = (of.start if of.start is not None else of.seen) + step * item.position
    adjoins = last is not None and last.list is not of
    is_ambiguous = adjoins and last is not None and last.list.marker == "1" and before is not None
    return _Run([item], start, adjoins, is_ambiguous and before is not None and before.start is None, step)


def _length(run: _Run) -> int:
    return run.items[-1].position - run.items[0].position + 1


def _count(runs: Sequence[_Run], *, uses_attributes: bool) -> dict[Item, int]:
    """Returns the number of each top-level numbered item that has one."""
    numbered: dict[Item, int] = {}
    attributed = any(run.start is not None for run in runs)
    reached = 0
    pending: list[_Run] = []

    def assign(run: _Run, first: int) -> int:
        for item in run.items:
            numbered[item] = first + run.step * (item.position - run.items[0].position)
        return first + run.step * (_length(run) - 1)

    for run in runs:
        if run.start is None:
            pending.append(run)
            continue
        confirmed = _confirmed(pending, run.start - 1 - reached)
        if not uses_attributes and confirmed is None:
            return {}
        for earlier in confirmed or ():
            reached = assign(earlier, reached + 1)
        pending.clear()
        reached = assign(run, run.start)
    if not attributed:
        for run in pending:
            if run.is_ambiguous:
                break
            reached = assign(run, reached + 1)
    return numbered


def _confirmed(pending: Sequence[_Run], gap: int) -> Sequence[_Run] | None:
    """Chooses the lists without attributes that fill the gap before the next attribute; None if not unique.

    A list next to another one may be its sub-list. Choices that leave out only such lists are tried first.
    """
    surplus = sum(map(_length, pending)) - gap
    if surplus == 0:
        return pending
    if surplus < 0 or len(pending) > _TOO_MANY:
        return None
    adjoining = [run for run in pending if run.adjoins]
    for candidates in (adjoining, pending):
        choices = _choices(candidates, surplus)
        if surplus in choices:
            left_out = choices[surplus]
            return None if left_out is None else [run for run in pending if run not in left_out]
    return None


def _choices(runs: Sequence[_Run], most: int) -> dict[int, list[_Run] | None]:
    """For each number of items up to `most` that some of the runs have together, return those runs.

    The value is None if more than one choice of runs has that number. The dictionary has at most one entry for each
    number of items, even if there are thousands of choices.
    """
    found: dict[int, list[_Run] | None] = {0: []}
    for run in runs:
        for items, chosen in list(found.items()):
            together = items + _length(run)
            if together <= most:
                found[together] = None if together in found or chosen is None else [*chosen, run]
    return found


def _name_all(blocks: Iterable[Block], top: dict[Item, int]) -> list[str | None]:
    names: dict[Item, str | None] = {}
    nested: dict[tuple[Item, str], int] = {}  # the count reached in an item by its nested lists of one marker
    owner: str | None = None  # the numbered item that a sibling list right after it belongs to
    owners: dict[List, str | None] = {}
    siblings: dict[str, int] = {}  # the count reached by the sibling lists of the owner, by marker
    previous: Item | None = None  # the top-level item of the block before

    def name(item: Item) -> str | None:
        nonlocal owner
        of = item.list
        parent, marker = of.parent, of.marker
        if marker == "-" or not item.shows_marker:
            if marker == "1" and parent is None:
                owner = None
                siblings.clear()
            return None
        if parent is not None:
            above = names[parent]
            reached = _ordinal(item, nested.get((parent, marker), 0))
            nested[parent, marker] = reached
            return f"{above}.{_mark(marker, reached)}" if above else None
        if marker == "1":
            number = top.get(item)
            owner = str(number) if number is not None else None
            siblings.clear()
            return owner
        if of not in owners:
            owners[of] = _sibling_owner(of, previous, owner, owners)
        if owners[of] is None:
            return None
        reached = _ordinal(item, siblings.get(marker, 0))
        siblings[marker] = reached
        return f"{owners[of]}.{_mark(marker, reached)}"

    def known(item: Item) -> str | None:
        unnamed: list[Item] = []  # and the items around it, to any depth
        at: Item | None = item
        while at is not None and at not in names:
            unnamed.append(at)
            at = at.list.parent if at.list.marker != "-" else None
        while unnamed:
            at = unnamed.pop()
            names[at] = name(at)
        return names[item]

    found: list[str | None] = []
    for block in blocks:
        if block.item is None:
            owner = previous = None
            found.append(None)
            continue
        item = block.item
        if item not in names:
            parent = item.list.parent
            names[item] = name(item) if parent is None or parent in names else known(item)
        found.append(names[item])
        previous = item if item.list.parent is None else item.outermost
    return found


def _sibling_owner(of: List, previous: Item | None, owner: str | None, owners: dict[List, str | None]) -> str | None:
    """Returns the number that names a sibling list's items; bullets get one only directly after the numbered item."""
    if previous is None or previous.list.marker == "-":
        return None
    if of.marker == "•" and previous.list.marker != "1":
        return owners.get(previous.list) if previous.list.marker == "•" else None
    return owner


def _ordinal(item: Item, reached: int) -> int:
    if item.value is not None:
        return item.value
    if item.position == 0 and item.list.start is not None:
        return item.list.start
    return reached + 1


def _mark(marker: str, ordinal: int) -> str:
    if marker == "•":
        return f"•{ordinal}"
    if marker in "aA" and 1 <= ordinal <= 26:
        return chr(ord(marker) + ordinal - 1)
    if marker in "iI" and 1 <= ordinal < 40:
        roman = ""
        for value, numeral in _ROMANS:
            while ordinal >= value:
                roman, ordinal = roman + numeral, ordinal - value
        return roman if marker == "i" else roman.upper()
    return str(ordinal)


def _typed(blocks: Sequence[Block]) -> list[str | None] | None:
    """Returns the numbers typed at the start of paragraphs, if they run from 1 without a gap."""
    found: list[str | None] = []
    expected = 1
    for block in blocks:
        typed = _TYPED.match(block.text) if block.kind == "paragraph" and block.item is None else None
        if typed is None:
            found.append(None)
            continue
        if int(typed[1]) != expected:
            return None
        found.append(str(expected))
        expected += 1
    return found if expected > 2 else None
