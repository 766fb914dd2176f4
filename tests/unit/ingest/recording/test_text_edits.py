"""Tests the edits between two readings of a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.recording.text_edits import find_edits, find_shown, mask_line, show_diff
from storage.model import Edit, Line

AUTHORITY = "Anytown Council"


def decision(reference: str, name: str) -> list[Line]:
    return [
        Line("header", f"{AUTHORITY} ({reference})"),
        Line("header", "Category : Housing > Allocations"),
        Line("header", "Decision : Upheld"),
        Line("header", "Decision date : 06 Oct 2025"),
        Line("heading", "The Ombudsman's final decision:"),
        Line("paragraph", f"Summary: {name} complained."),
        Line("heading", "The complaint"),
        Line("item", f"{name} complained that the Council did not answer on 3 May 2025."),
        Line("item", "The Council was at fault and has agreed to apologise."),
        Line("paragraph", "Investigator's decision on behalf of the Ombudsman"),
    ]


ONE, OTHER = decision("25 004 920", "Ms A"), decision("24 001 411a", "Mr B")


def insert(lines: list[Line], place: int, *new: Line) -> list[Line]:
    return [*lines[:place], *new, *lines[place:]]


def paragraph(text: str) -> Line:
    return Line("paragraph", text)


@pytest.mark.parametrize(
    "words", ["Share this page", "Print decision {reference}", "Printed on 7 May 2026, page 3", "{authority}: like it"]
)
def test_a_block_that_appears_is_the_same_edit_in_every_decision(words: str) -> None:
    def changed(lines: list[Line], reference: str) -> frozenset[Edit]:
        block = paragraph(words.format(reference=reference, authority=AUTHORITY))
        return find_edits(lines, insert(lines, 6, block), AUTHORITY)

    found = changed(ONE, "25 004 920")
    assert len(found) == 1
    assert {edit.kind for edit in found} == {"added"}
    assert found == changed(OTHER, "24 001 411a")


def test_a_block_that_vanishes_is_an_edit() -> None:
    assert find_edits(ONE, [line for line in ONE if line.text != "The complaint"]) == {Edit("removed", "The complaint")}


def test_notes_and_closing_lines_do_not_count_as_edits() -> None:
    note = paragraph("Ombudsman satisfied with council's response: 23 September 2025")
    assert find_edits(ONE, [*ONE, note]) == frozenset()
    final = paragraph("Investigator's final decision on behalf of the Ombudsman")
    assert find_edits(ONE, [*ONE[:-1], final]) == frozenset()


def test_header_lines_in_another_order_are_one_edit() -> None:
    def reordered(lines: list[Line]) -> list[Line]:
        return [lines[0], lines[3], lines[1], lines[2], *lines[4:]]

    assert find_edits(ONE, reordered(ONE)) == find_edits(OTHER, reordered(OTHER)) == {Edit("order", "header lines")}


def test_items_that_lose_their_list_mark_are_one_edit() -> None:
    plain = [line._replace(kind="paragraph") if line.kind == "item" else line for line in ONE]
    assert find_edits(ONE, plain) == {Edit("list marks", "")}
    with_block = insert(plain, 5, paragraph("Share"))
    assert find_edits(ONE, with_block) == {Edit("list marks", ""), Edit("added", "Share")}


def test_lines_that_are_joined_are_one_edit() -> None:
    joined = [*ONE[:7], Line("item", f"{ONE[7].text} {ONE[8].text}"), ONE[9]]
    assert find_edits(ONE, joined) == {Edit("line breaks", "")}


def test_a_list_of_headings_is_masked_as_headings() -> None:
    contents = [paragraph("On this page"), paragraph("The complaint")]
    assert find_edits(ONE, insert(ONE, 5, *contents)) == {Edit("added", "On this page"), Edit("added", "HEADING")}


def test_a_new_header_line_is_an_edit_without_its_value() -> None:
    found = [
        find_edits(ONE, insert(ONE, 3, Line("header", f"Service area : {value}"))) for value in ("Adults", "Homes")
    ]
    assert found[0] == found[1] == {Edit("added", "Service area : VALUE")}


def test_words_that_are_changed_in_a_line_are_edits_of_words() -> None:
    changed = [*ONE[:8], Line("item", "The Council was not at fault and has agreed to apologise."), ONE[9]]
    assert find_edits(ONE, changed) == {Edit("inserted words", "not")}
    upheld = [*ONE[:2], Line("header", "Decision : Not upheld"), *ONE[3:]]
    assert Edit("removed words", "Upheld") in find_edits(ONE, upheld)


def test_corrected_sums_are_different_edits() -> None:
    def corrected(before: str, after: str) -> frozenset[Edit]:
        lines = [paragraph(f"The Council will pay {words} to Ms A for the delay.") for words in (before, after)]
        return find_edits(lines[:1], lines[1:])

    assert not corrected("£100", "£200") & corrected("£300", "£500")
    assert corrected("£100", "£200 in all") & corrected("£300", "£500 in all")


def test_a_block_is_found_in_a_decision_that_was_not_stored_before() -> None:
    edits = find_edits(ONE, insert(ONE, 6, paragraph("Print decision 25 004 920")))
    assert find_shown(edits, insert(OTHER, 6, paragraph("Print decision 24 001 411a"))) == set(edits)
    assert find_shown(edits, OTHER) == set()
    order = {Edit("order", "header lines")}
    assert find_shown(order, OTHER) == set(), "an edit of the order has no block"


def test_addresses_are_masked() -> None:
    masked = mask_line("See /decisions/housing/other/25-004-920 or https://example.org/x or write to a@b.org")
    assert masked == "See ADDRESS or ADDRESS or write to ADDRESS"


def test_a_diff_is_cut() -> None:
    shown = show_diff("a\nb", "a\nc")
    assert shown.splitlines()[2:] == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    long = show_diff("\n".join(map(str, range(500))), "x")
    assert len(long.splitlines()) == 41
    assert "more lines" in long


lines = st.lists(
    st.builds(
        Line,
        st.sampled_from(["header", "heading", "paragraph", "item"]),
        st.text("ab :", min_size=1, max_size=12).filter(lambda text: bool(text.strip())),
    ),
    max_size=12,
)


@given(lines, lines)
def test_two_texts_have_no_edits_only_if_they_are_the_same(before: list[Line], after: list[Line]) -> None:
    def seen(text: list[Line]) -> list[tuple[bool, str]]:
        return [(line.kind == "item", " ".join(line.text.split())) for line in text]

    old, new = ([line._replace(text=" ".join(line.text.split())) for line in text] for text in (before, after))
    assert bool(find_edits(old, new)) == (seen(before) != seen(after))
