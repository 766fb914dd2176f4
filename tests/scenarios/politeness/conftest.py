"""The site of the politeness tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.clock import Stop
from lgsco.replica.corpus import generate
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Twenty short decisions."""
    samples = generate(20, seed=7, first=date(2024, 1, 1), last=date(2026, 9, 10), body=False)
    with serve(Site(samples, today=TODAY, validators=True)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors
