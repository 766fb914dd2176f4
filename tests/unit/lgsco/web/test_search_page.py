"""The search page and its JSON and CSV: what an address asks for, and how the results are described."""

from __future__ import annotations

import csv
import html
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs

import httpx
import pytest

from lgsco.web import search_page
from lgsco.web.metadata import NAME
from lgsco.web.search_page import Asked, _write_csv, mark_text, read_asked
from lgsco.web.server import make_datasette
from storage.query.tree import Filter, QueryError
from storage.search import Hit, Results
from support.archives import requested

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def get(small_archive: Path) -> Iterator[Get]:
    """Requests `/lgsco/search` with an ending: "", ".json" or ".csv"."""
    with requested(make_datasette(small_archive)) as request:
        yield lambda ending="", **parameters: request(f"/{NAME}/search{ending}", **parameters)


# ---------------------------------------------------------------- the address


def test_an_address_without_parameters_asks_for_nothing() -> None:
    asked = read_asked({})
    assert asked == Asked("", {}, "relevance", 1, 20)
    assert asked.is_empty
    assert asked.address() == ""


@pytest.mark.parametrize(
    ("arguments", "empty"),
    [
        ({"query": " "}, True),
        ({"outcome": " "}, True),
        ({"sort": "date", "page": "2"}, True),
        ({"query": "x"}, False),
        ({"to": "2025"}, False),
    ],
)
def test_only_a_word_or_a_filter_asks_for_something(arguments: dict[str, str], empty: bool) -> None:
    assert read_asked(arguments).is_empty == empty


@pytest.mark.parametrize(("page", "size"), [("1", "1"), ("3", "50"), ("1000", "100")])
def test_numbers_within_their_limits_are_read(page: str, size: str) -> None:
    asked = read_asked({"query": "x", "page": page, "_size": size})
    assert (asked.page, asked.size, asked.error) == (int(page), int(size), None)


@pytest.mark.parametrize("number", ["0", "1001", "-1", "+5", "5.0", "x", "²", "٣", "9" * 7, "9" * 5_000])
def test_a_number_that_is_not_valid_is_named(number: str) -> None:
    """The last characters tried are digits that are not ASCII."""
    asked = read_asked({"query": "x", "page": number, "_size": number})
    assert (asked.page, asked.size) == (1, 20)
    assert asked.error == (
        f"page={number[:40]} is not valid; write an integer from 1 to 1,000; "
        f"_size={number[:40]} is not valid; write an integer from 1 to 100"
    )


def test_an_order_that_is_not_known_is_named() -> None:
    assert read_asked({"query": "x", "sort": "date"}).order == "date"
    assert read_asked({"query": "x", "sort": "relevance"}).error is None
    assert read_asked({"query": "x", "sort": "oldest"}).error == "sort=oldest is not valid; write relevance or date"


def test_filters_are_read_without_spaces_around_them() -> None:
    asked = read_asked({"outcome": " Upheld ", "category": "", "to": "2025", "other": "x"})
    assert asked.facts == {"outcome": "Upheld", "to": "2025"}
    assert asked.filters() == [Filter("outcome", "Upheld"), Filter("to", "2025-12-31")]


def test_a_filter_that_is_not_a_date_is_refused() -> None:
    with pytest.raises(QueryError, match="from:soon is not a date"):
        read_asked({"from": "soon"}).filters()


def test_an_address_asks_for_the_same_again() -> None:
    arguments = {"query": 'a "b & c"', "outcome": "Not upheld", "sort": "date", "page": "3", "_size": "7"}
    asked = read_asked(arguments)
    assert parse_qs(asked.address(page=3), strict_parsing=True) == {name: [one] for name, one in arguments.items()}


def test_an_address_with_other_facts_begins_at_the_first_page() -> None:
    asked = read_asked({"query": "x", "outcome": "Upheld", "page": "3"})
    assert asked.address({"category": "Planning"}) == "query=x&outcome=Upheld&category=Planning"
    assert asked.address({"outcome": ""}) == "query=x"


# ---------------------------------------------------------------- marked text


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("A delay", (), "A delay"),
        ("A delay, delays", ((2, 7), (9, 15)), "A <mark>delay</mark>, <mark>delays</mark>"),
        ("<b> & c", ((5, 6), (6, 7)), "&lt;b&gt; &amp;<mark> </mark><mark>c</mark>"),
        ("x <i>", ((2, 5),), "x <mark>&lt;i&gt;</mark>"),
        ("", (), ""),
    ],
)
def test_marked_text_is_escaped(text: str, marks: tuple[tuple[int, int], ...], shown: str) -> None:
    assert mark_text(text, marks) == shown


# ---------------------------------------------------------------- the page


