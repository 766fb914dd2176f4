"""Datasette's view of a table, with the paging of `lgsco.web.paging`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.utils import escape_sqlite, tilde_decode
from datasette.utils.asgi import AsgiStream, BadRequest, Request, Response
from datasette.views.table import TableView

from lgsco.web.guard import StreamFailed
from lgsco.web.metadata import NAME
from lgsco.web.paging import PAGE, Page, Term, decode_position, make_order, resolve_hashed_values

_ROWID = "rowid"


class Table(TableView):  # type: ignore[misc]  # Datasette has no types
    """A table or view, paged by `lgsco.web.paging`; or a canned query, as Datasette shows it."""

    _values: tuple[Any, ...] | None = None
    """Position after the previous page of a CSV stream."""

    async def as_csv(self, request: Any, database: str) -> Any:
        if request.args.get("_stream"):
            request = _with(request, _next=None)  # a stream always begins at the first row
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
        """The page to read; None when the address is not of a table or view."""
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
    """Make the stream close the connection when it fails, so that a client cannot take a part for the whole."""

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
    """The sort column of the address, or else of the metadata. Raises BadRequest for two of them."""
    up, down = request.args.get("_sort"), request.args.get("_sort_desc")
    if not up and not down:
        up, down = metadata.get("sort"), metadata.get("sort_desc")
    if up and down:
        raise BadRequest("use _sort or _sort_desc, not both")
    if up or down:
        return Term(up or down, bool(down))
    return None


def _key(primary: list[str], columns: list[Any]) -> tuple[str, ...]:
    """The primary key; the rowid when there is no primary key, or it may be NULL (SQLite allows that)."""
    mine = [column for column in columns if column.name in primary]
    is_rowid = len(mine) == 1 and mine[0].type.upper() == "INTEGER"
    return tuple(primary) if mine and (is_rowid or all(column.notnull for column in mine)) else (_ROWID,)


def _with(request: Any, *, _next: str | None) -> Any:
    """A copy of the request with this `_next`. Keeps parameters with an empty value, because they filter too."""
    pairs = [pair for pair in parse_qsl(request.query_string, keep_blank_values=True) if pair[0] != "_next"]
    if _next is not None:
        pairs.append(("_next", _next))
    scope = {**request.scope, "query_string": urlencode(pairs).encode()}
    return Request(scope, request.receive)
