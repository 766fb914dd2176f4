"""Where a link leads, resolved as browsers do (WHATWG URL Standard, 4.4), and which decision is there. Pure.

Only `http` and `https` addresses are kept: nothing else is ever asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from storage.model import reference

PUBLISHER = "www.lgo.org.uk"
LISTING = f"https://{PUBLISHER}/Decisions/SearchResults"

_STRIPPED = "".join(map(chr, range(0x21)))
"""C0 control characters and space."""
_REMOVED = str.maketrans("", "", "\t\n\r")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_AUTHORITY = re.compile(r"[/\\]*([^/\\?]*)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[^\x00-\x20#%/:<>?@\[\\\]^|\x7f]+|\[[0-9a-f:.]+\]")
_ONE_DOT = frozenset({".", "%2e"})
_TWO_DOTS = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})
_PATH_SAFE = "!$%&'()*+,-./:;=@[\\]_|~"
"""What a path keeps as it is, beside letters and digits."""
_SEGMENT_SAFE = "!$&'()*+,-.:;=@_~"
"""What a segment of a path may hold unescaped (RFC 3986, 3.3)."""
_PARAMETERS = re.compile(r";|%3b", re.IGNORECASE)
_NOT_IN_NAMES = frozenset('/\\?#%<>"\ufffd')
"""What no name in the site's addresses holds, escaped or not. U+FFFD: escapes that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute address, without user, query and fragment."""

    scheme: str
    host: str
    """In lower case."""
    port: int | None
    """None: the scheme's own."""
    path: str
    """From the root, escaped."""

    def is_same_site(self, other: Address) -> bool:
        """Whether it is on the same host, whatever the scheme and with or without `www.`; the publisher's own is the
        same as any, since a mirror may print it."""
        return self._site == other._site or self._site == (_without_www(PUBLISHER), None)

    @property
    def _site(self) -> tuple[str, int | None]:
        return _without_www(self.host), self.port


def _without_www(host: str) -> str:
    return host.removesuffix(".").removeprefix("www.")


def resolve(link: str, base: Address | None = None) -> Address | None:
    """Where a link on a page leads; None where that is no http address. `base`: what it is relative to."""
    text = link.strip(_STRIPPED).translate(_REMOVED).partition("#")[0]
    scheme = base.scheme if base is not None else ""
    found = _SCHEME.match(text)
    if found:
        scheme, text = found[1].lower(), text[found.end() :]
        if scheme not in _DEFAULT_PORTS:
            return None
    slashes = len(text) - len(text.lstrip("/\\"))
    if slashes >= 2 or base is None or scheme != base.scheme:
        return _with_authority(scheme, text) if scheme else None
    path = text.partition("?")[0].replace("\\", "/")
    if not path:
        return base
    if not slashes:
        path = base.path[: base.path.rindex("/") + 1] + path
    return Address(base.scheme, base.host, base.port, _normalise(path))


def _with_authority(scheme: str, text: str) -> Address | None:
    found = _AUTHORITY.match(text)
    assert found is not None
    path = text[found.end() :].partition("?")[0].replace("\\", "/")
    host, _, port = _split_port(found[1].rpartition("@")[2])
    host = unquote(host).lower()
    if not _HOST.fullmatch(host) or not (port == "" or (port.isascii() and port.isdigit())):
        return None
    number = int(port[:6]) if port else None
    if number is not None and number > 65_535:
        return None
    return Address(scheme, host, None if number == _DEFAULT_PORTS[scheme] else number, _normalise(path or "/"))


def _split_port(authority: str) -> tuple[str, str, str]:
    """Host, colon and port; the colons in the brackets of an IPv6 address part nothing."""
    host, colon, port = authority.rpartition(":")
    return (host, colon, port) if colon and "]" not in port else (authority, "", "")


def _normalise(path: str) -> str:
    """The path without dot segments, escaped."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        low = segment.lower()
        if low in _TWO_DOTS:
            del kept[-1:]
        elif low not in _ONE_DOT:
            kept.append(segment)
            continue
        if is_last:
            kept.append("")
    return "/" + quote("/".join(kept), safe=_PATH_SAFE, errors="replace")


@dataclass(frozen=True, slots=True)
class DecisionAddress:
    """The address of a decision's page."""

    path: str
    """As it is asked for: in lower case, as the site prints its addresses, and without session or query."""
    reference: str
    """Printed form."""


def find_decision(address: Address) -> DecisionAddress | None:
    """The decision that an address is of: `/decisions/{category}[/{subcategory}]/{reference}`, without `;parameters`
    (a session, which differs with each visit)."""
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
