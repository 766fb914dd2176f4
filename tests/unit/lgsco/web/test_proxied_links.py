"""Links of Datasette that lack the path of the proxy get it, once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from lgsco.web.proxied_links import complete_links

URLS = SimpleNamespace(path=lambda path: f"/archive{path}")


def test_the_link_that_removes_a_condition_is_completed() -> None:
    values: dict[str, Any] = {"extra_wheres_for_ui": [{"text": "a", "remove_url": "/lgsco?b"}]}
    assert complete_links(URLS, values)["extra_wheres_for_ui"] == [{"text": "a", "remove_url": "/archive/lgsco?b"}]


def test_a_link_to_a_binary_value_of_a_query_is_completed_and_other_cells_stay() -> None:
    binary = Markup('<a class="blob-download" href="/lgsco.blob?x">&lt;Binary&gt;</a>')
    cells = [binary, "/lgsco", Markup('<a href="/lgsco">'), str(binary), 7]
    values = complete_links(URLS, {"named_parameter_values": {}, "display_rows": [cells]})
    (completed, *others) = values["display_rows"][0]
    assert completed == Markup('<a class="blob-download" href="/archive/lgsco.blob?x">&lt;Binary&gt;</a>')
    assert isinstance(completed, Markup)
    assert others == cells[1:], "text that looks like a link is not one"


def test_a_page_without_such_links_is_unchanged() -> None:
    assert complete_links(URLS, {"rows": [1]}) == {"rows": [1]}
