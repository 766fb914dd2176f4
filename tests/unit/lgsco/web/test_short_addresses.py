"""Short addresses lead to their pages, and wrong ones are answered with status 404."""

from __future__ import annotations

import html
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
def test_an_address_that_is_not_a_reference_is_not_found(get: Get, path: str) -> None:
    answer = get(f"/{path}")
    if "%" in path:  # Datasette tries its own encoding
        answer = get(answer.headers["location"])
    assert answer.status_code == 404


@pytest.mark.parametrize("rest", ["", "?query=council+delay&from=2024", ".json?query=25-000-001", ".csv?query=council"])
def test_search_leads_to_the_search_page_with_its_query(get: Get, rest: str) -> None:
    moved = get(f"/search{rest}")
    assert (moved.status_code, moved.headers.get("location")) == (302, f"/{NAME}/search{rest}")
    assert get(moved.headers["location"]).status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/x", "/nowhere/x/y", "/searches", "/search.xml", "/decisions"])
def test_a_wrong_address_is_answered_in_the_words_of_a_visitor(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert "there is no page at this address; the home page lists the pages" in answer.text


@pytest.mark.parametrize("path", ["/25-999-999", "/25/999/999", f"/{NAME}/decisions/25999999"])
@pytest.mark.parametrize("form", ["", ".json"])
def test_a_decision_that_is_not_stored_is_named(get: Get, path: str, form: str) -> None:
    answer = get(get(f"{path}{form}").headers["location"])
    assert answer.status_code == 404
    error = answer.json()["error"] if form else html.unescape(answer.text)
    assert "the decision 25 999 999 is not stored here; “Date ranges, and which of them are proven” shows" in error


def test_another_row_that_does_not_exist_is_named_with_its_table(get: Get) -> None:
    for path, words in (
        ("revisions/25+000+001,9", "revisions has no row 25 000 001,9"),
        ("runs/99", "runs has no row 99"),
    ):
        answer = get(f"/{NAME}/{path}")
        assert (answer.status_code, words in answer.text) == (404, True)
