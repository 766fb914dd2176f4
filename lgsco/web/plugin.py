"""Extends Datasette as a plugin: pages, titles and queries for archives, SQL functions, links in cells.

Every Datasette beside an installed lgsco loads this module. Each hook does nothing for databases that are not archives
(`lgsco.web.archives`).

Text from the database is foreign text. It reaches a page only through `markupsafe` or a template that escapes.
"""

from __future__ import annotations

import re
import shlex
import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import click
from datasette import Forbidden, Response
from datasette.filters import FilterArguments
from datasette.utils import tilde_encode
from datasette.utils.asgi import Base400, asgi_static
from datasette.views.base import DatasetteError
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup, escape
from pluggy import HookimplMarker

from ingest.reports.lines import printable
from ingest.wording import agree, count_of
from lgsco.web import short_addresses
from lgsco.web.archives import Archives, find_archives
from lgsco.web.entrance import Entrance, make_error_page
from lgsco.web.gate import Application, Overloaded
from lgsco.web.metadata import COPYRIGHT, SITE, SOURCE, TERMS, describe
from lgsco.web.page_data import load_decision, load_home
from lgsco.web.public_file import PublicFile
from lgsco.web.queries import lgsco_today
from lgsco.web.row_reader import limit_connection
from lgsco.web.search_page import answer_search
from lgsco.web.served_file import FileUnreadable, ServedFile
from storage.database import find_archive_version, reading
from storage.errors import StoreError
from storage.private import PRIVATE, require_public
from storage.query.expressions import make_printed
from storage.query.parser import parse_query
from storage.query.tree import QueryError
from storage.references import typed_reference
from storage.suppressions import REFERENCES

_FOLDER = Path(__file__).parent
_HIT = re.compile("«([^«»]*)»")
_MATCH_NOTHING = '""'
"""An FTS5 expression that matches nothing. FTS5 reports an error for NULL and for the empty string."""

_NOT_FOUND = {"Database not found": "there is no page at this address; the home page lists the pages"}
"""Errors of Datasette in other words: a visitor of one archive knows of no databases."""

hookimpl = HookimplMarker("datasette")

# ---------------------------------------------------------------- SQL functions


@hookimpl(trylast=True)  # run after Datasette, because this replaces one of its functions
def prepare_connection(conn: sqlite3.Connection, database: str, datasette: Any) -> None:
    """Adds the SQL functions `lgsco_reference(text)`, `lgsco_match(text)` and `lgsco_today()` to a connection.

    `lgsco_today` returns the date in London. The search box of the tables uses `lgsco_match` too.
    """
    archives = find_archives(datasette)
    if database == "_memory" and archives.are_alone:
        limit_connection(conn, all_of_sqlite=False)
    if database not in archives.names:
        return
    conn.create_function("lgsco_reference", 1, lgsco_reference, deterministic=True)
    conn.create_function("lgsco_match", 1, lgsco_match, deterministic=True)
    conn.create_function("lgsco_today", 0, lgsco_today)
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
        return typed_reference(str(spelling))
    except ValueError:
        return None


def lgsco_match(query: object) -> str:
    """Builds an FTS5 expression for `decisions_fts` from a query that a user typed. Its words are found as typed.

    An invalid query matches nothing; `lgsco.web.views` has explained it before. So does one that only leaves words out.
    """
    try:
        found = make_printed(parse_query("" if query is None else str(query)))
    except QueryError:
        return _MATCH_NOTHING
    return _MATCH_NOTHING if found.negated else found.expression


# ---------------------------------------------------------------- cells


