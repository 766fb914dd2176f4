"""Renormalise parses stored pages again with a newer parser, without the network."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from ingest.run import Backfill, Renormalise
from storage.digests import sha256_of
from storage.errors import NoDatabase
from storage.writer import writing
from support.world import World


def change(world: World, sql: str, *values: object) -> None:
    with writing(world.database) as db:
        db.execute(sql, values)


def test_renormalise_corrects_columns_and_keeps_status_and_last_seen(filled_world: World) -> None:
    columns = "reference, authority, outcome, decision_date, text, normaliser, updated_at"
    wanted = filled_world.ask(f"SELECT {columns} FROM decisions WHERE reference = '25 004 920'")
    change(
        filled_world,
        "UPDATE decisions SET authority = 'WRONG', outcome = 'WRONG', decision_date = '2001-01-01', normaliser = '0', "
        "status = 'withdrawn', last_seen = '2030-01-01T00:00:00Z' WHERE reference = '25 004 920'",
    )
    dry = filled_world.run(Renormalise(dry_run=True))
    assert dry.message.startswith("1 decision would change")
    assert filled_world.ask("SELECT authority FROM decisions WHERE reference = '25 004 920'") == ["WRONG"]
    assert filled_world.run(Renormalise()).exit_code == 0
    assert filled_world.ask("SELECT status, last_seen FROM decisions WHERE reference = '25 004 920'") == [
        ("withdrawn", "2030-01-01T00:00:00Z")
    ]
    change(
        filled_world, "UPDATE decisions SET status = 'published', last_seen = first_seen WHERE reference = '25 004 920'"
    )
    assert filled_world.ask(f"SELECT {columns} FROM decisions WHERE reference = '25 004 920'") == wanted


def test_a_text_parsed_differently_is_a_revision_dated_when_it_was_parsed(filled_world: World) -> None:
    (text,) = filled_world.ask("SELECT text FROM decisions WHERE reference = '25 004 920'")
    other = f"{text}!"
    change(filled_world, "UPDATE decisions SET text = ?, text_sha256 = ? WHERE text = ?", other, sha256_of(other), text)
    filled_world.time.at += timedelta(days=30)
    outcome = filled_world.run(Renormalise())
    assert (outcome.tally.anew, outcome.tally.amended) == (1, 0)
    assert filled_world.ask(
        "SELECT revision, change, substr(recorded_at, 1, 10) FROM revisions WHERE reference = '25 004 920'"
    ) == [(1, "first", "2026-11-02"), (2, "renormalised", "2026-12-02")]
    assert filled_world.ask("SELECT substr(updated_at, 1, 10) FROM decisions WHERE reference = '25 004 920'") == [
        "2026-12-02"
    ]


def test_a_page_that_finally_parses_is_no_longer_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.errors import NotADecision
    from ingest.lgo import page

    right = page.parse_chapters

    def refuses_one(pages: Sequence[page.Page | bytes], *, reference: str | None = None, **named: Any) -> object:
        if reference == "25 004 920":
            raise NotADecision("not yet")
        return right(pages, reference=reference, **named)

    monkeypatch.setattr("ingest.lgo.page.parse_chapters", refuses_one)
    assert world.run(Backfill()).exit_code == 10
    monkeypatch.undo()
    assert world.run(Renormalise()).tally.first == 1
    assert world.ask("SELECT count(*) FROM queue") == [0]
    assert world.ask("SELECT DISTINCT state FROM pages") == ["read"]
    assert world.run(Backfill()).state == "complete"


def test_renormalise_creates_no_database(world: World) -> None:
    with pytest.raises(NoDatabase, match="no database at"):
        world.run(Renormalise())
    assert not world.database.exists()


def test_a_damaged_page_does_not_stop_renormalise(reports_world: World) -> None:
    assert reports_world.run(Backfill()).state == "complete"
    bad = reports_world.site.listed()[3].reference
    with closing(sqlite3.connect(reports_world.database)) as db:
        db.execute("UPDATE pages SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE reference = ?", (bad,))
        db.commit()
    ran = reports_world.run(Renormalise())
    assert (ran.exit_code, ran.tally.failed, ran.tally.unchanged) == (10, 1, len(reports_world.site) - 1)
    assert bad in ran.tally.unread[0]
    assert "damaged" in ran.tally.unread[0]
