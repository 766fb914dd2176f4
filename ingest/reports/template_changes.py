"""What is said of changes of the site's template that wait for a decision: sentences, lines and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.reports.lines import name_first
from storage.findings import OutsideBlock
from storage.templates import ChangeRow

NAMED_EDITS = 3
NAMED_DECISIONS = 5
"""How many are named before the others are counted; the JSON names each."""

_STATES = {
    "single": "seen in one decision so far",
    "asking": "other decisions are still to be reread",
    "too few": "too few other decisions could be reread",
    "template": "other decisions show it too",
    "accepted": "accepted: the publisher changed the words",
    "rejected": "rejected: it is the template's",
    "released": "no other decision shows it",
    "ended": "the site shows the stored texts again",
}


def describe_change(row: ChangeRow) -> str:
    """A change in one sentence: what changed, on how many decisions, an example, and what to do."""
    change = row.change
    told = f"template change {change.id} ({name_edits(row)}; {_STATES[change.state]}"
    told += f", {row.same} of {row.asked} that were reread)" if row.asked else ")"
    told += f": newer versions of {row.waiting:,} decisions wait, such as {change.example}"
    if row.new:
        told += f"; {row.new:,} new decisions are fetched and held back"
    if row.amended:
        named = name_first(row.amended, NAMED_DECISIONS, "and {:,} more")
        told += f"; other words changed too in {', '.join(named)}"
    return f"{told}; see `lgsco template show {change.id}`, then `lgsco template accept {change.id}` or `reject`"


def name_edits(row: ChangeRow) -> str:
    """What changed, in words."""
    edits = [f"{edit.kind} {edit.words!r}" if edit.words else edit.kind for edit in sorted(row.change.edits)]
    return ", ".join(name_first(edits, NAMED_EDITS, "and {:,} more"))


def diff_lines(rows: Sequence[ChangeRow]) -> list[str]:
    """The example of each change, as a unified diff."""
    return [
        line
        for row in rows
        for line in (f"template change {row.change.id}, {row.change.example}:", *row.change.diff.split("\n"))
    ]


def change_lines(row: ChangeRow) -> list[str]:
    """One change, whole."""
    change = row.change
    return [
        f"template change {change.id}: {_STATES[change.state]}",
        f"found {change.found_at}, in decisions of kind {change.kind or 'unknown'}; state since {change.changed_at}",
        *[f"  {edit.kind}: {edit.words or '-'}" for edit in sorted(change.edits)],
        f"newer versions that wait: {row.waiting:,}; new decisions held back: {row.new:,}",
        f"others reread: {row.asked}; with the same change: {row.same}",
        *[f"other words changed too: {reference}" for reference in row.amended],
        *diff_lines([row]),
    ]


def change_json(row: ChangeRow) -> dict[str, Any]:
    """One change for programs."""
    change = row.change
    return {
        "change": change.id,
        "state": change.state,
        "found_at": change.found_at,
        "changed_at": change.changed_at,
        "kind": change.kind,
        "edits": [edit._asdict() for edit in sorted(change.edits)],
        "waiting": row.waiting,
        "held_back": row.new,
        "amended_too": list(row.amended),
        "reread": row.asked,
        "with_the_same_change": row.same,
        "example": change.example,
        "diff": change.diff,
    }


def block_lines(blocks: Sequence[OutsideBlock]) -> list[str]:
    """The kinds of blocks around decisions, a line each."""
    title = ["blocks that stand around decisions, on how many decisions' pages:"] if blocks else []
    return [*title, *[f"{block.decisions:8,}  {block.masked}" for block in blocks]]
