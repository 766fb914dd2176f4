"""What comes again: kept pages read by a newer reader, listings that show a decision again, windows counted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.run import Backfill, Import, Renormalise, Sync
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.faults import Respond
from lgsco.replica.markup import render
from lgsco.replica.messages import Request
from storage.errors import Busy, StoreFailed
from storage.writer import writing
from support.world import World


def change(world: World, sql: str, *values: object) -> None:
    with writing(world.database) as db:
        db.execute(sql, values)


def test_renormalising_mends_columns_and_leaves_what_the_site_showed(world: World) -> None:
    world.run(Backfill())
    wanted = world.ask("SELECT * FROM decisions WHERE reference = '25 004 920'")
    change(
        world,
        "UPDATE decisions SET authority = 'WRONG', outcome = 'WRONG', decision_date = '2001-01-01', normaliser = '0', "
        "status = 'withdrawn', last_seen = '2030-01-01T00:00:00Z' WHERE reference = '25 004 920'",
    )
    dry = world.run(Renormalise(dry_run=True))
    assert dry.message.startswith("1 decisions read otherwise")
    assert world.ask("SELECT authority FROM decisions WHERE reference = '25 004 920'") == ["WRONG"]
    assert world.run(Renormalise()).exit_code == 0
    assert world.ask("SELECT status, last_seen FROM decisions WHERE reference = '25 004 920'") == [
        ("withdrawn", "2030-01-01T00:00:00Z")
    ]
    change(world, "UPDATE decisions SET status = 'published', last_seen = first_seen WHERE reference = '25 004 920'")
    columns = "reference, authority, outcome, decision_date, text, normaliser, updated_at"
    assert world.ask(f"SELECT {columns} FROM decisions WHERE reference = '25 004 920'") == [
        (wanted[0][0], wanted[0][1], wanted[0][4], wanted[0][5], wanted[0][8], wanted[0][15], wanted[0][13])
    ]


def test_a_text_that_reads_otherwise_is_a_revision_of_the_day_it_was_read(world: World) -> None:
    world.run(Backfill())
    change(world, "UPDATE decisions SET text = text || '!', text_sha256 = 'x' WHERE reference = '25 004 920'")
    world.time.at += timedelta(days=30)
    outcome = world.run(Renormalise())
    assert (outcome.tally.anew, outcome.tally.amended) == (1, 0)
    assert world.ask(
        "SELECT revision, change, substr(recorded_at, 1, 10) FROM revisions WHERE reference = '25 004 920'"
    ) == [(1, "first", "2026-11-02"), (2, "renormalised", "2026-12-02")]
    assert world.ask("SELECT substr(updated_at, 1, 10) FROM decisions WHERE reference = '25 004 920'") == ["2026-12-02"]


def test_a_page_that_reads_at_last_is_no_failure_any_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.errors import NotADecision
    from ingest.lgo import page

    right = page.read

    def refuses_one(body: bytes, *, reference: str | None = None, charset: str | None = None) -> object:
        if reference == "25 004 920":
            raise NotADecision("not yet")
        return right(body, reference=reference, charset=charset)

    monkeypatch.setattr("ingest.lgo.page.read", refuses_one)
    assert world.run(Backfill()).exit_code == 10
    monkeypatch.undo()
    assert world.run(Renormalise()).tally.first == 1
    assert world.ask("SELECT count(*) FROM queue") == [0]
    assert world.ask("SELECT DISTINCT state FROM pages") == ["read"]
    assert world.run(Backfill()).state == "complete"


def test_renormalise_makes_no_database(world: World) -> None:
    with pytest.raises(StoreFailed, match="no such database"):
        world.run(Renormalise())
    assert not world.database.exists()


def test_a_proven_listing_says_that_a_decision_was_seen(world: World) -> None:
    world.run(Backfill())
    world.time.at += timedelta(days=30)
    assert world.run(Backfill()).state == "complete"
    assert world.ask("SELECT DISTINCT substr(last_seen, 1, 10) FROM decisions") == ["2026-12-02"]
    assert world.ask("SELECT DISTINCT substr(first_seen, 1, 10) FROM decisions") == ["2026-11-02"]


def test_what_was_short_once_does_not_stay_so_when_the_range_is_proven(world: World) -> None:
    lost = world.site.listed()[5]
    world.server.faults = lambda request: Respond(404) if request.path == lost.address else None
    assert world.run(Backfill(), listing__walk_most=10).exit_code == 10
    world.server.faults = None
    for days in (1, 3):  # the edges of the parts move with the day
        world.time.at += timedelta(days=days)
        assert world.run(Backfill(), listing__walk_most=10).state == "complete"
        assert world.ask("SELECT DISTINCT state FROM windows") == ["proven"]
        assert world.ask("SELECT sum(total) FROM windows") == [len(world.site)]


def test_syncs_of_many_days_leave_few_rows_in_the_ledger(world: World) -> None:
    world.run(Backfill())
    for _ in range(20):
        world.time.at += timedelta(days=1)
        world.run(Sync())
    assert world.ask("SELECT count(*) FROM windows")[0] <= 4


def test_an_import_gives_what_the_sites_page_leaves_out_in_either_order(world: World, tmp_path: Path) -> None:
    sample = next(s for s in seeds() if s.reference == "24 014 420")
    bare = replace(sample, bare=True) if hasattr(sample, "bare") else sample
    world.site.amend(sample.reference, bare)
    text = expected_text(sample)
    (tmp_path / "mine.txt").write_text(text, encoding="utf-8")
    world.run(Import((tmp_path / "mine.txt",)))
    world.run(Backfill())
    row = world.ask("SELECT authority, category, outcome, source FROM decisions WHERE reference = '24 014 420'")
    assert row == [(sample.authority, sample.category, sample.outcome, "site")]


def test_a_limit_is_of_decisions_fetched_and_not_of_failures(world: World) -> None:
    gone = {sample.address for sample in world.site.listed()[1:8]}
    world.server.faults = lambda request: Respond(404) if request.path in gone else None
    outcome = world.run(Backfill(limit=5))
    assert (outcome.state, outcome.exit_code) == ("limited", 0)
    assert world.ask("SELECT count(*) FROM decisions") == [5]


def test_links_to_other_decisions_chapters_fetch_nothing(world: World) -> None:
    sample = next(s for s in seeds() if s.reference == "25 004 920")
    body = world.site.handle(Request("GET", sample.address, {})).body
    related = b'<a href="/decisions/education/other/19-001-001?chapter=2">Another</a></article>'
    changed = body.replace(b"</article>", related.replace(b"Another", b""))
    world.server.faults = lambda r: Respond(200, body=changed) if r.path == sample.address else None
    world.run(Backfill())
    assert world.ask("SELECT text FROM decisions WHERE reference = '25 004 920'") == [expected_text(sample)]
    assert [target for target in world.targets() if "25-004-920" in target] == [sample.address]


def test_a_site_that_ignores_the_chapter_repeats_nothing(world: World) -> None:
    sample = next(s for s in seeds() if s.reference == "25 004 920")
    body = world.site.handle(Request("GET", sample.address, {})).body
    changed = body.replace(b"</body>", b'<a href="?chapter=2"></a></body>')
    world.server.faults = lambda r: Respond(200, body=changed) if r.path == sample.address else None
    world.run(Backfill())
    assert world.ask("SELECT text FROM decisions WHERE reference = '25 004 920'") == [expected_text(sample)]


def test_one_chapter_of_a_report_is_not_imported_as_the_whole(world: World, tmp_path: Path) -> None:
    many = generate(200, seed=5, first=date(2023, 1, 1), last=date(2025, 12, 31))
    report = next(sample for sample in many if len(sample.chapters) > 1)
    for number, body in enumerate(render(report), 1):
        (tmp_path / f"{number}.html").write_bytes(body)
    outcome = world.run(Import((tmp_path,)))
    assert outcome.exit_code == 10
    assert "one chapter of a report" in outcome.tally.unread[0]
    assert world.ask("SELECT count(*) FROM decisions") == [0]


def test_a_link_to_the_file_is_the_file(world: World, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    with writing(world.database):
        link.symlink_to(world.database)
        with pytest.raises(Busy), writing(link):
            pass
