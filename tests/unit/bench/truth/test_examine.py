"""Claims compared with a site's listing and the stored decisions."""

from __future__ import annotations

from datetime import date

import pytest

from bench.truth.examine import Examiner
from bench.truth.findings import Ledger
from bench.truth.grammar import Grammar
from bench.truth.model import ALL, Asked, Dates, Judge
from bench.truth.program import Ran
from bench.truth.site import Decision, Site

DAY = date(2026, 5, 4)


def examine(text: str, *, stored: int = 3, listed: int = 3, asked: Asked | None = None, code: int = 10) -> list[str]:
    """Returns the kinds of findings in lines that sync prints at second 100."""
    site = Site(lambda: 50)
    for number in range(listed):
        site.publish(Decision(100 + number, DAY))
    judge = Judge(site, frozenset(f"20 000 {100 + number}" for number in range(stored)), 100)
    examiner = Examiner(
        *(Grammar(), judge, asked or Asked(), Ledger(), 90, Dates(date(2026, 7, 1), date.max), set()),
        daemon_lives=False,
        walk_days=3,
    )
    ran = Ran(("sync",), code, f"{text}\n", "", 90, 100, requests=5, statements=9, met_its_fate=False)
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


def test_decisions_outside_are_counted_and_must_not_have_been_asked_for() -> None:
    line = "2026-05-05 to today: 0 of 0 listed decisions are in the archive. The site lists {} decisions before that"
    assert examine(line.format(3)) == []
    assert examine(line.format(2)) == ["miscounted"]
    asked = Asked([(ALL, "interrupted")])
    assert examine(f"{line.format(3)}, on dates not asked for", asked=asked) == ["false"]


def test_exit_0_of_sync_covers_interrupted_and_done_backfills_but_not_paused_ones() -> None:
    for state, wrong in (("interrupted", ["false exit"]), ("done", ["false exit"]), ("paused", [])):
        asked = Asked([(ALL, state)])  # type: ignore[list-item]
        assert examine("", stored=2, asked=asked, code=0) == wrong


BY = "This follows from its total of 3 decisions, stated at 1970-01-01 00:01 UTC."
FULL = "2026-05-01 to today: 3 of 3 listed decisions are in the archive"


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ((FULL, "The site lists 0 decisions before that"), []),
        ((FULL, "The site lists 1 decision before that"), ["miscounted"]),
        ((FULL, "The site lists 0 decisions before that", BY), []),
        ((FULL, "The site lists 1 decision before that", BY), ["miscounted"]),
        ((FULL, "The site lists 4 decisions before that", BY.replace("3", "7")), ["miscounted"]),
        (("The site lists 0 decisions before that",), ["unexplained"]),
        ((FULL, "last runs:", "The site lists 0 decisions before that"), ["unexplained"]),
    ],
)
def test_a_number_outside_refers_to_the_claims_directly_before_it(lines: tuple[str, ...], wrong: list[str]) -> None:
    assert examine("\n".join(lines)) == wrong


def test_a_total_must_have_been_stated_in_the_minute_that_is_named() -> None:
    assert examine("The site's total is 3 decisions, stated at 1970-01-01 00:01 UTC") == []
    assert examine("The site's total is 4 decisions, stated at 1970-01-01 00:01 UTC") == ["miscounted"]


def test_claim_of_more_decisions_than_exist_is_wrong() -> None:
    assert examine("2026-05-01 to today was interrupted, 4 of 3 fetched", stored=4) == ["miscounted"]
    assert examine("2026-05-01 to today was interrupted, 4 of 5 fetched", stored=3) == ["miscounted"]


def test_daemon_that_does_not_run_finishes_nothing() -> None:
    assert examine("2026-05-01 to today was interrupted, 2 of 3 fetched: the daemon continues it.") == ["false"]
