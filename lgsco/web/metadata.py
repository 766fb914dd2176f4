"""Makes Datasette's metadata: titles, descriptions of tables and columns, facets, hidden tables, terms.

These descriptions are the only ones: `docs/schema.md` is generated from them (`python -m docs.generate`), and a test
compares them with a new database. `lgsco.web.internal_tables` describes the tables that only the program reads.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from typing import Any

from lgsco.web.internal_tables import INTERNAL_TABLES
from lgsco.web.queries import QUERIES
from storage.private import PRIVATE

NAME = "lgsco"
"""The database's name in web addresses, whatever its file is called: `/lgsco/decisions`."""

SITE = "https://www.lgo.org.uk"
"""The site that the paths in `url` columns belong to."""

SOURCE = "Local Government and Social Care Ombudsman"
COPYRIGHT = "© Commission for Local Administration in England"
TERMS = (
    "Re-use is free, in any format, with acknowledgement of the source and of the copyright: accurately and "
    "without amendment, not in a misleading context, and not mainly for advertising."
)

_REFERENCE = "The Ombudsman's case number as printed, such as 25 004 920. A joint health case ends in a letter."
_PATH = f"Path of the decision's page on {SITE}."
_RUN = "The run that wrote the row (`runs.id`)."
_ROW_ID = "Number of the row, counted from 1."
_INSTANT = "UTC, ISO 8601"
_ROW_SHA256 = "SHA-256 of the row, in hexadecimal. `lgsco verify` compares it."
_CARD = "As the listing card prints it."
_FIRST = "First decision date of the range, ISO 8601, inclusive. 0001-01-01 means from the beginning."
_LAST = "Last decision date of the range, ISO 8601, inclusive. 9999-12-31 means no end."
_LEDGER_LAST = f"{_LAST} Nothing is known about days after today, even if the range ends later."
_TOTAL = (
    "Decisions that the site states for the range. Empty if it stated no total, or if something changed since "
    "the walk. Empty never means zero."
)
_LISTED = "Distinct references that one walk through the listing's pages found."
_WINDOW_STATE = (
    "proven (one unchanged walk listed as many decisions as the site states, and each is stored from the site or "
    "excluded), short (the walk listed fewer than the site states, or some listed decisions are not stored), drifting "
    "(the listing changed during the walk, or repeats a card), unknown (no total, or something changed since the "
    "walk), or unseen (asked for, and not checked yet)."
)
_COUNTED_AT = f"When the site last stated the total that was asked for: {_INSTANT}. Empty if it was never asked."
_WALKED_AT = f"When the walk through its pages began: {_INSTANT}. Empty if it was not walked."
_PROVEN_AT = f"When the range was proven: {_INSTANT}."
_UNPROVEN_SINCE = f"Since when the range has not been proven: {_INSTANT}. Empty if it is proven."
_SOUND_WALK = "a walk that found as many decisions as the site stated"
_ASKED = "Parameters of the listing request besides the dates, or `bare` for none."
_NEXT_AT = f"Earliest time of the next try: {_INSTANT}."
_LISTED_DATE = (
    "Date under which the listing shows it, ISO 8601: the date on its card or, if the card has none, the date of the "
    "cards around it."
)
_QUEUE_STATE = (
    "wanted (not requested yet), kept (fetched and not parsed yet), failed (could not be fetched or parsed), excluded "
    "(its page was gone on at least three fetches over at least seven days, or was fetched again with the same bytes "
    "and does not parse)"
)
_ERROR_KIND = "Kind of the last failure."
_ERROR = "The last failure, in a sentence."

_DECISIONS = {
    "reference": f"{_REFERENCE} It identifies the decision.",
    "authority": "The organisation complained about, as printed. Empty if the source prints none (some old reports).",
    "category": "Subject: the first part of `Category` as printed.",
    "subcategory": "Narrower subject. Several categories may have a subcategory of the same name.",
    "outcome": "As printed: Upheld, Not upheld, Closed after initial enquiries, or another.",
    "decision_date": "Date of the decision, ISO 8601 (2025-10-06). Statements are published about six weeks later.",
    "kind": "statement (the usual form) or report (a public report).",
    "url": _PATH,
    "status": "published, expired (left the site by age), withdrawn (left before the age at which statements leave), "
    "or gone (left for an unknown reason). Empty for an import that the site never showed.",
    "first_seen": f"When it was first stored here: {_INSTANT}.",
    "last_seen": f"When the site last showed it: {_INSTANT}. Empty for an import that the site never showed.",
    "updated_at": f"When the stored text last changed: {_INSTANT}.",
    "text_sha256": "SHA-256 of `text`, in hexadecimal. Decisions with the same words (joint reports) share it.",
    "normaliser": "Version of the parser that made `text`.",
    "source": "site (parsed from the site's page) or import (parsed from an imported document).",
    "summary": "The Ombudsman's own summary.",
    "text": "The decision in the text format: one block a line, list items with `- ` before them. See `paragraphs`.",
}

