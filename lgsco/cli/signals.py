"""Ends the program at SIGTERM and Ctrl-C by an exception, but never in the middle of an import.

An exception that a signal raises during an import can be lost in a callback of the import system, and the program would
go on; or Python turns it into another one, such as a RuntimeError about a class that is being made.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

_RETRY_SECONDS = 0.01
_IMPORT_SYSTEM = "<frozen importlib"
"""The beginning of the file names of the import system's frames."""


_received: list[int] = []
"""The last signal that ends the program; at most one."""


def end_on_signals() -> None:
    """Makes SIGTERM and Ctrl-C raise an exception, so that `finally` blocks remove unfinished files.

    An ignored Ctrl-C stays ignored, as in the background of a script. `lgsco.cli.start` sets the default action.
    """
    _received.clear()
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_DFL):
        signal.signal(signal.SIGINT, _end)


def find_received() -> int | None:
    """Returns the number of the signal that ends the program; None if there was none.

    SQLite takes the exception in one of its callbacks for an error of its own, so an error may follow from the signal.
    """
    return _received[0] if _received else None


def _end(number: int, frame: FrameType | None) -> None:
    """Raises SystemExit or, for Ctrl-C, KeyboardInterrupt. During an import, raises the same signal again soon."""
    _received[:] = [number]
    if _is_importing(frame):
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
        signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
        return
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a frame, or one that called it, belongs to the import system."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
            return True
        frame = frame.f_back
    return False