def _includes_today(row: Any, last: str) -> bool:
    """Whether a row of the ledger goes on after today. A page can leave its column `first` out."""
    return "first" in row.keys() and row["first"] <= lgsco_today() < last  # noqa: SIM118  # a sqlite3.Row holds values


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Markup | None:
    """Shows references, addresses and revisions as links, hits as marks, and future ends of ranges as today."""
    if value is None or database not in find_archives(datasette).names:
        return None
    words = str(value["value"] if isinstance(value, dict) else value)
    match column:
        case "reference" if _has_page(table, row) and lgsco_reference(words) == words:
            label = (value.get("label") if isinstance(value, dict) else None) or ""
            link = _link(_address(datasette, database, words), words)
            return Markup("{} <em>{}</em>").format(link, label) if label and label != words else link
        case "url" if words.startswith("/"):
            return _link(SITE + words, words)
        case "text" if table == "decisions":
            return _link(_address(datasette, database, row["reference"]), f"read {count_of(len(words), 'character')}")
        case "revision" | "earlier_revision" if table is None and words.isdecimal() and "reference" in row.keys():  # noqa: SIM118  # a sqlite3.Row holds values
            path = f"{tilde_encode(str(row['reference']))},{words}"
            return _link(datasette.urls.row(database, "revisions", path), words)
        case "last" if table in {"coverage", "windows"} and _includes_today(row, words):
            return Markup('<span title="{}">today</span>').format(words)
        case "snippet" if table is None:
            return Markup(_HIT.sub(r"<mark>\1</mark>", str(escape(words))))  # noqa: S704 # escaped on this line
        case _:
            return None


def _has_page(table: str | None, row: Any) -> bool:
    """Whether the row belongs to a decision that has a page here, and is not itself that page's row."""
    return table not in {"decisions", "queue", "entries", "missing"} and "attempts" not in row.keys()  # noqa: SIM118


def _link(address: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, words)


def _address(datasette: Any, database: str, key: str) -> str:
    return str(datasette.urls.row(database, "decisions", tilde_encode(key)))


# ---------------------------------------------------------------- start


@hookimpl
def startup(datasette: Any) -> None:
    """Replaces the databases that are archives by files with limits, and says which archives it cannot show."""
    archives = find_archives(datasette)
    if archives.settings.public and datasette.crossdb:
        raise click.ClickException("--crossdb cannot be used with a public archive: it shows more than that")
    for name, database in list(datasette.databases.items()):
        if name in archives.names:
            _replace(datasette, name, archives)
        elif database.path and (version := find_archive_version(Path(database.path))) is not None:
            migrate = f"`lgsco renormalise --dry-run --db {shlex.quote(database.path)}` migrates an older one"
            without = f"which this lgsco shows without its own pages; {migrate}"
            click.echo(printable(f"lgsco: {database.path} is an archive of schema {version}, {without}"), err=True)


def _replace(datasette: Any, name: str, archives: Archives) -> None:
    database = datasette.databases[name]
    if isinstance(database, ServedFile):
        return
    path = Path(database.path).resolve()
    if archives.settings.public:
        try:
            with reading(path) as db:
                require_public(db, path, with_withdrawn=False)
        except StoreError as error:
            raise click.ClickException(str(error)) from error  # Datasette's command prints it
    kind = PublicFile if archives.settings.public else ServedFile
    served = kind(datasette, str(path), is_mutable=database.is_mutable)
    served.limit_all(archives.are_alone)
    served.name, served.route = database.name, database.route
    datasette.databases = {**datasette.databases, name: served}


@hookimpl
def get_metadata(datasette: Any, key: str | None) -> dict[str, Any] | None:
    """Describes the tables and queries. The user's own metadata goes before it."""
    if key == "plugins" or (key == "tables" and not _RESTRICTS):
        return None
    archives = find_archives(datasette)
    if not archives.names:
        return None
    known, described = _DESCRIBED.get(datasette, (None, {}))
    if known is not archives:
        described = describe(archives.names, alone=archives.are_alone, public=archives.settings.public)
        _DESCRIBED[datasette] = archives, described
    return described  # Datasette merges the user's metadata into it, each time the same


_DESCRIBED: WeakKeyDictionary[Any, tuple[Archives, dict[str, Any]]] = WeakKeyDictionary()

