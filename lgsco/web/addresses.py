"""Check a request before Datasette sees it, and say in one sentence what is wrong with it.

Datasette 0.65 answers 500, and logs a traceback, for many wrong addresses: it parses numbers and JSON without catching
errors, and calls whatever attribute of its view has the name of the HTTP method. This module checks the request
instead of catching all exceptions afterwards, so that mistakes of the client and faults of the program stay apart. An
exception that still occurs is a fault of the program: it is logged with its traceback and answered with 500.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

METHODS = ("GET", "HEAD")

ADDRESS_MOST = 60_000
"""Characters of path and query. A list of 3,000 references in `__in` still fits."""

PARAMETERS_MOST = 200
"""Parameters of an address. Each facet runs a query, so their number must be limited; a form has a few dozen."""

SQL_MOST = 10_000
"""Characters of SQL. The regular expressions that Datasette checks SQL with take time by the square of its length:
20 s for 60,000 characters, in which the server answers nobody."""

_HOST = re.compile(r"(?:[a-z0-9._~-]*|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?", re.IGNORECASE)
_ACCOUNTS = re.compile(r"/-/(?:allow-debug|auth-token|logout|messages|permissions)(?:[/.]|$)")
_STATIC = re.compile(r"/(?:-/static|-/static-plugins|assets)/")
_NAME_MOST = 255
"""Characters of a file name on most systems; a longer one raises OSError."""

_WHOLE = re.compile(r"[0-9]{0,9}")
_SEARCH = re.compile(r"_search|_searchmode|_search_.+", re.DOTALL)
_SHAPES = ("array", "arrayfirst", "arrays", "object", "objects")
_SWITCHES = ("0", "1", "false", "off", "on", "true")
_FACETS = ("_facet", "_facet_array", "_facet_date")
_NUMERIC = ("gt", "gte", "lt", "lte")
_DIGITS_MOST = 4000
"""Python converts at most 4,300 digits to a number."""


class Refusal(NamedTuple):
    """The answer to a request that is not passed on."""

    status: int
    sentence: str


def check_request(method: str, path: str, query: str, host: str) -> Refusal | None:
    """What is wrong with the request; None when nothing is. `path` and `query` are percent-encoded, as sent."""
    if method not in METHODS:
        return Refusal(405, f"{method[:20]} is not supported: this server is read only; use GET or HEAD")
    if len(path) + len(query) > ADDRESS_MOST:
        return Refusal(400, f"the address is longer than {ADDRESS_MOST} characters")
    if not _HOST.fullmatch(host):
        return Refusal(400, "the Host header is not a host name")
    if not path.strip("/") and len(path) > 1:
        return Refusal(404, "there is no page at this address")
    if _ACCOUNTS.match(path):
        return Refusal(404, "this server has no accounts and no debugging pages")
    if _STATIC.match(path) and max(map(len, path.split("/"))) > _NAME_MOST:
        return Refusal(404, "there is no file with such a long name")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS_MOST)
    except ValueError:
        return Refusal(400, f"the address has more than {PARAMETERS_MOST} parameters")
    has_sql = any(name == "sql" for name, _ in pairs)
    for name, value in pairs:
        wrong = _wrong(name, value, is_filter=not has_sql)
        if wrong is not None:
            return Refusal(400, f"{name[:80]}: {wrong}")
    return None


def _wrong(name: str, value: str, *, is_filter: bool) -> str | None:
    """What is wrong with one parameter. Datasette itself checks those that are not named here."""
    if name in _CHECKS:
        return _CHECKS[name](value)
    if name.startswith("_facet"):
        return _wrong_facet(value) if name in _FACETS else f"unknown parameter; use {', '.join(_FACETS)}"
    if name.startswith("_search") and not _SEARCH.fullmatch(name):
        return "unknown parameter; to search a column, use _search_ and its name"
    lookup = name.rpartition("__")[2] if "__" in name else ""
    if is_filter and lookup in {"in", "notin"} and value.startswith("["):
        return _wrong_list(value)
    if is_filter and lookup in _NUMERIC and value.isdigit() and not (value.isascii() and len(value) <= _DIGITS_MOST):
        return "write the number with the digits 0 to 9"
    return None


def _wrong_number(value: str) -> str | None:
    return None if _WHOLE.fullmatch(value) else "expected a whole number of at most nine digits"


def _wrong_size(value: str) -> str | None:
    return None if value == "max" else _wrong_number(value)


def _wrong_shape(value: str) -> str | None:
    return None if value in {"", *_SHAPES} else f"expected one of {', '.join(_SHAPES)}"


def _wrong_switch(value: str) -> str | None:
    return None if value.lower() in _SWITCHES else "expected on or off"


def _wrong_sql(value: str) -> str | None:
    return None if len(value) <= SQL_MOST else f"longer than {SQL_MOST} characters; run it in SQLite itself"


def _wrong_facet(value: str) -> str | None:
    if not value.startswith("{"):
        return None
    config = _parsed(value)
    column = config.get("column") or config.get("simple") if isinstance(config, dict) else None
    return None if isinstance(column, str) else 'expected a column, or JSON such as {"column": "outcome"}'


def _wrong_list(value: str) -> str | None:
    values = _parsed(value)
    plain = isinstance(values, list) and not any(isinstance(one, dict | list) for one in values)
    return None if plain else 'expected values separated by commas, or JSON such as ["a", "b"]'


def _wrong_through(value: str) -> str | None:
    through = _parsed(value)
    named = isinstance(through, dict) and all(isinstance(through.get(name), str) for name in ("table", "column"))
    plain = named and "value" in through and not isinstance(through["value"], dict | list)
    return None if plain else 'expected JSON such as {"table": "…", "column": "…", "value": "…"}'


def _parsed(value: str) -> Any:
    """The JSON value; None when it is not JSON, or holds half a surrogate pair, which neither SQLite nor HTML can."""
    try:
        parsed = json.loads(value)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return parsed


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "_facet_size": _wrong_size,
    "_json_infinity": _wrong_switch,
    "_shape": _wrong_shape,
    "_through": _wrong_through,
    "_timelimit": _wrong_number,
    "_ttl": _wrong_number,
    "sql": _wrong_sql,
}
