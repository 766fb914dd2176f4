"""Tests the line that counts the decisions that the site no longer lists."""

from __future__ import annotations

import pytest

from ingest.reports.gone import describe_gone
from storage.status import Gone


@pytest.mark.parametrize(("never_held", "rest"), [(0, ""), (1_005, ", 1,005 never fetched")])
def test_decisions_that_are_no_longer_listed_are_counted_by_reason(never_held: int, rest: str) -> None:
    gone = Gone(unexplained=1_001, expired=1_002, withdrawn=1_003, gone=1_004, never_held=never_held)
    assert describe_gone(gone) == (
        "no longer listed: 1,002 expired by age, 1,003 withdrawn, 1,004 gone for an unknown reason, "
        f"1,001 not explained yet{rest}"
    )
