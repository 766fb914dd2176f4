"""robots.txt: the encodings that sites use for it, what its rules allow, and how long it may be used."""

from __future__ import annotations

import codecs
import random
from datetime import UTC, datetime, timedelta

import pytest
from protego import Protego

from ingest.errors import Undecodable
from ingest.fetching.robots import RobotsRules, decode_robots, is_fresh, is_html, means_no_rules

RULES = "# Règles – 规则\nUser-agent: *\nDisallow: /decisions/\n"
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def forbids(text: str, path: str = "/decisions/x") -> bool:
    return not Protego.parse(text).can_fetch(f"https://site.example{path}", "lgsco")


@pytest.mark.parametrize("encoding", ["utf-8", *WIDE])
def test_the_bytes_decide_the_encoding_whatever_is_declared(encoding: str) -> None:
    found = {
        (mark, declared, ends): decode_robots((mark + RULES.replace("\n", ends)).encode(encoding), declared)
        for mark in ("", "\ufeff")
        for declared in (None, "utf-8", "iso-8859-1", "utf-16", "no-such-charset")
        for ends in ("\n", "\r\n", "\r")
    }
    assert found == {case: RULES.replace("\n", case[2]) for case in found}
    assert [case for case, text in found.items() if not forbids(text)] == []


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>\n<html><body>Not found</body></html>",
        "\n\n  Disallow: /x\n",
        "Sitemap: /map.xml\nUser-agent: *\nDisallow: /",
        "<?xml version='1.0'?><error/>",
    ],
)
def test_utf_16_and_utf_32_without_a_mark_are_recognised_by_their_beginning(encoding: str, text: str) -> None:
    assert decode_robots(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", WIDE)
def test_a_utf_16_or_32_file_cut_in_a_character_keeps_its_rules(encoding: str) -> None:
    for marked in ("\ufeff", ""):
        assert forbids(decode_robots(f"{marked}{RULES}".encode(encoding) + b"\x20"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"User-agent: *\nDisallow: /caf\xe9\n", "User-agent: *\nDisallow: /café\n"),
        (b"# what\x92s \xe2\x82\xac 5 \x96 ok\nUser-agent: *\n", "# what’s € 5 – ok\nUser-agent: *\n"),
        (b"# \x81\x8d\nUser-agent: *\n", "# \x81\x8d\nUser-agent: *\n"),
        (codecs.BOM_UTF8 + b"# \xff\nUser-agent: *\n", "# ÿ\nUser-agent: *\n"),
    ],
    ids=["all", "beside UTF-8", "bytes it has not", "behind a mark"],
)
def test_bytes_that_are_not_utf_8_are_decoded_as_windows_1252(body: bytes, text: str) -> None:
    assert decode_robots(body) == text


@pytest.mark.parametrize(
    ("body", "charset", "path"),
    [
        ("User-agent: *\nDisallow: /решения\n".encode("windows-1251"), "windows-1251", "/решения"),
        ("User-agent: *\nDisallow: /決定\n".encode("shift_jis"), "Shift_JIS", "/決定"),
        ("User-agent: *\nDisallow: /x\n".encode("cp037"), "IBM037", "/x"),
    ],
)
def test_a_declared_charset_is_used_if_the_bytes_are_not_utf_8(body: bytes, charset: str, path: str) -> None:
    assert f"Disallow: {path}\n" in decode_robots(body, charset)


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "cp037", "punycode", "rot13", "zlib", "\0", "x" * 40, "idna"])
def test_a_wrong_declared_charset_loses_no_rule(charset: str) -> None:
    assert forbids(decode_robots(b"User-agent: *\nDisallow: /decisions/\n# caf\xe9!\n", charset))


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\nDisallow: /decisions/\0\0\n" + b"\0" * 500,
        b"\0\0\0User-agent: *\0\nDis\0allow: /decisions/\n",
        "\ufeff\ufeffUser-agent: *\nDisallow: /decisions/\n".encode(),
        "\ufeffUser-agent: *\n\ufeffDisallow: /decisions/\n".encode(),
        "\ufeffUser-agent: *\r\n\ufeffDisallow: /decisions/\r\n".encode("utf-16-be"),
        "ï»¿User-agent: *\nDisallow: /decisions/\n".encode(),
        b"\xef\xbbUser-agent: *\nDisallow: /decisions/\n",
        "\0User-agent: *\nDisallow: /decisions/\n".encode("utf-16"),
        b"\x89\x01\x02\nUser-agent: *\nDisallow: /decisions/\n\x00\xff",
        b"User-agent: *\rDisallow: /decisions/\r",
    ],
    ids=[
        *("zeros at the end", "zeros within", "two marks", "mark on a line", "mark on a line in UTF-16"),
        *("mark encoded twice", "half a mark", "UTF-16 that looks like UTF-32", "binary around it", "CR"),
    ],
)
def test_byte_order_marks_and_zeros_hide_no_rule(body: bytes) -> None:
    found = decode_robots(body)
    assert forbids(found)
    assert not set(found) & {"\0", "\ufeff"}


