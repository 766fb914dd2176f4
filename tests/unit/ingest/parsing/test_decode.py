"""Decoding: stray bytes, wrong declarations, UTF-16 and zero bytes, and what is reported about them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import Undecodable
from ingest.parsing.decode import Decoded, decode

QUOTED = "Mrs Q’s son’s school – “Ysgol Tŷ” – owes £40 and €5 for his café 😀"
"""Curly quotes, dashes, Welsh letters, pounds, euros, an accent and a character of four bytes."""
LATIN = "Mrs Q’s son’s school – “the café” – owes £40 and €5"
"""All these characters are in windows-1252."""


def meta(charset: str) -> str:
    return f'<html><head><meta charset="{charset}"></head><body>{LATIN}</body></html>'


# ---------------------------------------------------------------- UTF-8


@pytest.mark.parametrize("charset", [None, "utf-8", "windows-1252", "iso-8859-1", "utf-16", "shift_jis", "nonsense"])
def test_utf_8_is_decoded_as_utf_8_whatever_is_declared(charset: str | None) -> None:
    assert decode(QUOTED.encode(), charset) == Decoded(QUOTED, QUOTED.encode())


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert decode(QUOTED.encode("utf-8-sig")) == Decoded(QUOTED, QUOTED.encode())


@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_utf_8_text_is_unchanged(text: str) -> None:
    assert decode(text.encode()).text == text.removeprefix("\ufeff")


# ---------------------------------------------------------------- stray bytes


@pytest.mark.parametrize(
    ("byte", "character"), [(b"\x92", "’"), (b"\xa3", "£"), (b"\xe9", "é"), (b"\x80", "€"), (b"\xa0", "\u00a0")]
)
def test_a_stray_byte_affects_that_character_only(byte: bytes, character: str) -> None:
    for at, charset in product((0, 1, len("Mrs Q"), len(QUOTED)), (None, "utf-8", "windows-1252")):
        found = decode(QUOTED[:at].encode() + byte + QUOTED[at:].encode(), charset)
        assert found.text == QUOTED[:at] + character + QUOTED[at:], (at, charset)
        assert found.data == found.text.encode(), (at, charset)
        assert found.odd == ("1 byte not UTF-8, read as windows-1252",), (at, charset)


def test_several_stray_bytes_are_counted_and_each_is_one_character() -> None:
    found = decode(b"\x93a\x94 \x96 " + QUOTED.encode() + b" caf\xe9\x92s")
    assert found.text == f"“a” – {QUOTED} café’s"
    assert found.odd == ("5 bytes not UTF-8, read as windows-1252",)


@pytest.mark.parametrize("rest", ["", "a", " of", "’s", "é"])
@pytest.mark.parametrize(("cut", "shown"), [(b"\xe2\x80", "â€"), (b"\xc2", "Â"), (b"\xf0\x9f\x98", "ðŸ˜")])
def test_truncated_character_does_not_affect_the_next(cut: bytes, shown: str, rest: str) -> None:
    found = decode("“A” ".encode() + cut + rest.encode())
    assert found.text == f"“A” {shown}{rest}"
    assert found.odd == (f"{len(cut)} byte{'s' if len(cut) > 1 else ''} not UTF-8, read as windows-1252",)


@given(before=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), byte=st.integers(0x80, 0xFF))
@example(before="", byte=0x81)
def test_stray_byte_leaves_the_text_around_it_unchanged(before: str, byte: int) -> None:
    text = f"“{before}”"
    found = decode(text.encode() + b" " + bytes([byte]) + b" " + text.encode())
    assert found.text.startswith(f"{text} ")
    assert found.text.endswith(f" {text}")
    assert len(found.text) == 2 * len(text) + 3
    assert found.odd


# ---------------------------------------------------------------- a whole page in another encoding


@pytest.mark.parametrize("charset", [None, "utf-8", "UTF8", "utf-16", "nonsense", ""])
def test_windows_1252_page_that_declares_another_encoding_is_decoded_and_reported(charset: str | None) -> None:
    found = decode(LATIN.encode("cp1252"), charset)
    assert found.text == LATIN
    assert found.odd == ("9 bytes not UTF-8, read as windows-1252",)


@pytest.mark.parametrize(
    "charset",
    ["windows-1252", "Windows-1252", "iso-8859-1", "latin1", "ascii", "ISO_8859-1", " cp1252 ", '"l1"', "X-CP1252"],
)
def test_windows_1252_by_the_header_is_not_odd(charset: str) -> None:
    assert decode(LATIN.encode("cp1252"), charset) == Decoded(LATIN, LATIN.encode())


def test_capitals_before_a_quote_are_two_characters_in_a_page_without_utf_8() -> None:
    assert decode("the CAFÉ’s “É”".encode("cp1252"), "utf-8").text == "the CAFÉ’s “É”"


@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="windows-1252">',
        "<META CHARSET=latin1>",
        "<meta charset = 'ISO-8859-1' />",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">',
        "<meta content='text/html;charset=cp1252' http-equiv=content-type>",
        "<!-- " + "x" * 5_000 + ' --><meta charset="windows-1252">',
        '<!-- <meta charset="utf-8"> --><meta charset="windows-1252">',
        "<script>'<meta charset=utf-8>'</script><meta charset=windows-1252>",
        "<title><meta charset=utf-8></title><meta charset=windows-1252>",
        '<meta name="description" content="charset=utf-8"><meta charset="windows-1252">',
        '<meta http-equiv="Content-Type"><meta charset="windows-1252">',
        '<meta http-equiv="Content-Type" content="text/html"><meta charset="windows-1252">',
    ],
)
def test_a_page_declares_its_encoding_itself(declaration: str) -> None:
    page = f"<html><head>{declaration}</head><body>{LATIN}</body></html>"
    assert decode(page.encode("cp1252")) == Decoded(page, page.encode())


def test_a_label_that_is_not_ascii_names_no_encoding() -> None:
    page = f'<html><head><meta charset="wéird"></head><body>{LATIN}</body></html>'
    assert decode(page.encode("cp1252")).odd == ("10 bytes not UTF-8, read as windows-1252",)


def test_bytes_that_the_declared_encoding_does_not_have_are_windows_1252() -> None:
    assert decode(b"a\xa1b", "iso-8859-6") == Decoded(
        "a¡b", "a¡b".encode(), ("1 byte not UTF-8, read as windows-1252",)
    )
    stray = decode("“".encode() + b" \x81")
    assert stray.odd == ("1 byte not UTF-8, read as windows-1252", "1 byte not defined in windows-1252")


def test_xml_declaration_is_used() -> None:
    page = f'<?xml version="1.0" encoding="iso-8859-1"?><html><body>{LATIN}</body></html>'
    assert decode(page.encode("cp1252")).odd == ()


def test_header_has_priority_over_the_meta_element() -> None:
    assert decode(meta("utf-8").encode("cp1252"), "windows-1252").odd == ()
    assert decode(meta("windows-1252").encode("cp1252"), "utf-8").odd != ()
    assert decode(meta("windows-1252").encode("cp1252"), "no-such-encoding").odd == ()
    assert decode("£5 €6".encode("iso-8859-15"), "iso-8859-15").text == "£5 €6"


def test_utf_8_with_stray_bytes_is_not_decoded_as_declared_windows_1252() -> None:
    found = decode(meta("windows-1252").encode() + b"\x92", "windows-1252")
    assert found.text == meta("windows-1252") + "’"
    assert found.odd == ("1 byte not UTF-8, read as windows-1252",)


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
@pytest.mark.parametrize("charset", [None, "windows-1252"])
def test_a_byte_that_windows_1252_does_not_define_is_reported(byte: int, charset: str | None) -> None:
    found = decode(b"caf\xe9 " + bytes([byte]) + b"x", charset)
    assert found.text == f"café {chr(byte)}x"
    assert "1 byte not defined in windows-1252" in found.odd


# ---------------------------------------------------------------- UTF-16 and zero bytes


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", [None, "utf-8", "utf-16", "windows-1252"])
def test_utf_16_is_recognised_by_its_byte_order_mark(encoding: str, charset: str | None) -> None:
    assert decode(f"\ufeff{QUOTED}".encode(encoding), charset) == Decoded(QUOTED, QUOTED.encode())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_mark_is_recognised_by_its_zero_bytes(encoding: str) -> None:
    assert decode(QUOTED.encode(encoding)) == Decoded(QUOTED, QUOTED.encode(), ("UTF-16 without a byte-order mark",))
    assert decode(QUOTED.encode(encoding), encoding).odd == ()


def test_utf_16_declared_without_its_byte_order_is_not_odd_and_a_second_mark_is_not_text() -> None:
    assert decode(QUOTED.encode("utf-16-le"), "utf-16").odd == ()
    assert decode("\ufeff\ufeffabc".encode("utf-16-le")).text == "abc"


@pytest.mark.parametrize(
    ("ascii_letters", "others", "is_text"),
    [(20, "ŷ" * 80, True), (19, "ŷ" * 81, False), (98, "Ā" * 2, True), (97, "Ā" * 3, False)],
)
def test_a_fifth_of_utf_16_must_be_ascii_and_few_other_bytes_zero(
    ascii_letters: int, others: str, is_text: bool
) -> None:
    text = "a" * ascii_letters + others
    if is_text:
        assert decode(text.encode("utf-16-le")).text == text
        assert decode(text.encode("utf-16-le") + b"x").text == f"{text}\ufffd", "half a character more"
        return
    with pytest.raises(Undecodable, match=r"^\d+ of 200 bytes are zero: the document is not text$"):
        decode(text.encode("utf-16-le"))


def test_zero_characters_of_utf_16_are_left_out_and_counted() -> None:
    assert decode("\ufeffab\0c".encode("utf-16-le")) == Decoded("abc", b"abc", ("1 zero character left out",))
    assert decode(("\ufeff" + "\0" * 16).encode("utf-16-be")).odd == ("16 zero characters left out",)


def test_up_to_sixteen_zeros_or_controls_or_one_in_fifty_bytes_are_errors_and_more_are_not_text() -> None:
    utf_16 = "\ufeff" + "\0" * 17
    assert decode((utf_16 + "a" * 833).encode("utf-16-le")).text == "a" * 833
    with pytest.raises(Undecodable, match=r"^17 of 849 UTF-16 characters are zero: the document is not text$"):
        decode((utf_16 + "a" * 832).encode("utf-16-le"))
    assert decode(b"\0" * 16 + b"a").odd == ("16 zero bytes left out",)
    assert decode(b"\0" * 17 + b"a" * 833).text == "a" * 833
    with pytest.raises(Undecodable, match=r"^17 of 849 bytes are zero: the document is not text$"):
        decode(b"\0" * 17 + b"a" * 832)
    assert decode(b"\xe9" + b"\x01" * 16).text == "é" + "\x01" * 16
    assert decode(b"\xe9" + b"\x01" * 17 + b"a" * 832).text.startswith("é")
    with pytest.raises(Undecodable, match=r"^17 of 849 bytes are control characters: the document is not text$"):
        decode(b"\xe9" + b"\x01" * 17 + b"a" * 831)


def test_half_a_character_of_utf_16_is_shown_as_lost() -> None:
    found = decode("\ufeffcafé".encode("utf-16-le") + b"x")
    assert found.text == "café\ufffd"
    assert found.odd == ("1 character lost, shown as \ufffd (not UTF-16)",)


def test_a_few_zero_bytes_are_left_out_and_reported() -> None:
    assert decode(b"caf\0\xc3\xa9\0") == Decoded("café", "café".encode(), ("2 zero bytes left out",))
    assert decode(b"caf\0\xe9").odd == ("1 zero byte left out", "1 byte not UTF-8, read as windows-1252")


@pytest.mark.parametrize(
    "body",
    [
        bytes(64),
        b"\xff\xfe" + bytes(64),
        LATIN.encode("utf-32"),
        LATIN.encode("utf-32-be"),
        b"ab\0\0" * 40,
        bytes(range(1, 256)) * 10,
        b"\xe9" + bytes(range(1, 8)) * 9,
    ],
)
def test_bytes_that_are_not_text_are_refused(body: bytes) -> None:
    with pytest.raises(Undecodable, match="not text"):
        decode(body)


@given(body=st.binary(max_size=300), charset=st.none() | st.text(max_size=12) | st.sampled_from(["utf-16", "rot13"]))
def test_any_bytes_are_decoded_or_refused(body: bytes, charset: str | None) -> None:
    try:
        found = decode(body, charset)
    except Undecodable:
        return
    assert found.data.decode() == found.text
    assert "\0" not in found.text
