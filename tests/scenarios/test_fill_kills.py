"""A fill that is killed at any point continues and ends equal to the site. The site and the kills are simulated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.truth.program import Fate, Program, Ran, Time
from bench.truth.replaced import replaced
from bench.truth.sequence import CONFIG
from bench.truth.site import Decision, Site
from storage.database import reading

SEED = 5


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A site that lists ninety decisions of seven years, and an archive made by `lgsco init`."""
    time, chance = Time(), Random(SEED)
    site = Site(lambda: time.at)
    for _ in range(90):
        day = time.now().date() - timedelta(days=chance.randrange(1, 2_500))
        site.publish(Decision(chance.randrange(1_000_000), day))
    program = Program(tmp_path, site, time)
    program.config.write_text(CONFIG)
    return program


def ask(program: Program, sql: str) -> list[tuple[Any, ...]]:
    with reading(program.database) as db:
        return db.execute(sql).fetchall()


def listed(ran: Ran) -> bool:
    return "beginning to today: 90 of 90 listed decisions are in the archive" in ran.out


def test_a_fill_that_is_killed_repeatedly_ends_equal_to_the_site(program: Program) -> None:
    chance = Random(SEED)
    with replaced():
        program.run("init")
        for number in range(16):
            moment = ("request", "statement", "before commit", "after commit")[number % 4]
            most = {"request": 40, "statement": 900}.get(moment, 90)
            program.run("daemon", fate=Fate("kill", moment, 1 + chance.randrange(most)), rounds=1)
            stored = len(ask(program, "SELECT reference FROM decisions"))
            ran = program.run("coverage", "--all")
            assert listed(ran) == (ran.code == 0)
            assert stored == 90 or not listed(ran), "it claims more than it has"
        killed = ask(program, "SELECT count(*) FROM runs WHERE task = 'fill' AND state = 'died'")
        for _ in range(6):
            program.time.at += 86_400
            program.run("daemon", rounds=1)
        ran = program.run("sync")
    assert killed[0][0] >= 2, "kills hit the fill"
    assert ran.code == 0
    assert listed(ran), ran.out
    assert {reference for (reference,) in ask(program, "SELECT reference FROM decisions")} == set(
        program.site.decisions
    )
    assert ask(program, "SELECT state FROM intents WHERE kind = 'fill'") == [("finished",)]
    with closing(sqlite3.connect(program.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
