"""Tests how figures are judged, and how those of two commits are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.comparison import compare, find_rows
from bench.figures import Figure

OLD = Figure("rate", (1.0, 1.1, 1.2), "×", 2, "at most")


def row(old: Figure | None, new: Figure | None) -> str:
    (found,) = find_rows(
        {"part": [old.as_json()] if old else []}, json.loads(json.dumps({"part": [new.as_json()] if new else []}))
    )
    return found.describe_change()


def with_values(*values: float, bound: str = "at most", target: float | None = 2) -> Figure:
    return Figure("rate", values, "×", target, "at most" if bound == "at most" else "at least")


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (OLD, OLD, ""),
        (OLD, with_values(1.15, 1.6, 1.7), ""),  # the spreads overlap
        (OLD, with_values(1.5, 1.6, 1.7), "worse"),
        (OLD, with_values(0.5, 0.6, 0.7), "better"),
        (with_values(1, bound="at least"), with_values(2, bound="at least"), "better"),
        (with_values(1, target=None), with_values(2, target=None), "changed"),
        (with_values(1.0), with_values(1.04), ""),  # less than 5 %
        (OLD, None, "only in the old file"),
        (None, OLD, "only in the new file"),
    ],
)
def test_a_change_counts_if_it_is_larger_than_the_noise(old: Figure | None, new: Figure | None, change: str) -> None:
    assert row(old, new) == change


@pytest.mark.parametrize(("values", "code"), [((1.0, 1.1), 0), ((3.0, 3.1), 1)])
def test_compare_exits_1_if_a_figure_with_a_target_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], values: tuple[float, ...], code: int
) -> None:
    files = []
    for name, figure in (("old", OLD), ("new", with_values(*values))):
        files.append(tmp_path / f"{name}.json")
        written = {"commit": name, "at": "2026-11-01", "figures": {"part": [figure.as_json()]}}
        files[-1].write_text(json.dumps(written), encoding="utf-8")
    assert compare(*files) == code
    out = capsys.readouterr().out
    assert "part  rate" in out
    assert ("worse" in out) == bool(code)


def test_compare_needs_two_files() -> None:
    assert compare() == 2
