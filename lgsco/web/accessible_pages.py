"""Completes the HTML of Datasette 0.65 for screen readers: a language, a main part, labels, the levels of headings.

Its templates have no blocks for these. Text from the database is escaped, so none of it can look like these tags.
"""

from __future__ import annotations

import re

_REPLACED = (
    ("<html>", '<html lang="en">'),
    ('<section class="content">', '<section class="content" role="main">'),
    ('<select name="_filter_column', '<select aria-label="Column of the filter" name="_filter_column'),
    ('<select name="_filter_op', '<select aria-label="Kind of filter" name="_filter_op'),
    ('type="text" name="_filter_value', 'type="text" aria-label="Value of the filter" name="_filter_value'),
    ('<select name="_sort"', '<select aria-label="Sort by" name="_sort"'),
    ('<textarea id="sql-editor"', '<textarea aria-label="SQL" id="sql-editor"'),
    ('class="cross">&#x2716;', 'class="cross" aria-label="Remove">&#x2716;'),
)
_HEADING = re.compile("<h3>(?!<a )")
"""A heading of the third level. Datasette has some right below the title; those with a link are below others."""


def complete(page: str) -> str:
    """Completes a page."""
    for tag, better in _REPLACED:
        page = page.replace(tag, better)
    return _HEADING.sub('<h3 role="heading" aria-level="2">', page)
