"""`lgsco export` with --authority, --from and --to writes the decisions that they name, in every format."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet
import pytest

from storage.digests import update_digests
from storage.writer import writing
from support.archives import make_archive
from support.command_line import Here, Shop


@pytest.fixture
def archive(here: Here) -> Path:
    path = Path("lgsco.db")
    make_archive(path, 12)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE decisions SET authority = 'Leeds City Council' WHERE reference < '25 000 006'")
        db.execute("UPDATE decisions SET decision_date = NULL WHERE reference = '25 000 000'")
    with writing(path) as db:
        update_digests(db, [f"25 000 {number:03}" for number in range(12)])
    return path


def exported(form: str) -> set[str]:
    if form == "jsonl":
        lines = Path("out/decisions.jsonl").read_text("utf-8").splitlines()
        return {json.loads(line)["reference"] for line in lines}
    if form == "text":
        return {path.stem.replace("-", " ") for path in Path("out").glob("25-*.txt")}
    if form == "csv":
        return {line[:10] for line in Path("out/decisions.csv").read_text("utf-8").splitlines() if line[:3] == "25 "}
    return set(pyarrow.parquet.read_table("out/parquet/decisions").column("reference").to_pylist())


@pytest.mark.parametrize("form", ["text", "jsonl", "csv", "parquet"])
def test_only_the_chosen_decisions_are_exported(here: Here, archive: Path, form: str) -> None:
    with closing(sqlite3.connect(archive)) as db:
        rows = db.execute("SELECT reference, authority, decision_date FROM decisions ORDER BY decision_date").fetchall()
    days = sorted(day for _, _, day in rows if day is not None)
    first, last = days[2], days[-3]
    expected = {
        reference
        for reference, authority, day in rows
        if authority == "Leeds City Council" and day is not None and first <= day <= last
    }
    assert 0 < len(expected) < 6
    ran = here("export", "out", "--format", form, "--authority", "leeds city council", "--from", first, "--to", last)
    assert exported(form) == expected
    assert ran.out.startswith(f"{len(expected)} decisions in out\n{first} to {last}: not proven; ")


def test_an_authority_that_no_decision_has_is_refused_with_names_that_contain_it(here: Here, archive: Path) -> None:
    err = here("export", "out", "--authority", "leeds", code=2).err
    assert "no stored decision is about an authority named 'leeds'; these contain it: Leeds City Council" in err
    assert "contain" not in here("export", "out", "--authority", "Atlantis", code=2).err
    assert not Path("out").exists()


def test_dates_in_the_wrong_order_are_refused(here: Here, archive: Path) -> None:
    assert "is after --to" in here("export", "out", "--from", "2026-02-01", "--to", "2026-01-01", code=2).err


def test_an_export_says_in_words_and_in_its_attribution_which_dates_are_proven(shop: Shop) -> None:
    shop.run("backfill", "--from", "2025")
    stored = len(shop.held())
    for options, dates in ([], "2025-01-01 to today"), (["--from", "2024"], "2024-01-01 to today"):
        printed = shop.run("export", "out", *options).out.splitlines()[1:]
        claim = "not proven; " if options else f"{stored} of {stored} listed decisions are in the archive"
        assert printed[0].startswith(f"{dates}: {claim}")
        written = (shop.folder / "out" / "ATTRIBUTION.txt").read_text("utf-8")
        _, _, state = written.partition("The state of the archive when this was written:\n")
        assert state.splitlines()[0] == printed[0]
        assert "`" not in state, "who reads it may not have lgsco"
