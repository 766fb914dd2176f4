"""Real Datasette in a separate process, requested over loopback."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import signal
import socket
import sqlite3
import time as clock
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Import
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.faults import Fault, Respond
from lgsco.replica.messages import Request
from lgsco.replica.server import serve as serve_site
from lgsco.replica.site import Site
from lgsco.web.metadata import COPYRIGHT, NAME, SITE, describe
from lgsco.web.plugin import lgsco_match, lgsco_reference
from lgsco.web.queries import QUERIES
from lgsco.web.server import CannotServe, serve
from storage.database import SCHEMA_VERSION
from storage.errors import LgscoError, NoDatabase, SchemaMismatch, StoreFailed
from storage.snapshot import snapshot
from storage.writer import writing
from support.paths import ROOT
from support.web import canned, row_address, served
from support.world import TODAY, Time, World

HOSTILE = "25 999 001"
SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
LOST = "23 000 777"


def lose(request: Request) -> Fault | None:
    return Respond(404) if LOST.replace(" ", "-") in request.target else None


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The decisions of a site: one amended since, one missing, one with hostile text."""
    folder = tmp_path_factory.mktemp("web")
    path = folder / "some decisions.db"
    samples = [*seeds(), *generate(60, seed=11, first=date(2023, 1, 1), last=date(2026, 8, 31))]
    lost = replace(next(sample for sample in samples if sample.kind == "statement"), reference=LOST)
    site = Site([*samples, lost], today=TODAY)
    with serve_site(site) as server:
        world = World(site, server, path, Time(), Stop())
        server.faults = lose
        outcome = world.run(Backfill(), fetch__tries=1)
    assert (outcome.exit_code, outcome.tally.first, server.errors) == (10, len(samples), [])
    hostile = folder / "hostile"
    hostile.mkdir()
    text = next((ROOT / "seeds").glob("002*")).read_text("utf-8")
    text = text.replace("18 009 360", HOSTILE).replace("I have called the complainant", f"{SCRIPT} I have called him")
    (hostile / "hostile.txt").write_text(text, "utf-8")
    assert world.run(Import((hostile,))).exit_code == 0
    amended = folder / "amended"
    amended.mkdir()
    (amended / "again.txt").write_text(text.replace("Mr C says", "Mr C has always said"), "utf-8")
    assert world.run(Import((amended,))).exit_code == 0
    with writing(path) as db:
        values = {name: f"{name} {SCRIPT}" for name in ("authority", "category", "subcategory", "outcome", "summary")}
        sets = ", ".join(f"{name} = :{name}" for name in values)
        db.execute(
            f"UPDATE decisions SET {sets}, url = :url WHERE reference = :key",
            {**values, "url": f'/"><i>{SCRIPT}', "key": HOSTILE},
        )
        db.execute(
            "UPDATE decisions SET url = 'javascript:alert(1)' WHERE reference = (SELECT min(reference) FROM decisions)"
        )
    return path


@pytest.fixture(scope="module")
def web(database: Path) -> Iterator[httpx.Client]:
    with served(database) as (client, _):
        yield client


def ask(database: Path, sql: str, *values: object) -> list[Any]:
    db = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


# ---------------------------------------------------------------- the process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command(database: Path, number: signal.Signals) -> None:
    with served(database) as (client, process):
        assert client.get("/").status_code == 200
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.communicate()[1] == ""


