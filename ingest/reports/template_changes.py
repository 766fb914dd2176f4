"""Describes template changes that wait for a decision: sentences, lines and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.reports.lines import name_first
from ingest.wording import agree, count_of
from storage.findings import OutsideBlock
from storage.templates import ChangeRow

NAMED_EDITS = 3
NAMED_DECISIONS = 5
"""The most edits and decisions that are named; the others are counted. The JSON names each."""

_STATES = {
    "single": "seen in one decision so far",
    "asking": "other decisions are being reread",
    "too few": "too few other decisions could be reread",
    "template": "other decisions show it too",
    "accepted": "accepted: the publisher changed the words",
    "rejected": "rejected: the site's template changed",
    "released": "no other decision shows it",
    "ended": "the site shows the stored texts again",
}


def describe_change(row: ChangeRow) -> str:
    """Describes a change in one sentence: what changed, in how many decisions, an example, and what to do."""
    change = row.change
    text = f"template change {change.id} ({name_edits(row)}; {_STATES[change.state]}"
    text += f", {row.same} of {row.asked} that were reread)" if row.asked else ")"
    versions = agree(row.waiting, "a newer version", "newer versions")
    wait = agree(row.waiting, "waits", "wait")
    text += f": {versions} of {count_of(row.waiting, 'decision')} {wait}, such as {change.example}"
    if row.new:
        text += f"; {count_of(row.new, 'new decision')} {agree(row.new, 'is', 'are')} fetched and held back"
    if row.amended:
        named = name_first(row.amended, NAMED_DECISIONS, "and {:,} more")
        text += f"; other words changed too in {', '.join(named)}"
    return f"{text}; see `lgsco template show {change.id}`, then `lgsco template accept {change.id}` or `reject`"


def name_edits(row: ChangeRow) -> str:
    """Describes the edits of a change."""
    edits = [f"{edit.kind} {edit.words!r}" if edit.words else edit.kind for edit in sorted(row.change.edits)]
    return ", ".join(name_first(edits, NAMED_EDITS, "and {:,} more"))


def diff_lines(rows: Sequence[ChangeRow]) -> list[str]:
    """Returns the example of each change, as a unified diff."""
    return [
        line
        for row in rows
        for line in (f"template change {row.change.id}, {row.change.example}:", *row.change.diff.split("\n"))
    ]


def change_lines(row: ChangeRow) -> list[str]:
    """Returns all lines about one change."""
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
    """Returns one change for programs."""
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
    """Returns a line for each kind of block outside decisions."""
    if not blocks:
        return []
    title = (
        f"the {count_of(len(blocks), 'most frequent block')} outside decisions, each with the least number of "
        "decisions with it (more in the table outside_blocks):"
    )
    return [title, *[f"{block.decisions:8,}  {block.masked}" for block in blocks]]
