"""Responses that are very slow or very large."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from datetime import timedelta

import pytest

from ingest.run import Backfill
from lgsco.replica.faults import Acts, Answer, Fault, GzipBomb, Huge
from lgsco.replica.messages import Request
from lgsco.replica.script import on
from support.faults import LISTING, SCOPES, TRIES, Stage, journalled, require_no_harm, require_recovery
from support.world import Time, World


@dataclass(frozen=True)
class DrippingBody:
    """A fault: the right response in pieces, with half a minute of the test's clock before each."""

    time: Time

    def acts(self, request: Request, answer: Answer) -> Acts:
        wire = answer().wire
        for start in range(0, len(wire), 2_000):
            self.time.at += timedelta(seconds=30)
            yield wire[start : start + 2_000]


@pytest.mark.parametrize(("scope", "most"), [("listing", 1 + TRIES), ("pages", 3 + 6 * TRIES)])
def test_a_dripping_body_ends_at_the_deadline(stage: Stage, fresh: World, scope: str, most: int) -> None:
    fresh.server.faults = on(SCOPES[scope], DrippingBody(fresh.time))
    outcome = fresh.run(Backfill(), fetch__tries=TRIES, fetch__deadline=100)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "within 100 s;" in outcome.message
    assert len(journalled(fresh)) <= most
    assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}
    require_no_harm(fresh, set())
    require_recovery(fresh, Backfill(), stage.undisturbed)


@dataclass
class DrippingHead:
    """A fault: the right response, its head byte by byte, with half a minute of the test's clock before each."""

    time: Time
    heads: int = 0
    """How many responses were sent completely."""

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        for byte in right.head:
            self.time.at += timedelta(seconds=30)
            yield bytes([byte])
            yield 0.05
        self.heads += 1
        yield right.body


@pytest.mark.parametrize("scope", ["listing", "pages", "everything"])
def test_a_dripping_head_ends_at_the_deadline(stage: Stage, fresh: World, scope: str) -> None:
    """Each byte arrives within the read timeout, but the deadline ends the response."""
    crawling = DrippingHead(fresh.time)
    fresh.server.faults = on(SCOPES[scope], crawling)
    outcome = fresh.run(Backfill(), fetch__tries=TRIES, fetch__deadline=100)
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "not complete within 100 s" in outcome.message
    assert crawling.heads == 0
    assert set(fresh.ask("SELECT attempts FROM queue")) <= {0}
    require_no_harm(fresh, set())
    require_recovery(fresh, Backfill(), stage.undisturbed)


def test_a_dripping_body_that_ends_before_the_deadline_is_accepted(fresh: World) -> None:
    fresh.server.faults = on(LISTING, DrippingBody(fresh.time))
    assert fresh.run(Backfill(), fetch__deadline=3_000).state == "complete"


@pytest.mark.parametrize("scope", ["listing", "pages", "everything"])
@pytest.mark.parametrize("fault", [GzipBomb(100), Huge(60), Huge(60, declared=False)], ids=["bomb", "huge", "endless"])
def test_a_response_of_any_size_takes_little_memory(fresh: World, scope: str, fault: Fault) -> None:
    cap = 1 << 20
    list(
        fault.acts(Request("HEAD", "/", {}), lambda: pytest.fail("not asked"))
    )  # the look-alike site builds the response first
    fresh.server.faults = on(SCOPES[scope], fault, times=3)
    tracemalloc.start()
    try:
        fresh.run(Backfill(), fetch__max_bytes=cap, fetch__tries=TRIES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * cap, f"{peak:,} bytes for answers of at most {cap:,}"
    assert max(fresh.ask("SELECT bytes FROM pages"), default=0) <= cap
