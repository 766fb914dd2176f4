"""Which search a query string asks for."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote_plus

import pytest

from lgsco.replica.index import Filter
from lgsco.replica.search import count_line, parse_search


def test_a_query_gives_dates_filters_and_page() -> None:
    search = parse_search("fd=2025-01-01&td=2025-12-31&t=reports&dc=nu%2Bu&aname=Any+Town&c=1%2BCharging&page=3")
    assert (search.first, search.last, search.page) == (date(2025, 1, 1), date(2025, 12, 31), 3)
    assert search.terms == Filter(
        "report", frozenset({"Not upheld", "Upheld"}), "any town", "adult-care-services", "charging"
    )
    assert search.kept == f"fd=2025-01-01&td=2025-12-31&t=reports&dc={quote_plus('nu+u')}&aname=Any+Town&c=1%2BCharging"


@pytest.mark.parametrize("query", ["", "fd=soon&td=2025-02-30&page=two&c=99&t=both", "page=0", "page=\u0663"])
def test_what_is_invalid_counts_as_not_given(query: str) -> None:
    search = parse_search(query)
    assert (search.first, search.last, search.page, search.terms) == (date.min, date.max, 1, Filter())


def test_the_pager_links_to_the_first_the_neighbouring_and_the_last_page() -> None:
    html = parse_search("t=both&page=5").pager(99)
    assert [int(part.partition('"')[0]) for part in html.split("page=")[1:]] == [1, 4, 5, 6, 10]
    assert "t=both&amp;page=1" in html


def test_no_result_has_its_own_words() -> None:
    assert count_line(1_234) == "Your search has 1,234 results"
    assert "nothing" in count_line(0)
