"""Describes the tables that only the program reads. Datasette hides them; `docs/schema.md` lists them."""

from __future__ import annotations

from typing import Any

_REFERENCE = "The decision's reference."
_INSTANT = "UTC, ISO 8601"
_ROW_SHA256 = "SHA-256 of the row, in hexadecimal. `lgsco verify` compares it."
_CHANGE = "The template change (`template_changes.id`)."
_EDIT_KIND = "Kind of the edit: added, removed, inserted words, removed words, order, line breaks or list marks."
_EDIT_WORDS = "Words of the edit, with references, dates, numbers and addresses masked."
_FAMILY = "The first reference of its case, without a letter. The decisions of one joint case share it."

INTERNAL_TABLES: dict[str, dict[str, Any]] = {
    "pages": {
        "title": "Raw pages",
        "description": "Each fetched page as the site sent it, compressed. It is stored before it is parsed.",
        "columns": {
            "id": "Number of the page, counted from 1.",
            "reference": _REFERENCE,
            "chapter": "1, or the number of a further chapter of a public report.",
            "state": "kept (not parsed yet), read (parsed), held (parsed and waiting for a decision about a template "
            "change), or unreadable (does not parse).",
            "fetched_at": f"When it was fetched: {_INSTANT}.",
            "checked_at": f"When the site last said that it is unchanged: {_INSTANT}. Empty if it never did.",
            "bytes": "Size before compression, in bytes.",
            "dictionary": "The dictionary that it is compressed with (`dictionaries.id`). Empty if none.",
            "sha256": _ROW_SHA256,
            "charset": "Character set that the answer named.",
            "url": "Path that was requested.",
            "etag": "The answer's ETag.",
            "last_modified": "The answer's Last-Modified.",
            "body": "The page, compressed with zstd.",
        },
    },
    "dictionaries": {
        "title": "Compression dictionaries",
        "description": "The zstd dictionary that compresses raw pages. It contains the markup that they share.",
        "columns": {
            "id": "Number of the dictionary.",
            "trained_at": f"When it was made: {_INSTANT}.",
            "pages": "Number of pages that it was made from.",
            "sha256": _ROW_SHA256,
            "data": "The dictionary.",
        },
    },
    "layouts": {
        "title": "Layouts",
        "description": "Kind and number of each line of a decision's text. The view `paragraphs` reads them.",
        "columns": {
            "reference": _REFERENCE,
            "sha256": "SHA-256 over this row and the decision's columns, except `last_seen` (and `text`, which has its "
            "own: `text_sha256`). `lgsco verify` compares it.",
            "kinds": "One letter for each line: t (header), h (heading), p (paragraph) or i (item).",
            "numbers": "JSON array with the number of each line, or an empty string.",
        },
    },
    "daemon": {
        "title": "The daemon",
        "description": "One row: the heartbeat of the daemon, which shows whether it runs.",
        "columns": {
            "id": "Always 1.",
            "process": "Process number on the machine that runs it.",
            "started_at": f"When it started: {_INSTANT}.",
            "seen_at": f"When it last wrote its heartbeat: {_INSTANT}.",
            "next_at": f"When its next sync is due: {_INSTANT}.",
            "stopped_at": f"When it stopped in order: {_INSTANT}. Empty while it runs.",
        },
    },
    "pace": {
        "title": "Pace",
        "description": "One row: the pace that the processes on this database share.",
        "columns": {
            "id": "Always 1.",
            "next_at": "Earliest time of the next request, in seconds since 1970.",
            "gap": "Seconds between the last request and `next_at`.",
            "hold_until": "End of the wait that the site asked for, in seconds since 1970.",
            "hold": "Length of that wait, in seconds.",
            "ease": "How many times slower than usual requests are sent, because of errors. 1 is the usual pace.",
            "latency": "Moving average of the time that an answer takes, in seconds.",
        },
    },
    "held_texts": {
        "title": "Texts that wait",
        "description": "Decisions with a fetched page that waits for a decision about a template change.",
        "columns": {
            "reference": _REFERENCE,
            "change": _CHANGE,
            "page": "The first of its raw pages (`pages.id`).",
            "held_at": f"Since when it waits: {_INSTANT}.",
            "is_new": "1 if the decision is not stored yet, else 0.",
            "is_amended": "1 if the page has other new words too, else 0.",
            "released": "1 if the text may be recorded now, else 0.",
        },
    },
    "template_edits": {
        "title": "Edits of template changes",
        "description": "The edits that a template change consists of.",
        "columns": {"change": _CHANGE, "kind": _EDIT_KIND, "words": _EDIT_WORDS},
    },
    "template_sightings": {
        "title": "Sightings of template changes",
        "description": "Decisions whose newly fetched page has an edit that their stored text does not have.",
        "columns": {
            "kind": _EDIT_KIND,
            "words": _EDIT_WORDS,
            "reference": _REFERENCE,
            "change": _CHANGE,
            "family": _FAMILY,
            "seen_at": f"When it was seen: {_INSTANT}.",
            "page": "The raw page that shows it (`pages.id`).",
        },
    },
    "template_answers": {
        "title": "Answers about template changes",
        "description": "Other decisions that were fetched again to see whether they show a template change.",
        "columns": {
            "change": _CHANGE,
            "reference": _REFERENCE,
            "asked_at": f"When it was chosen: {_INSTANT}.",
            "answer": "same change, other change or unchanged. Empty until its page is fetched.",
            "edits": "The edits that it shows, as JSON.",
        },
    },
    "rereads": {
        "title": "Last rereads",
        "description": "The last twenty stored decisions whose pages were fetched again.",
        "columns": {
            "id": "Number of the reread, counted from 1.",
            "reference": _REFERENCE,
            "family": _FAMILY,
            "kind": "statement or report.",
            "at": f"When its page was fetched: {_INSTANT}.",
            "run": "The run that fetched it (`runs.id`).",
            "changed": "1 if its text changed in any way, else 0.",
        },
    },
    "renormalising": {
        "title": "Unfinished renormalise",
        "description": "How far a `lgsco renormalise` came that did not finish. No row if none is unfinished.",
        "columns": {
            "id": "Always 1.",
            "normaliser": "Version of its parser.",
            "position": "The last reference that it parsed.",
        },
    },
    "text_sketches": {
        "title": "Sketches of texts",
        "description": "Hashes of chosen lines of each text, to find decisions with nearly the same text.",
        "columns": {"hash": "Hash of one line.", "reference": _REFERENCE},
    },
    "unstored": {
        "title": "Listed decisions that are not stored",
        "description": "The entries of the listing that are not stored from the site, also those no longer listed. "
        "Triggers keep it. The view `missing` names those that are listed, with the reason.",
        "columns": {"reference": _REFERENCE, "stands_on": "The date under which the listing shows it."},
    },
    "unrelated": {
        "title": "Decisions without a sketch",
        "description": "Decisions stored by an earlier version, whose related decisions are still to be looked for.",
        "columns": {"reference": _REFERENCE},
    },
    "unchecked": {
        "title": "Decisions without a digest",
        "description": "Decisions stored by an earlier version, still to be compared with their raw pages.",
        "columns": {"reference": _REFERENCE},
    },
}
"""By name; each with its title, a description and its columns."""
