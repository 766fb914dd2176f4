"""Mutated pages: count those that the parser accepts, with or without missing words.

A text that lacks words of the decision is wrongly accepted. A parser that refuses every page would accept nothing
wrongly, so most whole mutants must be accepted if a browser shows the same words as for the page without the mutation.
A page that opens an article and closes none after it is not whole, by law 7 of the format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.pages.chromium import Chromium, Shown
from bench.pages.corpus import corpus
from bench.pages.judge import Difference, differ, show_counts
from bench.pages.mutants import OTHERS, SEEN, Base, Mutant, bases_of, is_well_formed, leaves_article_open, mutant
from bench.pages.readers import Outcome, Read, loaded, pool

_MARKS = frozenset({"-", "|", ":"})
"""Marks that the parser adds; a misplaced tag can change their number."""
_MOVE_ENDS = frozenset({"article", "button", "any two"})
"""Kinds that can move the end of an article, or put its last paragraph into a button, on a well-formed page."""
DECISIONS = 400
LEAST_ACCEPTED = 0.95
LEAST_WRONG_BEFORE = 0.02


class Verdict(NamedTuple):
    """The parser's result for one mutant."""

    number: int
    kind: str
    is_accepted: bool
    lost: int
    foreign: int
    is_other_order: bool
    error: str
    is_by_rule: bool = False
    """Whether the page is well-formed and lacks a closing line or a title, so that the rules use its article, and leave
    out buttons at its end."""


def without_marks(text: str) -> str:
    """Returns the text without the marks that the parser adds."""
    return " ".join(word for word in text.split() if word not in _MARKS)


def difference(expected: str, found: str) -> Difference:
    """Compares the words without the parser's marks. Words that are only joined to others are not lost."""
    differing = differ(without_marks(expected), without_marks(found))
    foreign = list(differing.foreign)
    lost = [word for word in sorted(differing.lost, key=len, reverse=True) if not _take_part(foreign, word)]
    return Difference(tuple(lost), tuple(filter(None, (word.strip("".join(_MARKS)) for word in foreign))))


def _take_part(foreign: list[str], word: str) -> bool:
    """Removes a word from one that contains it; returns whether there was one."""
    at = next((at for at, other in enumerate(foreign) if word in other), None)
    if at is not None:
        foreign[at] = foreign[at].replace(word, "", 1)
    return at is not None


def verdict_of(made: Mutant, outcome: Outcome) -> Verdict:
    """Compares the text with the decision's."""
    if outcome.text is None:
        return Verdict(made.number, made.kind, False, 0, 0, False, outcome.error)
    lost, foreign = difference(made.base.expected, outcome.text)
    ends_or_begins_with_article = not made.base.is_closed or not made.base.shows_title
    if lost and made.kind in _MOVE_ENDS and ends_or_begins_with_article and is_well_formed(made.page.decode()):
        return Verdict(made.number, made.kind, True, 0, len(foreign), False, "", is_by_rule=True)
    same_order = without_marks(outcome.text) == without_marks(made.base.expected)
    is_other_order = not (lost or foreign or same_order)
    return Verdict(made.number, made.kind, True, len(lost), len(foreign), is_other_order, "")


@cache
def bases(decisions: int, seed: int) -> list[Base]:
    """Returns the pages that mutants are made of."""
    return bases_of(corpus(decisions, seed))


def read_mutants(numbers: Sequence[int], decisions: int, seed: int, read: Read) -> list[Verdict]:
    """Parses the mutants with these numbers."""
    made = (mutant(number, bases(decisions, seed), seed) for number in numbers)
    return [verdict_of(one, read(one.pages, one.base.sample.reference)) for one in made]


def _in_pool(numbers: range, decisions: int, seed: int) -> list[Verdict]:
    return read_mutants(numbers, decisions, seed, loaded())


def _whole_bases(decisions: int, seed: int) -> list[bool]:
    """Whether this parser loses no word of each page without a mutation."""
    read = loaded()
    outcomes = ((base, read(base.pages, base.sample.reference).text) for base in bases(decisions, seed))
    return [text is not None and not difference(base.expected, text).lost for base, text in outcomes]


def _verdicts(checkout: Path, count: int, seed: int, processes: int) -> tuple[list[Verdict], list[bool]]:
    chunks = [range(at, min(at + 250, count)) for at in range(0, count, 250)]
    with pool(checkout, processes) as workers:
        whole = workers.submit(_whole_bases, DECISIONS, seed)
        found = workers.map(_in_pool, chunks, [DECISIONS] * len(chunks), [seed] * len(chunks))
        return [verdict for chunk in found for verdict in chunk], whole.result()


