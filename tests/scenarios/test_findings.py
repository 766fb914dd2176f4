"""Oddities that parsing finds are stored, counted and reported, and pages that do not parse are remembered."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.errors import CutShort
from ingest.lgo import page as parser
from ingest.lgo.normaliser import NORMALISER
from ingest.lgo.text_format import render
from ingest.recording import record
from ingest.run import Backfill, Import, Renormalise, Sync
from lgsco.cli.main import main
from lgsco.replica.faults import Respond
from lgsco.replica.messages import Request
from lgsco.replica.sample import Sample
from lgsco.replica.script import on
from storage.database import reading
from storage.parser_versions import count_read_by_others
from support.world import World

CLOSING = b"Investigator's decision on behalf of the Ombudsman</p>"


def statement(world: World) -> Sample:
    return next(sample for sample in world.site.listed() if sample.kind == "statement")


def page_of(world: World, sample: Sample) -> bytes:
    return world.site.handle(Request("GET", sample.address, {})).body


def serve(world: World, sample: Sample, body: bytes) -> None:
    world.server.faults = on(f"{re.escape(sample.address)}$", Respond(200, body=body))


def file(folder: Path, name: str, body: bytes) -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def small(reference: str, title: str = "Anytown Council", after: str = "", date: str = "06 Oct 2025") -> bytes:
    return (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>x</title></head><body><article>"
        f"<h1>{title} ({reference})</h1><p>Decision : Upheld</p><p>Decision date : {date}</p>"
        f"<h2>The Ombudsman's final decision:</h2><p>Summary: Fault.</p><h2>The complaint</h2><p>Mr X complains.</p>"
        f"<p>Investigator's decision on behalf of the Ombudsman</p>{after}</article></body></html>"
    ).encode()


def test_an_oddity_is_stored_and_reported(world: World, tmp_path: Path) -> None:
    paths = (
        file(tmp_path, "a.html", small("25 004 901", date="31 Sept 2025")),
        file(tmp_path, "b.html", small("25 004 902 &amp; 25 004 903")),
        file(tmp_path, "c.html", small("25 004 904", after="<p>Ombudsman satisfied: 1 May 2026.</p><p>Rate it 7.</p>")),
    )
    outcome = world.run(Import(paths))
    assert outcome.exit_code == 0
    assert "1 odd: 25 004 901 (date: 31 Sept 2025)" in outcome.message
    assert "new kinds of blocks" not in outcome.message, "in a new archive every kind is new"
    assert world.ask("SELECT reference, what, example FROM oddities") == [("25 004 901", "date", "31 Sept 2025")]
    assert world.ask("SELECT reference, date, text FROM notes") == [
        ("25 004 904", "2026-05-01", "Ombudsman satisfied: 1 May 2026.")
    ]
    named = "SELECT reference, other FROM related WHERE reason = 'named in title'"
    assert world.ask(named) == [("25 004 902", "25 004 903")]
    assert world.ask("SELECT masked, example, decisions FROM outside_blocks") == [("Rate it NUMBER.", "Rate it 7.", 1)]


def test_a_known_kind_of_block_is_counted_and_not_reported_again(world: World, tmp_path: Path) -> None:
    world.run(Import((file(tmp_path, "a.html", small("25 004 901", after="<p>Rate it 7.</p>")),)))
    outcome = world.run(Import((file(tmp_path, "b.html", small("25 004 902", after="<p>Rate it 8.</p>")),)))
    assert "new kinds of blocks" not in outcome.message
    assert world.ask("SELECT example, decisions FROM outside_blocks") == [("Rate it 7.", 2)]
    outcome = world.run(Import((file(tmp_path, "c.html", small("25 004 903", after="<p>See the annex.</p>")),)))
    assert "1 new kind of block outside decisions: 25 004 903: 'See the annex.'" in outcome.message


def test_a_page_with_the_same_unparsable_bytes_is_known_to_be_unreadable(world: World) -> None:
    sample = statement(world)
    broken = page_of(world, sample).replace(CLOSING, b"<template></p>" + CLOSING)
    serve(world, sample, broken)
    first = world.run(Backfill())
    assert first.exit_code == 10
    assert sample.reference in first.tally.unread[0]
    for _ in range(3):
        world.time.at += timedelta(days=2)
        again = world.run(Backfill())
        assert (again.exit_code, again.tally.unread) == (0, [])
    assert world.ask("SELECT reference, normaliser FROM unreadable") == [(sample.reference, NORMALISER)]
    serve(world, sample, broken.replace(b"<template>", b"<template><b>"))
    world.time.at += timedelta(days=31)
    assert world.run(Backfill()).exit_code == 10, "other bytes are a new failure"
    world.server.faults = None
    world.time.at += timedelta(days=31)
    assert world.run(Backfill()).exit_code == 0
    assert world.ask("SELECT count(*) FROM unreadable") == [0]
    assert world.ask("SELECT count(*) FROM decisions") == [len(world.site)]


def test_every_new_parser_tries_a_known_page_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = statement(world)
    right = parser.parse_chapters

    def refuses_one(*arguments: object, reference: str | None = None, **named: object) -> object:
        if reference == sample.reference:
            raise CutShort("not yet")
        return right(*arguments, reference=reference, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(parser, "parse_chapters", refuses_one)
    assert world.run(Backfill()).exit_code == 10
    world.time.at += timedelta(days=2)
    known = world.run(Backfill())
    assert (known.exit_code, known.tally.unreadable) == (0, [sample.reference])
    assert "1 is listed and its page does not parse" in str(known)
    assert world.run(Renormalise()).exit_code == 0, "it is known"
    monkeypatch.undo()
    assert world.run(Renormalise()).tally.first == 1
    assert world.ask("SELECT count(*) FROM unreadable") == [0]
    assert world.ask("SELECT count(*) FROM queue") == [0]


def test_a_change_by_a_new_parser_alone_is_not_an_amendment(
    filled_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = statement(filled_world)
    amended = page_of(filled_world, sample).replace(CLOSING, b"A line that was added.</p><p>" + CLOSING)

    def otherwise(decision: object) -> str:
        return right(decision).replace("Summary: ", "Summary: READ ANEW ")  # type: ignore[arg-type]

    right = render
    monkeypatch.setattr(record, "render", otherwise)
    monkeypatch.setattr(record, "NORMALISER", "next")
    with reading(filled_world.database) as db:
        assert count_read_by_others(db, "next") == len(filled_world.site)
    filled_world.time.at += timedelta(days=40)
    serve(filled_world, sample, amended)
    filled_world.run(Sync(), cadence__reread_days=20)
    changes = filled_world.ask("SELECT change FROM revisions WHERE reference = ? ORDER BY revision", sample.reference)
    assert changes == ["first", "renormalised", "amended"]
    others = filled_world.ask("SELECT DISTINCT change FROM revisions WHERE reference <> ?", sample.reference)
    assert "amended" not in others


def test_import_accepts_what_export_writes(world: World, tmp_path: Path) -> None:
    from storage.export import export

    pages = (
        file(tmp_path, "a.html", small("25 004 901").replace(CLOSING, b"The end.</p>")),
        file(tmp_path, "b.html", small("25 004 902").replace(b"The Ombudsman's final decision:", b"Finding")),
    )
    assert world.run(Import(pages)).exit_code == 0
    with reading(world.database) as db:
        assert export(db, tmp_path / "out", "text").decisions == 2
    sums = (tmp_path / "out" / "SHA256SUMS").read_text("utf-8")
    assert sorted(re.findall(r"^[0-9a-f]{64}  (\S+)$", sums, re.MULTILINE)) == ["25-004-901.txt", "25-004-902.txt"]
    before = world.ask("SELECT reference, text FROM decisions ORDER BY reference")
    copies = tuple(sorted((tmp_path / "out").glob("2*.txt")))
    world.database = tmp_path / "copy.db"
    assert world.run(Import(copies)).exit_code == 0
    assert world.ask("SELECT reference, text FROM decisions ORDER BY reference") == before
    copies[0].write_bytes(copies[0].read_bytes() + b"\nA word more.")
    world.database = tmp_path / "other.db"
    assert world.run(Import(copies)).exit_code == 10, "its digest is not the one in the list"


def test_an_incomplete_page_is_accepted_with_as_is(world: World, tmp_path: Path) -> None:
    path = file(tmp_path, "cut.html", small("25 004 901")[: -len("</body></html>")])
    assert world.run(Import((path,))).exit_code == 10
    outcome = world.run(Import((path,), as_is=True))
    assert outcome.exit_code == 0
    assert world.ask("SELECT what FROM oddities") == ["taken as it is"]


def lgsco(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Runs a command on the world's database; returns its exit code and what it prints."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--db", str(world.database)])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_the_left_out_blocks_of_a_stored_page_are_listed_and_the_page_is_printed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = statement(world)
    body = page_of(world, sample).replace(b"</article>", b"<p>Rate this page</p></article>")
    serve(world, sample, body)
    world.run(Backfill())
    code, out, _ = lgsco(world, capsys, "show", sample.reference, "--left-out")
    assert code == 0
    assert "[after the end] Rate this page\n" in out
    code, out, _ = lgsco(world, capsys, "show", sample.reference, "--raw")
    assert (code, out.encode()) == (0, body)


def test_the_left_out_blocks_of_an_imported_document_are_listed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, "a.html", small("25 004 901", after="<p>Rate this page</p>"))
    assert world.run(Import((path,))).exit_code == 0
    assert lgsco(world, capsys, "show", "25-004-901", "--left-out")[:2] == (0, "[after the end] Rate this page\n")
    assert "no page of 25 004 901 is stored" in lgsco(world, capsys, "show", "25-004-901", "--raw")[2]
    file(tmp_path, "a.html", small("25 004 902"))
    assert "now contains 25 004 902" in lgsco(world, capsys, "show", "25-004-901", "--left-out")[2]
    path.unlink()
    code, _, error = lgsco(world, capsys, "show", "25-004-901", "--left-out")
    assert (code, "cannot be read" in error) == (1, True)


def test_an_unreadable_page_is_printed_and_its_left_out_blocks_are_unknown(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = statement(world)
    body = page_of(world, sample).replace(b"</article>", b"")
    serve(world, sample, body)
    world.run(Backfill())
    code, out, _ = lgsco(world, capsys, "show", sample.reference, "--raw")
    assert (code, out.encode()) == (0, body)
    code, out, error = lgsco(world, capsys, "show", sample.reference, "--left-out")
    assert (code, out, "does not parse" in error) == (1, "", True)
