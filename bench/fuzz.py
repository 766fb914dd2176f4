"""Fuzzing: damaged and invented input for everything that reads it, and whether time grows with size alone.

Every input follows from the seed, the reader's name and its own number: `given(reader, seed, number)` is the one that
failed. Each reader has a process of its own, so that one that dies is told like any other failure.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import monotonic, process_time
from typing import Any

from bench.figures import Figure
from bench.readers import READERS, Reader
from storage.errors import LgscoError

_LONGEST = 300_000
"""Bytes of one input at most."""
_PATIENCE = 2.0
"""Seconds of one input, after which it is called endless."""
_GROWTH_SECONDS = 0.06
"""An input that takes as long is large enough to tell how time grows."""
_GROWTH_LEAST = 0.02
"""Times below this tell nothing."""
_GROWTH_SIZES = (4_000, 16_000, 64_000, 256_000, 1_024_000)
_STEEP = 1.5
"""Growth by more than this power of the size is told for each kind of input."""

# ---------------------------------------------------------------- inputs

Mutation = Callable[[Random, bytes, Reader], bytes]


def given(reader: Reader, seed: int, number: int) -> bytes:
    """An input: in one of eight a heap of tokens, else a sample that was damaged a few times."""
    chance = Random(f"{seed}/{reader.name}/{number}")
    if not number % 8:
        return b"".join(chance.choices(reader.tokens, k=chance.randint(0, 60)))
    body = chance.choice(reader.samples())
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 12))):
        body = chance.choice(_MUTATIONS)(chance, body, reader)[:_LONGEST]
    return body


def _span(chance: Random, body: bytes, most: int = 400) -> tuple[int, int]:
    start = chance.randint(0, len(body))
    return start, min(len(body), start + chance.randint(0, most))


def _insert(chance: Random, body: bytes, reader: Reader) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(reader.tokens) + body[at:]


def _replace(chance: Random, body: bytes, reader: Reader) -> bytes:
    start, end = _span(chance, body, 40)
    return body[:start] + chance.choice(reader.tokens) + body[end:]


def _delete(chance: Random, body: bytes, _reader: Reader) -> bytes:
    start, end = _span(chance, body)
    return body[:start] + body[end:]


def _repeat(chance: Random, body: bytes, _reader: Reader) -> bytes:
    start, end = _span(chance, body, 60)
    return body[:end] + body[start:end] * chance.choice((1, 2, 40, 1_000)) + body[end:]


def _move(chance: Random, body: bytes, _reader: Reader) -> bytes:
    start, end = _span(chance, body)
    rest = body[:start] + body[end:]
    at = chance.randint(0, len(rest))
    return rest[:at] + body[start:end] + rest[at:]


def _splice(chance: Random, body: bytes, reader: Reader) -> bytes:
    other = chance.choice(reader.samples())
    start, end = _span(chance, other, 4_000)
    at = chance.randint(0, len(body))
    return body[:at] + other[start:end] + body[at:]


def _cut(chance: Random, body: bytes, _reader: Reader) -> bytes:
    return body[: chance.randint(0, len(body))]


def _flip(chance: Random, body: bytes, _reader: Reader) -> bytes:
    if not body:
        return body
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << chance.randrange(8)]) + body[at + 1 :]


def _junk(chance: Random, body: bytes, _reader: Reader) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.randbytes(chance.randint(1, 8)) + body[at:]


_MUTATIONS: Sequence[Mutation] = (_insert, _insert, _replace, _delete, _repeat, _move, _splice, _cut, _flip, _junk)

# ---------------------------------------------------------------- trying them


@dataclass(slots=True)
class Tried:
    """What came of one reader's inputs."""

    inputs: int = 0
    read: int = 0
    """Those that gave a value."""
    failures: dict[str, list[int]] = field(default_factory=dict)
    """By what went wrong and where: the numbers of the inputs."""
    slowest: float = 0.0
    """Seconds."""
    growth: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By the kind of input: the power of its size that time grows with, and the seconds of the largest."""

    @property
    def failed(self) -> int:
        return sum(map(len, self.failures.values()))


def attempt(reader: Reader, body: bytes, number: int, tried: Tried) -> None:
    """Gives a reader one input."""
    tried.inputs += 1
    began = process_time()
    try:
        tried.read += bool(reader.read(body))
    except LgscoError:
        pass
    except (Exception, _Endless) as error:
        tried.failures.setdefault(_where(error), []).append(number)
    tried.slowest = max(tried.slowest, process_time() - began)


def _where(error: BaseException) -> str:
    """What went wrong, and the last line of ours that it went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = str(error)[:120] if isinstance(error, AssertionError | _Endless) else ""
    return f"{type(error).__name__}{said and ': '}{said}{at}"


