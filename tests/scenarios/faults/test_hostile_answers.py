"""Whatever a response contains, no other host is requested and no run crashes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import seeds
from lgsco.replica.edits import Edit, WrongType
from lgsco.replica.faults import Acts, Answer, Respond
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from lgsco.replica.walls import CHALLENGE, Redirect
from support.faults import (
    COMPLETE,
    DAY,
    DRAWN,
    EITHER,
    INCOMPLETE,
    LISTING,
    MOST,
    NAMED,
    NEW,
    OLD,
    PAGES,
    SCOPES,
    TRIES,
    TRUTH,
    Hosts,
    Stage,
    journalled,
    picture,
    require_no_harm,
    require_recovery,
)
from support.world import TODAY, Time, World

ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/decisions",
    "http://127.0.0.1@elsewhere.example/",
    "http://elsewhere.example\\@127.0.0.1/",
    "http://127.0.0.1.elsewhere.example/",
    "http://127.0.0.1:1/",
    "http://[::1]/",
    "http://[",
    "http://127.0.0.1:99999/",
    "https:elsewhere.example",
    "http:///decisions",
    "javascript:alert(1)",
    "ftp://127.0.0.1/",
    "\\\\elsewhere.example\\x",
    " https://elsewhere.example/",
    "/%0d%0aHost:%20elsewhere.example",
    "/decisions/\x7f",
    "/" + "x" * 20_000,
    "",
]


@pytest.mark.parametrize("location", ELSEWHERE, ids=range(len(ELSEWHERE)))
@pytest.mark.parametrize("scope", ["listing", "new pages"])
def test_no_redirect_causes_a_request_to_another_host_or_a_crash(
    held: World, hosts: Hosts, scope: str, location: str
) -> None:
    held.server.faults = on(SCOPES[scope], Redirect(location))
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in NAMED, outcome.message
    assert hosts == {("127.0.0.1", held.server.port)}
    assert len(journalled(held)) <= 40
    require_no_harm(held, {sample.reference for sample in OLD})


def test_links_to_other_hosts_are_never_requested(fresh: World, hosts: Hosts) -> None:
    away = "https://elsewhere.example"
    lures = (
        f'<meta http-equiv="refresh" content="0; url={away}/"><base href="{away}/">'
        f'<link rel="canonical" href="{away}/"><link rel="next" href="{away}/Decisions/SearchResults?page=2">'
        f'<img src="{away}/x.png"><script src="{away}/x.js"></script><iframe src="{away}/"></iframe>'
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Refresh", f"0; url={away}/"),
        ("Link", f"<{away}/>; rel=next"),
        ("Content-Location", f"{away}/"),
        ("Alt-Svc", 'h2="elsewhere.example:443"'),
        ("Location", f"{away}/"),
    )

    @dataclass(frozen=True)
    class Luring:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            body = right.body.replace(b"</head>", lures.encode() + b"</head>", 1)
            body = body.replace(b'href="/decisions/', f'href="{away}/decisions/'.encode())
            yield replace(right, body=body, headers=headers).wire

    fresh.server.faults = on("decisions", Luring())
    outcome = fresh.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10), (
        "cards that link to other hosts are named, not followed"
    )
    assert "its link leads to another host, elsewhere.example" in outcome.message
    require_no_harm(fresh, set())
    assert hosts == {("127.0.0.1", fresh.server.port)}


@pytest.mark.parametrize("place", ["%00", "%0a", "%0d%0aHost:%20x", "%7f", "%1b[31m", "%3fpage=2", "%23", "%20", "%5c"])
def test_no_address_of_a_card_ends_a_run(stage: Stage, held: World, place: str) -> None:
    odd = NEW[1]
    top = odd.address.split("/")[2]
    there = odd.address.replace(f"/{top}/", f"/{top}{place}/")
    held.server.faults = on(LISTING, Edit(lambda html: html.replace(odd.address, there)))
    outcome = held.run(Sync(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in EITHER
    require_no_harm(held, {sample.reference for sample in OLD})
    others = {sample.reference for sample in NEW} - {odd.reference}
    assert others <= set(held.ask("SELECT reference FROM decisions")), "one odd address stops no other decision"
    held.server.faults = None
    held.time.at += DAY
    assert held.run(Sync()).state == "complete"
    assert dict(held.ask("SELECT reference, text FROM decisions")) == TRUTH


@pytest.mark.parametrize(
    "value",
    ["br", "deflate", "gzip, gzip", "gzip", "zz\xff", ""],
    ids=["br", "deflate", "twice", "not so", "nonsense", "none"],
)
def test_a_wrong_content_encoding_is_a_failure_and_not_a_crash(stage: Stage, fresh: World, value: str) -> None:
    @dataclass(frozen=True)
    class Encoded:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            yield replace(right, headers=(*right.headers, ("Content-Encoding", value))).wire

    fresh.server.faults = on(LISTING, Encoded())
    outcome = fresh.run(Backfill(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) in (COMPLETE if not value else INCOMPLETE), outcome.message
    assert len(journalled(fresh)) <= MOST
    require_recovery(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize(
    "value", ['text/html; charset="', "text/html; charset*=zz''%ff", "text/html; charset=\xff", ";;;=", "x" * 9_000]
)
def test_an_odd_content_type_changes_no_text(fresh: World, value: str) -> None:
    fresh.server.faults = on("decisions", WrongType(value))
    assert fresh.run(Backfill()).state == "complete"
    assert dict(fresh.ask("SELECT reference, text FROM decisions")) == TRUTH


def test_a_304_without_a_stored_page_is_a_failure(stage: Stage, fresh: World) -> None:
    fresh.server.faults = on(PAGES, Respond(304))
    outcome = fresh.run(Backfill(), fetch__tries=TRIES)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert fresh.ask("SELECT reference FROM decisions") == []
    require_no_harm(fresh, set())
    require_recovery(fresh, Backfill(), stage.undisturbed)


@pytest.mark.parametrize("status", [404, 410])
def test_a_site_with_only_gone_pages_for_weeks_is_never_complete(stage: Stage, fresh: World, status: int) -> None:
    """The listing names decisions, but no page was ever seen: the site does not serve us."""
    fresh.server.faults = on(PAGES, Respond(status))
    for _ in range(16):
        outcome = fresh.run(Backfill(), fetch__tries=TRIES)
        assert (outcome.state, outcome.exit_code) in NAMED, outcome.message
        assert fresh.ask("SELECT first, last FROM windows WHERE state = 'proven'") == []
        fresh.time.at += DAY
    fresh.server.faults = None
    fresh.time.at += 40 * DAY
    assert fresh.run(Backfill()).state == "complete"
    assert picture(fresh) == stage.undisturbed


def test_a_challenge_page_with_a_number_like_a_reference_is_not_a_layout_change(tmp_path: Path, time: Time) -> None:
    """It prints `25 004 920`, and the last unparsed page in a row is the page of that decision."""
    named = next(sample for sample in seeds() if sample.reference == "25 004 920")
    assert named.reference.encode() in CHALLENGE.body
    newer = [sample for sample in DRAWN if sample.decision_date > named.decision_date][:4]
    older = [s for s in DRAWN if s.decision_date < named.decision_date and s.reference < named.reference][:7]
    with serve(Site([*newer, named, *older], today=TODAY), faults=on(PAGES, CHALLENGE)) as server:
        world = World(server.site, server, tmp_path / "lgsco.db", time, Stop())
        outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("blocked", 12), outcome.message
