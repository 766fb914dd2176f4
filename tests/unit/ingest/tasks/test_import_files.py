"""Importing both text layouts and saved pages, with the same checks and deduplication; nothing is ever lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ingest.run import Backfill, Import
from lgsco.replica.corpus import expected_text, generate, seeds
from lgsco.replica.markup import render
from lgsco.replica.sample import Sample
from storage.export import DIGESTS_FILE
from support.paths import GOLDEN, SEEDS
from support.world import World

CANONICAL = (GOLDEN / "002_5bc863b3bb6f37b6.txt").read_text(encoding="utf-8")


def seed(start: str) -> str:
    (path,) = SEEDS.glob(f"{start}*")
    return path.read_text(encoding="utf-8")


def rows(world: World) -> list[tuple[str, str]]:
    return world.ask("SELECT reference, source FROM decisions ORDER BY reference")


def revisions(world: World) -> list[tuple[str, int, str, str]]:
    return world.ask("SELECT reference, revision, source, change FROM revisions ORDER BY reference, revision")


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_the_seeds_become_five_decisions_in_the_text_format(world: World) -> None:
    outcome = world.run(Import((SEEDS,)))
    assert (outcome.state, outcome.exit_code, outcome.tally.first) == ("complete", 0, 5)
    texts = dict(world.ask("SELECT reference, text FROM decisions"))
    assert texts == {
        "25 004 920": seed("000"),
        "22 017 902": seed("001"),
        "18 009 360": CANONICAL,
        "24 014 420": seed("003"),
        "23 017 826": seed("004"),
    }
    assert world.ask("SELECT DISTINCT status, url, last_seen, source FROM decisions") == [(None, None, None, "import")]
    assert world.targets() == [], "an import sends no request"


def test_importing_again_records_nothing(world: World) -> None:
    world.run(Import((SEEDS,)))
    before = revisions(world)
    outcome = world.run(Import((SEEDS, SEEDS)))
    assert (outcome.tally.first, outcome.tally.unchanged) == (0, 10)
    assert revisions(world) == before


@pytest.mark.parametrize("spelling", ["25-004-920", "25004920", "25\u00a0004\u00a0920"])
def test_any_spelling_of_a_reference_is_the_same_decision(world: World, tmp_path: Path, spelling: str) -> None:
    text = seed("000").replace("25 004 920", spelling)
    world.run(Import((SEEDS, write(tmp_path / "more", other=text))))
    assert len(rows(world)) == 5


def test_an_upper_case_suffix_is_the_same_decision(world: World, tmp_path: Path) -> None:
    joint = seed("000").replace("25 004 920", "24 001 411a")
    world.run(Import((write(tmp_path / "joint", a=joint, b=joint.replace("411a", "411A")),)))
    assert rows(world) == [("24 001 411a", "import")]


def test_the_sites_text_supersedes_an_import_that_stays_a_revision(world: World, tmp_path: Path) -> None:
    other = seed("003").replace("at fault", "at FAULT")
    world.run(Import((write(tmp_path / "mine", a=other),)))
    world.run(Backfill())
    assert world.ask("SELECT source, text FROM decisions WHERE reference = '24 014 420'") == [("site", seed("003"))]
    assert [row[1:] for row in revisions(world) if row[0] == "24 014 420"] == [
        (1, "import", "first"),
        (2, "site", "on the site"),
    ]
    assert world.ask("SELECT text FROM revisions WHERE reference = '24 014 420' AND revision = 1") == [other]


def test_an_import_with_other_words_is_stored_beside_the_sites(filled_world: World, tmp_path: Path) -> None:
    other = seed("003").replace("at fault", "at FAULT")
    outcome = filled_world.run(Import((write(tmp_path / "mine", a=other),)))
    assert outcome.tally.beside == 1
    assert filled_world.ask("SELECT source, text FROM decisions WHERE reference = '24 014 420'") == [
        ("site", seed("003"))
    ]
    assert filled_world.ask("SELECT text FROM revisions WHERE reference = '24 014 420' AND source = 'import'") == [
        other
    ]
    filled_world.run(Import((tmp_path / "mine",)))
    assert len([row for row in revisions(filled_world) if row[0] == "24 014 420"]) == 2, "importing again adds nothing"


def test_importing_a_stored_text_without_header_lines_records_nothing(world: World) -> None:
    sample = next(s for s in seeds() if s.reference == "23 017 826")
    world.site.amend(sample.reference, replace(sample, header=True))
    world.run(Backfill())
    before = revisions(world)
    assert "Category : " in world.ask("SELECT text FROM decisions WHERE reference = '23 017 826'")[0]
    outcome = world.run(Import((SEEDS,)))
    assert (outcome.tally.unchanged, outcome.tally.beside) == (5, 0)
    assert revisions(world) == before


def test_an_import_fills_fields_that_the_site_leaves_out(filled_world: World, tmp_path: Path) -> None:
    full = seed("004").replace("(23 017 826)", "(23 017 826)\nCategory : Children's care services > Other")
    assert filled_world.ask("SELECT category FROM decisions WHERE reference = '23 017 826'") == [None]
    filled_world.run(Import((write(tmp_path / "mine", a=full),)))
    assert filled_world.ask("SELECT category, source, text FROM decisions WHERE reference = '23 017 826'") == [
        ("Children's care services", "site", seed("004"))
    ]


def test_a_fuller_import_supersedes_a_barer_one(world: World, tmp_path: Path) -> None:
    full = seed("004").replace("(23 017 826)", "(23 017 826)\nDecision : Not upheld")
    world.run(Import((SEEDS,)))
    world.run(Import((write(tmp_path / "mine", a=full),)))
    assert world.ask("SELECT outcome, text FROM decisions WHERE reference = '23 017 826'") == [("Not upheld", full)]
    world.run(Import((SEEDS,)))
    assert world.ask("SELECT text FROM decisions WHERE reference = '23 017 826'") == [full]
    assert world.ask("SELECT text FROM revisions WHERE reference = '23 017 826'") == [seed("004"), None]


def page(sample: Sample, markup: str) -> bytes:
    return render(sample, markup)[0]


@pytest.mark.parametrize("markup", ["article", "dl", "table", "bold", "divs"])
def test_a_saved_page_is_the_same_decision_as_its_text(world: World, tmp_path: Path, markup: str) -> None:
    sample = next(s for s in seeds() if s.reference == "18 009 360")
    (tmp_path / "saved.html").write_bytes(page(sample, markup))
    world.run(Import((tmp_path / "saved.html",)))
    assert world.ask("SELECT text FROM decisions") == [CANONICAL]
    outcome = world.run(Import((SEEDS,)))
    assert (outcome.tally.first, outcome.tally.unchanged) == (4, 1)


def test_unreadable_files_are_named_and_the_rest_is_imported(world: World, tmp_path: Path) -> None:
    folder = write(tmp_path / "mixed", good=seed("000"), cut=seed("001")[:1500], junk="Dear Sir,\nno.")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (folder / "ignored.pdf").write_bytes(b"%PDF")
    outcome = world.run(Import((folder,)))
    assert (outcome.state, outcome.exit_code, outcome.tally.failed) == ("incomplete", 10, 4)
    assert sorted(line.partition(": ")[0].rpartition("/")[2] for line in outcome.tally.unread) == [
        "cut.txt",
        "empty.txt",
        "junk.txt",
        "picture.html",
    ]
    assert rows(world) == [("25 004 920", "import")]


def test_an_unclosed_text_is_imported_if_the_user_allows_it(world: World, tmp_path: Path) -> None:
    folder = write(tmp_path / "cut", cut=seed("001")[:1500])
    assert world.run(Import((folder,))).exit_code == 10
    outcome = world.run(Import((folder,), unclosed=True))
    assert (outcome.exit_code, outcome.tally.odd) == (0, [("22 017 902", "no closing line")])
    assert "1 odd: 22 017 902 (no closing line)" in outcome.message


def test_the_digests_of_an_export_are_read_once_for_each_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path / "first", cut=seed("001")[:1500], whole=seed("000"))
    second = write(tmp_path / "second", cut=seed("003")[:1500])
    third = write(tmp_path / "third", cut=seed("004")[:1500])
    for folder, named in ((first, first / "cut.txt"), (third, first / "cut.txt")):
        (folder / DIGESTS_FILE).write_text(f"{sha256(named.read_bytes()).hexdigest()}  cut.txt\nno digest\n", "utf-8")
    opened: list[Path] = []
    open_file = Path.open

    def count(path: Path, *options: Any, **named: Any) -> Any:
        opened.append(path)
        return open_file(path, *options, **named)

    monkeypatch.setattr(Path, "open", count)
    outcome = world.run(Import((first, second, third)))
    assert {line.partition(": ")[0] for line in outcome.tally.unread} == {f"{second}/cut.txt", f"{third}/cut.txt"}
    assert [path for path in opened if path.name == DIGESTS_FILE] == [
        folder / DIGESTS_FILE for folder in (first, second, third)
    ]


def test_an_empty_folder_and_a_missing_path_are_reported(world: World, tmp_path: Path) -> None:
    from ingest.errors import UsageError

    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="no documents"):
        world.run(Import((tmp_path / "none",)))
    with pytest.raises(UsageError, match="no such file"):
        world.run(Import((tmp_path / "nowhere",)))


def test_an_import_fills_fields_the_page_leaves_out_in_either_order(world: World, tmp_path: Path) -> None:
    sample = next(s for s in seeds() if s.reference == "24 014 420")
    bare = replace(sample, bare=True) if hasattr(sample, "bare") else sample
    world.site.amend(sample.reference, bare)
    text = expected_text(sample)
    (tmp_path / "mine.txt").write_text(text, encoding="utf-8")
    world.run(Import((tmp_path / "mine.txt",)))
    world.run(Backfill())
    row = world.ask("SELECT authority, category, outcome, source FROM decisions WHERE reference = '24 014 420'")
    assert row == [(sample.authority, sample.category, sample.outcome, "site")]


def test_one_chapter_of_a_report_is_not_imported_as_the_whole(world: World, tmp_path: Path) -> None:
    many = generate(200, seed=5, first=date(2023, 1, 1), last=date(2025, 12, 31))
    report = next(sample for sample in many if len(sample.chapters) > 1)
    for number, body in enumerate(render(report), 1):
        (tmp_path / f"{number}.html").write_bytes(body)
    outcome = world.run(Import((tmp_path,)))
    assert outcome.exit_code == 10
    assert "one chapter of a report" in outcome.tally.unread[0]
    assert world.ask("SELECT count(*) FROM decisions") == [0]


STATEMENTS = [
    sample
    for sample in generate(9, seed=99, first=date(2020, 1, 1), last=date(2021, 1, 1))
    if sample.layout == "statement"
][:3]


@pytest.mark.parametrize("is_page", [False, True], ids=["text", "page"])
def test_a_document_with_two_decisions_is_named_with_the_one_that_is_not_stored(
    world: World, tmp_path: Path, is_page: bool
) -> None:
    first, second, third = STATEMENTS
    document = tmp_path / ("two.html" if is_page else "two.txt")
    if is_page:
        document.write_bytes(page(first, "article") + page(second, "article"))
    else:
        document.write_text(f"{expected_text(first)}\n{expected_text(second)}", encoding="utf-8")
    alone = tmp_path / "alone.txt"
    alone.write_text(expected_text(third), encoding="utf-8")
    outcome = world.run(Import((document, alone)))
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert "1 document has more than one decision" in outcome.message
    stored = dict(world.ask("SELECT reference, text FROM decisions"))
    assert stored == {one.reference: expected_text(one) for one in (first, third)}
    (sentence,) = outcome.tally.unread
    assert sentence.startswith(f"{document}: only {first.reference} was taken from it;")
    assert second.reference in sentence
    assert "a file of its own" in sentence


def test_a_page_with_a_card_of_another_decision_is_imported_without_a_warning(world: World, tmp_path: Path) -> None:
    first, other, _ = STATEMENTS
    card = f"<h3>{other.authority} ({other.reference})</h3><p>Decision : Upheld</p><p>We found fault.</p>"
    document = tmp_path / "card.html"
    document.write_bytes(
        page(first, "article").replace(b"</main>", f"<h2>Related decisions</h2>{card}</main>".encode())
    )
    assert b"Related decisions" in document.read_bytes()
    outcome = world.run(Import((document,)))
    assert (outcome.exit_code, outcome.tally.unread) == (0, []), outcome.message


REPORT = """{title}
Category : Housing > Other
Decision : Upheld
Decision date : 06 Oct 2016
Overview:
Finding
The Council was at fault, and caused injustice to Mr X.
Recommendations
- The Council should apologise to Mr X for the fault."""
"""A report, which has no closing line."""


def test_reports_without_a_closing_line_between_them_are_not_imported_as_one(world: World, tmp_path: Path) -> None:
    first = REPORT.format(title="Anytown Council (15 004 975)")
    second = REPORT.format(title="Othertown Council (15 004 976)")
    quoting = f"{first}\nOthertown Council (15 004 976)\nThis is a similar report."
    outcome = world.run(Import((write(tmp_path / "two", two=f"{first}\n{second}"),)))
    assert (outcome.exit_code, rows(world)) == (10, [])
    (sentence,) = outcome.tally.unread
    assert "15 004 975: the text has another decision too, 15 004 976" in sentence
    assert world.run(Import((write(tmp_path / "quoting", quoting=quoting),))).exit_code == 0
    assert world.ask("SELECT text FROM decisions") == [quoting]
