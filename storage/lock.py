"""Locks a database for its one writer, and finds the process that holds the lock.

The lock is `flock` on a file beside the database (`lgsco.db-lock`); the operating system frees it however the process
ends. Where the file system has no `flock`, a lease file (`lgsco.db-lease`) takes its place. The holder writes its
identity into the file, so that others can name it, and touches the file every `BEAT_SECONDS`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from storage.errors import Busy, CannotLock, StoreFailed

DAEMON = "-daemon"
"""The purpose of the lock that a daemon holds as long as it runs."""

BEAT_SECONDS = 30.0
SILENT_SECONDS = 300.0
"""A holder in another container or on another host counts as dead if it did not touch its file for this many
seconds."""

_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})
_NO_FLOCK = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL})
"""The errors of `flock` on file systems that do not support it."""


class Holder(NamedTuple):
    """The process that holds a lock, or held it last."""

    process: int
    """The process number, in its own container."""
    place: str
    """The boot of the machine and the container; process numbers from two places cannot be compared."""
    host: str
    ticks: str
    """When the process started, in clock ticks since the boot: another process with the same number started later."""
    doing: str
    since: str
    """When it took the lock: UTC, ISO 8601 with Z."""
    released: bool = False
    lock: int = 0
    """The inode of the lock file itself: a copied folder has another one."""
    file: tuple[int, int] | None = None
    """Device and inode of the database that the process writes."""
    is_elsewhere: bool = False
    """Whether it runs in another container or on another host. `find_holder` sets this and the next field."""
    is_suspended: bool = False
    """Whether it is suspended, for example by Ctrl-Z, and can continue."""

    def as_json(self) -> dict[str, object]:
        """Returns the holder for programs."""
        return {
            "process": self.process,
            "host": self.host,
            "doing": self.doing,
            "since": self.since,
            "suspended": self.is_suspended,
        }

    def describe(self) -> str:
        """Describes the holder, as part of a sentence."""
        doing = f", lgsco {self.doing}" if self.doing else ""
        paused = " and is suspended" if self.is_suspended else ""
        where = f" of {self.host or 'another host or container'}" if self.is_elsewhere else ""
        return f"process {self.process}{where}{doing}, has held it since {self.since}{paused}"


@contextlib.contextmanager
def locked(path: Path, purpose: str = "", doing: str = "") -> Iterator[Lock]:
    """Holds the lock of a database's one writer, or the lock for another `purpose` that only one process may have.

    `doing`: the command that needs the lock, shown to others that find it held. Raises Busy, CannotLock, StoreFailed.
    """
    if not path.parent.is_dir():
        raise StoreFailed(f"{path}: there is no folder {path.parent}; make it, or name another file with --db")
    beside = Path(f"{path.resolve()}{purpose}-lock")  # a link to the file has the file's lock
    try:
        lock = _take(beside, doing or purpose.strip("-"))
    except OSError as error:
        raise CannotLock(
            f"{path} cannot be written: its lock file {beside.name} cannot be created there ({error.strerror}); check "
            "who owns it and its folder, or name another file with --db"
        ) from None
    if lock is None:
        held = "is being written by another lgsco process" if not purpose else f"has another {purpose.strip('-')}"
        holder = find_holder(path, purpose)
        named = f" ({holder.describe()})" if holder else ""
        raise Busy(f"{path} {held}{named}; wait for it to end, or stop it")
    with contextlib.closing(lock):
        yield lock


def find_holder(path: Path, purpose: str = "") -> Holder | None:
    """Finds the holder of the lock, as far as the files beside the database show it; None if nobody holds it."""
    beside = Path(f"{path.resolve()}{purpose}-lock")
    for file in (_find_lease(beside), beside):
        holder = read_holder(file)
        if holder is not None and _is_alive(holder, file):
            is_here = _is_here(holder)
            is_suspended = is_here and _find_state(holder.process)[:1] in ("T", "t")
            return holder._replace(is_elsewhere=not is_here, is_suspended=is_suspended)
    return None


def is_locked(path: Path, purpose: str = "") -> bool:
    """Whether a process holds the lock of a database's one writer, or the lock for another `purpose`."""
    return find_holder(path, purpose) is not None


def read_holder(file: Path) -> Holder | None:
    """Reads the last holder from a lock file; None if the file cannot be read or parsed."""
    import json

    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        fields["file"] = tuple(fields["file"]) if fields["file"] else None
        return Holder(**fields)
    except (OSError, ValueError, TypeError, KeyError):  # written by an older version, or cut short
        return None


def is_process_running(path: Path, process: int) -> bool:
    """Whether the run of a process may still be working on a database.

    The lock's holder decides where it is known, since the process number may come from another container.
    """
    beside = Path(f"{path.resolve()}-lock")
    known = [(file, holder) for file in (_find_lease(beside), beside) if (holder := read_holder(file)) is not None]
    if known:
        return any(holder.process == process and _is_alive(holder, file) for file, holder in known)
    return not process or _exists(process)


