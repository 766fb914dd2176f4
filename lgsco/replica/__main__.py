"""The look-alike by hand: `python -m replica --count 500` serves the seeds and 500 invented decisions until Ctrl-C."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from datetime import date
from threading import Event

from lgsco.replica.corpus import generate, seeds
from lgsco.replica.markup import STYLES
from lgsco.replica.server import serve
from lgsco.replica.site import Site


def main() -> None:
    """Parse, serve, print the address, wait."""
    parser = ArgumentParser(prog="python -m replica", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--count", type=int, default=500, help="invented decisions beside the five real ones")
    parser.add_argument("--markup", choices=STYLES, default="article")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other decisions")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2016, 1, 1), help="earliest decision date")
    parser.add_argument("--last", type=date.fromisoformat, default=date(2025, 12, 31), help="latest decision date")
    parser.add_argument("--short", action="store_true", help="bodies of the smallest size")
    parser.add_argument("--prepare", action="store_true", help="render all pages before serving")
    asked = parser.parse_args()
    invented = generate(asked.count, seed=asked.seed, first=asked.first, last=asked.last, body=not asked.short)
    site = Site([*seeds(), *invented], markup=asked.markup, cache=asked.count + 5 if asked.prepare else 4_000)
    if asked.prepare:
        site.prepare()
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with serve(site, port=asked.port, log_limit=1_000) as server:
        print(server.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
