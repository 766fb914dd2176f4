"""Makes the decisions that the look-alike publishes: the five real ones, and any number of generated ones.

Generated decisions are about invented authorities and have the word SPECIMEN in the summary, so that nobody mistakes
one for a real decision. `sample` has the data types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from math import exp, log
from pathlib import Path
from random import Random

from lgsco.replica.draft import STATUTORY, Draft, people
from lgsco.replica.prose import Prose, compile_template
from lgsco.replica.sample import (
    CATEGORIES,
    Block,
    Heading,
    Item,
    Items,
    Layout,
    Sample,
    Written,
    expected_numbers,
    expected_text,
    plain,
)

__all__ = ["CATEGORIES", "STATUTORY", "Sample", "Written", "expected_numbers", "expected_text", "generate", "seeds"]

MEDIAN, SPREAD, LONGEST = 8_000, 0.62, 43_000
"""Length of a decision's text in characters: median and sigma of a log-normal distribution, and the maximum."""

_CLOSING = re.compile(r"^Investigator.{1,3}s .*on behalf of the Ombudsm[ae]n$")
_TITLE = re.compile(r"(.*) \((\d\d \d{3} \d{3}[a-z]?)\)")
_DUMP = re.compile(r"( *)(?:(\d+)\.|•) (.*)")
_UNKNOWN = {"Category": "Children's care services > Other", "Decision": "Not upheld", "Decision date": "10 Sep 2024"}
"""The listing's fields for the seed that prints no header lines. Invented, and not on its page."""
_SECTIONS = re.compile(r"The complaint|The Ombuds|How I|What I found|My assessment|Agreed action|Final decision")


@cache
def seeds() -> list[Sample]:
    """Returns the five real decisions of the ``seeds`` folder, in the order of their files."""
    folder = Path(__file__).parents[2] / "seeds"
    return [_seed(path.read_text("utf-8")) for path in sorted(folder.glob("*.txt"))]


