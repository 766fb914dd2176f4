"""Runs a backfill that uses parsed decisions instead of parsing: python -m bench.without_parsing ARCHIVE URL DATABASE.

No faster parser can make a backfill cheaper. ARCHIVE is what a backfill of the same site wrote. Its stored pages are
parsed before the backfill begins, and the backfill takes the results in place of parsing. It prints the seconds of CPU
time that this took, which the caller subtracts.
"""

from __future__ import annotations

import gc
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from time import process_time
from unittest.mock import patch

from ingest.clock import london_day
from ingest.recording import record
from ingest.recording.chapters import parse_stored_pages
from lgsco.cli.main import main as lgsco
from storage.model import Decision, Page
from storage.pages import Codec, find_newest_read


class Parsed:
    """The decisions of an archive, each also with all blocks that are left out of its text."""

    def __init__(self, archive: str) -> None:
        self._decisions: dict[tuple[str, bool], Decision] = {}
        with closing(sqlite3.connect(archive)) as db:
            codec = Codec(db)
            for (reference,) in db.execute("SELECT reference FROM decisions").fetchall():
                pages = [page for _, page in find_newest_read(db, codec, reference)]
                day = london_day(pages[0].fetched_at)
                for all_blocks in (False, True):
                    self._decisions[reference, all_blocks] = parse_stored_pages(pages, day, all_blocks=all_blocks)

    def look_up(self, stored: Sequence[Page], _fetched_on: date, *, all_blocks: bool = False) -> Decision:
        """Returns what `parse_stored_pages` returned for the same pages."""
        return self._decisions[stored[0].reference, all_blocks]


def main(archive: str, url: str, database: str) -> None:
    began = process_time()
    with patch.object(record, "parse_stored_pages", Parsed(archive).look_up):
        gc.collect()
        gc.freeze()
        print(process_time() - began, flush=True)
        lgsco(["backfill", "--site", url, "--db", database])


if __name__ == "__main__":
    main(*sys.argv[1:])
