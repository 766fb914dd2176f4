"""Shared by test modules: a clock, a site to request, commands to run, invented documents."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    *(f"support.{path.stem}" for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
)
