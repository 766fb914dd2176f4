"""Extends Datasette's views of an archive, of its tables and rows: checks, limits, paging, downloads and templates.

Datasette 0.65 answers 500 to some wrong addresses. The classes here check the request first and then call Datasette.
`lgsco.web.addresses` makes the checks that need no database.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.blob_renderer import render_blob
from datasette.database import QueryInterrupted
from datasette.utils import InvalidSql, escape_sqlite, tilde_decode
from datasette.utils.asgi import AsgiStream, BadRequest, NotFound, Request, Response
from datasette.views.base import DatasetteError
from datasette.views.database import DatabaseView, MagicParameters
from datasette.views.index import IndexView
from datasette.views.row import RowView
from datasette.views.table import TableView

from lgsco.web.accessible_pages import complete
from lgsco.web.cells import make_cells, make_values
from lgsco.web.deadline import DEADLINE, PAGE_SECONDS
from lgsco.web.downloads import Csv, Json, make_writer
from lgsco.web.gate import VISIT
from lgsco.web.paging import PAGE, Page, Term, decode_position, make_order, resolve_hashed_values
from lgsco.web.proxied_links import complete_links
from lgsco.web.queries import QUERIES
from lgsco.web.row_stream import stream_rows
from storage.query.expressions import make_printed
from storage.query.parser import parse_query
from storage.query.tree import QueryError
from storage.suppressions import is_suppressed

_ROWID = "rowid"
_WHOLE_SHAPES = (None, "array", "objects")


class Home(IndexView):  # type: ignore[misc]  # Datasette has no types
    """The home page, where a Datasette serves one archive and nothing else."""

    async def get(self, request: Any) -> Any:
        if request.url_vars["format"]:
            return await super().get(request)
        await self.ds.ensure_permissions(request.actor, ["view-instance"])
        page = await self.render(["lgsco/index.html"], request=request, context={"metadata": self.ds.metadata()})
        page.body = complete(page.body)
        return page


class _Checked:
    """The base of the three views: it checks the format, limits the time per page, and writes downloads."""

    ds: Any
    template: str

    async def get(self, request: Any) -> Any:
        form = request.url_vars.get("format")
        if form not in {None, "csv", "jsono", *self.ds.renderers}:
            raise NotFound(f"this page has no format .{form}; use .json or .csv")
        if form == "json" and request.args.get("_stream"):
            return await self._download(request, _read_json_form(request), whole=True)
        return await super().get(request)  # type: ignore[misc]  # of the Datasette view

    async def render(self, templates: Any, request: Any, context: Any = None) -> Any:
        answer = await super().render(templates, request, context)  # type: ignore[misc]
        answer.body = complete(answer.body)
        return answer

    async def head(self, request: Any) -> Any:
        answer = await self.get(request)
        if isinstance(answer, AsgiStream):
            return Response("", headers=answer.headers, content_type=answer.content_type)
        answer.body = b""
        return answer

    async def as_csv(self, request: Any, _database: str) -> Any:
        form = Csv(header=request.args.get("_header") != "off", excel=bool(request.args.get("_excel")))
        size = request.args.get("_size")
        whole = bool(request.args.get("_stream")) or size == "max" or not (size or request.args.get("_next"))
        return await self._download(request, form, whole=whole)

    async def _download(self, request: Any, form: Csv | Json, *, whole: bool) -> Any:
        """Answers with a download. `whole`: with the rows of all pages, whatever page the request names."""
        make_part = make_cells if isinstance(form, Csv) else make_values
        visit = VISIT.get()
        if whole and visit is not None:
            await visit.gate.wait_for_stream(visit)
        quick = _with(request, _nofacet="1", _nocount="1", **({"_next": None, "_size": "max"} if whole else {}))
        try:
            first = await self.data(quick)
        except QueryInterrupted as error:
            raise DatasetteError(
                "the query took too long; narrow it down", title="SQL Interrupted", status=400
            ) from error
        except (sqlite3.OperationalError, InvalidSql) as error:  # as Datasette answers a page with this query
            raise DatasetteError(str(error), title="Invalid SQL", status=400) from error
        if isinstance(first, Response):
            return first
        if len(first) == 4 and first[3] != 200:
            raise DatasetteError(first[0]["error"], title="Invalid SQL", status=first[3])  # else an empty download
        pages = self._read_pages(quick, first[0], whole=whole)
        parts = (make_part(self.ds, quick, page) async for page in pages)
        is_download = request.args.get("_dl") or request.args.get("_excel")
        content_type = form.content_type if is_download else form.content_type.replace("text/csv", "text/plain")
        headers = {}
        if self.ds.cors:
            headers["Access-Control-Allow-Origin"] = "*"
        if is_download:
            name = request.url_vars.get("table") or request.url_vars["database"]
            headers["Content-Disposition"] = f'attachment; filename="{name}.{request.url_vars["format"]}"'
        return AsgiStream(make_writer(form, parts), headers=headers, content_type=content_type)

    async def _read_pages(self, request: Any, data: dict[str, Any], *, whole: bool) -> AsyncIterator[dict[str, Any]]:
        """Reads the rows page by page, or those of a query that a page would cut with one statement."""
        db = _database(self.ds, request)
        if whole and data.get("truncated") and "table" not in data:  # a row has none
            query = data["query"]
            parameters = MagicParameters(query["params"], request, self.ds)
            async for columns, rows in stream_rows(db, query["sql"], parameters):
                yield {**data, "columns": columns, "rows": rows}
            return
        yield data
        while whole and data.get("next"):
            data = (await self.data(request, _next=data["next"]))[0]
            yield data

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        DEADLINE.set(time.monotonic() + PAGE_SECONDS)
        result = await super().data(request, *arguments, **options)  # type: ignore[misc]
        if isinstance(result, Response):
            return result
        data, extra, templates, *status = result

        async def variables() -> dict[str, Any]:
            return complete_links(self.ds.urls, await extra() if callable(extra) else extra)

        return (data, variables, (*templates[:-1], self._choose_template(data), templates[-1]), *status)

    def _choose_template(self, data: dict[str, Any]) -> str:
        """Returns our template. One of the user's for this database or table goes before it."""
        if "query" in data and "table" not in data:
            return "lgsco/query.html"
        return self.template


