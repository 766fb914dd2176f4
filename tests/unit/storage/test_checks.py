"""Tests the choice of known decisions."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from storage import checks, templates
from storage.model import Window

AT = "2026-11-01T12:00:00Z"
FIRST = date(2026, 1, 1)
EVER = Window(date.min, date.max)


def add(
    db: sqlite3.Connection, number: int, day: int, *, kind: str = "statement", listed: bool = True, stored: bool = True
) -> str:
    reference, on = f"25 000 {number:03}", (FIRST + timedelta(days=day)).isoformat()
    db.execute(
        "INSERT INTO entries (reference, url, kind, first_listed, last_listed, stands_on, unlisted_at) "
        "VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
        (reference, f"/{number}", kind, AT, on, None if listed else AT),
    )
    if stored:
        db.execute(
            "INSERT INTO decisions (reference, text, decision_date, kind, url, first_seen, updated_at, text_sha256, "
            "normaliser, source) VALUES (?1, 'x', ?2, ?3, ?4, ?5, ?5, 'x', '1', 'site')",
            (reference, on, kind, f"/{number}", AT),
        )
    return reference


def test_only_known_decisions_of_the_window_are_chosen(db: sqlite3.Connection) -> None:
    known = {add(db, 1, 1), add(db, 2, 1)}
    add(db, 3, 1, kind="report")
    add(db, 4, 1, listed=False)
    add(db, 5, 1, stored=False)
    add(db, 6, 30)
    assert set(checks.choose_known(db, Window(FIRST, FIRST + timedelta(days=9)), 3, Random(1))) == known
    assert checks.choose_known(db, Window(date.min, FIRST), 3, Random(1)) == []


@pytest.mark.parametrize("others", [0, 200])
def test_each_known_decision_has_the_same_chance(db: sqlite3.Connection, others: int) -> None:
    known = [add(db, number, number // 5) for number in range(10)]
    for number in range(others):
        add(db, 100 + number, number % 7, stored=False)
    random = Random(1)
    chosen = Counter(one for _ in range(300) for one in checks.choose_known(db, EVER, 3, random))
    assert set(chosen) == set(known)
    assert max(chosen.values()) < 2 * min(chosen.values())
    assert all(len(set(checks.choose_known(db, EVER, 3, random))) == 3 for _ in range(20))


def test_the_known_decisions_nearest_to_a_day_are_found(db: sqlite3.Connection) -> None:
    days = [Random(seed).randrange(60) for seed in range(40)]
    references = [add(db, number, day) for number, day in enumerate(days)]
    away = {reference: abs(day - 30) for reference, day in zip(references, days, strict=True)}
    found = templates.find_known(db, "statement", (FIRST + timedelta(days=30)).isoformat(), 12)
    assert [away[one.reference] for one in found] == sorted(away.values())[:12]
    assert len({one.reference for one in found}) == 12
