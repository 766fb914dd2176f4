"""Valid pages in odd markup: the parser may not refuse any on which a browser shows the decision's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.pages.chromium import Chromium
from bench.pages.corpus import corpus
from bench.pages.judge import show_counts
from bench.pages.model import Sample, block_lines, lines_of, text_of
from bench.pages.mutant_tries import difference, without_marks
from bench.pages.odd import FEATURES, OddPage, odd_page
from bench.pages.readers import Outcome, loaded, pool

DECISIONS = 400
COLUMNS = ("pages", "valid", "refused", "lost words", "foreign words", "other lines")


class Verdict(NamedTuple):
    """The parser's result for one page."""

    number: int
    is_refused: bool
    lost: int
    foreign: int
    is_right: bool
    error: str


@cache
def _samples(seed: int) -> tuple[Sample, ...]:
    return corpus(DECISIONS, seed)


def verdict_of(made: OddPage, outcome: Outcome) -> Verdict:
    """Compares the text with the decision's."""
    if outcome.text is None:
        return Verdict(made.number, True, 0, 0, False, outcome.error)
    lost, foreign = difference(made.expected, outcome.text)
    return Verdict(made.number, False, len(lost), len(foreign), outcome.text == made.expected, "")


def read_pages(numbers: range, seed: int) -> list[Verdict]:
    """Parses the pages with these numbers."""
    read = loaded()
    made = (odd_page(number, _samples(seed), seed) for number in numbers)
    return [verdict_of(one, read(one.pages, one.sample.reference)) for one in made]


def _shown_words(sample: Sample, page: int) -> str:
    """Returns the words that a browser must show of a page, in order: all except the title, which may be elsewhere."""
    head = list(lines_of(replace(sample, chapters=())))[1:] if page == 0 else []
    body = [line for block in sample.chapters[page] for line in block_lines(block)]
    return without_marks(" ".join((*head, *body)))


def valid_pages(count: int, seed: int) -> Iterator[bool]:
    """Whether the browser shows the decision's words of each page."""
    with Chromium() as browser:
        for number in range(count):
            made = odd_page(number, _samples(seed), seed)
            shown = (" " + without_marks(text) + " " for text in browser.texts(made.pages))
            yield all(f" {_shown_words(made.sample, at)} " in text for at, text in enumerate(shown))


def measure(checkout: Path, count: int, seed: int, processes: int, failures: Path | None) -> bool:
    """Parses that many pages, and prints the counts by feature.

    Returns whether no valid page is refused or has other words.
    """
    chunks = [range(at, min(at + 200, count)) for at in range(0, count, 200)]
    with pool(checkout, processes) as workers:
        found = workers.map(read_pages, chunks, [seed] * len(chunks))
        verdicts = [verdict for chunk in found for verdict in chunk]
    valid = list(valid_pages(count, seed))
    rows: dict[str, Counter[str]] = {name: Counter() for name in (*FEATURES, "all")}
    for verdict, is_valid in zip(verdicts, valid, strict=True):
        made = odd_page(verdict.number, _samples(seed), seed)
        counts = {"pages": 1}
        if is_valid:
            is_other = not (verdict.is_right or verdict.is_refused or verdict.lost or verdict.foreign)
            counts |= {"valid": 1, "refused": int(verdict.is_refused), "other lines": int(is_other)}
            counts |= {"lost words": verdict.lost, "foreign words": verdict.foreign}
        for name in (*made.features, "all"):
            rows[name].update(counts)
    show_counts("feature", COLUMNS, rows)
    if failures:
        _write_failures(
            [one for one, is_valid in zip(verdicts, valid, strict=True) if is_valid and not one.is_right],
            seed,
            failures,
        )
        _write_invalid([number for number, is_valid in enumerate(valid) if not is_valid], seed, failures)
    return not any(rows["all"][name] for name in ("refused", "lost words", "foreign words"))


def _write_failures(verdicts: Sequence[Verdict], seed: int, folder: Path) -> None:
    """Writes up to five failures of each feature that is alone on its page, or of the features together."""
    folder.mkdir(parents=True, exist_ok=True)
    written: Counter[str] = Counter()
    for verdict in verdicts:
        made = odd_page(verdict.number, _samples(seed), seed)
        fault = (
            "refused" if verdict.is_refused else "lost" if verdict.lost else "foreign" if verdict.foreign else "lines"
        )
        stem = f"{fault}-{'+'.join(made.features)}".replace(" ", "_")
        written[stem] += 1
        if written[stem] <= 5:
            for at, page in enumerate(made.pages, 1):
                (folder / f"{stem}-{made.number}.{at}.html").write_bytes(page)
            (folder / f"{stem}-{made.number}.expected.txt").write_text(made.expected, encoding="utf-8")
            (folder / f"{stem}-{made.number}.error.txt").write_text(verdict.error, encoding="utf-8")


def _write_invalid(numbers: Sequence[int], seed: int, folder: Path) -> None:
    for number in numbers[:20]:
        made = odd_page(number, _samples(seed), seed)
        stem = f"invalid-{'+'.join(made.features)}-{number}".replace(" ", "_")
        for at, page in enumerate(made.pages, 1):
            (folder / f"{stem}.{at}.html").write_bytes(page)
        (folder / f"{stem}.expected.txt").write_text(text_of(made.sample), encoding="utf-8")
