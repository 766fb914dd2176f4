"""Gzip bodies of one or more members, in chunks of any size."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from ingest.fetching.decompress import PART_BYTES, GzipDecoder

WORDS = b"User-agent: *\nDisallow: /a/\n"
MORE = b"Disallow: /b/\n"


def decode(*chunks: bytes) -> tuple[bytes, GzipDecoder]:
    decoder = GzipDecoder()
    return b"".join(part for chunk in chunks for part in decoder.decode(chunk)), decoder


def member(data: bytes, level: int = 9, name: str = "") -> bytes:
    """Makes a member with a file name in its header, as gzip(1) writes it."""
    packed = gzip.compress(data, level, mtime=0)
    return packed[:3] + b"\x08" + packed[4:10] + name.encode() + b"\0" + packed[10:] if name else packed


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (member(WORDS), WORDS),
        (member(WORDS) + member(MORE), WORDS + MORE),
        (member(WORDS, 0) + member(MORE, 1) + member(WORDS, 9), WORDS + MORE + WORDS),
        (member(b"") + member(WORDS) + member(b"") + member(MORE) + member(b""), WORDS + MORE),
        (member(WORDS, name="robots.txt") + member(MORE, name="more"), WORDS + MORE),
        (member(WORDS) + b"\0" * 1_000, WORDS),
        (member(WORDS) + b"\0" * 5 + member(MORE) + b"\0", WORDS + MORE),
        (b"".join(member(bytes([byte])) for byte in range(0, 256, 5)), bytes(range(0, 256, 5))),
    ],
    ids=["one", "two", "levels", "empty members", "names", "padding", "padding between", "a byte each"],
)
def test_all_members_are_decompressed_wherever_the_chunks_end(body: bytes, data: bytes) -> None:
    for size in (1, 2, 3, 7, 18, len(body)):
        found, decoder = decode(*(body[at : at + size] for at in range(0, len(body), size)))
        assert (found, decoder.is_complete, decoder.ignored) == (data, True, 0)
    for cut in range(len(body) + 1):
        assert decode(body[:cut], body[cut:])[0] == data


@pytest.mark.parametrize("first", [b"", member(WORDS), member(WORDS) + b"\0\0"], ids=["alone", "second", "padded"])
def test_a_member_that_is_cut_short_anywhere_is_not_complete(first: bytes) -> None:
    last = member(MORE)
    for cut in range(1, len(last)):
        assert not decode(first + last[:cut])[1].is_complete
    assert decode(first + last)[1].is_complete


def test_an_empty_body_is_not_complete() -> None:
    assert not decode()[1].is_complete


@pytest.mark.parametrize("rest", [b"\n", b"trailing words", b"\0\0<!-- 12 ms -->", b"\x1f", b"\x1f \x8b", b"\x8b\x1f"])
def test_bytes_after_the_last_member_are_counted_and_ignored(rest: bytes) -> None:
    for body in ([member(WORDS) + rest], [member(WORDS), *(rest[at : at + 1] for at in range(len(rest)))]):
        found, decoder = decode(*body)
        assert found == WORDS
        assert decoder.ignored == (0 if rest == b"\x1f" else len(rest.lstrip(b"\0")))
        assert decoder.is_complete is (rest != b"\x1f"), "it may be the first byte of the next member"


@pytest.mark.parametrize(
    "body",
    [
        b"\0" * 40,
        WORDS,
        b"\0" + member(WORDS),
        member(WORDS)[:-8] + b"\0" * 8,
        member(WORDS) + member(MORE)[:-8] + b"\0" * 8,
        member(WORDS) + b"\x1f\x8bno member at all",
        member(WORDS)[:12] + b"\xff" * 9 + member(WORDS)[21:],
    ],
    ids=["zeros", "plain", "zero first", "checksum", "second checksum", "no member", "damaged"],
)
def test_damaged_data_is_an_error(body: bytes) -> None:
    with pytest.raises(zlib.error):
        decode(body)
    with pytest.raises(zlib.error):
        decode(*(body[at : at + 1] for at in range(len(body))))


def test_no_part_is_longer_than_promised_so_that_a_bomb_can_be_stopped() -> None:
    bomb = member(bytes(20 * PART_BYTES))
    decoder = GzipDecoder()
    sizes = [len(part) for part in decoder.decode(bomb * 3)]
    assert max(sizes) <= PART_BYTES
    assert sum(sizes) == 60 * PART_BYTES
    assert decoder.is_complete


def test_any_members_in_any_chunks_decompress_as_with_gzip() -> None:
    chance = random.Random(11)
    for _ in range(200):
        datas = [chance.randbytes(chance.choice([0, 1, 40, 5_000])) * chance.choice([1, 60]) for _ in range(4)]
        body = b"".join(member(data, chance.randrange(10)) + b"\0" * chance.choice([0, 0, 3]) for data in datas)
        cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(9)))
        chunks = [body[first:last] for first, last in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        found, decoder = decode(*chunks)
        assert found == gzip.decompress(body) == b"".join(datas)
        assert decoder.is_complete
