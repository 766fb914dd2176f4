"""Downloads are whole, or say what they are; a page that is cut says so."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote_plus, unquote

import httpx
import pytest

from lgsco.web import row_reader
from lgsco.web.metadata import NAME
from lgsco.web.server import Options, make_datasette
from support.archives import LONG, make_archive, requested

Get = Callable[..., httpx.Response]

MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2500) SELECT i FROM n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("downloads") / "lgsco.db"
    make_archive(path)
    return path


@pytest.fixture(scope="module")
def get(archive: Path) -> Iterator[Get]:
    """Pages have at most five rows, so that a whole download has several."""
    options = ("--setting", "max_returned_rows", "5", "--setting", "default_page_size", "2")
    with requested(make_datasette(archive, Options(datasette=options))) as get:
        yield get


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def stored(archive: Path) -> list[str]:
    with closing(sqlite3.connect(archive)) as db:
        return [key for (key,) in db.execute("SELECT reference FROM decisions ORDER BY reference")]


@pytest.mark.parametrize(
    "address",
    [
        *("decisions.csv", "decisions.csv?_stream=on", "decisions.csv?_size=max", "decisions.csv?_stream=on&_size=1"),
        *("decisions.csv?_stream=on&_next=t2025-04-03,t25+000+002", "decisions.csv?_excel=on", "new.csv"),
        "decisions.json?_stream=on",
        *("decisions.json?_stream=on&_nl=on", "new.json?_stream=on", "new.json?_stream=on&_nl=on"),
    ],
)
def test_a_download_has_the_rows_of_all_pages(get: Get, archive: Path, address: str) -> None:
    answer = get(f"/{NAME}/{address}")
    assert answer.status_code == 200
    if ".csv" in address:
        found = rows_of(answer.text.removeprefix("\ufeff"))
    elif "_nl" in address:
        found = [json.loads(line) for line in answer.text.splitlines()]
    else:
        found = answer.json()
    assert sorted(row["reference"] for row in found) == stored(archive)


@pytest.mark.parametrize("form", ["csv?", "json?_stream=on&"])
def test_a_download_of_a_users_query_is_whole(get: Get, form: str) -> None:
    for count in (1, 5, 6, 2500):
        answer = get(f"/{NAME}.{form}sql={quote_plus(MANY.replace('2500', str(count)))}")
        found = rows_of(answer.text) if form[0] == "c" else answer.json()
        assert [int(row["i"]) for row in found] == list(range(1, count + 1))


def test_filters_and_sorts_apply_to_a_whole_download(get: Get) -> None:
    rows = rows_of(get(f"/{NAME}/decisions.csv?outcome=Upheld&_sort_desc=reference&_col=outcome").text)
    assert [row["reference"] for row in rows] == [f"25 000 {number:03}" for number in (10, 8, 6, 4, 2, 0)]
    assert set(rows[0]) == {"reference", "outcome"}


@pytest.mark.parametrize("address", ["decisions.csv?_size=3", "decisions.csv?_next=t2025-04-10,t25+000+009"])
def test_a_page_as_csv_is_a_page(get: Get, address: str) -> None:
    assert 1 < len(rows_of(get(f"/{NAME}/{address}").text)) < 12


def test_a_page_that_is_cut_says_so_beside_its_downloads(get: Get, archive: Path) -> None:
    table, query = get(f"/{NAME}/decisions").text, get(f"/{NAME}/new").text
    own = get(f"/{NAME}", sql="select reference from decisions").text
    assert "This page shows 2 of 12 rows; there are more." in table
    assert "This page shows 5 rows; there are more." in query
    assert "This page shows 5 rows; there are more." in own
    assert "This page shows 1 of 12 rows; there are more." in get(f"/{NAME}/decisions?_size=1").text
    assert "\n  1 row.\n" in get(f"/{NAME}/decisions?reference=25+000+001").text
    assert "there are more" not in get(f"/{NAME}/decisions?reference=25+000+001").text
    assert "there are more" in get(f"/{NAME}/decisions?_next=t2025-04-02,t25+000+001").text, "the last page"
    for page in (table, query, own):
        links = re.findall(r'<a href="([^"]*_stream=on[^"]*)"', page)
        assert len(links) == 4
        for link in links:
            answer = get(link.replace("&amp;", "&"))
            assert answer.status_code == 200, link
            assert answer.text.count("25 000 ") >= 12, unquote(link)


def test_json_pages_name_the_next_page_or_that_they_are_cut(get: Get) -> None:
    assert get(f"/{NAME}/decisions.json").json()["next_url"]
    assert get(f"/{NAME}.json", sql=MANY).json()["truncated"] is True


def test_excel_gets_text_that_it_does_not_cut_silently(get: Get) -> None:
    answer = get(f"/{NAME}/decisions.csv?_excel=on")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"] == 'attachment; filename="decisions.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = {row["reference"]: row for row in rows_of(answer.text.removeprefix("\ufeff"))}
    assert len(rows[LONG]["text"]) == 32_767
    assert rows[LONG]["text"].endswith("]")
    assert "cut: Excel allows 32,767 characters" in rows[LONG]["text"]
    assert rows["25 000 001"]["summary"] == "'=Summary 1"
    assert "cut" not in get(f"/{NAME}/decisions.csv").text


def test_labels_and_binary_values_have_columns_and_links(get: Get) -> None:
    rows = rows_of(get(f"/{NAME}/revisions.csv?_labels=on").text)
    assert rows[0]["run_label"] == "import"
    (page,) = rows_of(get(f"/{NAME}/pages.csv").text)
    assert get(page["body"]).content == b"\0"
    (made,) = rows_of(get(f"/{NAME}.csv?sql=select+x'0102'+as+a").text)
    assert get(made["a"]).content == b"\1\2"
    assert get(f"/{NAME}/pages.json?_stream=on").json()[0]["body"] == {"$base64": True, "encoded": "AA=="}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("decisions.json?_stream=on&_shape=object", 400),
        (".csv?sql=select+nonsense", 400),
        (".json?_stream=on&sql=select+nonsense", 400),
        ("nowhere.csv", 404),
    ],
)
def test_a_wrong_download_is_an_error(get: Get, address: str, status: int) -> None:
    answer = get(f"/{NAME}{'' if address.startswith('.') else '/'}{address}")
    assert answer.status_code == status
    assert get(f"/{NAME}/decisions.csv", method="HEAD").content == b""


def test_a_page_that_would_be_too_large_has_fewer_rows_and_a_next_page(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_reader, "ANSWER_BYTES", 190_000)
    with requested(make_datasette(archive)) as get:
        found, address = [], f"/{NAME}/decisions.json?_shape=objects&_nofacet=1"
        while address:
            answer = get(address).json()
            assert answer["rows"]
            found += [row["reference"] for row in answer["rows"]]
            address = answer["next_url"]
        assert sorted(found) == stored(archive)
        assert get(f"/{NAME}.json", sql="select * from decisions").json()["truncated"] is True
        assert len(rows_of(get(f"/{NAME}.csv?sql=select+*+from+decisions").text)) == 12
