"""Defines the request and the response that the server and the site exchange."""

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
    """Keys are in lower case."""
    port: int = 0
    """The client's port: the same for all requests on one connection."""
    received: float = 0.0
    """Monotonic time in seconds."""
    at: float = 0.0
    """Wall-clock time in seconds since 1970."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Response:
    """A response. Content-Length is added to the headers unless they have one."""

    status: int
    body: bytes = b""
    headers: Headers = HTML

    @cached_property
    def head(self) -> bytes:
        """Status line and headers as sent, with the empty line."""
        reason = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Unknown"
        headers = self.headers
        if self.status != HTTPStatus.NOT_MODIFIED and not any(name.lower() == "content-length" for name, _ in headers):
            headers = (*headers, ("Content-Length", str(len(self.body))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"HTTP/1.1 {self.status} {reason}\r\n{lines}\r\n".encode("latin-1")

    @cached_property
    def wire(self) -> bytes:
        """The whole response as sent, built once."""
        return self.head + self.body
