"""Modules, classes and functions stay small enough to read; each exception is listed with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.sources import find_sources, parse, walk_statements

MODULE_LINES = 400
CLASS_LINES = 200
FUNCTION_LINES = 40
LONG_FUNCTIONS = 6
"""The number of functions that may be longer than FUNCTION_LINES. Lower it when one is split; never raise it."""

LARGE_MODULES = {
    "bench.readers": "not split yet: the readers, their inputs and their laws for the fuzz bench",
    "lgsco.web.metadata": "a table of every table and column with its description",
}
LARGE_CLASSES = {
    "bench.truth.examine.Examiner": "compares all that one command printed with the truth of the same instants",
    "bench.truth.sequence.Play": "the state of one simulated sequence, from its first event to its arrival",
    "ingest.parsing.html_blocks._HtmlReader": "one walk of a tree with the state it needs; to be split with the zones",
    "lgsco.replica.site.Site": "not split yet: what the look-alike shows, and what happens to it",
}

SOURCES = find_sources("scheduler.py", "ingest", "storage", "lgsco", "bench")


def _longer_than(lines: int, *kinds: type[ast.AST]) -> Iterator[str]:
    """Returns the dotted names of classes or functions with more lines than the limit."""
    for module, path in SOURCES.items():
        for node in walk_statements(parse(path).body):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(node, kinds):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > lines:
                    yield f"{module}.{node.name}"


def test_modules_are_no_longer_than_the_limit() -> None:
    assert len(SOURCES) > 80
    counted = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in SOURCES.items()}
    assert sorted(name for name, lines in counted.items() if lines > MODULE_LINES) == sorted(LARGE_MODULES)


def test_classes_are_no_longer_than_the_limit() -> None:
    assert sorted(_longer_than(CLASS_LINES, ast.ClassDef)) == sorted(LARGE_CLASSES)


def test_no_more_functions_are_longer_than_the_limit() -> None:
    assert len(list(_longer_than(5, ast.FunctionDef, ast.AsyncFunctionDef))) > 300, "functions are found at all"
    found = list(_longer_than(FUNCTION_LINES, ast.FunctionDef, ast.AsyncFunctionDef))
    assert len(found) <= LONG_FUNCTIONS, found
