"""`lgsco --help` lists every command once under a heading, and the example of each command's help runs."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lgsco.cli.main import HEADINGS, cli, main
from lgsco.replica.server import serve
from support.command_line import Here, short_site
from support.paths import ROOT, SEEDS

COMMANDS = cli.load_commands()

NOT_RUN = {
    "daemon": "runs until a signal ends it; tests/scenarios/test_daemon.py runs it",
    "serve": "serves until a signal ends it, on a port that may be in use; tests/scenarios/test_serve.py runs it",
}
"""Commands whose example is only parsed, with the reason."""

WITHOUT_DATABASE = frozenset({"init", "demo"})
"""Commands whose example creates a database, so there is none before."""

TEMPLATE_CHANGE = """
INSERT INTO template_changes (state, since, found_at, changed_at, run, kind, example, diff)
VALUES ('released', '2026-11-02T12:00:00Z', '2026-11-02T12:00:00Z', '2026-11-02T12:00:00Z', 1, 'statement',
        '25 004 920', '+ Share this page')
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An archive with the seeds, twelve decisions of a site that is still there, and a template change."""
    database = tmp_path_factory.mktemp("examples") / "lgsco.db"
    with serve(short_site(12)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LGSCO_SITE_BASE_URL", server.url)
        patch.setenv("LGSCO_FETCH_PACE", "0")
        for arguments in (["import", str(SEEDS)], ["backfill"]):
            with pytest.raises(SystemExit) as end:
                main([*arguments, "--db", str(database)])
            assert end.value.code == 0
        with closing(sqlite3.connect(database)) as db, db:
            db.execute(TEMPLATE_CHANGE)
        yield database
    assert not server.errors


def example(name: str) -> list[str]:
    """The words of the example in a command's help, without `lgsco`."""
    program, *words = shlex.split((COMMANDS[name].help or "").partition("Example: ")[2])
    assert program == "lgsco"
    return words


def test_help_lists_every_command_once_under_four_headings(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(HEADINGS) == ["Fetch", "Browse", "Maintain", "Try"]
    names = [name for commands in HEADINGS.values() for name in commands]
    assert sorted(names) == sorted(COMMANDS)
    main(["--help"])
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert [word for word in listed if word in COMMANDS] == names


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_of_a_command_begins_with_one_short_sentence(name: str) -> None:
    first = (COMMANDS[name].help or "").split("\n\n")[0]
    assert cli.listed[name].help == first, "the list of commands says the same"
    assert first[0].isupper()
    assert first.endswith(".")
    assert len(first) <= 80


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NOT_RUN.keys()))
def test_the_example_of_each_command_runs(here: Here, archive: Path, name: str) -> None:
    if name not in WITHOUT_DATABASE:
        shutil.copy(archive, "lgsco.db")
    if name in ("restore", "verify"):
        shutil.copy(archive, "backup.db")
    Path("seeds").symlink_to(ROOT / "seeds")
    words = example(name)
    if name == "demo":
        words += ["--count", "2"]  # the example's 300 decisions take ten times as long
    assert here(*words).out


@pytest.mark.parametrize("name", sorted(NOT_RUN))
def test_an_example_that_is_not_run_is_parsed(name: str) -> None:
    said, *arguments = example(name)
    assert said == name
    COMMANDS[name].make_context(name, arguments).close()
