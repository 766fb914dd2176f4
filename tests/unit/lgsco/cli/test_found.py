"""How `lgsco search` prints what was found. The results are made here, without a search."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lgsco.cli.found import as_json, print_csv, print_hits, print_notes
from storage.query.passages import Marks
from storage.search import Hit, Paragraph, Results

Printed = pytest.CaptureFixture[str]

HEADER = "reference,authority,decision_date,outcome,category,source_url,number,section,paragraph"
PATH = "/decisions/education/25-000-001"
URL = f"https://www.lgo.org.uk{PATH}"


def paragraph(text: str, marks: Marks = (), number: str | None = "4", anchor: str = "p4") -> Paragraph:
    return Paragraph(3, number, "The complaint", text, marks, anchor)


def hit(*paragraphs: Paragraph, summary: str | None = "In short.", flaw: str | None = None) -> Hit:
    return Hit("25 000 001", "A Council", "2025-04-01", "Upheld", "Education", summary, PATH, paragraphs, flaw)


BARE = Hit("25 000 002", None, None, None, None, None)
"""A decision of which only the reference is known."""


# ---------------------------------------------------------------- text


def test_a_decision_is_printed_with_its_words_in_brackets(capsys: Printed) -> None:
    print_hits(Results(1, (hit(paragraph("A delay, a delay.", ((2, 7), (11, 16)))),)))
    assert capsys.readouterr() == (
        "25 000 001  2025-04-01  A Council · Upheld\n    4  A [delay], a [delay].\n",
        "",
    )


def test_a_paragraph_without_a_number_is_printed_alone(capsys: Printed) -> None:
    print_hits(Results(1, (hit(paragraph("A delay.", number=None)),)))
    assert capsys.readouterr().out.splitlines()[1:] == ["    A delay."]


def test_the_summary_is_printed_only_without_paragraphs(capsys: Printed) -> None:
    print_hits(Results(2, (hit(), hit(paragraph("A delay.")))))
    assert capsys.readouterr().out.splitlines()[1::2] == ["    In short.", "    4  A delay."]


def test_unknown_facts_are_printed_as_dashes(capsys: Printed) -> None:
    print_hits(Results(1, (BARE,)))
    assert capsys.readouterr().out == "25 000 002  –           –\n"


def test_a_long_paragraph_is_cut_around_its_first_word(capsys: Printed) -> None:
    text = "before " * 100 + "delay" + " after" * 100
    print_hits(Results(1, (hit(paragraph(text, ((700, 705),))),)))
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("    4  … before ")
    assert " before [delay] after " in line
    assert line.endswith(" after …")
    assert len(line) < 350


def test_a_long_summary_is_cut(capsys: Printed) -> None:
    print_hits(Results(1, (hit(summary="short " * 100),)))
    line = capsys.readouterr().out.splitlines()[1]
    assert line.endswith("short …")
    assert len(line) < 350


def test_characters_that_control_a_terminal_are_not_printed(capsys: Printed) -> None:
    print_hits(Results(1, (hit(paragraph("A\n\x1b[2J delay", ((7, 12),))),)))
    assert capsys.readouterr().out.splitlines()[1:] == ["    4  A  [2J [delay]"]


@pytest.mark.parametrize(
    ("total", "shown", "printed"),
    [
        (1, 1, []),
        (0, 0, []),
        (1234, 0, []),  # --limit 0
        (1236, 1, ["    … and 1,235 more of 1,236 decisions; see --limit"]),
    ],
)
def test_decisions_that_are_not_shown_are_counted(capsys: Printed, total: int, shown: int, printed: list[str]) -> None:
    print_hits(Results(total, (BARE,) * shown))
    assert capsys.readouterr().out.splitlines()[shown:] == printed


# ---------------------------------------------------------------- notes


def test_a_damaged_decision_is_named_with_its_repair(capsys: Printed) -> None:
    print_notes(Results(2, (hit(flaw="its text was changed"), BARE)), "run lgsco verify")
    assert capsys.readouterr() == (
        "",
        "lgsco: 25 000 001 is damaged (its text was changed): the printed text may be wrong; run lgsco verify\n",
    )


def test_where_nothing_is_found_notes_and_another_spelling_follow(capsys: Printed) -> None:
    print_notes(Results(0, (), suggestion="delay", notes=("no outcome here is named x",), searched=1_300), "")
    assert capsys.readouterr().err.splitlines() == [
        *("none of the 1,300 stored decisions matches", "no outcome here is named x", "did you mean: delay"),
    ]


def test_an_archive_without_decisions_is_named_with_the_command_that_fetches_them(capsys: Printed) -> None:
    print_notes(Results(0, (), searched=0), "")
    printed = capsys.readouterr().err
    assert printed.startswith("the archive has no decisions to search yet; `lgsco backfill")
    assert printed.endswith("` fetches them\n")


def test_no_note_is_printed_beside_sound_decisions(capsys: Printed) -> None:
    print_notes(Results(3, (BARE,)), "run lgsco verify")
    print_notes(Results(3, ()), "run lgsco verify")  # --limit 0
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------- JSON and CSV


def test_json_has_whole_paragraphs_and_the_page_on_the_site(capsys: Printed) -> None:
    text = "delay " * 200
    results = Results(7, (hit(paragraph(text, ((0, 5),))), BARE), notes=("a note",), suggestion="delay")
    found = json.loads(json.dumps(as_json(" dealy ", results)))
    assert {name: found[name] for name in found if name != "hits"} == {
        "query": " dealy ",
        "total": 7,
        "suggestion": "delay",
        "notes": ["a note"],
    }
    first, second = found["hits"]
    assert (first["reference"], first["source_url"], second["source_url"]) == ("25 000 001", URL, None)
    assert first["paragraphs"] == [
        {
            "position": 3,
            "number": "4",
            "section": "The complaint",
            "text": text,
            "marks": [[0, 5]],
            "anchor": "p4",
        }
    ]
    assert (second["reference"], second["authority"], second["paragraphs"]) == ("25 000 002", None, [])


def test_csv_has_a_row_for_each_paragraph_or_decision_without_one(capsys: Printed) -> None:
    print_csv(Results(2, (hit(paragraph("One, two."), paragraph("Three.", number=None, anchor="line5")), BARE)))
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    facts = ["25 000 001", "A Council", "2025-04-01", "Upheld", "Education", URL]
    assert ",".join(header) == HEADER
    assert rows == [
        [*facts, "4", "The complaint", "One, two."],
        [*facts, "", "The complaint", "Three."],
        ["25 000 002", *[""] * 8],
    ]


def test_csv_has_no_cell_that_a_spreadsheet_runs(capsys: Printed) -> None:
    print_csv(Results(1, (hit(paragraph("=HYPERLINK(1)")),)))
    assert ",'=HYPERLINK(1)\r\n" in capsys.readouterr().out


def test_csv_of_nothing_is_its_header(capsys: Printed) -> None:
    print_csv(Results(0, ()))
    assert capsys.readouterr().out.splitlines() == [HEADER]
