"""Detects a write-ahead log that does not belong to its database file.

SQLite applies any `-wal` file beside a database. If a killed run leaves its log and a backup is then copied over the
database, SQLite mixes the two. The format of the log: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from storage.errors import StoreFailed
from storage.lock import find_place, read_holder

_WAL_HEADER, _FRAME_HEADER = 32, 24
_FILE_HEADER = 100
_TRIES = 5
"""How many times the files are read if another process writes them meanwhile; after that nothing is concluded."""

_kept_open: dict[tuple[int, int], int] = {}
"""Open descriptors of database files, by device and inode. Closing one would release the locks that SQLite's
connections in this process hold on the file."""

_checked: set[tuple[object, ...]] = set()
"""The states of files and logs that were found to belong together."""


class Log(NamedTuple):
    """The committed part of a write-ahead log."""

    page_size: int
    salts: bytes
    frames: list[tuple[int, int]]
    """For each frame the number of its page and where the page's bytes begin."""
    pages: int
    """The size of the database after the last commit, in pages."""


def check_log(path: Path) -> None:
    """Raises StoreFailed if the log beside a database file is known to belong to another file.

    Call it before the first connection: when the last connection closes, SQLite writes the log's pages into the file.
    The log may be written at the same time. Not every wrong log can be detected.
    """
    path = path.resolve()
    log = Path(f"{path}-wal")
    for _ in range(_TRIES):
        try:
            before = _find_state(path, log)
            if before is None or before in _checked:
                return
            fault = _find_fault(path, log)
            if _find_state(path, log) != before:
                continue
        except OSError:  # not readable, or removed meanwhile; SQLite will report what is wrong
            return
        if fault:
            raise StoreFailed(
                f"{log.name} does not belong to {path} ({fault}): a backup was put in its place while the log of "
                "another file was beside it; nothing was changed. Run `lgsco restore BACKUP` to put it there safely"
            )
        _checked.add(before)
        return


def is_in_wal_mode(path: Path) -> bool:
    """Whether a file's header says that it is in WAL mode. Raises OSError."""
    return os.pread(_open_kept(path), 1, 18) == b"\x02"


def _find_state(path: Path, log: Path) -> tuple[object, ...] | None:
    """Returns values that change whenever either file does; None if there is no log with a frame in it."""
    try:
        written = log.stat()
    except FileNotFoundError:
        return None
    if written.st_size <= _WAL_HEADER or not path.is_file():
        return None
    file = path.stat()
    return (file.st_dev, file.st_ino, file.st_mtime_ns, file.st_size, written.st_ino, written.st_mtime_ns)


def _find_fault(path: Path, log: Path) -> str:
    """Describes why the log cannot belong to the file; "" if it may."""
    file = _open_kept(path)
    header = os.pread(file, _FILE_HEADER, 0)
    if len(header) < _FILE_HEADER:
        return ""
    with log.open("rb") as wal:
        fault = _find_any_fault(path, log, file, header, wal.fileno(), sums=False)
        # Checking all frames takes a second for a large log, and matters only if a power cut tore some of them.
        return fault and _find_any_fault(path, log, file, header, wal.fileno(), sums=True)


