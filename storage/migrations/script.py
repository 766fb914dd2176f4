"""Runs a migration's SQL statement by statement: `executescript` would commit, and a migration is one transaction."""

from __future__ import annotations

from sqlite_utils import Database


def execute_script(db: Database, script: str) -> None:
    """Executes the statements of a script in order, inside the transaction that is open."""
    for statement in split_statements(script):
        db.execute(statement)


def split_statements(script: str) -> list[str]:
    """Splits a script into statements.

    A statement ends with a line that ends in `;`, and a trigger with a line that ends in `END;`.
    """
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        ends = pending.rstrip()
        if ends.endswith("END;") or (ends.endswith(";") and "CREATE TRIGGER" not in pending):
            statements.append(pending.strip())
            pending = ""
    return statements
