"""Answers sent as gzip with several members: nothing is lost, and no more is read than allowed."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.corpus import expected_text, generate
from lgsco.replica.faults import Act, Acts, Answer, Respond
from lgsco.replica.messages import HTML, Request
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World

PAGES = r"/\d\d-\d{3}-\d{3}[a-z]?(\?|$)"
LISTING = "searchresults"


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Twelve decisions: two listing pages."""
    samples = generate(12, seed=5, first=date(2026, 3, 1), last=date(2026, 9, 10))
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def members(body: bytes, count: int) -> bytes:
    size = len(body) // count + 1
    return b"".join(gzip.compress(body[at : at + size]) for at in range(0, len(body), size))


@dataclass(frozen=True)
class Packed:
    """A fault: the right answer with its body compressed, sent in pieces."""

    pack: Callable[[bytes], bytes]
    pieces: int = 1
    encoding: str = "gzip"

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        packed = replace(
            right, body=self.pack(right.body), headers=(*right.headers, ("Content-Encoding", self.encoding))
        )
        yield packed.head
        size = len(packed.body) // self.pieces + 1
        for at in range(0, len(packed.body), size):
            yield packed.body[at : at + size]


def holds_the_truth(world: World) -> bool:
    return dict(world.ask("SELECT reference, text FROM decisions")) == {
        sample.reference: expected_text(sample) for sample in world.site.listed()
    }


WORDS = b"\r\n<!-- cached -->"
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "two members": lambda body: members(body, 2),
    "fifty members": lambda body: members(body, 50),
    "padding between": lambda body: gzip.compress(body[:900]) + b"\0" * 7 + gzip.compress(body[900:]) + b"\0" * 600,
    "an empty member last": lambda body: gzip.compress(body) + gzip.compress(b""),
    "words behind": lambda body: members(body, 3) + WORDS,
}


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("target", [LISTING, PAGES])
@pytest.mark.parametrize("pieces", [1, 40])
def test_all_gzip_members_of_an_answer_are_read(world: World, name: str, target: str, pieces: int) -> None:
    world.server.faults = on(target, Packed(PACKS[name], pieces, "x-gzip" if pieces == 1 else "gzip"))
    ran = world.run(Backfill())
    assert ran.state == "complete", ran.message
    assert holds_the_truth(world)


@pytest.mark.parametrize("cut", [1, 8, 30])
def test_an_answer_with_a_truncated_last_gzip_member_is_refused(world: World, cut: int) -> None:
    world.server.faults = on(PAGES, Packed(lambda body: members(body, 3)[:-cut]))
    assert world.run(Backfill(), fetch__tries=1).exit_code in (10, 11, 12)
    assert world.ask("SELECT count(*) FROM decisions") == [0]
    assert any("gzip data" in (error or "") for error in world.ask("SELECT error FROM requests"))
    world.server.faults = None
    world.time.at += timedelta(days=1)
    assert world.run(Backfill()).state == "complete"
    assert holds_the_truth(world)


def test_the_byte_cap_holds_for_all_members_together(world: World) -> None:
    there = world.site.listed()[0].address
    bomb = gzip.compress(b" " * 100_000) * 20
    world.server.faults = on(there, Respond(200, (*HTML, ("Content-Encoding", "gzip")), bomb))
    assert world.run(Backfill(), fetch__max_bytes=1_000_000).exit_code == 10
    ((error, received),) = world.ask("SELECT error, received FROM requests WHERE target = ?", there)
    assert "more than 1,000,000 bytes" in error
    assert received <= len(bomb)
    assert world.ask("SELECT count(*) FROM decisions") == [11], "the others are stored"


def test_bytes_after_the_last_member_are_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    there = world.site.listed()[0].address
    world.server.faults = on(there, Packed(PACKS["words behind"]))
    with caplog.at_level(logging.INFO, "lgsco"):
        world.run(Backfill())
    assert f"{there}: ignored {len(WORDS)} bytes after the end of its gzip data" in caplog.messages


def test_an_answer_cut_between_two_gzip_members_is_refused(world: World) -> None:
    """The members that arrived are complete; only the announced length shows that the answer is not."""

    class Broken:
        def acts(self, request: Request, answer: Answer) -> Acts:
            right = answer()
            first, second = gzip.compress(right.body[:2_000]), gzip.compress(right.body[2_000:])
            head = replace(right, body=first + second, headers=(*right.headers, ("Content-Encoding", "gzip"))).head
            yield head + first
            yield Act.CLOSE

    world.server.faults = on(PAGES, Broken())
    assert world.run(Backfill(), fetch__tries=1).exit_code in (10, 11, 12)
    assert world.ask("SELECT count(*) FROM decisions") == [0]
