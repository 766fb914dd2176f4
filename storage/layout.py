"""Where each line of a text stands and what it is: the row of `layouts` that the view `paragraphs` reads.

One JSON array a line: start and length in bytes of UTF-8, kind (0 header, 1 heading, 2 paragraph, 3 item), start and
length of the section's heading or null, number or null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from storage.model import Line, LineKind

KINDS: tuple[LineKind, ...] = ("header", "heading", "paragraph", "item")
_CODES = {kind: code for code, kind in enumerate(KINDS)}
_MARKER_BYTES = len("- ")


def layout(lines: Iterable[Line]) -> str:
    """The layout of the text that the lines are, joined by newlines with `- ` before items."""
    rows: list[str] = []
    at = 0
    section = "null,null"
    for kind, text, number, _ in lines:
        length = len(text) if text.isascii() else len(text.encode())
        code = _CODES[kind]
        if code == 3:
            at += _MARKER_BYTES
        elif code == 1:
            section = f"{at},{length}"
        rows.append(f"[{at},{length},{code},{section},{f'{chr(34)}{number}{chr(34)}' if number else 'null'}]")
        at += length + 1
    return f"[{','.join(rows)}]"


def lines(text: str, layout: str) -> tuple[Line, ...]:
    """The lines of a kept text."""
    data = text.encode()

    def cut(start: int, length: int) -> str:
        return data[start : start + length].decode()

    return tuple(
        Line(KINDS[code], cut(start, length), number, None if above is None else cut(above, extent))
        for start, length, code, above, extent, number in json.loads(layout)
    )