def test_a_signal_ends_a_query_under_way(database: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    def slow(client: httpx.Client) -> None:
        with suppress(httpx.HTTPError):
            client.get(f"/{NAME}", params={"sql": endless})

    with served(database) as (client, process):
        client.get("/")
        asker = Thread(target=slow, args=(client,))
        asker.start()
        clock.sleep(0.5)
        process.terminate()
        assert process.wait(10) == 0
        asker.join()


def test_an_endless_query_is_stopped(web: httpx.Client) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    answer = web.get(f"/{NAME}", params={"sql": endless, "_timelimit": "100"})
    assert answer.status_code == 400
    assert COPYRIGHT in answer.text


def test_any_path_is_answered(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "50% off? #1 & é"
    folder.mkdir()
    path = folder / "a?b#c%20d.db"
    shutil.copy(database, path)
    with served(path) as (client, _):
        assert client.get(f"/{NAME}/decisions.json?_size=1").json()["rows"]


def refused(path: Path, error: type[LgscoError], port: int = 0, host: str = "127.0.0.1") -> str:
    with pytest.raises(error) as raised:
        serve(path, host=host, port=port)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_a_busy_port_is_named(database: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert str(port) in refused(database, CannotServe, port)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.7", 0), ("no such host", 0), ("", -1), ("é" * 99, 0)]
)
def test_an_impossible_address_is_reported(database: Path, host: str, port: int) -> None:
    assert "--" in refused(database, CannotServe, port, host)


def test_a_missing_file_a_foreign_file_and_a_newer_schema_are_reported(database: Path, tmp_path: Path) -> None:
    assert "no database at" in refused(tmp_path / "absent.db", NoDatabase)
    other = tmp_path / "other.db"
    other.write_text("not a database, and long enough to be read as one " * 100)
    assert "not an SQLite database" in refused(other, StoreFailed)
    newer = tmp_path / "newer.db"
    shutil.copy(database, newer)
    db = sqlite3.connect(newer)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    assert str(SCHEMA_VERSION + 1) in refused(newer, SchemaMismatch)


# ---------------------------------------------------------------- every page

PAGES = [
    "/",
    f"/{NAME}",
    *(f"/{NAME}/{table}" for table in describe()["databases"][NAME]["tables"]),
    *(f"/{NAME}/{query}" for query in QUERIES),
    f"/{NAME}/search?query=council",
    f"/{NAME}/decisions/25+004+920",
    f"/{NAME}/revisions/25+004+920,1",
    f"/{NAME}/decisions?_search=council&_facet=subcategory",
    f"/{NAME}?sql=select+1",
    "/-/metadata",
    "/-/settings",
]


@pytest.mark.parametrize("path", PAGES)
def test_source_and_terms_are_on_every_page(web: httpx.Client, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 200
    for words in (COPYRIGHT, SITE, "without amendment", "acknowledgement", "advertising", "misleading"):
        assert words in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        (f"/{NAME}/nowhere", 404),
        (f"/{NAME}/decisions/99+999+999", 404),
        (f"/{NAME}?sql=select+nonsense", 400),
        (f"/{NAME}?sql=delete+from+decisions", 400),
        (f"/{NAME}/decisions?_sort=nonsense", 400),
        (f"/{NAME}/decisions?_size=x", 400),
    ],
)
def test_error_pages_show_the_copyright_and_no_traceback(web: httpx.Client, path: str, status: int) -> None:
    answer = web.get(path)
    assert answer.status_code == status
    assert COPYRIGHT in answer.text
    assert "Traceback" not in answer.text


def test_json_has_the_source_and_the_licence(web: httpx.Client) -> None:
    answer = web.get(f"/{NAME}/decisions.json?_size=1").json()
    assert "Ombudsman" in answer["source"]
    assert COPYRIGHT in answer["license"]


def test_raw_pages_and_internal_tables_are_hidden(web: httpx.Client, database: Path) -> None:
    tables = {table["name"]: table["hidden"] for table in web.get(f"/{NAME}.json").json()["tables"]}
    shown = {name for name, hidden in tables.items() if not hidden}
    assert shown == {
        *("decisions", "revisions", "entries", "windows", "moves", "absences", "queue", "checks", "requests", "runs"),
        *("request_days", "promises", "robots", "intents", "site_totals"),
        *("oddities", "notes", "related", "unreadable", "outside_blocks", "listing_findings", "template_changes"),
        *("archive", "fill_state"),
    }
    assert {"pages", "dictionaries", "layouts", "_sqlite_migrations", "decisions_fts"} <= tables.keys()
    assert "/pages" not in web.get("/").text


def test_every_column_is_described(web: httpx.Client, database: Path) -> None:
    for table, described in describe()["databases"][NAME]["tables"].items():
        if described.get("hidden"):
            continue
        columns = [row[1] for row in ask(database, f"PRAGMA table_info({table})")]
        assert list(described["columns"]) == columns, table
        page = html.unescape(web.get(f"/{NAME}/{table}").text)
        for column, words in described["columns"].items():
            assert f"<dt>{column}</dt><dd>{words}</dd>" in page
    page = web.get(f"/{NAME}/decisions").text
    assert re.search(r'data-column-description="[^"]*ISO 8601[^"]*"[^>]*data-column="decision_date"', page)


def test_the_home_page_shows_the_counts_and_links(web: httpx.Client, database: Path) -> None:
    page = web.get("/").text
    ((count,),) = ask(database, "SELECT count(*) FROM decisions")
    assert f"<strong>{count}</strong> decisions" in page
    ((total,),) = ask(database, "SELECT total FROM site_totals ORDER BY run DESC LIMIT 1")
    ((listed,),) = ask(
        database, "SELECT count(*) FROM entries JOIN held_from_site USING (reference) WHERE unlisted_at IS NULL"
    )
    assert f"The archive has {listed} decisions of the site, which stated a total of {total} on 2026-" in page
    for name, query in QUERIES.items():
        assert f'href="/{NAME}/{name}"' in page
        assert html.escape(query.title) in page


def test_the_newest_decision_is_first_and_facets_count(web: httpx.Client, database: Path) -> None:
    answer = web.get(f"/{NAME}/decisions.json?_size=max").json()
    days = [row[answer["columns"].index("decision_date")] for row in answer["rows"]]
    assert days == sorted(days, reverse=True)
    assert set(answer["facet_results"]) == {"category", "outcome", "kind", "authority"}
    counted = {value["value"]: value["count"] for value in answer["facet_results"]["outcome"]["results"]}
    assert counted == dict(ask(database, "SELECT outcome, count(*) FROM decisions GROUP BY outcome"))
    upheld = web.get(f"/{NAME}/decisions.json?outcome=Upheld").json()
    assert upheld["filtered_table_rows_count"] == counted["Upheld"]


def test_pages_follow_one_another_to_the_end(web: httpx.Client, database: Path) -> None:
    found, path = [], f"/{NAME}/decisions.json?_size=20&_shape=objects"
    while path:
        answer = web.get(path).json()
        found += [row["reference"] for row in answer["rows"]]
        path = answer["next_url"]
    assert sorted(found) == [key for (key,) in ask(database, "SELECT reference FROM decisions ORDER BY reference")]


# ---------------------------------------------------------------- one decision


def test_a_decision_page_has_paragraph_numbers_and_a_link_to_the_original(web: httpx.Client, database: Path) -> None:
    page = html.unescape(web.get(row_address("25 004 920")).text)
    assert "<h1>Hertfordshire County Council (25 004 920)</h1>" in page
    ((path,),) = ask(database, "SELECT url FROM decisions WHERE reference = '25 004 920'")
    assert f'href="{SITE}{path}"' in page
    body = re.sub(r"<[^>]*>", " ", page)
    place = 0
    for number, text in ask(
        database, "SELECT number, text FROM paragraphs WHERE reference = '25 004 920' ORDER BY position"
    ):
        place = body.index(text, place) + len(text)
        assert number is None or f'id="p{number}"' in page
    assert f"/{NAME}/revisions/25+004+920,1" in page


def test_every_decision_has_a_page(web: httpx.Client, database: Path) -> None:
    for (reference,) in ask(database, "SELECT reference FROM decisions"):
        assert web.get(row_address(reference)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/25-004-920", "/25004920", "/25+004+920", f"/{NAME}/decisions/25-004-920", f"/{NAME}/decisions/25004920"]
)
def test_any_spelling_in_an_address_leads_to_the_decision(web: httpx.Client, path: str) -> None:
    answer = web.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert "(25 004 920)</h1>" in answer.text
    assert web.get(f"{path}.json", follow_redirects=True).json()["rows"][0][0] == "25 004 920"


def test_hostile_query_text_is_searched_as_words(web: httpx.Client) -> None:
    paths = [
        row_address(HOSTILE),
        f"/{NAME}/decisions?_sort=reference&_size=max",
        f"/{NAME}/decisions?_search={HOSTILE}",
        f"/{NAME}/paragraphs?reference={HOSTILE}",
        f"/{NAME}/revisions?_size=max",
        f"/{NAME}/revisions/{HOSTILE.replace(' ', '+')},1",
        f"/{NAME}/search?query=onerror",
        f"/{NAME}/paragraph?reference={HOSTILE}",
        f"/{NAME}/uphold_rate",
        f"/{NAME}/authority_by_year",
        f"/{NAME}/new",
        f"/{NAME}/changed",
        f"/{NAME}?sql=select+*+from+decisions+where+reference='{HOSTILE}'",
        f"/{NAME}/search?query={SCRIPT}",
        f"/{NAME}/decisions?_search={SCRIPT}",
    ]
    for path in paths:
        page = web.get(path).text
        assert "document.title" in page, path
        assert "<script>document" not in page, path
        assert "<img" not in page, path
        assert "<i>" not in page, path
        assert 'href="javascript:' not in page, path


def test_earlier_revisions_can_be_read(web: httpx.Client) -> None:
    page = web.get(f"/{NAME}/revisions/{HOSTILE.replace(' ', '+')},1").text
    assert "Mr C says" in page
    assert "Mr C has always said" in web.get(row_address(HOSTILE)).text


# ---------------------------------------------------------------- the queries


def test_search_finds_with_snippet_and_rank(web: httpx.Client) -> None:
    rows = canned(web, "search", query="hospital discharge")
    assert rows[0]["reference"] == "25 004 920"
    assert "«" in rows[0]["snippet"]
    ranks = [row["rank"] for row in rows]
    assert ranks == sorted(ranks)
    page = web.get(f"/{NAME}/search?query=hospital discharge").text
    assert re.search(r"<mark>\w+</mark>", page)
    assert "No decision matches" not in web.get(f"/{NAME}/search").text
    assert "No decision matches" in web.get(f"/{NAME}/search?query=zzzz").text


def test_a_hit_links_to_its_paragraph_with_the_words_marked_there(web: httpx.Client) -> None:
    page = web.get(f"/{NAME}/search", params={"query": '"the Council" NOT zzzz', "authority": "hertfordshire"}).text
    links = re.findall(r'<p class="passage"><a href="([^"#]+)#([^"]+)">', page)
    assert links
    for address, anchor in links:
        target = web.get(html.unescape(address)).text
        (line,) = re.findall(rf'<(?:p|h2)[^>]* id="{re.escape(anchor)}">.*', target)
        assert "<mark>the Council</mark>" in line.replace("The", "the")
        assert "The words of <a" in target
    (row, *_) = web.get(f"/{NAME}/search.json", params={"query": "outcome:upheld council"}).json()["rows"]
    assert row["paragraphs"][0]["link"].startswith(str(web.base_url.join(row_address(row["reference"]))) + "#")


def test_filters_narrow_the_results_and_have_counts(web: httpx.Client) -> None:
    found = web.get(f"/{NAME}/search.json", params={"query": "council"}).json()
    (upheld,) = [one["decisions"] for one in found["counts"]["outcome"] if one["name"] == "Upheld"]
    narrowed = web.get(f"/{NAME}/search.json", params={"query": "council", "outcome": "Upheld"}).json()
    assert 0 < narrowed["total"] == upheld < found["total"]
    page = web.get(f"/{NAME}/search", params={"query": "council"}).text
    assert f'?query=council&amp;outcome=Upheld">Upheld</a> <span class="count">{upheld}</span>' in page


def test_pages_of_results_follow_each_other(web: httpx.Client) -> None:
    address: str | None = f"/{NAME}/search.json?query=council&sort=date&_size=7"
    rows: list[dict[str, Any]] = []
    while address:
        found = web.get(address).json()
        rows += found["rows"]
        address = found["next_url"]
    assert len({row["reference"] for row in rows}) == len(rows) == found["total"] > 7
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    dates = [row["decision_date"] or "" for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_a_similar_word_is_suggested_and_not_searched_for(web: httpx.Client) -> None:
    page = web.get(f"/{NAME}/search", params={"query": "councill complainnt"}).text
    assert "No decision matches" in page
    assert re.search(r'Did you mean <a href="\?query=council\w*\+complain\w*">', page)


@pytest.mark.parametrize(
    "spelling",
    [
        *("25 004 920", "25-004-920", "25004920", "25\u00a0004\u00a0920", "25/004/920", "25.004.920", "(25 004 920)"),
        "https://www.lgo.org.uk/decisions/children-s-care-services/covid-19/25-004-920",
    ],
)
def test_a_reference_in_any_spelling_finds_its_decision(web: httpx.Client, spelling: str) -> None:
    assert canned(web, "search", query=spelling)[0]["reference"] == "25 004 920"
    listed = web.get(f"/{NAME}/decisions.json", params={"_search": spelling, "_shape": "array"}).json()
    assert [row["reference"] for row in listed] == ["25 004 920"]


@pytest.mark.parametrize(
    "typed",
    [
        *("council's", "council’s", "well-known", "section 34(B)", '"best interests', '"', '""', "AND", "NEAR("),
        *("^", "*", "-", "(", ")", ":", "a:b", "'", "’", "\\", "%", "café", "co*", "\0", "{x}", "NOT", "OR OR", " "),
        *("+", "a AND", "?", "<script>", "; DROP TABLE decisions", "\u200b", "\x80"),
    ],
)
def test_any_query_is_answered_or_explained(web: httpx.Client, typed: str) -> None:
    for path, name in (("decisions", "_search"), ("decisions", "_search_summary"), ("search", "query")):
        answer = web.get(f"/{NAME}/{path}", params={name: typed})
        assert answer.status_code in {200, 400}, path
        assert answer.status_code == 200 or re.search("at character|no word|needs a word|is a filter", answer.text)
    assert web.get(f"/{NAME}/paragraph", params={"reference": typed, "number": typed}).status_code == 200
    assert web.get(f"/{NAME}/authority_by_year", params={"authority": typed}).status_code == 200


@pytest.mark.parametrize("typed", ["council's", "council’s", "section 34(B)", "COUNCIL", '"the council"'])
def test_typed_queries_find_the_expected_decisions(web: httpx.Client, typed: str) -> None:
    assert canned(web, "search", query=typed)
    assert web.get(f"/{NAME}/decisions.json", params={"_search": typed}).json()["filtered_table_rows_count"]


def test_search_survives_unknown_columns_and_tables(web: httpx.Client) -> None:
    assert web.get(f"/{NAME}/decisions?_search_nowhere=x").status_code == 400
    assert web.get(f"/{NAME}/decisions?_search=(&_searchmode=raw").status_code == 400


def test_a_query_finds_one_paragraph_by_its_number(web: httpx.Client, database: Path) -> None:
    rows = canned(web, "paragraph", reference="25-004-920", number="2")
    assert [row["number"] for row in rows] == ["2", "2.•1", "2.•2", "2.•3", "2.•4"]
    assert rows[0]["text"].startswith("We investigate complaints")
    assert rows[0]["section"] == "The Ombudsman’s role and powers"
    assert [row["number"] for row in canned(web, "paragraph", reference="25004920", number="2.•1")] == ["2.•1"]
    whole = canned(web, "paragraph", reference="25 004 920")
    ((count,),) = ask(database, "SELECT count(*) FROM paragraphs WHERE reference = '25 004 920'")
    assert len(whole) == count
    assert canned(web, "paragraph") == []


def test_a_query_shows_the_uphold_rate_of_each_authority(web: httpx.Client, database: Path) -> None:
    rows = canned(web, "uphold_rate", from_date="2024-01-01", to_date="2025-12-31")
    outcomes: dict[str, list[str]] = {}
    for authority, outcome in ask(
        database,
        "SELECT authority, outcome FROM decisions WHERE decision_date BETWEEN '2024-01-01' AND '2025-12-31'",
    ):
        outcomes.setdefault(authority, []).append(outcome)
    assert {row["authority"] for row in rows} == outcomes.keys()
    for row in rows:
        mine = outcomes[row["authority"]]
        upheld, against = mine.count("Upheld"), mine.count("Not upheld")
        assert (row["decisions"], row["upheld"], row["not_upheld"]) == (len(mine), upheld, against)
        assert row["closed_or_other"] == len(mine) - upheld - against
        rate = round(100 * upheld / (upheld + against), 1) if upheld + against else None
        assert row["upheld_percent"] == pytest.approx(rate, abs=0.051)
    assert all(row["decisions"] >= 2 for row in canned(web, "uphold_rate", at_least="2"))
    ((count,),) = ask(database, "SELECT count(*) FROM decisions")
    assert sum(row["decisions"] for row in canned(web, "uphold_rate")) == count


def test_a_query_shows_an_authority_by_year(web: httpx.Client, database: Path) -> None:
    rows = canned(web, "authority_by_year", authority=" hertfordshire ")
    assert {row["authority"] for row in rows} == {"Hertfordshire County Council"}
    expected = ask(
        database,
        "SELECT substr(decision_date, 1, 4), count(*) FROM decisions WHERE authority = 'Hertfordshire County Council' "
        "GROUP BY 1 ORDER BY 1",
    )
    assert [(row["year"], row["decisions"]) for row in rows] == expected


def test_queries_show_new_changed_and_failed_decisions(web: httpx.Client) -> None:
    assert len(canned(web, "new")) > 60
    assert canned(web, "new", since="2030-01-01") == []
    (changed,) = canned(web, "changed")
    assert (changed["reference"], changed["change"], changed["revision"]) == (HOSTILE, "imported again", 2)
    page = web.get(f"/{NAME}/changed").text
    for revision in (1, 2):
        assert f'href="/{NAME}/revisions/{HOSTILE.replace(" ", "+")},{revision}"' in page
    (lost,) = canned(web, "not_fetched")
    assert (lost["reference"], lost["state"], lost["attempts"]) == (LOST, "failed", 1)
    assert "404" in lost["error"]


@pytest.mark.parametrize("name", ["uphold_rate", "authority_by_year", "what_is_missing", "not_fetched"])
def test_a_query_whose_answer_depends_on_the_dates_fetched_links_to_them(web: httpx.Client, name: str) -> None:
    page = html.unescape(web.get(f"/{NAME}/{name}").text)
    assert re.search(r"\bOnly (?:stored decisions|dates)\b", page), "its scope"
    assert f'See also <a href="/{NAME}/complete">{QUERIES["complete"].title}</a>.' in page


def test_queries_can_be_downloaded_as_csv(web: httpx.Client) -> None:
    rows = list(csv.DictReader(web.get(f"/{NAME}/uphold_rate.csv").text.splitlines()))
    assert {"authority", "upheld_percent"} <= rows[0].keys()


def test_a_users_sql_may_use_the_functions(web: httpx.Client) -> None:
    sql = "select lgsco_reference('24-001-411A') as a, lgsco_reference('x') as b, lgsco_match('council''s') as c"
    (row,) = web.get(f"/{NAME}.json", params={"sql": sql, "_shape": "array"}).json()
    assert row == {"a": "24 001 411a", "b": None, "c": '"council"'}


def test_the_sql_functions_accept_any_value() -> None:
    assert lgsco_reference(None) is None
    assert lgsco_reference(25004920) == "25 004 920"
    assert lgsco_match(None) == lgsco_match("") == '""'


def test_paragraphs_of_one_decision_are_the_lines_of_its_text(web: httpx.Client, database: Path) -> None:
    answer = web.get(f"/{NAME}/paragraphs.json?reference=25 004 920&_shape=array&_size=max").json()
    text = "\n".join(("- " if row["kind"] == "item" else "") + row["text"] for row in answer)
    assert [(text,)] == ask(database, "SELECT text FROM decisions WHERE reference = '25 004 920'")
    (plan, *_) = ask(database, "EXPLAIN QUERY PLAN SELECT * FROM paragraphs WHERE reference = '25 004 920'")
    assert "SEARCH" in plan[3]


# ---------------------------------------------------------------- beside a writer


def test_serve_reads_while_a_writer_writes(world: World) -> None:
    world.run(Backfill(limit=5))
    failures: list[str] = []
    with served(world.database) as (client, _):

        def count() -> int:
            answer = client.get(f"/{NAME}/decisions.json?_size=0")
            if answer.status_code != 200:
                failures.append(answer.text)
            return int(answer.json()["filtered_table_rows_count"])

        writer = Thread(target=world.run, args=(Backfill(),), kwargs={"storage__batch": 5})
        seen = {count()}
        writer.start()
        while writer.is_alive():
            seen.add(count())
            client.get(f"/{NAME}/search?query=council").raise_for_status()
        writer.join()
        assert not failures
        assert count() == len(world.site.listed())
        assert min(seen) == 5
        log = world.database.with_name(f"{world.database.name}-wal")
        assert not log.exists() or log.stat().st_size == 0


def test_serve_shows_the_state_before_an_open_transaction(world: World) -> None:
    world.run(Backfill(limit=5))
    with served(world.database) as (client, _), writing(world.database) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE decisions SET outcome = 'Changed'")
        assert "Changed" not in client.get(f"/{NAME}/decisions").text
        db.execute("COMMIT")
        assert "Changed" in client.get(f"/{NAME}/decisions").text


def test_serve_refuses_every_write(web: httpx.Client, database: Path) -> None:
    for sql in ("insert into runs default values", "pragma query_only = 0", "attach 'x.db' as x"):
        assert web.get(f"/{NAME}", params={"sql": sql}).status_code == 400
    assert web.get(f"/{NAME}.db").status_code in {403, 404}


def test_a_public_snapshot_is_served_too(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "public.db"
    db = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    snapshot(db, target, public=True)
    db.close()
    with served(target) as (client, _):
        for path in PAGES:
            assert client.get(path).status_code == 200


def test_an_empty_database_is_served_too(tmp_path: Path, time: Time) -> None:
    path = tmp_path / "empty.db"
    with writing(path):
        pass
    with served(path) as (client, _):
        assert "The archive has no decisions yet" in client.get("/").text
        for path_ in PAGES:
            if "25+004" not in path_:
                assert client.get(path_).status_code == 200


def test_metadata_are_plain_data() -> None:
    assert json.loads(json.dumps(describe())) == describe()
