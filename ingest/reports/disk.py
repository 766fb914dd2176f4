"""The part of the status report about the disk: the size of the file and of its log, and the free space."""

from __future__ import annotations

from typing import Any, NamedTuple

from ingest.reports.claims import Claim
from ingest.reports.estimate import DECISION_BYTES
from ingest.reports.lines import describe_size
from storage.checkpoint import LogState


class DiskReport(NamedTuple):
    """The database on its disk."""

    database_bytes: int
    log: LogState
    free_bytes: int
    """The space that this user may still fill on the database's disk."""
    needed_bytes: int
    """An estimate for the listed decisions that are not stored."""

    @property
    def needs_attention(self) -> bool:
        """Whether a reader keeps the write-ahead log from shrinking, beyond the size that is configured."""
        return self.log.is_pinned

    @property
    def lacks_room(self) -> bool:
        return self.free_bytes < self.needed_bytes

    def as_json(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {
            "database_bytes": self.database_bytes,
            "log_bytes": self.log.bytes,
            "log_is_pinned": self.log.is_pinned,
            "log_readers": list(self.log.readers),
            "free_bytes": self.free_bytes,
            "needed_bytes": self.needed_bytes,
        }

    def lines(self) -> list[str]:
        """Returns the report for people."""
        lacks = (
            f"; the decisions that are not stored need about {describe_size(self.needed_bytes)}: free disk space before"
            " you fetch them"
        )
        sizes = f"{describe_size(self.database_bytes)} of database, {describe_size(self.log.bytes)} of write-ahead log"
        pinned = [f"write-ahead log: {self.log.describe()}"] if self.log.is_pinned else []
        free = f"disk: {sizes}, {describe_size(self.free_bytes)} free"
        return [f"{free}{lacks if self.lacks_room else ''}", *pinned]


class Disk(NamedTuple):
    """The sizes of the database and its log, and the free space on their disk."""

    database_bytes: int
    free_bytes: int
    log: LogState


def report_disk(disk: Disk, claim: Claim) -> DiskReport:
    """Makes the report. `claim`: says how many decisions the site has and how many of all dates are stored."""
    missing = max(0, claim.site_total - claim.stored_in_all) if claim.site_total is not None else 0
    return DiskReport(disk.database_bytes, disk.log, disk.free_bytes, missing * DECISION_BYTES)
