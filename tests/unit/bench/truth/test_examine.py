"""Claims compared with what a site listed and what is stored."""

from __future__ import annotations

from datetime import date

import pytest

from bench.truth.examine import Examiner, Ledger
from bench.truth.grammar import Grammar
from bench.truth.model import ALL, Asked, Dates, Judge
from bench.truth.program import Ran
from bench.truth.site import Decision, Site

DAY = date(2026, 5, 4)


def examine(line: str, *, stored: int = 3, listed: int = 3, asked: Asked | None = None, code: int = 10) -> list[str]:
    """The kinds of what is wrong with a line that sync prints at second 100."""
    site = Site(lambda: 50)
    for number in range(listed):
        site.publish(Decision(100 + number, DAY))
    judge = Judge(site, frozenset(f"20 000 {100 + number}" for number in range(stored)), 100)
    examiner = Examiner(Grammar(), judge, asked or Asked(), Ledger(), 90, Dates(date(2026, 7, 1), date.max), set(), 3)
    ran = Ran(("sync",), code, f"{line}\n", "", 90, 100, requests=5, statements=9, met_its_fate=False)
    return [finding.kind for finding in examiner.examine(ran).findings]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("2026-05-01 to today: 3 of 3 listed decisions are in the archive", []),
        ("2026-05-01 to today: 4 of 4 listed decisions are in the archive", ["miscounted"]),
        ("2026-05-05 to today: 0 of 0 listed decisions are in the archive", []),
        ("complete", ["unexplained"]),
    ],
)
def test_a_claim_must_be_true_of_the_dates_it_names(line: str, wrong: list[str]) -> None:
    assert examine(line) == wrong


def test_a_full_claim_is_false_where_a_listed_decision_is_not_stored() -> None:
    assert examine("2026-05-01 to today: 3 of 3 listed decisions are in the archive", stored=2) == ["false"]


def test_what_lies_outside_is_counted_and_must_not_have_been_asked_for() -> None:
    line = "2026-05-05 to today: 0 of 0 listed decisions are in the archive. The site lists {} decisions before that"
    assert examine(line.format(3)) == []
    assert examine(line.format(2)) == ["miscounted"]
    asked = Asked([(ALL, "interrupted")])
    assert examine(f"{line.format(3)}, which were never asked for", asked=asked) == ["false"]


def test_exit_0_of_sync_is_about_interrupted_and_done_backfills_and_not_about_paused_ones() -> None:
    for state, wrong in (("interrupted", ["false exit"]), ("done", ["false exit"]), ("paused", [])):
        asked = Asked([(ALL, state)])  # type: ignore[list-item]
        assert examine("", stored=2, asked=asked, code=0) == wrong
