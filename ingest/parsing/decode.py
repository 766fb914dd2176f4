"""Decodes the bytes of a page or a text document, and reports peculiarities of the encoding.

UTF-16 is recognised by its byte-order mark or its zero bytes, UTF-8 by being well-formed. All else is a single-byte
encoding: the declared one, or windows-1252. In a UTF-8 document with stray bytes, only those are windows-1252. No I/O.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import NamedTuple

from ingest.errors import Undecodable
from ingest.wording import count_of


class Decoded(NamedTuple):
    """The text of a document."""

    text: str
    data: bytes
    """The text in UTF-8."""
    odd: tuple[str, ...] = ()
    """Peculiarities of the encoding, one phrase each; the text is usable nevertheless."""


_MAX_NUL_BYTES = 16
_BYTES_PER_NUL = 50
"""At most one byte in this many may be zero, not counting the first few.

So few are errors; more mean another encoding, or not text.
"""
_CONTROLS = bytes(sorted({*range(0x20), 0x7F} - {*b"\t\n\v\f\r"}))
_UTF_16_SHARE = 0.2
"""Minimum share of zeros among every second byte of UTF-16 text. Most text here is nearly all ASCII."""

_UTF_8_ONLY = re.compile(
    rb"[\xc2-\xc5][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf]|\xef\xbf\xbd|\xf0\x9f[\x80-\xbf][\x80-\xbf]"
)
"""Latin letters and signs, punctuation, the replacement character and emoji in UTF-8.

In windows-1252 these bytes are a capital letter with an accent (or â, ï, ð) directly before a symbol, which does not
occur in text.
"""

_WINDOWS_1252 = "windows-1252"
_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
"""The bytes that have no character in windows-1252."""
_WINDOWS_1252_LABELS = frozenset(
    [
        *("ansi_x3.4-1968", "ascii", "cp1252", "cp819", "csisolatin1", "ibm819", "iso-8859-1", "iso-ir-100"),
        *("iso8859-1", "iso88591", "iso_8859-1", "iso_8859-1:1987", "l1", "latin-1", "latin1", "us-ascii"),
        *("windows-1252", "x-cp1252"),
    ]
)
"""The labels that browsers treat as windows-1252 (WHATWG Encoding Standard, 4.2)."""
_SINGLE_BYTE_CODEC = re.compile(r"iso8859-\d{1,2}|cp125\d|cp874|koi8-[ru]|mac-roman")
"""Python's names of the other single-byte encodings in the same standard."""

_META_OR_ASIDE = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea|title|xmp)\b.*?(?:</\1|\Z)|<meta\b([^<>]*)", re.IGNORECASE | re.DOTALL
)
_ATTRIBUTE = re.compile(rb"(?<![\w-])([\w-]++)\s*+=\s*+(?:\"([^\"]*)|'([^']*)|([^\s\"'>]+))")
_CONTENT_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"\s*<\?xml\b[^<>]*?\bencoding\s*=\s*[\"']\s*([\w.:-]+)", re.IGNORECASE)


def decode(body: bytes, charset: str | None = None) -> Decoded:
    """Decodes a document. `charset`, the encoding named by the response, has priority over the document's own.

    Raises Undecodable if the bytes are not text in any encoding.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if body.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        return _decode_utf_16(body[2:], encoding, ())
    body = body.removeprefix(codecs.BOM_UTF8)
    odd: tuple[str, ...] = ()
    if b"\0" in body:
        zeros = body.count(0)
        if zeros > _MAX_NUL_BYTES and zeros * _BYTES_PER_NUL > len(body):
            return _decode_unmarked_utf_16(body, zeros, charset)
        body = body.replace(b"\0", b"")
        odd = (f"{count_of(zeros, 'zero byte')} left out",)
    try:
        return Decoded(body.decode(), body, odd)
    except UnicodeDecodeError:
        pass
    controls = len(body) - len(body.translate(None, _CONTROLS))
    if controls > _MAX_NUL_BYTES and controls * _BYTES_PER_NUL > len(body):
        raise Undecodable(f"{controls:,} of {len(body):,} bytes are control characters: the document is not text")
    text, more = _decode_single_bytes(body, charset)
    return Decoded(text, text.encode(), (*odd, *more))


# ------------------------------------------------------------ UTF-16


def _decode_utf_16(body: bytes, encoding: str, odd: tuple[str, ...]) -> Decoded:
    text = body.decode(encoding, "replace")
    zeros = text.count("\0")
    if zeros > _MAX_NUL_BYTES and zeros * _BYTES_PER_NUL > len(text):
        raise Undecodable(f"{zeros:,} of {len(text):,} UTF-16 characters are zero: the document is not text")
    if zeros:
        text = text.replace("\0", "")
        odd = (*odd, f"{count_of(zeros, 'zero character')} left out")
    damaged = text.count("\ufffd")
    if damaged:
        odd = (*odd, f"{count_of(damaged, 'character')} lost, shown as \ufffd (not UTF-16)")
    text = text.removeprefix("\ufeff")
    return Decoded(text, text.encode(), odd)


def _decode_unmarked_utf_16(body: bytes, zeros: int, charset: str | None) -> Decoded:
    """Decodes UTF-16 without a byte-order mark.

    In mostly ASCII text, one byte of each pair is zero and the other is not.
    """
    half = len(body) // 2
    first, second = body[0::2].count(0), body[1::2].count(0)
    for encoding, zero_half, other_half in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if zero_half >= _UTF_16_SHARE * half and other_half * _BYTES_PER_NUL <= half:
            is_declared = _find_codec(_clean_label(charset)) in ("utf-16", encoding)
            return _decode_utf_16(body, encoding, () if is_declared else ("UTF-16 without a byte-order mark",))
    raise Undecodable(f"{zeros:,} of {len(body):,} bytes are zero: the document is not text")


# ------------------------------------------------------------ single bytes


_C1_TO_WINDOWS_1252 = {
    number: bytes([number]).decode(_WINDOWS_1252) for number in range(0x80, 0xA0) if number not in _UNDEFINED
}
"""By the control character at the same place of Latin 1. Bytes that windows-1252 leaves undefined stay unchanged."""
_STRAY_TO_WINDOWS_1252 = {
    0xDC00 + number: _C1_TO_WINDOWS_1252.get(number, chr(number)) for number in range(0x80, 0x100)
}
"""The same characters by the surrogate that Python's `surrogateescape` uses for the byte."""
_STRAY = re.compile("[\udc80-\udcff]")


