"""Tests the words and the JSON about template changes that wait for a decision."""

from __future__ import annotations

from typing import get_args

import pytest

from ingest.reports.template_changes import block_lines, change_json, change_lines, describe_change, diff_lines
from storage.findings import OutsideBlock
from storage.model import ChangeState, Edit
from storage.templates import ChangeRow, TemplateChange

EDITS = frozenset({Edit("removed", "Back to top"), Edit("added", "Share this page"), Edit("order", "")})
CHANGE = TemplateChange(
    id=3,
    state="template",
    since="2026-10-01T01:00:00Z",
    found_at="2026-10-01T02:00:00Z",
    changed_at="2026-10-02T03:00:00Z",
    kind="statement",
    example="25 004 901",
    decided_on="2025-10-06",
    diff="-Back to top\n+Share this page",
    edits=EDITS,
)
ROW = ChangeRow(CHANGE, waiting=1_204, new=0, amended=(), asked=0, same=0)
WHAT_TO_DO = "; see `lgsco template show 3`, then `lgsco template accept 3` or `reject`"


def test_a_change_is_described_with_its_edits_an_example_and_what_to_do() -> None:
    assert describe_change(ROW) == (
        "template change 3 (added 'Share this page', order, removed 'Back to top'; other decisions show it too): "
        f"newer versions of 1,204 decisions wait, such as 25 004 901{WHAT_TO_DO}"
    )


def test_rereads_new_decisions_and_other_amendments_are_named() -> None:
    row = ROW._replace(new=1_300, amended=("25 000 001", "25 000 002"), asked=4, same=2)
    assert describe_change(row).endswith(
        "; other decisions show it too, 2 of 4 that were reread): newer versions of 1,204 decisions wait, such as "
        "25 004 901; 1,300 new decisions are fetched and held back; other words changed too in 25 000 001, 25 000 002"
        f"{WHAT_TO_DO}"
    )


def test_one_decision_is_described_in_the_singular() -> None:
    text = describe_change(ROW._replace(waiting=1, new=1))
    assert "): a newer version of 1 decision waits, such as 25 004 901; 1 new decision is fetched and held back" in text


def test_many_edits_and_decisions_are_counted() -> None:
    edits = frozenset({Edit("added", letter) for letter in "abcde"})
    row = ROW._replace(change=CHANGE._replace(edits=edits), amended=tuple(f"25 000 00{n}" for n in range(1, 8)))
    text = describe_change(row)
    assert "(added 'a', added 'b', added 'c', and 2 more; " in text
    assert "too in 25 000 001, 25 000 002, 25 000 003, 25 000 004, 25 000 005, and 2 more;" in text


def test_every_state_of_a_change_has_words_of_its_own() -> None:
    words = {change_lines(ROW._replace(change=CHANGE._replace(state=state)))[0] for state in get_args(ChangeState)}
    assert len(words) == len(get_args(ChangeState))
    assert "template change 3: rejected: the site's template changed" in words


@pytest.mark.parametrize(("kind", "shown"), [("report", "report"), (None, "unknown")])
def test_the_lines_about_a_change_have_every_fact_and_its_diff(kind: str | None, shown: str) -> None:
    row = ROW._replace(change=CHANGE._replace(kind=kind), new=1_300, amended=("25 000 001",), asked=4, same=2)
    assert change_lines(row) == [
        "template change 3: other decisions show it too",
        f"found 2026-10-01T02:00:00Z, in decisions of kind {shown}; state since 2026-10-02T03:00:00Z",
        *("  added: Share this page", "  order: -", "  removed: Back to top"),
        "newer versions that wait: 1,204; new decisions held back: 1,300",
        "others reread: 4; with the same change: 2",
        "other words changed too: 25 000 001",
        *("template change 3, 25 004 901:", "-Back to top", "+Share this page"),
    ]


def test_the_diff_of_each_change_is_shown_below_its_example() -> None:
    other = ROW._replace(change=CHANGE._replace(id=4, example="25 004 902", diff="+more"))
    assert diff_lines([ROW, other]) == [
        *("template change 3, 25 004 901:", "-Back to top", "+Share this page"),
        *("template change 4, 25 004 902:", "+more"),
    ]


def test_the_json_of_a_change_names_every_edit_and_decision() -> None:
    row = ROW._replace(new=5, amended=("25 000 001",), asked=4, same=2)
    assert change_json(row) == {
        "change": 3,
        "state": "template",
        "found_at": "2026-10-01T02:00:00Z",
        "changed_at": "2026-10-02T03:00:00Z",
        "kind": "statement",
        "edits": [
            {"kind": "added", "words": "Share this page"},
            {"kind": "order", "words": ""},
            {"kind": "removed", "words": "Back to top"},
        ],
        "waiting": 1_204,
        "held_back": 5,
        "amended_too": ["25 000 001"],
        "reread": 4,
        "with_the_same_change": 2,
        "example": "25 004 901",
        "diff": "-Back to top\n+Share this page",
    }


def test_blocks_outside_decisions_are_listed_with_their_decisions() -> None:
    blocks = [
        OutsideBlock("h1", "Back to top", "Back to top", "25 004 901", "2026-10-01", "2026-10-02", 12_345),
        OutsideBlock("h2", "Page N of N", "Page 1 of 2", "25 004 902", "2026-10-01", "2026-10-02", 7),
    ]
    title, *lines = block_lines(blocks)
    assert title == (
        "the 2 most frequent blocks outside decisions, each with the least number of decisions with it "
        "(more in the table outside_blocks):"
    )
    assert lines == ["  12,345  Back to top", "       7  Page N of N"]
    assert block_lines(blocks[:1])[0].startswith("the 1 most frequent block outside decisions, ")
    assert block_lines([]) == []
