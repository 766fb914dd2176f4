"""Records what the listing shows: its entries, their dates, what moved and what is no longer shown.

Entries that are not stored become queue rows in the transaction that records the listing, so progress is a question to
the database and a killed run resumes by asking it. If an entry appears on, or leaves, a day of a window that was walked
before, that day loses its proof: the ledger never claims more than what was seen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date

from storage import absences, ledger, queue
from storage.model import Entry, Window
from storage.stored import to_day

_CARD = ("reference", "url", "authority", "outcome", "subcategory", "decision_date", "kind", "title", "summary")
_WORDS = ("authority", "title", "summary")
"""Fields in the card's own words: here a change of a single capital letter counts as a change."""
_FOLLOWED = ("decision_date", "url", "outcome", "subcategory", "kind", *_WORDS)
"""The fields of a card that are compared: a change is recorded and queues the decision."""


def record_listing(db: sqlite3.Connection, entries: Iterable[Entry], at: str, window: Window, run: int) -> None:
    """Records the cards of one listing page of a window, in their order. Call it inside a transaction.

    Decisions that are not stored, or have a changed card, are queued.
    """
    cards = _date_cards(entries, window)
    known = _find_known(db, [entry.reference for entry, _ in cards])
    new = []
    for entry, day in cards:
        before = known.get(entry.reference)
        if before is None:
            new.append((entry, day))
        else:
            stood = to_day(before["stands_on"], "a listing entry")
            # A card without a date does not contradict the date that the entry had.
            stays = entry.decision_date is None and window.first <= stood <= window.last
            _record_again(db, entry, stood if stays else day, before, at, run)
    for day in {day for _, day in new}:
        ledger.drop_day_proof(db, day, at, run)
    db.executemany(
        f"INSERT INTO entries ({', '.join(_CARD)}, stands_on, first_listed, last_listed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*_columns(entry), day.isoformat(), at, at) for entry, day in new],
    )
    db.executemany(
        "INSERT INTO queue (reference, url, decision_date, state, reason, added_at, next_at) "
        "SELECT ?1, ?2, ?3, 'wanted', 'listed', ?4, ?4 WHERE NOT EXISTS "
        "(SELECT 1 FROM held_from_site WHERE reference = ?1) "
        "ON CONFLICT (reference) DO UPDATE SET url = excluded.url, decision_date = excluded.decision_date",
        [(entry.reference, entry.url, day.isoformat(), at) for entry, day in cards],
    )


def find_addresses(db: sqlite3.Connection) -> list[str]:
    """Finds the address of every decision that is listed or queued: these may be requested some day."""
    rows = db.execute("SELECT url FROM entries WHERE unlisted_at IS NULL UNION SELECT url FROM queue ORDER BY url")
    return [url for (url,) in rows]


def _date_cards(entries: Iterable[Entry], window: Window) -> list[tuple[Entry, date]]:
    """Returns the cards, one for each reference, with the day that each is listed under.

    The listing goes from the newest to the oldest, so a card without a date takes the date of the card before it, or
    the window's last day.
    """
    day = window.last
    cards: dict[str, tuple[Entry, date]] = {}
    for entry in entries:
        if entry.decision_date is not None:
            day = entry.decision_date
        cards[entry.reference] = (entry, day)
    return list(cards.values())


def _columns(entry: Entry) -> tuple[str | None, ...]:
    decided = entry.decision_date.isoformat() if entry.decision_date else None
    return (
        *(entry.reference, entry.url, entry.authority, entry.outcome, entry.subcategory, decided, entry.kind),
        *(entry.title, entry.summary),
    )


def _find_known(db: sqlite3.Connection, references: Sequence[str]) -> dict[str, dict[str, str | None]]:
    names = (*_FOLLOWED, "stands_on", "unlisted_at")
    rows = db.execute(
        f"SELECT reference, {', '.join(names)} FROM entries WHERE reference IN (SELECT value FROM json_each(?))",
        (json.dumps(references),),
    )
    return {reference: dict(zip(names, values, strict=True)) for reference, *values in rows}


