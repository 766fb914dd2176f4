"""A client on a socket, which sees what the look-alike sends byte for byte."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from lgsco.replica.corpus import seeds
from lgsco.replica.messages import Request
from lgsco.replica.server import Server
from lgsco.replica.site import Site

PAGE = seeds()[0].address
LISTING = "/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page={}"
LONG = 60.0
"""Time limit in seconds; a test that takes longer hangs."""


class Got(NamedTuple):
    """The bytes that came back on one connection until it ended."""

    raw: bytes
    is_reset: bool

    @property
    def status(self) -> int | None:
        return int(self.raw[9:12]) if self.raw else None

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


def dial(server: Server, target: str = PAGE, method: str = "GET", **headers: str) -> socket.socket:
    """Opens a connection and sends one request on it."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=LONG)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: look-alike\r\nConnection: close\r\n{lines}\r\n".encode())
    return connection


def ask(server: Server, target: str = PAGE, method: str = "GET", **headers: str) -> Got:
    """Sends one request, and reads until the connection ends."""
    received = bytearray()
    with dial(server, target, method, **headers) as connection:
        try:
            while part := connection.recv(1 << 16):
                received += part
        except ConnectionResetError:
            return Got(bytes(received), True)
    return Got(bytes(received), False)


def take(connection: socket.socket, size: int) -> bytes:
    """Reads that many bytes."""
    received = bytearray()
    while len(received) < size and (part := connection.recv(size - len(received))):
        received += part
    return bytes(received)


def silent(connection: socket.socket) -> bool:
    """Whether neither bytes nor the end of the connection arrive."""
    connection.settimeout(0.05)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    return False


def right(site: Site, target: str = PAGE) -> bytes:
    """Returns the body of the right answer."""
    return site.handle(Request("GET", target, {})).body


def total(page: bytes | str) -> str | None:
    """Returns the count that a listing states, as printed."""
    found = re.search(r"Your search has ([\d,]+) results", page if isinstance(page, str) else page.decode())
    return found and found[1]


def cards(page: bytes | str) -> list[str]:
    """Returns the addresses of a listing's cards."""
    return re.findall(r'card__title"><a href="([^"]+)"', page if isinstance(page, str) else page.decode())
