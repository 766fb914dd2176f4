"""Runs all measurements with `python -m bench`, or one with `python -m bench read`. Exits 1 if a target is missed."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from inspect import signature

from bench.figures import show

PARTS = (
    "read",
    "write",
    "job",
    "disk",
    "memory",
    "changed",
    "growth",
    "ledger",
    "kills",
    "fuzz",
    "claims",
    "verify",
    "copies",
    "damage",
    "template",
    "renormalise",
)


def main() -> int:
    """Runs each part in a process of its own, so that no part inherits garbage, caches or memory from another."""
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="all of them if none is named")
    parser.add_argument("--decisions", type=int, help="decisions to measure on, in place of each part's own number")
    parser.add_argument("--rounds", type=int, help="rounds of those parts that take turns")
    parser.add_argument("--seconds", type=float, help="seconds of fuzzing")
    parser.add_argument("--seed", type=int, help="what the fuzzing's inputs follow from")
    parser.add_argument("--damages", type=int, help="damages of the part damage")
    parser.add_argument("--requests", type=int, help="simulated requests of the part claims")
    parser.add_argument("--sequence", type=int, help="the one sequence of the part claims to play and show")
    asked = parser.parse_args()
    if asked.part is None:
        commands = ([sys.executable, "-m", "bench", part, *sys.argv[1:]] for part in PARTS)
        return max([subprocess.run(command, check=False).returncode for command in commands])
    dials = vars(asked)
    return 0 if _measure(dials.pop("part"), dials) else 1


def _measure(part: str, dials: dict[str, float | None]) -> bool:
    module = import_module(f"bench.{part}")
    known = signature(module.measure).parameters
    given = {name: value for name, value in dials.items() if value is not None and name in known}
    title, _, _ = (module.__doc__ or part).partition("\n")
    return show(title, module.measure(**given))


if __name__ == "__main__":
    sys.exit(main())
