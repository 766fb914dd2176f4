"""A backfill that takes parsed decisions in place of parsing records the same as one that parses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bench.client import find_other_rows, texts
from bench.without_parsing import Parsed
from ingest.clock import Stop
from ingest.lgo import page
from ingest.recording import record
from ingest.run import Backfill
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World


def test_the_rows_are_the_same_and_nothing_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, given = tmp_path / "ours.db", tmp_path / "given.db"
    samples = [*seeds(), *generate(28, seed=11, first=date(2023, 1, 1), last=date(2026, 8, 31))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        World(site, server, ours, Time(), Stop()).run(Backfill())
        monkeypatch.setattr(record, "parse_stored_pages", Parsed(str(ours)).look_up)
        monkeypatch.setattr(page, "parse_chapters", _fail)
        World(site, server, given, Time(), Stop()).run(Backfill())
    assert texts(ours) == texts(given)
    assert len(texts(ours)) == 33
    assert find_other_rows(ours, given) is None


def _fail(*_arguments: object, **_named: object) -> None:
    raise AssertionError("a page was parsed")
