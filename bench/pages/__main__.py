"""Measures the parser on generated pages: `python -m bench.pages boilerplate | mutants | odd | cost`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.pages import boilerplate, cost, mutant_tries, odd_tries
from bench.pages.readers import HERE


def main() -> int:
    """Runs one measurement. Exits 1 if a figure is missed."""
    parser = ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("part", choices=("boilerplate", "mutants", "odd", "cost"))
    parser.add_argument("--reader", type=Path, default=HERE, help="the checkout whose reader is tried (this one)")
    parser.add_argument("--before", type=Path, help="a checkout whose reader is compared: mutants, cost")
    parser.add_argument(
        "--count", type=int, help="decisions of boilerplate (400) and cost (400), mutants (100,000), odd pages (10,000)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of cost (7)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="a folder for the words that Chromium shows of mutants")
    parser.add_argument("--failures", type=Path, help="a folder for pages that were not read right")
    asked = parser.parse_args()
    if asked.part == "cost" and asked.before is None:
        parser.error("cost needs --before CHECKOUT")
    return 0 if _measure(asked) else 1


def _measure(asked: Namespace) -> bool:
    reader = asked.reader.resolve()
    before = asked.before and asked.before.resolve()
    match asked.part:
        case "boilerplate":
            return boilerplate.measure(reader, asked.count or 400, asked.seed, asked.processes, asked.failures)
        case "mutants":
            count = asked.count or 100_000
            return mutant_tries.measure(reader, before, count, asked.seed, asked.processes, asked.cache, asked.failures)
        case "odd":
            return odd_tries.measure(reader, asked.count or 10_000, asked.seed, asked.processes, asked.failures)
        case _:
            return cost.measure(reader, before, asked.count or 400, asked.rounds)


if __name__ == "__main__":
    sys.exit(main())
