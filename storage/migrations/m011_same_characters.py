"""Lets `revisions.change` say that the site composed the same characters otherwise, which is no amendment."""

from __future__ import annotations

from sqlite_utils import Database

from storage.migrations.revisions_table import set_revision_reasons

REASONS = ("first", "amended", "same characters", "on the site", "renormalised", "imported again", "beside")
VERSION = 11


def migrate(db: Database) -> None:
    """Brings a file of version 10 to version 11."""
    set_revision_reasons(db, REASONS)
    db.execute(f"PRAGMA user_version = {VERSION}")
