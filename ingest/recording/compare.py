"""Compares a reading with the stored one, and returns what changed as a named type. Pure; `record` acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from storage.decisions import Held, Reading
from storage.layout import layout
from storage.model import Entry, Line, RevisionReason


@dataclass(frozen=True, slots=True)
class First:
    """Not held before."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The page says what is held."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Reread:
    """The same words; numbers or kinds of lines, columns, or the reading's version, are new."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Superseded:
    """The reading becomes the current one and the held one a past revision. `why` goes into `revisions.change`."""

    reading: Reading
    why: RevisionReason


@dataclass(frozen=True, slots=True)
class Beside:
    """An import with other words than the site's reading: kept beside it, and it fills what the site leaves NULL."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Known:
    """An import that says nothing new."""

    reading: Reading


Change = First | Unchanged | Reread | Superseded | Beside | Known


def compare(held: Held | None, found: Reading) -> Change:
    """What a reading brings beyond what is held."""
    if held is None:
        return First(found)
    if found.source == "site":
        return _compare_site(held, found)
    return _compare_import(held, found)


def with_card(reading: Reading, entry: Entry | None, held: Held | None) -> Reading:
    """The reading with the fields its page leaves out from the listing's card, then from imports."""
    decision = reading.decision
    if entry is not None:
        decision = replace(
            decision,
            outcome=decision.outcome or entry.outcome,
            subcategory=decision.subcategory or entry.subcategory,
            decision_date=decision.decision_date or entry.decision_date,
            kind=decision.kind or entry.kind,
        )
    if held is not None:
        earlier = held if held.source == "import" else None
        if earlier is not None:
            decision = replace(
                decision,
                authority=decision.authority or earlier.authority,
                summary=decision.summary or earlier.summary,
                category=decision.category or earlier.category,
                subcategory=decision.subcategory or earlier.subcategory,
                outcome=decision.outcome or earlier.outcome,
                decision_date=decision.decision_date or earlier.decision_date,
                kind=decision.kind or earlier.kind,
            )
    return reading if decision is reading.decision else replace(reading, decision=decision)


def _compare_site(held: Held, found: Reading) -> Change:
    if held.source == "import":
        return Superseded(found, "on the site")
    if found.text != held.text:
        if found.again:
            return Superseded(found, "renormalised")
        return Superseded(found, "same characters" if _has_same_characters(found.text, held.text) else "amended")
    before, now = held.fields(), found.fields()
    if (
        found.normaliser != held.normaliser
        or layout(found.decision.lines) != held.layout
        or any(value is not None and value != before[name] for name, value in now.items())
    ):
        return Reread(found)
    return Unchanged(found)


def _compare_import(held: Held, found: Reading) -> Change:
    sha256 = found.text_sha256
    if sha256 == held.text_sha256 or sha256 in held.import_sha256s:
        return Known(found)
    if _has_same_characters(found.text, held.text) or _says_no_more(found.decision.lines, held.lines):
        return Known(found)
    if held.source == "import":
        return Superseded(found, "imported again")
    return Beside(found)


def _has_same_characters(one: str, other: str) -> bool:
    """Whether two texts differ at most in how characters are composed: `ô` is one code point, or `o` and an accent."""
    return normalize("NFC", one) == normalize("NFC", other)


def _says_no_more(found: Sequence[Line], held: Sequence[Line]) -> bool:
    """Whether an import is the held text, but for header lines that it lacks."""
    headers = {normalize("NFC", line.text) for line in held if line.kind == "header"}
    if any(line.kind == "header" and normalize("NFC", line.text) not in headers for line in found):
        return False
    return _words(found) == _words(held)


def _words(lines: Sequence[Line]) -> list[str]:
    return [word for line in lines if line.kind != "header" for word in normalize("NFC", line.text).split()]
