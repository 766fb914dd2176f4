"""The documents at the top of the repository, and what the guide for operators says of exit codes and the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.errors
from ingest.config import VERSION
from lgsco.cli import exit_codes
from support.paths import ROOT

PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/index.md", "docs/getting-started.md"),
    *("docs/operating.md", "docs/completeness.md", "docs/politeness.md", "docs/contributing.md"),
)
COMING = {"querying.md", "schema.md", "commands.md", "settings.md", "text-format.md", "architecture.md"}
"""Pages of docs/ that may be missing: they are written at the same time as this test. Empty it once they are there."""
LINK = re.compile(r"\]\((?P<target>[^)\s#]*)(?:#(?P<anchor>[^)\s]+))?\)")
README_LINES = 120
IMAGE_BYTES = 150_000


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def find_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def find_broken_links(page: Path) -> Iterator[str]:
    for link in LINK.finditer(page.read_text("utf-8")):
        target, anchor = link["target"], link["anchor"]
        if target.startswith(("https://", "http://")):
            continue
        file = page.parent / target if target else page
        if not file.is_file() and file.name not in COMING:
            yield f"{page.name}: {target}"
        elif file.is_file() and anchor and anchor not in find_anchors(file):
            yield f"{page.name}: {target}#{anchor}"


def test_readme_is_short_and_shows_two_small_pictures() -> None:
    readme = read("README.md")
    assert len(readme.splitlines()) <= README_LINES
    pictures = re.findall(r"!\[([^\]]+)\]\((docs/images/[^)]+)\)", readme)
    assert len(pictures) == 2
    for description, name in pictures:
        assert len(description) > 20
        assert (ROOT / name).stat().st_size < IMAGE_BYTES, name


def test_readme_has_the_set_up_command_that_ci_runs() -> None:
    (dev,) = [line for line in read(".ci/run").splitlines() if line.startswith("python3 -m venv")]
    demo = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt . && .venv/bin/lgsco demo"
    assert dev.endswith("&& ./check")
    lines = read("README.md").splitlines()
    assert [line for line in lines if line.startswith("python3 -m venv")] == [demo, dev]
    assert dev in read("CONTRIBUTING.md").splitlines()


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_a_file_and_a_heading(name: str) -> None:
    assert list(find_broken_links(ROOT / name)) == []


def test_common_questions_are_linked_to_a_page() -> None:
    _, _, questions = read("docs/index.md").partition("## Common questions")
    numbered = re.split(r"^\d+\. ", questions, flags=re.MULTILINE)[1:]
    assert len(numbered) == 10
    assert all(len(LINK.findall(question)) == 1 for question in numbered)


def test_operating_explains_each_exit_code() -> None:
    errors = [error for error in vars(ingest.errors).values() if isinstance(error, type)]
    codes = {code for error in errors if isinstance(code := getattr(error, "exit_code", None), int)}
    codes |= {value for name, value in vars(exit_codes).items() if name.isupper()}
    codes |= {13, 14, 129, 143}  # of storage.errors, and of signals
    _, _, section = read("docs/operating.md").partition("\n## Exit codes\n")
    rows = re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE)
    explained = {int(code) for row in rows for code in row.split(",")}
    assert explained == codes


def test_changelog_names_the_version_and_what_comes_next() -> None:
    versions = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert VERSION in versions


def test_citation_has_the_fields_that_cff_requires_and_the_version() -> None:
    text = read("CITATION.cff")
    citation = dict(re.findall(r"^([\w-]+): *(.*)$", text, re.MULTILINE))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == VERSION
    assert citation["license"] == "Apache-2.0"
    assert re.findall(r"^  - ([\w-]+):", text, re.MULTILINE) == ["name"], "an entity, not an invented person"
