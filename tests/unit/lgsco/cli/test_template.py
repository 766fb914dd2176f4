"""How template changes are listed, shown and decided on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage import held_texts, templates
from storage.held_texts import HeldText
from storage.runs import begin_run
from storage.writer import writing
from support.command_line import Here
from support.rows import AT, KEY, store_decision


@pytest.fixture(autouse=True)
def archive(tmp_path: Path) -> None:
    """An archive with a template change for which a stored decision waits."""
    with writing(tmp_path / "lgsco.db") as db:
        begin_run(db, "sync", {}, AT)
        store_decision(db)
        number = templates.add_change(
            db, since=AT, at=AT, run=1, kind="statement", example=KEY, decided_on="2025-04-01", diff="+ Rate this page"
        )
        templates.set_state(db, number, "template", AT)
        held_texts.hold(db, HeldText(KEY, number, 1, AT, is_new=False, is_amended=False))


def test_a_change_that_waits_is_listed_and_shown_with_its_diff(here: Here) -> None:
    assert "template change 1" in here("template").out
    assert "Rate this page" in here("template", "show", "1").out
    assert json.loads(here("template", "--json").out)["changes"][0]["change"] == 1


def test_a_rejected_change_stays_listed_as_rejected(here: Here) -> None:
    assert "template change 1 is rejected" in here("template", "reject", "1").out
    out = here("template").out
    assert "no template change waits for a decision" in out
    assert "template change 1 is rejected" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show"], "give the number of a change"),
        (["show", "9"], "there is no template change 9; `lgsco template` lists those that wait"),
        (["accept", "9"], "there is no template change 9"),
        (["accept", "1", "--json"], "--json works with the list and with show only"),
    ],
)
def test_wrong_usage_says_what_to_do(here: Here, arguments: list[str], words: str) -> None:
    assert words in here("template", *arguments, code=2).err
