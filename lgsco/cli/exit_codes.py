"""The exit codes that commands return themselves. An error carries its own: `storage.errors.LgscoError.exit_code`."""

from __future__ import annotations

DONE = 0
UNEXPECTED = 1
"""An error nobody foresaw, or output that cannot be written."""
STALE = 1
"""`status`: the last success is too old, the daemon that should run does not, a process blocks its syncs, or the fill
is suspended or stuck."""
NOT_STORED = 1
"""`show`: the decision or the revision is not in the database."""
USAGE = 2
INCOMPLETE = 10
"""`coverage`: some dates are unproven. `politeness`: a promise was broken."""
INTERRUPTED = 130
"""Ctrl-C: 128 and the number of SIGINT."""
