"""Finds saved documents in files and folders, and parses them: text files of both layouts and HTML pages.

A file that is named itself is always read. From a folder, only files that may be a decision are read. The others are
reported as left out, with the reason, except dot files and the files that `lgsco export` writes beside the decisions.
"""

from __future__ import annotations

import errno
import hashlib
import re
import stat
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ingest.errors import CutShort, NotADecision, ReadError, Undecodable, UsageError
from ingest.lgo import page
from ingest.lgo import text_format as text
from ingest.lgo.other_decisions import find_title_inside
from ingest.parsing.decode import decode
from ingest.parsing.input_limits import MAX_BYTES
from storage.export import ATTRIBUTION_FILE, DIGESTS_FILE
from storage.model import Decision

SUFFIXES = frozenset({".txt", ".text", ".html", ".htm", ".xhtml"})
"""The suffixes of files that are read from a folder, in lower or upper case."""
_READ = "only .txt, .text, .html, .htm and .xhtml files are read"
_WEB_ARCHIVES = frozenset({".mhtml", ".mht", ".webarchive"})
_SAVE_AS_HTML = "a web archive; open it in a browser and save it as HTML"
_EXPORTS_OWN = frozenset({ATTRIBUTION_FILE, DIGESTS_FILE})
"""The files that an export writes beside the decisions."""
_SUFFIX = re.compile(r"\.[a-z][a-z0-9]{0,9}", re.IGNORECASE)
"""A suffix that names a file type. The `.920` of `Decision 25.004.920` does not match."""
_PAGES_FILES = re.compile(r"(.+)[_-]files", re.IGNORECASE | re.DOTALL)
"""The name of the folder in which a browser saves the pictures and styles of a page."""

_BEGINNING = 65_536
"""Bytes from which the type of a file without a suffix is judged."""
_ANY_REFERENCE = re.compile(r"(?<!\d)\d{2}[\s\u2010-\u2015-]?\d{3}[\s\u2010-\u2015-]?\d{3}(?!\d)", re.ASCII)
_ROOT = re.compile(r"<html[\s>]")
_HEAD_OR_BODY = re.compile(r"<(?:head|body)[\s>]")
"""Both are in a page that begins with something else. A decision may quote one of them."""
_DIGEST = re.compile(rb"[0-9a-f]{64}(?= )")
_MAIL_HEADERS = re.compile(r"(?:[\w-]+:[^\n]*\n|[ \t][^\n]*\n)+", re.ASCII)


class LeftOut(NamedTuple):
    """A file or folder that was not read."""

    path: Path
    why: str
    may_hold: bool = False
    """Whether it may contain decisions, because it was not looked into: then the import is incomplete."""


class Found(NamedTuple):
    """The documents in files and folders, and what was left out."""

    documents: list[Path]
    left_out: list[LeftOut]


def find_documents(paths: Iterable[Path]) -> Found:
    """Finds the documents in files and folders; files of a folder in order of their names.

    Raises UsageError if there are none.
    """
    found = Found([], [])
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except FileNotFoundError:
            raise UsageError(f"{path}: no such file or folder; name text documents or saved pages to import") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}; check its permissions") from None
        if not is_folder:
            found.documents.append(path)
            continue
        for inside in _walk(path, found.left_out):
            why = _why_left_out(inside)
            if why is None:
                found.documents.append(inside)
            else:
                found.left_out.append(LeftOut(inside, why))
    if not found.documents:
        named = "".join(f"; {one.path}: {one.why}" for one in found.left_out[:5])
        more = f"; and {len(found.left_out) - 5:,} more" if len(found.left_out) > 5 else ""
        raise UsageError(f"no documents found: in a folder {_READ}, and files without a suffix{named}{more}")
    return found


def _walk(folder: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """Yields the regular files of a folder and its sub-folders, in order of their names.

    Other kinds of files, and folders that are not searched, are added to `left_out`.
    """
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode) and path.is_symlink() and path != folder:
                why = "a symbolic link to a folder, which is not followed; name the folder itself"
                left_out.append(LeftOut(path, why, may_hold=not path.resolve().is_relative_to(folder.resolve())))
            elif stat.S_ISDIR(mode):
                inside = [below for below in sorted(path.iterdir()) if not _is_passed_over(below.name)]
                beside = {below.stem for below in inside if below.suffix.lower() in SUFFIXES}
                for below in reversed(inside):
                    saved = _PAGES_FILES.fullmatch(below.name)
                    if saved and saved[1] in beside and below.is_dir():
                        left_out.append(LeftOut(below, f"files that a browser saved with the page {saved[1]}"))
                    else:
                        waiting.append(below)
            elif stat.S_ISREG(mode):
                yield path
            else:
                left_out.append(LeftOut(path, "a pipe, a device or a socket, not a file"))
        except OSError as error:
            leads_nowhere = path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP)
            kind = "a broken symbolic link" if leads_nowhere else "it cannot be read"
            left_out.append(LeftOut(path, f"{kind} ({error.strerror})", may_hold=not leads_nowhere))


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name in _EXPORTS_OWN


