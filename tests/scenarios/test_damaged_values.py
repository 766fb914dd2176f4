"""A few damages of a file: no false value is shown without a warning, and `verify` finds each damage.

`python -m bench damage` tries five hundred.
"""

from __future__ import annotations

from bench.damage import try_damages


def test_damaged_values_are_never_shown_silently_and_verify_finds_each_damage() -> None:
    tally = try_damages(10, seed=15)
    assert tally.made == 10
    assert tally.false == []
    assert tally.missed == []
    assert tally.failed == []
    assert tally.changed >= 3, "the damages are of what is published"
    assert len(tally.kinds) == 7
