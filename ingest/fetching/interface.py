"""Defines the HTTP interface that `Client` implements and tests replace: one method, `fetch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage.model import Validators


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response with status 200, or with 304 if the request was conditional."""

    target: str
    """The requested path and query, before any redirect."""
    body: bytes
    """Decompressed. Empty if `unchanged`."""
    charset: str | None
    """As the Content-Type header declares it; it may not exist."""
    at: str
    """When the request began: UTC, ISO 8601 with Z."""
    validators: Validators | None = None
    unchanged: bool = False
    """Whether the site answered 304: the page still matches the validators that were sent."""
    address: str | None = None
    """The absolute URL that answered, after redirects; None if unknown."""


class HttpClient(Protocol):
    """Fetches pages of one site. `ingest.fetching.client.Client` is the only implementation that makes requests."""

    def fetch(self, target: str, known: Validators | None = None) -> Answer:
        """Fetches a path and query. `known`: the validators of the stored page, for a conditional request.

        Raises FetchError if the page could not be fetched, and another LgscoError if the run cannot go on.
        """
