"""Counts what a run did: for its row in the database, its message and the progress display."""

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
    """The counts of a run. `expected` is the number of decisions that it knows it must fetch or parse."""

    expected: int = 0
    held: int = 0
    """Of those, the decisions that were stored when the run began."""
    requests: int = 0
    plan: str = ""
    """The estimate of what the run takes, in one line, once it is known."""
    waiting: str = ""
    """The reason and end of a long wait."""
    checked: int = 0
    """Decisions that a renormalise has parsed again in its current pass."""
    fetched: int = 0
    first: int = 0
    amended: int = 0
    anew: int = 0
    """Stored before, and now with other words from another source or a newer parser."""
    unchanged: int = 0
    beside: int = 0
    unlisted: int = 0
    """Listed before, and no longer."""
    left: int = 0
    """Found to have left the site."""
    held_back: int = 0
    """Texts that were not recorded, because a template change waits for a decision."""
    set_back: int = 0
    """Decisions with a text from before a template change that was put back."""
    failed: int = 0
    odd: list[Oddity] = field(default_factory=list)
    """Unusual things, each once; the decisions were recorded all the same."""
    new_blocks: list[str] = field(default_factory=list)
    """Kinds of blocks outside decisions that were never seen before, each with its decision."""
    knew_blocks: bool = True
    """Whether any kind was known before the run; if not, all are new."""
    unreadable: list[str] = field(default_factory=list)
    """References of decisions with a page that was fetched again unchanged and does not parse."""
    left_out: list[str] = field(default_factory=list)
    """Files in folders that were not read, with the reason."""
    unexamined: int = 0
    """Of these, files and folders that may contain decisions, as far as was seen."""
    unread: list[str] = field(default_factory=list)
    """Pages that could not be fetched or parsed, one sentence each."""

    def note_odd(self, subject: str, what: str) -> None:
        """Counts something unusual, once, and logs it."""
        oddity = Oddity(subject, what)
        if oddity not in self.odd:
            self.odd.append(oddity)
            log.warning("%s: odd: %s", subject, what)

    def note_new_block(self, reference: str, example: str) -> None:
        """Counts and logs a kind of block that was never seen outside a decision before."""
        self.new_blocks.append(f"{reference}: {example!r}")
        if self.knew_blocks:
            log.info("%s: a new kind of block outside the decision: %r", reference, example)
        elif len(self.new_blocks) == 1:  # in a new archive every kind is new
            log.info("%s: the first block outside a decision: %r; `lgsco template` lists more", reference, example)

    def leave_out(self, files: Sequence[tuple[Path, str, bool]]) -> None:
        """Counts and logs files that were not read, each with the reason and whether it may contain decisions."""
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
"""Called with the tally after each change."""


def show_path(path: Path) -> str:
    """Returns a path as one line of text, with U+FFFD for undecodable bytes and characters that are not printable."""
    name = os.fsencode(path).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in name)
