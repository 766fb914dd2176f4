"""The settings of a crawl, and what is recorded of the site's total."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingest.config import Config
from ingest.tasks.crawl import _name_site, find_retention_edge, make_walk_settings, record_site_total
from ingest.tasks.task_run import TaskRun
from storage import intents
from support.rows import AT

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://user:secret@site.example:8080/path", "https://site.example:8080"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_the_name_of_a_site_has_no_password(address: str, name: str) -> None:
    assert _name_site(address) == name


@pytest.mark.parametrize(("most", "used"), [(None, "configured"), (3, 3), (10**9, "configured")])
def test_a_slice_may_lower_the_limit_of_a_walk_and_never_raise_it(most: int | None, used: object) -> None:
    config = Config()
    settings = make_walk_settings(config, TODAY, most, may_begin=lambda _day: True)
    assert settings.walk_most == (config.listing.walk_most if used == "configured" else used)
    assert settings.horizon == date(2026, 12, 31)


def test_the_retention_edge_is_safely_inside_the_retention_age() -> None:
    listing = Config().listing
    assert find_retention_edge(Config(), TODAY) - (TODAY - timedelta(days=listing.retention_days)) == timedelta(
        days=listing.edge_days
    )


def test_a_total_that_the_site_did_not_state_is_not_recorded(run: TaskRun) -> None:
    record_site_total(run, None, AT)
    assert intents.find_site_total(run.db) is None
    record_site_total(run, 0, AT)
    assert intents.find_site_total(run.db) == (0, AT)
