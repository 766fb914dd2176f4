"""A change of the site's template changes no stored text, and amendments of the same day are recorded.

This is the small version of `python -m bench template`, in process: a simulated site, no HTTP, a simulated clock.
"""

from __future__ import annotations

import asyncio
import html
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.template_play import Play
from bench.template_site import BLOCKS, REDESIGNS, SAME_SENTENCE, START, TemplateSite, make_decisions
from ingest.clock import Stop
from ingest.config import load
from ingest.recording import text_edits
from ingest.recording.template_guard import MOST_ASKED
from ingest.run import Outcome, Renormalise, Sync, Template
from ingest.tasks.alerts import Alerts
from lgsco.replica.site import Site
from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette
from scheduler import _Daemon
from storage.database import reading
from storage.verify import check
from support.command_line import Here
from support.world import Time

Fill = Callable[..., Play]
NOTE = "<p>Ombudsman satisfied with council's response: 23 September 2026.</p>"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Play]:
    """Makes a complete archive of `count` decisions once, and copies it."""
    plays: dict[int, Play] = {}

    def make(count: int) -> Play:
        if count not in plays:
            site = TemplateSite(Site(make_decisions(count), today=START.date()))
            plays[count] = Play(site, tmp_path_factory.mktemp("filled") / f"{count}.db")
            plays[count].fill()
        return plays[count]

    return make


@pytest.fixture
def fill(tmp_path: Path, filled: Callable[[int], Play]) -> Fill:
    """Makes an archive of some decisions, and further decisions that the site publishes later."""

    def make(count: int, new: int = 0, name: str = "a.db", **dials: str) -> Play:
        samples = make_decisions(count + new)
        at = filled(count).site.at
        site = TemplateSite(Site(samples[:count], today=at.date()), at)
        play = Play(site, tmp_path / name, {f"cadence.{name}": value for name, value in dials.items()})
        shutil.copy(filled(count).database, play.database)
        for sample in samples[count:]:
            day = site.at.date()
            site.site.publish(replace(sample, decision_date=day - timedelta(days=3), published=day))
        return play

    return make


def sync(play: Play) -> Outcome:
    outcome = play.run(Sync())
    assert outcome is not None
    return outcome


def amend(play: Play, count: int) -> list[str]:
    """Amends some decisions, two of them in the same words. Returns their references."""
    chosen = sorted(play.texts())[:count]
    for number, reference in enumerate(chosen):
        words = f"<p>The remedy of case {'abcdefg'[number]} was paid late.</p>"
        play.site.amendments[reference] = SAME_SENTENCE if number < 2 else words
    return chosen


def no_text_is_wrong(play: Play, before: dict[str, str], new: set[str]) -> None:
    """Checks that each stored text is the decision's text before or now, without the template's words."""
    now = play.site.true_texts()
    wrong = [key for key, text in play.texts().items() if key not in new and text not in (before[key], now[key])]
    assert wrong == []


@pytest.mark.parametrize(
    ("count", "name"),
    [
        *((20, name) for name in REDESIGNS),
        *((count, name) for count in (1, 3) for name in ("share bar", "list markup")),
    ],
)
def test_a_redesign_changes_no_text_and_no_amendment_is_lost(fill: Fill, count: int, name: str) -> None:
    play = fill(count, new=2)
    before = play.texts()
    play.site.redesign = REDESIGNS[name]
    amended = amend(play, {1: 0, 3: 2, 20: 4}[count])
    outcome = sync(play)
    new = set(play.site.true_texts()) - set(before)
    no_text_is_wrong(play, before, new)
    assert play.amended() == set()
    assert (outcome.state, outcome.exit_code) == ("template", 11)
    held = play.held()
    assert {key for key, (is_new, _) in held.items() if not is_new} == set(before), "each was reread"
    assert {key for key, (is_new, _) in held.items() if is_new} == (new if name in BLOCKS else set())
    if count > 1:
        assert {key for key, (_, is_amended) in held.items() if is_amended} == set(amended)
        assert all(key in outcome.message for key in amended), "named in the same run"
    waits = "version of 1 decision waits" if count == 1 else f"versions of {count} decisions wait"
    assert f"newer {waits}" in outcome.message
    assert any(line.startswith(("+", "-")) for line in outcome.details), "a diff"


