"""Tests that a quickly filled archive is one that a backfill could have left."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from bench.filled import corpus, fill, invent, with_texts
from ingest.lgo.page import parse_page
from ingest.lgo.text_format import render
from lgsco.replica.markup import render as render_page
from storage import ledger
from storage.database import reading
from storage.digests import find_flaw
from storage.verify import check_ledger


def test_a_filled_archive_is_proven_and_has_no_damaged_decision(tmp_path: Path) -> None:
    samples = corpus(40, short=True)
    fill(tmp_path / "short.db", with_texts(samples))
    fill(tmp_path / "real.db", islice(invent(1_000), 30))
    for name, count in (("short", len(samples)), ("real", 30)):
        with reading(tmp_path / f"{name}.db") as db:
            references = [key for (key,) in db.execute("SELECT reference FROM decisions")]
            assert len(references) == count
            assert [find_flaw(db, key) for key in references] == [None] * count
            assert {proof.state for proof in ledger.find_windows(db)} == {"proven"}
            assert list(check_ledger(db)) == []
            assert db.execute("SELECT count(*) FROM queue").fetchone() == (0,)


def test_no_invented_reference_is_one_of_the_look_alike() -> None:
    invented = [sample.reference[3:] for sample, _ in islice(invent(1_000_000), 150)]
    generated = [sample.reference[3:] for sample in corpus(3_000, short=True)]
    assert max(generated) < "900 000" <= min(invented)


def test_the_texts_are_those_of_the_look_alike() -> None:
    statements = [sample for sample in corpus(40, short=True) if sample.kind == "statement"]
    pages = {sample.reference: render(parse_page(render_page(sample, related=[])[0])) for sample in statements}
    assert pages == {sample.reference: text for sample, text in with_texts(statements)}
