"""Resolves redirects. Only redirects within the site are followed."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ingest.errors import Elsewhere
from ingest.fetching.transport import find_sent_target

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


def resolve_redirect(site: str, asked: str, location: str | None) -> str:
    """Returns the path and query to request after `asked` was redirected to `location`, the response header.

    `site`: scheme and host, without a path. Hosts with and without "www." count as the same, and so do http and https;
    the next request still goes to `site`. Raises Elsewhere if the redirect leads to another host, to an invalid
    address, or from `asked` to itself under another scheme or host.
    """
    base = urlsplit(site)
    try:
        there = urlsplit(urljoin(site + asked, location or ""))
        host = there.netloc.removeprefix("www.")
    except ValueError:
        raise Elsewhere(f"{asked}: redirected to an invalid address") from None
    if not location or there.scheme not in ("http", "https") or host != base.netloc.removeprefix("www."):
        name = "".join(c for c in there.netloc if c.isprintable())[:80]
        raise Elsewhere(f"{asked}: redirected to {name or 'nowhere'}; only {base.netloc} is ever requested")
    path = there.path if there.path.startswith("/") else f"/{there.path}"
    try:  # resolve it as httpx sends it, so that `..` segments cannot bypass robots.txt
        target = find_sent_target(site + path + (f"?{there.query}" if there.query else ""))
    except ValueError:
        raise Elsewhere(f"{asked}: redirected to an invalid address") from None
    if target == asked and (there.scheme, there.netloc) != (base.scheme, base.netloc):
        raise Elsewhere(f"{asked}: redirected to {there.scheme}://{there.netloc}; set base_url in [site] to that")
    return target