@pytest.mark.parametrize("name", ["share bar", "list markup", "contents"])
def test_amendments_of_pages_that_are_not_redesigned_yet_are_recorded_in_the_same_run(fill: Fill, name: str) -> None:
    play = fill(20, reread_most="9")
    before = play.texts()
    play.site.redesign = REDESIGNS[name]
    amended = amend(play, 4)
    play.site.spared = set(amended)
    for _ in range(2):  # nine pages a day
        outcome = sync(play)
        play.site.next_day()
    assert outcome.exit_code == 11
    no_text_is_wrong(play, before, set())
    assert play.amended() == set(amended)
    truth = play.site.true_texts()
    assert [key for key in amended if play.texts()[key] != truth[key]] == []


def test_amendments_without_a_redesign_are_recorded_in_the_same_run(fill: Fill) -> None:
    play = fill(20)
    amended = amend(play, 5)
    outcome = sync(play)
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert play.amended() == set(amended)
    assert play.texts() == dict(play.site.true_texts())
    assert play.held() == {}


def test_one_amendment_is_recorded_after_two_others_were_seen_without_it(fill: Fill) -> None:
    play = fill(20, reread_days="100", walk_recent="1", walk_middle="1", walk_old="1")
    (amended,) = amend(play, 1)
    with_card = next(one for one in play.site.site.listed() if one.reference == amended)
    play.site.site.amend(amended, replace(with_card, outcome="Upheld in part"))
    asked = len(play.site.requests)
    assert sync(play).exit_code == 0
    assert play.amended() == {amended}
    pages = [target for target in play.site.requests[asked:] if "SearchResults" not in target]
    assert len(pages) <= 4, "the canary, the decision itself and two others"


def test_the_decisions_of_one_joint_case_count_once(fill: Fill) -> None:
    play = fill(12)
    site = play.site
    first = max(site.site.listed(), key=lambda one: one.decision_date)
    for letter in "ab":
        site.site.publish(replace(first, reference=f"{first.reference}{letter}", decision_date=site.at.date()))
    assert sync(play).exit_code == 0
    site.next_day(2)
    joint = [first.reference, f"{first.reference}a", f"{first.reference}b"]
    site.amendments |= dict.fromkeys(joint, SAME_SENTENCE)
    assert sync(play).exit_code == 0
    assert play.amended() == set(joint)
    assert play.ask("SELECT count(*) FROM template_answers") == [(0,)], "three decisions, and one case"


def test_a_dated_note_is_recorded_without_rereads(fill: Fill) -> None:
    play = fill(6)
    noted = sorted(play.texts())[:4]
    play.site.amendments |= dict.fromkeys(noted, NOTE)
    assert sync(play).exit_code == 0
    assert play.amended() == set(noted)
    assert play.ask("SELECT count(*) FROM template_changes") == [(0,)]


def test_an_amendment_waits_in_an_archive_with_one_decision(fill: Fill) -> None:
    play = fill(1)
    (only,) = amend(play, 1)
    before = play.texts()
    assert sync(play).exit_code == 11
    assert play.texts() == before
    assert play.held() == {only: (False, False)}
    assert play.ask("SELECT state FROM template_changes") == [("too few",)]


def test_at_most_five_others_are_reread(fill: Fill) -> None:
    play = fill(30, reread_most="2")
    play.site.redesign = REDESIGNS["rating"]
    assert sync(play).exit_code == 11
    assert play.ask("SELECT count(*), count(*) FILTER (WHERE answer = 'same change') FROM template_answers") == [
        (MOST_ASKED, MOST_ASKED)
    ]
    with reading(play.database) as db:
        assert list(check(db)) == [], "the file is sound"


def test_texts_recorded_before_the_change_was_known_are_put_back(fill: Fill) -> None:
    play = fill(20, reread_most="300")
    before = play.texts()
    first = min(before)
    play.site.redesign = REDESIGNS["print link"]
    play.site.spared = set(before) - {first}
    assert sync(play).exit_code == 0, "one page alone does not make a template change"
    assert play.amended() == {first}
    play.site.next_day(2)
    play.site.spared = set()
    outcome = sync(play)
    assert outcome.exit_code == 11
    assert "1 set back" in outcome.message
    assert play.texts() == before
    changes = play.ask("SELECT change FROM revisions WHERE reference = ? ORDER BY revision", first)
    assert changes == [("first",), ("template",), ("set back",)]
    assert first in play.held()


def test_new_decisions_are_recorded_after_rereading_two_known_ones(fill: Fill) -> None:
    play = fill(20, new=3, reread_days="100")
    before = set(play.texts())
    asked = len(play.site.requests)
    assert sync(play).exit_code == 0
    pages = [t.rsplit("/", 1)[-1].replace("-", " ") for t in play.site.requests[asked:] if "SearchResults" not in t]
    assert set(pages[:2]) <= before
    assert set(pages[2:]) == set(play.texts()) - before


