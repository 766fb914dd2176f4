"""Mutation testing: the share of changes of the pure modules that the unit tests notice.

mutmut changes one operator, value, argument or word of a function at a time, and runs the tests that call the function.
A change that no test notices *survives*: a test is missing, or the change makes no difference. Patterns and tables
outside functions are not changed. `[tool.mutmut]` in pyproject.toml names the modules and tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bench.client import ROOT
from bench.figures import Figure

_GOAL = 90
_KILLED = frozenset({"killed", "timeout", "segfault"})
"""A change that makes the tests run much longer, or crash, is noticed too."""
_LINE = re.compile(r"\s+(?P<mutant>(?P<module>[\w.]+)\.x\S+): (?P<state>.+)")


class Mutant(NamedTuple):
    """One change, and what the tests made of it."""

    name: str
    module: str
    state: str


def measure(modules: str = "", jobs: int = 2) -> list[Figure]:
    """Runs mutmut at the lowest priority, and prints each change that was not noticed.

    `modules`: the start of the modules' names, such as `ingest.lgo.zones`. If it is empty, the results for functions
    that did not change since an earlier run are kept (in the folder `mutants`), also if a test was added.
    """
    names = [f"{modules}*"] if modules else []
    environment = os.environ | {"HYPOTHESIS_PROFILE": "mutation"}
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    run = ["nice", "-n", "19", mutmut, "run", "--max-children", str(jobs), *names]
    subprocess.run(run, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    results = [mutmut, "results", "--all", "true"]
    printed = subprocess.run(results, check=True, cwd=ROOT, env=environment, capture_output=True, text=True).stdout
    mutants = [one for one in parse_results(printed) if one.module.startswith(modules)]
    for one in mutants:
        if one.state not in _KILLED:
            print(f"  {one.state}: {one.name}")
    return count_killed(mutants)


def parse_results(printed: str) -> list[Mutant]:
    """Parses the lines that `mutmut results --all true` prints."""
    found = (_LINE.fullmatch(line) for line in printed.splitlines())
    return [Mutant(line["mutant"], line["module"], line["state"]) for line in found if line is not None]


def count_killed(mutants: Iterable[Mutant]) -> list[Figure]:
    """Returns the share of noticed changes of each module, and of all."""
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for one in mutants:
        states[one.module][one.state] += 1
    whole: Counter[str] = sum(states.values(), Counter())
    shares = [_share(module, its, target=None) for module, its in sorted(states.items())]
    return [*shares, _share("all of them", whole, target=_GOAL)] if whole else []


def _share(name: str, states: Counter[str], *, target: float | None) -> Figure:
    killed = sum(states[state] for state in _KILLED)
    counts = ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
    share = 100 * killed / states.total()
    return Figure(f"{name}: {counts}", (share,), "%", target, bound="at least")
