"""Defines the exit codes that commands return themselves, and what each code means to the user.

An error carries its own code: `storage.errors.LgscoError.exit_code`.
"""

from __future__ import annotations

from typing import NamedTuple

DONE = 0
UNEXPECTED = 1
"""An unforeseen error, or output that cannot be written."""
STALE = 1
"""`status`: something needs attention."""
NOT_STORED = 1
"""`show`: the decision or its revision is not in the database."""
USAGE = 2
INCOMPLETE = 10
"""`coverage`: some dates are unproven. `politeness`: a promise was broken. `verify`: something is damaged."""
INTERRUPTED = 130
"""Ctrl-C: 128 plus the number of SIGINT."""


class Meaning(NamedTuple):
    """What an exit code means, for `lgsco --help` and `docs/commands.md`."""

    codes: tuple[int, ...]
    short: str
    """A few words."""
    details: str
    """Sentences."""
    action: str
    """The next step for the user."""


MEANINGS = (
    Meaning(
        (0,),
        "done",
        "The command did what was asked. The message names the dates that it checked, and what lies outside them.",
        "Nothing.",
    ),
    Meaning(
        (1,),
        "unexpected, or attention needed",
        "An unforeseen error, a damaged or unwritable file, or output that could not be written. `status`: something "
        "needs attention. `show`: the decision is not stored.",
        "Read the message. Add `--debug` to see where an unforeseen error happened.",
    ),
    Meaning(
        (2,),
        "wrong usage or configuration",
        "An option, an argument or a setting is not allowed, there is no database, or the file has another schema.",
        "Correct what the message names.",
    ),
    Meaning(
        (10,),
        "incomplete",
        "Something could not be fetched, checked, parsed or written. The message names it, and the queue has it if it "
        "can be tried again. `coverage` shows it too. `politeness`: a promise was broken. `verify`: something is "
        "damaged.",
        "Run the command again later; the daemon does so by itself. If the same message returns, see what it names: "
        "`lgsco status` and `lgsco coverage` list it. After `verify`: run `lgsco verify --repair`.",
    ),
    Meaning(
        (11,),
        "the site's pages changed",
        "The site answers, but its pages can no longer be parsed, or a change of its template waits for your decision.",
        "Run `lgsco template` and decide about the change. If pages cannot be parsed, install a newer version, then "
        "run `lgsco renormalise`.",
    ),
    Meaning(
        (12,),
        "blocked",
        "The site refused the requests, showed a search page without results, or its robots.txt forbids them. Nothing "
        "is concluded about the decisions.",
        "Wait some hours before the next try. Look at `lgsco politeness`, and write to the publisher if it continues.",
    ),
    Meaning(
        (13,),
        "another process writes the database",
        "The lock is taken. The message names the process, what it does, and since when.",
        "Wait until that process ends, or stop it.",
    ),
    Meaning(
        (14,),
        "the archive was lost while lgsco ran",
        "The file disappeared, was replaced by another archive, or lost decisions. No new file was created.",
        "Mount the file's volume, or put the right file there with `lgsco restore BACKUP`. Then start lgsco again.",
    ),
    Meaning(
        (129, 130, 143),
        "stopped by a signal",
        "The terminal closed (129), Ctrl-C was pressed (130), or SIGTERM came (143). The work so far is saved. `serve` "
        "ends with 0 at Ctrl-C and SIGTERM; so does `daemon`.",
        "Run the same command again to continue.",
    ),
)


def describe_briefly() -> str:
    """Returns one sentence with the codes and their short meanings."""
    return "; ".join(f"{', '.join(map(str, one.codes))} {one.short}" for one in MEANINGS)