def _decode_single_bytes(body: bytes, charset: str | None) -> tuple[str, tuple[str, ...]]:
    """Decodes a body that is not well-formed UTF-8. Also returns peculiarities of the encoding."""
    if _UTF_8_ONLY.search(body):
        return _decode_with_strays(body)
    declared = _find_codec(_clean_label(charset)) or _find_codec(_find_declared(body))
    if declared == _WINDOWS_1252:
        return _decode_as_windows_1252(body, is_declared=True)
    if declared is not None and _SINGLE_BYTE_CODEC.fullmatch(declared):
        with contextlib.suppress(UnicodeDecodeError):
            return body.decode(declared), ()
    return _decode_as_windows_1252(body, is_declared=False)


def _decode_with_strays(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Decodes UTF-8, with each byte outside a well-formed character as windows-1252."""
    text = body.decode(errors="surrogateescape")
    strays = bytes(ord(stray) - 0xDC00 for stray in _STRAY.findall(text))
    return text.translate(_STRAY_TO_WINDOWS_1252), (_describe(strays), *_undefined(strays))


def _decode_as_windows_1252(body: bytes, *, is_declared: bool) -> tuple[str, tuple[str, ...]]:
    text = body.decode("latin-1").translate(_C1_TO_WINDOWS_1252)
    if is_declared:
        return text, _undefined(body)
    beyond_ascii = body.translate(None, bytes(range(0x80)))
    return text, (_describe(beyond_ascii), *_undefined(body))


def _describe(strays: bytes) -> str:
    return f"{count_of(len(strays), 'byte')} not UTF-8, read as windows-1252"


def _undefined(body: bytes) -> tuple[str, ...]:
    """Reports bytes that have no character. They become control characters, which the text format drops."""
    undefined = sum(map(body.count, _UNDEFINED))
    return (f"{count_of(undefined, 'byte')} not defined in windows-1252",) if undefined else ()


# ------------------------------------------------------------ what a document declares


def _clean_label(charset: str | None) -> str:
    return (charset or "").strip(" \t\r\n\f\"'").lower()


def _find_declared(body: bytes) -> str:
    """Returns the encoding named by the XML declaration or by the first `meta` that names one; "" if there is none.

    Browsers search the first 1,024 bytes first, and start again at a later declaration (HTML, 13.2.3).
    """
    found = _XML_DECLARATION.match(body)
    if found:
        return _clean_label(found[1].decode())
    for token in _META_OR_ASIDE.finditer(body):
        attributes = {
            name.lower(): double or single or bare for name, double, single, bare in _ATTRIBUTE.findall(token[2] or b"")
        }
        label = attributes.get(b"charset", b"")
        if attributes.get(b"http-equiv", b"").strip().lower() == b"content-type":
            found = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
            label = label or (found[1] if found else b"")
        if label:
            return _clean_label(label.decode("ascii", "replace"))
    return ""


def _find_codec(label: str) -> str | None:
    """Returns Python's name of the encoding that a label names; None if it names none."""
    if label in _WINDOWS_1252_LABELS:
        return _WINDOWS_1252
    try:
        return codecs.lookup(label).name
    except (LookupError, ValueError):  # a label may be any string
        return None
