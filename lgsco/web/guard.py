"""Adds security headers to every answer of Datasette, and makes its CSV safe to open in a spreadsheet.

The pages escape the text they show. The Content-Security-Policy is a second line of defence if one fails to: a browser
then runs only Datasette's own scripts.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import datasette

from storage.export import cell

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SETTING = "{{ datasette_allow_facet }}"
"""The only part that differs between renderings of Datasette's inline scripts."""

_CSV_CELL = re.compile(r'"(?:[^"]|"")*"|[^,"\r\n]+')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", re.ASCII)


class StreamFailed(BaseException):
    """A stream failed after its first bytes were sent.

    Not an Exception, because Datasette would answer an Exception with a second response.
    """


def add_guards(application: Application) -> Application:
    """Wraps the application: add the security headers to its answers, and escape CSV cells as `lgsco export` does."""
    ours = [
        (b"content-security-policy", content_security_policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]

    async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        is_csv = False

        async def guard(message: Message) -> None:
            nonlocal is_csv
            if message["type"] == "http.response.start":
                headers = [(name.lower(), value) for name, value in message.get("headers", ())]
                kind = dict(headers).get(b"content-type", b"")
                is_csv = scope["path"].endswith(".csv") and kind.startswith((b"text/plain", b"text/csv"))
                kept = [(name, value) for name, value in headers if name not in dict(ours)]
                message = {**message, "headers": kept + ours}
            elif is_csv and message.get("body"):  # Datasette sends each row in a message of its own
                message = {**message, "body": escape_formulas(message["body"].decode()).encode()}
            await send(message)

        with suppress(StreamFailed):  # uvicorn closes the connection of an incomplete answer
            await application(scope, receive, guard if scope["type"] == "http" else send)

    return answer


def content_security_policy() -> str:
    """The Content-Security-Policy of every page.

    It allows nothing from other sites. Of inline scripts, it allows only those in Datasette's templates, by their
    hashes.
    """
    templates = Path(datasette.__file__).parent / "templates"
    inline = {
        script.replace(_SETTING, setting)
        for template in templates.glob("*.html")
        for script in _INLINE.findall(template.read_text(encoding="utf-8"))
        for setting in ("true", "false")
    }
    hashes = sorted(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src 'self' {allowed}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def escape_formulas(rows: str) -> str:
    """Escapes the cells of CSV rows that a spreadsheet would run as formulas, as `storage.export.cell` does.

    Numbers stay numbers, also negative ones.
    """
    return _CSV_CELL.sub(_escape_cell, rows)


def _escape_cell(written: re.Match[str]) -> str:
    quoted = written[0].startswith('"')
    words = written[0][1:-1] if quoted else written[0]
    escaped = words if _NUMBER.fullmatch(words) else cell(words)
    return f'"{escaped}"' if quoted else escaped
