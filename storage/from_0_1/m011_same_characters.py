"""Adds the reason `same characters`: the site encodes the same characters differently, which is not an amendment."""

from __future__ import annotations

from sqlite_utils import Database

from storage.from_0_1.revisions_table import set_revision_reasons

REASONS = ("first", "amended", "same characters", "on the site", "renormalised", "imported again", "beside")
VERSION = 11


def migrate(db: Database) -> None:
    """Migrates a file from version 10 to version 11."""
    set_revision_reasons(db, REASONS)
    db.execute(f"PRAGMA user_version = {VERSION}")
