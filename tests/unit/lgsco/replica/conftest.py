"""A small look-alike site, its server, and a client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from lgsco.replica.corpus import generate, seeds
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from support.sockets import LONG


@pytest.fixture(scope="module")
def site() -> Site:
    """The seeds and 30 short decisions: four listing pages, the last with five cards."""
    return Site([*seeds(), *generate(30, seed=5, first=date(2019, 1, 1), last=date(2025, 12, 31), body=False)])


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    with serve(site) as served:
        yield served
        assert not served.errors


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=LONG) as opened:
        yield opened
