"""Limits how long a whole answer may take, which httpx does not: its timeout is for each read alone.

This reaches into httpx: it replaces a method of the network stream that the `trace` extension passes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
"""The events of the `trace` extension that pass on a new network stream, as `return_value`."""

_READ_LEAST_SECONDS = 0.001
"""A timeout of 0 would mean a read that does not block, and its error is another one."""


def limit_reads(stream: Any, seconds_left: Callable[[], float]) -> None:
    """Lets no read from a network stream go on after a deadline, so that an answer cannot drip for ever.

    `seconds_left`: until the deadline, negative after it. A read that ends after it raises TimeoutError.
    """
    read = stream.read

    def read_in_time(most: int, timeout: float) -> bytes:
        data: bytes = read(most, min(timeout, max(seconds_left(), _READ_LEAST_SECONDS)))
        if seconds_left() < 0:
            raise TimeoutError
        return data

    stream.read = read_in_time
