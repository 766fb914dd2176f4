"""Calls the parser of a checkout: this one's, or another's in processes that import it instead of this one's."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import NamedTuple

Bodies = tuple[tuple[bytes, str], ...]
"""Pages of decisions of one page each, with the requested reference."""
Read = Callable[[Sequence[bytes], str | None], "Outcome"]
_MODULES = (("ingest.lgo.page", "ingest.lgo.text_format"), ("ingest.page", "ingest.text"))
"""The modules of `read` and `render`, now and before the packages were split."""
HERE = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    """The parser's result for the pages of a decision: its text, or why it refused them."""

    text: str | None
    error: str = ""


def load(checkout: Path = HERE) -> Read:
    """Loads the parser of a checkout. A process can load only one, before it imports `ingest`."""
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    for page, text_format in _MODULES:
        try:
            module, render = import_module(page), import_module(text_format).render
        except ModuleNotFoundError as error:
            if error.name != page and not page.startswith(f"{error.name}."):
                raise
            continue
        assert Path(str(module.__file__)).is_relative_to(checkout), f"{module.__file__} is not in {checkout}"
        refusal = import_module("ingest.errors").ReadError
        parse_page = getattr(module, "parse_page", None) or module.read  # older checkouts: `read`
        parse_chapters = getattr(module, "parse_chapters", None) or module.read_chapters
        return _reader(parse_page, parse_chapters, render, refusal)
    raise SystemExit(f"{checkout} holds no reader that is known here")


def _reader(
    read: Callable[..., object],
    read_chapters: Callable[..., object],
    render: Callable[[object], str],
    refusal: type[Exception],
) -> Read:
    def outcome(pages: Sequence[bytes], reference: str | None) -> Outcome:
        try:
            if len(pages) == 1:
                return Outcome(render(read(pages[0], reference=reference)))
            return Outcome(render(read_chapters(list(pages), reference=reference)))
        except refusal as error:
            return Outcome(None, f"{type(error).__name__}: {error}")
        except Exception as error:  # a crash is a result to be counted too
            return Outcome(None, f"crash, {type(error).__name__}: {error}")

    return outcome


_loaded: list[Read] = []


def _load_here(checkout: Path) -> None:
    _loaded.append(load(checkout))


def loaded() -> Read:
    """Returns the parser of the checkout that this pool was made for."""
    return _loaded[0]


def pool(checkout: Path, processes: int) -> ProcessPoolExecutor:
    """Starts processes with tasks that can call `loaded`."""
    context = get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_load_here, initargs=(checkout,))


def are_read(bodies: Bodies) -> list[bool]:
    """Returns whether the parser of this pool accepts each page."""
    read = loaded()
    return [read([body], reference).text is not None for body, reference in bodies]


def seconds_a_page(bodies: Bodies, repeats: int) -> float:
    """Returns the CPU seconds of this pool's parser for one page."""
    read = loaded()
    gc.collect()
    began = process_time()
    for _ in range(repeats):
        for body, reference in bodies:
            read([body], reference)
    return (process_time() - began) / repeats / len(bodies)