_TABLES: dict[str, dict[str, Any]] = {
    "decisions": {
        "title": "Decisions",
        "description": "One row for each stored decision, with its current text, newest decision first. The search "
        "box looks in authority, summary and text, and accepts a reference in any spelling.",
        "columns": _DECISIONS,
        "facets": ["category", "outcome", "kind", "authority"],
        "facet_size": 10,
        "sort_desc": "decision_date",
        "label_column": "authority",
        "fts_table": "decisions_fts",
        "fts_pk": "rowid",
    },
    "paragraphs": {
        "key": ["reference", "position"],
        "title": "Paragraphs",
        "description": "Every line of every stored text. To see one decision, filter by reference in its printed "
        "form. The query “One paragraph by its number” accepts any spelling.",
        "columns": {
            "reference": _REFERENCE,
            "position": "Position of the line in the text, counted from 0.",
            "section": "The nearest heading at or above the line.",
            "number": "The Ombudsman's paragraph number: 24, 24.a, or 2.•1 for the first bullet below 2. An item and "
            "its continuations share it. Empty if the source gives none.",
            "kind": "header (printed above the narrative), heading, paragraph, or item (numbered or bulleted).",
            "text": "The words of the line, without the `- ` of an item.",
        },
    },
    "revisions": {
        "title": "Revisions",
        "description": "One row for each version of a decision that was ever recorded, the current one included.",
        "columns": {
            "reference": _REFERENCE,
            "revision": "Number of the version, counted from 1.",
            "recorded_at": f"When the page was fetched or the document imported: {_INSTANT}.",
            "source": "site or import.",
            "change": "Why the version was recorded: first, amended (the site's words changed), renormalised (a newer "
            "parser read the stored page), same characters (the site encodes the same characters differently), on the "
            "site (an imported decision was then read from the site), imported again (another import replaced an "
            "import), beside (an import with other words than the site's), template (words of the site's template "
            "came into the text), or set back (the text before that was restored).",
            "normaliser": "Version of the parser that made this version's text.",
            "page": "The raw page that it was parsed from (`pages.id`).",
            "run": _RUN,
            "text_sha256": "SHA-256 of this version's text, in hexadecimal.",
            "sha256": _ROW_SHA256,
            "document": "Path of the imported file that it was parsed from.",
            "fields": "The columns of an earlier version, as JSON. Empty for the current one.",
            "text": "The text of an earlier version. Empty for the current one: its text is in `decisions`.",
        },
        "sort_desc": "recorded_at",
        "facets": ["change"],
    },
    "entries": {
        "title": "Listing cards",
        "description": "The newest listing card of every decision that the site's search has shown, stored or not.",
        "columns": {
            "reference": _REFERENCE,
            "url": _PATH,
            "authority": _CARD,
            "outcome": _CARD,
            "subcategory": _CARD,
            "decision_date": "Date on the card, ISO 8601. Empty if the card has none.",
            "kind": "statement or report.",
            "first_listed": f"When the listing first showed it: {_INSTANT}.",
            "last_listed": f"When the listing last showed it: {_INSTANT}.",
            "stands_on": _LISTED_DATE,
            "unlisted_at": f"When {_SOUND_WALK} no longer showed it: {_INSTANT}. Empty while it is listed.",
            "title": "The card's heading, as printed.",
            "summary": _CARD,
            "page_seen_at": "When its page was last fetched and parsed, or the site last said that it is unchanged: "
            f"{_INSTANT}. Empty if it never was.",
        },
        "sort_desc": "decision_date",
        "label_column": "authority",
    },
    "coverage": {
        "key": ["first"],
        "title": "Coverage",
        "description": "For each range of decision dates in the ledger: what the site states, what it lists, what of "
        "that is stored, and whether the range is proven. Dates without a row were not checked.",
        "columns": {
            "first": _FIRST,
            "last": _LEDGER_LAST,
            "state": _WINDOW_STATE,
            "total": _TOTAL,
            "listed": _LISTED,
            "held": "Decisions listed now that are stored from the site.",
            "missing": "Decisions listed now that are neither stored from the site nor excluded. The view `missing` "
            "names them.",
            "failed": "Decisions listed now that could not be fetched or parsed so far. The view `failures` names "
            "them. A stored decision counts too if the listing shows a change of it that could not be fetched.",
            "excluded": "Decisions listed now and not stored from the site, whose pages were gone on at least three "
            "fetches over at least seven days, or were fetched again with the same bytes and do not parse. The view "
            "`missing` names them with the reason.",
            "counted_at": _COUNTED_AT,
            "walked_at": _WALKED_AT,
            "proven_at": _PROVEN_AT,
            "unproven_since": _UNPROVEN_SINCE,
            "asked": _ASKED,
            "run": _RUN,
        },
        "sort_desc": "first",
        "facets": ["state"],
    },
    "failures": {
        "key": ["reference"],
        "title": "Failures",
        "description": "Listed decisions that could not be fetched or parsed so far. Each is tried again. Excluded "
        "decisions are not among them.",
        "columns": {
            "reference": _REFERENCE,
            "decision_date": _LISTED_DATE,
            "authority": _CARD,
            "url": _PATH,
            "attempts": "Failures that count against its page. 0 if the site as a whole may have failed.",
            "next_at": _NEXT_AT,
            "error_kind": _ERROR_KIND,
            "error": _ERROR,
        },
        "sort_desc": "decision_date",
        "facets": ["error_kind"],
    },
    "held_from_site": {
        "key": ["reference"],
        "title": "Stored from the site",
        "description": "The stored decisions that were parsed from the site's own pages. Decisions that come only "
        "from an import are in `decisions` and not here.",
        "columns": {
            "reference": _REFERENCE,
            "authority": _DECISIONS["authority"],
            "decision_date": _DECISIONS["decision_date"],
            "kind": _DECISIONS["kind"],
            "url": _PATH,
            "last_seen": f"When the site last showed it: {_INSTANT}.",
            "normaliser": _DECISIONS["normaliser"],
        },
        "sort_desc": "decision_date",
        "facets": ["kind"],
    },
    "missing": {
        "key": ["reference"],
        "title": "Missing",
        "description": "Decisions that the site lists and that are not stored from the site, one row each. Only dates "
        "whose listing was requested are covered; the table `coverage` has these dates.",
        "columns": {
            "reference": _REFERENCE,
            "decision_date": _LISTED_DATE,
            "authority": _CARD,
            "url": _PATH,
            "state": f"{_QUEUE_STATE}, or held back (fetched, and waiting for a decision about a template change).",
            "attempts": "Failures that count against its page.",
            "error": _ERROR,
            "next_at": _NEXT_AT,
            "first_listed": f"When the listing first showed it: {_INSTANT}.",
        },
        "sort_desc": "decision_date",
        "facets": ["state"],
    },
    "windows": {
        "title": "Ledger",
        "description": "The ledger: for each range of decision dates, the site's total and what one walk through the "
        "listing found. No two ranges overlap.",
        "columns": {
            "first": _FIRST,
            "last": _LEDGER_LAST,
            "total": _TOTAL,
            "listed": _LISTED,
            "state": _WINDOW_STATE,
            "counted_at": _COUNTED_AT,
            "walked_at": _WALKED_AT,
            "proven_at": _PROVEN_AT,
            "unproven_since": _UNPROVEN_SINCE,
            "asked": _ASKED,
            "run": _RUN,
        },
        "sort_desc": "last",
        "facets": ["state"],
    },
    "intents": {
        "title": "Dates that were asked for",
        "description": "The ranges of decision dates that backfills, sync and the fill were asked for. A claim about "
        "the archive is about these dates.",
        "columns": {
            "id": _ROW_ID,
            "kind": "backfill, sync, or fill.",
            "first": _FIRST,
            "last": _LAST,
            "state": "standing (sync checks it in each round), running, interrupted (the daemon resumes it), paused "
            "(the user stopped it), finished (sync checks it now), replaced (a later backfill covers the dates), or "
            "withdrawn (the rest was dropped).",
            "asked_at": f"When it was asked for: {_INSTANT}.",
            "changed_at": f"When its state or its range last changed: {_INSTANT}.",
            "run": _RUN,
            "total": "Decisions that the site stated for the range when the backfill began. Empty if it stated none.",
            "reason": "Why it was interrupted or paused.",
        },
        "sort_desc": "id",
        "facets": ["state"],
    },
    "archive": {
        "title": "The archive",
        "description": "One row that identifies the archive. Its snapshots and backups have the same UUID.",
        "columns": {
            "id": "Always 1.",
            "uuid": "UUID of the archive. A running daemon compares it to notice that its file was replaced.",
            "made_by": "The command that made the archive: init, backfill, import or demo; snapshot for a public "
            "copy. Empty if not known, as for a file of an early version.",
        },
    },
    "fill_state": {
        "title": "The fill",
        "description": "One row: the state of the fill, with which the daemon fetches the dates nobody asked for.",
        "columns": {
            "id": "Always 1.",
            "turned_off_at": f"When `lgsco fill off` turned the fill off: {_INSTANT}. Empty if it did not.",
            "progressed_at": f"When the fill last fetched or proved something: {_INSTANT}.",
            "suspensions": "Suspensions in a row because the site refused requests. Each one lasts longer.",
            "suspended_at": f"When the fill and interrupted backfills were suspended: {_INSTANT}. Empty if they run.",
            "suspended_until": f"When the suspension ends: {_INSTANT}.",
            "reason": "The answer of the site.",
        },
    },
    "site_totals": {
        "title": "The site's totals",
        "description": "How many decisions the site stated for all dates, each time it was asked.",
        "columns": {
            "run": _RUN,
            "at": f"When it was asked: {_INSTANT}.",
            "total": "Decisions of all dates that the site stated.",
        },
        "sort_desc": "run",
    },
    "moves": {
        "title": "Moves",
        "description": "The values of a decision's listing card before and after a change.",
        "columns": {
            "reference": _REFERENCE,
            "at": f"When the new card was seen: {_INSTANT}.",
            "field": "The changed value: decision_date, url, outcome, subcategory, kind, authority, title or summary.",
            "run": _RUN,
            "before": "The earlier value.",
            "after": "The new value.",
        },
        "sort_desc": "at",
        "facets": ["field"],
    },
    "oddities": {
        "title": "Oddities",
        "description": "Unusual properties of the source of a decision. The decision is stored all the same.",
        "columns": {
            "reference": _REFERENCE,
            "what": "Kind: date, reference, encoding, uncertain end, hidden words, unknown header line, no closing "
            "line, damaged markup, taken as it is, or template (a block that the user assigned to the template).",
            "example": "The words concerned, or a phrase that describes it.",
            "found_at": f"When the version that shows it was recorded: {_INSTANT}.",
            "sha256": _ROW_SHA256,
        },
        "facets": ["what"],
    },
    "notes": {
        "title": "Dated notes",
        "description": "Lines that the publisher appends to a decision later, about what the authority did.",
        "columns": {
            "reference": _REFERENCE,
            "position": "Position among the notes of the decision, counted from 0.",
            "date": "The date in the note, ISO 8601.",
            "sha256": _ROW_SHA256,
            "text": "The words of the note.",
        },
        "sort_desc": "date",
    },
    "related": {
        "title": "Related decisions",
        "description": "Links between decisions that belong together. Linked decisions are never merged.",
        "columns": {
            "reference": _REFERENCE,
            "other": "The reference of the other decision.",
            "reason": "joint (references that differ only in their letter), same text, similar text, named in title, "
            "or cites.",
            "similarity": "How alike the two texts are without header lines, from 0 to 1, for same and similar text.",
            "sha256": _ROW_SHA256,
        },
    },
    "unreadable": {
        "title": "Unreadable pages",
        "description": "Decisions whose page was fetched again with the same bytes and does not parse. Each new "
        "version of the parser tries them again.",
        "columns": {
            "reference": _REFERENCE,
            "since": f"When its page was first fetched again and did not parse: {_INSTANT}.",
            "checked_at": f"When its page last came with these bytes: {_INSTANT}.",
            "normaliser": "Version of the parser that refused it.",
            "error": "Why it does not parse, in a sentence.",
        },
    },
    "outside_blocks": {
        "title": "Blocks outside decisions",
        "description": "Kinds of blocks that are on pages outside the decision and that no rule names. They never "
        "affect a text.",
        "columns": {
            "hash": "Digest of the masked words.",
            "first_seen": f"When this kind was first seen: {_INSTANT}.",
            "last_seen": f"When this kind was last seen: {_INSTANT}.",
            "decisions": "Least number of decisions that have it on their pages. Pages without new words around the "
            "article are not examined.",
            "reference": "The decision from whose page the example is.",
            "masked": "The words of the block, with references, dates, numbers and addresses masked.",
            "example": "One such block, unmasked.",
        },
        "sort_desc": "first_seen",
    },
    "template_changes": {
        "title": "Template changes",
        "description": "Changes that several decisions share, so that the site's template may have changed and not "
        "the publisher's words. `lgsco template` lists them and records your decision.",
        "columns": {
            "id": "Number of the change, as `lgsco template show` takes it.",
            "state": "single (one decision shows it so far), asking (other decisions are to be fetched again), too few "
            "(too few others could be fetched), template (others show it), accepted or rejected (the user decided), "
            "released (recorded as amendments), or ended (the site shows the stored texts again, or it was joined to "
            "another change).",
            "since": f"When the first page that shows it was fetched: {_INSTANT}.",
            "found_at": f"When it was found: {_INSTANT}.",
            "changed_at": f"When its state last changed: {_INSTANT}.",
            "run": _RUN,
            "kind": "Kind of the decisions that show it: statement or report.",
            "example": "The reference of a decision that shows it.",
            "decided_on": "Decision date of the example, ISO 8601.",
            "diff": "The change in the example, as a unified diff.",
        },
        "sort_desc": "id",
        "facets": ["state"],
    },
    "absences": {
        "title": "Absences",
        "description": "Each time a stored decision was no longer listed, and the conclusion. A decision has left the "
        "site only if a proven range lacks it and its page is gone twice, some days apart. Nothing is deleted here.",
        "columns": {
            "reference": _REFERENCE,
            "noticed_at": f"When {_SOUND_WALK} first lacked it: {_INSTANT}.",
            "stood_on": "Date under which it was listed before, ISO 8601.",
            "run": _RUN,
            "gone": "Fetches in a row since then at which its page was gone.",
            "gone_first_at": f"When its page was first gone: {_INSTANT}.",
            "gone_last_at": f"When its page was last gone: {_INSTANT}.",
            "next_at": f"Earliest time at which its page is requested again: {_INSTANT}.",
            "ended_at": f"When it was concluded that it left the site: {_INSTANT}. Empty while that is not known.",
            "ending": "withdrawn (left before the age at which statements leave), expired (a statement of that age; "
            "others of its age left too), or gone (reason unknown).",
            "judged_at": f"When `ending` or its evidence last changed: {_INSTANT}.",
            "age_seen": "Evidence: its age in days when the site last showed it.",
            "age_gone": "Evidence: its age in days when its page was first gone.",
            "as_old_known": "Evidence: other statements decided within 30 days of it, on proven dates. Withdrawn ones "
            "do not count.",
            "as_old_gone": "Evidence: how many of those have left the site.",
            "as_old_listed": "Evidence: how many of those are still listed.",
            "returned_at": f"When it was listed again: {_INSTANT}. Empty while it is not.",
            "answer_status": "HTTP status of that answer.",
            "answer": "The last answer for its page, in a sentence.",
            "answer_words": "The words of that page about the decision's absence.",
        },
        "sort_desc": "noticed_at",
        "facets": ["ending"],
    },
    "queue": {
        "title": "Queue",
        "description": "Decisions to fetch: listed and not stored, listed with a changed card, or due to be fetched "
        "again.",
        "columns": {
            "reference": _REFERENCE,
            "url": _PATH,
            "decision_date": _LISTED_DATE,
            "state": f"{_QUEUE_STATE}.",
            "reason": "listed (not stored yet), changed (its card changed), or reread (its page was not checked for "
            "`reread_days`).",
            "added_at": f"When it was queued: {_INSTANT}.",
            "attempts": "Failures that count against its page.",
            "next_at": _NEXT_AT,
            "gone": "Fetches at which its page was gone.",
            "gone_first_at": f"When its page was first gone: {_INSTANT}.",
            "gone_last_at": f"When its page was last gone: {_INSTANT}.",
            "error_kind": _ERROR_KIND,
            "error": _ERROR,
        },
        "facets": ["state", "error_kind"],
    },
    "checks": {
        "title": "Checks",
        "description": "Requests made only to learn whether the site's answers can be trusted.",
        "columns": {
            "id": _ROW_ID,
            "at": f"When the check was made: {_INSTANT}.",
            "run": _RUN,
            "kind": "canary (a known decision was fetched again) or filters (a total was asked with other "
            "filters; only by versions with schema 13 or older).",
            "subject": "The decisions or the range of decision dates concerned.",
            "passed": "1 if the site answered as expected, else 0.",
            "why": "Why the check was made.",
            "finding": "The result, in a sentence.",
        },
        "sort_desc": "id",
        "facets": ["kind", "passed"],
    },
    "listing_findings": {
        "title": "Findings about the listing",
        "description": "Findings about the site's listing: its request forms, its date filter and its session.",
        "columns": {
            "id": _ROW_ID,
            "site": "The site's scheme, host and port.",
            "kind": "form (a request form was compared with the bare form: two dates and a page number), use (the form "
            "used from then on), dates (which dates the filter includes), or session.",
            "subject": "For form: its name. For dates: summer or winter, by London's clock changes. Else empty.",
            "at": f"When it was found out: {_INSTANT}.",
            "run": _RUN,
            "first_shift": "For dates: days by which the first day of a range is later than asked.",
            "last_shift": "For dates: days by which the last day of a range is later than asked.",
            "verdict": "For form: wider, not wider, no more or no answer. For use: the form's name. For dates: "
            "exact, shifted, doubted or no decision. For session: needed.",
            "evidence": "The request, and the answer of the site.",
        },
        "sort_desc": "id",
        "facets": ["kind", "verdict"],
    },
    "requests": {
        "title": "Requests",
        "description": "The journal: one row for each request to the site of the last `journal_days`.",
        "columns": {
            "id": _ROW_ID,
            "run": _RUN,
            "at": f"When it was sent: {_INSTANT}, with milliseconds.",
            "target": "Path and query of the request.",
            "status": "HTTP status. Empty if no answer came.",
            "received": "Size of the answer's body in bytes.",
            "seconds": "Time until the answer was complete, in seconds.",
            "attempt": "Number of the try, counted from 1.",
            "retry_after": "Seconds that the answer asked us to wait (Retry-After).",
            "promise": "The promise in force when it was sent (`promises.id`). Empty if not known.",
            "hold": "Seconds without requests because of `retry_after`. Empty: as long as asked, up to a day.",
            "error": "The error, in a sentence.",
        },
        "sort_desc": "id",
        "facets": ["status"],
    },
    "request_days": {
        "title": "Requests of past days",
        "description": "Daily sums of the requests that are older than `journal_days`.",
        "columns": {
            "day": "The day, in UTC, ISO 8601.",
            "requests": "Requests sent.",
            "unanswered": "Requests without an answer.",
            "errors": "Answers that were not received in full, or with a status of 400 or more except 404 and 410.",
            "received": "Bytes received.",
            "seconds": "Seconds spent waiting for answers.",
            "most_in_a_minute": "The most requests within any 60 seconds.",
            "least_gap": "The shortest time between the starts of two requests, in seconds.",
            "holds": "Answers that asked us to wait (Retry-After).",
            "holds_kept": "Of those, answers after which we waited as long as asked, or as long as the limit.",
            "promised": "Requests with a known promise. The next three columns are about these.",
            "too_soon": "Requests after which the next one was sent earlier than promised.",
            "too_many": "Requests above the promised number a day.",
            "in_quiet_hours": "Requests sent in quiet hours.",
            "holds_capped": "Answers that asked for more than a day's wait, after which we waited a day.",
            "holds_shortened": "Answers about one address that asked for more than `retry_wait_most`, and got that.",
        },
        "sort_desc": "day",
    },
    "promises": {
        "title": "Promises",
        "description": "The limits that lgsco promises to keep when it sends requests: one row for each combination.",
        "columns": {
            "id": _ROW_ID,
            "gap": "Minimum seconds from the sending of one request to the sending of the next.",
            "a_day": "Maximum of requests in a day (UTC).",
            "quiet_hours": "Hours in London in which no request is sent.",
        },
    },
    "robots": {
        "title": "robots.txt",
        "description": "The site's robots.txt: a new row each time its text or status changed.",
        "columns": {
            "site": "The site's scheme, host and port.",
            "fetched_at": f"When it was last fetched in this form: {_INSTANT}.",
            "status": "HTTP status.",
            "text": "Text of the file.",
        },
        "sort_desc": "fetched_at",
    },
    "runs": {
        "title": "Runs",
        "description": "One row for each run of a command or of a task of the daemon.",
        "columns": {
            "id": "Number of the run, counted from 1.",
            "task": "backfill, sync, resume (a slice of interrupted backfills), fill (a slice of the fill), withdraw, "
            "switchfill (`lgsco fill off` or `lgsco fill resume`), import, renormalise, "
            "repair (`lgsco verify --repair`), template or demo.",
            "arguments": "The task's arguments, as JSON.",
            "started_at": f"When it began: {_INSTANT}.",
            "ended_at": f"When it ended: {_INSTANT}. Empty while it runs, and if it died.",
            "state": "running, complete, limited, incomplete, template (a template change waits for a decision), "
            "blocked, layout, failed, stopped, or died (the process ended without a result).",
            "exit_code": "Exit code of the command.",
            "process": "Process number on the machine that ran it.",
            "user_agent": "The user agent that it sent, if it made requests.",
            "tally": "Counts of what it did, as JSON.",
            "message": "How it ended, in a sentence.",
        },
        "sort_desc": "id",
        "label_column": "task",
    },
}

