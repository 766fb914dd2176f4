"""Answers the search page, and the same results as JSON and CSV."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast, get_args
from urllib.parse import urlencode

from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import Response
from markupsafe import Markup, escape

from lgsco.hit_rows import COLUMNS, as_object, describe_searched, list_rows
from lgsco.web.gate import VISIT
from lgsco.web.row_reader import interrupting, refusing_too_much
from storage.facts import Count, FactCounts, find_facts
from storage.query.parser import make_filter
from storage.query.passages import Marks, mark_words, shorten
from storage.query.tree import Field, Filter, QueryError
from storage.ranking import Order
from storage.search import Hit, Paragraph, Results, search

_ON_A_PAGE = 20
_ON_A_PAGE_MOST = 100
_PAGES_MOST = 1_000
_EXCERPT_CHARACTERS = 500
_NAMES_SHOWN = 10
"""Names of each fact that are offered with their counts, the most frequent ones."""
_TITLES: dict[str, str] = {"outcome": "Outcome", "category": "Category", "authority": "Authority"}
Address = Callable[[str], str]
"""Returns the address of a decision's page for its reference."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of an address of the search page."""

    query: str
    facts: dict[str, str]
    """The filters that are filled in."""
    order: Order
    page: int
    """From 1."""
    size: int
    error: str | None = None
    """The parameters that are not valid."""

    @property
    def is_empty(self) -> bool:
        return not self.query.strip() and not self.facts

    def filters(self) -> list[Filter]:
        """Returns the filters. Raises QueryError."""
        return [make_filter(cast("Field", field), value) for field, value in self.facts.items()]

    def address(self, facts: dict[str, str] | None = None, *, page: int = 1) -> str:
        """Returns the part of an address after `?`, with some facts replaced; an empty one is left out."""
        values: dict[str, str] = {"query": self.query, **self.facts, **(facts or {})}
        if self.order != "relevance":
            values["sort"] = self.order
        if page > 1:
            values["page"] = str(page)
        if self.size != _ON_A_PAGE:
            values["_size"] = str(self.size)
        return urlencode({name: value for name, value in values.items() if value})


def read_asked(arguments: Any) -> Asked:
    """Reads the parameters of the address. One that is not valid counts as not given, and is named in `error`."""
    errors: list[str] = []

    def number(name: str, default: int, most: int) -> int:
        typed = arguments.get(name) or str(default)
        if typed.isascii() and typed.isdecimal() and len(typed) < 7 and 1 <= int(typed) <= most:
            return int(typed)
        errors.append(f"{name}={typed[:40]} is not valid; write an integer from 1 to {most:,}")
        return default

    order = arguments.get("sort") or "relevance"
    if order not in get_args(Order):
        errors.append(f"sort={order[:40]} is not valid; write {' or '.join(get_args(Order))}")
        order = "relevance"
    typed: dict[str, str] = {field: (arguments.get(field) or "").strip() for field in get_args(Field)}
    facts = {field: value for field, value in typed.items() if value}
    page, size = number("page", 1, _PAGES_MOST), number("_size", _ON_A_PAGE, _ON_A_PAGE_MOST)
    return Asked(arguments.get("query") or "", facts, cast("Order", order), page, size, "; ".join(errors) or None)


async def answer_search(request: Any, datasette: Any) -> Any:
    """Answers `/lgsco/search`, `.json` and `.csv`."""
    database = datasette.get_database(route=tilde_decode(request.url_vars["database"]))
    await datasette.ensure_permissions(request.actor, [("view-database", database.name), "view-instance"])
    asked = read_asked(request.args)
    form = request.url_vars["format"]
    results, error = await _find(datasette, database, asked, count=form != "csv")

    def address(reference: str) -> str:
        return str(datasette.urls.row(database.name, "decisions", tilde_encode(reference)))

    def whole_address(reference: str) -> str:
        return str(datasette.absolute_url(request, address(reference)))

    if form:
        if asked.is_empty and error is None:
            error = "the address has no query; add query="
        return _answer_data(datasette, request, asked, form, results, error, whole_address)
    names = await database.execute_fn(_find_all_names)
    shown: dict[str, Any] = {"metadata": datasette.metadata(), "asked": asked, "error": error, "names": names}
    shown["sentence"] = error and _begin_sentence(error)
    shown |= {"results": results, "titles": _TITLES, "database": database.name, "private": False}
    if results is not None:
        shown |= _describe(address, asked, results)
    page = await datasette.render_template("lgsco/search.html", shown, request=request, view_name="search")
    return Response.html(page, status=400 if error else 200)


async def _find(datasette: Any, database: Any, asked: Asked, *, count: bool) -> tuple[Results | None, str | None]:
    """Returns the results, or why there are none; neither if nothing is asked for."""
    if asked.is_empty or asked.error:
        return None, asked.error
    until = time.monotonic() + datasette.setting("sql_time_limit_ms") / 1000
    skip, visit = (asked.page - 1) * asked.size, VISIT.get()

    def find(db: sqlite3.Connection) -> Results:
        with interrupting(db, until, visit), refusing_too_much():
            filters = asked.filters()
            return search(db, asked.query, asked.size, filters=filters, order=asked.order, skip=skip, count=count)

    try:
        return await database.execute_fn(find), None
    except QueryError as wrong:
        return None, str(wrong)
    except sqlite3.OperationalError as wrong:
        if "interrupted" not in str(wrong):
            raise
        return None, "the query took too long; add a filter or a word"


