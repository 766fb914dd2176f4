"""Importing a folder: which files are read, and that each other file is named with the reason."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.errors import UsageError
from ingest.run import Import, Outcome
from lgsco.replica.corpus import seeds
from lgsco.replica.markup import render
from support.paths import SEEDS
from support.world import World

PAGE = render(next(s for s in seeds() if s.reference == "25 004 920"), "article")[0]
(TEXT,) = (path.read_bytes() for path in SEEDS.glob("001*"))
DUMP = next(SEEDS.glob("002*")).read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "papers"
    path.mkdir()
    return path


def imported(world: World, *paths: Path) -> Outcome:
    return world.run(Import(paths))


def stored(world: World) -> list[str]:
    return world.ask("SELECT reference FROM decisions ORDER BY reference")


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    "name",
    ["a.html", "a.HTML", "a.Htm", "a.XHTML", "a.xhtml", "a", "a.", "25 004 920", "Decision 25.004.920", "a.b c.1"],
)
def test_a_page_is_imported_under_any_of_these_names(world: World, folder: Path, name: str) -> None:
    (folder / name).write_bytes(PAGE)
    outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world), outcome.tally.left_out) == (0, ["25 004 920"], [])


def test_a_text_that_quotes_a_tag_of_a_page_is_a_text(world: World, folder: Path) -> None:
    (folder / "a.txt").write_bytes(TEXT.replace(b"Summary: ", b"Summary: The <HTML tag was in the <HTML> email. "))
    outcome = imported(world, folder)
    assert (outcome.exit_code, outcome.tally.left_out) == (0, [])
    assert "<HTML> email" in world.ask("SELECT text FROM decisions")[0]


def test_a_page_with_something_before_it_is_a_page(world: World, folder: Path) -> None:
    start = PAGE.lower().index(b"<html")
    (folder / "a").write_bytes(b"Saved from the site\n" + PAGE[start:])
    outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world)) == (0, ["25 004 920"])


@pytest.mark.parametrize("name", ["a.txt", "a.TXT", "A.Text", "decision", "22-017-902"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_imported_under_any_of_these_names_and_in_any_encoding(
    world: World, folder: Path, name: str, encoding: str
) -> None:
    (folder / name).write_bytes(TEXT.decode().encode(encoding))
    outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world), outcome.tally.left_out) == (0, ["22 017 902"], [])
    assert world.ask("SELECT text FROM decisions") == [TEXT.decode()]


def test_the_page_dump_layout_is_imported_without_a_suffix_too(world: World, folder: Path) -> None:
    (folder / "dump").write_bytes(DUMP)
    assert imported(world, folder).exit_code == 0
    assert stored(world) == ["18 009 360"]


def test_nested_folders_are_read_to_any_depth(world: World, folder: Path) -> None:
    deep = folder
    for _ in range(60):
        deep /= "in"
    deep.mkdir(parents=True)
    (deep / "a.TXT").write_bytes(TEXT)
    (folder / "b.html").write_bytes(PAGE)
    assert imported(world, folder).tally.first == 2


# ---------------------------------------------------------------- what is left out


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("saved.mhtml", PAGE, "a web archive"),
        ("saved.MHT", PAGE, "a web archive"),
        ("scan.pdf", b"%PDF-1.7", "only .txt, .text, .html"),
        ("letter.DOCX", b"PK\x03\x04", "only .txt, .text, .html"),
        ("page.html.gz", b"\x1f\x8b", "only .txt, .text, .html"),
        ("page.html.bak", PAGE, "only .txt, .text, .html"),
        ("notes.md", TEXT, "only .txt, .text, .html"),
        ("LICENSE", b"Permission is granted to copy it.", "it has no suffix, and is not a page or a text"),
        ("empty", b"", "it has no suffix, and is not a page or a text"),
        ("core", bytes(5_000), "it has no suffix, and is not a page or a text"),
        (
            "picture",
            b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
            "it has no suffix, and is not a page or a text",
        ),
    ],
)
def test_files_left_out_are_named_with_the_reason(
    world: World, folder: Path, name: str, body: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / name).write_bytes(body)
    (folder / "good.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert (outcome.state, outcome.exit_code, stored(world)) == ("complete", 0, ["22 017 902"])
    (left_out,) = outcome.tally.left_out
    assert left_out.startswith(f"{folder / name} ({why}")
    assert f"1 left out: {left_out}" in outcome.message
    assert [record.message for record in caplog.records if "left out" in record.message and name in record.message]


def test_five_of_many_files_are_in_the_message_and_each_is_in_the_log(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(9):
        (folder / f"{number}.pdf").write_bytes(b"%PDF")
    (folder / "good.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert outcome.message.count(".pdf") == 5
    assert "and 4 more" in outcome.message
    assert {f"{number}.pdf" for number in range(9)} == {
        Path(record.message.partition(": ")[0]).name for record in caplog.records if ": left out: " in record.message
    }


def test_dot_files_and_the_files_of_an_export_are_skipped(world: World, folder: Path) -> None:
    for name in (".hidden.txt", ".git/a.txt", ".DS_Store", "SHA256SUMS", "ATTRIBUTION.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(PAGE)
    (folder / "good.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world), outcome.tally.left_out) == (0, ["22 017 902"], [])


def test_files_saved_beside_a_page_are_reported_in_one_line(world: World, folder: Path) -> None:
    (folder / "saved.html").write_bytes(PAGE)
    (folder / "saved_files").mkdir()
    for name in ("style.css", "logo.png", "frame.html"):
        (folder / "saved_files" / name).write_bytes(b"<html></html>")
    (folder / "other_files").mkdir()
    (folder / "other_files" / "a.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world)) == (0, ["22 017 902", "25 004 920"])
    assert outcome.tally.left_out == [f"{folder / 'saved_files'} (files that a browser saved with the page saved)"]


def test_a_folder_without_documents_names_the_files_in_it(world: World, folder: Path) -> None:
    for number in range(7):
        (folder / f"{number}.mhtml").write_bytes(PAGE)
    with pytest.raises(UsageError, match=r"0\.mhtml: a web archive.*and 2 more"):
        imported(world, folder)
    assert not world.database.exists()


# ---------------------------------------------------------------- special files


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Makes a folder with a short name: the path of a socket has at most 108 bytes."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_pipes_sockets_and_links_do_not_hang_and_are_named(world: World, short_folder: Path) -> None:
    folder = short_folder
    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket.html"))
        (folder / "device.txt").symlink_to("/dev/zero")
        (folder / "broken.txt").symlink_to(folder / "nowhere")
        (folder / "loop.txt").symlink_to(folder / "loop.txt")
        (folder / "self").symlink_to(folder)
        (folder / "linked.txt").symlink_to(next(SEEDS.glob("001*")))
        outcome = imported(world, folder)
    assert (outcome.exit_code, stored(world)) == (0, ["22 017 902"])
    named = {line.partition(" (")[0].rpartition("/")[2]: line for line in outcome.tally.left_out}
    assert set(named) == {"pipe.txt", "socket.html", "device.txt", "broken.txt", "loop.txt", "self"}
    for name in ("pipe.txt", "socket.html", "device.txt"):
        assert "not a file" in named[name]
    for name in ("broken.txt", "loop.txt"):
        assert "a broken symbolic link" in named[name]
    assert "link to a folder" in named["self"]


def test_a_name_of_any_bytes_is_shown_and_recorded(world: World, folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9\n.pdf")).write_bytes(b"%PDF")
    (folder / "good.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert "\n" not in outcome.message
    assert "caf\ufffd\ufffd.pdf" in outcome.message
    assert world.ask("SELECT message FROM runs") == [outcome.message]


# ---------------------------------------------------------------- files named by themselves


@pytest.mark.parametrize("name", ["a.pdf", "a.mhtml", ".hidden", "SHA256SUMS", "a.html.bak", "none"])
def test_a_file_given_as_an_argument_is_read_whatever_its_name(world: World, folder: Path, name: str) -> None:
    (folder / name).write_bytes(PAGE)
    outcome = imported(world, folder / name)
    assert (outcome.exit_code, stored(world)) == (0, ["25 004 920"])


MHTML = (
    b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://www.lgo.org.uk/decisions/x\r\nSubject: Anytown\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="--x"\r\n\r\n'
    b"----x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)


@pytest.mark.parametrize("name", ["a.mhtml", "a.html", "a"])
def test_a_web_archive_is_refused_by_its_content(world: World, folder: Path, name: str) -> None:
    """Its markup is encoded: parsed without decoding, soft line ends would break words."""
    (folder / name).write_bytes(MHTML + PAGE.replace(b"council", b"coun=\r\ncil"))
    outcome = imported(world, folder / name)
    assert (outcome.exit_code, stored(world)) == (10, [])
    assert outcome.tally.unread == [f"{folder / name}: a web archive; open it in a browser and save it as HTML"]


def test_a_pipe_given_as_an_argument_is_refused_and_does_not_hang(world: World, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "good.txt").write_bytes(TEXT)
    outcome = imported(world, folder / "pipe", folder / "good.txt")
    assert (outcome.exit_code, stored(world)) == (10, ["22 017 902"])
    (sentence,) = outcome.tally.unread
    assert sentence.startswith(f"{folder / 'pipe'}: it is a pipe")


def test_a_refused_file_is_named_beside_the_files_left_out(world: World, folder: Path) -> None:
    (folder / "a.txt").write_bytes(TEXT[:500])
    (folder / "b.pdf").write_bytes(b"%PDF")
    (folder / "c.txt").write_bytes(TEXT)
    outcome = imported(world, folder)
    assert outcome.exit_code == 10
    assert [line.partition(": ")[0] for line in outcome.tally.unread] == [str(folder / "a.txt")]
    assert f"{folder / 'b.pdf'} (only" in outcome.message


def test_exported_files_are_imported_without_warnings(world: World, tmp_path: Path) -> None:
    from storage.database import reading
    from storage.export import export

    imported(world, SEEDS)
    with reading(world.database) as db:
        export(db, tmp_path / "out", "text")
    world.database = tmp_path / "again.db"
    outcome = imported(world, tmp_path / "out")
    assert (outcome.exit_code, outcome.tally.first, outcome.tally.left_out) == (0, 5, [])


# ---------------------------------------------------------------- what may hold decisions and was not looked into


def test_an_unreadable_folder_is_named_and_the_import_is_incomplete(world: World, tmp_path: Path) -> None:
    folder = seeds_in(tmp_path)
    closed = folder / "closed"
    closed.mkdir()
    with refused(closed):
        outcome = imported(world, folder)
    assert outcome.exit_code == 10
    assert len(stored(world)) == 5, "the readable files are stored"
    assert "1 folder or file that may hold decisions was left out" in outcome.message
    assert f"{closed} (it cannot be read (Permission denied))" in outcome.message


def test_a_linked_folder_is_named_and_the_import_is_incomplete(world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = seeds_in(tmp_path)
    (folder / "linked").symlink_to(elsewhere)
    outcome = imported(world, folder)
    assert outcome.exit_code == 10
    assert (
        f"{folder / 'linked'} (a symbolic link to a folder, which is not followed; name the folder itself)"
        in outcome.message
    )


def test_a_link_to_a_folder_that_is_imported_anyway_hides_nothing(world: World, tmp_path: Path) -> None:
    folder = seeds_in(tmp_path)
    (folder / "below").mkdir()
    (folder / "linked").symlink_to(folder / "below")
    assert imported(world, folder).exit_code == 0


def seeds_in(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    shutil.copytree(SEEDS, folder)
    return folder


@contextmanager
def refused(closed: Path) -> Iterator[None]:
    """Makes a folder that cannot be listed, not even by root, who ignores permissions."""
    right = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return right(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "iterdir", iterdir)
        yield
