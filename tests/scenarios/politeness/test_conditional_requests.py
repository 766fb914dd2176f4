"""Pages are fetched again with validators, and an unchanged page is only marked as seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.run import Backfill, Sync
from lgsco.replica.corpus import expected_text
from lgsco.replica.faults import Acts, Answer, Fault, with_header
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from support.politeness import DAY, PAGES
from support.world import World, holds_the_truth

AGAIN = {"cadence__reread_days": 1, "cadence__walk_recent": 100, "cadence__walk_middle": 100}


def conditional(world: World, since: int) -> list[str]:
    """Returns the targets that were requested with a validator."""
    names = ("if-none-match", "if-modified-since")
    return [e.target for e in world.server.log[since:] if any(name in e.headers for name in names)]


def single(world: World) -> set[str]:
    """Returns the addresses of decisions that have one page."""
    return {sample.address for sample in world.site.listed() if len(sample.chapters) == 1}


def test_unchanged_refetched_pages_are_only_marked_as_seen(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    asked, pages = len(world.server.log), world.ask("SELECT count(*) FROM pages")[0]
    world.time.at += 2 * DAY
    outcome = world.run(Sync(), **AGAIN)
    assert outcome.state == "complete"
    spared = conditional(world, asked)
    canary = [entry.target for entry in world.server.log[asked:]][1]
    assert set(spared) | {canary} >= single(world)
    assert len(spared) == len(set(spared))
    statuses = {entry.status for entry in world.server.log[asked:] if entry.target in spared and entry.target != canary}
    assert statuses == {304}
    rows = world.ask("SELECT status, received FROM requests WHERE status = 304")
    assert rows == [(304, 0)] * len([entry for entry in world.server.log if entry.status == 304])
    now = world.time.clock().stamp()
    assert min(world.ask("SELECT last_seen FROM decisions")) >= now
    assert world.ask("SELECT count(*) FROM revisions") == [len(world.site)]
    several = len(world.site) - len(single(world))
    assert world.ask("SELECT count(*) FROM pages")[0] <= pages + 1 + 3 * several, "no page is stored twice"
    assert outcome.tally.unchanged >= len(single(world))
    assert world.ask("SELECT reference FROM queue") == []
    assert holds_the_truth(world)


def test_a_changed_page_is_stored_after_a_conditional_request(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    changed = [s for s in world.site.listed() if s.address in single(world)][3]
    world.site.amend(changed.reference, replace(changed, header_extra=("Council accepted it on 1 November 2026.",)))
    world.time.at += 2 * DAY
    assert world.run(Sync(), **AGAIN).tally.amended == 1
    assert holds_the_truth(world)


def test_a_wrong_etag_is_detected_by_the_full_fetch(world: World) -> None:
    assert world.run(Backfill()).state == "complete"
    began = world.time.at
    settings = {**AGAIN, "cadence__full_days": 5}
    world.time.at += 2 * DAY
    world.run(Sync(), **settings)
    known = set(world.ask("SELECT subject FROM checks WHERE kind = 'canary'"))
    lied = next(s for s in world.site.listed() if s.address in single(world) and s.reference not in known)
    amended = replace(lied, header_extra=("Council accepted it on 1 November 2026.",))
    world.site.amend(lied.reference, amended)

    @dataclass(frozen=True)
    class Lie:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            yield with_header(replace(right, status=304, body=b""), "ETag", request.headers["if-none-match"]).wire

    def fault(request: Request) -> Fault | None:
        return Lie() if "if-none-match" in request.headers else None

    world.server.faults = fault
    while world.time.at < began + 5 * DAY:
        assert world.run(Sync(), **settings).state == "complete"
        assert world.ask("SELECT text FROM decisions WHERE reference = ?", lied.reference) == [expected_text(lied)]
        world.time.at += DAY
    world.time.at += 2 * DAY
    assert world.run(Sync(), **settings).tally.amended == 1
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", lied.reference) == [expected_text(amended)]
    assert world.ask("SELECT change FROM revisions WHERE reference = ? ORDER BY revision", lied.reference) == [
        "first",
        "amended",
    ]


def test_last_modified_is_a_validator_too(world: World) -> None:
    changed_on = "Mon, 02 Nov 2026 10:00:00 GMT"

    @dataclass(frozen=True)
    class Dated:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = with_header(with_header(answer(), "ETag", None), "Last-Modified", changed_on)
            same = request.headers.get("if-modified-since") == changed_on
            yield (replace(right, status=304, body=b"") if same else right).wire

    world.server.faults = on(PAGES, Dated())
    assert world.run(Backfill()).state == "complete"
    asked = len(world.server.log)
    world.time.at += 2 * DAY
    assert world.run(Sync(), **AGAIN).state == "complete"
    assert len(conditional(world, asked)) >= len(single(world)) - 1
    assert {entry.headers.get("if-none-match") for entry in world.server.log} == {None}
    assert min(world.ask("SELECT last_seen FROM decisions")) >= world.time.clock().stamp()
    assert world.ask("SELECT count(*) FROM revisions") == [len(world.site)]


def test_a_first_fetch_and_a_changed_card_are_never_conditional(world: World) -> None:
    world.run(Backfill())
    moved = next(s for s in world.site.listed() if s.address in single(world))
    world.site.amend(moved.reference, replace(moved, outcome="Not upheld" if moved.outcome == "Upheld" else "Upheld"))
    world.time.at += DAY
    world.run(Sync(), cadence__walk_recent=1, cadence__walk_middle=1)
    assert conditional(world, 0) == []


def test_a_changed_card_outweighs_a_validator(world: World) -> None:
    """Its page is due to be fetched again, its card shows a change, and the site answers 304."""
    world.run(Backfill())
    stale = {s.address: dict(world.site.handle(Request("GET", s.address, {})).headers) for s in world.site.listed()}
    moved = [s for s in world.site.listed() if s.address in single(world)][3]
    decided = "Not upheld" if moved.outcome == "Upheld" else "Upheld"
    amended = replace(moved, outcome=decided, header_extra=("Council accepted it on 1 November 2026.",))
    world.site.amend(moved.reference, amended)

    @dataclass(frozen=True)
    class Stale:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = with_header(answer(), "ETag", stale[request.path]["ETag"])
            same = request.headers.get("if-none-match") == stale[request.path]["ETag"]
            yield (replace(right, status=304, body=b"") if same else right).wire

    world.server.faults = on(moved.address, Stale())
    world.time.at += 2 * DAY
    world.run(Sync(), cadence__reread_days=1, cadence__walk_recent=1, cadence__walk_middle=1, cadence__walk_old=1)
    assert world.ask("SELECT after FROM moves WHERE field = 'outcome'") == [decided]
    assert world.ask("SELECT text FROM decisions WHERE reference = ?", moved.reference) == [expected_text(amended)]
