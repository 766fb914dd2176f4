"""Which databases of a Datasette are archives, and which settings the plugin takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from ingest.errors import ConfigError
from lgsco.web.archives import Archives, Settings, declare_archives, find_archives, read_hosts, read_settings
from storage.writer import writing


def test_only_a_file_of_this_schema_is_an_archive(tmp_path: Path) -> None:
    for name in ("lgsco.db", "older.db"):
        with writing(tmp_path / name):
            pass
    with closing(sqlite3.connect(tmp_path / "older.db")) as db, db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)")
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE decisions (reference)")
    datasette = Datasette([str(tmp_path / name) for name in ("lgsco.db", "older.db", "other.db")])
    archives = find_archives(datasette)
    assert archives.names == {"lgsco"}
    assert not archives.are_alone, "the Datasette serves other databases too"
    assert find_archives(datasette) is archives
    assert declare_archives(datasette, ["lgsco", "other", "older"], Settings()).are_alone


@pytest.mark.parametrize(
    ("path", "alone", "owned"),
    [
        ("/my~20archive", False, True),
        ("/my~20archive.json", False, True),
        ("/my~20archive/decisions/25+000+001", False, True),
        ("/-/lgsco/lgsco.css", False, True),
        ("/other/decisions", False, False),
        ("/", False, False),
        ("/", True, True),
    ],
)
def test_a_page_is_ours_by_the_name_of_its_database(path: str, alone: bool, owned: bool) -> None:
    assert Archives(frozenset({"my archive"}), alone, Settings()).own(path) == owned


def test_settings_are_read_from_text_or_lists() -> None:
    settings = read_settings(
        {"public": True, "hosts": "Archive.example b.example", "content_security_policy": {"img-src": ["https://a"]}}
    )
    assert settings == Settings(True, frozenset({"archive.example", "b.example"}), {"img-src": ("https://a",)})
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"colour": "red"}, "unknown setting colour; use public, hosts or content_security_policy"),
        ({"public": "yes"}, "public is true or false"),
        ({"hosts": 7}, "hosts is text, or a list of texts"),
        (
            {"hosts": ["https://archive.example"]},
            "hosts: 'https://archive.example' is not a host name; give a name such as archive.example",
        ),
        ({"content_security_policy": "x"}, "maps directives to sources"),
        ({"content_security_policy": {"report-uri": "/x"}}, "report-uri is not one of default-src"),
        ({"content_security_policy": {"img-src": ["a;b"]}}, "'a;b' is not a source"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_settings(config)


def test_a_port_is_not_part_of_a_host_name() -> None:
    with pytest.raises(ConfigError, match=r"^--allow-host: 'archive\.example:8001' is not .* without a port$"):
        read_hosts(["archive.example:8001"], "--allow-host")
