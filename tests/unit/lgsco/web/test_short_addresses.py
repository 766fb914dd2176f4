"""Short addresses lead to their pages, and wrong ones to no error of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette
from support.archives import requested

Get = Callable[..., httpx.Response]

PAGE = f"/{NAME}/decisions/25+000+001"


@pytest.fixture(scope="module")
def get(small_archive: Path) -> Iterator[Get]:
    with requested(make_datasette(small_archive)) as get:
        yield get


SPELLINGS = (
    *("25-000-001", "25000001", "25+000+001", "25%20000%20001", "25_000_001", "25.000.001", "25/000/001"),
    *("(25-000-001)", "(25%20000%20001)", "%2825+000+001%29", "25%E2%80%93000%E2%80%93001", "%5B25-000-001%5D"),
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_reference_in_any_spelling_leads_to_its_decision(get: Get, spelling: str) -> None:
    for form in ("", ".json"):
        moved = get(f"/{spelling}{form}")
        assert (moved.status_code, moved.headers.get("location")) == (302, f"{PAGE}{form}")
    below = get(f"/{NAME}/decisions/{spelling}")
    assert below.status_code == 200 if spelling == "25+000+001" else below.headers["location"] == PAGE


def test_a_suffix_is_kept_in_lower_case(get: Get) -> None:
    for spelling in ("24/001/411A", "24-001-411-a", "(24%20001%20411%20A)"):
        assert get(f"/{spelling}").headers["location"] == f"/{NAME}/decisions/24+001+411a"


@pytest.mark.parametrize(
    "path",
    ["25%41000-001", "25%C3%A9000-001", "25-000-0012", "25-000-001.xml", "25-000-001/x", "25/000", "25-000-001x1"],
)
def test_an_address_of_no_reference_is_not_found(get: Get, path: str) -> None:
    answer = get(f"/{path}")
    if "%" in path:  # Datasette tries its own encoding
        answer = get(answer.headers["location"])
    assert answer.status_code == 404
