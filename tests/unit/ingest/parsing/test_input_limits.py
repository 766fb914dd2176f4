"""What may be decoded at all."""

from __future__ import annotations

import pytest

from ingest.errors import Undecodable
from ingest.parsing.input_limits import decode


def test_bytes_of_two_encodings_are_of_neither() -> None:
    with pytest.raises(Undecodable, match="UTF-8 elsewhere"):
        decode("Mr X’s complaint".encode() + b"\xe9", "iso-8859-1")
    assert decode(b"Mr X\x92s caf\xe9", "iso-8859-1") == "Mr X’s café"
