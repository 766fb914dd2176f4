"""The server of the look-alike: its log, its faults, and a site that is down for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from lgsco.replica.corpus import seeds
from lgsco.replica.faults import Act, Fault, Reset, Respond
from lgsco.replica.messages import Request, Response
from lgsco.replica.server import Server


def test_log_has_each_request(client: httpx.Client, server: Server) -> None:
    client.get("/robots.txt", headers={"X-Probe": "Yes"})
    client.get("/nothing")
    first, second = server.log
    assert (first.method, first.target, first.status, first.headers["x-probe"]) == ("GET", "/robots.txt", 200, "Yes")
    assert second.status == 404 and second.port == first.port and second.received >= first.received
    assert abs(first.at - time.time()) < 60


def test_faults_can_answer_disconnect_and_wait(client: httpx.Client, server: Server) -> None:
    path = seeds()[0].address
    whole = client.get(path).content
    server.faults = lambda request: Respond(503, (("Retry-After", "7"),), b"away") if request.path == path else None
    assert (answer := client.get(path)).status_code == 503 and answer.headers["retry-after"] == "7"
    assert answer.content == b"away" and client.get("/robots.txt").status_code == 200
    assert server.log[-2].status == 503 and server.log[-2].port == server.log[-1].port
    for after in (0, 100, 5_000):
        fault = Reset(after)
        server.faults = lambda _, fault=fault: fault
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get(path)

    class Drip:
        """An example of a new fault."""

        def acts(self, request: Request, answer: object) -> Iterator[bytes | float | Act]:
            assert callable(answer)
            response: Response = answer()
            yield response.head
            for start in range(0, len(response.body), 20_000):
                yield 0.01
                yield response.body[start : start + 20_000]

    drip: Fault = Drip()
    server.faults = lambda _: drip
    assert client.get(path).content == whole
    server.faults = None
    assert client.get(path).content == whole


def test_refused_site_can_listen_again(client: httpx.Client, server: Server) -> None:
    assert client.get("/robots.txt").status_code == 200
    server.refuse()
    with pytest.raises(httpx.TransportError):
        client.get("/robots.txt")
    with pytest.raises(httpx.ConnectError):
        client.get("/robots.txt")
    server.listen()
    assert client.get("/robots.txt").status_code == 200
