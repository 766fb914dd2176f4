"""Sites of short decisions for the tests of the crawl."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.clock import Stop
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.sync import decided
from support.world import TODAY, Time, World


@pytest.fixture
def short_world(tmp_path: Path, time: Time) -> Iterator[World]:
    """Thirty short decisions of the last three years."""
    with serve(Site(decided(30, date(2023, 11, 1), date(2026, 9, 30)), today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors
