"""Which commands and options the played sequences use: those that the program has, although it imports them late."""

from __future__ import annotations

import pytest

from bench.truth.program import has_command, has_option


@pytest.mark.parametrize(("name", "has"), [("init", True), ("daemon", True), ("nonsense", False)])
def test_a_command_is_known_before_it_is_imported(name: str, *, has: bool) -> None:
    assert has_command(name) is has


@pytest.mark.parametrize(
    ("command", "option", "has"),
    [
        ("backfill", "--withdraw", True),
        ("coverage", "--all", True),
        ("backfill", "--nonsense", False),
        ("nonsense", "--withdraw", False),
    ],
)
def test_an_option_is_known_before_its_command_is_imported(command: str, option: str, *, has: bool) -> None:
    assert has_option(command, option) is has
