"""Pages through a table or view so that every row appears once, in any sort and page size.

Datasette 0.65 adds the key to ORDER BY as a tie-breaker from the second page on only. Rows that tie come in another
order on the first page, so some are lost and some are repeated, in JSON, HTML and the CSV stream. Datasette has more
such faults. It compares untyped columns as text, and joins a `_where` that has OR to the condition of the page without
brackets. It drops filters with an empty value from the address of the next page, and pages views by OFFSET without any
order.

The fix is a subclass, `lgsco.web.views.Table`. No plugin hook can change ORDER BY. A newer Datasette does not help:
1.0a41 builds the same SQL, and simonw/datasette#2019 (move paging into a class of its own) is open. The subclass never
passes `_next` on, so Datasette always builds a first page, with its own filters, facets, labels and formats. This
module rewrites the one statement that reads the rows. It raises RuntimeError when Datasette's statement has another
form than the one known here, so an upgrade cannot silently lose rows.

Rows are sorted by the sort column, then by the key: the primary key, the rowid, or the `key` that
`lgsco.web.metadata` names for a view. `_next` holds the last row's values of these columns with their types; the next
page starts after them.

While another program writes, a row appears exactly once if it exists throughout the walk and its sort value does not
change. A row added or removed during the walk may or may not appear. A row with a changed sort value may appear twice
or not at all; sort by the key (`_sort=reference`) to rule that out. A view without a known key is sorted
by all its columns and paged by OFFSET, so its rows appear once only while nobody writes.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from datasette.database import Results
from datasette.utils import escape_sqlite, tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest

Value = int | float | str | bytes | None

_LONG = 500
"""Characters that a value may take in an address. A longer value is replaced by its hash."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")
_HASHED = re.compile(r"h[0-9a-f]{64}")
_START_AGAIN = "start again from the first page"


class Term(NamedTuple):
    """One column of an order."""

    column: str
    descending: bool = False

    @property
    def name(self) -> str:
        """The column, quoted for SQL."""
        return str(escape_sqlite(self.column))

    @property
    def sql(self) -> str:
        """The column with its direction, for ORDER BY."""
        return f"{self.name} desc" if self.descending else self.name


def make_order(sort: Term | None, key: Sequence[str]) -> tuple[Term, ...]:
    """The sort column, then the other columns of the key."""
    rest = tuple(Term(column) for column in key if sort is None or column != sort.column)
    return rest if sort is None else (sort, *rest)


def make_condition_after(terms: Sequence[Term], values: Sequence[Value]) -> tuple[str, dict[str, Value]]:
    """SQL that is true for the rows after the one with these values, and its parameters.

    SQLite sorts NULL first, so in descending order NULL comes last.
    """
    sql = "0"
    parameters: dict[str, Value] = {}
    for place in reversed(range(len(terms))):
        term, value = terms[place], values[place]
        parameter = f"after_{place}"
        if value is None:
            later = "0" if term.descending else f"{term.name} is not null"
            equal = f"{term.name} is null"
        else:
            parameters[parameter] = value
            later = (
                f"{term.name} < :{parameter} or {term.name} is null"
                if term.descending
                else f"{term.name} > :{parameter}"
            )
            equal = f"{term.name} = :{parameter}"
        sql = f"({later} or ({equal} and {sql}))"
        if place == 0 and value is not None and not term.descending:
            sql = f"({term.name} >= :{parameter} and {sql})"  # SQLite uses an index for this, not for OR
    return sql, parameters


# ---------------------------------------------------------------- `_next`


class HashedValue(NamedTuple):
    """Stands for a value that is too long for an address."""

    digest: str


def encode_position(values: Sequence[Value]) -> str:
    """Encodes the values for `_next`: a letter for the type, then the value or, when it is long, its hash."""
    return ",".join(_encode_value(value) for value in values)


