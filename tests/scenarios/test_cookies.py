"""Cookies that the site sets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from ingest.run import Backfill
from lgsco.replica.faults import Acts, Answer
from lgsco.replica.messages import Request
from support.world import World, holds_the_truth


@dataclass(frozen=True)
class Cookied:
    """A fault: the right response with a cookie that cannot be sent back."""

    cookie: str

    def acts(self, request: Request, answer: Answer) -> Acts:
        right = answer()
        yield dataclasses.replace(right, headers=(*right.headers, ("Set-Cookie", self.cookie))).wire


@pytest.mark.parametrize("cookie", ["a=\xe9", "a=é".encode().decode("latin-1"), "a=\x80\x9b", "\xe9=a; Path=/"])
def test_a_cookie_that_cannot_be_sent_back_is_not_stored(reports_world: World, cookie: str) -> None:
    reports_world.server.faults = lambda _request: Cookied(cookie)
    assert reports_world.run(Backfill()).state == "complete"
    assert holds_the_truth(reports_world)
