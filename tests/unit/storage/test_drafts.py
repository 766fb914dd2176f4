"""Tests that a folder is replaced as a whole, and that nothing of the user's is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.drafts import is_alive, replacing_folder
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
