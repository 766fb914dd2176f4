"""Reports of several chapters: chapters are never mixed, repeated or taken from another decision."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from ingest.run import Backfill, Renormalise
from lgsco.replica.corpus import expected_text, seeds
from lgsco.replica.faults import Respond, server_error, unavailable
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.script import on
from lgsco.replica.walls import OtherAnswer, Redirect
from support.politeness import DAY
from support.world import World, holds_the_truth


def report(world: World) -> Sample:
    return next(sample for sample in world.site.listed() if len(sample.chapters) > 1)


@pytest.mark.parametrize("is_redirect", [True, False])
def test_a_chapter_page_that_repeats_chapter_1_is_not_a_chapter(reports_world: World, is_redirect: bool) -> None:
    its = report(reports_world)
    fault = Redirect(its.address) if is_redirect else OtherAnswer(reports_world.site, its.address)
    reports_world.server.faults = on(f"{its.address}.chapter=2", fault)
    ran = reports_world.run(Backfill())
    assert ran.exit_code == 10
    assert "chapter 2 repeats chapter 1" in "\n".join(ran.tally.unread)
    assert reports_world.ask("SELECT count(*) FROM decisions WHERE reference = ?", its.reference) == [0]
    reports_world.time.at += DAY
    reports_world.server.faults = None
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)


def test_chapters_of_two_versions_are_never_combined(reports_world: World) -> None:
    its = report(reports_world)
    chapter_2 = on(f"{its.address}.chapter=2", server_error())
    reports_world.server.faults = chapter_2
    assert reports_world.run(Backfill()).exit_code == 10
    reports_world.site.amend(its.reference, dataclasses.replace(its, summary=f"Amended. {its.summary}"))
    reports_world.server.faults = None
    reports_world.time.at += DAY
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)
    assert reports_world.targets().count(its.address) == 2
    assert reports_world.run(Renormalise()).exit_code == 0


def test_only_the_chapter_that_just_failed_is_fetched_again(reports_world: World) -> None:
    its = report(reports_world)
    reports_world.server.faults = on(f"{its.address}.chapter=2", unavailable(600), times=1)
    assert reports_world.run(Backfill()).state == "incomplete"
    reports_world.time.at += timedelta(minutes=11)
    assert reports_world.run(Backfill()).state == "complete"
    assert reports_world.targets().count(its.address) == 1
    assert holds_the_truth(reports_world)


def test_links_to_chapters_of_other_decisions_are_not_fetched(world: World) -> None:
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
