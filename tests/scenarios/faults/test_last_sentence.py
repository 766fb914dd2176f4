"""The last sentence that a user reads says where it happened and what to do."""

from __future__ import annotations

import re

import pytest

from ingest.run import Backfill, Sync
from support.faults import ADDRESS, TO_DO, run_with_fault
from support.world import World

SENTENCES = [
    pytest.param(mode, name, scope, id=f"{mode}-{name}-{scope}")
    for mode, name, scope in [
        *(
            ("fresh", name, scope)
            for name in ("500", "redirect loop", "huge", "another host")
            for scope in ("listing", "pages", "everything")
        ),
        *(("fresh", name, scope) for name in ("search shell", "utf-32") for scope in ("listing", "pages")),
        *(("fresh", name, "pages") for name in ("truncated, no length", "challenge", "another reference")),
        *(("fresh", name, "listing") for name in ("card dropped", "wrong total", "no total")),
        *(("held", name, "listing") for name in ("500", "search shell", "another host", "no total")),
        *(("held", name, "pages") for name in ("500", "gzip bomb", "search shell", "another host", "utf-32")),
        *(("held", name, "new pages") for name in ("500", "gzip bomb", "search shell", "another host")),
    ]
]


@pytest.mark.parametrize(("mode", "name", "scope"), SENTENCES)
def test_the_last_sentence_says_where_and_what_to_do(
    request: pytest.FixtureRequest, mode: str, name: str, scope: str
) -> None:
    world: World = request.getfixturevalue(mode)
    outcome = run_with_fault(world, Backfill() if mode == "fresh" else Sync(), name, scope)
    assert outcome.exit_code
    assert "\n" not in outcome.message
    assert re.search(ADDRESS, str(outcome)), f"no address, reference or range: {outcome}"
    assert re.search(TO_DO, outcome.message), f"nothing to do: {outcome.message}"
