"""Tests that a repair names the rows that it restores, queues or leaves."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from ingest.tasks.task_run import TaskRun
from ingest.tasks.verify import Repair, find_damages, repair_file
from storage.database import path_of
from storage.decisions import record_first
from support.rows import KEY, damage, find_url, from_document, list_decision, make_reading, store_decision


def test_a_sound_file_is_left_alone(run: TaskRun) -> None:
    store_decision(run.db)
    outcome = repair_file(Repair(), run)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert outcome.message.startswith("0 damaged parts found")


def test_a_decision_without_a_page_is_queued_to_be_fetched_again(run: TaskRun) -> None:
    store_decision(run.db)
    list_decision(run.db)
    run.db.execute("DELETE FROM queue")
    damage(run.db, "UPDATE decisions SET text = 'x'")
    outcome = repair_file(Repair(), run)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert outcome.message == (
        "1 damaged part found; 0 decisions restored, 1 queued to be fetched again; 1 damaged part remains"
    )
    assert run.db.execute("SELECT reference, url FROM queue").fetchall() == [(KEY, find_url(KEY))]


def test_a_damaged_import_names_its_document(run: TaskRun) -> None:
    record_first(run.db, [from_document(make_reading(KEY), "/srv/me/one.txt")], 1)
    damage(run.db, "UPDATE decisions SET text = 'x'")
    assert "import again: /srv/me/one.txt" in repair_file(Repair(), run).message


def test_a_wrong_index_is_rebuilt(run: TaskRun) -> None:
    store_decision(run.db)
    with closing(sqlite3.connect(path_of(run.db))) as other, other:
        other.execute("INSERT INTO decisions_fts (decisions_fts) VALUES ('delete-all')")
    assert [one.part for one in find_damages(run.db)] == ["index"]
    assert repair_file(Repair(), run).exit_code == 0
    assert find_damages(run.db) == []
