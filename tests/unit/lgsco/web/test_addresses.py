"""Which requests are refused before Datasette sees them, and which are passed on."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from lgsco.web.addresses import (
    MAX_ADDRESS_CHARACTERS,
    MAX_PARAMETERS,
    MAX_SQL_CHARACTERS,
    Refusal,
    check_fetch_metadata,
    check_host,
    check_request,
)


def refused(path: str = "/lgsco/decisions", query: str = "", method: str = "GET", host: str = "h:1") -> Refusal | None:
    return check_request(method, path, query, host)


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "get", "DISPATCH_REQUEST", "TRACE"])
def test_only_get_and_head_are_allowed(method: str) -> None:
    found = refused(method=method)
    assert found is not None
    assert found.status == 405
    assert method in found.message


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "host", ["", "localhost", "127.0.0.1:8001", "[::1]:8001", "[::1]", "my-host.example.org", "EXAMPLE.org:80", "a_b:"]
)
def test_valid_host_headers_are_accepted(method: str, host: str) -> None:
    assert refused(method=method, host=host) is None


@pytest.mark.parametrize("host", ["[", "]", "[::1", "a b", "a/b", "a@b", "é", "a:b", "a:123456", "\x00", "a\n", "[x]"])
def test_invalid_host_headers_are_refused(host: str) -> None:
    found = refused(host=host)
    assert found is not None
    assert (found.status, "Host" in found.message) == (400, True)


@pytest.mark.parametrize(
    "path",
    [
        *("//", "/////", "/-/allow-debug", "/-/auth-token", "/-/logout", "/-/messages", "/-/permissions"),
        *("/-/messages.json", f"/-/static/{'x' * 256}", f"/-/lgsco/a/{'x' * 300}/b", f"/-/static-plugins/{'x' * 300}"),
    ],
)
def test_paths_without_a_page_get_404(path: str) -> None:
    found = refused(path)
    assert found is not None
    assert found.status == 404


@pytest.mark.parametrize(
    "path", ["/", "/-/metadata", "/-/permissionsx", f"/lgsco/decisions/{'x' * 300}", "/-/static/a.css"]
)
def test_other_paths_are_passed_to_datasette(path: str) -> None:
    assert refused(path) is None


WRONG = [
    *(("_facet_size", value) for value in ("-1", "²", "1.5", "x", "9" * 5000)),
    *(("_timelimit", value) for value in ("abc", "-1", "1e3", "9" * 10, "max", "٣")),
    *(("_ttl", value) for value in ("²", "-1", "9" * 5000)),
    *(("_shape", value) for value in ("table", "ARRAY", "\0")),
    *(("_json_infinity", value) for value in ("", "yes", "2")),
    *(("_facet", value) for value in ("{", "{}", '{"column": 1}', '{"simple": null}', '{"a": "b"}')),
    *(("_facet", value) for value in ('{"column": "\\ud800"}',)),
    *(("_facet_array", value) for value in ("{", '{"column": []}')),
    *((name, "x") for name in ("_facets", "_facetx", "_facet_", "_facet_nope", "_searches", "_searchx", "_search_")),
    *(
        ("_through", value)
        for value in ("", "x", "1", "[]", "{}", '{"table": 1, "column": "a", "value": "b"}', "[" * 5000)
    ),
    *(("_through", value) for value in ('{"table": "a", "column": "b"}', '{"table": "a", "column": "b", "value": {}}')),
    *(("reference__in", value) for value in ("[", "[[1]]", '[{"a": 1}]', '["\\ud800"]', "[1" + "0" * 5000 + "]")),
    *(("reference__in", value) for value in ("[" * 5000,)),
    *(("a__b__notin", value) for value in ("[", "[1")),
    *((f"decision_date__{lookup}", value) for lookup in ("gt", "gte", "lt", "lte") for value in ("²", "٣", "9" * 4001)),
    ("sql", "x" * (MAX_SQL_CHARACTERS + 1)),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_values_that_datasette_cannot_parse_are_refused_and_named(name: str, value: str) -> None:
    found = refused(query=urlencode({"_size": "5", name: value}))
    assert found is not None
    assert found.status == 400
    assert found.message.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("_facet_size", value) for value in ("", "max", "30")),
        *(("_timelimit", value) for value in ("", "100")),
        ("_ttl", ""),
        *(("_shape", value) for value in ("", "array", "arrays", "object", "objects", "arrayfirst")),
        *(("_json_infinity", value) for value in ("on", "1", "FALSE")),
        *(("_facet", value) for value in ("", "outcome", '{"column": "outcome"}', '{"simple": "outcome"}', "é")),
        *((name, "x") for name in ("_facet_array", "_facet_date", "_search", "_searchmode", "_search_summary")),
        ("_through", '{"table": "revisions", "column": "change", "value": null}'),
        *(("reference__in", value) for value in ("", "a,b", "[]", '["a", 1, null, true, 1.5]', "a[", "[NaN]")),
        *(("decision_date__gt", value) for value in ("", "2025-01-01", "20", "9" * 30, "-1", "x")),
        *((name, "\0") for name in ("query", "_search", "reference", "_where")),
        *((name, "[") for name in ("authority", "query", "_next", "_sort", "in")),
        ("sql", "x" * MAX_SQL_CHARACTERS),
    ],
)
def test_values_that_datasette_handles_are_passed_on(name: str, value: str) -> None:
    assert refused(query=urlencode({name: value})) is None


def test_sql_parameters_are_not_checked_as_filters() -> None:
    assert refused("/lgsco", f"sql={quote('select :a__in, :b__gt')}&a__in=%5B&b__gt=%C2%B2") is None


def test_filters_of_a_table_are_checked_beside_a_parameter_named_sql() -> None:
    assert refused("/lgsco/decisions", "sql=select+1&outcome__in=%5B") is not None
    assert refused("/lgsco/decisions", "sql=select+1&outcome__in=%5B1%5D") is None


def test_each_value_of_a_repeated_parameter_is_checked() -> None:
    assert refused(query="_facet=outcome&_facet=%7B") is not None


def test_length_and_number_of_parameters_are_limited() -> None:
    assert refused(query="&".join(f"a{n}=1" for n in range(MAX_PARAMETERS))) is None
    many = refused(query="&".join(f"a{n}=1" for n in range(MAX_PARAMETERS + 1)))
    assert many is not None
    assert many.status == 400
    assert refused("/", "a=" + "x" * (MAX_ADDRESS_CHARACTERS - 3)) is None
    long = refused("/", "a=" + "x" * (MAX_ADDRESS_CHARACTERS - 2))
    assert long is not None
    assert long.status == 400


@pytest.mark.parametrize("query", ["%", "%zz", "%ff", "a=%", "=", "&&&", ";;", "a", "=a=b", "%00=%00"])
def test_odd_encodings_are_accepted(query: str) -> None:
    assert refused(query=query) is None


def test_message_quotes_only_the_start_of_a_long_request() -> None:
    long = refused(query=f"{'x' * 5000}__in=%5B")
    assert long is not None
    assert len(long.message) < 300
    method = refused(method="X" * 5000)
    assert method is not None
    assert len(method.message) < 150


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:8001", "127.0.0.1:8001", "127.1.2.3", "[::1]:8001", "[::1]", "192.168.1.5:80", ""),
        *("archive.localhost", "archive.example", "Archive.Example:443", "archive.example.", "203.0.113.9"),
    ],
)
def test_known_hosts_and_addresses_are_answered(host: str) -> None:
    assert check_host(host, {"archive.example"}) is None


@pytest.mark.parametrize(
    "host",
    [
        *("attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example:8001", "archive.example.org"),
        *("xarchive.example", "127.0.0.1x", "1.2.3", "[x]", "2130706433"),
    ],
)
def test_other_hosts_are_refused(host: str) -> None:
    found = check_host(host, {"archive.example"})
    assert found is not None
    assert found.status == 421
    assert "--allow-host" in found.message


FROM_ELSEWHERE = {"sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("headers", "cors", "allowed"),
    [
        ({}, False, True),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, False, True),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, False, True),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, False, True),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, False, True),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False, False),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "navigate", "sec-fetch-dest": "object"}, False, False),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, False, False),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}, True, False),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "cors"}, False, False),
        ({**FROM_ELSEWHERE, "sec-fetch-mode": "cors"}, True, True),
        (FROM_ELSEWHERE, False, False),
    ],
)
def test_other_sites_may_link_and_not_request_in_the_background(
    headers: dict[str, str], cors: bool, allowed: bool
) -> None:
    found = check_fetch_metadata(headers, cors=cors)
    assert (found is None) is allowed
    assert found is None or found.status == 403


def test_a_public_server_shows_nothing_about_itself() -> None:
    for path in ("/-/databases", "/-/threads.json", "/-/", "/_internal", "/_internal/databases"):
        found = check_request("GET", path, "", "localhost", public=True)
        assert found is not None
        assert found.status == 404
        assert check_request("GET", path, "", "localhost") is None or path == "/-/"
    for path in ("/-/static/app.css", "/-/static-plugins/x/y.js", "/-/lgsco/lgsco.css", "/lgsco", "/"):
        assert check_request("GET", path, "", "localhost", public=True) is None
