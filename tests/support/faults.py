"""The site of the fault tests, and checks that a fault did no harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ingest.run import Outcome, Task
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.faults import Fault
from lgsco.replica.script import catalogue, on
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from support.world import World

DAY = timedelta(days=1)
TRIES = 2
CAP = 300_000
"""The most bytes of an answer; the longest page of these sites has 90 KB."""
DRAWN = list(generate(60, seed=7, first=date(2024, 1, 1), last=date(2026, 8, 30), body=False))
OLD = [*seeds()[:2], *DRAWN[:11], next(sample for sample in DRAWN[11:] if len(sample.chapters) > 1)]
"""Two real decisions, a report of several pages, and short statements."""
NEW = [
    replace(sample, published=sample.decision_date)
    for sample in generate(3, seed=99, first=date(2026, 9, 1), last=date(2026, 9, 30), body=False)
]
COUNT = len(OLD) + len(NEW)
LISTING = r"searchresults"
PAGES = r"/\d\d-\d{3}-\d{3}[a-z]?(\?|$)"
NEW_PAGES = f"({'|'.join(sample.address for sample in NEW)})" + r"(\?|$)"
SCOPES = {"listing": LISTING, "pages": PAGES, "new pages": NEW_PAGES, "everything": "."}
COMPLETE = {("complete", 0)}
INCOMPLETE = {("incomplete", 10)}
LAYOUT = {("layout", 11)}
BLOCKED = {("blocked", 12)}
NAMED = INCOMPLETE | LAYOUT | BLOCKED
"""Any of these is right: the fault is named, and the run is not complete."""
EITHER = COMPLETE | NAMED
"""Complete is right too, if the archive then equals the site."""
ADDRESS = (
    r"/robots\.txt|/Decisions/SearchResults\?|/decisions/[\w/-]+|\d\d \d{3} \d{3}|\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d|"
    r"beginning to today"
)
TO_DO = (
    r"run the command again|write to the publisher|`lgsco \w+`|tried again|is queued|are queued|"
    r"this lgsco is too old"
)
WALK = 3 * (COUNT // 10 + 2)
"""The requests for a listing that changes all the time: three walks to the page past the last."""
MOST = 2 * (WALK + COUNT) + 20
"""The default limit of requests: the listing is walked, and every decision fetched up to twice."""


class Stage(NamedTuple):
    """Shared by all tests of a file: a served site, and a database filled from it a day before."""

    server: Server
    site: Site
    held: Path
    undisturbed: list[Any]
    """The rows that a run without faults makes."""


Hosts = set[tuple[str, int]]

PICTURE = (
    "SELECT reference, authority, category, subcategory, outcome, decision_date, kind, summary, text, url, status, "
    "source, text_sha256 FROM decisions ORDER BY reference",
    "SELECT reference, position, section, number, kind, text FROM paragraphs ORDER BY reference, position",
    "SELECT reference, url, authority, outcome, subcategory, decision_date, kind, stands_on, unlisted_at "
    "FROM entries ORDER BY reference",
    "SELECT reference, revision, source, change, text_sha256, text FROM revisions ORDER BY reference, revision",
    "SELECT d.reference FROM decisions_fts JOIN decisions AS d ON d.rowid = decisions_fts.rowid "
    "WHERE decisions_fts MATCH 'specimen OR council' ORDER BY d.reference",
    "SELECT reference FROM queue",
    "SELECT reference FROM absences WHERE returned_at IS NULL",
    "SELECT DISTINCT state FROM windows",
    "SELECT min(first), max(last), sum(total), sum(listed) FROM windows",
)


def picture(world: World) -> list[Any]:
    """Returns all stored rows except instants, row numbers and the cuts of the ledger."""
    return [world.ask(sql) for sql in PICTURE]


TRUTH = {sample.reference: expected_text(sample) for sample in [*OLD, *NEW]}


def require_no_harm(world: World, before: set[str]) -> None:
    """Checks that texts are the site's, proofs are right, no decision was lost, and no fault led to a conclusion."""
    texts = world.ask(
        "SELECT r.reference, coalesce(r.text, d.text) FROM revisions AS r JOIN decisions AS d USING (reference)"
    )
    assert [(name, text) for name, text in texts if text != TRUTH[name]] == [], "words that the site does not have"
    held = world.ask("SELECT reference FROM decisions")
    assert before <= set(held), "stored decisions are lost"
    assert set(world.ask("SELECT status FROM decisions")) <= {"published"}
    assert world.ask("SELECT reference FROM absences WHERE ended_at IS NOT NULL") == []
    for first, last, total in world.ask("SELECT first, last, total FROM windows WHERE state = 'proven'"):
        shown = {s.reference for s in world.site.listed(date.fromisoformat(first), date.fromisoformat(last))}
        # Decisions published since the last walk did not exist when it was proven.
        known = shown - {sample.reference for sample in NEW} if total < len(shown) else shown
        assert total == len(known), f"{first} to {last} is called proven with {total} of {len(shown)}"
        assert known <= set(held), f"{first} to {last} is called proven and lacks {sorted(known - set(held))}"


def journalled(world: World) -> list[str]:
    """Returns the journalled targets of the last run, which include all that the server saw, in order."""
    journal: list[str] = world.ask("SELECT target FROM requests WHERE run = (SELECT max(id) FROM runs) ORDER BY id")
    left = iter(journal)
    assert all(target in left for target in world.targets()), "the server saw requests that are not journalled"
    return journal


def require_recovery(world: World, task: Task, undisturbed: list[Any]) -> None:
    """Runs a task a day later against a site without faults, and checks that it completes the archive."""
    world.server.faults = None
    world.time.at += DAY
    outcome = world.run(task)
    assert (outcome.state, outcome.exit_code) == ("complete", 0), outcome.message
    assert dict(world.ask("SELECT reference, text FROM decisions")) == TRUTH
    for sql, now, then in zip(PICTURE, picture(world), undisturbed, strict=True):
        assert now == then, f"other rows than those of an undisturbed run: {sql}"


def collect_messages(world: World, outcome: Outcome) -> str:
    """Returns all error messages of a run: its message, the messages before it, and the reasons in the queue."""
    reasons = world.ask("SELECT error FROM queue WHERE error IS NOT NULL")
    return "\n".join([str(outcome), *outcome.tally.unread, *reasons])


def fault_named(name: str, site: Site) -> tuple[Fault, dict[str, object]]:
    """Returns a fault of the catalogue, with settings that trigger it soon."""
    if name in ("stall", "stall in mid-answer"):
        return catalogue(site, wait=60)[name], {"fetch__read_timeout": 0.06}
    return catalogue(site, wait=0.01)[name], {}


def run_with_fault(world: World, task: Task, name: str, scope: str) -> Outcome:
    """Runs a task while a fault lasts."""
    fault, settings = fault_named(name, world.site)
    world.server.faults = on(SCOPES[scope], fault)
    return world.run(task, fetch__tries=TRIES, fetch__max_bytes=CAP, **settings)
