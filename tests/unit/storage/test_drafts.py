"""Tests that a folder is replaced as a whole, and that nothing of the user's is removed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from storage.drafts import is_alive, remove_dead_drafts, replacing_folder
from storage.errors import StoreFailed

NAMES = frozenset({"one", "two"})
DEAD = 2**22 + 1
"""A number that no process has: Linux gives none above 2**22."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "parquet").mkdir()
    (tmp_path / "parquet" / "one").write_text("old")
    return tmp_path / "parquet"


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_folder_takes_the_place_of_the_old_one(target: Path) -> None:
    with replacing_folder(target, NAMES) as draft:
        (draft / "two").write_text("new")
        assert only(target) == ["one"], "the old folder stays until the new one is complete"
    assert only(target) == ["two"]
    assert only(target.parent) == ["parquet"], "nothing is left beside it"


def test_after_an_error_the_old_folder_is_unchanged(target: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing_folder(target, NAMES) as draft:
        (draft / "two").write_text(str(1 // 0))
    assert (target / "one").read_text() == "old"
    assert only(target.parent) == ["parquet"]


def test_a_file_of_the_user_is_named_and_nothing_is_replaced(target: Path) -> None:
    (target / "notes.txt").write_text("mine")
    named = pytest.raises(StoreFailed, match=r"because notes\.txt in it is not part of an export")
    with named, replacing_folder(target, NAMES):
        pass
    assert only(target) == ["notes.txt", "one"]


def test_a_file_with_the_name_of_the_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "parquet").write_text("mine")
    with pytest.raises(StoreFailed, match="is a file; remove it"), replacing_folder(tmp_path / "parquet", NAMES):
        pass
    assert (tmp_path / "parquet").read_text() == "mine"


def test_the_target_of_a_link_is_replaced_and_the_link_stays(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing_folder(link, NAMES) as draft:
        (draft / "two").write_text("new")
    assert link.is_symlink()
    assert only(target) == ["two"]


def test_what_a_killed_process_left_is_removed(target: Path) -> None:
    for number in (DEAD, os.getppid()):
        (target.parent / f".parquet.{number}.part").mkdir()
    with replacing_folder(target, NAMES):
        pass
    assert only(target.parent) == [f".parquet.{os.getppid()}.part", "parquet"], "the draft of a live process stays"


def test_a_folder_that_a_killed_process_moved_away_is_put_back(target: Path) -> None:
    target.rename(target.with_name(f".parquet.{DEAD}.before"))
    with replacing_folder(target, NAMES):
        assert (target / "one").read_text() == "old"


def test_only_a_process_that_exists_is_alive() -> None:
    assert is_alive(os.getpid())
    assert not is_alive(DEAD)
    assert is_alive(2**63), "a number that the system cannot look up counts as alive, so that nothing is removed"


# ---------------------------------------------------------------- files that killed processes left

HEAD = b"SQLite format 3\0" + bytes(84)
DAY = 86_400


def leave(folder: Path, name: str, head: bytes = HEAD, age: float = 2 * DAY) -> None:
    """Makes a file that was last changed some seconds ago."""
    (folder / name).write_bytes(head)
    os.utime(folder / name, (time.time() - age,) * 2)


@pytest.mark.parametrize("ending", ["", "-journal", f".{DEAD}.part", f".{DEAD}.part-journal"])
def test_a_file_of_the_same_target_is_removed_at_once_if_its_process_is_dead(tmp_path: Path, ending: str) -> None:
    dots = ".." if ending.startswith(".") else "."  # a compacted copy of the draft
    for number in (DEAD, os.getpid(), os.getppid()):
        leave(tmp_path, f"{dots}copy.db.{number}.part{ending}", b"", age=0)
    remove_dead_drafts(tmp_path / "copy.db")
    assert only(tmp_path) == [f"{dots}copy.db.{os.getppid()}.part{ending}"], "the draft of a live process stays"


@pytest.mark.parametrize(
    ("head", "has_journal", "age", "is_removed"),
    [
        (HEAD, False, 1.1 * DAY, True),
        (HEAD, False, 0.9 * DAY, False),  # a process of another machine may write it
        (bytes(100), True, 1.1 * DAY, True),  # a copy that SQLite had not finished
        (bytes(100), True, 0.9 * DAY, False),
        (bytes(100), False, 1.1 * DAY, False),
        (b"", False, 1.1 * DAY, False),
        (b"the notes of somebody", False, 1.1 * DAY, False),
    ],
)
def test_a_file_of_another_target_is_removed_if_it_is_an_old_database(
    tmp_path: Path, head: bytes, has_journal: bool, age: float, is_removed: bool
) -> None:
    leave(tmp_path, f".yesterday.db.{DEAD}.part", head, age)
    if has_journal:
        leave(tmp_path, f".yesterday.db.{DEAD}.part-journal", bytes(8), age)
    before = only(tmp_path)
    remove_dead_drafts(tmp_path / "today.db")
    assert only(tmp_path) == ([] if is_removed else before)


def test_a_file_with_a_new_journal_is_not_old(tmp_path: Path) -> None:
    leave(tmp_path, f".yesterday.db.{DEAD}.part")
    leave(tmp_path, f".yesterday.db.{DEAD}.part-journal", age=0)
    remove_dead_drafts(tmp_path / "today.db")
    assert [name.endswith("-journal") for name in only(tmp_path)] == [False, True]


@pytest.mark.parametrize(
    "name",
    [
        *(f".yesterday.db.{os.getppid()}.part", ".yesterday.db.notes.part", f"yesterday.db.{DEAD}.part"),
        *(f".yesterday.db.{DEAD}", f".{DEAD}.part", "yesterday.db", f".yesterday.db.{DEAD}.part-journal"),
        *(f".notes.{DEAD}.part1.db", f".photos.{DEAD}.partial", f".yesterday.db.{DEAD}.part.bak"),
    ],
)
def test_a_file_that_no_killed_process_left_stays(tmp_path: Path, name: str) -> None:
    leave(tmp_path, name)
    (tmp_path / f".folder.{DEAD}.part").mkdir()
    remove_dead_drafts(tmp_path / "today.db")
    assert only(tmp_path) == sorted([name, f".folder.{DEAD}.part"])


def test_a_file_that_may_not_be_removed_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        leave(tmp_path, f".{name}.db.{DEAD}.part")
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path.name.startswith(".b."):
            raise PermissionError
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    remove_dead_drafts(tmp_path / "today.db")
    assert only(tmp_path) == [f".b.db.{DEAD}.part"]
