"""The Datasette plugin: SQL functions for the canned queries, cells that lead somewhere, and what our templates show.

Whatever stands in the file is foreign text: it reaches a page through `markupsafe` or an escaping template only.
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

from ingest.reports.lines import describe_related
from lgsco.web import views
from lgsco.web.addresses import METHODS, check_request
from lgsco.web.guard import Application, Message, Send, guarded
from lgsco.web.metadata import COPYRIGHT, NAME, SITE, SOURCE, TERMS
from storage.digests import find_any_flaw
from storage.held_texts import find_waiting
from storage.model import reference
from storage.related import find_related
from storage.search import match_expression

_FOUND = re.compile("«([^«»]*)»")
_SPELLED = r"[0-9]{2}[-+ ]?[0-9]{3}[-+ ]?[0-9]{3}[-+ ]?[A-Za-z]?"
_PRINTED = r"[0-9]{2}\+[0-9]{3}\+[0-9]{3}[a-z]?(?:\.|$)"
"""The printed form in a row's address."""

_FINDS_NOTHING = '""'
"""An FTS5 expression; NULL and the empty string are errors to FTS5."""

hookimpl = HookimplMarker("datasette")

# ---------------------------------------------------------------- SQL functions


@hookimpl(trylast=True)  # after Datasette's own functions, one of which is replaced
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Adds `lgsco_reference(text)` and `lgsco_match(text)`; the search box of the tables takes the latter too."""
    conn.create_function("lgsco_reference", 1, lgsco_reference, deterministic=True)
    conn.create_function("lgsco_match", 1, lgsco_match, deterministic=True)
    _replace_search_syntax(conn)


def _replace_search_syntax(conn: sqlite3.Connection) -> None:
    """Makes a table's search box take what `lgsco search` takes: Datasette passes what is typed there through the SQL
    function `escape_fts`, which is not documented, before it goes to FTS5."""
    conn.create_function("escape_fts", 1, lgsco_match, deterministic=True)


def lgsco_reference(spelling: object) -> str | None:
    """The printed form of a reference in any spelling, NULL when it is none."""
    try:
        return reference(str(spelling))
    except ValueError:
        return None


def lgsco_match(query: object) -> str:
    """An FTS5 expression for what a person typed, whatever that is."""
    return match_expression("" if query is None else str(query)) or _FINDS_NOTHING


# ---------------------------------------------------------------- cells


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Markup | None:
    """References, addresses, revisions and found words as links and marks, in tables and query results alike."""
    if database != NAME or value is None:
        return None
    words = str(value["value"] if isinstance(value, dict) else value)
    match column:
        case "reference" if _is_held(table, row) and lgsco_reference(words) == words:
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
            return Markup(_FOUND.sub(r"<mark>\1</mark>", str(escape(words))))  # noqa: S704  # escaped before
        case _:
            return None


def _is_held(table: str | None, row: Any) -> bool:
    """Whether a row is of a decision that has a page here, other than the row itself."""
    return table not in {"decisions", "queue", "entries", "missing"} and "attempts" not in row.keys()  # noqa: SIM118


def _link(address: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, words)


def _address(datasette: Any, key: str) -> str:
    return str(datasette.urls.row(NAME, "decisions", tilde_encode(key)))


# ---------------------------------------------------------------- addresses


@hookimpl
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Any]]]:
    """`/25-004-920` leads to the decision, and so does a row's address with the reference in another spelling.

    `lgsco.web.views` serves the database, its tables and rows, with the patterns of Datasette's own routes.
    """
    form = r"(\.(?P<format>\w+))?$"
    return [
        (rf"^/(?P<spelling>{_SPELLED})(?P<form>\.json)?$", _to_decision),
        (rf"^/{NAME}/decisions/(?!{_PRINTED})(?P<spelling>{_SPELLED})(?P<form>\.json)?$", _to_decision),
        (rf"^/(?P<database>{NAME})(?!\.db$){form}", views.Database.as_view(datasette)),
        (rf"^/(?P<database>{NAME})/(?P<table>[^/.]+){form}", views.Table.as_view(datasette)),
        (rf"^/(?P<database>{NAME})/(?P<table>[^/]+?)/(?P<pks>[^/]+?){form}", views.Row.as_view(datasette)),
    ]


@hookimpl(trylast=True)  # after Datasette's own, to replace it
def register_output_renderer() -> dict[str, Any]:
    """Replaces Datasette's `.blob`, which fails on values that are not binary."""
    return {"extension": "blob", "render": views.render_binary, "can_render": lambda: False}


