"""Related decisions are linked when they are recorded, and never merged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench.template_play import Play
from bench.template_site import START, TemplateSite
from ingest.run import Import
from lgsco.replica.site import Site
from storage.database import reading
from storage.row_checks import check_rows
from support.command_line import Here

LINES = [
    f"The {word} paragraph says what the Council did about the matter and when it did so." for word in "abcdefghijklm"
]


def document(reference: str, lines: list[str], authority: str = "Anytown Council") -> str:
    return "\n".join(
        [
            f"{authority} ({reference})",
            *("Category : Housing > Allocations", "Decision : Upheld", "Decision date : 06 Oct 2025"),
            *("The Ombudsman's final decision:", "Summary: There was fault.", "The complaint"),
            *(f"- {line}" for line in lines),
            "Investigator's decision on behalf of the Ombudsman",
        ]
    )


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(TemplateSite(Site([], today=START.date())), tmp_path / "a.db")


def take(play: Play, *documents: str) -> None:
    """Imports documents one by one."""
    for number, text in enumerate(documents):
        path = play.database.parent / f"{play.runs}-{number}.txt"
        path.write_text(text, "utf-8")
        outcome = play.run(Import((path,)))
        assert outcome is not None
        assert outcome.exit_code == 0, outcome.message


def related(play: Play) -> list[tuple[str, str, str, float | None]]:
    return play.ask("SELECT reference, other, reason, similarity FROM related ORDER BY 1, 2, 3")


def test_joint_cases_are_linked_both_ways(play: Play) -> None:
    take(play, document("24 001 411", LINES[:3]), document("24 001 411a", LINES[5:8], "NHS Anytown"))
    assert related(play) == [
        ("24 001 411", "24 001 411a", "joint", None),
        ("24 001 411a", "24 001 411", "joint", None),
    ]


def test_the_same_text_under_two_references_is_linked_and_not_merged(play: Play) -> None:
    take(play, document("25 000 001", LINES), document("25 000 002", LINES, "Othertown Council"))
    assert related(play) == [
        ("25 000 001", "25 000 002", "same text", 1.0),
        ("25 000 002", "25 000 001", "same text", 1.0),
    ]
    assert play.ask("SELECT count(*) FROM decisions") == [(2,)]
    with reading(play.database) as db:
        assert list(check_rows(db)) == [], "the links have their digests"


def test_texts_that_differ_by_a_few_words_are_linked_with_how_alike_they_are(play: Play) -> None:
    other = [line.replace("Council", "Trust") if number == 4 else line for number, line in enumerate(LINES)]
    take(play, document("25 000 001", LINES), document("25 000 002", other), document("25 000 003", ["Another."]))
    assert [row[:3] for row in related(play)] == [
        ("25 000 001", "25 000 002", "similar text"),
        ("25 000 002", "25 000 001", "similar text"),
    ]
    assert 0.9 < related(play)[0][3] < 1  # type: ignore[operator]


def test_a_text_that_changes_loses_its_links(play: Play) -> None:
    take(play, document("25 000 001", LINES), document("25 000 002", LINES))
    assert len(related(play)) == 2
    take(play, document("25 000 002", [f"Nothing of that is {line.lower()}" for line in LINES]))
    assert related(play) == []
    take(play, document("25 000 003", LINES))
    assert {row[1] for row in related(play)} == {"25 000 001", "25 000 003"}


def test_a_citation_is_linked_in_one_direction(play: Play) -> None:
    take(
        play,
        document("25 000 001", [*LINES, "See 25 000 001a, too; it cost £22 000 000."]),
    )
    assert related(play) == []
    take(play, document("25 000 005", [*LINES[::-1], "We decided this before (22 001 234), see 25 000 005."]))
    assert ("25 000 005", "22 001 234", "cites", None) in related(play)
    assert not [row for row in related(play) if row[0] == "22 001 234"]


def test_related_decisions_are_shown(play: Play, here: Here) -> None:
    take(play, document("24 001 411", LINES), document("24 001 411a", [*LINES[:-1], "See 22 001 234."]))
    shown = here("show", "24 001 411a", "--db", play.database)
    assert "related: 22 001 234 (cites, not stored), 24 001 411 (joint), 24 001 411 (similar text, " in shown.err
    assert "related" not in shown.out


def test_a_standard_text_is_not_compared_with_thousands(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    from storage import related as storage_related

    monkeypatch.setattr(storage_related, "MOST_SHARED", 2)
    take(play, *(document(f"25 000 00{number}", LINES) for number in range(1, 6)))
    assert play.ask("SELECT max(n) FROM (SELECT count(*) AS n FROM text_sketches GROUP BY hash)") == [(2,)]
    assert {row[:2] for row in related(play)} == {("25 000 001", "25 000 002"), ("25 000 002", "25 000 001")}


def test_decisions_of_an_older_file_are_linked_by_the_next_command(play: Play) -> None:
    take(play, document("25 000 001", LINES), document("25 000 002", LINES))
    before = related(play)
    with closing(sqlite3.connect(play.database)) as db, db:
        db.execute("DELETE FROM related")
        db.execute("DELETE FROM text_sketches")
        db.execute("INSERT INTO unrelated SELECT reference FROM decisions")
    take(play, document("25 000 003", ["Another."]))
    assert related(play) == before
    assert play.ask("SELECT count(*) FROM unrelated") == [(0,)]
