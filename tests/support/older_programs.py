"""Makes `tests/golden/schemas.tar.xz`: a small file of each schema, written by the program of that time.

To add the file of a new version, add a commit of it to `COMMITS`, then run this in the project's folder, with a
worktree of its own: `PYTHONPATH=tests:. python -m support.older_programs WORKTREE`. It makes the files that are not
there yet: it checks out the commit in the worktree and runs that program's `backfill` against the look-alike site on
loopback. No commit had the steps of schema 15 as they are today, so the step itself makes that file from the one
before.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

from sqlite_utils import Database

from lgsco.replica.corpus import generate
from lgsco.replica.sample import Sample
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.from_0_1.steps import steps
from support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "schemas.tar.xz"

COMMITS = {
    1: "5224cf9",
    2: "1decae9",
    3: "5ef1cd2",
    4: "04afc8a",
    5: "39b8e73",
    6: "9eb0e30",
    7: "ad7c12f",
    8: "60a0417",
    9: "b2d28bc",
    10: "77697f1",
    11: "a06f3a3",
    12: "e906d67",
    13: "144d39a",
    14: "08a2983",
    16: "d26c3d0",
    17: "aebc3f6",
    21: "6395a26",
    23: "cd9a7d9",
}
"""A commit of each schema version that a landed program had, but of 15. Its migrations have today's names."""

STEPPED = 15
"""The version whose file its own step makes from the file before."""

VERSIONS = sorted({*COMMITS, STEPPED})
"""Every schema version that a landed program had."""

MODULES = range(7, 17)
"""The versions at whose commits each migration of version 0.1 is a module of its name."""


def samples() -> list[Sample]:
    """Returns the decisions on the site: all but the last were there when the files were made."""
    return list(generate(3, seed=11, first=date(2025, 1, 1), last=date(2025, 9, 30), body=False))


def make(checkout: Path, version: int) -> None:
    """Makes the file of one schema version."""
    commit = COMMITS[version]
    _git(checkout, "checkout", "--quiet", "--force", "--detach", commit)
    if version in MODULES:
        listed = _git(ROOT, "ls-tree", "-r", "--name-only", commit, "storage/migrations")
        names = re.findall(r"/(m\d{3}_\w+)\.py$", listed, re.MULTILINE)
        assert names == [step.name for step in steps.pending(Database(memory=True))][:version], names
    config = checkout / "golden.toml"
    config.write_text("[fetch]\npace = 0.02\n", encoding="utf-8")
    path = checkout / "golden.db"
    for side in ("", "-wal", "-shm", "-lock"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    with serve(Site(samples()[:-1], today=date.today())) as server:  # noqa: DTZ011  # the clock of the older program
        subprocess.run(
            [*(sys.executable, "-m", "lgsco", "backfill", "--site", server.url, "--db", path, "--config", config)],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            check=True,
        )
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        assert db.execute("SELECT count(*) FROM decisions").fetchone() == (len(samples()) - 1,)


def step_on(path: Path, version: int) -> None:
    """Migrates a file of the version before with the step itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        names = [step.name for step in steps.pending(Database(memory=True))]
        steps.apply(Database(db), stop_before=names[version])
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        db.execute("PRAGMA journal_mode = WAL")


def unpack(folder: Path) -> dict[int, Path]:
    """Unpacks the golden files into a folder, and returns them by version."""
    with tarfile.open(GOLDEN) as packed:
        packed.extractall(folder, filter="data")
    return {int(path.stem): path for path in sorted(folder.glob("*.db"))}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def main(checkout: Path) -> None:
    """Makes the files that are not there yet, and packs them with the others."""
    with tempfile.TemporaryDirectory() as folder:
        files = unpack(Path(folder)) if GOLDEN.exists() else {}
        for version in VERSIONS:
            path = Path(folder, f"{version:02}.db")
            if version not in files and version != STEPPED:
                make(checkout, version)
                shutil.copy(checkout / "golden.db", path)
            elif version not in files:
                shutil.copy(files[version - 1], path)
                step_on(path, version)
            files[version] = path
        with tarfile.open(GOLDEN, "w:xz", preset=9) as packed:
            for path in files.values():
                packed.add(path, path.name, filter=_forget_owner)


def _forget_owner(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


if __name__ == "__main__":
    main(Path(sys.argv[1]))
