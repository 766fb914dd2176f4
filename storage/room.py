"""Finds out what was full when SQLite could not write: the disk, a quota, or the folder for temporary files.

SQLite reports a used-up quota as an I/O error, and a full folder for temporary files as a full disk.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_PROBE_BYTES = 1_000_000
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108  # where SQLite looks, after two variables


def describe_lack_of_room(path: Path, name: str) -> str:
    """Describes what was full when SQLite reported this error while it wrote the file; "" if nothing is known to be."""
    why = find_write_error(path.resolve().parent)
    if why == errno.EDQUOT:
        return "the disk quota of this user is used up"
    temporary = find_temporary_folder()
    if not why and temporary is not None and find_write_error(temporary) in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"there is no space for SQLite's temporary files in {temporary} (set SQLITE_TMPDIR to use another folder)"
        )
    if why == errno.ENOSPC or name.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")):
        return "the disk is full"
    return ""


def find_free_bytes(path: Path) -> int:
    """Returns the disk space that this user may still write where a file is or would be. Raises OSError."""
    file_system = os.statvfs(path.resolve().parent)
    return file_system.f_bavail * file_system.f_frsize


def find_write_error(folder: Path) -> int:
    """Returns why a file of one megabyte cannot be written to a folder, as an `errno`; 0 if it can."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            os.write(probe.fileno(), bytes(_PROBE_BYTES))
            os.fsync(probe.fileno())
            return 0 if os.fstat(probe.fileno()).st_size == _PROBE_BYTES else errno.ENOSPC
    except OSError as error:
        return error.errno or errno.EIO


def find_temporary_folder() -> Path | None:
    """Finds the folder in which SQLite creates temporary files (https://www.sqlite.org/tempfiles.html, section 5)."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY, ".")
    folders = (Path(name) for name in named if name)
    return next((one for one in folders if one.is_dir() and os.access(one, os.W_OK | os.X_OK)), None)
