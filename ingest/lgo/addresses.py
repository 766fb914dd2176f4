"""Resolves links as browsers do (WHATWG URL Standard, with `ada-url`), and finds the decision at an address.

Only `http` and `https` addresses are returned, because nothing else is ever requested. No I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ada_url import URL

from ingest.lgo.source import PUBLISHER, SEARCH_PATH
from storage.references import reference

LISTING = f"https://{PUBLISHER}{SEARCH_PATH}"

_SEGMENT_SAFE = "!$&'()*+,-.:;=@_~"
"""Characters that a path segment may have unescaped (RFC 3986, 3.3)."""
_PARAMETERS = re.compile(r";|%3b", re.IGNORECASE)
_NOT_IN_NAMES = frozenset('/\\?#%<>"\ufffd')
"""Characters that no name in the site's addresses has, escaped or not. U+FFFD stands for escapes that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute address, without user, query and fragment."""

    scheme: str
    host: str
    """In lower case."""
    port: int | None
    """None means the default port of the scheme."""
    path: str
    """From the root, escaped."""

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"

    def is_same_site(self, other: Address) -> bool:
        """Whether both addresses are on the same host, with any scheme and with or without `www.`.

        An address on the publisher's own host counts as the same site as any other, because a mirror may print it.
        """
        return self._site == other._site or self._site == (_without_www(PUBLISHER), None)

    @property
    def _site(self) -> tuple[str, int | None]:
        return _without_www(self.host), self.port


def _without_www(host: str) -> str:
    return host.removesuffix(".").removeprefix("www.")


def resolve(link: str, base: Address | None = None) -> Address | None:
    """Resolves a link on a page; None if it is not an http address. A relative link is resolved against `base`."""
    try:
        url = URL(link, str(base) if base is not None else None)
    except ValueError:  # not an address, or relative without a base
        return None
    if url.protocol not in ("http:", "https:"):
        return None
    return Address(url.protocol[:-1], url.hostname, int(url.port) if url.port else None, url.pathname)


@dataclass(frozen=True, slots=True)
class DecisionAddress:
    """The address of a decision's page."""

    path: str
    """The path to request: without session or query, and in lower case, as the site prints its addresses.

    The listing itself is at `/Decisions/…`, so a relative link inherits its capital.
    """
    reference: str
    """Printed form."""


def find_decision(address: Address) -> DecisionAddress | None:
    """Finds the decision at an address `/decisions/{category}[/{subcategory}]/{reference}`.

    Ignores `;parameters`, which are a session and differ on each visit.
    """
    names = [unquote(_PARAMETERS.split(segment, 1)[0]) for segment in address.path.split("/")[1:]]
    slash = "/" if names[-1] == "" else ""
    if slash:
        names.pop()
    if len(names) not in (3, 4) or names[0].lower() != "decisions" or not all(map(_is_name, names)):
        return None
    try:
        found = reference(names[-1])
    except ValueError:
        return None
    path = "/".join(quote(name, safe=_SEGMENT_SAFE).lower() for name in names)
    return DecisionAddress(f"/{path}{slash}", found)


def _is_name(name: str) -> bool:
    return name != "" and name.isprintable() and not _NOT_IN_NAMES & set(name)
