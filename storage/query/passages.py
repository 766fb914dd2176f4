"""Finds the words of a query in the lines of a text, and chooses the lines that show the most of them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from storage.query.tree import Near, Node, Part, Term, find_terms
from storage.query.words import Exact, Spelling, Stem, find_words, list_spellings, simplify, split_words

Marks = tuple[tuple[int, int], ...]
"""The places of the words of a query in a line: start and end in characters, in order, apart from each other."""

_Place = tuple[int, int]
"""The first word of a match in a line, and the word after its last one, counted from 0."""


@dataclass(frozen=True, slots=True)
class Found:
    """The words of a query in one line."""

    terms: int
    """Which terms of the query the line has: bit 0 is the first one."""
    marks: Marks


class Matcher:
    """Finds the terms of one query in lines of text.

    `stem` returns the stem of a word, as `storage.stems` finds it.
    """

    def __init__(self, node: Node, stem: Callable[[str], str]) -> None:
        self._stem = stem
        self._terms = [self._prepare(term) for term in dict.fromkeys(find_terms(node))]
        self._probes = [
            (1 << place, [self._probe(part) for part in parts]) for place, (parts, _) in enumerate(self._terms)
        ]
        self._pattern = self._make_pattern()
        self._terms_of: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether the query asks for no word, only for facts or for the absence of words."""
        return not self._terms

    @property
    def has_one_term(self) -> bool:
        """Whether the query asks for one word or phrase only."""
        return len(self._terms) == 1

    def _prepare(self, term: Term) -> tuple[list[tuple[Spelling, ...]], int]:
        """Returns the spellings of each part of a term, stems in place of words, and the distance of NEAR."""
        parts: tuple[Part, ...] = term.parts if isinstance(term, Near) else (term,)
        spellings = [
            tuple(Stem(self._stem(one.word)) if isinstance(one, Stem) else one for one in list_spellings(part))
            for part in parts
        ]
        return spellings, term.distance if isinstance(term, Near) else 0

    def _make_pattern(self) -> re.Pattern[str] | None:
        """Makes the pattern of all words that may be a term, for text from `simplify`; None for phrases and NEAR."""
        beginnings = set[str]()
        for parts, _ in self._terms:
            if len(parts) > 1 or any(isinstance(one, Exact) and len(one.words) > 1 for one in parts[0]):
                return None
            beginnings.update(probe for probe in self._probe(parts[0]) if probe.isascii())
        return re.compile(f"(?:{'|'.join(sorted(beginnings))})[a-z0-9]*")

    @staticmethod
    def _probe(spellings: tuple[Spelling, ...]) -> tuple[str, ...]:
        """Returns letters of which some occur in each line, in lower case and without accents, that has the part.

        A stem differs from the beginning of its words by one letter at most: `happi` is the stem of `happy`.
        """
        return tuple(
            (one.word[:-1] or one.word) if isinstance(one, Stem) else max(one.words, key=len) for one in spellings
        )

    def probe(self, text: str) -> list[int]:
        """Returns for each line of a text which terms it may have.

        It misses none, but may name some that the line does not have.
        """
        plain = simplify(text)
        lines = [" ".join(split_words(line)) for line in text.split("\n")] if plain is None else plain.split("\n")
        found = [0] * len(lines)
        for bit, parts in self._probes:
            for place in _find_lines(lines, parts):
                found[place] |= bit
        return found

    def find(self, line: str) -> Found:
        """Finds the terms of the query in a line."""
        plain = simplify(line)
        if plain is None or self._pattern is None:
            return self._find_in_words(line)
        terms, spans = 0, list[tuple[int, int]]()
        for found in self._pattern.finditer(plain):
            start = found.start()
            if start and plain[start - 1].isalnum():
                continue  # not the beginning of a word; a lookbehind in the pattern takes three times as long
            of_word = self._find_terms_of(found[0])
            if of_word:
                terms |= of_word
                spans.append(found.span())
        return Found(terms, tuple(spans))

    def _find_terms_of(self, word: str) -> int:
        """Returns the terms that a single word is, one bit for each."""
        known = self._terms_of.get(word)
        if known is None:
            known = self._terms_of[word] = sum(
                1 << place for place, (parts, _) in enumerate(self._terms) if self._match([word], parts[0])
            )
        return known

    def _find_in_words(self, line: str) -> Found:
        words = split_words(line)
        terms, marked = 0, set[_Place]()
        for place, (parts, distance) in enumerate(self._terms):
            matches = [self._match(words, spellings) for spellings in parts]
            if len(parts) > 1:
                matches = [_keep_near(matches, distance)]
            if matches[0]:
                terms |= 1 << place
                marked.update(matches[0])
        spans = find_words(line) if marked else []
        return Found(terms, _join((spans[first][0], spans[end - 1][1]) for first, end in sorted(marked)))

    def _match(self, words: list[str], spellings: tuple[Spelling, ...]) -> list[_Place]:
        found: list[_Place] = []
        for one in spellings:
            if isinstance(one, Stem):
                beginning = one.word[:-1] or one.word
                found += [
                    (place, place + 1)
                    for place, word in enumerate(words)
                    if word.startswith(beginning) and self._stem(word) == one.word
                ]
            else:
                found += _match_exact(words, one)
        return found


