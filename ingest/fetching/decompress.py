"""Decompresses a gzip response body that arrives in chunks of any size.

A body may consist of several members, one after the other (RFC 1952, 2.2). Servers that append to a cached body send
such bodies. Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PART_BYTES = 64 * 1024
"""Size of the largest part that `decode` yields."""

_MEMBER_MAGIC = b"\x1f\x8b"
"""The first two bytes of every member."""

_SLICE_BYTES = 4 * 1024
"""zlib copies what follows a member. Feeding it short slices keeps a body of very many tiny members cheap."""


class GzipDecoder:
    """Decompresses one body: call `decode` for each chunk in order, then look at `is_complete`.

    Zero bytes after a member are padding. The first other byte that does not start a member ends the body. The rest is
    ignored, as gzip(1) and browsers do: the members before it are complete and their checksums match.
    """

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = _begin_member()
        self._held = b""
        """The last byte of a chunk, if it may be the first byte of a member."""
        self.ignored = 0
        """How many bytes after the last member are neither padding nor a member."""

    @property
    def is_complete(self) -> bool:
        """Whether the body so far ends with the end of a member."""
        return self._member is None and not self._held

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yields the decompressed data of a chunk, in parts of at most PART_BYTES.

        The caller can stop at its own limit. Raises zlib.error if a member is damaged.
        """
        for start in range(0, len(chunk), _SLICE_BYTES):
            yield from self._decode_slice(chunk[start : start + _SLICE_BYTES])

    def _decode_slice(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member is None:
                data = self._find_member(data)
                continue
            part = self._member.decompress(data, PART_BYTES)
            data = self._member.unconsumed_tail
            if self._member.eof:
                data = self._member.unused_data
                self._member = None
            if part:
                yield part

    def _find_member(self, data: bytes) -> bytes:
        """Begins the next member if there is one and returns the data from its start; otherwise returns no data."""
        if self.ignored:
            self.ignored += len(data)
            return b""
        data = (self._held + data).lstrip(b"\0")
        self._held = b""
        if data.startswith(_MEMBER_MAGIC):
            self._member = _begin_member()
            return data
        if data == _MEMBER_MAGIC[:1]:
            self._held = data
        else:
            self.ignored = len(data)
        return b""


def _begin_member() -> zlib._Decompress:
    return zlib.decompressobj(wbits=31)
