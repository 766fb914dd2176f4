"""The documents at the top of the repository, and what the pages say that no other test compares with the program."""

from __future__ import annotations

import re

import ingest.errors
import lgsco.web.server
from ingest.config import VERSION
from storage.errors import LgscoError
from support.paths import ROOT

README_LINES = 120
IMAGE_BYTES = 150_000
SIGNALS = {129, 130, 143}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


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


def test_each_common_question_links_to_one_page() -> None:
    _, _, questions = read("docs/index.md").partition("## Common questions")
    numbered = re.split(r"^\d+\. ", questions, flags=re.MULTILINE)[1:]
    assert len(numbered) == 10
    assert [len(re.findall(r"\]\([a-z-]+\.md#[\w-]+\)", question)) for question in numbered] == [1] * 10


def _exit_codes(root: type[LgscoError]) -> set[int]:
    return {root.exit_code, *(code for below in root.__subclasses__() for code in _exit_codes(below))}


def test_operating_says_what_to_do_at_each_exit_code() -> None:
    for module in (ingest.errors, lgsco.web.server):
        assert module.__doc__  # imported, so that every error has been defined
    _, _, section = read("docs/operating.md").partition("\n## Exit codes\n")
    rows = re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE)
    assert {int(code) for row in rows for code in row.split(",")} == {0, *_exit_codes(LgscoError), *SIGNALS}


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
