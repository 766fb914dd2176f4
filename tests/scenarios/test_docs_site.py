"""mkdocs builds the documentation as a web site."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.paths import ROOT

PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))


def test_mkdocs_builds_the_pages_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    for name in PAGES:
        built = tmp_path / "site" / ("index.html" if name == "index.md" else f"{name.removesuffix('.md')}/index.html")
        html = built.read_text(encoding="utf-8")
        assert not re.findall(r"(?:src|<link[^>]* href)=\"https?://", html), "the page loads nothing from another host"
