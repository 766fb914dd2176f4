"""A small archive for the tests of the web interface, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import make_archive


@pytest.fixture(scope="session")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve decisions, for tests that only read."""
    path = tmp_path_factory.mktemp("small") / "lgsco.db"
    make_archive(path)
    return path
