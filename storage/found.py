"""Reads the decisions that a search ranks and shows, each of them once."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage.candidates import join_lines
from storage.digests import DECISION, LAYOUT, find_decision_flaw
from storage.layout import Layout
from storage.query.passages import Matcher

_ROWS = (
    f"SELECT d.rowid, {', '.join('d.' + name for name in DECISION)}, {', '.join('y.' + name for name in LAYOUT)}, "
    "y.sha256, CAST(d.text AS BLOB), d.last_seen FROM json_each(?) AS f CROSS JOIN decisions AS d "
    "ON d.rowid = f.value LEFT JOIN layouts AS y USING (reference)"
)


class FoundDecision:
    """One decision of the archive, and where it may have the words of a query."""

    def __init__(self, matcher: Matcher, row: Sequence[Any]) -> None:
        """`row`: its columns `DECISION` and `LAYOUT`, its digest, its text in UTF-8, and `last_seen`."""
        *covered, stored, body, last_seen = row
        self._matcher = matcher
        self._checked = covered, stored, body, last_seen
        self.columns: dict[str, Any] = dict(zip((*DECISION, *LAYOUT), covered, strict=True))
        self.text: str = body.decode("utf-8", "replace")  # a damaged text may not be UTF-8

    @property
    def layout(self) -> Layout:
        """The layout of its text, as it is stored."""
        return Layout(*(self.columns[name] or "" for name in LAYOUT))

    def find_flaw(self) -> str | None:
        """Describes what is damaged in it; None if nothing is."""
        covered, stored, body, last_seen = self._checked
        return find_decision_flaw(covered, stored, body, self.columns["text_sha256"], last_seen)

    @functools.cached_property
    def probed(self) -> tuple[int, list[int]]:
        """Which terms of the query authority and summary together may have, and each line of the text."""
        joined = join_lines(self.columns["authority"], self.columns["summary"], self.text)
        authority, summary, *lines = self._matcher.probe(joined)
        return authority | summary, lines


class FoundDecisions:
    """The decisions that one search has read."""

    def __init__(self, db: sqlite3.Connection, matcher: Matcher) -> None:
        self.db = db
        self.matcher = matcher
        self._read: dict[int, FoundDecision] = {}

    def read(self, rowids: Sequence[int]) -> dict[int, FoundDecision]:
        """Returns decisions by rowid, in the order given; those not read before are read from the database."""
        missing = [rowid for rowid in rowids if rowid not in self._read]
        for rowid, *row in self.db.execute(_ROWS, (json.dumps(missing),)) if missing else ():
            self._read[rowid] = FoundDecision(self.matcher, row)
        return {rowid: self._read[rowid] for rowid in rowids if rowid in self._read}
