"""What the listing showed: its entries, where they stand, what moved and what is no longer shown.

Entries that are not held become queue rows in the transaction that records the listing which named them, so
progress is a question to the database and a killed run resumes by asking. An entry that is new on a day whose window
was walked before, or leaves one, takes that day's proof with it: the ledger never claims more than what was seen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date

from storage import absences, ledger, queue
from storage.model import Entry, Window

_CARD = ("reference", "url", "authority", "outcome", "subcategory", "decision_date", "kind", "title", "summary")
_WORDS = ("authority", "title", "summary")
"""What a card prints in words of its own: a change of one capital is a change."""
_FOLLOWED = ("decision_date", "url", "outcome", "subcategory", "kind", *_WORDS)
"""What of a card is recorded when it changes, and queues the decision."""


def record_listing(db: sqlite3.Connection, entries: Iterable[Entry], at: str, window: Window, run: int) -> None:
    """Records the cards of a listing page of a window, in their order. Call it inside a transaction.

    What is not held, or shows itself changed, is queued.
    """
    cards = _standing(entries, window)
    known = _find_known(db, [entry.reference for entry, _ in cards])
    new = []
    for entry, day in cards:
        before = known.get(entry.reference)
        if before is None:
            new.append((entry, day))
        else:
            stood = date.fromisoformat(before["stands_on"] or "")
            # A card without a date says nothing against where it stood.
            stays = entry.decision_date is None and window.first <= stood <= window.last
            _record_again(db, entry, stood if stays else day, before, at, run)
    for day in {day for _, day in new}:
        ledger.doubt(db, day, at, run)
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
    """The address of every decision that is listed or queued: what may be asked for one day."""
    rows = db.execute("SELECT url FROM entries WHERE unlisted_at IS NULL UNION SELECT url FROM queue ORDER BY url")
    return [url for (url,) in rows]


def _standing(entries: Iterable[Entry], window: Window) -> list[tuple[Entry, date]]:
    """The cards, one for each reference, with the day each stands on: the listing goes from the newest to the oldest,
    so one that prints no date stands on the day of the one before it, or on the window's last."""
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
    """Records another card of an entry: where it differs, the difference and a queue row too. What the card before did
    not show, or was not kept of it, differs from nothing."""
    stood = date.fromisoformat(before["stands_on"] or "")
    returned = before["unlisted_at"] is not None
    if returned:
        ledger.doubt(db, day, at, run)
        absences.returned(db, entry.reference, at)
    elif stood != day:
        ledger.doubt(db, stood, at, run)
        ledger.doubt(db, day, at, run)
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
        "stands_on = ?, unlisted_at = NULL, last_listed = ? WHERE reference = ?",
        (*_columns(entry)[1:], day.isoformat(), at, entry.reference),
    )
    if changed or returned:
        queue.add(db, entry.reference, entry.url, at)


def _differ(name: str, was: str, is_: str) -> bool:
    return was != is_ if name in _WORDS else _plain(was) != _plain(is_)


def is_same_address(one: str, other: str) -> bool:
    """Whether two paths of decisions are the same, with another case or a slash at the end."""
    return _plain(one) == _plain(other)


def _plain(value: str) -> str:
    """A value as it is compared: an address is the same with another case or a slash at its end."""
    return value.rstrip("/").casefold()


def record_unlisted(db: sqlite3.Connection, window: Window, listed: Iterable[str], at: str, run: int) -> list[str]:
    """Records that a whole and unchanged walk of a window listed just those: what stood in it and is not among them is
    listed no more. Returns their references. Call it inside a transaction."""
    rows = db.execute(
        "SELECT reference, stands_on FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ? "
        "AND reference NOT IN (SELECT value FROM json_each(?))",
        (window.first.isoformat(), window.last.isoformat(), json.dumps(list(listed))),
    ).fetchall()
    for reference, stood_on in rows:
        db.execute("UPDATE entries SET unlisted_at = ? WHERE reference = ?", (at, reference))
        absences.notice(db, reference, stood_on, at, run)
    return [reference for reference, _ in rows]


def find_entries(db: sqlite3.Connection, references: Sequence[str]) -> dict[str, Entry]:
    """The newest card of each of those references that was ever listed."""
    found: dict[str, Entry] = {}
    for reference in references:
        row = db.execute(
            f"SELECT {', '.join(_CARD[1:])} FROM entries WHERE reference = ?",
            (reference,),
        ).fetchone()
        if row:
            card = dict(zip(_CARD[1:], row, strict=True))
            decided = card.pop("decision_date")
            found[reference] = Entry(reference, decision_date=date.fromisoformat(decided) if decided else None, **card)
    return found


def find_moved_meanwhile(db: sqlite3.Connection, window: Window, since: str) -> list[str]:
    """Entries of a window whose page, fetched since then, bears a date outside it: they moved while it was walked."""
    first, last = window.first.isoformat(), window.last.isoformat()
    rows = db.execute(
        "SELECT e.reference FROM entries AS e JOIN held_from_site AS h USING (reference) "
        "WHERE e.unlisted_at IS NULL AND e.stands_on BETWEEN ? AND ? AND h.last_seen >= ? "
        "AND h.decision_date NOT BETWEEN ? AND ?",
        (first, last, since, first, last),
    )
    return [reference for (reference,) in rows]


def count_listed_since(db: sqlite3.Connection, window: Window, since: str) -> int:
    """How many entries of a window were listed since an instant."""
    row = db.execute(
        "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ? AND last_listed >= ?",
        (window.first.isoformat(), window.last.isoformat(), since),
    ).fetchone()
    return int(row[0])


def count_aged(db: sqlite3.Connection, window: Window) -> int:
    """How many entries of a window may leave the site by age: all but reports."""
    row = db.execute(
        "SELECT count(*) FROM entries WHERE unlisted_at IS NULL AND stands_on BETWEEN ? AND ? AND kind IS NOT 'report'",
        (window.first.isoformat(), window.last.isoformat()),
    ).fetchone()
    return int(row[0])
