"""Limits on what runs at once, and clients that leave, wait or receive slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from lgsco.web import gate as limits
from lgsco.web.gate import VISIT, BrokenOff, Gate, Lane, Message, Overloaded, Visit, find_lane

SCOPE: Message = {"type": "http"}


@pytest.mark.parametrize(
    ("path", "query", "lane"),
    [
        *(("/", "", "pages"), ("/lgsco", "", "pages"), ("/lgsco/decisions", "", "pages")),
        *(("/lgsco/decisions", "_size=20&_next=x", "pages"), ("/lgsco/decisions/25+000+001", "", "pages")),
        *(("/lgsco/search", "query=council", "pages"), ("/lgsco/decisions.json", "_shape=array", "pages")),
        *(("/lgsco", "sql=select+1", "open"), ("/lgsco.json", "sql=select+1&_shape=array", "open")),
        *(("/lgsco/decisions", "_where=1", "open"), ("/lgsco/decisions", "_facet=text", "open")),
        *(("/lgsco/decisions", "text__contains=x", "open"), ("/lgsco/decisions", "_search=x", "open")),
        *(("/lgsco/decisions", "_sort=text", "open"), ("/lgsco/decisions.csv", "", "open")),
        *(("/lgsco/decisions.json", "_stream=on", "open"), ("/lgsco/decisions", "_size=1&_through={}", "open")),
    ],
)
def test_addresses_where_the_visitor_chooses_the_work_have_their_own_lane(path: str, query: str, lane: Lane) -> None:
    assert find_lane(path, query) == lane


class Client:
    """A client that stays until the test lets it leave, and records the messages."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.messages: list[Message] = []
        self.blocks = False

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.blocks:
            await asyncio.Event().wait()
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)


def application(work: Callable[[Visit], Awaitable[bytes]]) -> limits.Application:
    async def run(_scope: Message, _receive: limits.Receive, send: limits.Send) -> None:
        visit = VISIT.get()
        assert visit is not None
        body = await work(visit)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return run


def play(scene: Callable[[Gate], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with asyncio.timeout(20):
            return await scene(Gate())

    return asyncio.run(run())


async def say_hello(_visit: Visit) -> bytes:
    return b"hello"


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_answer_is_sent_unchanged_in_small_parts() -> None:
    async def scene(gate: Gate) -> None:
        client = Client()
        body = bytes(range(256)) * 1_000

        async def work(_visit: Visit) -> bytes:
            return body

        await gate.answer(application(work), SCOPE, client.receive, client.send, "pages")
        assert client.body == body
        assert max(len(one.get("body", b"")) for one in client.messages) <= 65_536
        assert [one.get("more_body", False) for one in client.messages[1:]] == [True] * (len(client.messages) - 2) + [
            False
        ]

    play(scene)


def test_work_ends_when_the_client_leaves() -> None:
    async def scene(gate: Gate) -> None:
        seen: list[Visit] = []
        ended = asyncio.Event()

        async def work(visit: Visit) -> bytes:
            seen.append(visit)
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return b""

        client = Client()
        asked = asyncio.ensure_future(gate.answer(application(work), SCOPE, client.receive, client.send, "open"))
        await settle()
        assert not seen[0].gone
        client.left.set()
        await asked
        assert ended.is_set()
        assert [visit.gone for visit in seen] == [True]
        assert client.messages == []
        late = Client()
        await gate.answer(application(say_hello), SCOPE, late.receive, late.send, "open")
        assert late.body == b"hello", "its turn was released"

    play(scene)


@pytest.mark.parametrize("lane", ["pages", "open"])
def test_only_so_many_requests_of_a_lane_run_at_once_and_the_other_lane_goes_on(lane: Lane) -> None:
    async def scene(gate: Gate) -> None:
        running = 0
        most = 0
        go = asyncio.Event()

        async def work(_visit: Visit) -> bytes:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await go.wait()
            running -= 1
            return b""

        clients = [Client() for _ in range(20)]
        asked = [
            asyncio.ensure_future(gate.answer(application(work), SCOPE, one.receive, one.send, lane)) for one in clients
        ]
        await settle()
        assert running == limits.PAGES_AT_ONCE[lane]
        other: Lane = "open" if lane == "pages" else "pages"
        quick = Client()
        await gate.answer(application(say_hello), SCOPE, quick.receive, quick.send, other)
        assert quick.body == b"hello"
        go.set()
        await asyncio.gather(*asked)
        assert most == limits.PAGES_AT_ONCE[lane]
        assert [one for one in clients if len(one.messages) != 2] == []

    play(scene)


def test_a_request_is_refused_when_too_many_wait_or_it_waited_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.WAITING_MOST, "open", 2)

    async def scene(gate: Gate) -> None:
        async def work(_visit: Visit) -> bytes:
            await asyncio.Event().wait()
            return b""

        clients = [Client() for _ in range(limits.PAGES_AT_ONCE["open"] + 2)]
        asked = [
            asyncio.ensure_future(gate.answer(application(work), SCOPE, one.receive, one.send, "open"))
            for one in clients
        ]
        await settle()
        late = Client()
        with pytest.raises(Overloaded, match="try again"):
            await gate.answer(application(work), SCOPE, late.receive, late.send, "open")
        assert late.messages == []
        clients[-1].left.set()
        await asked[-1]
        monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
        with pytest.raises(Overloaded):
            await gate.answer(application(work), SCOPE, late.receive, late.send, "open")
        for one in clients:
            one.left.set()
        await asyncio.gather(*asked)

    play(scene)


@pytest.mark.parametrize(("kind", "most"), [("large", limits.LARGE_AT_ONCE), ("streams", limits.STREAMS_AT_ONCE)])
def test_only_so_many_large_answers_and_downloads_run_at_once(kind: str, most: int) -> None:
    async def scene(gate: Gate) -> None:
        running = 0
        seen = 0
        go = asyncio.Event()

        async def work(visit: Visit) -> bytes:
            nonlocal running, seen
            wait = gate.wait_for_large if kind == "large" else gate.wait_for_stream
            await wait(visit)
            await wait(visit)  # a second large query of the same page needs no second turn
            running += 1
            seen = max(seen, running)
            await go.wait()
            running -= 1
            return b""

        clients = [Client() for _ in range(5)]
        asked = [
            asyncio.ensure_future(gate.answer(application(work), SCOPE, one.receive, one.send, "pages"))
            for one in clients
        ]
        await settle()
        assert running == most
        go.set()
        await asyncio.gather(*asked)
        assert seen == most

    play(scene)


def test_an_answer_that_a_client_does_not_receive_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.01)

    async def scene(gate: Gate) -> None:
        client = Client()
        client.blocks = True
        with pytest.raises(BrokenOff):
            await gate.answer(application(say_hello), SCOPE, client.receive, client.send, "pages")

    play(scene)


def test_a_download_may_take_longer_than_a_page_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEND_SECONDS", 0.0)
    monkeypatch.setattr(limits, "STREAM_SECONDS", 0.02)

    async def scene(gate: Gate) -> None:
        async def work(visit: Visit) -> bytes:
            await gate.wait_for_stream(visit)
            return b"x"

        quick, slow = Client(), Client()
        await gate.answer(application(work), SCOPE, quick.receive, quick.send, "open")
        assert quick.body == b"x"
        slow.blocks = True
        with pytest.raises(BrokenOff):
            await gate.answer(application(work), SCOPE, slow.receive, slow.send, "open")

    play(scene)
