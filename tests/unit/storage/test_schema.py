"""Tests the migrations as a whole, and rules that the rest of the code must not repeat."""

from __future__ import annotations

import ast
import re
from hashlib import sha256
from pathlib import Path

from support.paths import ROOT
from support.sources import parse

LANDED = {
    "from_0_1/m001_tables.py": "c7b45f731c30cfc514f68a94cfe7c5e191cbdfe32f4907cbd63898c40ca2fcd4",
    "from_0_1/m002_reconciliation.py": "a2b01692c5bc8536cd584e47aa349eb46bf46b65e3054647466715a0d73fbebf",
    "from_0_1/m003_manners.py": "262efc07ddd7d1ee3a8256f82837444fcc8615fb78473f3f524d5b79d9f0c30f",
    "from_0_1/m004_promises.py": "8e65a26c3227a58ecf1295926bdce2bc16a9aa94a5f4e40e127d5fbc0c4c8561",
    "from_0_1/m005_account.py": "a2277c67164c925b1a160f7f099aba978d509ca86b9d250a93daa56108387cce",
    "from_0_1/m006_holds.py": "ae3dfcd2dc84ce5683dbf40f84a72e53edafaee2bde7e79ac3d12f77606c2a14",
    "from_0_1/m007_cards.py": "c9bf7f0b47c276d1236d5bd560d2aaab7ec1970ee33f784a706a6faaaa39ab61",
    "from_0_1/m008_reasons_and_failures.py": "8f38e23ee0416191f6eafec4627430f3ee574290246b418f43fccc80399e2ada",
    "from_0_1/m009_intents.py": "004b34e5b548f8e01da3a49e538ee317899dcccf9edc19a5730f24609eaeae33",
    "from_0_1/m010_gone.py": "9233fd931405a5d054978dd025e2936f0709b08af4b1224cc8e1c3c702fd13eb",
    "from_0_1/m011_same_characters.py": "e18622621d638b698d782cadf5db8f3e1d2550a18ece635117c3c4a3e8e90010",
    "from_0_1/m012_digests.py": "440196ce44805c3e158a889963d2644bdc63ad8dd34c7dca788b164dbaeeb42d",
    "from_0_1/m013_findings.py": "0a5cc232555cf0b972f4cbf0f951685b08fac93e4a301cd5f62588380812c39c",
    "from_0_1/m014_listing_findings.py": "c38764284fd6713e83059e5a72e61e59af005e7cace70d21662a1a6a8fdd5187",
    "from_0_1/m015_identity_and_fill.py": "9c8b37636eaa3e51e9062156e20df25c71e6a6e5f620b69b0be356578fc4f217",
    "from_0_1/m016_template_changes.py": "4533df4b8958d4303a0c2aa79a2472d59e335750fd67d1efaa5ebf3add18a50f",
    "from_0_1/revisions_table.py": "0ae890c665ce1f1f7dc40350c653adb8108a59a3cb668f5ec89f3e6f3f681c1e",
    "migrations/m017_baseline.py": "cae03d9b08ba77ab86b580bb18b4eb091e04e546697d7fc25840331b2dd1bc6c",
    "migrations/m018_counters.py": "0185111954b22c61bc0c48789b266c23d8945796ae2aa308b320bea34a950024",
    "migrations/m019_views_for_duckdb.py": "fb7170445da304c716fa8e81bfced2be18c5ad754a0856728e1c455e87053e97",
    "migrations/m020_suppressions.py": "0e5d80ad4289b98366ef2cec88bed862028af2f50ba704e4e0a69f72874dafe8",
    "migrations/m021_wider_indexes.py": "39db5de1b14fe72be425396257187884286ed1ebec1ccfd0b4ffbaa793cb8a72",
    "migrations/m022_parsed_pages.py": "1a1806d5bb429a673849480851ebe6fb8c2aeea046266d026c746f608afdd443",
    "migrations/m023_search.py": "1ae22146517eed96a8e4fc7e2add3b4ab6658c24ee4dba57faca8c1065851d11",
    "migrations/script.py": "06d1acfba0b851556f6924b831b5b6888a062758c3fd61b12339e3bbc0999096",
    "baseline.sql": "caf0cf3b2f44a3959a747bd0dafddab1b8dd165f75f5cec091d4add690c7ae50",
}
"""The SHA-256 of each file of SQL and of migrations that has landed, relative to `storage`."""


def test_a_landed_migration_is_never_edited() -> None:
    assert {name: sha256((ROOT / "storage" / name).read_bytes()).hexdigest() for name in LANDED} == LANDED


def test_every_landed_migration_is_compared() -> None:
    frozen = {path.name for path in (ROOT / "storage" / "from_0_1").glob("m*.py")}
    assert {f"from_0_1/{name}" for name in frozen} <= set(LANDED)


def test_only_one_view_defines_held_from_the_site() -> None:
    predicate = re.compile(r"\bsource = 'site'")
    root = Path(__file__).parents[3]
    places = [path for top in ("storage", "ingest", "lgsco") for path in (root / top).rglob("*.py")]
    again = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in places
        if path.parent.name not in ("from_0_1", "migrations")
        if "'site'" in path.read_text(encoding="utf-8")  # most files have none, and parsing them takes a second
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and predicate.search(node.value)
    ]
    assert again == [], "use the view held_from_site"


def test_no_statement_relies_on_the_order_of_columns() -> None:
    without_names = re.compile(r"SELECT \*|\w\.\*|INSERT INTO \w+ (?:VALUES|SELECT)\b")
    places = [path for top in ("storage", "ingest", "lgsco") for path in (ROOT / top).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT).as_posix()}: {match[0]}"
        for path in places
        if path.parent.name not in ("from_0_1", "migrations", "replica")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in [without_names.search(node.value)]
        if match and re.search(r"\b(?:FROM|INTO)\b", node.value)
    ]
    assert found == ["storage/journal.py: SELECT *"], "only this one, which names the columns before it"