class _Endless(BaseException):
    """An input took too long; no reader catches this."""


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _endless(*_: object) -> None:
    raise _Endless(f"more than {_PATIENCE:g} seconds")


def _grow(reader: Reader, tried: Tried) -> None:
    """Times inputs that are hard on a reader, each four times as long as the one before."""
    for name, grown in reader.growing.items():
        times: list[tuple[int, float]] = []
        for size in _GROWTH_SIZES:
            body = grown(size)
            began = process_time()
            try:
                with _patience(_PATIENCE), suppress(LgscoError):
                    reader.read(body)
            except _Endless:
                times.append((len(body), math.inf))
                break
            except Exception as error:
                tried.failures.setdefault(f"{_where(error)}, on {name}", []).append(-size)
            times.append((len(body), process_time() - began))
            if times[-1][1] >= _GROWTH_SECONDS:
                break
        tried.growth[name] = _power(times), times[-1][1]


def _power(times: Sequence[tuple[int, float]]) -> float:
    """The power of the size by which the last two times grew."""
    if times[-1][1] < _GROWTH_LEAST or len(times) == 1:
        return 0.0 if math.isfinite(times[-1][1]) else math.inf
    (less, before), (more, after) = times[-2:]
    return math.log(after / max(before, 1e-4)) / math.log(more / less)


def _work(place: int, seed: int, seconds: float, number: Any, answer: Connection) -> None:
    """One reader's whole part, in a process of its own. `number` says which input is in hand."""
    began = monotonic()
    signal.signal(signal.SIGALRM, _endless)
    reader, tried = READERS[place], Tried()
    reader.samples()
    _grow(reader, tried)
    until = max(began + seconds, monotonic() + seconds / 4)
    while monotonic() < until:
        with suppress(_Endless), _patience(_PATIENCE):
            attempt(reader, given(reader, seed, number.value), number.value, tried)
        number.value += 1
    answer.send(tried)


def _tried(place: int, seed: int, seconds: float) -> Tried:
    context = multiprocessing.get_context("spawn")
    number = context.Value("q", 0)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(place, seed, seconds, number, theirs))
    process.start()
    theirs.close()
    try:
        found: Tried = ours.recv()
    except EOFError:
        process.join()
        found = Tried(inputs=number.value + 1, failures={f"it died ({process.exitcode})": [number.value]})
    process.join()
    return found


# ---------------------------------------------------------------- what came of it


def measure(seconds: float = 60.0, seed: int = 1) -> list[Figure]:
    """So many seconds of it, shared by all readers. Failed: neither a value that keeps the laws of `bench.readers`
    nor an error of ours, or no end. Time that grows by more than a power of 1.5 of an input's size is told too."""
    figures: list[Figure] = []
    for place, reader in enumerate(READERS):
        tried = _tried(place, seed, seconds / len(READERS))
        for what, numbers in tried.failures.items():
            print(f"{reader.name}, seed {seed}: {what}, {len(numbers)} times, first input {numbers[0]}", flush=True)
        figures += [
            Figure(f"{reader.name}: failed", (tried.failed,), "", target=0, bound="at most"),
            Figure(f"{reader.name}: inputs tried", (tried.inputs,), ""),
            Figure(f"{reader.name}: of them read", (100 * tried.read / max(1, tried.inputs),), "%"),
            Figure(f"{reader.name}: slowest", (1000 * tried.slowest,), "ms"),
        ]
        for name, (power, longest) in tried.growth.items():
            if power > _STEEP:
                figures.append(Figure(f"{reader.name}: growth on {name} ({_duration(longest)})", (power,), "power"))
    return figures


def _duration(seconds: float) -> str:
    return f"over {_PATIENCE:g} s" if math.isinf(seconds) else f"{seconds * 1000:.0f} ms"