def _find_all_names(db: sqlite3.Connection) -> dict[str, list[str]]:
    return {field: find_facts(db).find_names(cast("Field", field)) for field in _TITLES}


# ---------------------------------------------------------------- the page


def _find_next(asked: Asked, results: Results) -> str | None:
    """Returns the parameters of the next page; None after the last one."""
    has_more = asked.page * asked.size < results.total and asked.page < _PAGES_MOST
    return asked.address(page=asked.page + 1) if has_more else None


def _describe(address: Address, asked: Asked, results: Results) -> dict[str, Any]:
    skipped = (asked.page - 1) * asked.size
    last = skipped + len(results.hits)
    return {
        "hits": [_describe_hit(address, asked.query, hit) for hit in results.hits],
        "first": skipped + 1,
        "last": last,
        "next_address": _find_next(asked, results),
        "previous_address": asked.address(page=asked.page - 1) if asked.page > 1 else None,
        "counts": _describe_counts(asked, results.counts),
        "searched": None if results.searched is None else describe_searched(results.searched),
        "suggested_address": urlencode({"query": results.suggestion, **asked.facts}) if results.suggestion else None,
        "data_address": asked.address(page=asked.page),
    }


def _begin_sentence(error: str) -> str:
    """Returns an error with a capital letter at its start, unless it begins with what was typed."""
    return error[0].upper() + error[1:] if error.startswith(("the ", "there ")) else error


def _describe_hit(address: Address, query: str, hit: Hit) -> dict[str, Any]:
    page = address(hit.reference)
    marked = f"{page}?{urlencode({'q': query})}" if query.strip() and hit.paragraphs else page
    paragraphs = []
    for one in hit.paragraphs:
        text, marks = shorten(one.text, one.marks, _EXCERPT_CHARACTERS)
        place = f"paragraph {one.number}" if one.number else one.section or "beginning"
        paragraphs.append(
            {
                "address": f"{marked}#{one.anchor}",
                "place": place,
                "section": one.section,
                "text": mark_text(text, marks),
            }
        )
    return {
        "hit": hit,
        "address": marked,
        "paragraphs": paragraphs,
        "summary": shorten(hit.summary or "", (), _EXCERPT_CHARACTERS)[0],
    }


def mark_text(text: str, marks: Marks) -> Markup:
    """Returns a text as HTML, with the words found in `mark`."""
    shown, position = Markup(), 0
    for start, end in marks:
        shown += escape(text[position:start]) + Markup("<mark>{}</mark>").format(text[start:end])
        position = end
    return shown + escape(text[position:])


def _describe_counts(asked: Asked, counts: FactCounts | None) -> list[dict[str, Any]]:
    """Describes each fact with its most frequent names; a fact that is asked for has only a link that drops it."""
    described = []
    for field, title in _TITLES.items():
        counted: Sequence[Count] = getattr(counts, field) if counts is not None else ()
        chosen = asked.facts.get(field)
        links = [
            {"name": one.name, "decisions": one.decisions, "address": asked.address({field: one.name})}
            for one in counted[:_NAMES_SHOWN]
        ]
        described.append(
            {
                "title": title,
                "chosen": chosen,
                "drop": asked.address({field: ""}),
                "links": [] if chosen else links,
                "more": max(0, len(counted) - _NAMES_SHOWN),
            }
        )
    return described


# ---------------------------------------------------------------- data


def _answer_data(
    datasette: Any,
    request: Any,
    asked: Asked,
    form: str,
    results: Results | None,
    error: str | None,
    address: Address,
) -> Any:
    if results is None:
        body = {"ok": False, "error": error, "status": 400, "title": None}
        return Response.json(body, status=400) if form == "json" else Response.text(f"{error}\n", status=400)
    if form == "csv":
        return Response.text(_write_csv(address, results, (asked.page - 1) * asked.size + 1))
    rows = [_flatten(address, hit, place) for place, hit in enumerate(results.hits, (asked.page - 1) * asked.size + 1)]
    if request.args.get("_shape") == "array":
        return Response.json(rows)
    following = _find_next(asked, results)
    return Response.json(
        {
            "ok": True,
            "query": asked.query,
            "total": results.total,
            "rows": rows,
            "counts": None if results.counts is None else asdict(results.counts),
            "suggestion": results.suggestion,
            "notes": list(results.notes),
            "next_url": following and datasette.absolute_url(request, f"{request.path}?{following}"),
        }
    )


def _flatten(address: Address, hit: Hit, rank: int) -> dict[str, Any]:
    """Returns a hit as JSON. `snippet` is its best paragraph, the words found in «»."""
    paragraphs = [asdict(one) | {"link": _link(address, hit, one)} for one in hit.paragraphs]
    return {**as_object(hit), "paragraphs": paragraphs, "snippet": _make_snippet(hit), "rank": rank}


def _make_snippet(hit: Hit) -> str | None:
    if not hit.paragraphs:
        return hit.summary
    return mark_words(hit.paragraphs[0].text, hit.paragraphs[0].marks, "«", "»")


def _link(address: Address, hit: Hit, paragraph: Paragraph) -> str:
    return f"{address(hit.reference)}#{paragraph.anchor}"


def _write_csv(address: Address, results: Results, first: int) -> str:
    """Writes a row for each paragraph, with cells that are safe for spreadsheets."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("rank", *COLUMNS, "link"))
    for rank, hit in enumerate(results.hits, first):
        links = [_link(address, hit, one) for one in hit.paragraphs] or [""]
        rows.writerows([rank, *row, link] for row, link in zip(list_rows(hit), links, strict=True))
    return out.getvalue()