class Database(_Checked, DatabaseView):  # type: ignore[misc]  # Datasette has no types
    """The database, or the result of the query in `sql`."""

    template = "lgsco/database.html"

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        if not request.args.get("sql"):
            form, shape = request.url_vars.get("format"), request.args.get("_shape")
            if form == "json" and request.args.get("_stream"):
                raise BadRequest("_stream needs rows; name a table, or a query with sql=")
            if form in {"csv", "blob"}:
                raise BadRequest(f"the database itself has no format .{form}; name a table, or a query with sql=")
            if form == "json" and shape in {"array", "arrayfirst", "object"}:
                raise BadRequest(f"_shape={shape} needs rows; name a table, or a query with sql=")
        return await super().data(request, *arguments, **options)


class Row(_Checked, RowView):  # type: ignore[misc]
    """One row of a table."""

    template = "lgsco/row.html"

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        db = _database(self.ds, request)
        table = tilde_decode(request.url_vars["table"])
        if not await db.table_exists(table):
            raise NotFound(f"there is no table {table}")
        key = await db.primary_keys(table) or [_ROWID]
        if request.url_vars["pks"].count(",") + 1 != len(key):
            raise NotFound(f"the address of a row of {table} needs {', '.join(key)}")
        try:
            result = await super().data(request, *arguments, **options)
        except NotFound as error:  # Datasette says "Record not found"
            raise NotFound(_describe_absent(table, tilde_decode(request.url_vars["pks"]))) from error
        await self._refuse_suppressed(db, result[0])
        return result

    async def _refuse_suppressed(self, db: Any, data: dict[str, Any]) -> None:
        row = data["rows"][0]
        for name in {"reference", "other"} & set(data["columns"]):
            if await db.execute_fn(lambda connection, key=row[name]: is_suppressed(connection, key)):
                raise NotFound("this decision is suppressed here")

    def _choose_template(self, data: dict[str, Any]) -> str:
        return "lgsco/decision.html" if data["table"] == "decisions" else self.template


