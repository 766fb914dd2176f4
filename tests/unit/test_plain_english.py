"""The program, its tests and its documents are written in plain English, without the marks of a private dialect.

To check another package or document, add its path to PARTS. A failure lists each finding as file:line with its words.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.paths import ROOT

PARTS = (
    *("ingest", "storage", "lgsco", "scheduler.py", "bench", "docs", "tests", "config.toml", "check"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
)
"""Files and folders, relative to the project. Folders are searched for Python, Markdown, HTML and CSS files."""

EXCLUDED = ("tests/golden", "tests/unit/test_plain_english.py")

DOCUMENTS = (
    *("lgsco/replica/corpus.py", "lgsco/replica/draft.py", "lgsco/replica/prose.py"),  # generated decisions
    *("bench/pages", "bench/readers.py", "bench/template_site.py", "bench/truth/site.py"),  # generated pages
    "bench/truth/grammar.py",  # patterns of messages
    *(
        "storage/from_0_1",
        "storage/migrations",
        "storage/schema",
        "tests",
    ),  # SQL that does not change; documents, and expected messages
)
"""Modules with string literals that are quotations. Only their docstrings, comments and names are checked."""

MARKS = {
    "had": r"(?:is|are|was|were|be|been|not|never) had",
    "told": r"told|tells",
    "none": r"(?<!there )(?:is|are|was|were) (?-i:none)",
    "is no": r"(?<!there )(?:is|are|was|were) no(?= )(?! (?:longer|more|fewer|less|later|earlier|greater|larger)\b)",
    "anew": r"anew",
    "as before": r"as before|as ever|as it was before|of old|of yore",
    "stands": r"(?:stands?|stood)(?! for\b)",
    "brings": r"brings?|brought",
    "archaic": r"whosoever|whoever|thereof|therein|shall|lest",
    "but for": r"but for(?= [a-z])",
    "mended": r"mended|mends?",
    "so many": r"(?:after|at|by|for|in|of|with) so (?:many|much)|so-manyth",
    "by chance": r"by chance",
    "What …": r"(?:^|(?<=[.!?] ))(?-i:What|Who) [^.?]*+(?:\.|$)",
}
"""The dialect by name, as patterns of whole words. `What …` is a sentence that begins with a relative clause."""

_KEPT = re.compile(r"\b(?:stands_on|stood_on)\b|tally\.anew\b|\"anew\"|\banew(?=: int\b)")
"""Names of columns and of a key in stored JSON, which stay."""

_SQL = re.compile(r"\s*(?:ALTER|CREATE|DELETE|DROP|INSERT|SELECT|UPDATE|WITH) ")
_ANY = re.compile(
    "|".join(rf"(?P<m{number}>\b(?:{mark})(?!\w))" for number, mark in enumerate(MARKS.values())), re.IGNORECASE
)
_MAYBE = re.compile(rf"{_ANY.pattern}|\b(?-i:What|Who) ", re.IGNORECASE)
_QUOTES = re.compile(r"\A[A-Za-z]*[\"']+|[\"']+\Z")
_GAP = re.compile(r"[\s#_]+")
_CODE = re.compile(
    r"^(?:```|~~~).*?^(?:```|~~~)|^ *>[^\n]*|^#+ (?:What|Who) [^\n]*|`[^`\n]*`|“[^”]*”", re.DOTALL | re.MULTILINE
)
"""Code, quotations, and headings that begin with What or Who, in Markdown."""


def find_files(part: str) -> Iterator[Path]:
    """Finds the files of one part."""
    path = ROOT / part
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        name = file.relative_to(ROOT).as_posix()
        if (path.is_file() or file.suffix in {".py", ".md", ".html", ".css"}) and not name.startswith(EXCLUDED):
            yield file


def find_marks(name: str, source: str) -> list[str]:
    """Lists the marks in a file's text as `file:line: words`, in order."""
    source = _KEPT.sub("_", source)
    if _MAYBE.search(_GAP.sub(" ", source)) is None:  # most files; reading the tokens takes longer
        return []
    texts = _python_texts(name, source) if name.endswith(".py") else [(1, _CODE.sub(_blank, source))]
    return [
        f"{name}:{lines[mark.start()]}: {mark[0][:40].strip()}"
        for line, text in texts
        for lines, folded in [_fold_with_lines(text, line)]
        for mark in _ANY.finditer(folded)
    ]


def _python_texts(name: str, source: str) -> Iterator[tuple[int, str]]:
    """Iterates over comments, docstrings, string literals and names, each with its line."""
    has_quotations = name.startswith(DOCUMENTS)
    begins_line = True
    comment: tuple[int, list[str]] | None = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "COMMENT":
            text = token.string.lstrip("#").partition("noqa:")[0].partition("type: ignore")[0]
            if comment is not None and not token.line[: token.start[1]].strip():
                comment[1].append(text)
            else:
                if comment is not None:
                    yield comment[0], "\n".join(comment[1])
                comment = (token.start[0], [text])
            continue
        if comment is not None and kind != "NL":
            yield comment[0], "\n".join(comment[1])
            comment = None
        if kind == "NAME" and "_" in token.string:
            yield token.start[0], token.string
        elif (kind == "STRING" and begins_line) or (kind in {"STRING", "FSTRING_MIDDLE"} and not has_quotations):
            text = _QUOTES.sub("", token.string)
            if _SQL.match(text) is None:
                yield token.start[0], text
        begins_line = kind in {"NEWLINE", "INDENT", "DEDENT"} or (begins_line and kind == "NL")


def _fold_with_lines(text: str, line: int) -> tuple[list[int], str]:
    """Fold white space and underscores, and return the line of each character of the result."""
    lines: list[int] = []
    folded: list[str] = []
    for piece in re.split(r"([\s#_]+)", text):
        if piece and _GAP.fullmatch(piece):
            folded.append(" ")
            lines.append(line)
            line += piece.count("\n")
        else:
            folded.append(piece)
            lines += [line] * len(piece)
    return lines, "".join(folded)


def _blank(code: re.Match[str]) -> str:
    return "\n" * code[0].count("\n")


@pytest.mark.parametrize("part", PARTS)
def test_part_is_written_in_plain_english(part: str) -> None:
    found = [
        mark
        for file in find_files(part)
        for mark in find_marks(file.relative_to(ROOT).as_posix(), file.read_text("utf-8"))
    ]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('def f():\n    """The page is had\n    again."""\n', ["a.py:2: is had"]),
        ("x = 1\n# read\n# anew\n", ["a.py:3: anew"]),
        ("def test_the_sync_is_told() -> None: ...\n", ["a.py:1: told"]),
        ("x = 1  # the page is no decision\n", ["a.py:1: is no"]),
        ('raise ValueError(f"{name} is none of ours")\n', ["a.py:1: is none"]),
        ('"""What is known and listed is shown."""\n', ["a.py:1: What is known and listed is shown."]),
        ('"""There is no page, there is none; it is no longer here, and stands for 1. What is it?"""\n', []),
    ],
)
def test_marks_of_the_dialect_are_found_in_python(source: str, words: list[str]) -> None:
    assert find_marks("a.py", source) == words


def test_string_literals_of_tests_are_quotations() -> None:
    assert find_marks("tests/a.py", 'x = "I was told"  # told\n') == ["tests/a.py:1: told"]


def test_code_and_quotations_in_markdown_are_skipped() -> None:
    page = "# What it does\n\nRead anew.\n```\nas before\n```\n> told\n“told” and `told`\nNot had.\n"
    assert find_marks("docs/a.md", page) == ["docs/a.md:3: anew", "docs/a.md:9: Not had"]
