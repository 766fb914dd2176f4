"""The library calls that a backfill is measured against write the rows that the backfill wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from bench.client import find_other_rows
from bench.library_calls import Archive, Calls
from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World


def test_the_calls_write_the_same_rows_and_the_same_index(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours.db", tmp_path / "other.db"
    samples = [*seeds(), *generate(28, seed=11, first=date(2023, 1, 1), last=date(2026, 8, 31))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        World(site, server, ours, Time(), Stop()).run(Backfill())
        Calls(Archive(str(ours)), str(other)).run()
    assert find_other_rows(ours, other) is None
    found = "SELECT rowid FROM decisions_fts WHERE decisions_fts MATCH 'council' ORDER BY rowid"
    with closing(sqlite3.connect(ours)) as one, closing(sqlite3.connect(other)) as two:
        assert one.execute(found).fetchall() == two.execute(found).fetchall() != []
        two.execute("DELETE FROM revisions WHERE reference = (SELECT max(reference) FROM revisions)")
        two.commit()
    assert find_other_rows(ours, other) == "revisions"