class Table(_Checked, TableView):  # type: ignore[misc]
    """A table or view, paged by `lgsco.web.paging`; or a canned query, as Datasette shows it."""

    template = "lgsco/table.html"

    _values: tuple[Any, ...] | None = None
    """Where the previous page of a CSV stream ended."""

    async def data(
        self, request: Any, default_labels: bool = False, _next: str | None = None, _size: Any = None
    ) -> Any:
        _check_search(request)
        page = await self._page(request, _next)
        first = _with(request, _next=None)
        token = PAGE.set(page)
        try:
            result = await super().data(first, default_labels=default_labels, _size=_size)
        finally:
            PAGE.reset(token)
        if page is None or isinstance(result, Response):
            return result
        self._values = page.last
        data = result[0]
        following = page.next_position()
        data["next"] = following
        data["next_url"] = following and self.ds.absolute_url(
            request, self.ds.urls.path(f"{request.path}?{_with(request, _next=following).query_string}")
        )
        data["query"] = {"sql": page.sql, "params": page.parameters}
        return result

    async def _page(self, request: Any, following: str | None) -> Page | None:
        """Returns the page to read; None when the address is not of a table or view."""
        db = _database(self.ds, request)
        table = tilde_decode(request.url_vars["table"])
        if await self.ds.get_canned_query(db.name, table, request.actor):
            return None
        is_view = bool(await db.get_view_definition(table))
        if not is_view and not await db.table_exists(table):
            return None
        metadata = self.ds.table_metadata(db.name, table)
        columns = await db.table_column_details(table)
        primary = await db.primary_keys(table)
        key = tuple(metadata.get("key", ())) if is_view else _key(primary, columns)
        # FTS5 has a hidden column with the table's name, for commands. Its value differs from query to query.
        named = {column.name for column in columns if not (column.hidden == 1 and column.name == table)}
        named |= set() if is_view else {_ROWID}
        sort = _sort(request, metadata)
        if sort is not None and sort.column not in named:
            raise BadRequest(f"cannot sort {table} by {sort.column}; sort by one of its columns")
        usual = "" if is_view else ", ".join(map(escape_sqlite, primary)) or _ROWID
        page = Page(
            table,
            sort.sql if sort else usual,
            make_order(sort, key or [column.name for column in columns]),
            key,
            by_key=not is_view and not any(column.hidden == 1 for column in columns),
        )
        written = following or request.args.get("_next")
        if not written:
            return page
        if not key:
            if not (written.isascii() and written.isdecimal() and len(written) < 16):
                raise BadRequest(f"_next={written[:80]} is not a position in {table}; start again from the first page")
            page.offset = int(written)
        elif following and self._values is not None:
            page.after = self._values
        else:
            values = decode_position(written, len(page.terms))
            page.after = await resolve_hashed_values(db.execute, table, page.terms, key, values)
        return page


def _describe_absent(table: str, key: str) -> str:
    """Returns the sentence that a table has no row with this key."""
    if table != "decisions":
        return f"{table} has no row {key[:80]}"
    return f"the decision {key[:80]} is not stored here; “{QUERIES['complete'].title}” shows which dates were fetched"


def _database(datasette: Any, request: Any) -> Any:
    return datasette.get_database(route=tilde_decode(request.url_vars["database"]))


def _check_search(request: Any) -> None:
    """Raises BadRequest for a search box with a query that is not valid, or that only leaves words out."""
    if request.args.get("_searchmode") == "raw":
        return
    for name, query in parse_qsl(request.query_string):
        if name == "_search" or (name.startswith("_search_") and query.strip()):
            try:
                found = make_printed(parse_query(query))
            except QueryError as error:
                raise BadRequest(f"{name}: {error}") from error
            if found.negated:
                raise BadRequest(f"{name}: this box needs a word to find; the search page takes such queries")


def _sort(request: Any, metadata: dict[str, Any]) -> Term | None:
    """Returns the sort column from the address, or else from the metadata. Raises BadRequest for two of them."""
    up, down = request.args.get("_sort"), request.args.get("_sort_desc")
    if not up and not down:
        up, down = metadata.get("sort"), metadata.get("sort_desc")
    if up and down:
        raise BadRequest("use _sort or _sort_desc, not both")
    if up or down:
        return Term(up or down, bool(down))
    return None


def _key(primary: list[str], columns: list[Any]) -> tuple[str, ...]:
    """Returns the primary key; the rowid when there is no primary key, or it may be NULL (SQLite allows that)."""
    mine = [column for column in columns if column.name in primary]
    is_rowid = len(mine) == 1 and mine[0].type.upper() == "INTEGER"
    return tuple(primary) if mine and (is_rowid or all(column.notnull for column in mine)) else (_ROWID,)


def _with(request: Any, **changes: str | None) -> Any:
    """Copies the request with these parameters. Keeps parameters with an empty value, because they filter too."""
    pairs = [pair for pair in parse_qsl(request.query_string, keep_blank_values=True) if pair[0] not in changes]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    scope = {**request.scope, "query_string": urlencode(pairs).encode()}
    return Request(scope, request.receive)


def _read_json_form(request: Any) -> Json:
    """Returns the format of a whole download as JSON. Raises BadRequest."""
    shape = request.args.get("_shape")
    if shape not in _WHOLE_SHAPES:
        raise BadRequest(f"_shape={shape} cannot be streamed; leave _shape out, or add _nl=on for one object a line")
    return Json(lines=bool(request.args.get("_nl")))


async def render_binary(
    datasette: Any, database: str, rows: Any, columns: Any, request: Any, table: str | None, view_name: str
) -> Any:
    """Sends a binary value as a file, as Datasette does. Raises NotFound for other values, where Datasette fails."""
    column = request.args.get("_blob_column")
    if column in columns:
        place = list(columns).index(column)
        rows = [row for row in rows if isinstance(tuple(row)[place], bytes)]
        if not rows:
            raise NotFound(f"{column} has no binary value here")
    return await render_blob(datasette, database, rows, columns, request, table, view_name)