def test_a_page_without_a_query_shows_the_form_only(get: Get) -> None:
    page = get()
    assert page.status_code == 200
    assert '<option value="Council B"></option>' in page.text
    assert 'id="results"' not in page.text
    assert 'role="alert"' not in page.text


def test_a_hit_links_to_its_paragraph(get: Get) -> None:
    page = html.unescape(get(query='"answer"', **{"from": "2025-04-02", "to": "2025-04-02"}).text)
    address = f"/{NAME}/decisions/25+000+001?q=%22answer%22"
    assert f'<a href="{address}">Council B (25 000 001)</a>' in page
    assert re.search(rf'<a href="{re.escape(address)}#p1">paragraph 1</a>: .*“to <mark>answer</mark>”', page)


def test_without_words_a_hit_shows_its_summary_and_marks_nothing(get: Get) -> None:
    page = get(**{"from": "2025-04-02", "to": "2025-04-02"}).text
    assert f'<a href="/{NAME}/decisions/25+000+001">' in page
    assert '<p class="passage">=Summary 1</p>' in page
    assert "<mark>" not in page


def test_a_page_names_its_hits_and_links_to_its_neighbours(get: Get) -> None:
    shown = {number: html.unescape(get(query="answer", page=str(number), _size="5").text) for number in (1, 2, 3, 4)}
    for number, hits, before, after in [
        (1, "1 to 5", False, True),
        (2, "6 to 10", True, True),
        (3, "11 to 12", True, False),
    ]:
        page = shown[number]
        assert f"12 decisions: {hits}" in page
        assert len(re.findall(r'<p class="facts-line">', page)) == int(hits.split()[2]) - int(hits.split()[0]) + 1
        assert ('rel="prev"' in page, 'rel="next"' in page) == (before, after)
    assert '<a href="?query=answer&page=3&_size=5" rel="next">' in shown[2]
    assert '<a href="?query=answer&_size=5" rel="prev">' in shown[2]
    assert 'rel="next"' not in shown[4]


def test_counts_narrow_the_query_and_a_chosen_fact_can_be_dropped(get: Get) -> None:
    page = html.unescape(get(query="answer", outcome="Upheld").text)
    assert re.search(
        r'href="\?query=answer&outcome=Upheld&authority=Council\+C">Council C</a> <span class="count">2<', page
    )
    assert 'Upheld (<a href="?query=answer"' in page
    assert "outcome=Not+upheld" not in page


def test_only_the_most_frequent_names_are_offered(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_page, "_NAMES_SHOWN", 2)
    page = get(query="answer").text
    assert "and 1 more" in page
    assert ("authority=Council+B" in page, "authority=Council+C" in page) == (True, False)


@pytest.mark.parametrize(
    ("asked", "typed"),
    [
        ({"from": "2025-13"}, "from:2025-13 is"),
        ({"query": "to:soon"}, "to:soon is"),
        ({"authority": "!"}, "authority:! has"),
        ({"query": "authority: kent"}, "authority: at"),
        ({"query": "near(a b)"}, "near at"),
        ({"query": "file:x"}, "file: at"),
        ({"query": "assess**"}, "assess** at"),
        ({"query": "NEAR(a (b) c)"}, "( at"),
        ({"query": "x", "sort": "best"}, "sort=best is"),
        ({"query": "and OR"}, "OR at"),
    ],
)
def test_an_error_that_begins_with_what_was_typed_shows_it_as_typed(
    get: Get, asked: dict[str, str], typed: str
) -> None:
    answer = get(**asked)
    assert answer.status_code == 400
    assert f'role="alert">{typed} ' in html.unescape(answer.text)


@pytest.mark.parametrize(
    ("query", "begin"), [("(x", "The bracket"), ("?", "There is no word"), ('"x', "The quotation")]
)
def test_other_errors_begin_with_a_capital(get: Get, query: str, begin: str) -> None:
    assert f'role="alert">{begin}' in get(query=query).text


def test_a_word_that_looks_like_an_operator_is_pointed_out(get: Get) -> None:
    page = html.unescape(get(query="school or college").text)
    assert 'Operators are in capital letters: write OR in place of "or".' in page
    assert "capital letters" not in get(query="school OR college").text


def test_another_spelling_keeps_the_filters(get: Get) -> None:
    page = html.unescape(get(query="answwer", outcome="Upheld").text)
    assert "No decision matches" in page
    assert "None of the 12 stored decisions matches." in page
    assert '<a href="?query=answer&outcome=Upheld">answer</a>' in page


def test_an_invalid_query_is_explained_in_the_form(get: Get) -> None:
    page = get(query="(answer")
    assert page.status_code == 400
    assert 'value="(answer"' in page.text
    assert re.search(r'role="alert">The bracket \( at character 1 is not closed', page.text)


# ---------------------------------------------------------------- data


