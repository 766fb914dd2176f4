"""Runs whole clients as separate processes against the look-alike site in another process, and measures their cost.

A client gets only the site's address and the file to write.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Literal

ROOT = Path(__file__).parent.parent

Client = Literal["lgsco", "bench.scrapy_spider"]

_ABSENT = ("numpy", "pandas")
"""Packages that only the tests need. sqlite-utils imports them where they are installed, in 0.2 s and 40 MB."""

_SEEDS = 5
"""Real decisions that the look-alike serves in addition to the generated ones."""


_SAME_ROWS = {
    **dict.fromkeys(("decisions", "layouts", "revisions", "entries", "requests", "text_sketches", "related"), "*"),
    "pages": "id, url, body",
}
"""The tables and columns that the library calls must write as the client wrote them."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of a process from start to end."""

    cpu: float
    """Seconds, user and system."""
    peak: int
    """Resident bytes."""
    said: str
    """The start of its output."""


@contextmanager
def served(decisions: int, *, prepared: bool = True, short: bool = False) -> Iterator[str]:
    """Yields the address of a look-alike with that many decisions, including the five seeds.

    `short`: their texts are as short as possible.
    """
    command = [sys.executable, "-m", "lgsco.replica", "--count", str(decisions - _SEEDS)]
    command += ["--prepare"] * prepared + ["--short"] * short
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        if not url:
            raise RuntimeError("the look-alike site did not start")
        yield url
    finally:
        server.terminate()
        server.communicate()


def run(client: Client, url: str, database: Path) -> Spent:
    """Runs a client to its end on a new database. Raises what `spend` raises."""
    _remove(database)
    site = [url, str(database)] if client != "lgsco" else ["backfill", "--site", url, "--db", str(database)]
    return spend([sys.executable, "-m", client, *site])


def run_library_calls(archive: Path, database: Path) -> float:
    """Runs `bench.library_calls` for an archive, on a new database. Returns its seconds, without loading the rows.

    The site must still be served at the address in the archive. Raises RuntimeError if it writes other rows.
    """
    spent = _spend_after_loading("bench.library_calls", str(archive), database)
    if other := find_other_rows(archive, database):
        raise RuntimeError(f"the library calls did not write the same rows to {other}")
    return spent


def run_without_parsing(archive: Path, url: str, database: Path) -> float:
    """Runs `bench.without_parsing` for an archive, on a new database. Returns its seconds, without loading the archive.

    Raises RuntimeError if it records other texts.
    """
    spent = _spend_after_loading("bench.without_parsing", str(archive), url, database)
    if texts(archive) != texts(database):
        raise RuntimeError("the backfill without parsing did not record the same texts")
    return spent


def _spend_after_loading(module: str, *arguments: str | Path) -> float:
    """Runs a module whose last argument is a new database. Returns its CPU seconds without those that it prints."""
    *_, database = arguments
    _remove(Path(database))
    spent = spend([sys.executable, "-m", module, *map(str, arguments)])
    return spent.cpu - float(spent.said.split()[0])


def _remove(database: Path) -> None:
    """Removes a database and the files beside it."""
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()


def find_other_rows(archive: Path, database: Path) -> str | None:
    """Returns the first table that has other rows in the two files; None if all have the same."""
    with closing(sqlite3.connect(archive)) as db:
        db.execute("ATTACH ? AS other", (str(database),))
        for table, columns in _SAME_ROWS.items():
            ours, theirs = (f"SELECT {columns} FROM {side}.{table}" for side in ("main", "other"))
            if any(db.execute(f"{one} EXCEPT {two}").fetchone() for one, two in ((ours, theirs), (theirs, ours))):
                return table
    return None


def spend(command: Sequence[str]) -> Spent:
    """Runs a command to its end without pacing. Raises RuntimeError with its last output if it fails.

    It cannot import the packages of `_ABSENT`.
    """
    with TemporaryFile() as said, TemporaryFile() as cost, TemporaryDirectory() as absent:
        for name in _ABSENT:
            Path(absent, f"{name}.py").write_text("raise ImportError\n")
        environment = os.environ | {"LGSCO_FETCH_PACE": "0", "PYTHONPATH": absent}
        parent = [sys.executable, "-S", "-c", _SMALL_PARENT, str(cost.fileno()), *command]
        subprocess.run(
            parent, cwd=ROOT, env=environment, stdout=said, stderr=said, pass_fds=[cost.fileno()], check=True
        )
        cost.seek(0)
        status, cpu, peak = cost.read().split()
        if code := os.waitstatus_to_exitcode(int(status)):
            said.seek(0)
            raise RuntimeError(f"{command} ended with {code}: {said.read()[-2000:].decode()}")
        said.seek(0)
        began = said.read(1000).decode(errors="replace")
    return Spent(float(cpu), int(peak) * 1024, began)


_SMALL_PARENT = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
os.write(int(sys.argv[1]), f"{status} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}".encode())
"""
"""Starts a command from a process that is smaller than any client, because Linux reports at least the parent's peak
memory for a child. It writes the exit status, the CPU seconds and the peak in KiB to a file descriptor."""


def texts(database: Path) -> dict[str, list[str]]:
    """Returns the text of each decision that a client recorded, in words."""
    with closing(sqlite3.connect(database)) as db:
        return {reference: text.split() for reference, text in db.execute("SELECT reference, text FROM decisions")}
