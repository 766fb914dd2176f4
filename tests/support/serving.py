"""Runs `lgsco serve` in a separate process on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

import httpx

from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.paths import ROOT
from support.world import TODAY, Time, World


def backfill(database: Path, decisions: int) -> None:
    """Fills the database with the five seeds and `decisions` invented decisions, fetched from a site."""
    samples = [*seeds(), *generate(decisions, seed=11, first=date(2023, 1, 1), last=date(2026, 8, 31))]
    site = Site(samples, today=TODAY)
    with serve(site) as server:
        outcome = World(site, server, database, Time(), Stop()).run(Backfill())
    assert outcome.exit_code == 0


@dataclass
class Served:
    """A database that is served."""

    client: httpx.Client
    process: subprocess.Popen[str]
    log: list[str]
    """Returns the lines that the server wrote to stderr, once it has ended."""

    @property
    def port(self) -> int:
        port = self.client.base_url.port
        assert port is not None
        return port


@contextmanager
def serving(database: Path) -> Iterator[Served]:
    with TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lgsco", "serve", "--db", str(database), "--port", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        log: list[str] = []
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), url
            with httpx.Client(base_url=url, timeout=60) as client:
                yield Served(client, process, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            errors.seek(0)
            log.extend(errors.read().splitlines())