def _find_any_fault(path: Path, log: Path, file: int, header: bytes, wal: int, *, sums: bool) -> str:
    found = read_log(wal, sums=sums)
    if found is None or not found.frames:
        return ""
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65_536 if page_size == 1 else page_size
    if page_size != found.page_size:
        return f"its pages have {found.page_size} bytes, the file's {page_size}"
    return (
        _find_counter_fault(int.from_bytes(header[24:28], "big"), wal, found)
        or _find_size_fault(os.fstat(file).st_size // page_size, found)
        or _find_time_fault(path, log, file, wal, found)
    )


def _find_counter_fault(counter: int, wal: int, log: Log) -> str:
    """Compares the change counters of page 1 in the file and in the log.

    The counter grows by one from the file to the first frame of page 1 in its log, and never falls inside the log. A
    checkpoint copies one of those frames into the file.
    """
    counters = [int.from_bytes(os.pread(wal, 4, at + 24), "big") for page, at in log.frames if page == 1]
    if counters and not min(counters) - 1 <= counter <= max(counters):
        return f"it continues change {min(counters) - 1}, and the file is at change {counter}"
    return ""


def _find_size_fault(pages: int, log: Log) -> str:
    """Checks that each page beyond the end of the file is in the log."""
    lacking = set(range(pages + 1, log.pages + 1)) - {page for page, _ in log.frames}
    return f"page {min(lacking)} is in neither the log nor the file" if lacking else ""


def _find_time_fault(path: Path, log: Path, file: int, wal: int, found: Log) -> str:
    """Compares the times of the file and the log.

    A file newer than its log was written by a checkpoint, so one of the log's pages is in it. Only the lock file shows
    that neither file was copied here, and that the machine was not restarted; otherwise the times prove nothing.
    """
    lock = Path(f"{path}-lock")
    holder = read_holder(lock)
    if holder is None or holder.file is None or holder.lock != lock.stat().st_ino or holder.place != find_place():
        return ""
    here, written = os.fstat(file), log.stat()
    is_other = holder.file != (here.st_dev, here.st_ino) and here.st_ctime_ns > written.st_ctime_ns
    if not is_other and here.st_mtime_ns <= written.st_mtime_ns:
        return ""
    size = found.page_size
    if any(os.pread(file, size, (page - 1) * size) == os.pread(wal, size, at) for page, at in found.frames):
        return ""
    return "the file was put there after the log was written"


def _open_kept(path: Path) -> int:
    state = path.stat()
    key = (state.st_dev, state.st_ino)
    if key not in _kept_open:
        _kept_open[key] = os.open(path, os.O_RDONLY)
    return _kept_open[key]


def read_log(wal: int, *, sums: bool = False) -> Log | None:
    """Reads the committed part of an open write-ahead log; None if it has no valid header.

    `sums`: stop at the first frame with a wrong checksum, as SQLite does.
    """
    header = os.pread(wal, _WAL_HEADER, 0)
    if len(header) < _WAL_HEADER:
        return None
    magic, _version, page_size, _sequence = struct.unpack(">4I", header[:16])
    order = ">" if magic & 1 else "<"
    sum_of_header = _continue_checksum(order, header[:24], (0, 0))
    if magic & ~1 != 0x377F0682 or struct.unpack(">2I", header[24:32]) != sum_of_header:
        return None
    salts = header[16:24]
    frames: list[tuple[int, int]] = []
    committed, pages = 0, 0
    for page, size_after, at in _read_frames(wal, page_size, salts, order if sums else "", sum_of_header):
        frames.append((page, at))
        if size_after:
            committed, pages = len(frames), size_after
    return Log(page_size, salts, frames[:committed], pages)


def _read_frames(
    wal: int, page_size: int, salts: bytes, order: str, running: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    """Yields each frame's page, the database's size after it, and the offset of its page data.

    The size is in pages, and 0 unless the frame is a commit.
    """
    size, at = os.fstat(wal).st_size, _WAL_HEADER
    while at + _FRAME_HEADER + page_size <= size:
        header = os.pread(wal, _FRAME_HEADER, at)
        if header[8:16] != salts:
            return
        if order:
            running = _continue_checksum(order, header[:8] + os.pread(wal, page_size, at + _FRAME_HEADER), running)
            if struct.unpack(">2I", header[16:24]) != running:
                return
        page, size_after = struct.unpack(">2I", header[:8])
        yield page, size_after, at + _FRAME_HEADER
        at += _FRAME_HEADER + page_size


def _continue_checksum(order: str, data: bytes, running: tuple[int, int]) -> tuple[int, int]:
    """Continues SQLite's checksum over more data."""
    first, second = running
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
