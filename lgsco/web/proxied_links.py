"""Puts the proxy's path, Datasette's `base_url`, before the few links that Datasette 0.65 makes without it."""

from __future__ import annotations

from typing import Any

from datasette.utils import path_with_replaced_args
from markupsafe import Markup

_BINARY = '<a class="blob-download" href="'


def complete_links(urls: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Completes the links among the variables of a table's or a query's template."""
    for condition in values.get("extra_wheres_for_ui", ()):
        condition["remove_url"] = urls.path(condition["remove_url"])
    if "path_with_replaced_args" in values:
        values["path_with_replaced_args"] = lambda request, args: urls.path(path_with_replaced_args(request, args))
    if "named_parameter_values" in values:
        values["display_rows"] = [[_complete_cell(urls, cell) for cell in row] for row in values["display_rows"]]
    return values


def _complete_cell(urls: Any, cell: Any) -> Any:
    if isinstance(cell, Markup) and cell.startswith(f"{_BINARY}/"):
        address, quote, rest = cell.removeprefix(_BINARY).partition('"')
        return Markup(f"{_BINARY}{urls.path(address)}{quote}{rest}")  # noqa: S704  # Datasette's own, with a prefix
    return cell
