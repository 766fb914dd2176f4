"""An HTTP client that takes its answers from a look-alike site, without a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.errors import Gone
from ingest.fetching.interface import Answer
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from storage.errors import LgscoError
from storage.model import Validators


@dataclass
class SiteClient:
    """Answers each request as the site does. `change`, if set, changes each body; `error`, if set, is raised."""

    site: Site
    at: str
    change: Callable[[str], str] | None = None
    error: LgscoError | None = None
    targets: list[str] = field(default_factory=list)
    """Every path and query that was fetched, in order."""

    def fetch(self, target: str, known: Validators | None = None) -> Answer:
        self.targets.append(target)
        if self.error is not None:
            raise self.error
        response = self.site.handle(Request("GET", target, {}))
        if response.status != 200:
            raise Gone(f"the site answers {response.status}", status=response.status)
        body = response.body if self.change is None else self.change(response.body.decode()).encode()
        return Answer(target, body, "utf-8", self.at, None)
