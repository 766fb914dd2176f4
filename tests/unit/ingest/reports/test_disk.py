"""Tests what the status report says of the disk: the sizes, the free space, and a log that a reader pins."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.reports.claims import make_claim
from ingest.reports.disk import Disk, report_disk
from ingest.reports.estimate import DECISION_BYTES
from storage.checkpoint import LogState
from support.claims import claim_rows

TODAY = date(2026, 11, 1)
LOG = LogState(Path("kept.db-wal"), 12_000_000, 256_000_000)
CLAIM = make_claim(claim_rows(), daemon_runs=False, today=TODAY)


@pytest.mark.parametrize(("free", "lacks"), [(100 * DECISION_BYTES, False), (100 * DECISION_BYTES - 1, True)])
def test_free_space_is_compared_with_what_is_not_stored(free: int, lacks: bool) -> None:
    claim = CLAIM._replace(site_total=130, stored_in_all=30)
    found = report_disk(Disk(5_000_000, free, LOG), claim)
    (line,) = found.lines()
    advice = "; the decisions that are not stored need about 2.3 MB: free disk space before you fetch them"
    assert line == f"disk: 5.0 MB of database, 12 MB of write-ahead log, 2.3 MB free{advice if lacks else ''}"
    assert found.lacks_room is ("need about 2.3 MB: free disk space" in line) is lacks
    assert not found.needs_attention
    assert not report_disk(Disk(5_000_000, 0, LOG), claim._replace(site_total=None)).lacks_room


@pytest.mark.parametrize(("readers", "who"), [((), "database. Close"), ((7, 9), "; it is open in process 7, 9. Close")])
def test_a_pinned_log_is_shown_with_what_to_do(readers: tuple[int, ...], who: str) -> None:
    log = LOG._replace(bytes=300_000_000, is_pinned=True, readers=readers)
    found = report_disk(Disk(5_000_000, 10**12, log), CLAIM)
    assert found.needs_attention
    assert found.as_json()["log_readers"] == list(readers)
    assert found.lines()[1].startswith("write-ahead log: kept.db-wal has 300 MB, more than [storage] wal_warn_mb = 256")
    assert who in found.lines()[1]


def test_the_json_of_the_disk_has_every_number() -> None:
    claim = CLAIM._replace(site_total=130, stored_in_all=30)
    assert report_disk(Disk(5_000_000, 7, LOG), claim).as_json() == {
        "database_bytes": 5_000_000,
        "log_bytes": 12_000_000,
        "log_is_pinned": False,
        "log_readers": [],
        "free_bytes": 7,
        "needed_bytes": 100 * DECISION_BYTES,
    }
    assert report_disk(Disk(5_000_000, 7, LOG), claim._replace(stored_in_all=131)).needed_bytes == 0
