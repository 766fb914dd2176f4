"""The wheel and the sdist have every file that runs: each is installed in a new environment outside the checkout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from ingest.config import VERSION
from lgsco.cli.main import cli
from support.command_line import HANG, Desk, ended, open_shop, small_site
from support.paths import ROOT, SEEDS

OFFLINE = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
MODULES = """
import importlib, pkgutil, sys
for name in ("ingest", "lgsco", "storage"):
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
import scheduler
for name, module in sorted(sys.modules.items()):
    if name.partition(".")[0] in ("ingest", "lgsco", "storage", "scheduler", "bench", "tests"):
        print(name, module.__file__)
"""
"""A program that imports every module of lgsco and prints where each comes from."""


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Artefacts:
    """The files that users get."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Artefacts:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, "-t", "wheel", "-t", "sdist")
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return Artefacts(wheel, sdist)


@dataclass
class Installed(Desk):
    """A desk whose commands are those of another environment, without the checkout on the path."""

    environment_folder: Path = Path()

    def start(
        self, *arguments: str | Path, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        return self.launch(self.environment_folder / "bin" / "lgsco", *arguments, stdout=stdout, stderr=stderr)

    def variables(self) -> dict[str, str]:
        return {**super().variables(), "PYTHONPATH": ""}


from_wheel = pytest.mark.parametrize("installed", ["wheel"], indirect=True)
from_either = pytest.mark.parametrize("installed", ["wheel", "sdist"], indirect=True)


@pytest.fixture(scope="module")
def installed(
    request: pytest.FixtureRequest, artefacts: Artefacts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """Installs one artefact into an empty environment that borrows only its dependencies from this one."""
    artefact: Path = getattr(artefacts, request.param)
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    borrowed = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    # Folders on the path are searched, but their .pth files (of editable installs) are not read.
    (packages / "borrowed.pth").write_text("".join(f"{path}\n" for path in borrowed))
    run(sys.executable, "-m", "pip", "--python", python, "install", *OFFLINE, artefact)
    desk = Installed(tmp_path_factory.mktemp("desk"), environment_folder=environment)
    yield desk
    desk.leave()


def files_of(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_sdist_builds_the_same_wheel(artefacts: Artefacts, tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "wheel", *OFFLINE, "-w", tmp_path, artefacts.sdist)
    (wheel,) = tmp_path.glob("*.whl")
    assert files_of(wheel) == files_of(artefacts.wheel)


def test_the_wheel_has_every_file_that_runs_and_no_other(artefacts: Artefacts) -> None:
    packed = {name for name in files_of(artefacts.wheel) if ".dist-info/" not in name}
    found = [path for folder in ("ingest", "lgsco", "storage", "seeds") for path in (ROOT / folder).rglob("*")]
    files = [path for path in [*found, ROOT / "scheduler.py"] if path.is_file() and "__pycache__" not in path.parts]
    assert len(files) > 70
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}


@from_either
def test_no_module_is_imported_from_the_checkout(installed: Installed) -> None:
    ran = ended(installed.launch(installed.environment_folder / "bin" / "python", "-c", MODULES))
    assert ran.code == 0, ran.err
    found = dict(line.split(" ", 1) for line in ran.out.splitlines())
    assert len(found) > 60
    assert {name.partition(".")[0] for name in found} == {"ingest", "lgsco", "storage", "scheduler"}
    assert [path for path in found.values() if not Path(path).is_relative_to(installed.environment_folder)] == []


@from_wheel
def test_every_command_shows_its_help(installed: Installed) -> None:
    assert VERSION in installed.run("--version").out
    asked = {name: installed.start(name, "--help") for name in cli.load_commands()}
    for name, process in asked.items():
        ran = ended(process)
        assert (ran.code, ran.err) == (0, ""), name
        assert f"Usage: lgsco {name}" in ran.out


@from_either
def test_the_demo_runs_and_its_database_can_be_read(installed: Installed) -> None:
    assert "The real ones:" in installed.run("demo", "--count", "2").out
    named = ("--db", "demo.db")
    text = installed.run("show", "25-004-920", *named).out
    assert text.encode() == (SEEDS / "000_d996cb4fed483c77.txt").read_bytes() + b"\n"
    assert "7 decisions" in installed.run("status", *named).out
    assert "25 004 920" in installed.run("search", "25 004 920", *named).out
    assert "proven" in installed.run("coverage", *named).out
    assert "every promise was kept" in installed.run("politeness", *named).out
    assert installed.run("renormalise", *named).out
    installed.run("snapshot", "--public", "copy.db", *named)
    installed.run("export", "--format", "text", "out", *named)
    assert len(list((installed.folder / "out").rglob("*.txt"))) >= 7


@from_wheel
def test_a_document_is_imported(installed: Installed) -> None:
    named = ("--db", "imported.db")
    installed.run("import", SEEDS, *named)
    assert "(18 009 360)" in installed.run("show", "18 009 360", *named).out
    assert "5 decisions" in installed.run("status", *named, code=1).out


@from_wheel
def test_a_site_is_backfilled_and_synced(installed: Installed) -> None:
    with open_shop(installed.folder, small_site()) as shop:
        named = ("--db", "site.db", "--site", shop.server.url)
        installed.environment["LGSCO_FETCH_PACE"] = "0"
        installed.run("backfill", *named)
        installed.run("sync", *named)
        assert len(shop.pages()) >= len(shop.site)


@from_wheel
def test_serve_answers_and_ends_on_a_signal(installed: Installed) -> None:
    installed.run("import", SEEDS, "--db", "served.db")
    process = installed.start("serve", "--port", "0", "--db", "served.db")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), ended(process)
    assert "decisions" in httpx.get(url, timeout=30).text
    os.kill(process.pid, signal.SIGTERM)
    process.wait(HANG)
    assert ended(process).code == 0
