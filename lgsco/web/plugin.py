"""Extends Datasette as a plugin: SQL functions for the canned queries, links in cells, variables for the templates.

Text from the database is foreign text. It reaches a page only through `markupsafe` or a template that escapes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

from datasette import Response
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Base400, Request
from datasette.views.base import DatasetteError
from jinja2 import Environment
from markupsafe import Markup, escape
from pluggy import HookimplMarker

from ingest.reports.related import describe_related
from lgsco.web import views
from lgsco.web.addresses import METHODS, check_request
from lgsco.web.guard import Application, Message, Send, add_guards
from lgsco.web.metadata import COPYRIGHT, NAME, SITE, SOURCE, TERMS
from storage.digests import find_any_flaw
from storage.held_texts import find_waiting
from storage.references import reference
from storage.related import find_related
from storage.search import match_expression

_HIT = re.compile("«([^«»]*)»")
_ANY_SPELLING = r"[0-9]{2}[-+ ]?[0-9]{3}[-+ ]?[0-9]{3}[-+ ]?[A-Za-z]?"
_PRINTED = r"[0-9]{2}\+[0-9]{3}\+[0-9]{3}[a-z]?(?:\.|$)"
"""The reference as it is printed, in the address of a row."""

_MATCH_NOTHING = '""'
"""An FTS5 expression that matches nothing. FTS5 reports an error for NULL and for the empty string."""

hookimpl = HookimplMarker("datasette")

# ---------------------------------------------------------------- SQL functions


@hookimpl(trylast=True)  # run after Datasette, because this replaces one of its functions
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Adds the SQL functions `lgsco_reference(text)` and `lgsco_match(text)` to a connection.

    The search box of the tables uses `lgsco_match` too.
    """
    conn.create_function("lgsco_reference", 1, lgsco_reference, deterministic=True)
    conn.create_function("lgsco_match", 1, lgsco_match, deterministic=True)
    _replace_search_syntax(conn)


def _replace_search_syntax(conn: sqlite3.Connection) -> None:
    """Makes a table's search box accept the same syntax as `lgsco search`.

    Datasette passes the text of the search box through the SQL function `escape_fts` before FTS5 sees it. Datasette
    does not document that function.
    """
    conn.create_function("escape_fts", 1, lgsco_match, deterministic=True)


def lgsco_reference(spelling: object) -> str | None:
    """Converts a reference in any spelling to its printed form; NULL when it is not a reference."""
    try:
        return reference(str(spelling))
    except ValueError:
        return None


def lgsco_match(query: object) -> str:
    """Builds an FTS5 expression from the text that a user typed."""
    return match_expression("" if query is None else str(query)) or _MATCH_NOTHING


# ---------------------------------------------------------------- cells


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Markup | None:
    """Shows references, addresses and revisions as links, and search hits as marks, in tables and in query results."""
    if database != NAME or value is None:
        return None
    words = str(value["value"] if isinstance(value, dict) else value)
    match column:
        case "reference" if _has_page(table, row) and lgsco_reference(words) == words:
            label = (value.get("label") if isinstance(value, dict) else None) or ""
            link = _link(_address(datasette, words), words)
            return Markup("{} <em>{}</em>").format(link, label) if label and label != words else link
        case "url" if words.startswith("/"):
            return _link(SITE + words, words)
        case "text" if table == "decisions":
            return _link(_address(datasette, row["reference"]), f"read {len(words):,} characters")
        case "revision" | "earlier_revision" if table is None and words.isdecimal() and "reference" in row.keys():  # noqa: SIM118  # a sqlite3.Row holds values
            path = f"{tilde_encode(str(row['reference']))},{words}"
            return _link(datasette.urls.row(NAME, "revisions", path), words)
        case "snippet" if table is None:
            return Markup(_HIT.sub(r"<mark>\1</mark>", str(escape(words))))  # noqa: S704 # escaped on this line
        case _:
            return None


def _has_page(table: str | None, row: Any) -> bool:
    """Whether the row belongs to a decision that has a page here, and is not itself that page's row."""
    return table not in {"decisions", "queue", "entries", "missing"} and "attempts" not in row.keys()  # noqa: SIM118


def _link(address: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, words)


def _address(datasette: Any, key: str) -> str:
    return str(datasette.urls.row(NAME, "decisions", tilde_encode(key)))


# ---------------------------------------------------------------- addresses


@hookimpl
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Any]]]:
    """Serves `/25-004-920`, and redirect the address of a decision's row with another spelling of the reference.

    `lgsco.web.views` serves the database, its tables and rows, with the patterns of Datasette's own routes.
    """
    form = r"(\.(?P<format>\w+))?$"
    return [
        (rf"^/(?P<spelling>{_ANY_SPELLING})(?P<form>\.json)?$", _to_decision),
        (rf"^/{NAME}/decisions/(?!{_PRINTED})(?P<spelling>{_ANY_SPELLING})(?P<form>\.json)?$", _to_decision),
        (rf"^/(?P<database>{NAME})(?!\.db$){form}", views.Database.as_view(datasette)),
        (rf"^/(?P<database>{NAME})/(?P<table>[^/.]+){form}", views.Table.as_view(datasette)),
        (rf"^/(?P<database>{NAME})/(?P<table>[^/]+?)/(?P<pks>[^/]+?){form}", views.Row.as_view(datasette)),
    ]


@hookimpl(trylast=True)  # run after Datasette, to replace its own renderer
def register_output_renderer() -> dict[str, Any]:
    """Replaces Datasette's `.blob`, which fails on values that are not binary."""
    return {"extension": "blob", "render": views.render_binary, "can_render": lambda: False}


