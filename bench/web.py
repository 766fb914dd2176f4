"""Web: CPU time of the pages that show the state of the archive, relative to Datasette's own page of a table."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Figure, in_turns, ratios
from bench.filled import find_short
from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette

_FULL = 60_000
_GOAL = 2.0
_TABLE = f"/{NAME}/entries"
_STATE = {"home": "/", "coverage": f"/{NAME}/coverage", "proven ranges": f"/{NAME}/complete"}
"""The pages that show the state: what is stored, the last run, what is complete."""
_PAGES = {**_STATE, "the database": f"/{NAME}"}
_REPEATS = 5


def measure(decisions: int = 20_000, rounds: int = 7, full: bool = False) -> list[Figure]:
    """Measures each page in turns, in this process, without HTTP. `full`: of an archive of 60,000 decisions.

    Datasette's page of the database shows no state, so it has no target: it counts each of 60 tables.
    """
    size = _FULL if full else decisions
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        datasette = make_datasette(find_short(Path(folder), size))
        sides = {name: partial(_get, runner, datasette, page) for name, page in {"table": _TABLE, **_PAGES}.items()}
        spent = in_turns(sides, rounds)
    return [
        *(
            Figure(
                f"page of {name} at {size:,}, of Datasette's page of a table",
                ratios(spent[name], spent["table"]),
                target=_GOAL if name in _STATE else None,
                bound="at most",
            )
            for name in _PAGES
        ),
        Figure(f"page of a table at {size:,}", tuple(seconds / _REPEATS * 1e3 for seconds in spent["table"]), "ms"),
    ]


def _get(runner: asyncio.Runner, datasette: Any, page: str) -> None:
    for _ in range(_REPEATS):
        answer = runner.run(datasette.client.get(page))
        assert answer.status_code == 200, answer.text
