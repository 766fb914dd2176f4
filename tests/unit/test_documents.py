"""The documents at the top of the repository, and what the pages say that no other test compares with the program."""

from __future__ import annotations

import re

from ingest.config import VERSION
from ingest.lgo.normaliser import NORMALISER
from storage.database import SCHEMA_VERSION
from storage.lock import DAEMON
from support.paths import ROOT

README_LINES = 120
IMAGE_BYTES = 150_000
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))


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


def test_only_the_generated_table_lists_the_exit_codes() -> None:
    _, _, section = read("docs/operating.md").partition("\n## Exit codes\n")
    assert "(commands.md#exit-codes)" in section
    listing = {name for name in PAGES if re.search(r"^\| 129, 130, 143 \|", read(name), re.MULTILINE)}
    assert listing == {"docs/commands.md"}


def test_each_file_beside_a_database_is_ignored_and_described() -> None:
    ignored, operating = read(".gitignore").splitlines(), read("docs/operating.md")
    for ending in ("", DAEMON):
        assert {f"*.db{ending}-lock", f"*.db{ending}-lease"} <= set(ignored)
        assert f"`lgsco.db{ending}-lock`" in operating


def test_changelog_names_the_version_and_what_comes_next() -> None:
    versions = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert VERSION in versions


def test_changelog_names_the_versions_of_the_schema_and_of_the_parser() -> None:
    assert f"Schema {SCHEMA_VERSION}, parser {NORMALISER}." in read("CHANGELOG.md")


def test_citation_has_the_fields_that_cff_requires_and_the_version() -> None:
    text = read("CITATION.cff")
    citation = dict(re.findall(r"^([\w-]+): *(.*)$", text, re.MULTILINE))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == VERSION
    assert citation["license"] == "Apache-2.0"
    assert re.findall(r"^  - ([\w-]+):", text, re.MULTILINE) == ["name"], "an entity, not an invented person"
