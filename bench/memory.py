"""Peak memory of a backfill: ten times the decisions must not take more memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import run, served
from bench.figures import Figure

_FEWER = 10
_MEGA = 1_000_000


def measure(decisions: int = 20_000) -> list[Figure]:
    """Measures peak resident bytes of the client's process with that many decisions, and with a tenth of them."""
    few, many = (_peak(count) / _MEGA for count in (decisions // _FEWER, decisions))
    return [
        Figure(
            f"peak memory at {decisions:,} decisions, relative to a tenth of them",
            (many / few,),
            target=1.2,
            bound="at most",
        ),
        Figure(f"peak memory at {decisions:,} decisions", (many,), "MB"),
        Figure(f"peak memory at {decisions // _FEWER:,} decisions", (few,), "MB"),
    ]


def _peak(decisions: int) -> int:
    with TemporaryDirectory() as folder, served(decisions, prepared=False) as url:
        return run("lgsco", url, Path(folder, "ours.db")).peak