def _encode_value(value: Value) -> str:
    match value:
        case None:
            return "n"
        case int():
            return f"i{value}"
        case float():
            return f"r{tilde_encode(repr(value))}"
        case str():
            written = f"t{tilde_encode(value)}"
        case _:
            written = f"b{value.hex()}"
    return written if len(written) <= _LONG else f"h{_digest(value)}"


def _digest(value: str | bytes) -> str:
    kind, data = ("t", value.encode()) if isinstance(value, str) else ("b", value)
    return hashlib.sha256(kind.encode() + data).hexdigest()


def decode_position(written: str, count: int) -> tuple[Value | HashedValue, ...]:
    """Decodes `count` values from `_next`. Raises BadRequest when `encode_position` did not write them."""
    parts = written.split(",")
    if len(parts) != count:
        raise BadRequest(f"_next={written[:80]} does not belong to this table and sort; {_START_AGAIN}")
    return tuple(_decode_value(part) for part in parts)


def _decode_value(part: str) -> Value | HashedValue:
    kind, rest = part[:1], part[1:]
    match kind:
        case "n" if not rest:
            return None
        case "i" if _INTEGER.fullmatch(rest) and -(2**63) <= int(rest) < 2**63:
            return int(rest)
        case "t":
            return str(tilde_decode(rest))
        case "b" if _HEX.fullmatch(rest):
            return bytes.fromhex(rest)
        case "h" if _HASHED.fullmatch(part):
            return HashedValue(rest)
        case "r":
            try:
                number = float(tilde_decode(rest))
            except ValueError:
                pass
            else:
                if not math.isnan(number):
                    return number
    raise BadRequest(f"_next={part[:80]} is not a position in this table; {_START_AGAIN}")


# ---------------------------------------------------------------- the statement


class _Row(tuple[Any, ...]):
    """Behaves as a sqlite3.Row, without the columns that were selected for paging only."""

    __slots__ = ()
    columns: tuple[str, ...] = ()

    def keys(self) -> list[str]:
        return list(self.columns)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            try:
                return super().__getitem__(self.columns.index(item))
            except ValueError:
                raise IndexError(item) from None
        return super().__getitem__(item)


Execute = Callable[..., Awaitable[Any]]


