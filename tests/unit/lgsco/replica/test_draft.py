"""Bodies that are written from a few numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lgsco.replica.draft import Draft, people
from lgsco.replica.sample import Heading, Items, Typed


def headings(draft: Draft) -> list[str]:
    return [block.text for chapter in draft.write("In short.") for block in chapter if isinstance(block, Heading)]


def test_a_draft_is_written_the_same_each_time_and_another_seed_differs() -> None:
    draft = Draft(seed=4, size=6_000)
    assert draft.write("In short.") == draft.write("In short.")
    assert draft.write("In short.") != replace(draft, seed=5).write("In short.")
    assert len(set(people(4))) == 2


def test_an_upheld_statement_ends_with_actions_and_a_closed_one_has_an_assessment() -> None:
    assert headings(Draft(seed=4, size=6_000))[-2:] == ["Agreed action", "Final decision"]
    closed = headings(Draft(seed=4, size=6_000, outcome="Closed after initial enquiries"))
    assert "Agreed action" not in closed
    assert "My assessment" in closed


def test_a_report_has_two_chapters_and_the_second_types_its_numbers() -> None:
    overview, investigation = Draft(seed=4, size=6_000, layout="overview").write("In short.")
    assert overview
    assert any(isinstance(block, Typed) for block in investigation), investigation


def test_an_old_report_is_one_chapter_of_plain_paragraphs() -> None:
    (chapter,) = Draft(seed=4, size=6_000, layout="old").write("In short.")
    assert chapter[0] == "In short."
    assert [block for block in chapter if not isinstance(block, str)] == []


@pytest.mark.parametrize("size", [2_000, 20_000])
def test_the_length_is_about_what_was_asked_for(size: int) -> None:
    (chapter,) = Draft(seed=4, size=size).write("In short.")
    text = " ".join(item.text for block in chapter if isinstance(block, Items) for item in block.items)
    assert size / 3 < len(text) < 2 * size