def shown_alike(count: int, seed: int, shown: Shown) -> Iterator[bool]:
    """Whether each mutant is whole and a browser shows the same words for it as for its original page."""
    with Chromium() as browser:
        every = bases(DECISIONS, seed)
        unmutated = dict(
            zip((base.page for base in every), shown.words((base.page for base in every), browser), strict=True)
        )
        for at in range(0, count, 1000):
            made = [mutant(number, every, seed) for number in range(at, min(at + 1000, count))]
            words = shown.words((one.page for one in made), browser)
            for one, found in zip(made, words, strict=True):
                is_whole = not leaves_article_open(one.page.decode())
                yield is_whole and found == unmutated[one.base.page]


COLUMNS = (
    "mutants",
    "accepted",
    "wrongly",
    "by rule",
    "lost words",
    "foreign",
    "other order",
    "alike",
    "alike accepted",
    "share",
)


def measure(
    checkout: Path,
    before: Path | None,
    count: int,
    seed: int,
    processes: int,
    cache_folder: Path | None,
    failures: Path | None,
) -> bool:
    """Parses that many mutants, and prints the counts by kind.

    Returns whether no words are lost and enough mutants are accepted.
    """
    verdicts, whole = _verdicts(checkout, count, seed, processes)
    print(f"{sum(whole)} of {len(whole)} pages without a mutation are parsed completely\n")
    alike = list(shown_alike(count, seed, Shown(cache_folder))) if cache_folder else [False] * count
    rows = _rows(verdicts, alike)
    show_counts("kind", COLUMNS, _with_share(rows))
    if failures:
        _write_failures(verdicts, alike, seed, failures)
    is_right = all(whole) and not any(one.lost for one in verdicts)
    is_right &= all(row["alike accepted"] >= LEAST_ACCEPTED * row["alike"] for row in rows.values())
    if before:
        is_right &= _were_wrong(before, count, seed, processes)
    return is_right


def _rows(verdicts: Sequence[Verdict], alike: Sequence[bool]) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {kind: Counter() for kind in (*SEEN, *OTHERS, "all")}
    for verdict, is_alike in zip(verdicts, alike, strict=True):
        counts = {
            "mutants": 1,
            "accepted": int(verdict.is_accepted),
            "wrongly": int(verdict.lost > 0),
            "by rule": int(verdict.is_by_rule),
            "lost words": verdict.lost,
            "foreign": int(verdict.foreign > 0),
            "other order": int(verdict.is_other_order),
            "alike": int(is_alike),
            "alike accepted": int(is_alike and verdict.is_accepted),
        }
        for name in (verdict.kind, "all"):
            rows[name].update(counts)
    return rows


def _with_share(rows: Mapping[str, Counter[str]]) -> dict[str, dict[str, int | str]]:
    return {
        name: {**row, "share": f"{100 * row['alike accepted'] / row['alike']:.1f} %" if row["alike"] else ""}
        for name, row in rows.items()
    }


def _were_wrong(before: Path, count: int, seed: int, processes: int) -> bool:
    """Whether another checkout's parser wrongly accepts enough mutants of pages that it parses completely."""
    verdicts, whole = _verdicts(before, count, seed, processes)
    every = bases(DECISIONS, seed)
    is_whole = dict(zip((base.page for base in every), whole, strict=True))
    wrong: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.lost and is_whole[mutant(verdict.number, every, seed).base.page]:
            wrong.update((verdict.kind, "all"))
    rows = {kind: Counter({"wrongly": wrong[kind]}) for kind in (*SEEN, *OTHERS, "all")}
    print(f"the other parser, which parses {sum(whole)} of {len(whole)} pages without a mutation completely")
    show_counts("kind", ("wrongly",), rows)
    return wrong["all"] >= LEAST_WRONG_BEFORE * count


def _write_failures(verdicts: Sequence[Verdict], alike: Sequence[bool], seed: int, folder: Path) -> None:
    """Writes up to ten mutants of each kind and fault."""
    folder.mkdir(parents=True, exist_ok=True)
    written: Counter[str] = Counter()
    for verdict, is_alike in zip(verdicts, alike, strict=True):
        fault = "lost" if verdict.lost else "refused" if is_alike and not verdict.is_accepted else ""
        fault = fault or ("foreign" if verdict.foreign else "order" if verdict.is_other_order else "")
        name = f"{fault}-{verdict.kind}".replace(" ", "_")
        if not fault or written[name] >= 10:
            continue
        written[name] += 1
        made = mutant(verdict.number, bases(DECISIONS, seed), seed)
        stem = f"{name}-{verdict.number}"
        (folder / f"{stem}.html").write_bytes(made.page)
        (folder / f"{stem}.unmutated.html").write_bytes(made.base.page)
        (folder / f"{stem}.expected.txt").write_text(made.base.expected, encoding="utf-8")
        (folder / f"{stem}.reference.txt").write_text(made.base.sample.reference, encoding="utf-8")
        if verdict.error:
            (folder / f"{stem}.error.txt").write_text(verdict.error, encoding="utf-8")