def _find_lines(lines: list[str], parts: list[tuple[str, ...]]) -> list[int]:
    """Returns the places of the lines that have one of the probes of each part."""
    left = list(range(len(lines)))
    for probes in parts:
        if len(probes) == 1:
            (probe,) = probes
            left = [place for place in left if probe in lines[place]]
        else:
            left = [place for place in left if any(probe in lines[place] for probe in probes)]
    return left


def _match_exact(words: list[str], exact: Exact) -> list[_Place]:
    *firsts, last = exact.words
    found: list[_Place] = []
    for place in range(len(words) - len(firsts)):
        word = words[place + len(firsts)]
        if (word.startswith(last) if exact.begins else word == last) and all(
            words[place + after] == first for after, first in enumerate(firsts)
        ):
            found.append((place, place + len(exact.words)))
    return found


def _keep_near(matches: list[list[_Place]], distance: int) -> list[_Place]:
    """Returns the matches of all parts that are near each other; none if no such matches exist.

    As FTS5's NEAR: from the end of each match to the beginning of the last one are at most `distance` words.
    """
    kept: set[_Place] = set()
    matches = [sorted(found) for found in matches]
    longest = max((end - start for found in matches for start, end in found), default=0)
    for last in {start for found in matches for start, _ in found}:
        within = [
            found[bisect_left(found, (last - distance - longest, 0)) : bisect_right(found, (last, last + longest))]
            for found in matches
        ]
        near = [[one for one in found if last <= one[1] + distance] for found in within]
        if all(near):
            kept.update(one for found in near for one in found)
    return sorted(kept)


def _join(spans: Iterable[tuple[int, int]]) -> Marks:
    """Joins spans that overlap."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def choose_lines(found: Sequence[int], cost: Sequence[int]) -> list[int]:
    """Chooses one or two lines that together have the most terms, the better one first.

    `found`: for each line the terms it has, as `Found.terms`. `cost`: for each line a number; among lines with equal
    terms, those with the lower number are chosen, and then the first. A second line is chosen also where it adds no
    term. Returns the places of the lines; none if no line has a term.
    """
    by_terms: dict[int, list[int]] = {}
    for place in sorted(range(len(found)), key=lambda place: (cost[place], place)):
        if found[place]:
            by_terms.setdefault(found[place], []).append(place)
    pairs = [
        (-(first | second).bit_count(), -max(first.bit_count(), second.bit_count()), cost[a] + cost[b], a, b)
        for first, second in combinations_with_replacement(by_terms, 2)
        if (lines := _pick(by_terms, first, second)) is not None
        for a, b in [lines]
    ]
    if not pairs:
        return [place for places in by_terms.values() for place in places[:1]]
    *_, a, b = min(pairs)
    return sorted((a, b), key=lambda place: (-found[place].bit_count(), cost[place], place))


def _pick(by_terms: dict[int, list[int]], first: int, second: int) -> tuple[int, int] | None:
    if first != second:
        return by_terms[first][0], by_terms[second][0]
    return (by_terms[first][0], by_terms[first][1]) if len(by_terms[first]) > 1 else None


def shorten(text: str, marks: Marks, most: int) -> tuple[str, Marks]:
    """Cuts a line to about `most` characters around its first mark, at spaces, with `…` where something is left out."""
    if len(text) <= most:
        return text, marks
    start = max(0, min(marks[0][0] - most // 4, len(text) - most)) if marks else 0
    if start:
        start = text.find(" ", start, marks[0][0]) + 1 or marks[0][0]
    end = start + most
    end = len(text) if end >= len(text) else (text.rfind(" ", max(start, marks[0][1] if marks else 0), end) + 1 or end)
    before, after = "… " if start else "", "…" if end < len(text) else ""
    kept = tuple((a - start + len(before), b - start + len(before)) for a, b in marks if a >= start and b <= end)
    return f"{before}{text[start:end]}{after}", kept


def mark_words(text: str, marks: Marks, before: str, after: str) -> str:
    """Returns a text with `before` and `after` around each of the words found."""
    for start, end in reversed(marks):
        text = f"{text[:start]}{before}{text[start:end]}{after}{text[end:]}"
    return text
