"""Parses the claims of a printed line about stored decisions, with one table of sentences.

Independent of the program: it knows only what is printed. A word of completeness that no sentence of the tables
explains is a failure, whatever it was meant to say. After a change of wording, change the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

_N = r"\d[\d,]*"
_DAY = r"\d{4}-\d\d-\d\d"
_INSTANT = rf"{_DAY}(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z| UTC)?)?"
_DATES = rf"(?P<first>{_DAY}|(?:the )?beginning)(?:(?: to |  +)(?P<last>{_DAY}|today|now|onwards|the end))?"
_AS_OF = rf"(?:,? ?\(?,? ?as (?:of|listed on|last listed on) (?P<as_of>{_INSTANT})(?: or later)?\)?)?"
_DECISIONS = "decisions?"

Scope = Literal["dates", "whole", "asked"]
"""The dates that a sentence is about: those it names, all dates of the site, or all that were ever asked for."""

CLAIMS: tuple[tuple[str, Scope, str], ...] = (
    (
        "stored of listed",
        "dates",
        rf"{_DATES}: (?:all )?(?P<stored>{_N}) of (?P<listed>{_N}) listed {_DECISIONS} (?:are|is) in the "
        rf"archive{_AS_OF}(?:[,;] (?:the other )?(?P<excluded>{_N}) (?:of them )?(?:is|are) listed and (?:its|their) "
        r"pages? (?:is|are) gone)?",
    ),
    (
        "stored of those seen",
        "dates",
        rf"{_DATES}: (?P<partial>not proven); (?P<stored>{_N}) of the (?P<listed>{_N}) {_DECISIONS} seen in the "
        r"listing (?:are|is) in the archive",
    ),
    (
        "share of the whole",
        "whole",
        rf"(?P<stored>{_N}) of the (?P<listed>{_N}) {_DECISIONS} that the site listed on (?P<as_of>{_INSTANT}) "
        r"(?:are|is) in the archive",
    ),
    ("number stored", "whole", rf"(?P<partial>the archive has) (?P<stored>{_N}) {_DECISIONS} of the site"),
    ("progress", "whole", rf"\b(?P<stored>{_N}) of (?P<listed>{_N}) (?P<partial>fetched)\b"),
    (
        "row of coverage",
        "dates",
        rf"^{_DATES}\s+proven +(?P<listed>{_N}) +{_N} +(?P<stored>{_N}) +{_N} +{_N} +(?P<excluded>{_N}) +{_INSTANT}$",
    ),
)
"""Sentences about how much is stored: a name, the scope, and a pattern.

Groups: `first`, `last` (dates, both inclusive), `stored` and `listed` (numbers of decisions), `excluded` (listed
decisions with a page that is gone, named as such), `as_of` (since when it is true of the site; without it, some time
during the command), `partial` (words that say that something may be missing, whatever the numbers).
"""

OUTSIDE: tuple[str, ...] = (
    rf"[Tt]he site lists (?P<outside>{_N}) {_DECISIONS} (?P<where>before that|after that|outside (?:that|those dates))"
    r"(?:, (?P<not_asked>on dates not asked for))?",
)
"""Sentences about how many decisions the site lists outside the dates of the claims before them."""

TOTALS: tuple[str, ...] = (
    rf"[Tt]he site's total is (?P<total>{_N}) {_DECISIONS}, stated at (?P<as_of>{_INSTANT})",
    rf"[Tt]his follows from its total of (?P<total>{_N}) {_DECISIONS}, stated at (?P<as_of>{_INSTANT})",
    rf"of the site, which stated a total of (?P<total>{_N}) on (?P<as_of>{_INSTANT})",
)
"""Sentences about the total that the site stated for all dates."""

MORE = re.compile(rf"and {_N} more ranges? of dates: `lgsco coverage`")
"""The end of a list of claims that is cut off."""

DAEMON_CONTINUES = re.compile(r"\bthe daemon continues it\b")

DENIALS: tuple[str, ...] = (
    r"\b[Nn]ot proven\b",
    r"^ ?P  proven   o  proven, no decisions   S  short$",
    r"\bo  proven, no decisions; 0 of 0 held$",
    r"--json names them$",
    r"\bunseen, all or in part\b",
    r"\(listed, and not fetched or not counted in full yet\)",
    r"walks all dates and finds what is left",
    r"no complete response from \S+",
    r"the response was not complete within \S+",
    r"no sync has completed since",
    r"their pages are all gone or refused",
    r"`lgsco \w+`(?: or `lgsco \w+`)? brings it up to date",
)
"""Places where words of completeness claim nothing."""

WORDS = re.compile(
    r"\b(?:complete(?:ly|d)?|all|every|everything|whole|proven|entire(?:ly)?|fully|in full|up[ -]to[ -]date|caught up|"
    r"(?:nothing|none|no \w+) (?:\w+ ){0,3}(?:missing|unproven|left|lacking)|no gaps?|"
    r"(?:0|no) (?:\w+ ){0,2}(?:unproven|missing|gaps?)|(?:unproven|missing|gaps): 0)\b",
    re.IGNORECASE,
)
"""Words that say that nothing is missing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of one sentence."""

    name: str
    scope: Scope
    words: str
    first: date = date.min
    last: date = date.max
    stored: int | None = None
    listed: int | None = None
    excluded: int | None = None
    as_of: int | None = None
    """Seconds since 1970."""
    partial: bool = False
    """Whether it says that something may be missing."""

    @property
    def is_full(self) -> bool:
        """Whether it says that nothing is missing in its scope."""
        if self.partial:
            return False
        return self.stored is None or self.listed is None or self.stored + (self.excluded or 0) >= self.listed


@dataclass(frozen=True, slots=True)
class Outside:
    """The number of decisions that the site lists, by a sentence, outside the dates of the claims before it."""

    words: str
    number: int
    where: str
    not_asked: bool


@dataclass(frozen=True, slots=True)
class Total:
    """The total that the site stated for all dates, by a sentence, and when, in seconds since 1970."""

    words: str
    number: int
    at: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The claims of a line."""

    claims: tuple[Claim, ...] = ()
    outside: tuple[Outside, ...] = ()
    totals: tuple[Total, ...] = ()
    cut_off: bool = False
    """Whether it says that there are more claims than are printed."""
    unexplained: str = ""
    """Returns the first word about completeness outside a known sentence; "" if there is none."""


