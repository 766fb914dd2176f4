"""`lgsco demo`: the whole journey offline. The look-alike site on loopback, backfilled with the real code path."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.config import Config
from ingest.run import Demo, Task
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.errors import StoreFailed
from storage.runs import is_throw_away
from storage.status import holdings
from storage.writer import locked

_FIRST, _LAST, _TODAY = date(2019, 1, 7), date(2026, 8, 31), date(2026, 11, 2)
_PACE = 0.01
"""Seconds between two requests: nobody else uses the look-alike."""


def run(config: Config, database: Path, count: int, perform: Callable[[Config, Path, Task], int]) -> int:
    """Backfills a new database from the look-alike site and prints what to look at; returns an exit code.

    A database an earlier demo made is replaced; any other is refused: raises StoreFailed.
    """
    _make_room(database)
    real = seeds()
    site = Site([*real, *generate(count, seed=1974, first=_FIRST, last=_LAST)], today=_TODAY)
    with serve(site) as server:
        print(f"A look-alike of the publisher's site answers on {server.url}, with {len(site):,} decisions:")
        print(f"  {len(real)} real ones, and {count:,} invented (marked SPECIMEN, of authorities that do not exist).")
        here = replace(config, site=replace(config.site, base_url=server.url), fetch=replace(config.fetch, pace=_PACE))
        code = perform(here, database, Demo())
    if code:
        return code
    with reading(database) as db:
        held = holdings(db)
    print(f"\n{database} holds {held.decisions:,} decisions of {held.oldest} to {held.newest}. The real ones:")
    for sample in real:
        print(f"  {sample.reference}  {sample.authority}")
    lgsco, option = _as_typed(sys.argv[0]), f"--db {shlex.quote(str(database))}"
    print("\nNow try:")
    print(f"  {lgsco} search {option} 'social worker'")
    print(f"  {lgsco} show {option} 25-004-920")
    print(f"  {lgsco} coverage {option}")
    print(f"  {lgsco} serve {option}          then open http://127.0.0.1:8001")
    print(
        f"  sqlite3 {database} \"SELECT number, text FROM paragraphs WHERE reference = '18 009 360' AND number = '24'\""
    )
    return 0


def _as_typed(program: str) -> str:
    """How the user calls this program: by its name where that finds it, else by the path they typed."""
    found = shutil.which("lgsco")
    return "lgsco" if found and Path(found).resolve() == Path(program).resolve() else shlex.quote(program)


def _make_room(database: Path) -> None:
    if not database.exists():
        return
    with locked(database):
        with reading(database) as db:
            throw_away = is_throw_away(db)
        if not throw_away:
            raise StoreFailed(
                f"{database} exists and is no demo's; the demo writes only to a file of its own: name another"
            )
        for path in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
            path.unlink(missing_ok=True)
