"""Splits text into words as the full-text indexes do, and lists the ways in which a word of a query may be printed.

The indexes use FTS5's tokenizer `unicode61 remove_diacritics 2`: a word is a run of letters and digits, in lower case
and without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from storage.query.tree import Part, Phrase, Prefix, Word
from storage.references import typed_reference

_WORD = re.compile("[^\\W_\u0300-\u036f](?:[^\\W_]|[\u0300-\u036f])*")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_PUNCTUATION = "’‘“”–—£…\u00a0"
"""The characters beyond ASCII that are frequent in the texts. No word has them."""
_EDGES = re.compile(r"^[^\w£]+|\W+$")
_POSSESSIVE = re.compile("['’ʼ`´][sS]$")
_JOINED = re.compile("\\w+(?:['’ʼ`´\u2010-\u2015\u2212\u00ad-]\\w+)+")
_GROUPED = re.compile(r"£?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_UNGROUPED = re.compile(r"(£?)(\d{4,9})((?:\.\d+)?)")
_STEMMED = re.compile("[a-z0-9\ufb00-\ufb04]{3,}")
"""Words that the Porter stemmer changes: of three English letters or more. Other words are found only as typed."""
_LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
"""Letters that a text may print as one character; the longest first."""
_TO_LIGATURES = re.compile("|".join(_LIGATURES))
_FROM_LIGATURES = str.maketrans({ligature: letters for letters, ligature in _LIGATURES.items()})


@dataclass(frozen=True, slots=True)
class Stem:
    """Finds each word with the same stem as this word."""

    word: str


@dataclass(frozen=True, slots=True)
class Exact:
    """Finds these words, one after the other; `begins`: the last one may go on."""

    words: tuple[str, ...]
    begins: bool = False


Spelling = Stem | Exact


def split_words(text: str) -> list[str]:
    """Splits a text into its words, as an index has them."""
    plain = simplify(text)
    return [_fold(word) for word in _WORD.findall(text)] if plain is None else _PLAIN_WORD.findall(plain)


def find_words(text: str) -> list[tuple[int, int, str]]:
    """Returns the start and end of each word of a text, with the word as an index has it."""
    plain = simplify(text)
    if plain is None:
        return [(*found.span(), _fold(found[0])) for found in _WORD.finditer(text)]
    return [(*found.span(), found[0]) for found in _PLAIN_WORD.finditer(plain)]


def simplify(text: str) -> str | None:
    """Returns a text of ASCII characters with the same words at the same places; None if it has other letters."""
    if not text.isascii():
        for mark in _PUNCTUATION:
            text = text.replace(mark, " ")
        if not text.isascii():
            return None
    return text.lower()


@lru_cache(maxsize=10_000)
def _fold(word: str) -> str:
    return word.lower() if word.isascii() else "".join(map(_fold_letter, word))


def _fold_letter(letter: str) -> str:
    letter = letter.lower()[:1]
    if unicodedata.combining(letter):
        return ""
    plain = unicodedata.normalize("NFD", letter)[:1]
    return plain if plain.isascii() else letter


def list_spellings(part: Part) -> tuple[Spelling, ...]:
    """Lists the spellings of which one must be found. Empty if the part has no letter and no digit."""
    match part:
        case Phrase(text, begins):
            found: list[Spelling] = [_exact(spelling, begins) for spelling in _list_printed(text)]
        case Prefix(text):
            found = [_exact(spelling, True) for spelling in _list_printed(text)]
        case Word(text):
            found = list(_list_forms(_EDGES.sub("", text)))
    return tuple(dict.fromkeys(one for one in found if isinstance(one, Stem) or one.words))


def _exact(text: str, begins: bool) -> Exact:
    return Exact(tuple(split_words(text)), begins)


def _list_forms(text: str) -> Iterator[Spelling]:
    """Lists the spellings of an unquoted word.

    A possessive is a form of its word. Parts that an apostrophe or a hyphen joins may also be printed as one word.
    """
    key = parse_reference(text)
    if key is not None:  # a reference without a letter also finds those of joint cases, which have one more letter
        yield Exact(tuple(split_words(key)), key[-1].isdigit())
        return
    text = _POSSESSIVE.sub("", text)
    for printed in _list_printed(text):
        words = split_words(printed)
        yield Stem(words[0]) if len(words) == 1 and _STEMMED.fullmatch(words[0]) else Exact(tuple(words))
        if (
            len(words) > 1
            and (_JOINED.fullmatch(printed) or _GROUPED.fullmatch(printed))
            and _STEMMED.fullmatch("".join(words))
        ):
            yield Stem("".join(words))


def _list_printed(text: str) -> list[str]:
    """Lists the text and other ways to print it: with or without ligatures, an amount with or without commas."""
    letters = text.translate(_FROM_LIGATURES)
    spellings = [text, letters, _TO_LIGATURES.sub(lambda found: _LIGATURES[found[0]], letters)]
    if _GROUPED.fullmatch(text):
        spellings.append(text.replace(",", ""))
    elif (amount := _UNGROUPED.fullmatch(text)) and amount[2][0] != "0":
        spellings.append(f"{amount[1]}{int(amount[2]):,}{amount[3]}")
    return [one for one in dict.fromkeys(spellings) if _WORD.search(one)]


def parse_reference(text: str) -> str | None:
    """Returns the printed form of a reference in any spelling, or of the address of its page; None for other text."""
    try:
        return typed_reference(text)
    except ValueError:
        return None