@pytest.mark.parametrize("first", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("second", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_rules_appended_in_another_encoding_are_not_lost(first: str, second: str) -> None:
    """A shell that writes UTF-16 may append them to an ASCII file, or the other way round."""
    found = decode_robots("User-agent: *\nDisallow: /a/\n".encode(first) + "Disallow: /decisions/\n".encode(second))
    assert forbids(found, "/a/")
    assert forbids(found)


def test_a_wrong_byte_order_mark_hides_no_rule() -> None:
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        assert forbids(decode_robots(mark + b"User-agent: *\nDisallow: /decisions/\n"))


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE])
def test_an_empty_file_has_no_rules(body: bytes) -> None:
    assert decode_robots(body).strip() == ""


@pytest.mark.parametrize(
    "body", [b"Not found", b"{}", b"#", b"Pas trouv\xe9", "未找到".encode(), b"<html>caf\xe9</html>", b"Error 1\x00"]
)
def test_text_without_rules_is_accepted(body: bytes) -> None:
    assert not forbids(decode_robots(body))


@pytest.mark.parametrize(
    "body",
    [
        b"\0" * 64,
        b"\x01\x02\x03",
        b"\xff" * 90,
        bytes(range(128, 256)),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x0b\x2d\x4e\x2d\xd2\x4d\x4c\xb7\xd2\xe2\xe2\x02\0",
        random.Random(1).randbytes(5_000),
        codecs.BOM_UTF16_LE + b"\x00\xd8" * 40,
    ],
    ids=["zeros", "controls", "0xff", "upper half", "picture", "compressed", "noise", "half characters"],
)
@pytest.mark.parametrize("charset", [None, "utf-8", "windows-1252", "iso-8859-1", "koi8-r"])
def test_binary_data_is_refused_and_named(body: bytes, charset: str | None) -> None:
    with pytest.raises(Undecodable, match=rf"^/robots\.txt: its {len(body):,} bytes are not text"):
        decode_robots(body, charset)


def test_any_bytes_give_text_that_can_be_stored_or_are_refused() -> None:
    chance = random.Random(5)
    pieces = [
        RULES.encode(),
        RULES.encode("utf-16"),
        codecs.BOM_UTF8,
        codecs.BOM_UTF32_LE,
        b"\0",
        b"\r",
        b"\xed\xa0\x80",
    ]
    decoded = 0
    for _ in range(3_000):
        body = b"".join(
            chance.choice([*pieces, chance.randbytes(chance.randrange(6))]) for _ in range(chance.randrange(1, 6))
        )
        try:
            text = decode_robots(body, chance.choice([None, "utf-16", "latin-1", "gb18030", "\xff"]))
        except Undecodable:
            continue
        decoded += 1
        assert text.encode().decode() == text
        assert "\0" not in text
        Protego.parse(text)
    assert decoded > 1_000


# ---------------------------------------------------------------- rules

AGENT = "lgsco/1.0 (+mailto:archive@example.org)"


@pytest.mark.parametrize(
    ("text", "path", "is_allowed"),
    [
        ("", "/decisions/x", True),
        ("User-agent: *\nDisallow: /decisions/\n", "/decisions/x", False),
        ("User-agent: *\nDisallow: /decisions/\n", "/", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: LGSCO\nAllow: /\n", "/decisions/x", True),
        ("User-agent: lgsco\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "/decisions/x", False),
        ("User-agent: archive\nDisallow: /\n", "/decisions/x", True),
    ],
)
def test_rules_are_those_for_the_product_token_of_the_user_agent(text: str, path: str, is_allowed: bool) -> None:
    assert RobotsRules(text, AGENT).allows(f"https://site.example{path}") == is_allowed


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("", 0.0),
        ("Crawl-delay: 5", 5.0),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 0", 0.0),
        ("Crawl-delay: -3", 0.0),
        ("Crawl-delay: nan", 0.0),
        ("Crawl-delay: soon", 0.0),
        ("Crawl-delay: 1e6", 1_000_000.0),
        ("Crawl-delay: 1e999", 0.0),  # Protego ignores values that are not finite
    ],
)
def test_crawl_delay_is_a_number_of_seconds_whatever_the_line_says(line: str, seconds: float) -> None:
    assert RobotsRules(f"User-agent: *\n{line}\nDisallow: /x\n", AGENT).crawl_delay == seconds


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=59, seconds=59), True),
        (timedelta(hours=24), False),
        (timedelta(days=400), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_robots_is_fresh_for_a_day_and_not_if_it_is_from_the_future(age: timedelta, expected: bool) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert is_fresh(now - age, now) == expected


def test_robots_that_was_never_fetched_is_not_fresh() -> None:
    assert not is_fresh(None, datetime(2026, 3, 1, tzinfo=UTC))


def test_a_client_error_other_than_429_means_that_there_are_no_rules() -> None:
    assert [status for status in (200, 301, 399, 400, 404, 418, 429, 451, 499, 500, 503) if means_no_rules(status)] == [
        *(400, 404, 418, 451, 499)
    ]


def test_a_web_page_is_recognised_by_its_first_character() -> None:
    assert is_html(" \r\n<!DOCTYPE html><title>Just a moment</title>")
    assert not is_html("# <rules>\nUser-agent: *\n")
    assert not is_html("")
