"""The descriptions of tables, queries and the server that Datasette shows."""

from __future__ import annotations

from lgsco.web.metadata import NAME, describe, describe_tables
from lgsco.web.queries import QUERIES
from storage.private import PRIVATE


def test_a_public_server_describes_no_private_table_or_query() -> None:
    whole = describe()["databases"][NAME]
    public = describe(public=True)["databases"][NAME]
    assert set(whole["tables"]) & PRIVATE
    assert not set(public["tables"]) & PRIVATE
    assert set(whole["queries"]) - set(public["queries"]) == {name for name, one in QUERIES.items() if one.is_private}


def test_each_call_gives_a_new_copy_since_datasette_writes_into_it() -> None:
    first = describe()
    first["databases"][NAME]["tables"]["decisions"]["columns"]["reference"] = "changed"
    first["databases"][NAME]["tables"].clear()
    assert describe()["databases"][NAME]["tables"]["decisions"]["columns"]["reference"] != "changed"


def test_the_title_is_that_of_the_server_only_if_it_serves_nothing_else() -> None:
    assert "title" in describe(["one", "two"])
    assert "title" not in describe(["one"], alone=False)
    assert set(describe(["one", "two"])["databases"]) == {"one", "two"}
    assert describe([]) == {"databases": {}}


def test_every_table_is_described_in_words_with_its_columns() -> None:
    lacking = [
        name
        for name, table in describe_tables().items()
        if not table.get("description") or not all(table.get("columns", {"": "x"}).values())
    ]
    assert lacking == [], "each table and each of its columns has a description"
