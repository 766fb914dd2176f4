"""One page that fails, or on which the parser fails, delays no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.run import Backfill, Import, Sync
from lgsco.replica.corpus import expected_text
from lgsco.replica.faults import Huge, unavailable
from lgsco.replica.script import on
from support.politeness import DAY, HOUR, PAGES
from support.world import World, holds_the_truth


@pytest.mark.parametrize("place", [0, 12])
def test_a_page_that_asks_for_a_long_wait_delays_no_other(reports_world: World, place: int) -> None:
    bad = reports_world.site.listed()[place]
    reports_world.server.faults = on(f"{bad.address}$", unavailable(3_600))
    held = []
    for _ in range(4):
        ran = reports_world.run(Backfill())
        assert ran.exit_code == 10
        held += reports_world.ask("SELECT count(*) FROM decisions")
        reports_world.time.at += DAY
    assert held[-1] == len(reports_world.site) - 1
    (error,) = reports_world.ask("SELECT error FROM queue")
    assert f"{bad.address}: the site answers 503, and the site asked for no requests before" in error
    reports_world.server.faults = None
    reports_world.time.at += 40 * DAY
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)


def test_a_long_wait_for_the_whole_site_blames_no_page(reports_world: World) -> None:
    reports_world.server.faults = on(PAGES, unavailable(3_600))
    for _ in range(5):
        assert reports_world.run(Backfill()).exit_code == 10
        reports_world.time.at += 2 * HOUR
    assert reports_world.ask("SELECT DISTINCT attempts FROM queue") == [0]
    reports_world.server.faults = None
    assert reports_world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("fault", [Huge(9), unavailable(3_600)])
def test_the_page_of_an_unlisted_decision_delays_no_sync(reports_world: World, fault: Any) -> None:
    assert reports_world.run(Backfill()).state == "complete"
    gone = [sample for sample in reports_world.site.listed() if sample.kind == "statement"][:3]
    for sample in gone:
        reports_world.site.withdraw(sample.reference)
    reports_world.server.faults = on(f"{gone[1].address}$", fault)
    for _ in range(20):
        last = reports_world.run(Sync(), listing__edge_days=1)
        reports_world.time.at += DAY + HOUR
    assert last.state == "complete" or isinstance(fault, type(unavailable()))
    left = reports_world.ask("SELECT reference FROM decisions WHERE status = 'withdrawn'")
    assert set(left) == {gone[0].reference, gone[2].reference}


@pytest.mark.parametrize("error", [TypeError("odd"), RecursionError(), ValueError("too many digits")])
def test_a_page_on_which_the_parser_fails_is_a_failure_of_that_page(
    reports_world: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.lgo import page

    bad = reports_world.site.listed()[3]
    read = page.parse_chapters

    def fails(pages: Any, *, reference: str | None = None, **named: Any) -> Any:
        if reference == bad.reference:
            raise error
        return read(pages, reference=reference, **named)

    monkeypatch.setattr(page, "parse_chapters", fails)
    ran = reports_world.run(Backfill())
    assert ran.exit_code == 10
    assert reports_world.ask("SELECT count(*) FROM decisions") == [len(reports_world.site) - 1]
    (kind,) = reports_world.ask("SELECT error_kind FROM queue")
    assert kind == "Misread"
    monkeypatch.undo()
    reports_world.time.at += DAY
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)


def test_a_document_on_which_the_parser_fails_stops_no_import(
    reports_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.tasks import documents

    read = documents.parse_document

    def fails(path: Path, **named: Any) -> Any:
        if path.name == "b.txt":
            raise RecursionError
        return read(path, **named)

    folder = tmp_path / "papers"
    folder.mkdir()
    for name, sample in zip("abc", reports_world.site.listed(), strict=False):
        (folder / f"{name}.txt").write_text(expected_text(sample), encoding="utf-8")
    monkeypatch.setattr("ingest.tasks.import_files.parse_document", fails)
    ran = reports_world.run(Import((folder,)))
    assert (ran.exit_code, ran.tally.first, ran.tally.failed) == (10, 2, 1)
