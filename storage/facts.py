"""Filters and counts decisions by their facts: authority, outcome, category and date.

A decision is its rowid here; suppressed ones are left out. The facts of all decisions are read once and kept until the
file changes: reading them takes longer than a search, and a server searches often between two changes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import compress, islice

from storage.kept_values import KeptValues, find_version
from storage.query.tree import Field, Filter
from storage.query.words import split_words
from storage.suppressions import find_rowids

_NO_DAY = ""
_FEW = 300
"""Up to this many decisions, sorting them takes less time than a look at those of the archive, the newest first."""


@dataclass(frozen=True, slots=True)
class Count:
    """A name and its decisions among those found."""

    name: str
    decisions: int


@dataclass(frozen=True, slots=True)
class FactCounts:
    """The counts of each fact, the most frequent name first. Decisions without the fact are not in them."""

    outcome: tuple[Count, ...]
    category: tuple[Count, ...]
    authority: tuple[Count, ...]


class Facts:
    """The facts of all decisions, as one version of the file has them."""

    def __init__(self, rows: Iterable[tuple[int, str | None, str | None, str | None, str | None]]) -> None:
        """`rows`: rowid, authority, outcome, category and date of each decision."""
        found = list(rows)
        size = max((row[0] for row in found), default=0) + 1
        self._authorities: dict[str | None, int] = {}
        self._kinds: dict[tuple[str | None, str | None], int] = {}
        """Each pair of an outcome and a category with its number; there are far fewer than decisions."""
        self._authority_of = [0] * size
        self._kind_of = [0] * size
        self._day_of = [_NO_DAY] * size
        for rowid, authority, outcome, category, day in found:
            self._authority_of[rowid] = self._authorities.setdefault(authority, len(self._authorities))
            self._kind_of[rowid] = self._kinds.setdefault((outcome, category), len(self._kinds))
            self._day_of[rowid] = day or _NO_DAY
        found.sort(key=lambda row: (row[4] or _NO_DAY, row[0]), reverse=True)
        self._newest_first = [row[0] for row in found]

    def find_all(self) -> set[int]:
        """Returns all decisions."""
        return set(self._newest_first)

    def find_names(self, field: Field) -> list[str]:
        """Returns all authorities, outcomes or categories, in order of the alphabet."""
        if field == "authority":
            return sorted(filter(None, self._authorities))
        place = 0 if field == "outcome" else 1
        return sorted({name for kind in self._kinds if (name := kind[place])})

    def keep(self, wanted: Filter, decisions: Collection[int] | None = None) -> set[int]:
        """Returns those of some decisions that a filter asks for; of all decisions if it is None."""
        pool = self._newest_first if decisions is None else decisions
        match wanted.field:
            case "from":
                return {rowid for rowid in pool if self._day_of[rowid] >= wanted.value}
            case "to":
                return {rowid for rowid in pool if _NO_DAY < self._day_of[rowid] <= wanted.value}
            case field:
                places, of = self._find_places(field, set(choose_names(wanted, self.find_names(field))))
                return set(compress(pool, map(places.__contains__, map(of.__getitem__, pool))))

    def _find_places(self, field: Field, names: set[str]) -> tuple[set[int], list[int]]:
        if field == "authority":
            return {place for name, place in self._authorities.items() if name in names}, self._authority_of
        part = 0 if field == "outcome" else 1
        return {place for kind, place in self._kinds.items() if kind[part] in names}, self._kind_of

    def find_newest(self, decisions: set[int], most: int) -> list[int]:
        """Returns the newest of some decisions, by decision date; of those of one day, the last one stored first."""
        if len(decisions) <= _FEW:
            return sorted(decisions, key=lambda rowid: (self._day_of[rowid], rowid), reverse=True)[:most]
        return list(islice(filter(decisions.__contains__, self._newest_first), most))

    def count(self, decisions: set[int]) -> FactCounts:
        """Counts the facts of some decisions."""
        pool = sorted(decisions)  # neighbours in memory: a third faster
        authorities = Counter(map(self._authority_of.__getitem__, pool))
        kinds = Counter(map(self._kind_of.__getitem__, pool))
        outcomes, categories = Counter[str | None](), Counter[str | None]()
        for (outcome, category), place in self._kinds.items():
            outcomes[outcome] += kinds[place]
            categories[category] += kinds[place]
        named = {name: authorities[place] for name, place in self._authorities.items()}
        return FactCounts(_sort(outcomes), _sort(categories), _sort(named))


_kept: KeptValues[Facts] = KeptValues()


def find_facts(db: sqlite3.Connection) -> Facts:
    """Returns the facts of all decisions, as the file has them now."""
    return find_known_facts(db) or _read(db)


def find_known_facts(db: sqlite3.Connection) -> Facts | None:
    """Returns the facts of all decisions if they were read and the file has not changed since."""
    return _kept.find(db)


def _read(db: sqlite3.Connection) -> Facts:
    version = find_version(db)  # first: a change in between makes the facts look older, and they are read again
    rows = db.execute(
        "SELECT rowid, authority, outcome, category, decision_date FROM decisions INDEXED BY decisions_by_authority"
    )
    hidden = find_rowids(db)
    facts = Facts(row for row in map(tuple, rows) if row[0] not in hidden)
    _kept.keep(db, facts, version)
    return facts


def _sort(counted: Mapping[str | None, int]) -> tuple[Count, ...]:
    named = [(name, decisions) for name, decisions in counted.items() if name is not None and decisions]
    return tuple(Count(*one) for one in sorted(named, key=lambda one: (-one[1], one[0])))


def choose_names(wanted: Filter, names: Iterable[str]) -> list[str]:
    """Returns the names that a filter by authority, outcome or category means.

    If its words are a whole name, it means only that. Otherwise they must follow each other in the name; in an outcome
    they must begin it, because `Not upheld` is not `Upheld`.
    """
    asked = split_words(wanted.value)
    of = {name: split_words(name) for name in names}
    if whole := [name for name, words in of.items() if words == asked]:
        return whole
    first_only = wanted.field == "outcome"
    return [
        name
        for name, words in of.items()
        if any(
            words[place : place + len(asked)] == asked
            for place in range(1 if first_only else max(0, len(words) - len(asked) + 1))
        )
    ]
