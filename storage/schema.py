"""Applies the numbered migrations of `storage.migrations` that a file lacks, in one transaction.

A new file starts at the schema of `storage.baseline`. A file of version 0.1 is migrated to it first.

`decisions` has the current reading of each decision. Its text is stored once: `layouts` has the kind and number of each
line, the view `paragraphs` splits the text into lines, `decisions_fts` indexes the text in place and triggers keep it
up to date. `revisions` has a row for every reading that was ever recorded; a text that is no longer current moves
there.

Dates are ISO 8601 (`2025-10-06`), instants UTC (`2025-10-06T12:00:00Z`).

A migration is a module `m###_name` with a function `migrate`, which sets `user_version` to its number. To add one,
write the module, append it here and raise `storage.database.SCHEMA_VERSION`.

Import this module where migrations are applied, and not at the top: sqlite-utils imports pandas where that is
installed, which takes a command a quarter of a second and 80 MB.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from storage.migrations import (
    m017_baseline,
    m018_counters,
    m019_views_for_duckdb,
    m020_suppressions,
    m021_wider_indexes,
    m022_parsed_pages,
    m023_search,
)

migrations = Migrations("lgsco")

_IN_ORDER = (
    m017_baseline,
    m018_counters,
    m019_views_for_duckdb,
    m020_suppressions,
    m021_wider_indexes,
    m022_parsed_pages,
    m023_search,
)

for _module in _IN_ORDER:
    migrations(name=_module.__name__.rpartition(".")[2])(_module.migrate)


def apply_pending(db: sqlite3.Connection) -> None:
    """Applies the migrations that a database lacks. Call it inside a transaction."""
    migrations.apply(Database(db))
