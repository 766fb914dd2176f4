"""Finds the Porter stem of words with FTS5's own stemmer, and the words of the full-text index with the same stem."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from threading import Lock

from storage.kept_values import KeptValues, find_version

_KNOWN_MOST = 50_000

_lock = Lock()
_opened: list[sqlite3.Connection] = []
_known: dict[str, str] = {}

_FORMS_MOST = 10_000
"""The most words whose forms are kept for a connection."""
_forms: KeptValues[dict[str, list[str]]] = KeptValues()


def find_stem(word: str) -> str:
    """Returns the stem of a word that `storage.query.words` split off: `complaint` of `complaints`."""
    return _known.get(word) or find_stems([word])[0]


def find_stems(words: Sequence[str]) -> list[str]:
    """Returns the stem of each word."""
    with _lock:
        new = list({word for word in words if word not in _known})
        if new:
            if len(_known) + len(new) > _KNOWN_MOST:
                _known.clear()
                new = list(set(words))
            _known.update(zip(new, _ask_fts5(new), strict=True))
        return [_known[word] for word in words]


def _ask_fts5(words: list[str]) -> list[str]:
    db = _connection()
    db.execute("BEGIN")  # so that these words are alone in the table
    try:
        db.executemany("INSERT INTO words (rowid, word) VALUES (?, ?)", enumerate(words))
        stems = dict(db.execute("SELECT doc, term FROM stems").fetchall())
    finally:
        db.execute("ROLLBACK")
    return [stems.get(place, word) for place, word in enumerate(words)]


def _connection() -> sqlite3.Connection:
    if not _opened:
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        db.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (word, tokenize='porter unicode61 remove_diacritics 2', content='')"
        )
        db.execute("CREATE VIRTUAL TABLE stems USING fts5vocab (words, instance)")
        _opened.append(db)
    return _opened[0]


def find_forms(db: sqlite3.Connection, word: str) -> list[str]:
    """Returns the words of the index with the stem of this word, at least those that a decision has now.

    A search asks several times, and a server often, so they are kept until the file changes.
    """
    forms = _forms.find(db)
    if forms is None or len(forms) >= _FORMS_MOST:
        _forms.keep(db, forms := {}, find_version(db))
    if word not in forms:
        forms[word] = _read_forms(db, word)
    return forms[word]


def _read_forms(db: sqlite3.Connection, word: str) -> list[str]:
    stem = find_stem(word)
    words = [one for beginning in list_beginnings(stem) for one in list_words(db, beginning)]
    return [one for one, found in zip(words, find_stems(words), strict=True) if found == stem]


def list_beginnings(stem: str) -> list[str]:
    """Returns what a word can begin with if it has this stem.

    Porter's steps remove endings. Only these replace a letter of the stem itself: a final `y` becomes `i` (`happy`),
    `e` is added where `ing` was (`filing`, stem `file`), and `bility` becomes `ble` (`capability`, stem `capabl`).
    """
    beginnings = [stem]
    if stem[-1] == "i":
        beginnings.append(stem[:-1] + "y")
    if stem[-1] == "e":
        beginnings.append(stem[:-1] + "i")
    if stem.endswith("bl"):
        beginnings.append(stem[:-1] + "il")
    return beginnings


def list_words(db: sqlite3.Connection, beginning: str) -> Iterator[str]:
    """Yields the words of the index with this beginning, in order.

    Each is looked up after the one before: a range would make SQLite read all places of each word.
    """
    word = beginning
    while True:
        row = db.execute("SELECT term FROM decisions_words WHERE term >= ? LIMIT 1", (word,)).fetchone()
        if row is None or not row[0].startswith(beginning):
            return
        yield row[0]
        word = f"{row[0]} "  # no word has a space, which is before all letters
