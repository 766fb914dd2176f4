"""Which requests the server answers, and what it does with cookies and the path of a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lgsco.web.entrance import _clean, _strip
from lgsco.web.metadata import NAME
from lgsco.web.server import make_datasette
from support.archives import make_archive, requested


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("entrance") / "lgsco.db"
    make_archive(path, 3)
    return path


@pytest.fixture
def get(archive: Path) -> Iterator[Any]:
    with requested(make_datasette(archive)) as get:
        yield get


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "attacker.example"}, 421),
        ({"Host": "attacker.example:8001"}, 421),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ],
)
def test_only_requests_for_this_server_from_its_own_pages_or_links_are_answered(
    archive: Path, headers: dict[str, str], status: int
) -> None:
    with requested(make_datasette(archive)) as get:
        for path in ("/", f"/{NAME}/decisions.json", f"/{NAME}.json?sql=select+1", "/-/lgsco/lgsco.css"):
            answer = get(path, headers)
            assert answer.status_code == status, path
            assert answer.headers["content-security-policy"]


def test_a_method_that_changes_something_is_refused_with_those_that_are_answered(get: Any) -> None:
    answer = get(f"/{NAME}", method="DELETE")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_an_error_is_json_where_json_was_asked_for(get: Any) -> None:
    answer = get(f"/{NAME}.json", {"Host": "attacker.example"})
    assert answer.json()["status"] == 421
    assert "attacker.example" not in get("/", {"Host": "attacker.example"}).headers.get("location", "")


@pytest.mark.parametrize(
    ("path", "base_url", "stripped"),
    [
        ("/archive/lgsco", "/archive/", "/lgsco"),
        ("/lgsco", "/archive/", "/lgsco"),
        ("/lgsco", "/", "/lgsco"),
    ],
    ids=["below the path", "the proxy removed it", "no proxy"],
)
def test_the_path_of_the_proxy_is_removed_once(path: str, base_url: str, stripped: str) -> None:
    assert _strip(path, base_url) == stripped


@pytest.mark.parametrize(
    ("cookie", "accounts", "stays"),
    [(b"ds_actor=x", True, True), (b"ds_actor=x", False, False), (b"a\xff=1", True, False), (b"a/b=1", True, False)],
)
def test_only_sound_cookies_reach_datasette_and_only_where_visitors_log_in(
    cookie: bytes, accounts: bool, stays: bool
) -> None:
    scope = {"path": "/", "raw_path": b"/", "headers": [(b"Cookie", cookie), (b"accept", b"*/*")]}
    headers = _clean(scope, "/", cookies=accounts)["headers"]
    assert ((b"Cookie", cookie) in headers) == stays
    assert (b"accept", b"*/*") in headers
