"""Only `ingest.reports.claims` makes statements that nothing is missing.

Other strings of the program with a word of completeness are listed here, each with why it is not such a
statement. `tests/scenarios/test_statements.py` checks the printed output.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT
from support.sources import parse
from support.statements import WORDS

CLAIMS = "ingest/reports/claims.py"
NAMES = frozenset({"complete", "proven", "everything", "--all"})
"""States, keys and options: `ingest.reports.lines.name_ending` shows `complete` as done."""
CODE = re.compile(r"\b(?:SELECT|UNION|UPDATE|FROM|WHERE)\b|\(\?:|pointer-events|connection\.")
"""SQL, regular expressions, markup and event names of other programs."""
CLAIM_NOTHING = re.compile(
    r"""--json\ names\ them\ all | unseen,\ all\ or\ in\ part | proven,\ no\ decisions  # legends and hints
    | no\ complete\ response\ from | was\ not\ complete\ within | are\ all\ gone\ or\ refused  # failures
    | no\ markup\ at\ all | all\ of\ them\ long | expected\ a\ whole\ number
    | walks\ all\ dates\ and\ finds\ what\ is\ left | \ has\ completed\ since
    | ^whole\ $
    | every\ decision's\ page | every\ promise                    # politeness
    | [Cc]overs?\ all\ dates                                                         # options
    | ^Fetch\ every\ decision\ in | ^Show\ which\ decision\ dates\ are\ proven        # commands
    """,
    re.VERBOSE,
)
DESCRIPTIONS = frozenset(
    {"lgsco/web/metadata.py", "lgsco/web/queries.py", "storage/export.py", "ingest/reports/calendar.py"}
)
"""Descriptions of columns, queries and pictures; the reader sees the rows next to them."""


def modules() -> Iterator[Path]:
    for top in ("ingest", "storage", "lgsco"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if not {"replica", "from_0_1", "migrations"} & set(path.parts):
                yield path
    yield ROOT / "scheduler.py"


def literals(tree: ast.Module) -> Iterator[str]:
    """Iterates over the strings of a module, except its docstrings."""
    described = {
        id(statement.value)
        for node in ast.walk(tree)
        for statement in (node.body if isinstance(getattr(node, "body", None), list) else [])  # type: ignore[attr-defined]
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


def find_statements(tree: ast.Module) -> list[str]:
    """Returns the strings that have a word of completeness and that no rule explains."""
    return [
        text
        for text in literals(tree)
        if WORDS.search(text) and text not in NAMES and not CODE.search(text) and not CLAIM_NOTHING.search(text)
    ]


def test_only_the_claims_module_says_that_nothing_is_missing() -> None:
    found = {
        name: statements
        for path in modules()
        if (name := path.relative_to(ROOT).as_posix()) != CLAIMS and name not in DESCRIPTIONS
        if (statements := find_statements(parse(path)))
    }
    assert found == {}


def test_find_statements_finds_statements() -> None:
    for words in (
        "the archive is complete",
        "all decisions are stored",
        "0 unproven",
        "no gaps",
        "caught up",
        "up to date",
    ):
        assert find_statements(ast.parse(f"def show() -> None:\n    print({words!r})\n")) == [words]
    assert find_statements(ast.parse('def show() -> str:\n    """All of it."""\n    return "proven"\n')) == []
