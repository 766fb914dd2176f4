"""Formats lines of output: removes characters that control a terminal, and shortens long lists of names."""

from __future__ import annotations

from collections.abc import Sequence


def printable(text: str) -> str:
    """Replaces every character that is not printable with a space, so that the result is one harmless line.

    Output may contain text from the site, a document or a foreign database. Control characters in it could move a
    terminal's cursor, and direction marks could reorder the text beside them.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def name_ending(state: str) -> str:
    """Returns a run's state as it is shown: `complete` is shown as "done".

    "complete" would claim too much without the dates beside it. The claim about those dates says how much is stored.
    """
    return "done" if state == "complete" else state


def name_first(lines: Sequence[str], limit: int, rest: str) -> list[str]:
    """Returns the first `limit` lines and, where there are more, a line that counts the others.

    `rest` is a format string for that line; its one field is the number of lines left out.
    """
    more = len(lines) - limit
    return [*lines[:limit], *([rest.format(more)] if more > 0 else [])]
