"""Runs `lgsco demo`: backfills a look-alike site on loopback, offline, with the code that backfills the real site.

A stopped demo continues when it is run again, because the same `--count` always gives the same look-alike.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.config import VERSION, Config
from ingest.run import Demo, Task
from ingest.wording import count_of
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.errors import StoreFailed
from storage.lock import locked
from storage.runs import find_runs, is_throw_away
from storage.status import count_holdings

_SEED, _FIRST, _LAST = 1974, date(2019, 1, 7), date(2026, 8, 31)
_PACE = 0.01
"""Seconds between two requests. Short, because nobody else uses the look-alike."""


def run(config: Config, database: Path, count: int, perform: Callable[[Config, Path, Task], int]) -> int:
    """Backfill a new database from the look-alike site, print what to try next, and return an exit code.

    Continues with the database of an earlier demo of the same look-alike that did not complete. Replaces the database
    of any other demo. Raises StoreFailed for a database that was not made by a demo.
    """
    look_alike = f"{VERSION}, seed {_SEED}, {count} from {_FIRST} to {_LAST}"
    before = _find_unfinished(database, look_alike)
    real = seeds()
    site = Site([*real, *generate(count, seed=_SEED, first=_FIRST, last=_LAST)])  # no `today`: it publishes all of them
    with serve(site) as server:
        print(
            f"A look-alike of the publisher's site is running at {server.url}, with {count_of(len(site), 'decision')}:"
        )
        invented = len(site) - len(real)
        ones = count_of(len(real), "real one")
        print(f"  {ones}, and {invented:,} invented (marked SPECIMEN, of authorities that do not exist).")
        if before is not None:
            print(f"An earlier demo did not finish. {database} has {before:,} of them; the others are fetched now.")
        here = replace(config, site=config.site._replace(base_url=server.url), fetch=config.fetch._replace(pace=_PACE))
        code = perform(here, database, Demo(look_alike=look_alike))
    if code:
        return code
    with reading(database) as db:
        held = count_holdings(db)
    decisions = count_of(held.decisions, "decision")
    print(f"\n{database} holds {decisions} dated {held.oldest} to {held.newest}. The real ones:")
    for sample in real:
        print(f"  {sample.reference}  {sample.authority}")
    lgsco, option = _as_typed(sys.argv[0]), f"--db {shlex.quote(str(database))}"
    print("\nNow try:")
    print(f"  {lgsco} search {option} 'social worker'")
    print(f"  {lgsco} show {option} 25-004-920")
    print(f"  {lgsco} coverage {option}")
    print(f"  {lgsco} status {option}")
    print(f"  {lgsco} serve {option}          # then open http://127.0.0.1:8001")
    print(
        f"  sqlite3 {database} \"SELECT number, text FROM paragraphs WHERE reference = '18 009 360' AND number = '24'\""
    )
    return 0


def _as_typed(program: str) -> str:
    """Returns the command that starts this program: its name if the shell finds it, else the path as typed."""
    found = shutil.which("lgsco")
    return "lgsco" if found and Path(found).resolve() == Path(program).resolve() else shlex.quote(program)


def _find_unfinished(database: Path, look_alike: str) -> int | None:
    """Returns how many decisions an unfinished demo of this look-alike left in the database.

    Returns None when a new database must be made; the database of another demo has then been removed. Raises
    StoreFailed for a database to which other commands wrote.
    """
    if not database.exists():
        return None
    with locked(database):
        with reading(database) as db:
            throw_away = is_throw_away(db)
            last = next(iter(find_runs(db, limit=1)), None)
            held = count_holdings(db).decisions
        if not throw_away:
            raise StoreFailed(f"{database} exists, and other commands wrote to it; choose another file with --db")
        if last is not None and last.state != "complete" and last.arguments.get("look_alike") == look_alike:
            return held
        for path in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
            path.unlink(missing_ok=True)
    return None
