"""Serves the look-alike site until Ctrl-C.

`python -m lgsco.replica --count 500` serves the seeds and 500 generated decisions.
"""

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
    """Parses the options, starts the server, prints its address, and waits for a signal."""
    parser = ArgumentParser(prog="python -m lgsco.replica", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes any free port")
    parser.add_argument("--count", type=int, default=500, help="generated decisions, in addition to the five real ones")
    parser.add_argument("--markup", choices=STYLES, default="article")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generator; each seed gives other decisions")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2016, 1, 1), help="earliest decision date")
    parser.add_argument("--last", type=date.fromisoformat, default=date(2025, 12, 31), help="latest decision date")
    parser.add_argument("--short", action="store_true", help="generate the shortest possible texts")
    parser.add_argument("--prepare", action="store_true", help="render all pages before the server starts")
    options = parser.parse_args()
    generated = generate(
        options.count, seed=options.seed, first=options.first, last=options.last, body=not options.short
    )
    site = Site([*seeds(), *generated], markup=options.markup, cache=options.count + 5 if options.prepare else 4_000)
    if options.prepare:
        site.prepare()
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with serve(site, port=options.port, log_limit=1_000) as server:
        print(server.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
