"""Small inputs of kinds that were once parsed wrongly, with the right text, columns, numbers and reports.

`NAME.html` or `NAME.txt` is the input, `NAME.chapter-N.html` its further chapters, `NAME.expected.txt` the right text
and `NAME.expected.json` everything else that must be right.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.lgo.page import Page, parse_chapters
from ingest.lgo.text_format import parse, render
from storage.model import Decision
from support.paths import GOLDEN

CASES = GOLDEN / "cases"
TODAY = date(2026, 11, 27)
COLUMNS = ("reference", "authority", "category", "subcategory", "outcome", "kind", "summary")
INPUTS = sorted(
    path
    for path in CASES.iterdir()
    if path.suffix in (".html", ".txt") and ".expected" not in path.name and ".chapter-" not in path.name
)


def expected_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_name(f"{path.stem}.expected.json").read_text("utf-8"))
    return found


def parse_case(path: Path) -> Decision:
    expected = expected_of(path)
    if path.suffix == ".txt":
        return parse(path.read_bytes(), unclosed="--unclosed" in expected.get("options", []), today=TODAY)
    charset = expected.get("content_type", "").partition("charset=")[2] or None
    chapters = [path, *sorted(CASES.glob(f"{path.stem}.chapter-*.html"))]
    pages = [Page(chapter.read_bytes(), charset) for chapter in chapters]
    return parse_chapters(pages, reference=expected.get("asked"), today=TODAY)


def test_every_case_has_its_files() -> None:
    assert len(INPUTS) == 42


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_case_gives_its_text(path: Path) -> None:
    assert render(parse_case(path)) == path.with_name(f"{path.stem}.expected.txt").read_text("utf-8").rstrip("\n")


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_case_gives_its_columns_and_numbers(path: Path) -> None:
    expected, decision = expected_of(path), parse_case(path)
    for column in COLUMNS:
        if column in expected:
            assert getattr(decision, column) == expected[column], column
    if "decision_date" in expected:
        assert (decision.decision_date and decision.decision_date.isoformat()) == expected["decision_date"]
    for words, number in expected.get("numbers", []):
        (found,) = [line.number for line in decision.lines if line.text.startswith(words)]
        assert found in (number if isinstance(number, list) else [number]), words


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_case_reports_oddities_related_decisions_and_left_out_blocks(path: Path) -> None:
    expected, decision = expected_of(path), parse_case(path)
    if "odd" in expected:
        assert bool(decision.odd) == expected["odd"]
    assert set(expected.get("related", ())) <= set(decision.named_with)
    left_out = [block.text for block in decision.left_out]
    for words in (*expected.get("left_out_reported", ()), *expected.get("left_out_listed", ())):
        assert any(words in text for text in left_out), words
    for words in expected.get("absent", ()):
        assert words not in render(decision)


@pytest.mark.parametrize("path", [path for path in INPUTS if path.suffix == ".html"], ids=lambda path: path.stem)
def test_text_of_a_case_parses_to_the_same_text_and_columns(path: Path) -> None:
    decision = parse_case(path)
    again = parse(render(decision), unclosed=True, today=TODAY)
    assert render(again) == render(decision)
    for column in (*(set(COLUMNS) - {"reference"}), "decision_date", "notes"):
        assert getattr(again, column) == getattr(decision, column), column
