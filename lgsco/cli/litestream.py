"""Defines the command that prints a configuration for Litestream, a program that replicates SQLite files."""

from __future__ import annotations

import re
from pathlib import Path

import click

from lgsco.cli import exit_codes
from lgsco.cli.options import Settings, command

_TEMPLATE = """\
# Litestream 0.5 copies the changes of the database to the replica, about a second later.
#   replicate: litestream replicate -config FILE
#   restore:   litestream restore -config FILE -o restored.db {database}
dbs:
  - path: {database}
    replica:
      {kind}: {replica}
      sync-interval: 1s
# Older states can be restored for a week.
snapshot:
  interval: 24h
  retention: 168h
"""


@command()
@click.argument("replica")
def litestream(settings: Settings, replica: str) -> int:
    """Configure Litestream, which keeps a second copy.

    REPLICA is a folder on another disk or mounted from another machine, or an address such as s3://bucket/lgsco.
    Write it to a file. Litestream is a program of its own and runs beside the daemon; docs/operating.md explains how to
    start it and how to restore.

    Example: lgsco litestream /backup/lgsco
    """
    click.echo(make_configuration(settings.database, replica), nl=False)
    return exit_codes.DONE


def make_configuration(database: Path, replica: str) -> str:
    """Makes the configuration in YAML, with absolute paths: Litestream may run in another folder."""
    is_address = re.match(r"[a-z][a-z0-9+.-]*://", replica) is not None
    return _TEMPLATE.format(
        database=_quote(str(database.absolute())),
        kind="url" if is_address else "path",
        replica=_quote(replica if is_address else str(Path(replica).absolute())),
    )


def _quote(words: str) -> str:
    """Quotes a string for YAML, which reads JSON's form."""
    from storage.export import as_json

    return as_json(words)
