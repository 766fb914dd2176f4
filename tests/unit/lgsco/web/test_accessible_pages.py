"""Tests the names and roles that parts of Datasette's pages get for screen readers."""

from __future__ import annotations

import pytest

from lgsco.web.accessible_pages import complete


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<html>", '<html lang="en">'),
        ('<section class="content">', '<section class="content" role="main">'),
        ('<select name="_sort">', '<select aria-label="Sort by" name="_sort">'),
        ('<textarea id="sql-editor">', '<textarea aria-label="SQL" id="sql-editor">'),
        ('<a class="cross">&#x2716;</a>', '<a class="cross" aria-label="Remove">&#x2716;</a>'),
        ("<h3>Tables</h3>", '<h3 role="heading" aria-level="2">Tables</h3>'),
    ],
)
def test_a_part_gets_its_name_or_role(before: str, after: str) -> None:
    assert complete(before) == after


def test_a_heading_with_a_link_keeps_its_level_and_other_words_stay() -> None:
    page = '<h3><a href="/">Home</a></h3><p>an &lt;html&gt; tag</p>'
    assert complete(page) == page
