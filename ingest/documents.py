"""Saved documents -> decisions: text files of both layouts and HTML pages, found in files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest import page, text
from ingest.errors import ReadError, UsageError
from ingest.whole import MAX_BYTES
from storage.export import ATTRIBUTION_FILE
from storage.model import Decision

SUFFIXES = frozenset({".txt", ".text", ".html", ".htm"})
"""The files taken from a folder, but for the attribution beside an export; a file named by itself is always taken."""


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """The documents in files and folders, folders in the order of their names. Raises UsageError."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                inside
                for inside in path.rglob("*")
                if inside.suffix.lower() in SUFFIXES and inside.name != ATTRIBUTION_FILE and inside.is_file()
            )
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{path}: no such file or folder; name text documents or saved pages to import")


def read(path: Path, *, unclosed: bool) -> Decision:
    """The decision in a file. Raises ReadError, also where the file itself cannot be read."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReadError(f"the file cannot be read: {error.strerror}") from None
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<!--")) or b"<html" in start:
        return page.read(body)  # its markup shows that it is whole
    return text.parse(body, unclosed=unclosed)
