"""The words with which a page says that a decision is gone."""

from __future__ import annotations

import pytest

from ingest.lgo.notice import find_notice


def page(*lines: str) -> bytes:
    paragraphs = "".join(f"<p>{line}</p>" for line in lines)
    return f"<html><head><title>Gone</title></head><body><nav>Home</nav>{paragraphs}</body></html>".encode()


@pytest.mark.parametrize(
    "line",
    [
        "This decision has been withdrawn.",
        "WITHDRAWN",
        "We have removed this page.",
        "The page you asked for is no&nbsp;longer available.",
        "Page <b>not found</b>",
        "Decisions are deleted after five years.",
    ],
)
def test_only_lines_about_removal_are_quoted(line: str) -> None:
    found = find_notice(page("Search our decisions", line, "Contact us"), "utf-8")
    assert found is not None
    assert "Search" not in found
    assert "Contact" not in found
    assert "<" not in found


def test_several_lines_are_joined_without_repeats_and_cut() -> None:
    assert find_notice(page("Not found", "It was removed.", "Not found"), None) == "Not found / It was removed."
    found = find_notice(page("withdrawn " * 100), None)
    assert found is not None
    assert (len(found), found[-1]) == (300, "…")
    longest = f"withdrawn {'x' * 290}"
    assert find_notice(page(longest), None) == longest


def test_page_is_decoded_by_the_charset_of_its_header() -> None:
    body = "<html><body><p>Removed: Иванов</p></body></html>".encode("windows-1251")
    assert find_notice(body, "windows-1251") == "Removed: Иванов"


@pytest.mark.parametrize(
    "body",
    [b"", b"<frameset><frame></frameset>", page("Decisions"), b"\xff\xfe\x00", b"<" * 2_000_000, "withdrawn\x00" * 9],
)
def test_empty_or_broken_page_gives_none_or_its_words(body: bytes | str) -> None:
    data = body.encode() if isinstance(body, str) else body
    found = find_notice(data, None)
    assert found is None or "withdrawn" in found
