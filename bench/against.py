"""Compares the CPU time of parsing a page with that of another checkout, as a ratio of medians.

    python -m bench.against OTHER_CHECKOUT [PAGES] [ROUNDS]

Both sides parse the same pages in turns, each in a process of its own that waits between rounds.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.samples import pages

MOST = 1.1
"""Most CPU time of a page, as a multiple of the other checkout's."""

SIDE = """
import gc, pickle, sys, time
try:
    from ingest.lgo import page
    from ingest.lgo.text_format import render
except ModuleNotFoundError:
    from ingest import page
    from ingest.text import render
read = getattr(page, "parse_page", None) or page.read  # older checkouts: `read`
bodies = pickle.load(open(sys.argv[1], "rb"))
for body in bodies[:50]:
    render(read(body))
print("ready", flush=True)
for _ in sys.stdin:
    gc.collect()
    began = time.process_time()
    for body in bodies:
        render(read(body))
    print(time.process_time() - began, flush=True)
"""


def start(checkout: Path, corpus: Path) -> subprocess.Popen[str]:
    """Starts a process that parses the corpus with the code of a checkout each time it gets a line."""
    python = checkout / ".venv" / "bin" / "python"
    side = subprocess.Popen(
        [str(python if python.exists() else sys.executable), "-c", SIDE, str(corpus)],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert side.stdout is not None
    assert side.stdout.readline() == "ready\n"
    return side


def measure(other: Path, count: int, rounds: int) -> float:
    """Returns the ratio of the medians of CPU time for a page, ours to the other's."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.write_bytes(pickle.dumps([body for _, body in pages(count)]))
        sides = {"ours": start(Path(__file__).parent.parent, corpus), "other": start(other, corpus)}
        spent: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                assert side.stdin is not None
                assert side.stdout is not None
                print(file=side.stdin, flush=True)
                spent[name].append(float(side.stdout.readline()) / count * 1e6)
        for side in sides.values():
            side.communicate()
    for name, values in spent.items():
        print(f"{name:6} {median(values):8,.0f} µs a page ({min(values):,.0f} to {max(values):,.0f})")
    return median(spent["ours"]) / median(spent["other"])


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 11
    ratio = measure(Path(sys.argv[1]).resolve(), count, rounds)
    print(f"ratio of medians: {ratio:.3f} (at most {MOST})")
    sys.exit(int(ratio > MOST))
