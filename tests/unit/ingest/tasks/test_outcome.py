"""When a run is complete, and how its message names what is missing."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.crawling.findings import Findings
from ingest.lgo.listing_page import Unfollowed
from ingest.recording.tally import Tally
from ingest.tasks.outcome import RUN_AGAIN, Outcome, count_progress, judge, name_pending, summarise
from ingest.tasks.task_run import TaskRun
from storage import intents, ledger, queue, templates
from storage.model import Proof, Window
from support.rows import AT, DAY, KEY, OTHER, find_url, list_decision, store_decision

WINDOW = Window(DAY, DAY)


def prove(run: TaskRun, total: int) -> None:
    ledger.record_window(run.db, Proof(WINDOW, total, total, "proven", AT, AT, AT, "t=both"), 1)


def test_a_proven_window_without_a_problem_is_complete(run: TaskRun) -> None:
    list_decision(run.db)
    store_decision(run.db)
    queue.remove(run.db, [KEY])
    prove(run, 1)
    outcome = judge(run, [WINDOW], Findings())
    assert (outcome.state, outcome.exit_code, outcome.reached_the_end) == ("complete", 0, True)
    assert outcome.message == "0 new, 0 amended, 0 unchanged"
    assert str(outcome).startswith(f"{outcome.message}. ")


def test_a_decision_that_could_not_be_fetched_makes_a_run_incomplete_and_is_counted(run: TaskRun) -> None:
    list_decision(run.db)
    outcome = judge(run, [WINDOW], Findings())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert f"1 listed decision could not be fetched yet and is queued, due from {AT}" in outcome.message
    assert outcome.message.endswith(RUN_AGAIN)


def test_up_to_five_wrong_cards_of_the_listing_are_named(run: TaskRun) -> None:
    prove(run, 0)
    findings = Findings()
    for number in range(7):
        findings.unfollowed[Unfollowed(f"card {number}", "it has no link")] = "/page"
    outcome = judge(run, [WINDOW], findings)
    assert outcome.exit_code == 10
    assert "; and 2 more cards cannot be followed" in outcome.message
    assert "/page: the card 'card 4' cannot be followed" in outcome.message
    assert "card 5" not in outcome.message


def test_a_template_change_that_waits_gives_its_own_exit_code(run: TaskRun) -> None:
    outcome = Outcome("complete", 0, "done", run.tally)
    assert name_pending(run, outcome) is outcome
    number = templates.add_change(
        run.db, since=AT, at=AT, run=1, kind="statement", example=KEY, decided_on=None, diff="+ Rate this page"
    )
    templates.set_state(run.db, number, "template", AT)
    pending = name_pending(run, outcome)
    assert (pending.state, pending.exit_code) == ("template", 11)
    assert pending.message.startswith("done; template change 1")
    assert any("Rate this page" in line for line in pending.details), pending.details


def test_a_stored_decision_that_could_not_be_fetched_again_is_counted(run: TaskRun) -> None:
    prove(run, 0)
    store_decision(run.db, OTHER, day=date(2020, 1, 1))
    queue.record_failure(
        run.db, OTHER, find_url(OTHER), at=AT, next_at=AT, error_kind="Refused", error="503", gone=None
    )
    assert "1 stored decision could not be fetched again yet" in judge(run, [WINDOW], Findings()).message


def test_progress_names_the_total_if_the_site_stated_one(run: TaskRun) -> None:
    intents.record_backfill(run.db, WINDOW, AT, 1)
    before = count_progress(run, WINDOW)
    intents.record_total(run.db, 1, 37)
    assert "37" in count_progress(run, WINDOW)
    assert "37" not in before


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(first=1_200, amended=2, unchanged=3), "1,200 new, 2 amended, 3 unchanged"),
        (Tally(anew=1), "1 updated by a newer parser or another source"),
        (Tally(unlisted=1, left=2), "1 no longer listed, 2 found to have left the site"),
        (Tally(beside=1), "1 import stored beside the site's text"),
        (Tally(new_blocks=["25 000 001: 'Rate'"]), "1 new kind of block outside decisions: 25 000 001: 'Rate'"),
        (Tally(unreadable=list("abcdefg")), "7 known not to parse: a, b, c, d, e and 2 more"),
    ],
)
def test_only_what_happened_is_summarised(tally: Tally, words: str) -> None:
    assert words in summarise(tally)
    assert summarise(Tally()) == "0 new, 0 amended, 0 unchanged"


def test_blocks_of_a_new_archive_are_not_called_new() -> None:
    assert "blocks" not in summarise(Tally(new_blocks=["x"], knew_blocks=False))
