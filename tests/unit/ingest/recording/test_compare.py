"""Tests how a reading is compared with the stored one: the kind of change, and fields that the page leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.lgo.text_format import render
from ingest.recording.compare import Beside, First, Known, Rebuilt, Reread, Superseded, Unchanged, compare, with_card
from storage.decisions import Held, Reading, Recorded
from storage.layout import make_layout
from storage.model import Decision, Entry, Line

LINES = (
    Line("header", "Category : Housing"),
    Line("heading", "The complaint"),
    Line("paragraph", "Mr X complained about the cafe\u0301.", None, "The complaint"),
)
OTHER_LINES = (*LINES[:2], Line("paragraph", "Mr X complained about the council.", None, "The complaint"))
DECISION = Decision(
    "24 001 234", "A Council", "Housing", "Repairs", "Upheld", date(2025, 3, 4), "statement", "In short.", LINES, True
)


def read(lines: tuple[Line, ...] = LINES, source: Any = "site", again: str | None = None, **fields: Any) -> Reading:
    decision = replace(DECISION, lines=lines, **fields)
    return Reading(decision, render(decision), source, "2026-01-02T03:04:05Z", "5", again=again)


def hold(reading: Reading, **changes: Any) -> Held:
    """The stored form of a reading."""
    decision = reading.decision
    held = Held(
        *(decision.reference, decision.authority, decision.category, decision.subcategory, decision.outcome),
        *(decision.decision_date, decision.kind, decision.summary, decision.lines),
        text=reading.text,
        text_sha256=reading.text_sha256,
        source=reading.source,
        normaliser=reading.normaliser,
        layout=make_layout(decision.lines),
        import_sha256s=frozenset({reading.text_sha256} if reading.source == "import" else ()),
        import_fields={},
    )
    return replace(held, **changes)


def with_texts(*texts: str) -> tuple[Line, ...]:
    return tuple(Line("paragraph", text) for text in texts)


# ---------------------------------------------------------------- a reading of the site


def test_a_decision_that_is_not_stored_is_recorded_first() -> None:
    found = read()
    assert compare(None, found) == First(found)


@pytest.mark.parametrize("again", [None, "2026-05-06T00:00:00Z"])
def test_the_same_reading_again_is_unchanged(again: str | None) -> None:
    found = read(again=again)
    assert compare(hold(read()), found) == Unchanged(found)


def test_other_words_on_the_site_are_an_amendment() -> None:
    found = read(OTHER_LINES)
    assert compare(hold(read()), found) == Superseded(found, "amended")


def test_the_same_words_in_other_code_points_are_the_same_characters_and_no_amendment() -> None:
    found = read((*LINES[:2], Line("paragraph", "Mr X complained about the caf\u00e9.", None, "The complaint")))
    assert found.text != read().text
    assert compare(hold(read()), found) == Superseded(found, "same characters")
    assert compare(hold(found), read()) == Superseded(read(), "same characters")


def test_a_stored_page_that_a_newer_parser_reads_differently_is_renormalised() -> None:
    found = read(OTHER_LINES, again="2026-05-06T00:00:00Z")
    assert compare(hold(read()), found) == Superseded(found, "renormalised")


@pytest.mark.parametrize("lines", [LINES, OTHER_LINES], ids=["the same words", "other words"])
def test_the_site_supersedes_an_import_whatever_its_words(lines: tuple[Line, ...]) -> None:
    found = read(lines)
    assert compare(hold(read(source="import")), found) == Superseded(found, "on the site")


@pytest.mark.parametrize(
    "changes",
    [
        {"normaliser": "4"},
        {"layout": make_layout((LINES[0], Line("paragraph", "The complaint"), LINES[2]))},
        {"layout": make_layout((*LINES[:2], LINES[2]._replace(number="1")))},
        {"outcome": "Not upheld"},
        {"outcome": None},
        {"decision_date": date(2025, 3, 5)},
    ],
    ids=["an older parser", "another kind of line", "another number", "another value", "no value", "another date"],
)
def test_the_same_words_with_other_columns_are_reread(changes: dict[str, Any]) -> None:
    found = read()
    assert compare(hold(read(), **changes), found) == Reread(found)


def test_a_field_that_the_page_does_not_print_changes_nothing() -> None:
    found = read(subcategory=None, outcome=None)
    assert compare(hold(read()), found) == Unchanged(found)


# ---------------------------------------------------------------- an import


def test_an_import_with_the_text_of_the_site_or_of_an_earlier_import_is_known() -> None:
    found = read(source="import")
    assert compare(hold(read()), found) == Known(found)
    earlier = read(OTHER_LINES, source="import")
    assert compare(hold(read(), import_sha256s=frozenset({earlier.text_sha256})), earlier) == Known(earlier)


def test_an_import_in_other_code_points_is_known() -> None:
    composed = with_texts("the caf\u00e9 of Mr X")
    found = read(with_texts("the cafe\u0301 of Mr X"), source="import")
    assert compare(hold(read(composed)), found) == Known(found)


def test_an_import_with_other_words_is_stored_beside_the_site_and_replaces_an_earlier_import() -> None:
    found = read(OTHER_LINES, source="import")
    assert compare(hold(read()), found) == Beside(found)
    assert compare(hold(read(source="import")), found) == Superseded(found, "imported again")


def test_an_import_that_only_lacks_header_lines_or_has_other_line_breaks_is_known() -> None:
    for lines in [LINES[1:], (LINES[0], Line("paragraph", "The complaint Mr X complained about the caf\u00e9."))]:
        found = read(lines, source="import")
        assert compare(hold(read()), found) == Known(found), lines


def test_a_header_line_is_known_in_any_unicode_form() -> None:
    header = Line("header", "Category : Caf\u00e9s")
    stored = (header, Line("paragraph", "One line"), Line("paragraph", "of words"))
    found = read((Line("header", "Category : Cafe\u0301s"), Line("paragraph", "One line of words")), source="import")
    assert compare(hold(read(stored)), found) == Known(found)


def test_an_import_with_a_header_line_that_is_not_stored_says_more() -> None:
    found = read((Line("header", "Decision : Upheld"), *LINES), source="import")
    assert compare(hold(read()), found) == Beside(found)


def test_an_import_whose_header_line_is_stored_as_a_paragraph_says_more() -> None:
    stored = (Line("paragraph", "Decision : Upheld"), *LINES[1:])
    found = read((Line("header", "Decision : Upheld"), Line("paragraph", "Decision : Upheld"), *LINES[1:]), "import")
    assert compare(hold(read(stored)), found) == Beside(found)


@pytest.mark.parametrize("texts", [("one two",), ("one two three four",), ("two one three",)])
def test_an_import_with_fewer_more_or_moved_words_is_not_known(texts: tuple[str, ...]) -> None:
    found = read(with_texts(*texts), source="import")
    assert compare(hold(read(with_texts("one two three"))), found) == Beside(found)


# ---------------------------------------------------------------- a damaged row


def damaged(recorded: Recorded | None, source: Any = "site") -> Held:
    stored = hold(read(source=source), import_sha256s=frozenset())
    return replace(stored, text="damaged", lines=(), flaw="its digest does not match", recorded=recorded)


@pytest.mark.parametrize("source", ["site", "import"])
def test_a_damaged_row_is_rebuilt_from_the_reading_it_was_made_from(source: Any) -> None:
    found = read(source=source)
    assert compare(damaged(Recorded(source, found.text_sha256), source), found) == Rebuilt(found)
    assert compare(damaged(None, source), found) == Rebuilt(found), "without a revision, the row's own digest counts"


def test_a_damaged_row_of_the_site_is_amended_by_other_words() -> None:
    recorded = Recorded("site", read().text_sha256)
    assert compare(damaged(recorded), read(OTHER_LINES)) == Superseded(read(OTHER_LINES), "amended")
    again = read(OTHER_LINES, again="2026-05-06T00:00:00Z")
    assert compare(damaged(recorded), again) == Superseded(again, "renormalised")


@pytest.mark.parametrize("lines", [LINES, OTHER_LINES], ids=["the same words", "other words"])
def test_a_damaged_import_is_superseded_by_the_site(lines: tuple[Line, ...]) -> None:
    found = read(lines)
    assert compare(damaged(Recorded("import", read().text_sha256), "import"), found) == Superseded(found, "on the site")


def test_an_import_beside_a_damaged_row_is_known_beside_it_or_replaces_an_earlier_import() -> None:
    same, other = read(source="import"), read(OTHER_LINES, source="import")
    of_site, of_import = Recorded("site", same.text_sha256), Recorded("import", same.text_sha256)
    assert compare(damaged(of_site), same) == Known(same)
    assert compare(damaged(of_site), other) == Beside(other)
    assert compare(damaged(of_import, "import"), other) == Superseded(other, "imported again")
    imported = replace(damaged(of_site), import_sha256s=frozenset({other.text_sha256}))
    assert compare(imported, other) == Known(other)


# ---------------------------------------------------------------- fields that the page leaves out

CARD = Entry(
    *("24 001 234", "/decisions/housing/repairs/24-001-234", "Card Council", "Card outcome", "Card subcategory"),
    *(date(2025, 1, 1), "report", "Card Council (24 001 234)", "Card summary"),
)
LEFT_OUT: dict[str, Any] = dict.fromkeys(
    ("authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary")
)
IMPORTED: dict[str, Any] = {
    "authority": "Imported Council",
    "category": "Imported category",
    "subcategory": "Imported subcategory",
    "outcome": "Imported outcome",
    "decision_date": date(2025, 2, 2),
    "kind": "report",
    "summary": "Imported.",
}


def test_the_card_fills_what_the_page_leaves_out() -> None:
    filled = with_card(read(**LEFT_OUT), CARD, None)
    expected: dict[str, Any] = {
        "outcome": "Card outcome",
        "subcategory": "Card subcategory",
        "decision_date": date(2025, 1, 1),
        "kind": "report",
        "authority": None,
        "category": None,
        "summary": None,
    }
    assert filled == read(**expected)


def test_an_import_fills_what_page_and_card_leave_out() -> None:
    held = hold(read(source="import", **IMPORTED))
    assert with_card(read(**LEFT_OUT), None, held) == read(**IMPORTED)
    filled = with_card(read(**LEFT_OUT), CARD, held).decision
    assert (filled.outcome, filled.subcategory, filled.decision_date) == (
        *("Card outcome", "Card subcategory", date(2025, 1, 1)),
    )
    assert (filled.authority, filled.category, filled.summary) == (
        *("Imported Council", "Imported category", "Imported."),
    )


def test_the_values_that_the_page_prints_are_kept() -> None:
    found = read()
    assert with_card(found, CARD, hold(read(source="import", **IMPORTED))) == found
    assert with_card(found, None, None) is found


def test_a_reading_of_the_site_and_a_damaged_import_fill_nothing() -> None:
    found = read(**LEFT_OUT)
    imported = hold(read(source="import", **IMPORTED))
    assert with_card(found, None, hold(read())) == found
    assert with_card(found, None, replace(imported, flaw="its digest does not match")) == found
