"""Generates English-like text: real function words and terms of the trade, and a long tail of invented words.

Words are drawn from a Zipf-like distribution, real words first, so that the text compresses and indexes about as well
as real decisions do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

Tables = Mapping[str, Sequence[str]]


def words(text: str) -> list[str]:
    """Splits a list of words written as text."""
    return text.split()


NOUNS = words("""
assessment letter officer payment review plan meeting record policy application report service decision response email
panel appeal form visit school application budget allowance property tenancy hearing account notice statement manager
team delay fault injustice remedy apology complaint procedure guidance evidence care carer family child parent home
hospital doctor advice contract provider invoice charge bill debt rent repair inspection survey boundary fence road
drain light bin collection noise licence permit ticket fine tribunal transport taxi place offer list priority band
medical condition disability support package worker assistant reason interview telephone photograph document file
""")
VERBS = words("""
said told sent asked considered received agreed decided explained offered reviewed accepted refused wrote complained
provided visited apologised noted recorded arranged completed delayed paid found issued checked confirmed cancelled
contacted discussed failed replied moved assessed allowed inspected withdrew reported advised suggested missed closed
""")
ADJECTIVES = words("""
further clear reasonable late early new previous final formal written proper suitable relevant significant avoidable
independent different available complete local general serious careful likely unable full regular temporary permanent
""")
ADVERBS = words("later properly promptly quickly again also finally clearly fully only wrongly formally already soon")

ONSETS = words("b bl br c ch cl cr d dr f fl fr g gl gr h j l m n p pl pr qu r s sc sh sl sp st str t th tr v w")
VOWELS = words("a e i o u ai ea ee oa ou")
CODAS = words("ck d ft g ld lt m mp nd ng nt p rd rk rm rn rt sk ss st t tch")
ENDINGS = {
    "noun": ["", "ing", "ment", "age", "ance", "ship", "ness", "er", "ure", "ism"],
    "verb": ["ed", "led", "ned", "ened", "ised"],
    "adjective": ["y", "al", "ful", "less", "ish", "ive", "able", "ous"],
    "adverb": ["ily", "ably", "fully"],
}

CLAUSES = """
the {C} {v} the {n} about the {a} {n}
{P} {v} that the {n} was {a}
the {C} {v} {P} by letter on {d}
the {n} {b} {v} its {a} {N}
the {C}’s {n} showed the {n} of {N} and {N}
the {C} did not {b} deal with the {a} {n}
there was no {n} of the {n} after {d}
the {n} and the {n} {v} some {a} {N}
{P} said the {n} was “{a} and {a}”
it took {k} weeks to see the {a} {n}
the {C} {v} {m} towards the {n}
the {n} had {v} the {n} in {t}
the {N} were {a}, and the {n} {b} {v} them
this {n} was {a} for {P}’s {n}
the officer {v} the {N} but not the {a} {n}
{P} could not have known of the {n}
my view of the {n} is {a} (see paragraph {x})
the {C}’s ‘{a} {n}’ policy says {N} should be {v}
neither the {n} nor the {n} {v} any {N}
the {a} {n} set out in paragraph {x} still stands
the {C} should have {v} the {n} by {d}
we can’t say the {n} would have {v} without {N}
the {n} for {N} was {k} days late
{P} {b} {v} the {n} at {l}
the {C} owed {P} {m} for the {n}
its {n} – which {P} {v} in {t} – was {a}
this {v} {P}’s {n} and {v} more {N}
on {d} the {C} {v} both {N} and {N}
the {n} at {l} stayed {a} for {k} months
the {C} gave {k} reasons for the {a} {n}
I have seen the {n}, the {n} and {k} {N}
a manager {v} the {N} on {d}
the {C}'s note of the {n} is {a}
that was not {a} , nor was the {n}
{P} paid {m} and {b} {v} the {n}
those {N} do not {b} bear on the {n}
""".strip().splitlines()
OPENERS = """
In {t}
On {d}
At the {n} stage
Following the {a} {n}
As {P} {v}
In its {n}
For {k} weeks
By {d}
After the {n} in {t}
On the {n} point
""".strip().splitlines()
JOINERS = [" and ", ", but ", " because ", "; ", " – ", ", so ", " when ", ", although ", " after ", " until "]
HEADINGS = """
What happened
The {C}’s {n}
The {n} and the {n}
{N} in {t}
The {a} {n}
{P}’s {n}
My findings on the {n}
The {C}’s {N} – {t}
""".strip().splitlines()

_SLOT = re.compile(r"\{(\w)\}")
_VOCABULARY = 1 << 16
Compiled = tuple[str, tuple[str, ...]]


def compile_template(template: str) -> Compiled:
    """Converts a template with ``{letter}`` slots to a % format and the letters."""
    return _SLOT.sub("%s", template.replace("%", "%%")), tuple(_SLOT.findall(template))


@cache
def vocabulary() -> dict[str, list[str]]:
    """Returns the word tables of all decisions, by letter. A common word fills more places of its table."""
    chance = Random(1974)
    months = words("January February March April May June July August September October November December")
    nouns = _invented(chance, ENDINGS["noun"], 15_000)
    tables = {
        "n": _zipf(NOUNS + nouns),
        "N": _zipf([_plural(noun) for noun in NOUNS + nouns[:6_000]]),
        "v": _zipf(VERBS + _invented(chance, ENDINGS["verb"], 5_000)),
        "a": _zipf(ADJECTIVES + _invented(chance, ENDINGS["adjective"], 6_000)),
        "b": _zipf(ADVERBS + _invented(chance, ENDINGS["adverb"], 1_000)),
        "k": [str(number) for number in range(2, 40)],
        "m": [f"£{10 * int(chance.paretovariate(0.6)) % 20_000:,}" for _ in range(1_500)],
        "l": [f"{noun.title()} {chance.choice(('Road', 'House', 'Lane', 'Close'))}" for noun in nouns[::11]],
    }
    tables["m"] += [f"£{chance.randint(1, 900)}.{chance.randint(0, 99):02}" for _ in range(500)]
    days = [
        (chance.randint(1, 28), chance.choice(months), chance.choice((" ", " ", " ", "\u00a0"))) for _ in range(900)
    ]
    years = range(2014, 2026)
    tables["d"] = [f"{day}{space}{month} {chance.choice(years)}" for day, month, space in days]
    tables["t"] = [f"{month} {year}" for month in months for year in years]
    return tables


def _invented(chance: Random, endings: Sequence[str], count: int) -> list[str]:
    words: dict[str, None] = {}
    draw = chance.choice
    while len(words) < count:
        stem = draw(ONSETS) + draw(VOWELS) + draw(CODAS)
        if chance.random() < 0.5:
            stem = draw(ONSETS) + draw(VOWELS) + stem
        words[stem + draw(endings)] = None
    return list(words)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _zipf(words: Sequence[str]) -> list[str]:
    words = list(dict.fromkeys(words))
    weight = _VOCABULARY / sum((rank + 3) ** -1.08 for rank in range(len(words)))
    return [word for rank, word in enumerate(words) for _ in range(max(1, round(weight * (rank + 3) ** -1.08)))]


_CLAUSES = [compile_template(clause) for clause in CLAUSES]
_OPENERS = [compile_template(f"{opener}, ") for opener in OPENERS]
_HEADINGS = [compile_template(heading) for heading in HEADINGS]


class Prose:
    """Writes the sentences of one decision, and counts the characters written."""

    def __init__(self, chance: Random, people: Sequence[str], body: str, paragraphs: Sequence[str]) -> None:
        """Sets the random source, the people, the word for the authority, and the paragraph numbers to refer to."""
        self.chance = chance
        self.written = 0
        self._tables: Tables = {**vocabulary(), "P": people, "C": [body], "x": paragraphs}

    def fill(self, template: Compiled) -> str:
        """Fills each slot of a template with a random word."""
        draw, tables = self.chance.random, self._tables
        form, slots = template
        return form % tuple([(table := tables[slot])[int(draw() * len(table))] for slot in slots])

    def sentence(self) -> str:
        """Writes one sentence of 40 to 250 characters."""
        draw = self.chance.random
        text = self.fill(_CLAUSES[int(draw() * len(_CLAUSES))])
        if draw() < 0.45:
            text += JOINERS[int(draw() * len(JOINERS))] + self.fill(_CLAUSES[int(draw() * len(_CLAUSES))])
        if draw() < 0.3:
            text = self.fill(_OPENERS[int(draw() * len(_OPENERS))]) + text
        return f"{text[0].upper()}{text[1:]}."

    def paragraph(self, least: int = 2, most: int = 6) -> str:
        """Writes a random number of sentences between the two bounds."""
        text = " ".join([self.sentence() for _ in range(self.chance.randint(least, most))])
        self.written += len(text) + 3
        return text

    def points(self, count: int) -> list[str]:
        """Writes the items of a list: clauses that end in a semicolon, the last one in a full stop."""
        points = [self.fill(_CLAUSES[int(self.chance.random() * len(_CLAUSES))]) for _ in range(count)]
        self.written += sum(map(len, points)) + 4 * count
        return (
            [f"{point};" for point in points[:-2]] + [f"{point}; and" for point in points[-2:-1]] + [f"{points[-1]}."]
        )

    def heading(self) -> str:
        """Writes a heading of a part of a section."""
        text = self.fill(_HEADINGS[int(self.chance.random() * len(_HEADINGS))])
        self.written += len(text) + 1
        return text[0].upper() + text[1:]
