"""Makes small archives without a site, and requests their pages within this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from datasette.app import Datasette

from ingest.lgo import text_format
from lgsco.web.served_file import ServedFile
from storage import decisions
from storage.decisions import Reading
from storage.model import Decision, Line
from storage.writer import writing

AT = "2026-11-02T12:00:00Z"
AMENDED = "25 000 001"
LONG = "25 000 002"
"""Its text has more characters than a cell of Excel may have."""
WITHDRAWN = "25 000 003"
SECRET_DOCUMENT = "/srv/operator/secret/document.txt"
SECRET_CONTACT = "lgsco/1.0 (operator@example.org)"


def make_archive(path: Path, count: int = 12) -> None:
    """Makes an archive with an amended, a long and a withdrawn decision, a run, a request and a raw page."""
    with writing(path) as db:
        db.execute(
            "INSERT INTO runs (task, arguments, started_at, ended_at, state, exit_code, message, process, user_agent) "
            "VALUES ('import', '{\"paths\": [\"/srv/operator/secret\"]}', ?, ?, 'complete', 0, "
            "'/srv/operator/secret was read', 4711, ?)",
            (AT, AT, SECRET_CONTACT),
        )
        decisions.record_first(db, [_read(number) for number in range(count)], 1)
        decisions.supersede(db, _read(1, "The text was amended."), "amended", 1)
        db.execute("UPDATE decisions SET status = 'withdrawn' WHERE reference = ?", (WITHDRAWN,))
        db.execute(
            "INSERT INTO requests (run, at, target, status, received, seconds, attempt) "
            "VALUES (1, ?, '/Decisions/secret', 200, 1, 0.1, 1)",
            (AT,),
        )
        db.execute(
            "INSERT INTO pages (reference, chapter, url, fetched_at, state, bytes, body) "
            "VALUES ('25 000 000', 1, '/decisions/secret', ?, 'read', 11, x'00')",
            (AT,),
        )


def _read(number: int, more: str = "") -> Reading:
    words = " ".join(["The Council took many weeks “to answer”."] * (2_000 if number == 2 else 1))
    lines = [Line("heading", "The complaint"), Line("paragraph", f"Mr X complains. {words} {more}".strip(), "1")]
    if number == 4:
        lines.append(Line("paragraph", "It is as in 25 000 001.", "2"))
    decision = Decision(
        f"25 000 {number:03}",
        f"Council {'ABC'[number % 3]}",
        "Planning",
        None,
        ("Upheld", "Not upheld")[number % 2],
        date(2025, 4, 1) + timedelta(number),
        "statement",
        f"=Summary {number}",
        tuple(lines),
        True,
    )
    document = SECRET_DOCUMENT if number == 5 else None
    return Reading(
        decision, text_format.render(decision), "site", AT, "4", f"/decisions/a/b/25-000-{number:03}", document=document
    )


@contextmanager
def requested(datasette: Datasette, **options: Any) -> Iterator[Callable[..., httpx.Response]]:
    """Yields a function that requests a page of a Datasette, as one client after another."""
    application = datasette.app()

    def get(path: str, headers: dict[str, str] | None = None, method: str = "GET", **parameters: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", **options) as client:
                return await client.request(method, path, params=parameters or None, headers=headers)

        return asyncio.run(ask())

    try:
        yield get
    finally:
        for database in datasette.databases.values():
            if isinstance(database, ServedFile) or database.path:
                database.close()
        if datasette.executor is not None:
            datasette.executor.shutdown()


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """Runs a coroutine function."""
    return asyncio.run(work())  # type: ignore[arg-type]  # it makes a coroutine
