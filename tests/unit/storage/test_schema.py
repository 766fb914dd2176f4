"""Tests the migrations as a whole, and rules that the rest of the code must not repeat."""

from __future__ import annotations

import ast
import re
from hashlib import sha256
from pathlib import Path

import pytest

from storage.from_0_1 import (
    m001_tables,
    m002_reconciliation,
    m003_manners,
    m004_promises,
    m005_account,
    m006_holds,
    m007_cards,
    m008_reasons_and_failures,
    m010_gone,
)

LANDED = {
    m001_tables.SCRIPT: "2bd8d65cdca20176641be4e73de671e5912f3a1a65939f787f258d5a925ed902",
    m002_reconciliation.SCRIPT: "0fea4b4006bafc34c9f4e480c57c6369ac1326f0e0f44b0f33d9321999d8e920",
    m003_manners.SCRIPT: "7eed5738a0be47b3e9244ec07434423a4ddee7a31bf98f6726df8c6003d1505c",
    m004_promises.SCRIPT: "e357ac687271a39e6eebbbe9d3271367f0aa5b7d6dc4c99ac6253a2fbbd96c9d",
    m005_account.SCRIPT: "3560af35db6b3f3d49441284113f39ccd8dc4037e605e06c76ea7ad13e485fe5",
    m006_holds.SCRIPT: "ea825ec82fae44a31c1c37c79f3f49ae277a8a97b9763f0dd1807f2bf7581b9d",
    m007_cards.SCRIPT: "e92764514ba5bc4916b49dcfd7f0c3aeecf402cd78326b2f2c33993c780d04f7",
    m008_reasons_and_failures.SCRIPT: "50e42efbce81d10cab7353ffab5f6839fdee273a09da12c24f56bf72064b17b0",
    m010_gone.SCRIPT: "cff051c86dd03e3ce32ab32fecdf4bf381ac94862ed49f46b4063465ae62ef6b",
}


@pytest.mark.parametrize(("script", "digest"), LANDED.items(), ids=[f"m{n:03}" for n in range(1, len(LANDED) + 1)])
def test_the_sql_of_a_landed_migration_is_never_edited(script: str, digest: str) -> None:
    assert sha256(script.encode()).hexdigest() == digest


def test_only_one_view_defines_held_from_the_site() -> None:
    predicate = re.compile(r"\bsource = 'site'")
    root = Path(__file__).parents[3]
    places = [path for top in ("storage", "ingest", "lgsco") for path in (root / top).rglob("*.py")]
    again = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in places
        if path.parent.name not in ("from_0_1", "migrations")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and predicate.search(node.value)
    ]
    assert again == [], "use the view held_from_site"
