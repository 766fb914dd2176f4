"""The door to the wire, one method wide: what the rest of the house knows of fetching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage.model import Validators


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with status 200; or 304, when the site was told what we have of it."""

    target: str
    """Path and query that were asked for."""
    body: bytes
    charset: str | None
    at: str
    """When it was asked for: UTC, ISO 8601 with Z."""
    validators: Validators | None = None
    unchanged: bool = False
    """Whether the site says that it is as the validators it was told say; `body` is empty then."""
    address: str | None = None
    """The whole address that answered, after redirections; None where it is not known."""


class Wire(Protocol):
    """What fetches; `ingest.fetching.client.Site` is the only one that makes requests."""

    def fetch(self, target: str, known: Validators | None = None) -> Answer:
        """The answer for a path and query. `known`: the validators of what we have of it."""
