"""What Datasette says of the file: titles, what each column holds and in which unit, facets, hidden tables, terms."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lgsco.web.queries import QUERIES

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
_TOTAL = "Decisions the site says it has. Empty: it did not say, which is never zero."
_LISTED = "Different references that one walk through its pages listed."
_WINDOW_STATE = (
    "proven (total and listed agree, and that many are held or excluded); short (fewer are listed than the site says, "
    "or not all that is listed is held); drifting (the listing changed while it was walked, or repeats a card); "
    "unknown (no total, or something is no longer as it was); unseen (asked for, and not looked at yet)."
)
_COUNTED_AT = "When the site last stated the total that was looked for: UTC, ISO 8601. Empty: it was never asked."
_WALKED_AT = "When the walk through its pages began: UTC, ISO 8601. Empty: it was not walked."
_PROVEN_AT = "When it was proven: UTC, ISO 8601."
_UNPROVEN_SINCE = "Since when it is not proven: UTC, ISO 8601. Empty: it is."
_ASKED = "The form in which the listing was asked: bare, or what was asked besides the dates."
_NEXT_AT = "When it is tried again, at the earliest: UTC, ISO 8601."
_STANDS_ON = "Date it is counted under, ISO 8601: that of its card, or of the cards around it where it prints none."

_DECISIONS = {
    "reference": f"{_REFERENCE} It alone says which decision this is.",
    "authority": "The body complained of, as printed. Empty where the source prints none (some old reports).",
    "category": "Subject, the first part of `Category` as printed.",
    "subcategory": "Narrower subject. The same name may stand under several categories.",
    "outcome": "As printed: Upheld, Not upheld, Closed after initial enquiries, or another.",
    "decision_date": "Date of the decision, ISO 8601 (2025-10-06). It is published about six weeks later.",
    "kind": "statement (the usual) or report (a public report).",
    "url": _ADDRESS,
    "status": "published; expired (left the site by age); withdrawn (left before the age at which decisions leave); "
    "gone (left, reason unknown); empty for an import never seen on the site.",
    "first_seen": "When it was first kept here: UTC, ISO 8601.",
    "last_seen": "When the site last showed it: UTC, ISO 8601. Empty for an import never seen there.",
    "updated_at": "When the text kept here last changed: UTC, ISO 8601.",
    "text_sha256": "SHA-256 of `text`, in hexadecimal. Equal for decisions with the same words (joint reports).",
    "normaliser": "Version of the reader that made `text` of the page.",
    "source": "Where the text was read: site, or import (a document somebody had).",
    "summary": "The Ombudsman's own summary.",
    "text": "The decision's words, one paragraph a line; `- ` before numbered or listed ones. See `paragraphs`.",
}

_TABLES: dict[str, dict[str, Any]] = {
    "decisions": {
        "title": "Decisions",
        "description": "The decisions held, each in its current wording, newest decision first. Search looks through "
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
        "key": ["reference", "position"],
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
            "same page), same characters (composed otherwise), on the site (after an import), imported again, beside "
            "(an import with other words), template (the site's template had come into the text), set back (the "
            "text before that was put back).",
            "text_sha256": "SHA-256 of this reading's text, in hexadecimal.",
            "normaliser": "Version of the reader.",
            "page": "The raw page it was read from (`pages.id`).",
            "document": "The imported file it was read from.",
            "run": _RUN,
            "fields": "The fields of a reading that is no longer current, as JSON. Empty for the current one.",
            "text": "The text of a reading that is no longer current. Empty for the current one.",
            "sha256": "SHA-256 of the row; `lgsco verify` checks it.",
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
            "stands_on": _STANDS_ON,
            "unlisted_at": "When a proven listing no longer showed it: UTC, ISO 8601. Empty while it is listed.",
            "title": "The card's heading, as the listing prints it.",
            "summary": "As the listing prints it.",
        },
        "sort_desc": "decision_date",
        "label_column": "authority",
    },
    "coverage": {
        "key": ["first"],
        "title": "Coverage",
        "description": "What is proven: for each range of decision dates in the ledger what the site says it has, what "
        "it lists, and what of that is held. Dates without a row were not looked at.",
        "columns": {
            "first": "First decision date of the range, ISO 8601, inclusive. 0001-01-01: from the beginning.",
            "last": "Last decision date of the range, ISO 8601, inclusive. 9999-12-31: and onwards.",
            "state": _WINDOW_STATE,
            "total": _TOTAL,
            "listed": _LISTED,
            "held": "Of what is listed now, those whose page was read.",
            "missing": "Of what is listed now, those that are not held. The table `missing` names them.",
            "failed": "Of what is listed now, those that could not be fetched or read so far. The table `failures` "
            "names them. One that is held counts where the site listed a change of it that could not be fetched.",
            "excluded": "Of what is listed now, those that cannot be had: their pages were gone on at least three "
            "fetches over at least seven days. `missing` names them, with the reason.",
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
        "description": "Listed decisions that were asked for and could not be fetched or read so far. Each is "
        "tried again. Those that are excluded are not among them.",
        "columns": {
            "reference": _REFERENCE,
            "decision_date": _STANDS_ON,
            "authority": "As the listing prints it.",
            "url": _ADDRESS,
            "attempts": "Failures held against its page. 0: it may be the site that failed.",
            "next_at": _NEXT_AT,
            "error_kind": "Kind of the last failure.",
            "error": "The last failure, in a sentence.",
        },
        "sort_desc": "decision_date",
        "facets": ["error_kind"],
    },
    "held_from_site": {
        "key": ["reference"],
        "title": "Held from the site",
        "description": "The decisions that were read from the site itself. Those that only an import brought are in "
        "`decisions` and not here.",
        "columns": {
            "reference": _REFERENCE,
            "authority": _DECISIONS["authority"],
            "decision_date": _DECISIONS["decision_date"],
            "kind": _DECISIONS["kind"],
            "url": _ADDRESS,
            "last_seen": _DECISIONS["last_seen"],
        },
        "sort_desc": "decision_date",
        "facets": ["kind"],
    },
    "missing": {
        "key": ["reference"],
        "title": "Missing",
        "description": "Decisions that the listing showed and that are not held, by reference.",
        "columns": {
            "reference": _REFERENCE,
            "decision_date": _STANDS_ON,
            "authority": "As the listing prints it.",
            "url": _ADDRESS,
            "state": "wanted (not asked for yet), kept (fetched, not yet read), failed (asked for, and not fetched or "
            "read), or excluded (its page was gone so often that its range is proven without it).",
            "attempts": "Failed attempts so far.",
            "error": "The last failure, in a sentence.",
            "next_at": _NEXT_AT,
            "first_listed": "When the listing first showed it: UTC, ISO 8601.",
        },
        "sort_desc": "decision_date",
        "facets": ["state"],
    },
    "windows": {
        "title": "Ledger",
        "description": "The ledger behind the coverage: what the site said it has in each range of decision dates, and "
        "whether that many were listed. No two ranges overlap.",
        "columns": {
            "first": "First decision date of the range, ISO 8601, inclusive. 0001-01-01: from the beginning.",
            "last": "Last decision date of the range, ISO 8601, inclusive. 9999-12-31: and onwards.",
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
        "description": "The ranges of decision dates of backfills and the fill, and the range that sync answers for. "
        "A claim about the archive is about these dates.",
        "columns": {
            "id": "Counted on.",
            "kind": "backfill, sync, or fill.",
            "first": "First decision date of the range, ISO 8601, inclusive. 0001-01-01: from the beginning.",
            "last": "Last decision date of the range, ISO 8601, inclusive. 9999-12-31: and onwards.",
            "state": "standing (sync answers for it), running, interrupted (the daemon goes on with it), paused (its "
            "user stopped it), finished (sync answers for it now), replaced (by a later backfill of the same dates), "
            "withdrawn (what was left was dropped).",
            "asked_at": "UTC, ISO 8601.",
            "changed_at": "When it took its state: UTC, ISO 8601.",
            "run": _RUN,
            "reason": "Why it was interrupted or paused.",
            "total": "Decisions that the site said it has in the range, when the backfill began.",
        },
        "sort_desc": "id",
        "facets": ["state"],
    },
    "archive": {
        "title": "The archive",
        "description": "Which archive this is: one row. Its snapshots and backups have the same UUID.",
        "columns": {
            "id": "1.",
            "uuid": "The archive's own number, by which a running daemon notices that its file was replaced.",
            "made_by": "The command that made it: init, backfill, import, demo, or snapshot (a public copy). NULL: not "
            "known, as for one of an earlier version.",
        },
    },
    "fill_state": {
        "title": "The fill",
        "description": "How it stands with the fill, in which the daemon fetches the whole archive: one row.",
        "columns": {
            "id": "1.",
            "turned_off_at": "When `lgsco fill off` turned it off: UTC, ISO 8601. NULL: it did not.",
            "progressed_at": "When the fill last fetched or proved something: UTC, ISO 8601.",
            "suspensions": "How often in a row the site refused the fill; each suspension is longer.",
            "suspended_at": "When the fill and interrupted backfills were suspended: UTC, ISO 8601. NULL: not.",
            "suspended_until": "Until when: UTC, ISO 8601.",
            "reason": "What the site answered.",
        },
    },
    "site_totals": {
        "title": "The site's totals",
        "description": "How many decisions the site said it has of all dates, each time it was asked.",
        "columns": {"run": _RUN, "at": "UTC, ISO 8601.", "total": _TOTAL},
        "sort_desc": "run",
    },
    "moves": {
        "title": "Moves",
        "description": "What the listing showed of a decision before and after its card changed.",
        "columns": {
            "reference": _REFERENCE,
            "at": "When the new card was seen: UTC, ISO 8601.",
            "field": "What changed: decision_date, url, outcome, subcategory, kind, authority, title or summary.",
            "before": "What the card said before.",
            "after": "What it said then.",
            "run": _RUN,
        },
        "sort_desc": "at",
        "facets": ["field"],
    },
    "oddities": {
        "title": "Oddities",
        "description": "What is unusual about the source of a decision, which is stored all the same.",
        "columns": {
            "reference": _REFERENCE,
            "what": "The kind: date, reference, encoding, uncertain end, hidden words, unknown header line, no closing "
            "line, taken as it is, template (a block that the user called the template's).",
            "example": "The words concerned, or a phrase.",
            "found_at": "When the reading was recorded that shows it: UTC, ISO 8601.",
            "sha256": "SHA-256 of the row; `lgsco verify` checks it.",
        },
        "facets": ["what"],
    },
    "notes": {
        "title": "Dated notes",
        "description": "Lines that the publisher appends to a decision later, about what the authority did.",
        "columns": {
            "reference": _REFERENCE,
            "position": "Its place among the notes of the decision, from 0.",
            "date": "The date in it, ISO 8601.",
            "text": "The line.",
            "sha256": "SHA-256 of the row; `lgsco verify` checks it.",
        },
        "sort_desc": "date",
    },
    "related": {
        "title": "Related references",
        "description": "References that stand for one decision, or for decisions that belong together. They are linked "
        "and never merged.",
        "columns": {
            "reference": _REFERENCE,
            "other": "The other reference.",
            "reason": "What relates them: named in title, joint, same text, similar text, cites.",
            "similarity": "How alike their texts are without header lines, from 0 to 1, where that is the reason.",
            "sha256": "SHA-256 of the row; `lgsco verify` checks it.",
        },
    },
    "unreadable": {
        "title": "Unreadable pages",
        "description": "Decisions whose page came again with bytes that do not parse. A new parser tries them again.",
        "columns": {
            "reference": _REFERENCE,
            "since": "When its page first did not parse: UTC, ISO 8601.",
            "checked_at": "When it last came again: UTC, ISO 8601.",
            "normaliser": "The version of the parser that refused it.",
            "error": "Why.",
        },
    },
    "outside_blocks": {
        "title": "Blocks outside decisions",
        "description": "The kinds of blocks on pages that no rule names and no text has. It never decides a text.",
        "columns": {
            "hash": "Digest of its words without references, dates, numbers and addresses.",
            "masked": "Those words.",
            "example": "One such block.",
            "reference": "The decision on whose page that stands.",
            "first_seen": "UTC, ISO 8601.",
            "last_seen": "UTC, ISO 8601.",
            "decisions": "On the pages of how many decisions it was counted.",
        },
        "sort_desc": "first_seen",
    },
    "template_changes": {
        "title": "Template changes",
        "description": "What changed alike in several decisions, and may be the site's template and not the "
        "publisher's words. `lgsco template` decides about it.",
        "columns": {
            "id": "Counted on: the number that `lgsco template show` takes.",
            "state": "single (seen in one decision so far), asking (others are still to be reread), too few (too few "
            "others could be), template (others show it), accepted or rejected (by the user), released (recorded as "
            "amendments), ended (the site shows the stored texts again).",
            "since": "When the first page that shows it was fetched: UTC, ISO 8601.",
            "found_at": "When it was found: UTC, ISO 8601.",
            "changed_at": "When its state last changed: UTC, ISO 8601.",
            "run": _RUN,
            "kind": "Of which kind of decisions: statement or report.",
            "example": "The reference of a decision that shows it.",
            "decided_on": "The decision date of that, ISO 8601.",
            "diff": "What changed in it, as a unified diff.",
        },
        "sort_desc": "id",
        "facets": ["state"],
    },
    "absences": {
        "title": "Absences",
        "description": "Every time that a held decision was no longer listed, and what became of it. It has left the "
        "site only when a proven listing lacks it and its page is gone too, twice and some days apart. Nothing is "
        "deleted here.",
        "columns": {
            "reference": _REFERENCE,
            "noticed_at": "When a proven listing first lacked it: UTC, ISO 8601.",
            "stood_on": "Date it was listed under before, ISO 8601.",
            "run": _RUN,
            "gone": "How often its page has been gone since then, without being there in between.",
            "gone_first_at": "When its page was first gone: UTC, ISO 8601.",
            "gone_last_at": "When its page was last gone: UTC, ISO 8601.",
            "next_at": "When its page is asked for again, at the earliest: UTC, ISO 8601.",
            "answer": "What its page last answered, in a sentence.",
            "answer_status": "HTTP status of that answer.",
            "answer_words": "What that page says of its being gone.",
            "ended_at": "When it was concluded that it left the site: UTC, ISO 8601. Empty: not yet known.",
            "ending": "withdrawn (it left before the age at which statements leave), expired (it is a statement of "
            "that age, and those of its age left too) or gone (reason unknown).",
            "judged_at": "When `ending` or its evidence last changed: UTC, ISO 8601.",
            "age_seen": "Evidence: its age in days when the site last showed it.",
            "age_gone": "Evidence: its age in days when its page was first gone. It left in between.",
            "as_old_known": "Evidence: other statements decided within 30 days of it that are known, on proven dates. "
            "Those that were withdrawn are not counted.",
            "as_old_gone": "Evidence: how many of those have left the site.",
            "as_old_listed": "Evidence: how many of those are still listed.",
            "returned_at": "When it was listed again: UTC, ISO 8601. Empty while it is not.",
        },
        "sort_desc": "noticed_at",
        "facets": ["ending"],
    },
    "queue": {
        "title": "Queue",
        "description": "Decisions to be fetched: listed and not held yet, or listed with another card than before.",
        "columns": {
            "reference": _REFERENCE,
            "url": _ADDRESS,
            "decision_date": "Date of the decision, ISO 8601.",
            "state": "wanted (not asked for yet), kept (fetched, not yet read), failed (asked for, and not fetched or "
            "read), or excluded (its page was gone at least three times over at least seven days).",
            "reason": "Why it is fetched: listed (it is not held), changed (its card is another) or reread (its page "
            "was not checked for long).",
            "added_at": "When it was queued: UTC, ISO 8601.",
            "attempts": "Failed attempts so far.",
            "next_at": _NEXT_AT,
            "error_kind": "Kind of the last failure.",
            "error": "The last failure, in a sentence.",
            "gone": "How often its page was gone.",
            "gone_first_at": "When its page was first gone: UTC, ISO 8601.",
            "gone_last_at": "When its page was last gone: UTC, ISO 8601.",
        },
        "facets": ["state", "error_kind"],
    },
    "checks": {
        "title": "Checks",
        "description": "What was asked only to know whether the site's answers can be trusted.",
        "columns": {
            "id": "Counted on.",
            "at": "When it was made: UTC, ISO 8601.",
            "run": _RUN,
            "kind": "canary (a known decision is read again) or filters (a total was asked with other filters).",
            "subject": "The decisions or the range of decision dates that were asked for.",
            "passed": "1 when the site answered as it should, else 0.",
            "why": "What it was made for.",
            "finding": "What it found, in a sentence.",
        },
        "sort_desc": "id",
        "facets": ["kind", "passed"],
    },
    "listing_findings": {
        "title": "How the listing is asked",
        "description": "What was found out about the site's listing: its forms, its date filter and its session.",
        "columns": {
            "id": "Counted on.",
            "site": "The site's scheme, host and port.",
            "kind": "form (compared with the bare form), use (the form used from then on), dates (what the date "
            "filter includes) or session.",
            "subject": "form: its name. dates: summer or winter, by London's clocks. Else empty.",
            "at": "When it was found: UTC, ISO 8601.",
            "run": _RUN,
            "verdict": "form: wider, not wider or no more. use: the form's name. dates: exact, shifted, doubted or no "
            "decision. session: needed.",
            "evidence": "What was asked, and what the site answered.",
            "first_shift": "dates: days by which the first day of a range is later than asked.",
            "last_shift": "dates: days by which the last day of a range is later than asked.",
        },
        "sort_desc": "id",
        "facets": ["kind", "verdict"],
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
            "retry_after": "Seconds that the answer asked us to wait.",
            "promise": "What was promised when it was made (`promises.id`). Empty: not known.",
            "hold": "Seconds for which nothing was asked because of `retry_after`. Empty: as asked, up to a day.",
        },
        "sort_desc": "id",
        "facets": ["status"],
    },
    "request_days": {
        "title": "Requests of past days",
        "description": "The journal of the days that are no longer kept request by request, in sum.",
        "columns": {
            "day": "UTC, ISO 8601.",
            "requests": "Requests made.",
            "unanswered": "Requests without an answer.",
            "errors": "Answers not taken whole, or with a status of 400 or more, but for 404 and 410.",
            "received": "Bytes received.",
            "seconds": "Seconds spent waiting for answers.",
            "most_in_a_minute": "The most requests within any 60 seconds.",
            "least_gap": "The least seconds between the starts of two requests.",
            "holds": "Answers that asked us to wait (Retry-After).",
            "holds_kept": "Of those, after how many we did, or did for a day.",
            "promised": "Requests of which it is known what was promised when they were made.",
            "too_soon": "Of those, after how many the next was made sooner than promised.",
            "too_many": "Of those, how many were more than a day's as promised.",
            "in_quiet_hours": "Of those, how many were made in quiet hours.",
            "holds_capped": "Of the answers that asked us to wait, those that asked for more than a day.",
            "holds_shortened": "Of them, those for one address that asked for more than `retry_wait_most`.",
        },
        "sort_desc": "day",
    },
    "promises": {
        "title": "Promises",
        "description": "How the site is treated at least, each time anything of it was another.",
        "columns": {
            "id": "Counted on.",
            "gap": "Seconds from the start of a request to the start of the next, at least.",
            "a_day": "Requests in a day (UTC), at most.",
            "quiet_hours": "Hours in London in which nothing is asked.",
        },
    },
    "robots": {
        "title": "robots.txt",
        "description": "What the site's robots.txt said, each time it said something new.",
        "columns": {
            "site": "The site's address.",
            "fetched_at": "When it was last fetched so: UTC, ISO 8601.",
            "status": "HTTP status.",
            "text": "The file.",
        },
        "sort_desc": "fetched_at",
    },
    "runs": {
        "title": "Runs",
        "description": "What the program did, and how it ended.",
        "columns": {
            "id": "Counted on.",
            "task": "backfill, sync, resume (a slice of interrupted backfills), withdraw, import, renormalise, or "
            "template.",
            "arguments": "What it was asked for, as JSON.",
            "started_at": "UTC, ISO 8601.",
            "ended_at": "UTC, ISO 8601. Empty while it runs.",
            "state": "running, complete, limited, incomplete, template (a template change waits for a decision), "
            "blocked, layout, failed, stopped, or died.",
            "exit_code": "The exit code of the command.",
            "message": "How it ended, in a sentence.",
            "tally": "Counts, as JSON.",
            "process": "The operating system's number of the process.",
            "user_agent": "By which name it asked the site, if it did.",
        },
        "sort_desc": "id",
        "label_column": "task",
    },
}

_HIDDEN = (
    *("pages", "dictionaries", "layouts", "unchecked", "daemon", "pace", "_sqlite_migrations", "decisions_fts"),
    *("template_edits", "template_sightings", "template_answers", "held_texts", "rereads", "renormalising"),
    *("text_sketches", "unrelated"),
)
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
