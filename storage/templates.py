"""Stores template changes: the same edit in several decisions, and what other decisions showed when they were reread.

`storage.held_texts` has the texts that wait. `ingest.recording.template_guard` defines the states and the rules. Call
functions that write inside a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from storage.model import Edit, Wanted

REREADS_KEPT = 20
"""The number of rereads that are stored."""


class TemplateChange(NamedTuple):
    """One template change. Instants are UTC."""

    id: int
    state: str
    since: str
    """When the first page that has it was fetched."""
    found_at: str
    changed_at: str
    """When its state last changed."""
    kind: str | None
    """The kind of decisions that have it: statement or report."""
    example: str
    """The reference of a decision that has it."""
    decided_on: str | None
    """The decision date of the example."""
    diff: str
    """The change in the example, as a unified diff."""
    edits: frozenset[Edit] = frozenset()


_CHANGE = "id, state, since, found_at, changed_at, kind, example, decided_on, diff"


def find_changes(db: sqlite3.Connection, states: Collection[str]) -> list[TemplateChange]:
    """Finds the changes in some states, oldest first."""
    rows = db.execute(
        f"SELECT {_CHANGE} FROM template_changes WHERE state IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(states)),),
    ).fetchall()
    return [TemplateChange(*(*row, _find_edits(db, row[0]))) for row in rows]


def find_change(db: sqlite3.Connection, number: int) -> TemplateChange | None:
    """Finds one change by its number; None if there is none."""
    row = db.execute(f"SELECT {_CHANGE} FROM template_changes WHERE id = ?", (number,)).fetchone()
    return TemplateChange(*(*row, _find_edits(db, number))) if row else None


def _find_edits(db: sqlite3.Connection, change: int) -> frozenset[Edit]:
    rows = db.execute("SELECT kind, words FROM template_edits WHERE change = ?", (change,))
    return frozenset(Edit(*row) for row in rows)


def add_change(
    db: sqlite3.Connection,
    *,
    since: str,
    at: str,
    run: int,
    kind: str | None,
    example: str,
    decided_on: str | None,
    diff: str,
) -> int:
    """Adds a change that only one decision shows so far, and returns its number."""
    cursor = db.execute(
        "INSERT INTO template_changes (state, since, found_at, changed_at, run, kind, example, decided_on, diff) "
        "VALUES ('single', ?, ?, ?, ?, ?, ?, ?, ?)",
        (since, at, at, run, kind, example, decided_on, diff),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_state(db: sqlite3.Connection, change: int, state: str, at: str) -> None:
    """Gives a change another state."""
    db.execute(
        "UPDATE template_changes SET state = ?1, changed_at = iif(state = ?1, changed_at, ?2) WHERE id = ?3",
        (state, at, change),
    )


def set_example(db: sqlite3.Connection, change: int, reference: str, diff: str) -> None:
    """Sets another decision as the example of a change."""
    db.execute("UPDATE template_changes SET example = ?, diff = ? WHERE id = ?", (reference, diff, change))


def add_edits(db: sqlite3.Connection, change: int, edits: Iterable[Edit]) -> None:
    """Adds edits to those of a change."""
    db.executemany(
        "INSERT OR IGNORE INTO template_edits (change, kind, words) VALUES (?, ?, ?)",
        [(change, *edit) for edit in sorted(edits)],
    )


def set_edits(db: sqlite3.Connection, change: int, edits: Iterable[Edit]) -> None:
    """Replaces the edits of a change."""
    db.execute("DELETE FROM template_edits WHERE change = ?", (change,))
    add_edits(db, change, edits)


def join_changes(db: sqlite3.Connection, change: int, others: Sequence[int], at: str) -> None:
    """Joins other changes to one: moves their edits, sightings, answers and texts to it, and ends them."""
    for other in others:
        add_edits(db, change, _find_edits(db, other))
        for table in ("template_sightings", "held_texts"):
            db.execute(f"UPDATE {table} SET change = ? WHERE change = ?", (change, other))
        db.execute("UPDATE OR IGNORE template_answers SET change = ? WHERE change = ?", (change, other))
        set_state(db, other, "ended", at)


# ------------------------------------------------------------ where a change was seen


class Sighting(NamedTuple):
    """A decision with an edit on its page that its stored text did not have."""

    reference: str
    page: int
    """The raw page that shows it."""


def add_sightings(
    db: sqlite3.Connection, change: int, reference: str, family: str, page: int, at: str, edits: Iterable[Edit]
) -> None:
    """Records that a decision has the edits of a change."""
    db.executemany(
        "INSERT OR REPLACE INTO template_sightings (change, reference, family, seen_at, page, kind, words) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(change, reference, family, at, page, *edit) for edit in sorted(edits)],
    )


def count_sightings(db: sqlite3.Connection, change: int) -> dict[Edit, int]:
    """Counts the families in which each edit of a change was seen."""
    rows = db.execute(
        "SELECT e.kind, e.words, count(DISTINCT s.family) FROM template_edits AS e "
        "JOIN template_sightings AS s USING (kind, words) WHERE e.change = ? GROUP BY e.kind, e.words",
        (change,),
    )
    return {Edit(kind, words): count for kind, words, count in rows}


def find_families(db: sqlite3.Connection, change: int) -> set[str]:
    """Finds the families in which any edit of a change was seen."""
    rows = db.execute(
        "SELECT DISTINCT s.family FROM template_edits AS e JOIN template_sightings AS s USING (kind, words) "
        "WHERE e.change = ?",
        (change,),
    )
    return {family for (family,) in rows}


def find_recorded_sightings(db: sqlite3.Connection, change: int, since: str) -> list[Sighting]:
    """Finds decisions with a current text that was recorded as an amendment and has an edit of a change.

    In order of reference. Counts only texts recorded since `since`, from a page in which the edit was seen.
    """
    rows = db.execute(
        "SELECT DISTINCT s.reference, s.page FROM template_edits AS e "
        "JOIN template_sightings AS s USING (kind, words) JOIN template_changes AS c ON c.id = s.change "
        "JOIN revisions AS r ON r.reference = s.reference AND r.page = s.page AND r.change = 'amended' "
        "WHERE e.change = ? AND c.state = 'released' AND s.seen_at >= ? AND r.text IS NULL ORDER BY s.reference",
        (change, since),
    )
    return [Sighting(*row) for row in rows]


# ------------------------------------------------------------ rereads


class Reread(NamedTuple):
    """A stored decision that was fetched again."""

    reference: str
    family: str
    kind: str | None
    at: str
    """When its page was fetched."""
    changed: bool
    """Whether its text differs in any way."""


def add_rereads(db: sqlite3.Connection, rereads: Sequence[Reread], run: int) -> None:
    """Records rereads in their order, and keeps the last `REREADS_KEPT`."""
    db.executemany(
        "INSERT INTO rereads (reference, family, kind, at, run, changed) VALUES (?, ?, ?, ?, ?, ?)",
        [(*one[:4], run, int(one.changed)) for one in rereads[-REREADS_KEPT:]],
    )
    db.execute("DELETE FROM rereads WHERE id <= (SELECT max(id) FROM rereads) - ?", (REREADS_KEPT,))


def count_changed(db: sqlite3.Connection) -> int:
    """Counts the families that changed among the last rereads."""
    return int(db.execute("SELECT count(DISTINCT family) FROM rereads WHERE changed").fetchone()[0])


def find_reread_families(db: sqlite3.Connection, kind: str | None, since: str, run: int | None = None) -> set[str]:
    """Finds the families of one kind of decision among the last rereads since an instant, of one run if it is given."""
    rows = db.execute(
        "SELECT DISTINCT family FROM rereads WHERE kind IS ? AND at >= ? AND coalesce(run = ?, 1)", (kind, since, run)
    )
    return {family for (family,) in rows}


def count_site_decisions(db: sqlite3.Connection, limit: int) -> int:
    """Counts the decisions that are stored from the site, up to a limit."""
    row = db.execute("SELECT count(*) FROM (SELECT 1 FROM held_from_site LIMIT ?)", (limit,)).fetchone()
    return int(row[0])


# ------------------------------------------------------------ asking others


def find_candidates(db: sqlite3.Connection, change: TemplateChange, limit: int) -> list[Wanted]:
    """Finds decisions to reread for a change, those decided nearest to its example first.

    They are listed, stored, of the same kind, not checked since the change was first seen, and not reread for it
    before. Those with a text held for another change come last.
    """
    rows = db.execute(
        "SELECT h.reference, h.url FROM held_from_site AS h JOIN entries AS e USING (reference) "
        "WHERE e.unlisted_at IS NULL AND h.url IS NOT NULL AND h.kind IS ?1 "
        "AND h.reference NOT IN (SELECT reference FROM held_texts WHERE change = ?2) "
        "AND h.reference NOT IN (SELECT reference FROM template_answers WHERE change = ?2) "
        "AND NOT EXISTS (SELECT 1 FROM pages AS p WHERE p.reference = h.reference "
        "AND coalesce(p.checked_at, p.fetched_at) >= ?3) "
        "ORDER BY h.reference IN (SELECT reference FROM held_texts), "
        "abs(julianday(coalesce(h.decision_date, ?4)) - julianday(?4)), h.reference LIMIT ?5",
        (change.kind, change.id, change.since, change.decided_on or "2020-01-01", limit),
    )
    return [Wanted(reference, url, 0, "changed") for reference, url in rows]


def find_known(db: sqlite3.Connection, kind: str | None, day: str | None, limit: int) -> list[Wanted]:
    """Finds stored decisions of one kind that the site lists, those decided nearest to a day first.

    It goes from that day into the past and into the future, and stops when it has enough, so it does not read the
    whole archive.
    """
    near = (
        "SELECT reference, url, away FROM (SELECT h.reference, h.url, "
        "coalesce(abs(julianday(h.decision_date) - julianday(?2)), 0) AS away "
        "FROM held_from_site AS h CROSS JOIN entries AS e USING (reference) WHERE h.decision_date {} "
        "AND e.unlisted_at IS NULL AND h.url IS NOT NULL AND h.kind IS ?1 "
        "AND NOT EXISTS (SELECT 1 FROM queue AS q WHERE q.reference = h.reference) "
        "ORDER BY h.decision_date {} LIMIT ?3)"
    )
    rows = db.execute(
        f"{near.format('>= ?2', '')} UNION ALL {near.format('< ?2', 'DESC')} UNION ALL {near.format('IS NULL', '')} "
        "ORDER BY away, 1 LIMIT ?3",
        (kind, day or "2020-01-01", limit),
    )
    return [Wanted(reference, url, 0, "changed") for reference, url, _ in rows]


def find_stored(db: sqlite3.Connection, references: Iterable[str]) -> set[str]:
    """Finds which of the decisions are stored from the site."""
    rows = db.execute(
        "SELECT reference FROM held_from_site WHERE reference IN (SELECT value FROM json_each(?))",
        (json.dumps(list(references)),),
    )
    return {reference for (reference,) in rows}


def find_card(db: sqlite3.Connection, reference: str) -> tuple[str | None, str | None]:
    """Returns the kind and the date under which the listing shows a decision."""
    row = db.execute("SELECT kind, stands_on FROM entries WHERE reference = ?", (reference,)).fetchone()
    return row or (None, None)


def add_asked(db: sqlite3.Connection, change: int, references: Iterable[str], at: str) -> None:
    """Records that decisions are reread for a change."""
    db.executemany(
        "INSERT OR IGNORE INTO template_answers (change, reference, asked_at) VALUES (?, ?, ?)",
        [(change, reference, at) for reference in references],
    )


def find_unanswered(db: sqlite3.Connection, change: int) -> list[Wanted]:
    """Finds decisions to reread for a change that were not fetched yet."""
    rows = db.execute(
        "SELECT a.reference, e.url FROM template_answers AS a JOIN entries AS e USING (reference) "
        "WHERE a.change = ? AND a.answer IS NULL ORDER BY a.reference",
        (change,),
    )
    return [Wanted(reference, url, 0, "changed") for reference, url in rows]


def find_asked_about(db: sqlite3.Connection) -> dict[str, list[int]]:
    """Finds, for each decision, the changes that it is reread for and has no answer to yet."""
    found: dict[str, list[int]] = {}
    for reference, change in db.execute("SELECT reference, change FROM template_answers WHERE answer IS NULL"):
        found.setdefault(reference, []).append(change)
    return found


def record_answer(db: sqlite3.Connection, change: int, reference: str, same: Iterable[Edit], *, changed: bool) -> None:
    """Records what the reread of a decision showed.

    `same`: the change's edits that it has. `changed`: whether its text differs in any way.
    """
    edits = sorted(same)
    answer = "same change" if edits else "other change" if changed else "unchanged"
    db.execute(
        "UPDATE template_answers SET answer = ?, edits = ? WHERE change = ? AND reference = ?",
        (answer, json.dumps(edits, ensure_ascii=False) if edits else None, change, reference),
    )


class AnswerRow(NamedTuple):
    """The result of a reread for a change."""

    reference: str
    same: frozenset[Edit]
    """The edits of the change that it has."""


def find_answers(db: sqlite3.Connection, change: int) -> list[AnswerRow]:
    """Finds the results of the rereads for a change, by reference."""
    rows = db.execute(
        "SELECT reference, edits FROM template_answers WHERE change = ? AND answer IS NOT NULL ORDER BY reference",
        (change,),
    ).fetchall()
    return [AnswerRow(key, frozenset(Edit(*one) for one in json.loads(edits or "[]"))) for key, edits in rows]


class ChangeRow(NamedTuple):
    """A change, with counts of the texts that wait for it."""

    change: TemplateChange
    waiting: int
    """The stored decisions with a newer version that waits."""
    new: int
    """Decisions that are fetched and held back."""
    amended: tuple[str, ...]
    """The stored decisions among them that have other new words too."""
    asked: int
    """The number of other decisions that were reread."""
    same: int
    """The number of those that have the change."""


def find_change_rows(db: sqlite3.Connection, states: Collection[str]) -> list[ChangeRow]:
    """Finds the changes in some states with what waits for each, oldest first."""
    return [_with_counts(db, change) for change in find_changes(db, states)]


def find_change_row(db: sqlite3.Connection, number: int) -> ChangeRow | None:
    """Finds one change by its number, with what waits for it; None if there is none."""
    change = find_change(db, number)
    return _with_counts(db, change) if change is not None else None


def _with_counts(db: sqlite3.Connection, change: TemplateChange) -> ChangeRow:
    held = db.execute(
        "SELECT reference, is_new, is_amended FROM held_texts WHERE change = ? ORDER BY reference", (change.id,)
    ).fetchall()
    asked, same = db.execute(
        "SELECT count(answer), count(*) FILTER (WHERE answer = 'same change') FROM template_answers WHERE change = ?",
        (change.id,),
    ).fetchone()
    new = sum(is_new for _, is_new, _ in held)
    amended = tuple(reference for reference, _, is_amended in held if is_amended)
    return ChangeRow(change, len(held) - new, new, amended, asked, same)


def find_without_known(db: sqlite3.Connection) -> list[int]:
    """Finds changes in state `template` for which no stored decision's text waits any more."""
    rows = db.execute(
        "SELECT id FROM template_changes AS c WHERE state = 'template' AND NOT EXISTS "
        "(SELECT 1 FROM held_texts AS h WHERE h.change = c.id AND NOT h.is_new) ORDER BY id"
    )
    return [number for (number,) in rows]
