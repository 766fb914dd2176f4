"""Defines the canned queries of the web interface, each with a title, a description and the fields of its form.

Every parameter may be left empty. A reference that a user types goes through `lgsco_reference` of `lgsco.web.plugin`.
The full-text search is not among them: `lgsco.web.search_page` answers it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingest.clock import Clock
from storage.suppressions import REFERENCES


def lgsco_today() -> str:
    """Returns the date in London, ISO 8601. An SQL function of the same name returns it to queries."""
    return str(Clock().today())


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of a query, as its form shows it."""

    label: str
    type: Literal["text", "search", "date", "number"] = "text"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One canned query."""

    title: str
    description: str
    sql: str
    fields: dict[str, Field]
    """The parameters, in the order of the form."""
    needs: str | None = None
    """The parameter that must be filled in before the query can find anything; None when there is none."""
    is_private: bool = False
    """Whether it reads tables that a public server does not show."""
    see_also: str | None = None
    """The query that its page links to."""

    def metadata(self) -> dict[str, Any]:
        """Returns the query as Datasette's metadata, with the additional keys that our template uses."""
        return {
            "title": self.title,
            "description": self.description,
            "sql": self.sql.strip(),
            "params": list(self.fields),
            "hide_sql": True,
            "fields": {name: asdict(field) for name, field in self.fields.items()},
            "needs": self.needs,
            "see_also": self.see_also and {"name": self.see_also, "title": QUERIES[self.see_also].title},
        }


_RATE = """
  count(*) AS decisions,
  count(*) FILTER (WHERE lower(outcome) = 'upheld') AS upheld,
  count(*) FILTER (WHERE lower(outcome) = 'not upheld') AS not_upheld,
  count(*) FILTER (WHERE coalesce(lower(outcome), '') NOT IN ('upheld', 'not upheld')) AS closed_or_other,
  round(100.0 * count(*) FILTER (WHERE lower(outcome) = 'upheld')
    / nullif(count(*) FILTER (WHERE lower(outcome) IN ('upheld', 'not upheld')), 0), 1) AS upheld_percent"""

_RATE_DESCRIPTION = (
    "Only stored decisions are counted: for dates that were not fetched from the site, the numbers are too low. "
    "upheld_percent is upheld ÷ (upheld + not upheld). Complaints closed after initial enquiries were not "
    "investigated; they count in decisions and closed_or_other, but not in the rate."
)

_FROM = Field("Decided from", "date")
_TO = Field("Decided up to", "date")

