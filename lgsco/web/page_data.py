"""Loads what the home page and the page of a decision show."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette.utils import tilde_decode, tilde_encode
from markupsafe import Markup

from ingest.reports.claims import describe_share
from ingest.reports.lines import name_ending, name_task
from ingest.reports.related import describe_related
from lgsco.web.archives import find_archives
from lgsco.web.search_page import mark_text
from storage.claims import find_share
from storage.digests import find_any_flaw
from storage.held_texts import find_waiting
from storage.query.passages import Marks
from storage.query.tree import QueryError
from storage.related import find_related
from storage.search import mark_lines
from storage.suppressions import REFERENCES, count_stored


async def load_home(datasette: Any, name: str) -> dict[str, Any]:
    """Loads the counts, the share of the site that is stored, and the queries and tables for the home page."""
    database = datasette.get_database(name)
    counts = await _count_decisions(database, public=find_archives(datasette).settings.public)
    share = await database.execute_fn(_describe_share)
    return {"counts": counts, "share": share, "name": name, **_visible_tables_and_queries(datasette, name)}


def _describe_share(db: sqlite3.Connection) -> str | None:
    try:
        return describe_share(find_share(db))
    except sqlite3.OperationalError:  # somebody removed the tables of the listing from a public copy
        return None


def _visible_tables_and_queries(datasette: Any, name: str) -> dict[str, Any]:
    metadata = datasette.metadata(database=name)
    tables = {name: table for name, table in metadata["tables"].items() if not table.get("hidden")}
    return {"queries": metadata["queries"], "tables": tables}


async def _count_decisions(database: Any, *, public: bool) -> dict[str, Any]:
    """Counts the decisions and authorities, and finds the date range and, unless `public`, the last run."""
    suppressed = await database.execute_fn(count_stored)
    counts = await database.execute(
        "SELECT count(*) AS decisions, count(DISTINCT authority) AS authorities, min(decision_date) AS first, "
        "max(decision_date) AS last FROM decisions" + (f" WHERE reference NOT IN {REFERENCES}" if suppressed else "")
    )
    run = None
    if not public:
        runs = await database.execute(
            "SELECT task, CASE WHEN json_valid(arguments) THEN arguments ->> '$.to' END AS fill, state, ended_at "
            "FROM runs ORDER BY id DESC LIMIT 1"
        )
        run = next((_name_run(dict(one)) for one in runs), None)
    return {**dict(counts.first()), "run": run, "suppressed": suppressed}


def _name_run(run: dict[str, Any]) -> dict[str, Any]:
    """Names a run's task and state as `lgsco status` does."""
    return {**run, "task": name_task(run["task"], {"to": run["fill"]}), "state": name_ending(run["state"])}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a decision as its page shows it."""

    kind: str
    text: Markup
    """Its words, those of a search marked."""
    label: str
    """The end of its paragraph number, shown before the text. Empty when there is none or the text itself has it."""
    anchor: str
    """Set only on the first line of each paragraph number; otherwise empty."""
    place: str
    """The name of its place on the page: the anchor, or its position in the text."""
    depth: int


async def load_decision(database: Any, request: Any, *, public: bool) -> dict[str, Any]:
    """Loads a decision's lines, revisions, related decisions and damage; unless `public`, a pending newer version.

    The parameter `q` of the address is a search whose words are marked in the lines.
    """
    key = tilde_decode(request.url_vars["pks"])
    revisions = await database.execute(
        "SELECT revision, recorded_at, source, change FROM revisions WHERE reference = ? ORDER BY revision DESC", (key,)
    )
    others = await database.execute_fn(lambda db: find_related(db, key))
    query = request.args.get("q") or ""
    lines = await _load_lines(database, key, query)
    return {
        "related": [(one, tilde_encode(one.other), describe_related(one)) for one in others],
        "lines": lines,
        "marked": urlencode({"query": query}) if any("<mark>" in line.text for line in lines) else "",
        "revisions": revisions.rows,
        "amended": next((one for one in revisions.rows if one["change"] == "amended"), None),
        "key_in_address": tilde_encode(key),
        "flaw": await database.execute_fn(lambda db: find_any_flaw(db, key)),
        "waiting": None if public else await database.execute_fn(lambda db: find_waiting(db, key)),
    }


async def _load_lines(database: Any, key: str, query: str) -> list[_Line]:
    try:
        rows = await database.execute(
            "SELECT kind, number, text FROM paragraphs WHERE reference = ? ORDER BY position", (key,)
        )
    except sqlite3.OperationalError:  # the view fails on a damaged layout; the page reports the damage
        rows = await database.execute("SELECT 'paragraph', NULL, text FROM decisions WHERE reference = ?", (key,))
    texts = [row["text"] for row in rows]
    marks = await database.execute_fn(lambda _db: _find_marks(query, texts))  # in a thread: it may take a while
    lines: list[_Line] = []
    numbers: set[str] = set()
    for place, (kind, number, text) in enumerate(rows):
        new = number is not None and number not in numbers
        numbers.add(number)
        label = number.rpartition(".")[2][: 1 if "•" in number else None] if new else ""
        label = label or ("•" if kind == "item" and number is None else "")
        if new and text.startswith(f"{label}."):
            label = ""
        anchor = f"p{number}" if new else ""
        shown = mark_text(text, marks[place])
        lines.append(_Line(kind, shown, label, anchor, anchor or f"line{place}", number.count(".") if number else 0))
    return lines


def _find_marks(query: str, lines: list[str]) -> list[Marks]:
    """Finds the words of a search in each line. An invalid search marks nothing."""
    try:
        return mark_lines(query, lines) if query.strip() else [()] * len(lines)
    except QueryError:
        return [()] * len(lines)
