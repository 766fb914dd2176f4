"""Extends Datasette's views of the database, of a table and of a row with checks that need the database.

Datasette 0.65 answers 500 to some wrong addresses. The classes here check the request first and then call Datasette.
`lgsco.web.addresses` makes the checks that need no database.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.blob_renderer import render_blob
from datasette.database import QueryInterrupted
from datasette.utils import escape_sqlite, tilde_decode
from datasette.utils.asgi import AsgiStream, BadRequest, NotFound, Request, Response
from datasette.views.base import DatasetteError
from datasette.views.database import DatabaseView
from datasette.views.row import RowView
from datasette.views.table import TableView

from lgsco.web.guard import StreamFailed
from lgsco.web.metadata import NAME
from lgsco.web.paging import PAGE, Page, Term, decode_position, make_order, resolve_hashed_values

_PAGE_SECONDS = 30
"""Seconds that all queries of one page may take together. `sql_time_limit_ms` limits a single query."""

DEADLINE: ContextVar[float | None] = ContextVar("DEADLINE", default=None)
"""When all queries of the current page must have ended, on the monotonic clock."""

_ROWID = "rowid"


class _Checked:
    """The base of the three views: it checks the format, limits the time per page, and reports errors in CSV too."""

    ds: Any

    async def get(self, request: Any) -> Any:
        form = request.url_vars.get("format")
        if form not in {None, "csv", "jsono", *self.ds.renderers}:
            raise NotFound(f"this page has no format .{form}; use .json or .csv")
        return await super().get(request)  # type: ignore[misc]  # of the Datasette view

    async def as_csv(self, request: Any, database: str) -> Any:
        try:
            return await super().as_csv(request, database)  # type: ignore[misc]
        except QueryInterrupted as error:
            raise DatasetteError(
                "the query took too long; narrow it down", title="SQL Interrupted", status=400
            ) from error

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        DEADLINE.set(time.monotonic() + _PAGE_SECONDS)
        result = await super().data(request, *arguments, **options)  # type: ignore[misc]
        if request.url_vars.get("format") == "csv" and isinstance(result, tuple) and len(result) == 4:
            data, _, _, status = result
            if status != 200:  # Datasette would send an empty CSV
                raise DatasetteError(data["error"], title="Invalid SQL", status=status)
        return result


class Database(_Checked, DatabaseView):  # type: ignore[misc]  # Datasette has no types
    """The database, or the result of the query in `sql`."""

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        if not request.args.get("sql"):
            form, shape = request.url_vars.get("format"), request.args.get("_shape")
            if form in {"csv", "blob"}:
                raise BadRequest(f"the database itself has no format .{form}; name a table, or a query with sql=")
            if form == "json" and shape in {"array", "arrayfirst", "object"}:
                raise BadRequest(f"_shape={shape} needs rows; name a table, or a query with sql=")
        return await super().data(request, *arguments, **options)


class Row(_Checked, RowView):  # type: ignore[misc]
    """One row of a table."""

    async def data(self, request: Any, *arguments: Any, **options: Any) -> Any:
        db = self.ds.get_database(NAME)
        table = tilde_decode(request.url_vars["table"])
        if not await db.table_exists(table):
            raise NotFound(f"there is no table {table}")
        key = await db.primary_keys(table) or [_ROWID]
        if request.url_vars["pks"].count(",") + 1 != len(key):
            raise NotFound(f"the address of a row of {table} needs {', '.join(key)}")
        return await super().data(request, *arguments, **options)


class Table(_Checked, TableView):  # type: ignore[misc]
    """A table or view, paged by `lgsco.web.paging`; or a canned query, as Datasette shows it."""

    _values: tuple[Any, ...] | None = None
    """Where the previous page of a CSV stream ended."""

    async def as_csv(self, request: Any, database: str) -> Any:
        if request.args.get("_stream"):
            request = _with(request, _next=None)  # a stream always starts at the first row
        answer = await super().as_csv(request, database)
        if isinstance(answer, AsgiStream):
            answer.stream_fn = _abort_on_failure(answer.stream_fn)
        return answer

    async def data(
        self, request: Any, default_labels: bool = False, _next: str | None = None, _size: Any = None
    ) -> Any:
        streams = request.url_vars.get("format") == "csv" and request.args.get("_stream")
        page = await self._page(request, _next)
        first = _with(request, _next=None)
        if streams:
            _size = "max"  # Datasette intends this, but reads 50 rows at a time
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
        db = self.ds.get_database(NAME)
        table = tilde_decode(request.url_vars["table"])
        if await self.ds.get_canned_query(NAME, table, request.actor):
            return None
        is_view = bool(await db.get_view_definition(table))
        if not is_view and not await db.table_exists(table):
            return None
        metadata = self.ds.table_metadata(NAME, table)
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


Stream = Callable[[Any], Awaitable[None]]

_CSV_ENDS = ("", "</textarea></body></html>")
"""The last chunk of a complete CSV. After a failure Datasette writes the error message instead."""


def _abort_on_failure(stream: Stream) -> Stream:
    """Closes the connection when the stream fails, so that the client cannot mistake a partial CSV for the whole."""

    async def checked(writer: Any) -> None:
        last: str | None = None

        class Watched:
            async def write(self, chunk: str) -> None:
                nonlocal last
                last = chunk
                await writer.write(chunk)

        await stream(Watched())
        if last not in _CSV_ENDS:
            raise StreamFailed

    return checked


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


def _with(request: Any, *, _next: str | None) -> Any:
    """Copies the request with this `_next`. Keeps parameters with an empty value, because they filter too."""
    pairs = [pair for pair in parse_qsl(request.query_string, keep_blank_values=True) if pair[0] != "_next"]
    if _next is not None:
        pairs.append(("_next", _next))
    scope = {**request.scope, "query_string": urlencode(pairs).encode()}
    return Request(scope, request.receive)


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
