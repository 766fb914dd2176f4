"""Peak memory of a backfill and of a daily sync: it must not grow with the archive."""

from __future__ import annotations

import shutil
import sys
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.client import run, served, spend
from bench.figures import Figure
from bench.filled import find_short

_FEWER = 10
_MEGA = 1_000_000
_MOST = 80
"""Megabytes that a run may take."""
_FULL = (60_000, 1_000_000)


def measure(decisions: int = 20_000, rounds: int = 3, full: bool = False) -> list[Figure]:
    """Measures peak resident bytes of the client's process.

    A backfill, with that many decisions and with a tenth of them; with `full`, with 60,000. Then daily syncs of a
    filled archive of that size, with `full` also of 60,000 and of 1,000,000 decisions. Texts are short there, because
    no sync reads them all. The first sync also finds out how to query the listing.
    """
    few, many = (_peak(count) / _MEGA for count in (decisions // _FEWER, _FULL[0] if full else decisions))
    sizes = (decisions, *_FULL) if full else (decisions,)
    return [
        Figure(
            f"backfill, peak memory at {_FULL[0] if full else decisions:,} decisions", (many,), "MB", _MOST, "at most"
        ),
        Figure("the same, relative to a backfill of a tenth", (many / few,), target=1.2, bound="at most"),
        *(
            Figure(
                f"daily sync, highest peak memory at {size:,} decisions", _sync(size, rounds), "MB", _MOST, "at most"
            )
            for size in sizes
        ),
    ]


def _peak(decisions: int) -> int:
    with TemporaryDirectory() as folder, served(decisions, prepared=False) as url:
        return run("lgsco", url, Path(folder, "ours.db")).peak


def _sync(decisions: int, rounds: int) -> tuple[float]:
    with TemporaryDirectory() as folder, served(decisions, prepared=False, short=True) as url:
        database = Path(folder, "ours.db")
        # Another process fills it, because the peak of a child starts with the memory of its parent.
        filler = get_context("spawn").Process(target=_fill, args=(database, decisions))
        filler.start()
        filler.join()
        assert filler.exitcode == 0
        command = [sys.executable, "-m", "lgsco", "sync", "--site", url, "--db", str(database)]
        return (max(spend(command).peak for _ in range(rounds)) / _MEGA,)


def _fill(database: Path, decisions: int) -> None:
    shutil.copyfile(find_short(database.parent, decisions), database)
