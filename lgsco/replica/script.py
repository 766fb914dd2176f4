"""Defines scripts, which decide the fault that a request meets.

Each is a hook for `Server.faults`, alone or in a `Script`, in any thread.

server.faults = on("searchresults.*page=3$", unavailable(5), times=2)      # two tries fail, the third is answered
server.faults = Script(on("24-011-791", CHALLENGE), on("/decisions/", Stall(0.2), times=1, after=10))
server.faults = Script(on("robots", server_error(), times=1), Chance(7, 0.2, [Reset(), Truncate(), ERROR_PAGE]))
server.faults = Schedule((20, 30, unavailable()), (30, 35, Reset()))       # by the number of the request, from 0
server.faults = Schedule((start, start + 3600, Reset()), clock=time.time)  # away for an hour
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from itertools import count
from threading import Lock

from lgsco.replica.edits import DropCard, NoTotal, RepeatCard, Shift, WrongCharset, WrongTotal, WrongType
from lgsco.replica.faults import (
    Act,
    BodyReset,
    Drip,
    DripHead,
    Fault,
    Faults,
    GzipBomb,
    Huge,
    LongHead,
    Reset,
    Stall,
    Truncate,
    server_error,
    too_many_requests,
    unavailable,
)
from lgsco.replica.messages import Request
from lgsco.replica.site import Site
from lgsco.replica.walls import WALLS, AnotherReference, CookieNeeded, Redirect, RedirectLoop


class Rule:
    """One fault for the requests that match: skip the first `after` matches, then fail `times` times, or always."""

    def __init__(
        self, matches: Callable[[Request], object], fault: Fault, times: int | None = None, after: int = 0
    ) -> None:
        """Makes a rule with a function that matches requests; see `on` for the usual match."""
        self._matches = matches
        self._fault = fault
        self._times = times
        self._after = after
        self._lock = Lock()
        self.hits = 0
        """How many requests got the fault."""

    def __call__(self, request: Request) -> Fault | None:
        if not self._matches(request):
            return None
        with self._lock:
            if self._after:
                self._after -= 1
                return None
            if self.hits == self._times:
                return None
            self.hits += 1
            return self._fault


def on(target: str, fault: Fault, times: int | None = None, after: int = 0) -> Rule:
    """Makes a rule for requests with this pattern in path and query, in any case; `"."` matches all."""
    pattern = re.compile(target, re.IGNORECASE)
    return Rule(lambda request: pattern.search(request.target), fault, times, after)


class Script:
    """Rules in order: the first rule that has a fault for a request decides, and later rules are not called.

    So of two rules for the same requests, the first with `times`, one fault comes first and then the other.
    """

    def __init__(self, *rules: Faults) -> None:
        """Combines any hooks, including other scripts."""
        self._rules = rules

    def __call__(self, request: Request) -> Fault | None:
        return next((fault for rule in self._rules if (fault := rule(request)) is not None), None)


class Chance:
    """A random fault out of several, at a rate from 0 to 1.

    The same seed, rate and order of requests give the same faults.
    """

    def __init__(self, seed: int, rate: float, faults: Sequence[Fault], target: str = ".") -> None:
        """Draws faults for requests that match `target`, as in `on`. Other requests are answered and draw nothing."""
        self._random = random.Random(seed)
        self._rate = rate
        self._faults = list(faults)
        self._target = re.compile(target, re.IGNORECASE)
        self._lock = Lock()
        self.hits = 0
        """How many requests got a fault."""

    def __call__(self, request: Request) -> Fault | None:
        if not self._target.search(request.target):
            return None
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            self.hits += 1
            return self._random.choice(self._faults)


class Schedule:
    """Faults by time, each from an instant up to another, as (from, to, fault).

    For example, a site that is down for a while. The clock is any function with a rising result, such as seconds.
    Without one it is the number of the request, from 0.
    """

    def __init__(self, *spans: tuple[float, float, Fault], clock: Callable[[], float] | None = None) -> None:
        """Sets the spans. Where spans overlap, the first one applies."""
        self._spans = spans
        self._clock: Callable[[], float] = clock or count().__next__

    def __call__(self, request: Request) -> Fault | None:
        now = self._clock()
        return next((fault for start, end, fault in self._spans if start <= now < end), None)


ENCODINGS: dict[str, Fault] = {
    "wrong charset": WrongCharset(),
    "utf-16": WrongCharset("utf-16"),
    "no charset": WrongCharset(None),
    "cp1252": WrongCharset("utf-8", "cp1252"),
    "utf-32": WrongCharset("utf-8", "utf-32"),
}
"""Pages with a wrong or missing charset declaration, by name."""


def catalogue(site: Site, *, wait: float = 0.05) -> dict[str, Fault]:
    """Returns one fault of every kind by name, for `Chance` or a loop over all. Slow faults wait `wait` seconds."""
    return {
        "429": too_many_requests(1),
        "500": server_error(),
        "503": unavailable(1),
        "reset": Reset(),
        "reset in mid-body": BodyReset(),
        "stall": Stall(wait),
        "stall, then close": Stall(wait, Act.CLOSE),
        "stall in mid-answer": Stall(wait, sent=2_000),
        "drip": Drip(4_096, wait / 10),
        "drip of the head": DripHead(16, wait / 10),
        "truncated": Truncate(),
        "truncated, length fitted": Truncate(length="fitted"),
        "truncated, no length": Truncate(length="none"),
        "gzip bomb": GzipBomb(),
        "huge": Huge(),
        "long head": LongHead(),
        "wrong type": WrongType(),
        **ENCODINGS,
        "another host": Redirect("https://elsewhere.example/"),
        "redirect home": Redirect("/"),
        "redirect loop": RedirectLoop(),
        "redirect round": RedirectLoop(2),
        **WALLS,
        "cookie needed": CookieNeeded(),
        "cookie needed, redirect": CookieNeeded(None),
        "another reference": AnotherReference(site),
        "card dropped": DropCard(),
        "card repeated": RepeatCard(),
        "card over another": RepeatCard(0, -1),
        "shifted on": Shift(site, 1),
        "shifted back": Shift(site, -1),
        "wrong total": WrongTotal(1),
        "no total": NoTotal(),
    }
