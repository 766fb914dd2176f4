"""The shell examples of the documents run against the look-alike site, and the output that they show is the program's.

Each page's `lgsco` lines run in order, in a folder with an archive. A block that cannot run here has a line
`<!-- not run: REASON -->` above it.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from lgsco.cli.main import cli
from lgsco.replica.corpus import generate
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.command_line import Here, Shop
from support.paths import ROOT

COMMANDS = cli.load_commands()

PAGES = (
    *("README.md", "CONTRIBUTING.md", "docs/index.md", "docs/getting-started.md", "docs/operating.md"),
    *("docs/completeness.md", "docs/politeness.md", "docs/contributing.md"),
)
BLOCK = re.compile(r"^(?P<above>[^\n]*)\n```sh\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: \w.* -->")
SAMPLE = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d.,:TZ-]*(?: (?:bytes|[kMG]B)\b)?")


def read_blocks(page: str) -> Iterator[tuple[bool, list[str]]]:
    """Of each shell example: whether it is run, and its lines."""
    for block in BLOCK.finditer((ROOT / page).read_text("utf-8")):
        yield NOT_RUN.fullmatch(block["above"]) is None, block["lines"].splitlines()


def read_commands(page: str) -> Iterator[list[str]]:
    """The arguments of each command line that is run."""
    for is_run, lines in read_blocks(page):
        for line in lines if is_run else ():
            words = shlex.split(line, comments=True)
            if words:
                assert words[0] == "lgsco", f"{page}: {line!r}: mark its block `<!-- not run: REASON -->`"
                yield words[1:]


@pytest.mark.parametrize("page", [page for page in PAGES if any(is_run for is_run, _ in read_blocks(page))])
def test_shell_examples_of_a_page_run(
    page: str, filled: Shop, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(filled.database, tmp_path / "lgsco.db")
    monkeypatch.setenv("LGSCO_SITE_BASE_URL", filled.server.url)
    monkeypatch.setenv("LGSCO_FETCH_PACE", "0")
    for arguments in read_commands(page):
        fewer = ["--count", "3"] if arguments == ["demo"] else []
        here(*arguments, *fewer)


def test_the_commands_of_the_readme_work_one_after_the_other_in_an_empty_folder(
    shop: Shop, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LGSCO_SITE_BASE_URL", shop.server.url)
    monkeypatch.setenv("LGSCO_FETCH_PACE", "0")
    *others, search, show = read_commands("README.md")
    for arguments in others:
        here(*arguments)
    assert show[1] in here(*search).out.replace(" ", "-"), "the search finds the decision that is then shown"
    assert here(*show).out


def test_most_pages_have_examples_that_run() -> None:
    counts = {page: len(list(read_commands(page))) for page in PAGES}
    assert sum(counts.values()) > 25
    assert {page for page, count in counts.items() if count >= 1} >= {
        *("README.md", "docs/getting-started.md", "docs/operating.md", "docs/completeness.md", "docs/politeness.md"),
    }


def test_examples_that_are_not_run_name_commands_that_exist() -> None:
    named = {
        found[1]
        for page in PAGES
        for is_run, lines in read_blocks(page)
        if not is_run
        for line in lines
        if (found := re.search(r"(?:^|[\s/])lgsco ([a-z]+)(?:\s|$)", line)) and "docker run" not in line
    }
    assert {"serve", "daemon", "template", "import"} <= named <= set(COMMANDS) | {"lgsco"}


def test_sample_output_is_what_the_program_prints(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    today = date.today()  # noqa: DTZ011  # the commands use the machine's clock
    recent = generate(3, seed=3, first=today - timedelta(80), last=today - timedelta(60), body=False)
    older = generate(4, seed=4, first=date(2024, 1, 1), last=date(2025, 1, 1), body=False)
    with serve(Site([*recent, *older])) as server:
        monkeypatch.setenv("LGSCO_SITE_BASE_URL", server.url)
        monkeypatch.setenv("LGSCO_FETCH_PACE", "0.001")  # the report names it
        here("init")
        here("sync")
        printed = here("coverage").out + here("politeness").out
    shown = [sample for page in PAGES for sample in SAMPLE.findall((ROOT / page).read_text("utf-8"))]
    assert len(shown) == 2
    for sample in shown:
        assert NUMBER.sub("#", sample) in NUMBER.sub("#", printed)
