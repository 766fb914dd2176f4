"""A small archive for the tests of the web interface, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasette.app import Datasette

from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette
from support.archives import make_archive


@pytest.fixture(scope="session")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve decisions, for tests that only read."""
    path = tmp_path_factory.mktemp("small") / "lgsco.db"
    make_archive(path)
    return path


@pytest.fixture
def path(small_archive: Path, tmp_path: Path) -> Path:
    """A copy of the small archive, to change."""
    return Path(shutil.copy(small_archive, tmp_path / "lgsco.db"))


@pytest.fixture
def datasette(path: Path) -> Iterator[Datasette]:
    """Datasette, as `lgsco serve` makes it, for the file of `path`."""
    datasette = make_datasette(path)
    yield datasette
    datasette.databases[NAME].close()
    datasette.executor.shutdown()
