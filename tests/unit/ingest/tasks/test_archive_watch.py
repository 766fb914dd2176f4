"""Tests the changes of a file that count as a loss of the archive, and those that do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.tasks.archive_watch import ArchiveWatch
from storage.database import reading
from storage.errors import ArchiveLost
from storage.runs import begin_run
from storage.snapshot import snapshot
from storage.writer import create_database, writing
from support.rows import AT, store_decision


@pytest.fixture
def watch(archive: Path) -> ArchiveWatch:
    """A watch that has seen the archive with one decision."""
    with writing(archive) as db:
        store_decision(db)
    watch = ArchiveWatch(archive)
    watch.check()
    return watch


def test_an_archive_that_grows_or_is_copied_is_the_same(watch: ArchiveWatch, archive: Path) -> None:
    with writing(archive) as db:
        begin_run(db, "sync", {}, AT)
        store_decision(db, "25 000 002")
    shutil.copy(archive, archive.with_name("copy.db"))
    archive.with_name("copy.db").replace(archive)
    watch.check()
    assert watch.known is not None
    assert watch.known.decisions == 2


def test_a_file_that_vanished_is_a_loss(watch: ArchiveWatch, archive: Path) -> None:
    archive.unlink()
    assert not watch.is_in_place()
    with pytest.raises(ArchiveLost, match="vanished"):
        watch.check()
    with pytest.raises(ArchiveLost, match="vanished"):
        watch.require_place()


def test_another_archive_in_its_place_is_a_loss(watch: ArchiveWatch, archive: Path) -> None:
    archive.unlink()
    create_database(archive)
    with pytest.raises(ArchiveLost, match="another archive"):
        watch.check()
    with reading(archive) as db, pytest.raises(ArchiveLost):
        watch.require(db)


def test_fewer_decisions_are_a_loss(watch: ArchiveWatch, archive: Path) -> None:
    with writing(archive) as db:
        for table in ("layouts", "revisions", "decisions"):
            db.execute(f"DELETE FROM {table}")
    with pytest.raises(ArchiveLost, match="it has 0, and had 1"):
        watch.check()


def test_a_file_of_another_program_is_a_loss(watch: ArchiveWatch, archive: Path) -> None:
    archive.unlink()
    archive.write_bytes(b"not a database " * 500)
    with pytest.raises(ArchiveLost, match="was replaced or vanished"):
        watch.check()


def test_even_a_good_copy_is_a_loss_while_a_task_writes(watch: ArchiveWatch, archive: Path) -> None:
    with reading(archive) as db:
        snapshot(db, archive.with_name("copy.db"), public=False)
    with pytest.raises(ArchiveLost), watch.at_work():
        archive.with_name("copy.db").replace(archive)
    watch.check()


def test_a_file_that_was_never_there_is_no_loss(tmp_path: Path) -> None:
    watch = ArchiveWatch(tmp_path / "none.db")
    watch.check()
    watch.require_place()
    assert watch.known is None
    assert watch.is_in_place()
