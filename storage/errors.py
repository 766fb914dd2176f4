"""The root of the project's errors, and those of the database. The whole tree is drawn in `ingest.errors`."""

from __future__ import annotations


class LgscoError(Exception):
    """Anything the program knows how to say. `str()` is one sentence for the user."""

    exit_code = 1


class StoreError(LgscoError):
    """The database could not do what was asked."""


class SchemaMismatch(StoreError):
    """The file's schema version is not this program's."""

    exit_code = 2


class Busy(StoreError):
    """Another process is writing the database."""

    exit_code = 13


class Damaged(StoreError):
    """A kept page does not unpack."""


class StoreFailed(StoreError):
    """The database file is missing, unwritable, full or damaged."""
