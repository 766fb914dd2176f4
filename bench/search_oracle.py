"""Evaluates the tree of a query slowly, in plain Python, and draws random trees. The search must find the same sets.

Nothing here is shared with `storage` but the types of the tree. Words are split by Unicode category, and stems are
those of the Porter stemmer of `snowballstemmer`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import product
from random import Random

import snowballstemmer

from storage.query.tree import And, Filter, Near, Node, Not, Or, Part, Phrase, Prefix, Word

_PORTER = snowballstemmer.stemmer("porter")
_STEMMED_LEAST = 3
"""Shorter words are searched as typed."""


@cache
def stem(word: str) -> str:
    """Returns the stem as SQLite's FTS5 makes it.

    It differs from Porter's paper of 1980, which `snowballstemmer` follows, where Porter later changed his own program
    (`bli` and `logi` lose their `i`), and it leaves words of one and two letters alone.
    """
    if len(word) < 3:
        return word
    found = str(_PORTER.stemWord(word))
    return found[:-1] if found.endswith(("bli", "logi")) else found


@lru_cache(maxsize=10_000)
def split(text: str) -> list[str]:
    """Splits a text into words in lower case and without accents. The list must not be changed."""
    return "".join(map(_read_letter, text)).split()


@cache
def _read_letter(letter: str) -> str:
    """Returns a letter or digit as a word has it, nothing for an accent, and a space for all else."""
    category = unicodedata.category(letter)
    if category[0] in "LN":
        plain = unicodedata.normalize("NFD", letter.lower())[0]
        return plain if plain.isascii() else letter.lower()
    return "" if category == "Mn" else " "


class Line:
    """The words of a line, their stems, and the words as one text: ` word word `."""

    def __init__(self, text: str) -> None:
        self.words = split(text)
        self.stems = [stem(word) for word in self.words]
        self.joined = f" {' '.join(self.words)} "


class Document:
    """A decision as the slow evaluation reads it.

    `facts`: its authority, outcome and category, and its date as `decision_date`. `lines`: its authority, its summary,
    and the lines of its text.
    """

    def __init__(self, reference: str, facts: dict[str, str | None], lines: Sequence[str]) -> None:
        self.reference = reference
        self.facts = facts
        self.lines = [Line(line) for line in lines]
        self.joined = "\n".join(line.joined for line in self.lines)
        self.lines_of: dict[str, set[int]] = {}
        """The lines that have a stem."""
        for place, line in enumerate(self.lines):
            for one in line.stems:
                self.lines_of.setdefault(one, set()).add(place)


class Library:
    """The decisions that queries are evaluated against, by number.

    A query is a set of them: AND is the intersection, OR the union, NOT the difference from all.
    """

    def __init__(self, documents: Mapping[int, Document]) -> None:
        self.documents = documents
        self.names = {
            name: sorted({one.facts[name] or "" for one in documents.values()} - {""})
            for name in ("authority", "outcome", "category")
        }
        self._with_stem: dict[str, set[int]] = {}
        for number, document in documents.items():
            for one in document.lines_of:
                self._with_stem.setdefault(one, set()).add(number)

    def evaluate(self, node: Node) -> set[int]:
        """Returns the decisions that the query asks for."""
        match node:
            case And(parts):
                return set.intersection(*map(self.evaluate, parts))
            case Or(parts):
                return set.union(*map(self.evaluate, parts))
            case Not(part):
                return set(self.documents) - self.evaluate(part)
            case Filter():
                return self._find_by_fact(node)
            case Near(parts):
                left = set.intersection(*map(self.evaluate, parts))
                return {number for number in left if _has_near(node, self.documents[number])}
            case Prefix(text):
                return self._find_printed(f" {split(text)[0]}")
            case Phrase(text):
                return self._find_printed(f" {' '.join(split(text))}{'' if node.begins else ' '}")
            case Word(text):
                return self._find_word(text)

    def _find_printed(self, words: str) -> set[int]:
        return {number for number, one in self.documents.items() if words in one.joined}

    def _find_by_fact(self, wanted: Filter) -> set[int]:
        days = {number: one.facts["decision_date"] or "" for number, one in self.documents.items()}
        match wanted.field:
            case "from":
                return {number for number, day in days.items() if day >= wanted.value}
            case "to":
                return {number for number, day in days.items() if day and day <= wanted.value}
            case field:
                names = _choose_names(wanted, self.names[field])
                return {number for number, one in self.documents.items() if one.facts[field] in names}

    def _find_word(self, text: str) -> set[int]:
        """Finds a word in any form; one with a hyphen also as two words or as one."""
        parts = split(_cut_possessive(text))
        word = "".join(parts)
        found = self._find_printed(f" {' '.join(parts)} ") if len(parts) > 1 or len(word) < _STEMMED_LEAST else set()
        return found if len(word) < _STEMMED_LEAST else found | self._with_stem.get(stem(word), set())


def _cut_possessive(text: str) -> str:
    return text.removesuffix("'s").removesuffix("’s")


def _has_near(near: Near, document: Document) -> bool:
    places = set(range(len(document.lines)))
    for part in near.parts:
        words = split(_cut_possessive(part.text))
        if isinstance(part, Word) and len(words) == 1 and len(words[0]) >= _STEMMED_LEAST:
            places &= document.lines_of.get(stem(words[0]), set())
    return any(_is_near(near, document.lines[place]) for place in places)


def _choose_names(wanted: Filter, names: Sequence[str]) -> set[str]:
    """Chooses the names that a filter means: the whole name if there is one, else those with its words."""
    asked = " ".join(split(wanted.value))
    plain = {name: " ".join(split(name)) for name in names}
    if asked in plain.values():
        return {name for name, words in plain.items() if words == asked}
    if wanted.field == "outcome":
        return {name for name, words in plain.items() if f"{words} ".startswith(f"{asked} ")}
    return {name for name, words in plain.items() if f" {asked} " in f" {words} "}


def find(part: Part, line: Line) -> list[tuple[int, int]]:
    """Returns the places of a part in a line: its first word, and the word after its last one."""
    words = split(_cut_possessive(part.text) if isinstance(part, Word) else part.text)
    match part:
        case Word() if len(words) == 1 and len(words[0]) < _STEMMED_LEAST:
            return _find_words(words, line)
        case Word() if len(words) == 1:
            return _find_stem(stem(words[0]), line)
        case Word():
            return _find_stem(stem("".join(words)), line) + _find_words(words, line)
        case Prefix():
            return [(place, place + 1) for place, word in enumerate(line.words) if word.startswith(words[0])]
        case Phrase():
            return _find_words(words, line)


def _find_stem(wanted: str, line: Line) -> list[tuple[int, int]]:
    return [(place, place + 1) for place, one in enumerate(line.stems) if one == wanted] if wanted in line.stems else []


def _find_words(words: list[str], line: Line) -> list[tuple[int, int]]:
    if f" {' '.join(words)} " not in line.joined:
        return []
    ends = range(len(words), len(line.words) + 1)
    return [(end - len(words), end) for end in ends if line.words[end - len(words) : end] == words]


def has_term(term: Part | Near, line: Line) -> bool:
    """Whether a line has what a part or a NEAR asks for."""
    return _is_near(term, line) if isinstance(term, Near) else bool(find(term, line))


def _is_near(near: Near, line: Line) -> bool:
    """Whether some choice of one place for each part has at most so many words from each to the last one."""
    places = []
    for part in near.parts:
        places.append(find(part, line))
        if not places[-1]:
            return False
    return any(
        all(max(start for start, _ in chosen) - end <= near.distance for _, end in chosen)
        for chosen in product(*places)
    )


# ---------------------------------------------------------------- random trees


def draw(chance: Random, documents: Sequence[Document], names: Mapping[str, Sequence[str]], depth: int = 3) -> Node:
    """Draws a random query: words in forms that occur or not, phrases that occur, nearly occur or cross lines."""
    kind = chance.random()
    if depth and kind < 0.45:
        parts = tuple(draw(chance, documents, names, depth - 1) for _ in range(chance.choice((2, 2, 3))))
        return And(parts) if chance.random() < 0.6 else Or(parts)
    if depth and kind < 0.55:
        return Not(draw(chance, documents, names, depth - 1))
    if kind < 0.62:
        return _draw_filter(chance, chance.choice(documents), names)
    if kind < 0.68:
        return _draw_near(chance, documents)
    return _draw_part(chance, documents)


def _draw_part(chance: Random, documents: Sequence[Document]) -> Part:
    line = _draw_line(chance, documents)
    word = chance.choice(line)
    kind = chance.random()
    if kind < 0.5:
        change = chance.random()
        endings = ("s", "ed", "ing", "'s", "", "ment")
        return Word(word if change < 0.6 or not word.isalpha() else word + chance.choice(endings))
    if kind < 0.55:
        place = chance.randrange(len(line))
        return Word("-".join(line[place : place + 2]))
    if kind < 0.7 and len(word) > 2:
        return Prefix(word[: chance.randint(2, len(word))])
    place = chance.randrange(len(line))
    words = line[place : place + chance.randint(1, 4)]
    if chance.random() < 0.2:
        chance.shuffle(words)
    return Phrase(" ".join(words))


def _draw_line(chance: Random, documents: Sequence[Document]) -> list[str]:
    """Draws the words of a line, or sometimes of the end of a line and the beginning of the next one."""
    lines = chance.choice(documents).lines
    place = chance.randrange(2, len(lines) - 1)
    words = lines[place].words if chance.random() < 0.85 else lines[place].words[-2:] + lines[place + 1].words[:2]
    return list(words) or ["council"]


def _draw_near(chance: Random, documents: Sequence[Document]) -> Near:
    line = _draw_line(chance, documents)
    words = [chance.choice(line) for _ in range(chance.choice((2, 2, 3)))]
    parts = tuple(Phrase(word) if chance.random() < 0.3 else Word(word) for word in words)
    return Near(parts, chance.choice((0, 1, 3, 10)))


def _draw_filter(chance: Random, document: Document, names: Mapping[str, Sequence[str]]) -> Filter:
    match chance.choice(("authority", "outcome", "category", "from", "to")):
        case "from" | "to" as bound:
            return Filter("from" if bound == "from" else "to", document.facts["decision_date"] or "2020-01-01")
        case name:
            known = chance.choice(names[name])
            value = known if chance.random() < 0.5 else chance.choice(known.split())
            return Filter("authority" if name == "authority" else "outcome" if name == "outcome" else "category", value)


def make_text(node: Node) -> Iterator[str]:
    """Yields the parts of a query as typed, with brackets around each part, so that parsing must give the same set."""
    match node:
        case And(parts) | Or(parts):
            yield "("
            for place, part in enumerate(parts):
                if place:
                    yield "AND" if isinstance(node, And) else "OR"
                yield from make_text(part)
            yield ")"
        case Not(part):
            yield "NOT ("
            yield from make_text(part)
            yield ")"
        case Filter(name, value):
            yield f'{name}:"{value}"'
        case Near(parts, distance):
            yield f"NEAR({' '.join(text for part in parts for text in make_text(part))}, {distance})"
        case Prefix(text):
            yield f"{text}*"
        case Phrase(text):
            yield f'"{text}"'
        case Word(text):
            yield text