def _record_again(
    db: sqlite3.Connection, entry: Entry, day: date, before: dict[str, str | None], at: str, run: int
) -> None:
    """Records another card of an entry. If it differs, the difference and a queue row are recorded too.

    A field that the earlier card did not show, or that was not stored then, counts as unchanged.
    """
    stood = to_day(before["stands_on"], "a listing entry")
    returned = before["unlisted_at"] is not None
    if returned:
        ledger.drop_day_proof(db, day, at, run)
        absences.record_return(db, entry.reference, at)
    elif stood != day:
        ledger.drop_day_proof(db, stood, at, run)
        ledger.drop_day_proof(db, day, at, run)
    now = dict(zip(_CARD, _columns(entry), strict=True))
    changed = [
        (name, was, is_)
        for name in _FOLLOWED
        if (was := before[name]) is not None and (is_ := now[name]) is not None and _differ(name, was, is_)
    ]
    db.executemany(
        "INSERT OR REPLACE INTO moves (reference, at, field, before, after, run) VALUES (?, ?, ?, ?, ?, ?)",
        [(entry.reference, at, name, was, is_, run) for name, was, is_ in changed],
    )
    db.execute(
        f"UPDATE entries SET url = ?, {', '.join(f'{name} = coalesce(?, {name})' for name in _CARD[2:])}, "
        "stands_on = ?, unlisted_at = NULL, last_listed = max(first_listed, ?) WHERE reference = ?",
        (*_columns(entry)[1:], day.isoformat(), at, entry.reference),
    )
    if changed or returned:
        queue.add(db, entry.reference, entry.url, at)


def _differ(name: str, was: str, is_: str) -> bool:
    return was != is_ if name in _WORDS else _normalise(was) != _normalise(is_)


def is_same_address(one: str, other: str) -> bool:
    """Whether two paths of decisions are the same, ignoring case and a slash at the end."""
    return _normalise(one) == _normalise(other)


def _normalise(value: str) -> str:
    """Normalises a value for comparison: an address is the same in another case or with a slash at its end."""
    return value.rstrip("/").casefold()


def count_others(db: sqlite3.Connection, window: Window, listed: Iterable[str]) -> int:
    """Counts the entries of a window that are listed, as far as is known, and are not among some references."""
    return len(_find_others(db, window, listed))


def record_unlisted(db: sqlite3.Connection, window: Window, listed: Iterable[str], at: str, run: int) -> list[str]:
    """Records which entries of a window are no longer listed, and returns their references.

    Call it inside a transaction, after a walk that went through the whole listing of the window while the listing did
    not change. `listed`: the references that the walk listed.
    """
    rows = _find_others(db, window, listed)
    for reference, stood_on in rows:
        db.execute("UPDATE entries SET unlisted_at = max(first_listed, ?) WHERE reference = ?", (at, reference))
        absences.record_absence(db, reference, stood_on, at, run)
    return [reference for reference, _ in rows]


def _find_others(db: sqlite3.Connection, window: Window, listed: Iterable[str]) -> list[tuple[str, str]]:
    """Finds the entries that `count_others` counts, each with its day."""
    return db.execute(
        "SELECT reference, stands_on FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ? "
        "AND reference NOT IN (SELECT value FROM json_each(?))",
        (window.first.isoformat(), window.last.isoformat(), json.dumps(list(listed))),
    ).fetchall()


def find_entries(db: sqlite3.Connection, references: Sequence[str]) -> dict[str, Entry]:
    """Finds the newest card of each reference that was ever listed."""
    found: dict[str, Entry] = {}
    for reference in references:
        row = db.execute(
            f"SELECT {', '.join(_CARD[1:])} FROM entries WHERE reference = ?",
            (reference,),
        ).fetchone()
        if row:
            card = dict(zip(_CARD[1:], row, strict=True))
            decided = card.pop("decision_date")
            found[reference] = Entry(
                reference, decision_date=to_day(decided, "a listing entry") if decided else None, **card
            )
    return found


def find_moved_meanwhile(db: sqlite3.Connection, window: Window, since: str) -> list[str]:
    """Finds the entries of a window that moved while it was walked.

    Their page was fetched since `since`, and has a date outside the window.
    """
    first, last = window.first.isoformat(), window.last.isoformat()
    rows = db.execute(
        "SELECT e.reference FROM entries AS e JOIN held_from_site AS h USING (reference) "
        "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN ? AND ? AND h.last_seen >= ? "
        "AND h.decision_date NOT BETWEEN ? AND ?",
        (first, last, since, first, last),
    )
    return [reference for (reference,) in rows]


def count_listed_since(db: sqlite3.Connection, window: Window, since: str) -> int:
    """Counts the entries of a window that were listed since an instant."""
    row = db.execute(
        "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ? AND last_listed >= ?",
        (window.first.isoformat(), window.last.isoformat(), since),
    ).fetchone()
    return int(row[0])


def count_aged(db: sqlite3.Connection, window: Window) -> int:
    """Counts the entries of a window that may leave the site by age: all except reports."""
    row = db.execute(
        "SELECT coalesce(sum(listed - reports), 0) FROM listed_days WHERE day BETWEEN ? AND ?",
        (window.first.isoformat(), window.last.isoformat()),
    ).fetchone()
    return int(row[0])