class Lock:
    """A lock that this process holds: its open file, who holds it, and the thread that touches the file."""

    def __init__(self, fd: int, file: Path, holder: Holder, *, is_lease: bool) -> None:
        self._fd = fd
        self._file = file
        self._is_lease = is_lease
        self._holder = holder._replace(lock=os.fstat(fd).st_ino)
        self._ended = threading.Event()
        self._write()
        self._thread = threading.Thread(target=self._beat, name="lock", daemon=True)
        self._thread.start()

    def record_file(self, database: Path) -> None:
        """Records which database file this process writes, for `storage.wal`."""
        found = database.stat()
        self._holder = self._holder._replace(file=(found.st_dev, found.st_ino))
        self._write()

    def close(self) -> None:
        """Releases the lock."""
        self._ended.set()
        self._thread.join()
        self._holder = self._holder._replace(released=True)
        self._write()
        if self._is_lease and _is_same(self._fd, self._file):
            self._file.unlink(missing_ok=True)
        os.close(self._fd)

    def _write(self) -> None:
        import json

        data = json.dumps(self._holder._asdict()).encode()
        with contextlib.suppress(OSError):  # the lock works without it, for example on a full disk
            os.pwrite(self._fd, data + b" " * max(0, os.fstat(self._fd).st_size - len(data)), 0)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(self._fd)


def _take(beside: Path, doing: str) -> Lock | None:
    """Takes the lock; returns None if another process holds it. Raises OSError."""
    fd = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno in _NO_FLOCK:
            return _take_lease(_find_lease(beside), doing)
        if error.errno in _HELD:
            return None
        raise
    return Lock(fd, beside, _describe_self(doing), is_lease=False)


def _take_lease(lease: Path, doing: str) -> Lock | None:
    """Takes the lease in place of `flock`, also from a holder that no longer runs. Raises OSError."""
    for _ in range(2):
        try:
            fd = os.open(lease, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            if not _remove_if_dead(lease):
                return None
        else:
            return Lock(fd, lease, _describe_self(doing), is_lease=True)
    return None


def _remove_if_dead(lease: Path) -> bool:
    """Removes a lease if its holder does not run, and returns whether it did."""
    holder = read_holder(lease)
    alive = _is_alive(holder, lease) if holder is not None else not _is_silent(lease)
    if alive:
        return False
    aside = lease.with_name(f"{lease.name}.{os.getpid()}.dead")
    with contextlib.suppress(FileNotFoundError):
        lease.rename(aside)  # if two processes do this at once, one finds no file
        if read_holder(aside) != holder:  # a faster process has taken a new lease
            with contextlib.suppress(FileExistsError):
                os.link(aside, lease)
            aside.unlink()
            return False
        aside.unlink()
    return True


def _find_lease(beside: Path) -> Path:
    return beside.with_name(f"{beside.name.removesuffix('-lock')}-lease")


# ---------------------------------------------------------------- who runs


def _describe_self(doing: str) -> Holder:
    process = os.getpid()
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Holder(process, find_place(), os.uname().nodename, _find_ticks(process), doing, since)


def find_place() -> str:
    """Identifies the boot and the container, inside which process numbers are unique; or the host name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return os.uname().nodename


def _is_here(holder: Holder) -> bool:
    return holder.place == find_place()


def _is_alive(holder: Holder, file: Path) -> bool:
    """Whether a holder runs: by its process number in this place, by its heartbeat elsewhere."""
    if holder.released:
        return False
    if _is_here(holder):
        return _exists(holder.process) and holder.ticks == _find_ticks(holder.process)
    return not _is_silent(file)


def _is_silent(file: Path) -> bool:
    """Whether a file was not touched for `SILENT_SECONDS`.

    Uses the clock of the file's disk where possible: another host's clock may differ from ours.
    """
    try:
        touched = file.stat().st_mtime
    except OSError:
        return True
    try:
        import tempfile

        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.") as probe:
            now = os.fstat(probe.fileno()).st_mtime
    except OSError:
        now = time.time()
    return abs(now - touched) > SILENT_SECONDS


def _exists(process: int) -> bool:
    """Whether a process with this number exists here, as far as this user can see."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        pass
    return True


def _find_state(process: int) -> str:
    """Reads the fields of `/proc/PID/stat` from the process state on; "" where there are none."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2]
    except OSError:
        return ""


def _find_ticks(process: int) -> str:
    fields = _find_state(process).split()
    return fields[19] if len(fields) > 19 else ""


def _is_same(fd: int, file: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(fd), file.stat())
    return False
