"""The locks beside the database: their names, and whether a process holds one.

The operating system frees a lock however its process ends. `storage.writer` takes them; here is what a reader needs,
with no more than the standard library.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

DAEMON = "-daemon"
"""The purpose of the lock that a daemon holds for as long as it lives."""


def name_lock(path: Path, purpose: str = "") -> str:
    """The file of the lock of a database's one writer, or of another `purpose`."""
    return f"{path.resolve()}{purpose}-lock"  # a link to the file is the file


def is_locked(path: Path, purpose: str = "") -> bool:
    """Whether a process holds the lock of a database's one writer, or of another `purpose`. Makes no lock."""
    try:
        file = os.open(name_lock(path, purpose), os.O_RDONLY)
    except OSError:  # nobody ever held it
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
