"""Formats lines of output: removes characters that control a terminal, shortens lists of names, and describes sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.wording import count_of

_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000))


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


def name_task(task: str, arguments: Mapping[str, object]) -> str:
    """Returns the name of a run's task as it is shown. `task`, `arguments`: as they are recorded.

    A run of `lgsco fill off` is recorded as `switchfill` with an argument, and shown as "fill off".
    """
    return f"fill {arguments.get('to') or 'off or resume'}" if task == "switchfill" else task


def name_first(lines: Sequence[str], limit: int, rest: str, noun: str | None = None) -> list[str]:
    """Returns the first `limit` lines and, where there are more, a line that counts the others.

    `rest` is a format string for that line; its one field is the number of lines left out, with `noun` if there is one.
    """
    more = len(lines) - limit
    return [*lines[:limit], *([rest.format(count_of(more, noun) if noun else more)] if more > 0 else [])]


def describe_size(size: int) -> str:
    """Describes a number of bytes in the largest of kB, MB and GB that it reaches: `2.9 MB`, `950 MB`, `1.3 GB`."""
    if size < 1_000:
        return count_of(size, "byte")
    unit, factor = next((unit, factor) for unit, factor in _UNITS if size >= factor)
    return f"{size / factor:,.{1 if size < 10 * factor else 0}f} {unit}"
