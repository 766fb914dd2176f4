"""How `Client.fetch` handles responses, over loopback; the politeness and fault scenarios run whole tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.clock import Clock, Stop
from ingest.config import Config, Fetch, load
from ingest.errors import Blocked, Denied, Elsewhere, FetchError, Gone, Refused, Unreachable
from ingest.fetching.client import Client
from ingest.fetching.throttle import Throttle
from lgsco.replica.faults import Fault, Reset, Respond
from lgsco.replica.messages import Request
from lgsco.replica.server import Server, serve
from lgsco.replica.site import Site
from lgsco.replica.walls import Redirect
from storage import runs
from storage.database import atomic, reading
from storage.model import Validators
from storage.writer import writing

PAGE = "/decisions/a/b/26-000-001"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Site()) as server:
        yield server


@contextmanager
def open_client(server: Server, folder: Path, tries: int = 1) -> Iterator[Client]:
    config: Config = load(None, {}, {"--site": ("site.base_url", server.url)})
    config = replace(config, fetch=Fetch(pace=0, tries=tries, retry_wait=0))
    clock, stop = Clock(sleep=lambda _seconds, _stop: None, random=random.Random(1)), Stop()
    with writing(folder / "lgsco.db") as db:
        run = runs.begin_run(db, "sync", {}, clock.stamp())
        throttle = Throttle(db, run, config.fetch, clock, stop, on_request=lambda: None)
        with Client(db, config, clock, stop, throttle) as client:
            yield client
        with atomic(db):
            throttle.save()


def journalled(folder: Path, columns: str) -> list[tuple[object, ...]]:
    with reading(folder / "lgsco.db") as db:
        return db.execute(f"SELECT {columns} FROM requests ORDER BY id").fetchall()


def answer_with(server: Server, *faults: Fault) -> None:
    """Answers each page request with the next of these; robots.txt is the site's own."""
    left = list(faults)

    def find(request: Request) -> Fault | None:
        return left.pop(0) if request.path.startswith("/decisions/") and left else None

    server.faults = find


def targets(server: Server) -> list[str]:
    return [entry.target for entry in server.log]


def test_a_page_is_returned_with_its_charset_and_validators(server: Server, tmp_path: Path) -> None:
    answer_with(server, Respond(200, (("Content-Type", 'text/html; Charset="latin-1"'), ("ETag", '"7"')), b"caf\xe9"))
    with open_client(server, tmp_path) as client:
        answer = client.fetch(PAGE)
    assert (answer.target, answer.body, answer.charset) == (PAGE, b"caf\xe9", "latin-1")
    assert (answer.validators, answer.unchanged) == (Validators('"7"', None), False)
    assert answer.address == f"{server.url}{PAGE}"
    assert targets(server) == ["/robots.txt", PAGE]


def test_a_304_counts_only_for_a_conditional_request(server: Server, tmp_path: Path) -> None:
    with open_client(server, tmp_path) as client:
        answer_with(server, Respond(304))
        assert client.fetch(PAGE, Validators('"7"', None)).unchanged
        answer_with(server, Respond(304))
        with pytest.raises(Refused, match="answers 304"):
            client.fetch(PAGE)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, Gone),
        (410, Gone),
        (401, Denied),
        (403, Denied),
        (407, Denied),
        (451, Denied),
        (400, Refused),
        (500, Refused),
    ],
)
def test_the_status_decides_the_error(server: Server, tmp_path: Path, status: int, error: type[FetchError]) -> None:
    answer_with(server, Respond(status))
    with open_client(server, tmp_path) as client, pytest.raises(error) as raised:
        client.fetch(PAGE)
    assert raised.value.status == status


def test_a_redirect_within_the_site_is_followed(server: Server, tmp_path: Path) -> None:
    answer_with(server, Redirect("/decisions/moved"), Respond(200, (), b"here"))
    with open_client(server, tmp_path) as client:
        answer = client.fetch(PAGE)
    assert (answer.target, answer.address, answer.body) == (PAGE, f"{server.url}/decisions/moved", b"here")
    assert targets(server) == ["/robots.txt", PAGE, "/decisions/moved"]


def test_the_fourth_redirect_is_not_followed(server: Server, tmp_path: Path) -> None:
    answer_with(server, *(Redirect(f"/decisions/{number}") for number in range(1, 9)))
    with open_client(server, tmp_path) as client, pytest.raises(Refused, match="redirected more than 3 times"):
        client.fetch(PAGE)
    assert targets(server)[1:] == [PAGE, *(f"/decisions/{number}" for number in range(1, 4))]


def test_a_redirect_to_another_host_makes_no_request_there(server: Server, tmp_path: Path) -> None:
    answer_with(server, Redirect("https://other.example/"))
    with open_client(server, tmp_path) as client, pytest.raises(Elsewhere, match=r"redirected to other\.example"):
        client.fetch(PAGE)


def test_a_failed_try_is_followed_by_another_and_both_are_journalled(server: Server, tmp_path: Path) -> None:
    answer_with(server, Reset(), Respond(500), Respond(200, (), b"here"))
    with open_client(server, tmp_path, tries=3) as client:
        assert client.fetch(PAGE).body == b"here"
    assert targets(server) == ["/robots.txt", PAGE, PAGE, PAGE]
    assert journalled(tmp_path, "target, attempt, status, received") == [
        *(("/robots.txt", 1, 200, len(server.site.robots)), (PAGE, 1, None, 0)),
        *((PAGE, 1, 500, 0), (PAGE, 2, 200, 4)),
    ], "a request that met a closed connection is repeated within its try"


def test_the_last_failure_is_raised(server: Server, tmp_path: Path) -> None:
    answer_with(server, Respond(500), Reset(), Reset())
    with open_client(server, tmp_path, tries=2) as client, pytest.raises(Unreachable):
        client.fetch(PAGE)


def test_a_robots_that_cannot_be_decoded_blocks_the_run_and_is_journalled_as_such(
    server: Server, tmp_path: Path
) -> None:
    server.faults = lambda _request: Respond(200, (("Content-Type", "text/plain"),), b"\x00\x01\x02\xff" * 50)
    with (
        open_client(server, tmp_path) as client,
        pytest.raises(Blocked, match="not text in any known encoding"),
    ):
        client.fetch(PAGE)
    ((target, status, error),) = journalled(tmp_path, "target, status, error")
    assert (target, status) == ("/robots.txt", 200)
    assert "not text in any known encoding" in str(error)
    assert targets(server) == ["/robots.txt"]
