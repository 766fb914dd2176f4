"""What Datasette says of the file: titles, what each column holds and in which unit, facets, hidden tables, terms."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from web.queries import QUERIES

NAME = "lgsco"
"""The database's name in addresses, whatever its file is called: `/lgsco/decisions`."""

SITE = "https://www.lgo.org.uk"
"""What the paths in `url` columns belong to."""

SOURCE = "Local Government and Social Care Ombudsman"
COPYRIGHT = "© Commission for Local Administration in England"
TERMS = (
    "Re-use is free, in any format, with acknowledgement of the source and of the copyright: accurately and "
    "without amendment, in no misleading way, and not mainly for advertising."
)

_REFERENCE = "The Ombudsman's case number as it is printed, such as 25 004 920; a joint health case ends in a letter."
_ADDRESS = f"Path of the decision's address; {SITE} stands before it."
_RUN = "The run (`runs.id`)."

_DECISIONS = {
    "reference": f"{_REFERENCE} It alone says which decision this is.",
    "authority": "The body complained of, as printed. Empty where the source prints none (some old reports).",
    "category": "Subject, the first part of `Category` as printed.",
    "subcategory": "Narrower subject. The same name may stand under several categories.",
    "outcome": "As printed: Upheld, Not upheld, Closed after initial enquiries, or another.",
    "decision_date": "Date of the decision, ISO 8601 (2025-10-06). It is published about six weeks later.",
    "kind": "statement (the usual) or report (a public report).",
    "summary": "The Ombudsman's own summary.",
    "text": "The decision's words, one paragraph a line; `- ` before numbered or listed ones. See `paragraphs`.",
    "url": _ADDRESS,
    "status": "published; expired (gone from the site by age); withdrawn (gone before its time); "
    "empty for an import never seen on the site.",
    "first_seen": "When it was first kept here: UTC, ISO 8601.",
    "last_seen": "When the site last showed it: UTC, ISO 8601. Empty for an import never seen there.",
    "updated_at": "When the text kept here last changed: UTC, ISO 8601.",
    "text_sha256": "SHA-256 of `text`, in hexadecimal. Equal for decisions with the same words (joint reports).",
    "normaliser": "Version of the reader that made `text` of the page.",
    "source": "Where the text was read: site, or import (a document somebody had).",
}

