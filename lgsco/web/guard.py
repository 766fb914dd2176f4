"""Adds security headers to the answers, and makes redirects fit behind a proxy's path.

The pages escape the text they show. The Content-Security-Policy is a second line of defence if one fails to: a browser
then runs only Datasette's own scripts.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import datasette

from lgsco.web.gate import Message, Send

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SETTING = "{{ datasette_allow_facet }}"
"""The only part that differs between renderings of Datasette's inline scripts."""

_PUBLIC_SECONDS = 600
"""Seconds that caches may keep the pages of a public archive."""

_UNSAFE_INLINE = "'unsafe-inline'"


def add_headers(send: Send, policy: str, *, base_url: str = "/", public: bool = False) -> Send:
    """Wraps `send`: adds the headers to each answer.

    `base_url`: the path of the proxy, which is put before redirects. `public`: caches may keep pages without errors.
    """
    ours = {
        b"content-security-policy": policy.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-site" if not public else b"cross-origin",
    }

    async def guard(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            kept = [(name, _put_below(value, base_url) if name == b"location" else value) for name, value in headers]
            added = dict(ours)
            if public:
                found = message["status"] < 400
                added[b"cache-control"] = f"public, max-age={_PUBLIC_SECONDS}".encode() if found else b"no-store"
            kept = [(name, value) for name, value in kept if name not in added]
            message = {**message, "headers": [*kept, *added.items()]}
        await send(message)

    return guard


def _put_below(location: bytes, base_url: str) -> bytes:
    """Puts the path of the proxy before an address of this server, unless it is there."""
    below = base_url.encode()
    if base_url == "/" or not location.startswith(b"/") or location.startswith((below, b"//")):
        return location
    return below.rstrip(b"/") + location


def content_security_policy(sources: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """The Content-Security-Policy of every page.

    It allows nothing from other sites. Of inline scripts, it allows only those in Datasette's templates, by their
    hashes. `sources`: what a setting adds to it.
    """
    templates = Path(datasette.__file__).parent / "templates"
    inline = {
        script.replace(_SETTING, setting)
        for template in templates.glob("*.html")
        for script in _INLINE.findall(template.read_text(encoding="utf-8"))
        for setting in ("true", "false")
    }
    hashes = sorted(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *(f"'sha256-{digest}'" for digest in hashes)],
        "style-src": ["'self'", _UNSAFE_INLINE],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    for directive, added in (sources or {}).items():
        policy[directive] = _widen(policy.get(directive, []), added)
    return "; ".join(f"{directive} {' '.join(words)}" for directive, words in policy.items())


def _widen(words: list[str], added: tuple[str, ...]) -> list[str]:
    """Adds sources to a directive. Removes what would make a browser ignore them."""
    kept = [word for word in words if word != "'none'"]
    if _UNSAFE_INLINE in added:
        kept = [word for word in kept if not word.startswith("'sha256-")]
    return [*kept, *added] or words