@dataclass(slots=True)
class Page:
    """One page of a table or view. `read` fills in `sql`, `parameters`, `size` and `last`."""

    table: str
    datasette_order: str
    """Datasette's own ORDER BY for a first page, empty for a view without a sort."""
    terms: tuple[Term, ...]
    key: tuple[str, ...]
    """Columns that identify a row, never NULL. Empty for a view without a known key."""
    by_key: bool = True
    """Whether to select the keys first and then the rows by key.

    Not for views, which SQLite would compute twice, and not for FTS5 tables, where `rank` has a value only in the query
    with the MATCH.
    """
    after: tuple[Value, ...] | None = None
    offset: int = 0
    """Used when `key` is empty."""
    sql: str = ""
    """The statement, without the columns selected for paging only."""
    parameters: dict[str, Any] = field(default_factory=dict)
    last: tuple[Value, ...] | None = None
    """The last row's values of `terms`, when more rows follow."""
    size: int = 0

    async def read(self, execute: Execute, sql: str, parameters: dict[str, Any], **options: Any) -> Any:
        """Reads the rows of this page. `sql` and `parameters` are Datasette's for a first page."""
        extra = "".join(f", {term.name}" for term in self.terms)
        self.sql, added = self.statement(sql)
        self.parameters = {**parameters, **added}
        statement, _ = self.statement(sql, extra)
        results = await execute(statement, self.parameters, truncate=True, **options)
        width = len(results.description) - len(self.terms)
        description = results.description[:width]
        row = type("Row", (_Row,), {"__slots__": (), "columns": tuple(column[0] for column in description)})
        shown = results.rows[: self.size]
        self.size = min(self.size, len(shown))  # an answer that is too large has fewer rows
        if self.size and (results.truncated or self.size < len(results.rows)):
            self.last = tuple(shown[-1])[width:]
        return Results([row(tuple(values)[:width]) for values in shown], False, description)

    def statement(self, sql: str, extra: str = "") -> tuple[str, dict[str, Value]]:
        """Rewrites Datasette's statement for this page; also returns the parameters that this adds.

        `extra` is appended to the selected columns. Raises RuntimeError when `sql` is not the statement that
        Datasette 0.65 builds for a first page.
        """
        columns, _, rest = sql.partition(f" from {escape_sqlite(self.table)} ")
        order = f"order by {self.datasette_order} " if self.datasette_order else ""
        found = re.fullmatch(rf"(?:where (?P<where>.*) )?{re.escape(order)} ?limit (?P<limit>\d+)", rest, re.DOTALL)
        if found is None:
            raise RuntimeError(f"Datasette built an unexpected statement for the rows of {self.table}: {sql}")
        self.size = int(found["limit"]) - 1
        conditions = [] if found["where"] is None else [f"({found['where']}\n)"]  # the break ends a comment
        added: dict[str, Value] = {}
        if self.after is not None:
            condition, added = make_condition_after(self.terms, self.after)
            conditions.append(condition)
        return self._select(columns + extra, conditions, found["limit"]), added

    def _select(self, columns: str, conditions: list[str], limit: str) -> str:
        table = escape_sqlite(self.table)
        order = f"order by {', '.join(term.sql for term in self.terms)}"
        where = f" where {' and '.join(conditions)}" if conditions else ""
        if not self.key:
            return f"{columns} from {table}{where} {order} limit {limit} offset {self.offset}"
        if self.by_key:
            # Sort the keys, not whole rows: the texts would go through the sorter.
            key = ", ".join(escape_sqlite(column) for column in self.key)
            chosen = f"select {key} from {table}{where} {order} limit {limit}"
            return f"{columns} from {table} where ({key}) in ({chosen}) {order}"
        if len(self.terms) > 1 and self.terms[0].column == self.key[0] and not self.terms[0].descending:
            # SQLite reads the view in the order of the first column by an index, but would sort all of it for the
            # second. Find the last value of the first column on this page, and sort only the rows up to it.
            first = self.terms[0].name
            start = f"select {first} from {table}{where} order by {first} limit {limit}"
            bound = f"{first} <= (select max({first}) from ({start}))"
            where = f" where {' and '.join([*conditions, bound])}"
        return f"{columns} from {table}{where} {order} limit {limit}"

    def next_position(self) -> str | None:
        """The value of `_next` for the following page; None on the last page."""
        if self.last is None:
            return None
        return encode_position(self.last) if self.key else str(self.offset + self.size)


PAGE: ContextVar[Page | None] = ContextVar("PAGE", default=None)
"""The page of the current request. `lgsco.web.served_file` passes the statement that reads its rows to `Page.read`."""


async def resolve_hashed_values(
    execute: Execute, table: str, terms: Sequence[Term], key: Sequence[str], values: Sequence[Value | HashedValue]
) -> tuple[Value, ...]:
    """Replaces hashes by the values of the row that the key identifies.

    Raises BadRequest when that row is gone or its values have changed.
    """
    found: list[Value] = []
    at = {term.column: value for term, value in zip(terms, values, strict=True)}
    for term, value in zip(terms, values, strict=True):
        if not isinstance(value, HashedValue):
            found.append(value)
            continue
        named = " and ".join(f"{escape_sqlite(column)} = :key_{place}" for place, column in enumerate(key))
        bound = {f"key_{place}": at[column] for place, column in enumerate(key)}
        if any(isinstance(one, HashedValue) for one in bound.values()):
            raise BadRequest(
                f"_next: the key of a row is too long for an address; sort by another column and {_START_AGAIN}"
            )
        rows = (await execute(f"select {term.name} from {escape_sqlite(table)} where {named}", bound)).rows
        if not rows or not isinstance(rows[0][0], str | bytes) or _digest(rows[0][0]) != value.digest:
            raise BadRequest(f"_next: the row before this page has changed since the address was made; {_START_AGAIN}")
        found.append(rows[0][0])
    return tuple(found)
