"""How much is stored beside how much the site has, in words."""

from __future__ import annotations

import pytest

from ingest.reports.claims import Claim


def describe(stored: int, total: int | None) -> str:
    at = None if total is None else "2026-11-29T16:40:12Z"
    claim = Claim(
        (),
        asked_elsewhere=False,
        unfinished=(),
        stored_in_all=stored,
        site_total=total,
        site_total_at=at,
        daemon_runs=False,
    )
    return claim.describe_share()


@pytest.mark.parametrize(
    ("stored", "total", "share"),
    [
        (167, 205, " (81.4 %)"),
        (57_479, 57_480, " (99.9 %)"),  # nothing but the whole is 100 %
        (205, 205, ""),  # which decisions the two numbers share is not known
        (280, 279, ""),
        (0, 0, ""),
    ],
)
def test_a_share_is_named_only_where_less_is_stored_than_the_site_stated(stored: int, total: int, share: str) -> None:
    told = (
        f"the archive has {stored:,} decisions of the site, which stated a total of {total:,} on 2026-11-29 16:40 UTC"
    )
    assert describe(stored, total) == told + share


def test_a_total_that_is_not_known_is_said_to_be_unknown() -> None:
    assert describe(1, None) == "the archive has 1 decision of the site, whose total is not known yet"
