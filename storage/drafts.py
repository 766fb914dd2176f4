"""Puts a new folder in the place of an older one, so that a killed process never leaves half a folder under its name.

`storage.export.replacing` does the same for one file. `remove_dead_drafts` removes files that killed ones left.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from storage.errors import StoreFailed

_DRAFT, _BEFORE = "part", "before"
"""The endings of the hidden folders beside the final one: what is being written, and what it is about to replace."""


@contextlib.contextmanager
def replacing_folder(path: Path, names: frozenset[str]) -> Iterator[Path]:
    """Yields a new folder to write to, and gives it the name `path` when the context ends without an error.

    An existing folder is replaced as a whole, but only if it has no other files than `names`: anything else was put
    there by the user. A process killed between the two renames leaves the earlier folder under a hidden name, and the
    next call renames it back. Raises StoreFailed, OSError.
    """
    target = Path(os.path.realpath(path))  # replace the folder that a link points to, not the link
    draft, before = (target.with_name(f".{target.name}.{os.getpid()}.{ending}") for ending in (_DRAFT, _BEFORE))
    _remove_abandoned(target)
    _require_ours(target, names)
    draft.mkdir()
    try:
        yield draft
        if target.exists():
            target.rename(before)
        draft.rename(target)
    finally:
        if before.exists() and not target.exists():
            before.rename(target)
        for left in (draft, before):
            shutil.rmtree(left, ignore_errors=True)


_DRAFT_NAME = re.compile(r"\.(?P<name>.+?)\.(?P<process>\d+)\.part(?:\.\d+\.part)?(?:-journal|-wal|-shm)?")
"""The name of a hidden file of `storage.export.replacing`, of one made from it, or of one that SQLite puts beside them.
It has the name of the target and the number of the process."""
_OLD_SECONDS = 86_400
"""Seconds without a change after which a file of another target is abandoned. Its process may be of another machine."""
_SQLITE_HEADER = b"SQLite format 3\0"
_JOURNAL = "-journal"


def remove_dead_drafts(target: Path) -> None:
    """Removes the hidden files that killed processes left while they wrote a database file, and their journals.

    Those of other targets in the same folder, such as the snapshot of another day, are removed a day after their last
    change, and only if they are databases. The files of processes that exist stay.
    """
    dead = [file for file in target.parent.glob(".*.part*") if _is_dead_draft(file, target.name)]
    for file in sorted(dead, reverse=True):  # a journal first: it shows that the file beside it is a database
        with contextlib.suppress(OSError):  # a file of another user
            file.unlink()


def _is_dead_draft(file: Path, name: str) -> bool:
    found = _DRAFT_NAME.fullmatch(file.name)
    if found is None or not file.is_file():
        return False
    process = int(found["process"])
    if found["name"] in (name, f".{name}"):
        return process == os.getpid() or not is_alive(process)
    return not is_alive(process) and _is_old_database(file)


def _is_old_database(file: Path) -> bool:
    database = file.with_name(file.name.removesuffix(_JOURNAL))
    journal = database.with_name(f"{database.name}{_JOURNAL}")
    try:
        with database.open("rb") as opened:
            is_database = opened.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER or journal.exists()
        changed = max(one.stat().st_mtime for one in (database, journal) if one.exists())
    except OSError:
        return False
    return is_database and time.time() - changed > _OLD_SECONDS


def is_alive(process: int) -> bool:
    """Whether a process with this number exists, as far as this user can see."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to another user
        pass
    return True


def _require_ours(target: Path, names: frozenset[str]) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise StoreFailed(f"{target} is a file; remove it, or name another folder")
    for found in sorted(target.iterdir()):
        if found.name not in names:
            raise StoreFailed(
                f"{target} is not replaced because {found.name} in it is not part of an export; move it, or name "
                "another folder"
            )


def _remove_abandoned(target: Path) -> None:
    """Removes what killed processes left beside a folder; puts its earlier version back if the name is free."""
    for ending in (_BEFORE, _DRAFT):
        for left in sorted(target.parent.glob(f".{glob.escape(target.name)}.*.{ending}")):
            process = left.name.removeprefix(f".{target.name}.").removesuffix(f".{ending}")
            if not process.isdecimal() or (int(process) != os.getpid() and is_alive(int(process))):
                continue
            if ending == _BEFORE and not target.exists():
                left.rename(target)
            else:
                shutil.rmtree(left, ignore_errors=True)
