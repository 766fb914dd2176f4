"""The configuration of Litestream that the command prints."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.command_line import Here


@pytest.mark.parametrize(
    ("replica", "expected"),
    [
        ("copy", {"path": "{folder}/copy", "sync-interval": "1s"}),
        ("/a: b/“c” #d", {"path": "/a: b/“c” #d", "sync-interval": "1s"}),
        ("s3://bucket/lgsco", {"url": "s3://bucket/lgsco", "sync-interval": "1s"}),
    ],
)
def test_the_configuration_names_the_database_and_the_replica(
    here: Here, tmp_path: Path, replica: str, expected: dict[str, str]
) -> None:
    configuration = yaml.safe_load(here("litestream", replica, "--db", "kept.db").out)
    folder = str(tmp_path)
    expected = {name: value.format(folder=folder) for name, value in expected.items()}
    assert configuration["dbs"] == [{"path": f"{folder}/kept.db", "replica": expected}]
