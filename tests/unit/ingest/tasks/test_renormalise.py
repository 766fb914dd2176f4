"""A renormalise that changes many texts needs consent, and an interrupted one continues."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bench.template_play import Play
from bench.template_site import START, TemplateSite, make_decisions
from ingest.errors import UsageError
from ingest.lgo.text_format import render
from ingest.recording import record, reparse
from ingest.recording.chapters import parse_stored_pages
from ingest.recording.tally import Tally
from ingest.run import Outcome, Renormalise
from ingest.tasks import renormalise
from lgsco.replica.site import Site
from storage.model import Decision, Page

COUNT = 24


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Play:
    play = Play(
        TemplateSite(Site(make_decisions(COUNT), today=START.date())), tmp_path_factory.mktemp("filled") / "a.db"
    )
    play.fill()
    return play


@pytest.fixture
def play(filled: Play, tmp_path: Path) -> Play:
    (tmp_path / "a.db").write_bytes(filled.database.read_bytes())
    return Play(filled.site, tmp_path / "a.db")


@pytest.fixture
def next_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser version that writes every summary differently."""
    right = parse_stored_pages

    def otherwise(stored: Sequence[Page], fetched_on: date, **named: bool) -> Decision:
        decision = right(stored, fetched_on, **named)
        lines = (line._replace(text=line.text.replace("Summary: ", "Summary: READ ANEW ")) for line in decision.lines)
        return replace(decision, lines=tuple(lines))

    monkeypatch.setattr(record, "parse_stored_pages", otherwise)
    for module in (record, renormalise):
        monkeypatch.setattr(module, "NORMALISER", "next")


def run(play: Play, task: Renormalise, **dials: str) -> Outcome:
    play.dials = {f"storage.{name}": value for name, value in dials.items()}
    outcome = play.run(task)
    assert outcome is not None
    return outcome


@pytest.mark.usefixtures("next_parser")
def test_a_dry_run_counts_by_kind_of_change_and_shows_diffs(play: Play) -> None:
    before = play.texts()
    outcome = run(play, Renormalise(dry_run=True))
    assert outcome.message == f"{COUNT} decisions would change"
    assert outcome.details[0] == f"{COUNT:8}  the text: inserted words"
    shown = [line for line in outcome.details if line.startswith("+Summary: READ ANEW")]
    assert len(shown) == 10
    assert any(line.startswith("-Summary: ") for line in outcome.details), outcome.details
    assert len(run(play, Renormalise(dry_run=True, samples=0)).details) == 1
    assert play.texts() == before


@pytest.mark.usefixtures("next_parser")
def test_many_texts_are_changed_only_with_consent(play: Play) -> None:
    before = play.texts()
    with pytest.raises(UsageError, match=rf"{COUNT} of {COUNT} texts would change .* --yes"):
        play.run(Renormalise())
    assert play.texts() == before
    assert play.ask("SELECT DISTINCT normaliser FROM decisions WHERE normaliser = 'next'") == []
    assert run(play, Renormalise(yes=True)).tally.anew == COUNT
    assert [text for text in play.texts().values() if "READ ANEW" not in text] == []


@pytest.mark.usefixtures("next_parser")
def test_the_share_that_needs_no_consent_can_be_set(play: Play) -> None:
    assert run(play, Renormalise(), renormalise_percent="100").tally.anew == COUNT


def test_ten_texts_need_no_consent(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    right, some = render, set(sorted(play.texts())[:10])

    def otherwise(decision: Decision) -> str:
        return right(decision) + (" More" if decision.reference in some else "")

    monkeypatch.setattr(record, "render", otherwise)
    assert run(play, Renormalise()).tally.anew == 10


@pytest.mark.usefixtures("next_parser")
def test_a_killed_renormalise_continues_where_it_stopped(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    right = reparse.Reparser.reparse

    def noting(self: reparse.Reparser, references: Sequence[str], at: str) -> list[reparse.Reparsed]:
        asked.extend(references)
        return right(self, references, at)

    monkeypatch.setattr(renormalise, "_BATCH", 6)
    monkeypatch.setattr(reparse.Reparser, "reparse", noting)
    assert play.run(Renormalise(yes=True), kill_at=8) is None
    done = play.ask("SELECT count(*) FROM revisions WHERE change = 'renormalised'")[0][0]
    assert 0 < done < COUNT
    asked.clear()
    assert run(play, Renormalise(yes=True)).tally.anew == COUNT - done
    assert asked == sorted(play.texts())[done:]
    assert play.ask("SELECT count(*) FROM revisions WHERE change = 'renormalised'") == [(COUNT,)]
    assert play.ask("SELECT count(*) FROM renormalising") == [(0,)]


def test_other_processes_find_what_this_one_finds(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renormalise, "_MIN_DECISIONS_FOR_WORKERS", 1)
    monkeypatch.setattr(renormalise, "_BATCH", 5)
    with closing(sqlite3.connect(play.database)) as db, db:
        db.execute("UPDATE layouts SET numbers = replace(numbers, '\"1\"', '\"7\"')")
    alone = run(play, Renormalise(dry_run=True), workers="1")
    apart = run(play, Renormalise(dry_run=True), workers="2")
    assert (apart.message, apart.details) == (alone.message, alone.details)
    assert run(play, Renormalise(), workers="2").exit_code == 0
    assert run(play, Renormalise(dry_run=True)).message.startswith("0 decisions")


def test_progress_is_reported(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renormalise, "_BATCH", 10)
    seen: list[tuple[int, int]] = []

    def note(tally: Tally) -> None:
        seen.append((tally.checked, tally.expected))

    play.report = note
    run(play, Renormalise(dry_run=True))
    assert (10, COUNT) in seen
    assert (COUNT, COUNT) in seen
