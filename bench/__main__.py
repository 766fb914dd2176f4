"""Measures lgsco. Exits 1 if a target is missed.

`python -m bench` prints the table of sizes and speeds in under ten minutes, at 20,000 decisions; `--full` at 60,000 and
1,000,000. `python -m bench PART` runs one part, `python -m bench all` every part, with kills, fuzzing and claims too.
`python -m bench mutation` tests the tests; it takes hours, so `all` leaves it out.
`--json FILE` also writes the figures, and `python -m bench compare OLD.json NEW.json` compares two such files.
"""

from __future__ import annotations

import compileall
import json
import os
import platform
import sqlite3
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from importlib import import_module
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from bench.client import ROOT
from bench.comparison import compare
from bench.figures import show
from bench.filled import SHARED_FOLDER

TABLE = ("changed", "growth", "memory", "start", "web", "disk", "search", "copies", "statistics")
"""The parts of the table of sizes and speeds."""
OTHERS = (
    "read",
    "write",
    "search_speed",
    "search_proof",
    "job",
    "ledger",
    "kills",
    "fuzz",
    "claims",
    "verify",
    "damage",
    "template",
    "renormalise",
    "parquet",
    "litestream",
    "serve",
)
PARTS = (*TABLE, *OTHERS)
ALONE = ("mutation",)
"""Runs only if it is named: it takes hours, and measures the tests, not the program."""


def main() -> int:
    """Runs each part in a process of its own, so that no part inherits garbage, caches or memory from another."""
    if sys.argv[1:2] == ["compare"]:
        return compare(*map(Path, sys.argv[2:]))
    parser = ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument(
        "part", nargs="?", choices=(*PARTS, *ALONE, "all"), help="the parts of the table if none is named"
    )
    parser.add_argument("--full", action="store_true", help="measure at 60,000 and 1,000,000 decisions too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--decisions", type=int, help="decisions to measure on, in place of each part's own number")
    parser.add_argument("--rounds", type=int, help="rounds of those parts that take turns")
    parser.add_argument("--seconds", type=float, help="seconds of fuzzing")
    parser.add_argument("--seed", type=int, help="what the fuzzing's inputs follow from")
    parser.add_argument("--queries", type=int, help="random queries of the part search_proof")
    parser.add_argument("--damages", type=int, help="damages of the part damage")
    parser.add_argument("--requests", type=int, help="simulated requests of the part claims")
    parser.add_argument("--sequence", type=int, help="the one sequence of the part claims to play and show")
    parser.add_argument("--modules", help="the start of the names of the modules of the part mutation")
    asked = vars(parser.parse_args())
    part, file = asked.pop("part"), asked.pop("json")
    dials = {name: value for name, value in asked.items() if value}
    if part in (*PARTS, *ALONE):
        return _measure(part, dials, file)
    return _measure_all(PARTS if part == "all" else TABLE, dials, file)


def _measure(part: str, dials: dict[str, Any], file: Path | None) -> int:
    _compile()
    module = import_module(f"bench.{part}")
    known = signature(module.measure).parameters
    title, _, _ = (module.__doc__ or part).partition("\n")
    began = monotonic()
    figures = module.measure(**{name: value for name, value in dials.items() if name in known})
    is_reached = show(title, figures)
    print(f"  {part}: {monotonic() - began:,.0f} s", flush=True)
    if file is not None:
        _write(file, {part: [figure.as_json() for figure in figures]})
    return 0 if is_reached else 1


def _compile() -> None:
    """Compiles the modules that changed, as pip does when it installs them: Python may be set not to store them."""
    for package in ("bench", "ingest", "lgsco", "storage"):
        compileall.compile_dir(ROOT / package, quiet=1)


def _measure_all(parts: tuple[str, ...], dials: dict[str, Any], file: Path | None) -> int:
    """Runs some parts one after another. A part that fails counts as missed, and the others still run."""
    figures: dict[str, Any] = {}
    worst = 0
    words = [word for name, value in dials.items() for word in (f"--{name}", *([] if value is True else [str(value)]))]
    with TemporaryDirectory() as folder:
        for part in parts:
            found = Path(folder, f"{part}.json")
            command = [sys.executable, "-m", "bench", part, "--json", str(found), *words]
            environment = os.environ | {SHARED_FOLDER: folder}
            worst = max(worst, abs(subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode))
            if found.exists():
                figures |= json.loads(found.read_text())["figures"]
            else:
                print(f"  {part}: NOT MEASURED", flush=True)
    if file is not None:
        _write(file, figures)
    return min(worst, 1)


def _write(file: Path, figures: dict[str, Any]) -> None:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    written = {
        "commit": described.stdout.strip(),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "figures": figures,
    }
    file.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