_RESTRICTS = False
"""Whether our metadata restrict who may see a table. Datasette asks for them alone, for each table of a page."""


@hookimpl
def permission_allowed(datasette: Any, action: str, resource: Any) -> bool | None:
    """Hides the private tables of a public archive."""
    if action != "view-table" or not isinstance(resource, tuple):
        return None
    archives = find_archives(datasette)
    database, table = resource
    return False if archives.settings.public and database in archives.names and table in PRIVATE else None


@hookimpl
def filters_from_request(database: str, table: str, datasette: Any) -> Any:
    """Leaves the rows of suppressed decisions out of the tables."""
    if database not in find_archives(datasette).names:
        return None

    async def leave_out() -> Any:
        db = datasette.get_database(database)
        if not await db.execute_fn(lambda one: one.execute("SELECT 1 FROM suppressions LIMIT 1").fetchone()):
            return None
        named = {"reference", "other"} & set(await db.table_columns(table))
        return FilterArguments([f"[{column}] not in {REFERENCES}" for column in sorted(named)])

    return leave_out


# ---------------------------------------------------------------- addresses


@hookimpl
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Any]]]:
    """Serves the archives by `lgsco.web.views`, with the patterns of Datasette's own routes.

    In addition, `lgsco.web.short_addresses` leads addresses such as `/25-004-920` to their pages.
    """
    archives, views = find_archives(datasette), _load_views()
    if not archives.names:
        return []
    form = r"(\.(?P<format>\w+))?$"
    name = "|".join(sorted(re.escape(tilde_encode(datasette.databases[one].route)) for one in archives.names))
    routes: list[tuple[str, Callable[..., Any]]] = [
        *short_addresses.list_below(name),
        (rf"^/(?P<database>{name})/search(?:\.(?P<format>json|csv))?$", answer_search),
        (rf"^/(?P<database>{name})(?!\.db$){form}", views.Database.as_view(datasette)),
        (rf"^/(?P<database>{name})/(?P<table>[^/.]+){form}", views.Table.as_view(datasette)),
        (rf"^/(?P<database>{name})/(?P<table>[^/]+?)/(?P<pks>[^/]+?){form}", views.Row.as_view(datasette)),
        (r"^/-/lgsco/(?P<path>.*)$", asgi_static(_FOLDER / "assets")),
    ]
    if archives.are_alone:
        routes.append((r"^/robots\.txt$", _show_robots))
    if archives.are_alone and len(archives.names) == 1:
        routes += short_addresses.list_at_top()
        if not datasette.template_dir or not Path(datasette.template_dir, "index.html").exists():
            routes.append((r"^/(\.(?P<format>jsono?))?$", views.Home.as_view(datasette)))
    return routes


def _show_robots(datasette: Any) -> Any:
    """Lets search engines see the decisions of a public archive, without searches and downloads; and nothing else."""
    if not find_archives(datasette).settings.public:
        return Response.text("User-agent: *\nDisallow: /\n")
    below = datasette.setting("base_url")
    rules = "".join(f"Disallow: {below}{one}\n" for one in ("*?", "*.csv$", "*.json$", "-/"))
    return Response.text(f"User-agent: *\n{rules}Allow: {below}\nCrawl-delay: 2\n")


@hookimpl(trylast=True)  # run after Datasette, to replace its own renderer
def register_output_renderer() -> dict[str, Any]:
    """Replaces Datasette's `.blob`, which fails on values that are not binary."""
    return {"extension": "blob", "render": _load_views().render_binary, "can_render": lambda: False}


@hookimpl(trylast=True)  # the outermost wrapper: it checks a request before any other plugin sees it
def asgi_wrapper(datasette: Any) -> Callable[[Application], Application]:
    """Lets requests for the archives through `lgsco.web.entrance`."""
    return partial(_wrap, datasette)


def _wrap(datasette: Any, application: Application) -> Application:
    return Entrance(datasette, application) if find_archives(datasette).names else application


