"""Fuzzes every parser of foreign input with damaged and generated input, and checks that time grows only with size.

Each input follows from the seed, the reader's name and its own number, so `given(reader, seed, number)` makes the one
that failed again. Each reader runs in a process with limited memory, so that a crash, or a hang that nothing can
interrupt, is reported like any other failure.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
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
"""Most bytes of one input."""
_PATIENCE = 2.0
"""CPU seconds for one input, after which it counts as endless."""
_GROWTH_PATIENCE = 10.0
"""The same for inputs made to be hard and as large as a reader accepts."""
_GIVEN_UP = 60.0
"""Seconds beyond all of these, after which a reader that cannot be interrupted is killed."""
_ROOM = 1_500_000_000
"""Address space of a reader, in bytes."""
_MOST_MEGABYTES = 500
"""Most memory of a reader."""
_GROWTH_SECONDS = 0.06
"""An input that takes this long is large enough to measure growth."""
_GROWTH_LEAST = 0.02
"""Shorter times are not used."""
_GROWTH_SIZES = (4_000, 16_000, 64_000, 256_000, 1_024_000, 2_000_000, 4_000_000)
"""Bytes. The last size is more than a page or a document may have."""
_STEEP = 1.5
"""Growth by more than this power of the size is reported for each kind of input."""

# ---------------------------------------------------------------- inputs

Mutation = Callable[[Random, bytes, Reader], bytes]


def given(reader: Reader, seed: int, number: int) -> bytes:
    """Makes an input: one in eight is a pile of tokens, the others are samples damaged a few times."""
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
    """The results of one reader's inputs."""

    inputs: int = 0
    read: int = 0
    """Inputs that gave a value."""
    failures: dict[str, list[int]] = field(default_factory=dict)
    """Numbers of the inputs, by error and place."""
    slowest: float = 0.0
    """Seconds of the slowest input."""
    hardest: float = 0.0
    """Seconds of the slowest input among those made to be hard."""
    megabytes: float = 0.0
    """Peak memory."""
    growth: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By kind of input: the power of the size that the time grows with, and the seconds of the largest."""

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
    """Describes an error by its type and the last line of our code in its traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    message = str(error)[:120] if isinstance(error, AssertionError | _Endless) else ""
    return f"{type(error).__name__}{message and ': '}{message}{at}"


class _Endless(BaseException):
    """An input took too long. No reader catches this."""


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    def endless(*_: object) -> None:
        raise _Endless(f"more than {seconds:g} seconds")

    signal.signal(signal.SIGPROF, endless)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _grow(reader: Reader, number: Any, tried: Tried) -> None:
    """Times inputs that are hard for a reader, each several times as long as the one before."""
    for place, (name, grown) in enumerate(reader.growing.items()):
        number.value = -1 - place
        times: list[tuple[int, float]] = []
        for size in _GROWTH_SIZES:
            body = grown(size)
            began = process_time()
            try:
                with _patience(_GROWTH_PATIENCE), suppress(LgscoError):
                    reader.read(body)
            except (Exception, _Endless) as error:
                tried.failures.setdefault(f"{_where(error)}, on {name}", []).append(-size)
            times.append((len(body), process_time() - began))
            if times[-1][1] > _GROWTH_PATIENCE:
                break
        tried.hardest = max(tried.hardest, *(seconds for _, seconds in times))
        tried.growth[name] = _power(times)


def _power(times: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Returns the power of the size by which the times grew, up to the first one that is long enough, and that time."""
    long_enough = next(
        (place for place, (_, seconds) in enumerate(times) if seconds >= _GROWTH_SECONDS), len(times) - 1
    )
    more, after = times[long_enough]
    less, before = times[max(0, long_enough - 1)]
    if after < _GROWTH_LEAST or more == less:  # some inputs do not get longer than a limit
        return 0.0, after
    return math.log(after / max(before, 1e-4)) / math.log(more / less), after


def _megabytes() -> float:
    """Returns the peak memory of this process, if the kernel reports it, without what it inherited at its start."""
    status = Path("/proc/self/status")
    return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024 if status.exists() else 0.0


def _work(place: int, seed: int, seconds: float, number: Any, answer: Connection) -> None:
    """Runs one reader's part in a process of its own.

    `number` has the number of the current input; negative for those made to be hard.
    """
    began = monotonic()
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))
    reader, tried = READERS[place], Tried()
    reader.samples()
    _grow(reader, number, tried)
    number.value = 0
    until = max(began + seconds, monotonic() + seconds / 4)
    while monotonic() < until:
        with suppress(_Endless), _patience(_PATIENCE):
            attempt(reader, given(reader, seed, number.value), number.value, tried)
        number.value += 1
    tried.megabytes = _megabytes()
    answer.send(tried)


def _tried(place: int, seed: int, seconds: float) -> Tried:
    context = multiprocessing.get_context("spawn")
    number = context.Value("q", 0)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(place, seed, seconds, number, theirs))
    process.start()
    theirs.close()
    growing = list(READERS[place].growing)
    try:
        if ours.poll(2 * seconds + len(growing) * _GROWTH_PATIENCE + _GIVEN_UP):
            found: Tried = ours.recv()
            process.join()
            return found
        what = "nothing could interrupt it"
        process.kill()
        process.join()
    except EOFError:
        process.join()
        what = f"it died ({process.exitcode})"
    if number.value < 0:
        return Tried(failures={f"{what}, on {growing[-1 - number.value]}": [number.value]})
    return Tried(inputs=number.value + 1, failures={what: [number.value]})


# ---------------------------------------------------------------- results


def measure(seconds: float = 60.0, seed: int = 1) -> list[Figure]:
    """Fuzzes all readers for that many seconds in total.

    Failures are a value that breaks the laws of `bench.readers`, an error that is not one of ours, a hang, or too much
    memory. Growth by more than a power of 1.5 of the size is reported too.
    """
    figures: list[Figure] = []
    shares = sum(reader.share for reader in READERS)
    for place, reader in enumerate(READERS):
        tried = _tried(place, seed, seconds * reader.share / shares)
        for what, numbers in tried.failures.items():
            print(f"{reader.name}, seed {seed}: {what}, {len(numbers)} times, first input {numbers[0]}", flush=True)
        figures += [
            Figure(f"{reader.name}: failed", (tried.failed,), "", target=0, bound="at most"),
            Figure(f"{reader.name}: inputs tried", (tried.inputs,), ""),
            Figure(f"{reader.name}: inputs with a value", (100 * tried.read / max(1, tried.inputs),), "%"),
            Figure(f"{reader.name}: slowest", (1000 * tried.slowest,), "ms"),
            Figure(f"{reader.name}: slowest hard input", (1000 * tried.hardest,), "ms"),
            Figure(f"{reader.name}: memory", (tried.megabytes,), "MB", target=_MOST_MEGABYTES, bound="at most"),
        ]
        for name, (power, longest) in tried.growth.items():
            if power > _STEEP:
                figures.append(Figure(f"{reader.name}: growth on {name} ({longest * 1000:.0f} ms)", (power,), "power"))
    return figures
