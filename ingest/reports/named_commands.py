"""Completes the commands that messages name, so that a copied command uses the same file, settings and site.

A message names a command in backticks, without the options of this process. If this process was given `--db`,
`--config` or `--site`, the printed command has them too. Without `--site`, a command that makes requests gets the site
of the archive if it would be refused without: an archive never mixes a look-alike with the publisher's site.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

_COMMAND = re.compile(r"`(?P<command>lgsco (?P<name>[a-z]+)[^`]*)`")
COMMANDS_WITH_SITE = frozenset({"backfill", "sync", "daemon"})
"""The commands with the option --site."""

FindSite = Callable[[str], str | None]
"""Takes the file of an archive, and returns the site that commands on it need as --site; None if they need none."""

_given: dict[str, str] = {}
"""The options of this process that named commands get, with their values."""

_finders: list[tuple[str, FindSite]] = []
"""The file that commands without `--db` work on, with the function that finds its site; at most one."""


def remember_options(options: Mapping[str, object]) -> None:
    """Replaces what `complete_commands` adds. None: the option was not given."""
    _finders.clear()
    _given.clear()
    _given.update({name: str(value) for name, value in options.items() if value is not None})


def remember_archive(database: object, find_site: FindSite) -> None:
    """Adds the site of the archive that a command works on, if it needs one. `database`: the file without `--db`.

    `find_site` is called only when a command that takes a site is named.
    """
    _finders[:] = [(str(database), find_site)]


def remember_file(path: object) -> None:
    """Replaces the file that named commands work on, for a command about a file that is not given with `--db`."""
    _given["--db"] = str(path)


def remember_default(option: str, value: object) -> None:
    """Adds an option that was not given, for a command whose default differs from that of other commands."""
    _given.setdefault(option, str(value))


def complete_commands(line: str) -> str:
    """Adds the options of this process to each command that a line names, unless the command has them."""
    return _COMMAND.sub(_complete, line) if (_given or _finders) and "`lgsco " in line else line


def _complete(named: re.Match[str]) -> str:
    words = _split(named["command"])
    given = {option: value for option, value in _given.items() if option not in words and option != "--site"}
    if named["name"] in COMMANDS_WITH_SITE and "--site" not in words:
        file = words[words.index("--db") + 1] if "--db" in words[:-1] else _given.get("--db")
        site = _given.get("--site") or next((find(file or database) for database, find in _finders), None)
        given |= {"--site": site} if site else {}
    missing = (f" {option} {shlex.quote(value)}" for option, value in given.items())
    return f"`{named['command']}{''.join(missing)}`"


def _split(command: str) -> list[str]:
    """Returns the words of a command, as a shell splits them if it can."""
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark that is not closed
        return command.split()
