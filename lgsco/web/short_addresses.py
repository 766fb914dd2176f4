"""Leads short addresses to their pages: `/25-004-920`, in any spelling, to the decision, and `/search` to searching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from datasette import Response
from datasette.utils import tilde_encode
from datasette.utils.asgi import NotFound

from lgsco.web.archives import find_archives
from storage.references import typed_reference

_ENCODED = "%[0-9A-Fa-f]{2}"
_BETWEEN = rf"(?:[-+ ._/]|{_ENCODED})*"
_BEFORE_SUFFIX = rf"(?:[-+ ._]|{_ENCODED})*"
_AROUND = rf"(?:[()\[\]]|{_ENCODED})*"
_SPELLING = (
    rf"(?P<spelling>{_AROUND}[0-9]{{2}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{3}}"
    rf"(?:{_BEFORE_SUFFIX}[A-Za-z])?{_AROUND})"
    r"(?P<form>\.json)?$"
)
_PRINTED = r"[0-9]{2}\+[0-9]{3}\+[0-9]{3}[a-z]?(?:\.|$)"
"""The reference as it is printed, in the address of a row."""


def list_below(database: str) -> list[tuple[str, Callable[..., Any]]]:
    """Returns the routes below an archive. `database`: a pattern for its name in an address."""
    return [(rf"^/(?P<database>{database})/decisions/(?!{_PRINTED}){_SPELLING}", _lead_to_decision)]


def list_at_top() -> list[tuple[str, Callable[..., Any]]]:
    """Returns the routes of a server with one archive and nothing else."""
    return [(rf"^/{_SPELLING}", _lead_to_decision), (r"^/search(?P<form>\.json|\.csv)?$", _lead_to_search)]


def _lead_to_decision(request: Any, datasette: Any) -> Any:
    named = request.url_vars
    try:
        key = typed_reference(unquote(named["spelling"]))
    except ValueError as error:
        raise NotFound(str(error)) from error
    address = datasette.urls.row(_find_archive(request, datasette), "decisions", tilde_encode(key))
    return Response.redirect(str(address) + (named["form"] or ""))


def _lead_to_search(request: Any, datasette: Any) -> Any:
    address = f"{datasette.urls.database(_find_archive(request, datasette))}/search{request.url_vars['form'] or ''}"
    return Response.redirect(address + (f"?{request.query_string}" if request.query_string else ""))


def _find_archive(request: Any, datasette: Any) -> str:
    """Returns the name of the archive that the address names, or else of the only one."""
    if "database" in request.url_vars:
        return str(datasette.get_database(route=request.url_vars["database"]).name)
    return next(iter(find_archives(datasette).names))
