"""No printed claim about the archive is false, whatever happens to the site and to the commands.

This is the small size of `python -m bench claims`. It must also detect programs that are wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bench.claims import play
from bench.truth.counts import FULL_PERCENT, Counts, percent
from bench.truth.program import NO_FATE, Fate, Program, Ran, Runs

REQUESTS = 1_500
COMMANDS = 10
SEED = 14


def test_no_printed_claim_is_false() -> None:
    counts = play(REQUESTS, seed=SEED, commands=COMMANDS)
    assert not counts.kinds, "\n".join(line for failure in counts.failures for line in failure.lines())
    assert percent(counts.full, counts.acts) >= FULL_PERCENT
    assert counts.arrived == counts.sequences


@dataclass
class Wrong:
    """A program with a changed message and exit code at the end of every command."""

    program: Program
    change: Callable[[Ran], Ran]

    def run(self, *arguments: str, fate: Fate = NO_FATE, rounds: int = 0) -> Ran:
        ran = self.program.run(*arguments, fate=fate, rounds=rounds)
        return ran if ran.code is None else self.change(ran)


def wrong(change: Callable[[Ran], Ran]) -> Counts:
    def make(program: Program) -> Runs:
        return Wrong(program, change)

    return play(1, seed=SEED, make=make, commands=5)  # one sequence


def print_instead(ran: Ran, words: str) -> Ran:
    """Prints other words and exits 0; reports in JSON do not change."""
    return ran if "--json" in ran.arguments else replace(ran, code=0, out=f"{words}\n", err="")


@pytest.mark.thorough
def test_a_program_that_never_claims_anything_is_detected() -> None:
    counts = wrong(lambda ran: replace(ran, code=ran.code or 10, out="", err=""))
    assert set(counts.kinds) == {"late"}
    assert counts.full == 0
    assert percent(counts.arrived, counts.sequences) < 99


@pytest.mark.thorough
def test_a_program_that_claims_everything_is_detected() -> None:
    counts = wrong(lambda ran: print_instead(ran, "2000-01-01 to today: 7 of 7 listed decisions are in the archive."))
    assert counts.kinds["false"]
    assert counts.kinds["false exit"]


@pytest.mark.thorough
def test_a_program_that_says_complete_without_dates_is_detected() -> None:
    counts = wrong(lambda ran: print_instead(ran, "complete: the archive is up to date"))
    assert counts.kinds["unexplained"]