_INDEX_TABLES = ("_sqlite_migrations", "decisions_fts", "decisions_lines", "decisions_words")
"""Datasette hides every table whose name begins with the name of a hidden table: those of the full-text index too."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Decisions": ("decisions", "paragraphs", "revisions", "notes", "related", "oddities"),
    "Proven and missing decisions": ("coverage", "missing", "failures", "held_from_site", "windows", "intents"),
    "The listing": ("entries", "moves", "absences", "site_totals", "listing_findings"),
    "Fetching": ("queue", "unreadable", "checks", "template_changes", "outside_blocks"),
    "Requests": ("requests", "request_days", "promises", "robots"),
    "The archive and its runs": ("archive", "runs", "fill_state"),
    "Internal tables": tuple(INTERNAL_TABLES),
}
"""Each table and view under the heading where `docs/schema.md` describes it."""


def describe_tables() -> dict[str, dict[str, Any]]:
    """Returns the description of every table and view, in the order of `SECTIONS`."""
    described = _TABLES | INTERNAL_TABLES
    return {name: described[name] for names in SECTIONS.values() for name in names}


def describe(names: Collection[str] = (NAME,), *, alone: bool = True, public: bool = False) -> dict[str, Any]:
    """Returns Datasette's metadata: a new copy for each call, because Datasette writes into it.

    `names`: the databases that are archives. `alone`: there are no others, so the title is that of the whole server.
    `public`: without what a public server does not show.
    """
    return {
        **(_SERVER if alone and names else {}),
        "databases": {name: {**_SERVER, **_describe_database(public=public)} for name in names},
    }


def _describe_database(*, public: bool) -> dict[str, Any]:
    hidden = {name: {"hidden": True} for name in _INDEX_TABLES}
    internal = {name: {**said, "hidden": True} for name, said in INTERNAL_TABLES.items()}
    tables = {name: table for name, table in (_TABLES | internal | hidden).items() if not public or name not in PRIVATE}
    return {
        "title": "All tables and queries",
        "description": "Query with SQL, or start from one of the prepared queries.",
        "tables": deepcopy(tables),
        "queries": {name: query.metadata() for name, query in QUERIES.items() if not (public and query.is_private)},
    }


_SERVER = {
    "title": "Decisions of the Local Government and Social Care Ombudsman",
    "description": "Published decisions on complaints about councils, care providers and some other bodies in "
    "England, kept in one SQLite file.",
    "source": SOURCE,
    "source_url": SITE,
    "license": f"{COPYRIGHT}; free to re-use with acknowledgement",
}
