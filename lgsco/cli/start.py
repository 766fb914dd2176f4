"""Starts the program `lgsco`. Ctrl-C while its modules are imported ends it as SIGTERM does, without a traceback."""

from __future__ import annotations

import signal


def main() -> None:
    """Imports the command line and runs it: see `lgsco.cli.main.main`, which installs handlers of its own."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not if it is ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lgsco.cli.main import main as run

    run()