_TABLES: dict[str, dict[str, Any]] = {
    "decisions": {
        "title": "Decisions",
        "description": "Every decision held, in its current wording, newest decision first. Search looks through "
        "authority, summary and text, and takes a reference in any spelling. What each column holds is said below "
        "the table.",
        "columns": _DECISIONS,
        "facets": ["category", "outcome", "kind", "authority"],
        "facet_size": 10,
        "sort_desc": "decision_date",
        "label_column": "authority",
        "fts_table": "decisions_fts",
        "fts_pk": "rowid",
    },
    "paragraphs": {
        "title": "Paragraphs",
        "description": "Every line of every decision's text. Filter by reference (in its printed form) to see one "
        "decision; the query “One paragraph by its number” takes any spelling.",
        "columns": {
            "reference": _REFERENCE,
            "position": "Place of the line in the text, counted from 0.",
            "section": "The nearest heading at or above the line.",
            "number": "The number the Ombudsman printed (24, 24.a; 2.•1 is the first bullet below 2). An item and its "
            "continuations share it.",
            "kind": "header (printed above the narrative), heading, paragraph, or item (numbered or listed).",
            "text": "The words, without the `- ` of an item.",
        },
    },
    "revisions": {
        "title": "Revisions",
        "description": "One row for every reading that was ever kept, the current one included.",
        "columns": {
            "reference": _REFERENCE,
            "revision": "1 for the first reading, then counted on.",
            "recorded_at": "When the page was fetched or the document imported: UTC, ISO 8601.",
            "source": "Where it was read: site or import.",
            "change": "Why it was kept: first, amended (the site's words changed), renormalised (read anew from the "
            "same page), on the site (after an import), imported again, beside (an import with other words).",
            "text_sha256": "SHA-256 of this reading's text, in hexadecimal.",
            "normaliser": "Version of the reader.",
            "page": "The raw page it was read from (`pages.id`).",
            "document": "The imported file it was read from.",
            "run": _RUN,
            "fields": "The fields of a reading that is no longer current, as JSON. Empty for the current one.",
            "text": "The text of a reading that is no longer current. Empty for the current one.",
        },
        "sort_desc": "recorded_at",
        "facets": ["change"],
    },
    "entries": {
        "title": "Listing entries",
        "description": "What the site's search lists, held or not.",
        "columns": {
            "reference": _REFERENCE,
            "url": _ADDRESS,
            "authority": "As the listing prints it.",
            "outcome": "As the listing prints it.",
            "subcategory": "As the listing prints it.",
            "decision_date": "Date of the decision, ISO 8601.",
            "kind": "statement or report.",
            "first_listed": "When the listing first showed it: UTC, ISO 8601.",
            "last_listed": "When the listing last showed it: UTC, ISO 8601.",
        },
        "sort_desc": "decision_date",
        "label_column": "authority",
    },
    "windows": {
        "title": "Coverage",
        "description": "The ledger: what the site said it has in each range of decision dates, and whether that "
        "many were listed.",
        "columns": {
            "first": "First decision date of the range, ISO 8601, inclusive.",
            "last": "Last decision date of the range, ISO 8601, inclusive.",
            "total": "Decisions the site says it has. Empty: it did not say, which is never zero.",
            "listed": "Different references its pages listed.",
            "state": "proven (the numbers agree), short (fewer were listed), unknown, or drifting (changed meanwhile).",
            "counted_at": "When it was last counted: UTC, ISO 8601.",
            "proven_at": "When the numbers last agreed: UTC, ISO 8601.",
            "asked": "What else the site was asked for, as in its address.",
            "run": _RUN,
        },
        "sort_desc": "last",
    },
    "queue": {
        "title": "Queue",
        "description": "Decisions that are listed and not held yet.",
        "columns": {
            "reference": _REFERENCE,
            "url": _ADDRESS,
            "decision_date": "Date of the decision, ISO 8601.",
            "state": "wanted, kept (fetched, not yet read), or failed.",
            "added_at": "When it was queued: UTC, ISO 8601.",
            "attempts": "Failed attempts so far.",
            "next_at": "When it is tried again, at the earliest: UTC, ISO 8601.",
            "error_kind": "Kind of the last failure.",
            "error": "The last failure, in a sentence.",
        },
        "facets": ["state", "error_kind"],
    },
    "requests": {
        "title": "Requests",
        "description": "The journal: every request made to the site.",
        "columns": {
            "id": "Counted on.",
            "run": _RUN,
            "at": "When it was made: UTC, ISO 8601.",
            "target": "Path and query that were asked for.",
            "status": "HTTP status. Empty when no answer came.",
            "received": "Size of the answer in bytes.",
            "seconds": "Time it took, in seconds.",
            "attempt": "1 for the first try, then counted on.",
            "error": "What went wrong.",
        },
        "sort_desc": "id",
        "facets": ["status"],
    },
    "runs": {
        "title": "Runs",
        "description": "What the program did, and how it ended.",
        "columns": {
            "id": "Counted on.",
            "task": "backfill, sync, import, or renormalise.",
            "arguments": "What it was asked for, as JSON.",
            "started_at": "UTC, ISO 8601.",
            "ended_at": "UTC, ISO 8601. Empty while it runs.",
            "state": "running, complete, limited, incomplete, blocked, layout, failed, stopped, or died.",
            "exit_code": "The exit code of the command.",
            "message": "How it ended, in a sentence.",
            "tally": "Counts, as JSON.",
            "process": "The operating system's number of the process.",
        },
        "sort_desc": "id",
        "label_column": "task",
    },
}

_HIDDEN = ("pages", "dictionaries", "layouts", "daemon", "_sqlite_migrations", "decisions_fts")
"""Raw pages, and what only the program reads. Datasette hides whatever else begins with one of these names."""


def describe() -> dict[str, Any]:
    """Datasette's metadata, anew at every call: Datasette writes into it."""
    tables = deepcopy(_TABLES) | {name: {"hidden": True} for name in _HIDDEN}
    return {
        "title": "Decisions of the Local Government and Social Care Ombudsman",
        "description": "Published decisions on complaints about councils, care providers and some other bodies in "
        "England, kept in one SQLite file.",
        "source": SOURCE,
        "source_url": SITE,
        "license": f"{COPYRIGHT}; free to re-use with acknowledgement",
        "extra_css_urls": ["/assets/lgsco.css"],
        "databases": {
            NAME: {
                "title": "All tables and queries",
                "description": "Ask in SQL, or start from one of the queries.",
                "tables": tables,
                "queries": {name: query.metadata() for name, query in QUERIES.items()},
            }
        },
    }
