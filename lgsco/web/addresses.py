"""Checks a request before Datasette sees it, and names in one sentence what is wrong with it.

Datasette 0.65 answers many wrong addresses with 500 and logs a traceback. It parses numbers and JSON without catching
errors, and calls the attribute of its view that has the name of the HTTP method. This module checks the request instead
of catching all exceptions afterwards, so that mistakes of the client and faults of the program stay apart. An exception
that still occurs is a fault of the program: it is logged with its traceback and answered with 500.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

METHODS = ("GET", "HEAD")

MAX_ADDRESS_CHARACTERS = 60_000
"""Longest path and query together, in characters. A list of 3,000 references in `__in` still fits."""

MAX_PARAMETERS = 200
"""Most parameters in an address. Each facet runs a query, so their number must be limited; a form has a few dozen."""

MAX_SQL_CHARACTERS = 10_000
"""Longest SQL, in characters.

The regular expressions that Datasette checks SQL with take time by the square of its length: 20 s for 60,000
characters, during which the server answers nobody.
"""

_HOST = re.compile(r"(?:[a-z0-9._~-]*|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?", re.IGNORECASE)
_ACCOUNTS = re.compile(r"/-/(?:allow-debug|auth-token|logout|messages|permissions)(?:[/.]|$)")
_STATIC = re.compile(r"/-/(?:static|static-plugins|lgsco)/")
_DIAGNOSTIC = re.compile(r"/-/(?!static/|static-plugins/|lgsco/)|/_internal(?:[/.]|$)")
"""Pages about the server, its files and its threads."""
_MAX_NAME_CHARACTERS = 255
"""Longest file name on most systems, in characters; a longer one raises OSError."""

_WHOLE = re.compile(r"[0-9]{0,9}")
_SEARCH = re.compile(r"_search|_searchmode|_search_.+", re.DOTALL)
_SHAPES = ("array", "arrayfirst", "arrays", "object", "objects")
_SWITCHES = ("0", "1", "false", "off", "on", "true")
_FACETS = ("_facet", "_facet_array", "_facet_date")
_NUMERIC = ("gt", "gte", "lt", "lte")
_MAX_DIGITS = 4000
"""Python converts at most 4,300 digits to a number."""


class Refusal(NamedTuple):
    """The answer to a request that is not passed on to Datasette."""

    status: int
    message: str


def check_request(
    method: str, path: str, query: str, host: str, *, accounts: bool = False, public: bool = False
) -> Refusal | None:
    """Returns the error to answer with, or None when the request may go to Datasette.

    `path` and `query` are percent-encoded, as sent; `path` is without `base_url`. `accounts`: visitors may log in.
    `public`: pages about the server itself are not shown.
    """
    if method not in METHODS:
        return Refusal(405, f"{method[:20]} is not supported: this server is read only; use GET or HEAD")
    if len(path) + len(query) > MAX_ADDRESS_CHARACTERS:
        return Refusal(400, f"the address is longer than {MAX_ADDRESS_CHARACTERS} characters")
    if not _HOST.fullmatch(host):
        return Refusal(400, "the Host header is not a host name")
    if (error := _check_path(path, accounts=accounts, public=public)) is not None:
        return Refusal(404, error)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return Refusal(400, f"the address has more than {MAX_PARAMETERS} parameters")
    # The page of a database takes the other parameters for those of the query; the page of a table has no query.
    has_query = "/" not in path.strip("/") and any(name == "sql" for name, _ in pairs)
    for name, value in pairs:
        error = _check_parameter(name, value, is_filter=not has_query)
        if error is not None:
            return Refusal(400, f"{name[:80]}: {error}")
    return None


def _check_path(path: str, *, accounts: bool, public: bool) -> str | None:
    if not path.strip("/") and len(path) > 1:
        return "there is no page at this address"
    if _ACCOUNTS.match(path) and not accounts:
        return "this server has no accounts and no debugging pages"
    if public and _DIAGNOSTIC.match(path):
        return "this server shows nothing about itself"
    if _STATIC.match(path) and max(map(len, path.split("/"))) > _MAX_NAME_CHARACTERS:
        return "there is no file with such a long name"
    return None


def check_host(host: str, names: Collection[str]) -> Refusal | None:
    """Refuses a request for a host that this server does not know. `names`: those it has, in lower case.

    A web page can send requests to a server on this machine or network under a name of its own (DNS rebinding), and
    read the answers. It cannot do so under an address, so an IP address and `localhost` are always accepted. So is a
    request without a Host, which no browser sends.
    """
    name = host.lower() if host.endswith("]") else host.lower().rpartition(":")[0] or host.lower()
    name = name.rstrip(".")
    if not name or name == "localhost" or name.endswith(".localhost") or name in names or _is_address(name):
        return None
    return Refusal(
        421, f"this server does not serve {name[:80]}; its operator can allow the name with --allow-host {name[:80]}"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name[1:-1] if name.startswith("[") else name)
    except ValueError:
        return False
    return True


def check_fetch_metadata(headers: Mapping[str, str], *, cors: bool) -> Refusal | None:
    """Refuses what a page of another site requests in the background; its links to this server work.

    Browsers say in Sec-Fetch-Site who asks, and a page cannot change it. `cors`: other sites may read the answers.
    `headers` have names in lower case.
    """
    if headers.get("sec-fetch-site", "none") != "cross-site":
        return None
    mode, destination = headers.get("sec-fetch-mode", ""), headers.get("sec-fetch-dest", "")
    if mode == "navigate" and destination in {"", "document"}:
        return None
    if cors and mode == "cors":
        return None
    return Refusal(403, "this server answers other sites only when somebody follows a link")


def _check_parameter(name: str, value: str, *, is_filter: bool) -> str | None:
    """Returns the error in one parameter, or None. Datasette itself checks the parameters that are not handled here."""
    if name in _CHECKS:
        return _CHECKS[name](value)
    if name.startswith("_facet"):
        return _check_facet(value) if name in _FACETS else f"unknown parameter; use {', '.join(_FACETS)}"
    if name.startswith("_search") and not _SEARCH.fullmatch(name):
        return "unknown parameter; to search a column, use _search_ and its name"
    lookup = name.rpartition("__")[2] if "__" in name else ""
    if is_filter and lookup in {"in", "notin"} and value.startswith("["):
        return _check_list(value)
    if is_filter and lookup in _NUMERIC and value.isdigit() and not (value.isascii() and len(value) <= _MAX_DIGITS):
        return "write the number with the digits 0 to 9"
    return None


def _check_number(value: str) -> str | None:
    return None if _WHOLE.fullmatch(value) else "expected a whole number of at most nine digits"


def _check_size(value: str) -> str | None:
    return None if value == "max" else _check_number(value)


def _check_shape(value: str) -> str | None:
    return None if value in {"", *_SHAPES} else f"expected one of {', '.join(_SHAPES)}"


def _check_switch(value: str) -> str | None:
    return None if value.lower() in _SWITCHES else "expected on or off"


def _check_sql(value: str) -> str | None:
    return (
        None
        if len(value) <= MAX_SQL_CHARACTERS
        else f"longer than {MAX_SQL_CHARACTERS} characters; run it in SQLite itself"
    )


def _check_facet(value: str) -> str | None:
    if not value.startswith("{"):
        return None
    config = _parse_json(value)
    column = config.get("column") or config.get("simple") if isinstance(config, dict) else None
    return None if isinstance(column, str) else 'expected a column, or JSON such as {"column": "outcome"}'


def _check_list(value: str) -> str | None:
    values = _parse_json(value)
    is_flat = isinstance(values, list) and not any(isinstance(one, dict | list) for one in values)
    return None if is_flat else 'expected values separated by commas, or JSON such as ["a", "b"]'


def _check_through(value: str) -> str | None:
    through = _parse_json(value)
    has_names = isinstance(through, dict) and all(isinstance(through.get(name), str) for name in ("table", "column"))
    is_flat = has_names and "value" in through and not isinstance(through["value"], dict | list)
    return None if is_flat else 'expected JSON such as {"table": "…", "column": "…", "value": "…"}'


def _parse_json(value: str) -> Any:
    """Parses a JSON value; None when it is not JSON or has half a surrogate pair, which SQLite cannot store."""
    try:
        parsed = json.loads(value)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return parsed


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "_facet_size": _check_size,
    "_json_infinity": _check_switch,
    "_shape": _check_shape,
    "_through": _check_through,
    "_timelimit": _check_number,
    "_ttl": _check_number,
    "sql": _check_sql,
}