def _to_decision(request: Any, datasette: Any) -> Any:
    spelling, form = request.url_vars["spelling"], request.url_vars["form"]
    return Response.redirect(_address(datasette, reference(spelling.replace("+", " "))) + (form or ""))


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Application], Application]:
    """Checks each request with `lgsco.web.addresses`, and adds headers to each answer with `lgsco.web.guard`."""

    def wrapped(application: Application) -> Application:
        async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            # No page uses cookies, and Datasette fails on malformed ones.
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0].lower() != b"cookie"]}
            request = Request(scope, receive)
            refusal = check_request(request.method, request.path, request.query_string, request.headers.get("host", ""))
            if refusal is None:
                await application(scope, receive, send)
                return
            await datasette.invoke_startup()
            response = await _error_page(datasette, request, refusal.status, None, refusal.message)
            if refusal.status == 405:
                response.headers["Allow"] = ", ".join(METHODS)
            await response.asgi_send(send)

        return add_guards(answer)

    return wrapped


@hookimpl(wrapper=True)
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Generator[None, Any, Any]:
    """Answers a wrong address or query with our error page, instead of the traceback that Datasette shows."""
    answers = yield
    if isinstance(exception, DatasetteError):
        # Datasette raises this only for requests that it cannot answer. 500 is only the default of its status.
        status, title = 400 if exception.status == 500 else exception.status, exception.title
        message = Markup(exception.message) if exception.message_is_html else exception.message  # noqa: S704 # written by Datasette
    elif isinstance(exception, Base400):
        status, title, message = exception.status, None, str(exception)
    else:
        return answers

    async def page() -> Any:
        return await _error_page(datasette, request, status, title, message)

    return [page]


async def _error_page(datasette: Any, request: Any, status: int, title: str | None, message: str) -> Any:
    body = {"ok": False, "error": message, "status": status, "title": title}
    if request.path.endswith(".json"):
        return Response.json(body, status=status)
    known = request if "csrftoken" in request.scope else None  # set by Datasette; missing while a request is refused
    return Response.html(await datasette.render_template("error.html", body, request=known), status=status)


# ---------------------------------------------------------------- template variables


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """Makes the source, copyright and terms available to every page, including error pages."""
    env.globals["attribution"] = {"site": SITE, "source": SOURCE, "copyright": COPYRIGHT, "terms": TERMS}


@hookimpl
def extra_template_vars(
    template: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    """Returns the loader of the variables of the home page or of a decision's page; None for other pages."""

    async def home() -> dict[str, Any]:
        return {
            "counts": await _count_decisions(datasette.get_database(NAME)),
            "name": NAME,
            **_visible_tables_and_queries(datasette),
        }

    async def decision() -> dict[str, Any]:
        key = tilde_decode(request.url_vars["pks"])
        return await _load_decision(datasette.get_database(NAME), key)

    match template:
        case "index.html":
            return home
        case "row-lgsco-decisions.html":
            return decision
        case _:
            return None


def _visible_tables_and_queries(datasette: Any) -> dict[str, Any]:
    metadata = datasette.metadata(database=NAME)
    tables = {name: table for name, table in metadata["tables"].items() if not table.get("hidden")}
    return {"queries": metadata["queries"], "tables": tables}


async def _count_decisions(database: Any) -> dict[str, Any]:
    """Counts the decisions and authorities, and finds the date range and the last run."""
    counts = await database.execute(
        "SELECT count(*) AS decisions, count(DISTINCT authority) AS authorities, min(decision_date) AS first, "
        "max(decision_date) AS last FROM decisions"
    )
    runs = await database.execute("SELECT task, state, ended_at FROM runs ORDER BY id DESC LIMIT 1")
    return {**dict(counts.first()), "run": runs.first()}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a decision as its page shows it."""

    kind: str
    text: str
    label: str
    """The end of its paragraph number, shown before the text. Empty when there is none or the text itself has it."""
    anchor: str
    """Set only on the first line of each paragraph number; otherwise empty."""
    depth: int


async def _load_decision(database: Any, key: str) -> dict[str, Any]:
    """Loads a decision's lines, revisions, related decisions, damage and pending newer version."""
    try:
        rows = await database.execute(
            "SELECT kind, number, text FROM paragraphs WHERE reference = ? ORDER BY position", (key,)
        )
    except sqlite3.OperationalError:  # the view fails on a damaged layout; the page reports the damage
        rows = await database.execute("SELECT 'paragraph', NULL, text FROM decisions WHERE reference = ?", (key,))
    lines: list[_Line] = []
    numbers: set[str] = set()
    for kind, number, text in rows:
        new = number is not None and number not in numbers
        numbers.add(number)
        label = number.rpartition(".")[2][: 1 if "•" in number else None] if new else ""
        label = label or ("•" if kind == "item" and number is None else "")
        if new and text.startswith(f"{label}."):
            label = ""
        lines.append(_Line(kind, text, label, f"p{number}" if new else "", number.count(".") if number else 0))
    revisions = await database.execute(
        "SELECT revision, recorded_at, source, change FROM revisions WHERE reference = ? ORDER BY revision DESC", (key,)
    )
    flaw = await database.execute_fn(lambda db: find_any_flaw(db, key))
    waiting = await database.execute_fn(lambda db: find_waiting(db, key))
    others = await database.execute_fn(lambda db: find_related(db, key))
    return {
        "related": [(one, tilde_encode(one.other), describe_related(one)) for one in others],
        "lines": lines,
        "revisions": revisions.rows,
        "key_in_address": tilde_encode(key),
        "flaw": flaw,
        "waiting": waiting,
    }
