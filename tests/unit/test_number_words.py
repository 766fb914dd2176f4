"""No message puts a plural noun or verb directly after a number that may be 1: "1 decisions".

`ingest.wording` makes the words that agree with a number. The number of a message is recognised by its format
(`{count:,}`), by how it is computed (`{len(rows)}`), or by the noun after it, if other messages use that noun with
`count_of`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from support.paths import ROOT
from support.sources import find_sources, parse

SOURCES = find_sources("scheduler.py", "ingest", "storage", "lgsco")
TEMPLATES = sorted((ROOT / "lgsco" / "web").rglob("*.html"))

DOCUMENTS = ("lgsco.replica.corpus", "lgsco.replica.draft", "lgsco.replica.prose", "lgsco.replica.search")
"""Modules that generate documents of the publisher, in its words."""

TOO_LARGE = frozenset({"TooLarge", "AnswerTooLarge"})
"""Errors that are raised for a number that is larger than a limit."""

NEVER_ONE = {
    "ingest.parsing.decode": ("UTF-16 characters", "bytes", "bytes"),  # documents of more than 16 bytes
    "ingest.recording.failures": ("pages", "pages", "pages"),  # the words for several, and rows that reached a limit
    "ingest.fetching.robots_cache": ("seconds",),  # more than the longest delay that a run accepts
    "ingest.fetching.site_clock": ("days",),  # two or more
    "scheduler": ("seconds", "seconds"),  # a constant
    "storage.from_0_1.revisions_table": ("rows",),  # a released migration is not edited
    "storage.query.parser": ("characters", "different words"),  # more than the limits of a query
    "storage.wal": ("bytes",),  # sizes of SQLite's pages: 512 or more
}
"""Plurals that are right, by module: the words after the number, each time that they occur."""

_INTEGER_FORMAT = re.compile(r"\d*,?(?:d|g|\.0f)?")
_COUNTS = frozenset({"len", "sum", "round", "ceil"})
_BETWEEN = frozenset(
    [
        *("FROM", "a", "about", "after", "and", "are", "as", "at", "be", "between", "but", "by", "do", "does", "for"),
        *("from", "has", "have", "if", "in", "is", "it", "its", "not", "of", "on", "or", "outside", "than", "that"),
        *("the", "their", "then", "this", "to", "was", "were", "when", "which", "while", "with"),
    ]
)
"""Words after which a noun does not belong to the number before them."""
_NO_PLURALS = frozenset({"as", "does", "has", "is", "its", "less", "s", "this", "us", "was"})
_PLURAL = re.compile(r" (?P<between>(?:[A-Za-z0-9-]+ ){0,2}?)(?P<noun>[a-z-]+s|are|were|have)\b")
_VERBS = frozenset({"are", "were", "have"})
_FIELD = re.compile(r"(?:%[ds]|\{(?P<format>:,)?\})(?= )")
_TEMPLATE_NUMBER = re.compile(r"(?:format\([^{}]*\)|\blength) \}\}(?:</\w+>)?(?= )")


def find_plurals(tree: ast.Module, nouns: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Finds the plural words directly after numbers in the strings of a module, with their lines."""
    skipped = {id(one) for error in _find_calls(tree, TOO_LARGE) for one in ast.walk(error)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            for value, after in zip(node.values, node.values[1:], strict=False):
                match value, after:
                    case ast.FormattedValue(), ast.Constant(value=str(text)):
                        if words := _find_words(text, _find_possible(value, nouns)):
                            yield value.lineno, words
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for field in _FIELD.finditer(node.value):
                is_number = field[0] == "%d" or bool(field["format"])
                if words := _find_words(node.value[field.end() :], None if is_number else nouns):
                    yield node.lineno, words


def find_plurals_in_template(text: str, nouns: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Finds the same in a template of Jinja's."""
    for number in _TEMPLATE_NUMBER.finditer(text):
        if words := _find_words(text[number.end() :], nouns):
            yield text.count("\n", 0, number.end()) + 1, words


def _find_words(after: str, nouns: frozenset[str] | None) -> str | None:
    """Returns the words up to the plural directly after a number. `nouns`: which count; None: any."""
    found = _PLURAL.match(after)
    if found is None or found["noun"] in _NO_PLURALS or _BETWEEN & set(found["between"].split()):
        return None
    return found[0].strip() if nouns is None or found["noun"] in nouns else None


def _find_possible(shown: ast.FormattedValue, nouns: frozenset[str]) -> frozenset[str] | None:
    """Returns which plurals count directly after a value that is shown; None: any."""
    if isinstance(shown.value, ast.Name) and shown.value.id.isupper():
        return frozenset()  # a constant
    if any(_find_calls(shown.value, frozenset({"count_of"}))):
        return _VERBS
    if shown.format_spec is not None:
        return None if _INTEGER_FORMAT.fullmatch(ast.unparse(shown.format_spec)[2:-1]) else frozenset()
    return None if any(_find_calls(shown.value, _COUNTS)) else nouns


def _find_calls(tree: ast.AST, names: frozenset[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


@cache
def find_nouns() -> frozenset[str]:
    """Finds the plural nouns that the program uses with `count_of`."""
    nouns = set()
    for path in SOURCES.values():
        for call in _find_calls(parse(path), frozenset({"count_of"})):
            match call.args[1:]:
                case [ast.Constant(value=str(noun))]:
                    nouns.add(f"{noun.rpartition(' ')[2]}s")
    return frozenset(nouns)


def _find_all() -> dict[str, list[tuple[Path, int, str]]]:
    found: dict[str, list[tuple[Path, int, str]]] = {}
    for name, path in SOURCES.items():
        if name not in DOCUMENTS:
            for line, words in find_plurals(parse(path), find_nouns()):
                found.setdefault(name, []).append((path, line, words))
    return found


def test_no_message_has_a_plural_directly_after_a_number_that_may_be_one() -> None:
    assert len(SOURCES) > 180
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for name, all_of in _find_all().items()
        for path, line, words in all_of
        if words not in NEVER_ONE.get(name, ())
    ]
    assert not wrong, "\n".join(["use ingest.wording:", *wrong])


def test_no_template_has_a_plural_directly_after_a_number_that_may_be_one() -> None:
    assert len(TEMPLATES) > 8
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in TEMPLATES
        for line, words in find_plurals_in_template(path.read_text(encoding="utf-8"), find_nouns())
    ]
    assert not wrong, "\n".join(["use count_of or agree:", *wrong])


def test_each_exception_is_needed() -> None:
    found = {name: sorted(words for _, _, words in all_of) for name, all_of in _find_all().items()}
    assert {name: sorted(words) for name, words in NEVER_ONE.items()} == found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('f"{count:,} decisions"', ["decisions"]),
        ('f"{count:,} new decisions wait"', ["new decisions"]),
        ('f"{stored:,} of the {count:,} listed decisions"', ["listed decisions"]),
        ('f"{len(rows)} oddities"', ["oddities"]),
        ('f"{count:,} are listed"', ["are"]),
        ("f\"{count_of(count, 'decision')} are listed\"", ["are"]),
        ('f"{count} revisions"', ["revisions"]),
        ('log.info("%d revisions", count)', ["revisions"]),
        ('log.info("%s revisions", count)', ["revisions"]),
        ('name_first(lines, 5, "and {:,} more ranges")', ["more ranges"]),
        ('name_first(lines, 5, "and {:,} ranges")', ["ranges"]),
        ('f"{path} has revisions"', []),
        ("f\"{count_of(count, 'decision')} and their revisions\"", []),
        ('f"{path} needs an older schema"', []),
        ('f"{count:,} of {total:,} fetched, and its revisions"', []),
        ('f"{SLICE_SECONDS:,} seconds"', []),
        ('f"{hours:,.1f} hours"', []),
        ('raise TooLarge(f"{len(body):,} bytes")', []),
        ("f\"{count_of(count, 'revision')} stored\"", []),
    ],
)
def test_plurals_are_found_after_numbers(code: str, words: list[str]) -> None:
    assert [found for _, found in find_plurals(ast.parse(code), frozenset({"revisions"}))] == words


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{{ "{:,}".format(count) }} rows', ["rows"]),
        ('<b>{{ "{:,}".format(count) }}</b> rows', ["rows"]),
        ("{{ shown|length }} rows", ["rows"]),
        ('{{ count_of(count, "row") }}', []),
        ('{{ "{:,}".format(count) }} {{ agree(count, "row", "rows") }}', []),
    ],
)
def test_plurals_are_found_in_templates(template: str, words: list[str]) -> None:
    assert [found for _, found in find_plurals_in_template(template, frozenset({"rows"}))] == words
