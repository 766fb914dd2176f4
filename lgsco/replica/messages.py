"""What passes between the server and the site: a request, and an answer with its bytes ready for the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import NamedTuple

HTML = (("Content-Type", "text/html; charset=utf-8"),)
TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """By lower-case name."""
    port: int = 0
    """The client's port: the same on one connection."""
    received: float = 0.0
    """Monotonic seconds."""
    at: float = 0.0
    """Wall time, seconds since 1970."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Response:
    """An answer. Content-Length is added to the headers unless they hold one."""

    status: int
    body: bytes = b""
    headers: Headers = HTML

    @cached_property
    def head(self) -> bytes:
        """Status line and headers as sent, the empty line included."""
        reason = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Unknown"
        headers = self.headers
        if self.status != HTTPStatus.NOT_MODIFIED and not any(name.lower() == "content-length" for name, _ in headers):
            headers = (*headers, ("Content-Length", str(len(self.body))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {self.status} {reason}\r\n{lines}\r\n".encode("latin-1")

    @cached_property
    def wire(self) -> bytes:
        """The whole answer as sent, built once."""
        return self.head + self.body
