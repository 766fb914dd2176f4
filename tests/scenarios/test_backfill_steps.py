"""From a backfill's range to the stored row: the steps in the docstring of `ingest.tasks.backfill`, and no others."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

import ingest.tasks.backfill
from ingest.clock import Stop
from ingest.run import Backfill
from lgsco.replica.corpus import generate
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World

WATCHED = ("ingest.tasks.", "ingest.crawling.", "ingest.recording.")
SET_UP = {"ingest.tasks.crawl", "ingest.tasks.outcome", "ingest.tasks.intent"}
"""Modules that build the crawl and record its range before the backfill, and judge it after."""
PURE = {
    "ingest.crawling.windows",
    "ingest.crawling.asked_for",
    "ingest.crawling.double_cards",
    *(f"ingest.recording.{name}" for name in ("chapters", "compare", "failures", "outside_blocks", "text_likeness")),
}


MAY_HAVE_MORE = {"ingest.recording.pipeline": 3, "ingest.recording.record": 4}
"""How many functions of a module others may call, if more than two.

pipeline: stored pages are recorded first, and held-back texts are settled last. record: texts are held back between
comparing and storing, so both are called.
"""


class Call(NamedTuple):
    """A call from one module into another."""

    caller: str
    module: str
    function: str

    def __str__(self) -> str:
        caller, module = (name.rpartition(".")[2] for name in (self.caller, self.module))
        return f"{caller} -> {module}.{self.function}"


@contextmanager
def traced() -> Iterator[list[Call]]:
    """Records the calls into watched modules from others, in order; those of a generator each time it resumes."""
    calls: list[Call] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or frame.f_back is None:
            return
        module, caller = frame.f_globals.get("__name__", ""), frame.f_back.f_globals.get("__name__", "")
        if module != caller and module.startswith(WATCHED) and not is_of_plain_data(frame):
            calls.append(Call(caller, module, frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def is_of_plain_data(frame: FrameType) -> bool:
    """Whether a call makes an object, or reads a property of a plain one."""
    owner = frame.f_globals.get(frame.f_code.co_qualname.partition(".")[0])
    return frame.f_code.co_name in ("__init__", "<genexpr>") or dataclasses.is_dataclass(owner)


@pytest.fixture
def calls(tmp_path: Path, time: Time) -> list[Call]:
    """The calls of a backfill of a site with one decision, from its start."""
    site = Site(generate(1, seed=3, first=date(2026, 5, 1), last=date(2026, 5, 2)), today=TODAY)
    with serve(site) as server:
        world = World(site, server, tmp_path / "lgsco.db", time, Stop())
        with traced() as calls:
            outcome = world.run(Backfill())
    assert outcome.state == "complete"
    assert world.ask("SELECT count(*) FROM decisions") == [1]
    names = [call.module for call in calls]
    return calls[names.index("ingest.tasks.backfill") + 1 :]


def test_the_steps_from_a_range_to_a_row_are_the_steps_of_the_docstring(calls: list[Call]) -> None:
    documented = re.findall(r"^\d+\. (\w+ -> \w+\.\w+): ", ingest.tasks.backfill.__doc__ or "", re.MULTILINE)
    assert 5 < len(documented) <= 14
    names = [str(call) for call in calls]
    places = [names.index(step) for step in documented]
    assert places == sorted(places), "the steps happen in another order"
    between = {
        str(call).rpartition(".")[0]
        for call in calls
        if call.caller.startswith(WATCHED) and not {call.caller, call.module} & (SET_UP | PURE)
    }
    assert between == {step.rpartition(".")[0] for step in documented}


def test_no_module_is_entered_through_more_than_two_functions(calls: list[Call]) -> None:
    entries: dict[str, set[str]] = {}
    for call in calls:
        if call.caller != "contextlib":
            entries.setdefault(call.module, set()).add(call.function)
    for arithmetic_with_dates in ("ingest.crawling.windows", "ingest.crawling.asked_for"):
        del entries[arithmetic_with_dates]
    del entries["ingest.tasks.intent"]  # the begin and end of the range
    more = {module: len(names) for module, names in entries.items() if len(names) > 2}
    assert {module: count for module, count in more.items() if count > MAY_HAVE_MORE.get(module, 2)} == {}
    assert len(entries) > 8


def test_no_module_is_entered_again_from_a_module_that_it_calls(calls: list[Call]) -> None:
    below: dict[str, set[str]] = {}
    for call in calls:
        if call.caller.startswith(WATCHED):
            below.setdefault(call.caller, set()).add(call.module)
    reached = {module: set(direct) for module, direct in below.items()}
    for _ in reached:
        for module, modules in reached.items():
            reached[module] = modules.union(*(reached.get(one, set()) for one in modules))
    assert [module for module, modules in reached.items() if module in modules] == []
