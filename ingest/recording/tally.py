"""What a run did, counted, for its row in the database, its message and whoever watches it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger("lgsco")


class Oddity(NamedTuple):
    """Something unusual about a decision or a page of the listing."""

    subject: str
    """The reference of the decision, or the address of the page."""
    what: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.what})"


@dataclass(slots=True)
class Tally:
    """What a run did, counted. `expected` is the number of decisions it knows it has to do."""

    expected: int = 0
    held: int = 0
    """Of those, what was held when the run began."""
    requests: int = 0
    plan: str = ""
    """What the run is going to take, in a line, once that is known."""
    waiting: str = ""
    """What the run waits for now and until when, where that takes long."""
    checked: int = 0
    """Decisions that a renormalise has parsed again in its present pass."""
    fetched: int = 0
    first: int = 0
    amended: int = 0
    anew: int = 0
    """Held before, and now with other words from another source or by a newer parser."""
    unchanged: int = 0
    beside: int = 0
    unlisted: int = 0
    """Listed before, and no longer."""
    left: int = 0
    """Found to have left the site."""
    held_back: int = 0
    """Texts that were not recorded, since a template change waits for a decision."""
    set_back: int = 0
    """Decisions whose text before a template change was put back."""
    failed: int = 0
    odd: list[Oddity] = field(default_factory=list)
    """What was unusual, each thing once; it was recorded all the same."""
    new_blocks: list[str] = field(default_factory=list)
    """Kinds of blocks outside decisions that were never seen before, each with its decision."""
    knew_blocks: bool = True
    """Whether any kind was known before the run; else all are new."""
    unreadable: list[str] = field(default_factory=list)
    """Decisions whose page came again with the bytes that do not parse, by reference."""
    left_out: list[str] = field(default_factory=list)
    """Files of folders that were not read, with the reason."""
    unexamined: int = 0
    """Of them, folders and files that may hold decisions, for all that was seen."""
    unread: list[str] = field(default_factory=list)
    """What could not be fetched or parsed, a sentence each."""

    def note_odd(self, subject: str, what: str) -> None:
        """Counts something unusual, once, and reports it."""
        oddity = Oddity(subject, what)
        if oddity not in self.odd:
            self.odd.append(oddity)
            log.warning("%s: odd: %s", subject, what)

    def note_new_block(self, reference: str, example: str) -> None:
        """Counts and reports a kind of block that was never seen outside a decision before."""
        self.new_blocks.append(f"{reference}: {example!r}")
        if self.knew_blocks:
            log.info("%s: a new kind of block outside the decision: %r", reference, example)
        elif len(self.new_blocks) == 1:  # in a new archive every kind is new
            log.info("%s: the first block outside a decision: %r; `lgsco template` lists more", reference, example)

    def leave_out(self, files: Sequence[tuple[Path, str, bool]]) -> None:
        """Counts and reports files that were not read, each with the reason and whether it may hold decisions."""
        for path, why, may_hold in files:
            self.unexamined += may_hold
            name = show_path(path)
            self.left_out.append(f"{name} ({why})")
            log.warning("%s: left out: %s", name, why)

    def miss(self, name: str, error: Exception) -> None:
        """Counts something that could not be fetched or parsed."""
        self.failed += 1
        self.unread.append(f"{name}: {error}")

    def counts(self) -> dict[str, int]:
        names = (
            *("requests", "fetched", "first", "amended", "anew", "unchanged", "beside", "unlisted", "left", "failed"),
            *("held_back", "set_back"),
        )
        return {
            **{name: getattr(self, name) for name in names},
            "odd": len(self.odd),
            "new_blocks": len(self.new_blocks),
        }


Report = Callable[[Tally], None]
"""Called with the tally whenever it has changed."""


def show_path(path: Path) -> str:
    """The path as a line of text. A name may hold any bytes; what no text can hold, and controls, become U+FFFD."""
    name = os.fsencode(path).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in name)
