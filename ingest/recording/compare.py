"""Compares a reading with the stored one, and returns the change as a named type. Pure; `record` acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from storage.decisions import Held, Reading, Recorded
from storage.layout import make_layout
from storage.model import Entry, Line, RevisionReason


@dataclass(frozen=True, slots=True)
class First:
    """The decision was not stored before."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The reading equals the stored one."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Reread:
    """The words are the same, but numbers or kinds of lines, columns, or the parser's version differ."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Superseded:
    """The reading becomes the current one, and the stored one a past revision. `why` goes into `revisions.change`."""

    reading: Reading
    why: RevisionReason


@dataclass(frozen=True, slots=True)
class Beside:
    """An import with other words than the site's reading: stored beside it, and it fills columns that are NULL."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Known:
    """An import with nothing new."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The stored row is damaged, and this is the reading that it was made from: the row is rebuilt from it."""

    reading: Reading


Change = First | Unchanged | Reread | Superseded | Beside | Known | Rebuilt


def compare(held: Held | None, found: Reading) -> Change:
    """Compares a reading with the stored one; None if the decision is not stored."""
    if held is None:
        return First(found)
    if held.flaw is not None:
        return _compare_damaged(held, held.recorded or Recorded(held.source, held.text_sha256), found)
    if found.source == "site":
        return _compare_site(held, found)
    return _compare_import(held, found)


def with_card(reading: Reading, entry: Entry | None, held: Held | None) -> Reading:
    """Fills the fields that the page of a reading leaves out: first from the listing's card, then from imports."""
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
        earlier = held if held.source == "import" and held.flaw is None else None
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


def _compare_damaged(held: Held, recorded: Recorded, found: Reading) -> Change:
    """Compares a reading with the revision of a damaged row, since the row itself cannot be trusted."""
    is_same = found.text_sha256 == recorded.text_sha256
    if is_same and found.source == recorded.source:
        return Rebuilt(found)
    if found.source == "site":
        if recorded.source == "import":
            return Superseded(found, "on the site")
        return Superseded(found, "renormalised" if found.again else "amended")
    if is_same or found.text_sha256 in held.import_sha256s:
        return Known(found)
    return Superseded(found, "imported again") if recorded.source == "import" else Beside(found)


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
        or make_layout(found.decision.lines) != held.layout
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
    """Whether two texts differ at most in Unicode composition: `ô` is one code point, or `o` and an accent."""
    return normalize("NFC", one) == normalize("NFC", other)


def _says_no_more(found: Sequence[Line], held: Sequence[Line]) -> bool:
    """Whether an import is the stored text, except for header lines that the import lacks."""
    headers = {normalize("NFC", line.text) for line in held if line.kind == "header"}
    if any(line.kind == "header" and normalize("NFC", line.text) not in headers for line in found):
        return False
    return _words(found) == _words(held)


def _words(lines: Sequence[Line]) -> list[str]:
    return [word for line in lines if line.kind != "header" for word in normalize("NFC", line.text).split()]
