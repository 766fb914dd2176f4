"""Saved documents -> decisions: text files of both layouts and HTML pages, found in files and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.errors import CutShort, ReadError, UsageError
from ingest.lgo import page
from ingest.lgo import text_format as text
from ingest.parsing.decode import decode
from ingest.parsing.input_limits import MAX_BYTES
from storage.export import ATTRIBUTION_FILE
from storage.model import Decision

SUFFIXES = frozenset({".txt", ".text", ".html", ".htm"})
"""The files taken from a folder, but for the attribution beside an export; a file named by itself is always taken."""


def find(paths: Iterable[Path]) -> list[Path]:
    """The documents in files and folders, folders in the order of their names. Raises UsageError where none is."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(
                inside
                for inside in path.rglob("*")
                if inside.suffix.lower() in SUFFIXES and inside.name != ATTRIBUTION_FILE and inside.is_file()
            )
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"{path}: no such file or folder; name text documents or saved pages to import")
    if not found:
        raise UsageError("no documents there: a folder is searched for .txt, .text, .html and .htm files")
    return found


def read(path: Path, *, unclosed: bool) -> Decision:
    """The decision in a file. Raises ReadError, also where the file itself cannot be read."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReadError(f"the file cannot be read: {error.strerror}") from None
    start = decode(body).text[:1024].lstrip().lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<!--")) or "<html" in start:
        decision = page.read(body)  # its markup shows that it is whole
        if page.chapters(body, decision.reference):
            raise CutShort(
                f"{decision.reference}: one chapter of a report of several, which would be half a text; fetch it with "
                "lgsco backfill"
            )
        return decision
    return text.parse(body, unclosed=unclosed)
