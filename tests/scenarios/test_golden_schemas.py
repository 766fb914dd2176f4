"""A file of every schema that there was is migrated, synced and queried; the program of its time wrote it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.run import Sync
from lgsco.replica.corpus import expected_text
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import schema_version
from storage.digests import find_any_flaw
from storage.search import search
from storage.verify import check, check_index
from support.older_programs import VERSIONS, samples, unpack
from support.world import Time, World

OLD, NEW = [sample.reference for sample in samples()[:-1]], samples()[-1].reference


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    return unpack(tmp_path_factory.mktemp("golden"))


@pytest.fixture(params=VERSIONS)
def later(request: pytest.FixtureRequest, files: dict[int, Path], tmp_path: Path) -> Iterator[World]:
    """A file of each schema and the site, two days after the file was made: there is one more decision."""
    path = files[request.param].rename(tmp_path / "lgsco.db")
    with closing(sqlite3.connect(path)) as db:
        (made_at,) = db.execute("SELECT max(started_at) FROM runs").fetchone()
    now = datetime.fromisoformat(made_at) + timedelta(days=2)
    site = Site(samples(), today=now.date())
    with serve(site) as server:
        yield World(site, server, path, Time(now), Stop())
    assert not server.errors


def test_there_is_a_file_of_each_schema(files: dict[int, Path]) -> None:
    assert list(files) == VERSIONS
    for version, path in files.items():
        with closing(sqlite3.connect(path)) as db:
            assert schema_version(db, path) == version
            rows = db.execute("SELECT reference FROM decisions")
            assert {reference for (reference,) in rows} == set(OLD)


def test_a_file_of_any_schema_is_migrated_synced_and_queried(later: World) -> None:
    before = stored(later.database)

    assert later.run(Sync()).state == "complete"

    assert later.ask("SELECT reference FROM decisions ORDER BY 1") == sorted([*OLD, NEW])
    texts = dict(later.ask("SELECT reference, text FROM decisions"))
    assert texts == {sample.reference: expected_text(sample) for sample in samples()}
    assert {key: value for key, value in stored(later.database).items() if key[0] != NEW} == before
    assert later.ask("SELECT number FROM paragraphs WHERE reference = ? AND kind = 'heading'", OLD[0])
    with closing(sqlite3.connect(later.database, isolation_level=None)) as db:
        word = texts[OLD[0]].split()[-1].strip(".")
        assert OLD[0] in {hit.reference for hit in search(db, word, 10).hits}
        assert [*check(db), *check_index(db)] == []
        assert [find_any_flaw(db, reference) for reference in texts] == [None] * 3


def stored(path: Path) -> dict[tuple[str, int], tuple[object, ...]]:
    """Returns the rows that an older program wrote and no migration changes."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT d.reference, d.rowid, d.text_sha256, d.decision_date, d.authority, d.first_seen, y.kinds, "
            "y.numbers, r.recorded_at, r.page, p.fetched_at, p.url, p.bytes FROM decisions AS d "
            "JOIN layouts AS y USING (reference) JOIN revisions AS r ON r.reference = d.reference AND r.revision = 1 "
            "JOIN pages AS p ON p.id = r.page"
        )
        return {(row[0], row[1]): row[2:] for row in rows}
