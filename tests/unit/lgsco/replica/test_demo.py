"""Tests the counts of the demo, and the databases that it continues or replaces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.config import Config
from ingest.run import Demo, Task
from lgsco.replica import demo
from storage import runs
from storage.errors import StoreFailed
from storage.writer import writing

AT = "2026-11-02T12:00:00Z"


@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_decisions_of_the_demo_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    asked: list[Task] = []

    def perform(config: Config, database: Path, task: Task) -> int:
        asked.append(task)
        return 1

    assert demo.run(Config(), tmp_path / "demo.db", count, perform) == 1
    out = capsys.readouterr().out
    (total,) = re.findall(r"with ([\d,]+) decisions", out)
    (real, invented) = re.findall(r"([\d,]+) real ones, and ([\d,]+) invented", out)[0]
    whole, parts = int(total.replace(",", "")), (int(real), int(invented.replace(",", "")))
    assert (whole, parts) == (count + 5, (5, count))
    assert isinstance(asked[0], Demo)


def make(path: Path, task: str, state: str, look_alike: str) -> None:
    with writing(path) as db:
        run = runs.begin_run(db, task, {"look_alike": look_alike}, AT)
        runs.end_run(db, run, at=AT, state=state, exit_code=0, message=None, tally={})


def test_only_an_unfinished_demo_of_the_same_site_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    assert demo._find_unfinished(path, "this") is None
    make(path, "demo", "stopped", "this")
    assert demo._find_unfinished(path, "this") == 0
    assert path.exists()
    assert demo._find_unfinished(path, "another") is None
    assert not path.exists(), "a demo of another look-alike is replaced"
    make(path, "demo", "complete", "this")
    assert demo._find_unfinished(path, "this") is None


def test_a_database_that_no_demo_made_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    make(path, "import", "complete", "this")
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match="and other commands wrote to it"):
        demo._find_unfinished(path, "this")
    assert path.read_bytes() == before
