"""What goes around every answer of Datasette: a browser runs no script but Datasette's own, a spreadsheet no cell.

Pages escape what they show; this is the second lock, for the day on which one does not.
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
"""The one thing that differs in Datasette's inline scripts."""

_CSV_CELL = re.compile(r'"(?:[^"]|"")*"|[^,"\r\n]+')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", re.ASCII)


class StreamFailed(BaseException):
    """A stream failed after it began. Not an Exception, because Datasette would answer those a second time."""


def guarded(application: Application) -> Application:
    """The application, with our headers on its answers, and its CSV as that of `lgsco export`."""
    ours = [
        (b"content-security-policy", policy().encode()),
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
                message = {**message, "body": harmless(message["body"].decode()).encode()}
            await send(message)

        with suppress(StreamFailed):  # uvicorn closes the connection of an incomplete answer
            await application(scope, receive, guard if scope["type"] == "http" else send)

    return answer


def policy() -> str:
    """What a page may load and run (Content-Security-Policy): nothing from elsewhere, and of the scripts that stand in
    a page only those of Datasette's templates, known by their hashes."""
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


def harmless(rows: str) -> str:
    """Rows of CSV whose cells no spreadsheet runs, marked as in `storage.export.cell`; numbers stay numbers."""
    return _CSV_CELL.sub(_marked, rows)


def _marked(written: re.Match[str]) -> str:
    quoted = written[0].startswith('"')
    words = written[0][1:-1] if quoted else written[0]
    marked = words if _NUMBER.fullmatch(words) else cell(words)
    return f'"{marked}"' if quoted else marked
