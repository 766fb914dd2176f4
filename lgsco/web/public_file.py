"""Opens a public snapshot for Datasette: what is not for the public cannot be read."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from lgsco.web.served_file import ServedFile
from storage.private import PRIVATE, refuse_private, require_public


class PublicFile(ServedFile):
    """A public snapshot. A file that takes its place must be one too."""

    def __init__(self, datasette: Any, path: str, *, is_mutable: bool = True, with_withdrawn: bool = False) -> None:
        """`with_withdrawn`: a file that takes its place may have withdrawn decisions."""
        super().__init__(datasette, path, is_mutable=is_mutable)
        self._with_withdrawn = with_withdrawn

    def connect(self, write: bool = False) -> sqlite3.Connection:
        db = super().connect(write)
        refuse_private(db)
        return db

    def check_replacement(self, db: sqlite3.Connection, path: Path) -> None:
        """Raises FileUnreadable, SchemaMismatch and NotPublic."""
        super().check_replacement(db, path)
        require_public(db, path, with_withdrawn=self._with_withdrawn)

    async def table_names(self) -> list[str]:
        """Returns the tables to list and count."""
        return [name for name in await super().table_names() if name not in PRIVATE]

    async def foreign_keys_for_table(self, table: str) -> list[dict[str, str]]:
        """Returns those that lead to a table that is shown."""
        return [key for key in await super().foreign_keys_for_table(table) if key["other_table"] not in PRIVATE]

    async def get_all_foreign_keys(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        """Returns those between tables that are shown."""
        found = await super().get_all_foreign_keys()
        return {
            table: {
                direction: [key for key in keys if key["other_table"] not in PRIVATE]
                for direction, keys in keys_of.items()
            }
            for table, keys_of in found.items()
        }