@hookimpl(wrapper=True)
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Generator[None, Any, Any]:
    """Answers a wrong address or query, or a fault, with our error page.

    Datasette's own handler does not run: where `rich` is installed, it writes all local variables to the log, whole
    rows and texts among them.
    """
    answers = yield
    if datasette.pdb or not find_archives(datasette).own(request.path):
        return answers
    title: str | None = None
    if isinstance(exception, DatasetteError):
        # Datasette raises this only for requests that it cannot answer. 500 is only the default of its status.
        status, title = 400 if exception.status == 500 else exception.status, exception.title
        message = Markup(exception.message) if exception.message_is_html else exception.message  # noqa: S704 # written by Datasette
    elif isinstance(exception, Base400):
        status, message = exception.status, _NOT_FOUND.get(str(exception), str(exception))
    elif isinstance(exception, Overloaded):
        status, message = 503, str(exception)
    else:
        if isinstance(exception, FileUnreadable):  # foreseen: someone moved, replaced or damaged the file
            click.echo(printable(f"lgsco: {exception}"), err=True)
        else:
            traceback.print_exception(exception, file=sys.stderr)
        is_public = find_archives(datasette).settings.public  # the message may name files
        status = 500
        message = "this page cannot be shown; the server's log has the reason" if is_public else str(exception)

    async def page() -> Any:
        return await make_error_page(datasette, request, status, title, message)

    return [page]


@hookimpl(tryfirst=True)
def forbidden(datasette: Any, request: Any, message: str) -> Callable[[], Awaitable[Any]] | None:
    """Answers a page that the visitor may not see with our error page."""
    if not find_archives(datasette).own(request.path):
        return None

    async def page() -> Any:
        return await make_error_page(datasette, request, Forbidden.status, None, message)

    return page


def _load_views() -> ModuleType:
    """Imports our views. They need modules of Datasette that are still being imported when it loads its plugins."""
    from lgsco.web import views  # noqa: PLC0415

    return views


# ---------------------------------------------------------------- templates


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Any) -> None:
    """Adds our templates under `lgsco/`, and for them the wording of numbers, and the source, copyright and terms."""
    archives = find_archives(datasette)
    if not archives.names:
        return
    before = [FileSystemLoader(datasette.template_dir)] if datasette.template_dir else []
    if archives.are_alone:  # for pages about the server, too
        before.append(FileSystemLoader(_FOLDER / "pages_alone"))
    env.loader = ChoiceLoader([*before, *([env.loader] if env.loader else []), FileSystemLoader(_FOLDER / "pages")])
    env.globals |= {"agree": agree, "count_of": count_of}
    env.globals["attribution"] = {"site": SITE, "source": SOURCE, "copyright": COPYRIGHT, "terms": TERMS}
    env.globals["is_public"] = archives.settings.public


@hookimpl
def extra_css_urls(database: str | None, datasette: Any) -> list[str]:
    """Adds our styles to the pages of the archives."""
    archives = find_archives(datasette)
    return ["/-/lgsco/lgsco.css"] if database in archives.names or archives.are_alone else []


@hookimpl
def extra_js_urls(template: str | None, database: str | None, datasette: Any) -> list[str]:
    """Adds our script to the pages with a box for SQL."""
    has_box = template in {"lgsco/database.html", "lgsco/query.html"}
    return ["/-/lgsco/lgsco.js"] if has_box and database in find_archives(datasette).names else []


@hookimpl
def extra_template_vars(
    template: str | None, database: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    """Returns the loader of the variables of the home page or of a decision's page; None for other pages."""
    match template:
        case "lgsco/index.html":
            return partial(load_home, datasette, next(iter(find_archives(datasette).names)))
        case "lgsco/decision.html":
            public = find_archives(datasette).settings.public
            return partial(load_decision, datasette.get_database(database), request, public=public)
        case _:
            return None