def _to_decision(request: Any, datasette: Any) -> Any:
    spelling, form = request.url_vars["spelling"], request.url_vars["form"]
    return Response.redirect(_address(datasette, reference(spelling.replace("+", " "))) + (form or ""))


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Application], Application]:
    """Checks each request (`lgsco.web.addresses`), and guards each answer (`lgsco.web.guard`)."""

    def wrapped(application: Application) -> Application:
        async def answer(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            # No page uses cookies, and Datasette fails on malformed ones.
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0].lower() != b"cookie"]}
            request = Request(scope, receive)
            refused = check_request(request.method, request.path, request.query_string, request.headers.get("host", ""))
            if refused is None:
                await application(scope, receive, send)
                return
            await datasette.invoke_startup()
            response = await _error_page(datasette, request, refused.status, None, refused.sentence)
            if refused.status == 405:
                response.headers["Allow"] = ", ".join(METHODS)
            await response.asgi_send(send)

        return guarded(answer)

    return wrapped


@hookimpl(wrapper=True)
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Generator[None, Any, Any]:
    """An address or a query that does not work is answered with our page, without the traceback of the default."""
    answers = yield
    if isinstance(exception, DatasetteError):
        # Datasette raises it only for a request that it cannot meet; 500 is merely the default status.
        status, title = 400 if exception.status == 500 else exception.status, exception.title
        message = Markup(exception.message) if exception.message_is_html else exception.message  # noqa: S704  # its own
    elif isinstance(exception, Base400):
        status, title, message = exception.status, None, str(exception)
    else:
        return answers

    async def page() -> Any:
        return await _error_page(datasette, request, status, title, message)

    return [page]


async def _error_page(datasette: Any, request: Any, status: int, title: str | None, message: str) -> Any:
    said = {"ok": False, "error": message, "status": status, "title": title}
    if request.path.endswith(".json"):
        return Response.json(said, status=status)
    known = request if "csrftoken" in request.scope else None  # set by Datasette; not yet when a request is refused
    return Response.html(await datasette.render_template("error.html", said, request=known), status=status)


# ---------------------------------------------------------------- what templates show


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """What every page says of the source, the error pages too."""
    env.globals["attribution"] = {"site": SITE, "source": SOURCE, "copyright": COPYRIGHT, "terms": TERMS}


@hookimpl
def extra_template_vars(
    template: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    """The home page's counts, and a decision's lines and revisions."""

    async def home() -> dict[str, Any]:
        return {"held": await _held(datasette.get_database(NAME)), "name": NAME, **_described(datasette)}

    async def decision() -> dict[str, Any]:
        key = tilde_decode(request.url_vars["pks"])
        return await _decision(datasette.get_database(NAME), key)

    match template:
        case "index.html":
            return home
        case "row-lgsco-decisions.html":
            return decision
        case _:
            return None


def _described(datasette: Any) -> dict[str, Any]:
    shown = datasette.metadata(database=NAME)
    tables = {name: said for name, said in shown["tables"].items() if not said.get("hidden")}
    return {"queries": shown["queries"], "tables": tables}


async def _held(database: Any) -> dict[str, Any]:
    """How much is held, and how fresh it is."""
    held = await database.execute(
        "SELECT count(*) AS decisions, count(DISTINCT authority) AS authorities, min(decision_date) AS first, "
        "max(decision_date) AS last FROM decisions"
    )
    runs = await database.execute("SELECT task, state, ended_at FROM runs ORDER BY id DESC LIMIT 1")
    return {**dict(held.first()), "run": runs.first()}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a decision as its page shows it."""

    kind: str
    text: str
    label: str
    """The end of its number, as it stands before it; empty where it has none or prints it itself."""
    anchor: str
    """Empty unless it is the first line of its number."""
    depth: int


async def _decision(database: Any, key: str) -> dict[str, Any]:
    """A decision's lines and its revisions, and what of it is damaged."""
    try:
        rows = await database.execute(
            "SELECT kind, number, text FROM paragraphs WHERE reference = ? ORDER BY position", (key,)
        )
    except sqlite3.OperationalError:  # its layout is damaged, which the page says
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
