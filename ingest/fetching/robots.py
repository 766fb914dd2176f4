"""Decodes robots.txt, in whatever encoding it was sent, and evaluates its rules (RFC 9309). Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from protego import Protego

from ingest.errors import Undecodable
from ingest.wording import count_of

ROBOTS_PATH = "/robots.txt"

MAX_AGE = timedelta(hours=24)
"""How long a robots.txt may be used before it is fetched again (RFC 9309, 2.4)."""

MAX_CRAWL_DELAY_SECONDS = 3600.0
"""The longest crawl delay that a run accepts; with a longer one it ends."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, because its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
"""Encodings in which every ASCII character has zero bytes."""

_TEXT_CODEC = re.compile(r"iso8859|iso2022|cp\d|koi8|mac|gb|big5|shift_jis|euc_|tis|johab")
"""Names of Python's codecs for charsets of text. Others, such as punycode, are slow or not a charset."""

_WINDOWS_1252 = {
    0xDC00 + byte: bytes([byte]).decode("windows-1252", "replace").replace("\ufffd", chr(byte))
    for byte in range(0x80, 0x100)
}
"""Maps what `surrogateescape` makes of a byte that is not UTF-8 to the character of the byte in windows-1252."""

_FIELD = r"(?:user[- ]?agent|diss?all?ow|allow|crawl[- ]delay|request[- ]rate|visit[- ]time|site-?maps?)[ \t]*[:\s]"
_RULE = re.compile(rf"(?:\A|[\r\n])[ \t]*{_FIELD}", re.IGNORECASE)
_BEGINNING = re.compile(rf"[\s\ufeff]*(?:#|<[!?a-z]|{_FIELD})", re.IGNORECASE)
"""The beginning of a robots.txt, or of the HTML page that some sites send in its place."""

_MISREAD_MARK = re.compile("((?:\\A|[\r\n])[ \t]*)[\ufffd\ufffeÿþï»¿]+")
"""A byte-order mark at the start of a line, decoded in another encoding; concatenated files have them."""

_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
"""Characters that occur in binary data and not in text."""
_TEXT = re.compile(r"[!-~]|[^\W_]")
_ASCII_TEXT = re.compile(r"[!-~]")


class RobotsRules:
    """The rules of one robots.txt for one user agent."""

    def __init__(self, text: str, user_agent: str) -> None:
        """`user_agent`: as in the request header.

        The rules are for its product token, which ends at the first slash (RFC 9309, 2.2.1).
        """
        self._rules = Protego.parse(text)
        self._token = user_agent.partition("/")[0]

    def allows(self, url: str) -> bool:
        """Whether a URL may be requested."""
        return bool(self._rules.can_fetch(url, self._token))

    @property
    def crawl_delay(self) -> float:
        """Returns the seconds between requests that Crawl-delay asks for, else 0. It is not in RFC 9309."""
        delay = float(self._rules.crawl_delay(self._token) or 0)
        return delay if delay > 0 else 0.0


def is_fresh(fetched_at: datetime | None, now: datetime) -> bool:
    """Whether a robots.txt fetched at an instant may still be used.

    An instant after `now`, from before the clock was set back, is not fresh.
    """
    return fetched_at is not None and timedelta() <= now - fetched_at < MAX_AGE


def means_no_rules(status: int) -> bool:
    """Whether a status of robots.txt means that everything is allowed (RFC 9309, 2.3.1.3); 429 does not."""
    return 400 <= status < 500 and status != 429


def is_html(text: str) -> bool:
    """Whether the text is a web page instead of a robots.txt, such as the page of a firewall."""
    return text.lstrip().startswith("<")


def decode_robots(body: bytes, charset: str | None = None) -> str:
    """Decodes a robots.txt, without zero characters and byte-order marks. `charset`: as in its Content-Type.

    It chooses the encoding that shows the most rules. If several do, it chooses the first of these:

    1. UTF-32 or UTF-16, if the file begins with their byte-order mark: hardly any file in another encoding does;
    2. UTF-32 or UTF-16, if the file has zero bytes and begins in this encoding like a robots.txt or an HTML page;
    3. UTF-8, with or without a byte-order mark, if all bytes are valid in it. RFC 9309 (2.3) requires it, and text in
       another encoding is hardly ever valid UTF-8, whereas servers often declare one charset for all their files;
    4. the declared charset, if all bytes are valid in it;
    5. UTF-8, with windows-1252 for the bytes that are not UTF-8.

    Raises Undecodable if no encoding gives text.
    """
    readings = [(text, _clean(text), is_valid) for text, is_valid in _decode(body, charset)]
    rules, best = max(
        ((len(_RULE.findall(cleaned)), cleaned) for _, cleaned, _ in readings), key=lambda found: found[0]
    )
    if rules:
        return best
    for text, cleaned, is_valid in readings:
        if _is_text(text, is_valid):
            return cleaned
    size = count_of(len(body), "byte is", "bytes are")
    raise Undecodable(f"/robots.txt: its {size} not text in any known encoding")


def _decode(body: bytes, charset: str | None) -> Iterator[tuple[str, bool]]:
    """Yields the decoded texts in the order of `decode_robots`, and whether the bytes prove the encoding."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            text = _try_decode(body, encoding)
            yield (text, True) if text is not None else (body.decode(encoding, "replace"), False)
    if b"\0" in body:
        for encoding in _WIDE_ENCODINGS:
            if _BEGINNING.match(body[:1024].decode(encoding, "replace")):
                yield body.decode(encoding, "replace"), True
    text = _try_decode(body, "utf-8")
    if text is not None:
        yield text, True
        return
    text = _decode_declared(body, charset or "")
    if text is not None:
        yield text, False
    yield body.decode("utf-8", "surrogateescape").translate(_WINDOWS_1252), False


def _try_decode(body: bytes, encoding: str) -> str | None:
    """Returns the text if all bytes are valid in the encoding, else None."""
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decode_declared(body: bytes, charset: str) -> str | None:
    """Returns the text in the declared charset if that exists and all bytes are valid in it, else None."""
    try:
        encoding = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return _try_decode(body, encoding) if _TEXT_CODEC.match(encoding) else None


def _clean(text: str) -> str:
    return _MISREAD_MARK.sub(r"\1", text.replace("\0", "").replace("\ufeff", ""))


def _is_text(text: str, is_valid: bool) -> bool:
    """Whether it is empty, or text instead of binary data."""
    if not text.strip(" \t\r\n\ufeff"):
        return True
    if is_valid:
        return _TEXT.search(text) is not None
    return _ASCII_TEXT.search(text) is not None and not _NOT_TEXT.search(text)
