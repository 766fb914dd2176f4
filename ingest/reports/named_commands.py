"""Completes the commands that messages name, so that a copied command uses the same file, settings and site.

A message names a command in backticks, without the options of this process. If this process was given `--db`,
`--config` or `--site`, the printed command has them too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

_COMMAND = re.compile(r"`(?P<command>lgsco (?P<name>[a-z]+)[^`]*)`")
COMMANDS_WITH_SITE = frozenset({"backfill", "sync", "daemon"})
"""The commands with the option --site."""

_given: dict[str, str] = {}
"""The options of this process that named commands get, with their values."""


def remember_options(options: Mapping[str, object]) -> None:
    """Replaces the options that `complete_commands` adds. None: the option was not given."""
    _given.clear()
    _given.update({name: str(value) for name, value in options.items() if value is not None})


def remember_file(path: object) -> None:
    """Replaces the file that named commands work on, for a command about a file that is not given with `--db`."""
    _given["--db"] = str(path)


def remember_default(option: str, value: object) -> None:
    """Adds an option that was not given, for a command whose default differs from that of other commands."""
    _given.setdefault(option, str(value))


def complete_commands(line: str) -> str:
    """Adds the options of this process to each command that a line names, unless the command has them."""
    return _COMMAND.sub(_complete, line) if _given and "`lgsco " in line else line


def _complete(named: re.Match[str]) -> str:
    missing = (
        f" {option} {shlex.quote(value)}"
        for option, value in _given.items()
        if option not in named["command"].split() and (option != "--site" or named["name"] in COMMANDS_WITH_SITE)
    )
    return f"`{named['command']}{''.join(missing)}`"
