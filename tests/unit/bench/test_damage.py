"""A few damages of a file: no false value leaves it unnamed, and `verify` names each. `python -m bench damage` tries
five hundred."""

from __future__ import annotations

from bench.damage import try_damages


def test_no_false_value_leaves_a_damaged_file_unnamed_and_verify_names_each_damage() -> None:
    tally = try_damages(14, seed=15)
    assert tally.made == 14
    assert tally.false == []
    assert tally.missed == []
    assert tally.failed == []
    assert tally.changed >= 4, "the damages are of what is published"
    assert len(tally.kinds) == 7