@dataclass(frozen=True)
class Grammar:
    """Parses printed lines."""

    claims: tuple[tuple[str, Scope, str], ...] = CLAIMS
    outside: tuple[str, ...] = OUTSIDE
    totals: tuple[str, ...] = TOTALS
    denials: tuple[str, ...] = DENIALS

    def says_daemon_continues(self, line: str) -> bool:
        """Whether a line says that a running daemon will do the rest."""
        return bool(DAEMON_CONTINUES.search(line))

    def read(self, line: str) -> Reading:
        """Parses one line, without its line break."""
        claims = [
            (_claim(name, scope, found), found.span())
            for name, scope, pattern in self.claims
            for found in re.finditer(pattern, line)
        ]
        outside = [
            (Outside(found[0], _number(found["outside"]), found["where"], bool(found["not_asked"])), found.span())
            for pattern in self.outside
            for found in re.finditer(pattern, line)
        ]
        totals = [
            (Total(found[0], _number(found["total"]), read_instant(found["as_of"]) or 0), found.span())
            for pattern in self.totals
            for found in re.finditer(pattern, line)
        ]
        spans = [span for _, span in [*claims, *outside, *totals]]
        spans += [found.span() for pattern in self.denials for found in re.finditer(pattern, line)]
        return Reading(
            tuple(claim for claim, _ in claims),
            tuple(one for one, _ in outside),
            tuple(one for one, _ in totals),
            bool(MORE.search(line)),
            next(_unexplained(line, spans), ""),
        )


def _unexplained(line: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    for word in WORDS.finditer(line):
        if not any(begin <= word.start() and word.end() <= end for begin, end in spans):
            yield word[0]


def _claim(name: str, scope: Scope, found: re.Match[str]) -> Claim:
    groups = found.groupdict()
    first, last = groups.get("first"), groups.get("last")
    return Claim(
        *(name, scope, found[0]),
        first=_day(first, date.min),
        last=_day(last or first, date.max) if first else date.max,
        stored=_number_of(groups.get("stored")),
        listed=_number_of(groups.get("listed")),
        excluded=_number_of(groups.get("excluded")),
        as_of=read_instant(groups.get("as_of")),
        partial=bool(groups.get("partial")),
    )


def _day(words: str | None, otherwise: date) -> date:
    return date.fromisoformat(words) if words and words[0].isdigit() else otherwise


def _number(words: str) -> int:
    return int(words.replace(",", ""))


def _number_of(words: str | None) -> int | None:
    return _number(words) if words else None


def read_instant(words: str | None) -> int | None:
    """Converts an instant in UTC, or the beginning of a day, to seconds since 1970."""
    if not words:
        return None
    text = words.removesuffix(" UTC").replace(" ", "T").rstrip("Z")
    return int(datetime.fromisoformat(f"{text}T00:00:00+00:00" if "T" not in text else f"{text}+00:00").timestamp())