def _seed(text: str) -> Sample:
    lines = [line for line in text.split("\n") if line.strip() and line != "Back to top"]
    close = next(place for place, line in enumerate(lines) if _CLOSING.match(line))
    final = lines.index("The Ombudsman's final decision:")
    title = _TITLE.fullmatch(lines[0])
    if title is None:
        raise ValueError(f"not a seed's title: {lines[0]!r}")
    printed = dict(line.split(" : ", 1) for line in lines[1:final])
    header = _UNKNOWN | printed
    category, subcategory = header["Category"].split(" > ")
    decided = datetime.strptime(header["Decision date"], "%d %b %Y").replace(tzinfo=UTC).date()
    return Sample(
        *(title[2], title[1], category, subcategory, header["Decision"], decided),
        published=decided + timedelta(days=42 if decided.year > 2020 else 92),
        kind="statement",
        summary=lines[final + 1].removeprefix("Summary: "),
        source=Written((tuple(_blocks(lines[final + 2 : close])),)),
        closing=lines[close],
        header=bool(printed),
    )


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Parses the body of a seed. In the canonical seeds, short points after a colon become bullets."""
    run: list[Item] = []
    for line in lines:
        dumped = _DUMP.fullmatch(line)
        if dumped is None and not line.startswith("- "):
            if run:
                yield Items("1", tuple(run))
                run = []
            yield Heading(plain(line), 2 if _SECTIONS.match(line) else 3)
            continue
        words = plain(dumped[3] if dumped else line[2:])
        if dumped:
            below = not dumped[2] or len(dumped[1]) > 2
            split = not dumped[2]
        else:
            below = split = bool(run) and _opens(run[-1]) and (words[0].islower() or words[-1] == ";")
        if not below:
            run.append(Item(words))
            continue
        held = run[-1].parts[0].items if run[-1].parts and isinstance(run[-1].parts[0], Items) else ()
        run[-1] = run[-1]._replace(parts=(Items("•" if split else "1", (*held, Item(words)), split),))
    if run:
        yield Items("1", tuple(run))


def _opens(item: Item) -> bool:
    """Whether another sub-item can follow below an item."""
    last = item.parts[-1].items[-1].text if item.parts and isinstance(item.parts[-1], Items) else ""
    return item.text.endswith(":") and not last.endswith((".", ")"))


PLACES = (
    *("Wexcombe", "Brindlemoor", "Tarnholt", "Oskerby", "Pellingford", "Quorwick", "Harvestow", "Mellingshaw"),
    *(
        "Dunthorpe Vale",
        "Castleferry",
        "Ashquith",
        "Larkenmere",
        "Stoatbridge",
        "Fennimore",
        "Gildersley",
        "Ravensholme",
    ),
    *(
        "Upper Thrisk",
        "Nettlecombe Bay",
        "Yarrowdale",
        "Withenshore",
        "Kestrelby",
        "Ormsfield",
        "Cobblewick",
        "Saltmarrow",
    ),
    *("Thornhythe", "Bramblesea", "Eastwold", "Vexley", "Hobbingham", "Inkberrow Moor", "Juniperton", "Zealstone"),
)
_STYLES = ("{} Borough Council", "{} County Council", "{} City Council", "London Borough of {}", "{} District Council")
_FIRMS = ("{} Care Homes (GL) Limited", "{} Homecare Ltd", "{} Housing Association (Group)")
_HEALTH = ("NHS {} Integrated Care Board (ICB)", "{} NHS Foundation Trust")
_SUMMARY = [
    compile_template("SPECIMEN: {P} complained the {C} did not {b} deal with the {n} and the {a} {n} at {l}."),
    compile_template("SPECIMEN: We will not investigate this complaint about the {C}’s {n} because the {n} was {a}."),
    compile_template("{P} complains about the {n} of {N}. This is a SPECIMEN of {P}’s {a} {n}."),
    compile_template(
        "There was fault by the {C} in its {a} {n} (SPECIMEN of {N}). The {C} agreed to pay {m} for the {n}."
    ),
]
_YEARLY = 25_000


def generate(count: int, *, seed: int, first: date, last: date, body: bool = True) -> Iterator[Sample]:
    """Generates exactly `count` decisions, decided on weekdays from `first` to `last`, both inclusive.

    The same arguments give the same samples. References are unique within one call and never equal a seed's. Bodies are
    drafts, which are written when they are read; without `body` they have the smallest size.
    """
    return islice(_samples(Random(seed), first, last, body), count)


def _samples(chance: Random, first: date, last: date, body: bool) -> Iterator[Sample]:
    span = (last - first).days + 1
    days = [first + timedelta(days=n) for n in range(span)]
    days = [day for day in days if day.weekday() < 5] or days
    taken = {sample.reference for sample in seeds()}
    counts: dict[int, int] = {}
    offset = chance.randrange(_YEARLY)
    categories = [(top, sub) for top, subs in CATEGORIES.items() if top != "Health" for sub in subs]
    while True:
        decided = days[int(chance.random() * len(days))]
        year = (decided - timedelta(days=chance.randint(40, 400))).year % 100
        reference = _reference(year, counts, offset)
        if reference in taken:
            continue
        joint = chance.random() < 0.01
        yield (council := _sample(chance, reference, decided, chance.choice(categories), body, joint))
        if not joint:
            continue
        for letter in "ab" if chance.random() < 0.2 else "a":
            yield replace(
                council,
                reference=reference + letter,
                authority=chance.choice(_HEALTH).format(chance.choice(PLACES)),
                category="Health",
                subcategory=chance.choice(CATEGORIES["Health"]),
            )


def _reference(year: int, counts: dict[int, int], offset: int) -> str:
    counts[year] = counts.get(year, 0) + 1
    lap, place = divmod(counts[year], _YEARLY)
    number = f"{lap * _YEARLY + (place * 7919 + offset) % _YEARLY:06}"
    return f"{year:02} {number[:3]} {number[3:]}"


def _sample(chance: Random, reference: str, decided: date, place: tuple[str, str], body: bool, joint: bool) -> Sample:
    report = not joint and chance.random() < 0.03
    layout: Layout = "statement" if not report else "old" if decided.year <= 2018 else "overview"
    outcomes = ("Closed after initial enquiries", "Upheld", "Not upheld")
    outcome = "Upheld" if report else chance.choices(outcomes, (45, 37, 18))[0]
    size = int(min(LONGEST, max(1_700, exp(chance.gauss(log(MEDIAN), SPREAD))))) if body else 0
    drafted = Draft(chance.getrandbits(48), min(size, 5_000) if layout == "old" else size, layout, outcome, joint)
    styles = _STYLES if chance.random() < 0.9 else _FIRMS
    authority = styles[int(len(styles) * chance.random() ** 2)].format(
        PLACES[int(len(PLACES) * chance.random() ** 1.6)]
    )
    satisfied = decided + timedelta(days=chance.randint(60, 300))
    extra = (f"Ombudsman satisfied with council's response: {satisfied:%d %B %Y}",) if layout == "old" else ()
    return Sample(
        *(
            reference,
            authority,
            place[0],
            place[1],
            outcome,
            decided,
            decided + timedelta(days=_lag(chance, decided, report)),
        ),
        kind="report" if report else "statement",
        summary=_summary(chance, drafted),
        source=drafted,
        layout=layout,
        closing=None if report else _closing(chance, joint),
        header_extra=extra,
        bare=layout == "old" and chance.random() < 0.5,
    )


def _lag(chance: Random, decided: date, report: bool) -> int:
    """Draws the days from decision to publication.

    0 for reports. At least 42 for statements (91 for decisions before 2021), and 90 to 500 for one statement in fifty.
    """
    if report:
        return 0
    if chance.random() < 0.02:
        return chance.randint(90, 500)
    return (42 if decided.year > 2020 else 91) + int(19 * chance.random() ** 1.5)


def _closing(chance: Random, joint: bool) -> str:
    final = "final " if chance.random() < 0.05 else ""
    return f"Investigator's {final}decision on behalf of the {'Ombudsmen' if joint else 'Ombudsman'}"


def _summary(chance: Random, drafted: Draft) -> str:
    prose = Prose(chance, people(drafted.seed)[:1], drafted.body, ["1"])
    return f"{prose.fill(chance.choice(_SUMMARY))} {prose.sentence()}"