def test_a_page_that_shows_the_stored_text_again_ends_the_change(fill: Fill) -> None:
    play = fill(6, new=1)
    play.site.redesign = REDESIGNS["notice"]
    assert sync(play).exit_code == 11
    play.site.redesign = None
    play.site.next_day(2)
    sync(play)
    assert sync(play).exit_code == 0, "the new decision is fetched again"
    assert play.held() == {}
    assert play.texts() == dict(play.site.true_texts())
    assert play.ask("SELECT DISTINCT state FROM template_changes") == [("ended",)]


# ---------------------------------------------------------------- what the user decides


def test_accepted_texts_become_amendments(fill: Fill) -> None:
    play = fill(6, new=1)
    play.site.redesign = REDESIGNS["notice"]
    sync(play)
    held = play.held()
    outcome = play.run(Template(1, "accepted"))
    assert outcome is not None
    assert (outcome.exit_code, outcome.tally.amended, outcome.tally.first) == (0, 6, 1)
    assert play.amended() == {key for key, (is_new, _) in held.items() if not is_new}
    assert [text for text in play.texts().values() if "This page moves to our new site" not in text] == []
    play.site.next_day(2)
    assert sync(play).exit_code == 0
    assert play.held() == {}


def test_the_next_run_finishes_a_killed_run(fill: Fill) -> None:
    for moment in (3, 5, 6):
        play = fill(6, new=1, name=f"{moment}.db")
        play.site.redesign = REDESIGNS["notice"]
        sync(play)
        assert play.run(Template(1, "accepted"), kill_at=moment) is None
        play.site.next_day(2)
        assert sync(play).exit_code in (0, 11), "the next run finishes it, or it is asked for again"
        if play.held():
            play.run(Template(1, "accepted"))
        assert play.held() == {}
        assert len(play.amended()) == 6
        assert len(play.texts()) == 7


