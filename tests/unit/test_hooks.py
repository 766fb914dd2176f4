"""The hooks of .pre-commit-config.yaml run what ./check runs, and download nothing."""

from __future__ import annotations

import re

import yaml

from support.paths import ROOT


def test_hooks_run_the_tools_of_check() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    hooks = repository["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    *tools, check = [re.sub(r"bash -c 'PATH=\"[^\"]+\" (.+)'", r"\1", hook["entry"]) for hook in hooks]
    assert check == "./check"
    lines = (ROOT / "check").read_text(encoding="utf-8").splitlines()
    assert tools == [line for line in lines if line.startswith(("ruff", "mypy"))]
