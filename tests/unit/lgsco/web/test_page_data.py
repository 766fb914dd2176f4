"""Tests the counts on the home page, and the lines on the page of a decision."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from datasette.app import Datasette

from lgsco.web.metadata import NAME
from lgsco.web.page_data import load_decision, load_home
from storage.database import atomic
from storage.intents import record_site_total
from storage.layout import make_layout
from storage.model import Line
from storage.suppressions import suppress
from storage.writer import writing
from support.archives import AMENDED, AT
from support.command_line import Here
from support.rows import list_decision

KEY = "25 000 007"
LINES = (
    Line("heading", "The complaint"),
    Line("paragraph", "Mr X complains:", "1"),
    Line("item", "of delay", "1.a"),
    Line("paragraph", "and goes on.", "1"),
    Line("paragraph", "2. It is typed.", "2"),
    Line("item", "unnumbered", None),
)


def load(datasette: Datasette, key: str, *, public: bool = False) -> dict[str, Any]:
    request = SimpleNamespace(url_vars={"pks": key.replace(" ", "+")}, args={})
    return asyncio.run(load_decision(datasette.databases[NAME], request, public=public))


def test_a_label_is_shown_once_and_not_where_the_text_has_it(path: Path, datasette: Datasette) -> None:
    text = "\n".join(f"- {line.text}" if line.kind == "item" else line.text for line in LINES)
    layout = make_layout(LINES)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE decisions SET text = ? WHERE reference = ?", (text, KEY))
        db.execute("UPDATE layouts SET kinds = ?, numbers = ? WHERE reference = ?", (*layout, KEY))
    shown = [(line.text, line.label, line.anchor, line.depth) for line in load(datasette, KEY)["lines"]]
    assert shown == [
        ("The complaint", "", "", 0),
        ("Mr X complains:", "1", "p1", 0),
        ("of delay", "a", "p1.a", 1),
        ("and goes on.", "", "", 0),
        ("2. It is typed.", "", "p2", 0),
        ("unnumbered", "•", "", 0),
    ]


def test_a_damaged_layout_still_shows_the_text_with_the_damage(path: Path, datasette: Datasette) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE layouts SET numbers = '[' WHERE reference = ?", (KEY,))
    shown = load(datasette, KEY)
    assert len(shown["lines"]) == 1
    assert "Mr X complains" in shown["lines"][0].text
    assert shown["flaw"]


def test_an_amended_decision_shows_when_it_was_amended(datasette: Datasette) -> None:
    shown = load(datasette, AMENDED)
    assert [row["change"] for row in shown["revisions"]] == ["amended", "first"]
    assert shown["amended"]["revision"] == 2
    assert load(datasette, KEY)["amended"] is None
    assert load(datasette, KEY)["flaw"] is None


def test_the_home_page_counts_without_suppressed_decisions(path: Path, datasette: Datasette) -> None:
    counts = asyncio.run(load_home(datasette, NAME))["counts"]
    assert (counts["decisions"], counts["authorities"], counts["suppressed"]) == (12, 3, 0)
    assert counts["run"]["state"] == "done", "as `lgsco status` says"
    with writing(path) as db:
        suppress(db, KEY, "a court order", AT)
    counts = asyncio.run(load_home(datasette, NAME))["counts"]
    assert (counts["decisions"], counts["suppressed"]) == (11, 1)


def list_decisions(path: Path, count: int, total: int | None) -> None:
    """Makes the site list the first decisions of the archive, and state a total."""
    with writing(path) as db, atomic(db):
        for number in range(count):
            list_decision(db, f"25 000 {number:03}")
        if total is not None:
            record_site_total(db, 1, AT, total)


@pytest.mark.parametrize(("listed", "total"), [(12, 547), (1, 12), (0, None), (3, None), (12, 12)])
def test_the_home_page_compares_the_archive_with_the_site_as_status_does(
    path: Path, datasette: Datasette, here: Here, listed: int, total: int | None
) -> None:
    list_decisions(path, listed, total)
    share = asyncio.run(load_home(datasette, NAME))["share"]
    assert share.startswith(f"the archive has {listed} decision")
    assert ("a total of" in share) == (total is not None)
    assert share in here("status", "--db", path, code=1).out.splitlines()


def test_the_home_page_is_shown_without_the_tables_of_the_listing(path: Path, datasette: Datasette) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE site_totals")
    shown = asyncio.run(load_home(datasette, NAME))
    assert (shown["share"], shown["counts"]["decisions"]) == (None, 12)


@pytest.mark.parametrize(
    ("task", "arguments", "shown"),
    [
        ("switchfill", '{"to": "off"}', "fill off"),
        ("switchfill", "damaged", "fill off or resume"),
        ("sync", '{"by_daemon": 1}', "sync"),
    ],
)
def test_the_home_page_names_the_last_run(
    path: Path, datasette: Datasette, task: str, arguments: str, shown: str
) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE runs SET task = ?, arguments = ?", (task, arguments))
    assert asyncio.run(load_home(datasette, NAME))["counts"]["run"]["task"] == shown