def _why_left_out(path: Path) -> str | None:
    """Returns why a file of a folder is not read; None if it is read."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return None
    if suffix in _WEB_ARCHIVES:
        return _SAVE_AS_HTML
    if _SUFFIX.fullmatch(suffix):
        return _READ
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return None  # `read` reports why it cannot be read
    return None if _may_be_decision(beginning) else "it has no suffix, and is not a page or a text with a reference"


def _may_be_decision(beginning: bytes) -> bool:
    try:
        words = decode(beginning).text
    except Undecodable:
        return False
    return _is_page(words) or _ANY_REFERENCE.search(words) is not None


def _is_page(words: str) -> bool:
    low = words[:_BEGINNING].lower()
    start = low[:1024].lstrip()
    if start.startswith(("<!doctype", "<html", "<?xml", "<!--")):
        return True
    return _ROOT.search(start) is not None and _HEAD_OR_BODY.search(low) is not None


class ExportDigests:
    """The digests in the `SHA256SUMS` of folders. Each list is read once: the list of a whole archive has megabytes."""

    def __init__(self) -> None:
        self._by_folder: dict[Path, frozenset[bytes]] = {}

    def has(self, path: Path, body: bytes) -> bool:
        """Whether the list beside a file has the digest of its content."""
        folder = path.parent
        if folder not in self._by_folder:
            self._by_folder[folder] = _read_digests(folder / DIGESTS_FILE)
        return hashlib.sha256(body).digest() in self._by_folder[folder]


def _read_digests(path: Path) -> frozenset[bytes]:
    try:
        with path.open("rb") as sums:
            return frozenset(bytes.fromhex(found[0].decode()) for line in sums if (found := _DIGEST.match(line)))
    except OSError:
        return frozenset()


def parse_document(
    path: Path,
    *,
    unclosed: bool,
    today: date | None = None,
    as_is: bool = False,
    all_blocks: bool = False,
    exported: ExportDigests | None = None,
) -> Decision:
    """Parses the decision in a file.

    `unclosed`: accepts a statement without its closing line. `today`: the day of the import. `as_is`: accepts a page or
    text that is not complete. `all_blocks`: lists every block of a page that is not part of the decision. `exported`:
    the digests that were read for other files.

    If the digest of a text is in `SHA256SUMS` beside it, an export wrote it, so it is complete without a closing line.
    A text in which another decision begins before a closing line is refused, unless it is to be read as it is.
    Raises ReadError, also if the file itself cannot be read.
    """
    body = _read_file(path)
    words = decode(body).text
    if _is_web_archive(words):
        raise NotADecision(_SAVE_AS_HTML)
    if _is_page(words):
        # No `unclosed` here: the markup of a page shows whether it is complete.
        decision = page.parse_page(body, today=today, as_is=as_is, all_blocks=all_blocks)
        if page.find_chapters(body, decision.reference) and not as_is:
            raise CutShort(
                f"{decision.reference}: only one chapter of a report that has several; fetch the report with "
                "lgsco backfill"
            )
        return decision
    is_known = as_is or (exported or ExportDigests()).has(path, body)
    decision = text.parse(body, unclosed=unclosed or is_known, today=today)
    if not is_known and (other := find_title_inside(decision)) is not None:
        raise NotADecision(
            f"{decision.reference}: the text has another decision too, {other}, and no closing line between them shows "
            "where the first ends; save each decision in a file of its own"
        )
    return decision


def _read_file(path: Path) -> bytes:
    """Reads a file, or one byte more than a document may have. Raises ReadError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise ReadError("it is a pipe, a device or a socket, not a file; save its content in a file and name that")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReadError(f"the file cannot be read: {error.strerror}") from None


def _is_web_archive(words: str) -> bool:
    """Whether a document is MHTML (RFC 2557): a web page encoded like an e-mail."""
    headers = _MAIL_HEADERS.match(words[:_BEGINNING])
    return headers is not None and "multipart/" in (low := headers[0].lower()) and "mime-version:" in low