QUERIES: dict[str, Query] = {
    "paragraph": Query(
        "One paragraph by its number",
        "Shows one paragraph of a decision with its sub-items. Without a number it shows the whole decision.",
        """
SELECT reference, number, section, text
FROM paragraphs
WHERE reference = lgsco_reference(:reference)
  AND (:number = '' OR number = :number OR substr(number, 1, length(:number) + 1) = :number || '.')
ORDER BY position
""",
        {
            "reference": Field("Reference", "text", "25-004-920, in any spelling"),
            "number": Field("Paragraph", "text", "24 or 24.a"),
        },
        "reference",
    ),
    "uphold_rate": Query(
        "Uphold rate by authority",
        f"Shows each authority with its counts, highest rate first. {_RATE_DESCRIPTION}",
        f"""
SELECT authority, {_RATE.strip()}
FROM decisions
WHERE (:from_date = '' OR decision_date >= :from_date)
  AND (:to_date = '' OR decision_date <= :to_date)
  AND reference NOT IN {REFERENCES}
GROUP BY authority
HAVING count(*) >= CAST(:at_least AS INTEGER)
ORDER BY upheld_percent DESC, upheld DESC, authority
""",
        {
            "from_date": _FROM,
            "to_date": _TO,
            "at_least": Field("Minimum number of decisions", "number", "10"),
        },
        see_also="complete",
    ),
    "authority_by_year": Query(
        "Authority by year",
        f"Shows the decisions and the uphold rate of each authority by year. {_RATE_DESCRIPTION}",
        f"""
SELECT authority, substr(decision_date, 1, 4) AS year, {_RATE.strip()}
FROM decisions
WHERE (:authority = '' OR instr(lower(authority), lower(trim(:authority))) > 0)
  AND reference NOT IN {REFERENCES}
GROUP BY authority, year
ORDER BY authority, year
""",
        {"authority": Field("Authority", "text", "part of its name")},
        see_also="complete",
    ),
    "new": Query(
        "New decisions",
        "The 200 decisions that were added to the archive most recently, newest first.",
        f"""
SELECT first_seen, reference, decision_date, authority, outcome, summary
FROM decisions
WHERE (:since = '' OR first_seen >= :since) AND reference NOT IN {REFERENCES}
ORDER BY first_seen DESC, decision_date DESC, reference DESC
LIMIT 200
""",
        {"since": Field("Added since", "date")},
    ),
    "changed": Query(
        "Recent changes",
        "Decisions with text that changed after they were added, latest change first. Open a revision to read "
        "the text of that time.",
        f"""
SELECT r.recorded_at, r.reference, d.authority, r.change, r.source, r.revision,
  (SELECT max(earlier.revision) FROM revisions AS earlier
   WHERE earlier.reference = r.reference AND earlier.revision < r.revision) AS earlier_revision
FROM revisions AS r
JOIN decisions AS d ON d.reference = r.reference
WHERE r.change <> 'first' AND (:since = '' OR r.recorded_at >= :since) AND r.reference NOT IN {REFERENCES}
ORDER BY r.recorded_at DESC, r.reference, r.revision DESC
LIMIT 200
""",
        {"since": Field("Changed since", "date")},
    ),
    "complete": Query(
        "Date ranges, and which of them are proven",
        "Each range of decision dates that a backfill or a sync was asked for: the site's total, how many decisions "
        "the site listed, and how many of those are stored here. The newest range comes first. Dates without a row "
        "were not checked. Proven: the listing did not change while it was read once from end to end, it listed as "
        "many decisions as the site's total, and that many are stored or excluded by name. Unseen: not checked yet. "
        "`asked_for`: yes, no, or interrupted or paused where a backfill of the range did not finish.",
        """
SELECT iif(first = '0001-01-01', 'beginning', first) AS decided_from,
  CASE WHEN first <= lgsco_today() AND last > lgsco_today() THEN 'today'
       WHEN last = '9999-12-31' THEN 'onwards'
       ELSE last END AS decided_up_to,
  state,
  coalesce((SELECT CASE WHEN sum(i.state IN ('standing', 'finished')) THEN 'yes'
                        WHEN sum(i.state IN ('running', 'interrupted')) THEN 'interrupted'
                        WHEN count(*) THEN 'paused' END
              FROM intents AS i
             WHERE i.first <= coverage.last AND i.last >= coverage.first
               AND i.state NOT IN ('replaced', 'withdrawn')), 'no') AS asked_for,
  total, listed, held, missing, failed, excluded, counted_at, walked_at, proven_at, unproven_since
FROM coverage
WHERE (:from_date = '' OR last >= :from_date)
  AND (:to_date = '' OR first <= :to_date)
  AND (first <= lgsco_today() OR listed > 0 OR state NOT IN ('proven', 'unseen'))
ORDER BY first DESC
""",
        {"from_date": _FROM, "to_date": _TO},
    ),
    "what_is_missing": Query(
        "Missing decisions",
        "Decisions that the site lists and that are not stored from the site, each with the reason. Only dates whose "
        "listing was requested are covered; decisions of other dates do not appear here. Excluded decisions come last: "
        "their pages were gone several times, or cannot be parsed, so their date ranges count as proven without them.",
        f"""
SELECT reference, decision_date, authority, state, attempts, error, next_at, first_listed, url
FROM missing
WHERE (:from_date = '' OR decision_date >= :from_date)
  AND (:to_date = '' OR decision_date <= :to_date)
  AND reference NOT IN {REFERENCES}
ORDER BY state = 'excluded', decision_date DESC, reference DESC
LIMIT 1000
""",
        {"from_date": _FROM, "to_date": _TO},
        see_also="complete",
    ),
    "moved": Query(
        "Changes in the listing",
        "Changes of a decision's card in the listing: date, address, outcome, subject, kind, authority, title or "
        "summary. The latest change comes first.",
        f"""
SELECT m.at, m.reference, coalesce(d.authority, e.authority) AS authority, m.field, m.before, m.after
FROM moves AS m
LEFT JOIN decisions AS d ON d.reference = m.reference
LEFT JOIN entries AS e ON e.reference = m.reference
WHERE (:since = '' OR m.at >= :since) AND m.reference NOT IN {REFERENCES}
ORDER BY m.at DESC, m.reference, m.field
LIMIT 200
""",
        {"since": Field("Changed since", "date")},
    ),
    "left_the_site": Query(
        "Decisions that left the site, with the evidence",
        "Decisions that a proven listing no longer showed. A decision counts as having left the site only when its "
        "page was gone too, twice, some days apart. Withdrawn: it left before the age at which decisions leave. "
        "Expired: other statements of its age left with it. Gone: the reason is not known.",
        f"""
SELECT a.reference, a.stood_on AS decision_date, d.authority,
  iif(a.returned_at IS NULL, coalesce(a.ending, 'not known yet'), 'returned') AS became,
  coalesce(a.returned_at, a.ended_at) AS since,
  'not listed since ' || a.noticed_at
    || CASE WHEN a.gone = 0 THEN '' ELSE '; its page gone ' || a.gone || iif(a.gone = 1, ' time', ' times')
         || ', first ' || a.gone_first_at || ', last ' || a.gone_last_at END
    || coalesce('; ' || a.answer, '') || coalesce(', in words: ' || a.answer_words, '')
    || CASE WHEN a.age_gone IS NULL THEN '' ELSE '; last seen ' || a.age_seen || ' days after the decision, gone '
         || a.age_gone || ' days after it; of ' || a.as_old_known || ' other statements decided within 30 days of it '
         || a.as_old_gone || ' are gone and ' || a.as_old_listed || ' listed' END AS why
FROM absences AS a
JOIN decisions AS d ON d.reference = a.reference
WHERE (:since = '' OR a.noticed_at >= :since) AND a.reference NOT IN {REFERENCES}
ORDER BY a.noticed_at DESC, a.stood_on DESC, a.reference
LIMIT 1000
""",
        {"since": Field("No longer listed since", "date")},
    ),
    "not_fetched": Query(
        "Decisions waiting to be fetched",
        "Decisions that are still to be fetched, or to be fetched again because the listing shows a change. Only "
        "dates whose listing was requested are covered. Shows the last error, and the time of the next attempt.",
        f"""
SELECT q.reference, q.decision_date, e.authority, q.state, q.attempts, q.error, q.next_at, q.url
FROM queue AS q
LEFT JOIN entries AS e ON e.reference = q.reference
WHERE e.unlisted_at IS NULL AND q.reference NOT IN {REFERENCES}
ORDER BY q.state <> 'failed', q.decision_date DESC, q.reference
LIMIT 1000
""",
        {},
        is_private=True,
        see_also="complete",
    ),
}
