"""Reads all rows of one statement in parts, for a download of any size."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lgsco.web.gate import STREAM_SECONDS, VISIT
from lgsco.web.row_reader import interrupting, lower_priority, read_some, refusing_too_much
from lgsco.web.served_file import ServedFile


async def stream_rows(file: ServedFile, sql: str, parameters: Any) -> AsyncIterator[tuple[list[str], list[Any]]]:
    """Runs a statement on a connection of its own, and yields the columns with some rows at a time.

    It sees the file as it was at the beginning. Raises FileUnreadable if the file was written to without locks.
    """
    loop, visit = asyncio.get_running_loop(), VISIT.get()
    with ThreadPoolExecutor(1, "lgsco-stream", lower_priority) as thread:
        db = await loop.run_in_executor(thread, file.open_own)
        try:
            with interrupting(db, time.monotonic() + STREAM_SECONDS, visit), refusing_too_much():
                cursor = await loop.run_in_executor(thread, db.execute, sql, parameters)
                columns = [column[0] for column in cursor.description]
                while rows := await loop.run_in_executor(thread, read_some, cursor):
                    yield columns, rows
        finally:
            db.interrupt()  # where a client has left, a statement may still run
            await asyncio.shield(loop.run_in_executor(thread, file.close_own, db))