def test_json_ranks_the_hits_and_leads_to_the_next_page(get: Get) -> None:
    found = get(".json", query="answer", sort="date", page="2", _size="5").json()
    assert (found["ok"], found["total"], found["suggestion"], found["notes"]) == (True, 12, None, [])
    assert [(row["rank"], row["reference"]) for row in found["rows"]] == [
        (rank, f"25 000 {12 - rank:03}") for rank in (6, 7, 8, 9, 10)
    ]
    assert found["counts"]["category"] == [{"name": "Planning", "decisions": 12}]
    assert found["next_url"] == f"http://localhost/{NAME}/search.json?query=answer&sort=date&page=3&_size=5"
    assert get(".json", query="answer", page="3", _size="5").json()["next_url"] is None
    assert get(".json", query="answer", page="2", _size="6").json()["next_url"] is None


def test_the_last_page_that_can_be_asked_for_has_no_next_one(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgsco.web.search_page._PAGES_MOST", 3)
    assert get(".json", query="answer", page="2", _size="2").json()["next_url"] is not None
    assert get(".json", query="answer", page="3", _size="2").json()["next_url"] is None
    assert 'rel="next"' not in get("", query="answer", page="3", _size="2").text


def test_json_has_the_best_paragraph_as_snippet(get: Get) -> None:
    day = {"from": "2025-04-02", "to": "2025-04-02"}
    (row,) = get(".json", query="council answer", _shape="array", **day).json()
    assert row["snippet"].startswith("Mr X complains. The «Council» took many weeks “to «answer»”.")
    assert row["paragraphs"][0]["link"] == f"http://localhost/{NAME}/decisions/25+000+001#p1"
    (row,) = get(".json", _shape="array", **day).json()
    assert (row["snippet"], row["paragraphs"]) == ("=Summary 1", [])


def test_csv_has_safe_cells_and_the_ranks_of_its_page(get: Get) -> None:
    answer = get(".csv", query="answer", sort="date", page="2", _size="5")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["rank"] for row in rows] == ["6", "7", "8", "9", "10"]
    assert rows[0]["link"] == f"http://localhost/{NAME}/decisions/25+000+006#p1"
    (row,) = csv.DictReader(io.StringIO(get(".csv", **{"from": "2025-04-12"}).text))
    assert (row["reference"], row["paragraph"], row["link"]) == ("25 000 011", "", "")
    assert get(".csv", query="zzzzzz").text.splitlines() == [
        "rank,reference,authority,decision_date,outcome,category,source_url,number,section,paragraph,link"
    ]


def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() -> None:
    hit = Hit("25 000 001", "=A1", None, None, None, None)
    written = _write_csv(str, Results(1, (hit,)), 1)
    assert written.splitlines()[1] == "1,25 000 001,'=A1,,,,,,,,"


@pytest.mark.parametrize("ending", [".json", ".csv"])
@pytest.mark.parametrize(
    ("query", "explained"), [("", "the address has no query; add query="), ("(x", "the bracket ( at character 1")]
)
def test_data_without_a_valid_query_is_an_error(get: Get, ending: str, query: str, explained: str) -> None:
    answer = get(ending, query=query, page="2")
    assert answer.status_code == 400
    error = answer.json()["error"] if ending == ".json" else answer.text
    assert error.startswith(explained)


@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
def test_a_parameter_that_is_not_valid_is_not_replaced_by_another(get: Get, ending: str) -> None:
    answer = get(ending, query="answer", sort="oldest")
    assert answer.status_code == 400
    assert "ort=oldest is not valid; write relevance or date" in answer.text


# ---------------------------------------------------------------- failures


def failing(message: str) -> Callable[..., NoReturn]:
    def search(*arguments: Any, **options: Any) -> NoReturn:
        raise sqlite3.OperationalError(message)

    return search


def test_a_query_that_took_too_long_is_explained(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_page, "search", failing("interrupted"))
    for ending in ("", ".json", ".csv"):
        answer = get(ending, query="answer")
        assert answer.status_code == 400
        assert "he query took too long; add a filter or a word" in answer.text


def test_another_failure_of_sqlite_is_not_called_a_slow_query(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_page, "search", failing("disk I/O error"))
    answer = get(".json", query="answer")
    assert answer.status_code == 500
    assert "too long" not in answer.text


def test_a_fault_is_logged_without_local_variables(
    get: Get, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `rich`, Datasette's own handler writes all of them: whole rows and texts."""
    monkeypatch.setattr("datasette.handle_exception.rich", object())  # it has no console: its handler would fail
    monkeypatch.setattr(search_page, "search", failing("disk I/O error"))
    answer = get("", query="answer")
    assert answer.status_code == 500
    assert "disk I/O error" in answer.text
    assert "sqlite3.OperationalError: disk I/O error" in capsys.readouterr().err