def strip(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next version of the parser, which leaves out the notice."""
    from ingest.lgo import page
    from ingest.recording import record
    from ingest.tasks import renormalise

    right = page.parse_chapters
    notice = REDESIGNS["notice"]

    def read(pages: list[page.Page], **named: object) -> object:
        block = b'<div role="note"><p>This page moves to our new site on 3 December 2026.</p></div>\n'
        assert notice is not None
        return right([one._replace(body=one.body.replace(block, b"")) for one in pages], **named)  # type: ignore[arg-type]

    monkeypatch.setattr(page, "parse_chapters", read)
    for module in (record, renormalise):
        if hasattr(module, "NORMALISER"):
            monkeypatch.setattr(module, "NORMALISER", "next")
    assert play is not None


def test_a_rejected_change_keeps_stored_texts_and_marks_new_decisions_as_odd(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = fill(6, new=1)
    before = play.texts()
    amended = amend(play, 3)
    play.site.redesign = REDESIGNS["notice"]
    sync(play)
    outcome = play.run(Template(1, "rejected"))
    assert outcome is not None
    assert (outcome.exit_code, outcome.tally.first) == (0, 1)
    (new,) = set(play.texts()) - set(before)
    assert play.ask("SELECT reference, what, example FROM oddities") == [
        (new, "template", "block 1 of a rejected template")
    ]
    play.site.next_day(2)
    assert sync(play).exit_code == 0, "rereads keep the stored texts"
    assert {key: text for key, text in play.texts().items() if key != new} == before
    strip(play, monkeypatch)
    outcome = play.run(Renormalise())
    assert outcome is not None
    assert outcome.exit_code == 0, outcome.message
    assert play.texts() == {**before, new: play.site.true_texts()[new]}
    assert set(play.held()) == set(amended), "the next sync rereads others for their other words"
    assert sync(play).exit_code == 0
    assert play.texts() == dict(play.site.true_texts())
    assert play.amended() == set(amended), "later amendments do not count as lost"
    assert play.ask("SELECT change FROM revisions WHERE reference = ? ORDER BY revision", new) == [
        ("first",),
        ("renormalised",),
    ]
    assert play.held() == {}
    assert play.ask("SELECT count(*) FROM oddities") == [(0,)]


def test_waiting_texts_are_shown(fill: Fill, here: Here) -> None:
    play = fill(6, new=1)
    new = set(play.site.true_texts()) - set(play.texts())
    play.site.redesign = REDESIGNS["rating"]
    sync(play)
    db = ("--db", play.database)
    listed = here("template", *db)
    assert "template change 1 (added 'Rate this page from NUMBER to NUMBER.'" in listed.out
    assert "1 new decision is fetched and held back" in listed.out
    shown = here("template", "show", "1", *db)
    assert "+Rate this page from 1 to 5." in shown.out
    listed = json.loads(here("template", "--json", *db).out)
    assert (listed["changes"][0]["waiting"], listed["changes"][0]["held_back"]) == (6, 1)
    assert json.loads(here("template", "show", "1", "--json", *db).out)["state"] == "template"
    known = next(iter(set(play.texts()) - new))
    assert f"{known}: newer version pending since" in here("show", known, *db).err
    (held_back,) = new
    assert "fetched and held back" in here("show", held_back, *db, code=1).err
    status = here("status", *db, code=1)
    assert "fetched, held back: 1 (pending)" in status.out
    assert "template change 1" in status.out
    assert json.loads(here("status", "--json", *db, code=1).out)["held"]["held_back"] == 1
    coverage = here("coverage", *db, code=10)
    assert "fetched, held back" in coverage.out
    assert here("template", "show", "7", *db, code=2).err
    assert here("template", "accept", *db, code=2).err
    assert here("template", "reject", "1", *db).out.startswith("done: template change 1 is rejected")
    assert "template change 1 is rejected" in here("template", *db).out
    assert here("template", "accept", "1", *db, code=2).err


def page(play: Play, reference: str) -> str:
    """A decision's web page."""
    datasette = make_datasette(play.database)
    try:
        answer: Any = asyncio.run(datasette.client.get(f"/{NAME}/decisions/{reference.replace(' ', '+')}"))
    finally:
        datasette.databases[NAME].close()
        datasette.executor.shutdown()
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_the_web_page_of_a_decision_shows_a_pending_newer_version(fill: Fill) -> None:
    play = fill(6)
    reference = min(play.texts())
    assert "Newer version pending" not in page(play, reference)
    play.site.redesign = REDESIGNS["rating"]
    sync(play)
    assert "Newer version pending" in page(play, reference)
    play.run(Template(1, "rejected"))
    assert "Newer version pending" not in page(play, reference), "the user rejected the change"


def test_the_daemon_alerts_at_the_start_and_once_a_day(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    play = fill(6)
    play.site.redesign = REDESIGNS["rating"]
    time = Time(play.site.at)
    daemon = _Daemon(load(None, {}), play.database, time.clock(), Stop())
    alerts: list[str] = []

    def alert(_: Alerts, message: str) -> bool:
        alerts.append(message)
        return True

    monkeypatch.setattr(Alerts, "_run", alert)
    daemon.check_daily()
    assert alerts == []
    sync(play)
    outcome = sync(play)
    monkeypatch.setattr("scheduler.perform", lambda *_, **__: outcome)
    assert daemon.sync() is None, "asking the site again decides nothing"
    for _ in range(3):
        daemon.check_daily()
    assert len(alerts) == 1
    assert "(exit 11)" in alerts[0]
    assert "+Rate this page from 1 to 5." in alerts[0]
    for _ in range(2):  # a weekend without a sync
        time.at += timedelta(days=1)
        daemon.check_daily()
        daemon.check_daily()
    assert len(alerts) == 3
    assert "template change 1 (added 'Rate this page" in alerts[2]
    play.run(Template(1, "rejected"))
    time.at += timedelta(days=1)
    daemon.check_daily()
    assert len(alerts) == 3


# ---------------------------------------------------------------- killed at any point


KILLS = 8


def test_a_run_killed_at_any_point_ends_with_the_same_archive(fill: Fill) -> None:
    def make(number: int) -> Play:
        play = fill(14, new=1, name=f"{number}.db")
        play.site.redesign = REDESIGNS["share bar"]
        play.site.spared = set(amend(play, 3)[1:])
        return play

    whole = make(0)
    assert sync(whole).exit_code == 11
    moments = whole.moments
    assert whole.amended() == whole.site.spared, "some are released"
    assert len(whole.held()) == 13, "some wait, one of them new"
    sync(whole)
    for moment in Random(5).sample(range(1, moments + 1), KILLS):
        play = make(moment)
        assert play.run(Sync(), kill_at=moment) is None
        assert sync(play).exit_code == 11
        sync(play)
        assert play.state() == whole.state(), f"killed at moment {moment} of {moments}"


def test_masks_make_one_edit_of_lines_that_differ_only_in_the_reference() -> None:
    assert text_edits.mask_line("Print decision 25 004 920, 5 May 2026") == "Print decision REFERENCE, DATE"
