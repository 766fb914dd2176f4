"""Which elements of a page are not closed in the order they are opened."""

from __future__ import annotations

import pytest

from ingest.parsing.source_text import read_source

WELL_NESTED = {
    "closed": "<main><article><p>a</p></article></main>",
    "ends left out": "<ul><li>a<li>b<ul><li>c</ul><li>d</ul><p>e<p>f<div>g</div>",
    "definitions": "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
    "table": "<table><tbody><tr><td>a<td>b<tr><th>c<td><p>d</table>",
    "table in a cell": "<table><tr><td><table><tr><td>a</table></table>",
    "options": "<select><option>a<option>b</select>",
    "no skeleton": "<title>a</title><p>b</html>",
    "void": "<p>a<br>b<img src=x><hr>",
    "comment": "<div><!-- </div> --></div>",
    "raw": "<div><script>'</div>'</script><style></div></style><textarea></div></textarea></div>",
    "drawing": "<div><svg><title>a </div> b</title><path d='m0 0'/></svg></div>",
    "quoted": "<div title='</div>'>a</div>",
    "words in a heading": "<h1>a <b>b</b></h1><h2>c</h2>",
    "block in an object or button in a paragraph": "<p><object><div>a</div></object><button><div>b</div></button></p>",
    "list in an object in an item": "<ul><li><object><li>a</object></ul>",
}


@pytest.mark.parametrize("name", WELL_NESTED)
def test_correctly_nested_elements_are_not_wrong(name: str) -> None:
    assert read_source(WELL_NESTED[name]).wrong == frozenset()


@pytest.mark.parametrize(
    ("markup", "wrong"),
    [
        ("<article><p>a</p>", {"article"}),
        ("<p>a</p></article>", {"article"}),
        ("<main><article><p>a</main></article>", {"article", "main"}),
        ("<article><p>a </article> b</p>", {"article", "p"}),
        ("<p>a <article>b</p></article>", {"article", "p"}),
        ("<ul><li>a</article></ul>", {"article"}),
        ("<h2>a<article></h2></article>", {"article", "h2"}),
        ("<h1>a</h2>", {"h1", "h2"}),
        ("<table><p>a</p><tr><td>b</td></tr></table>", {"table"}),
        ("<table><tr>a<td>b</td></tr></table>", {"table"}),
        ("<table><tr><td>a</tr>", {"table"}),
        ("<button>a<p>b", {"button"}),
        ("<a href=x>b<p>c</p>", {"a"}),
        ("<a href=x>b<a href=y>c</a>", {"a"}),
        ("<select><p>a</p></select>", {"p", "select"}),
        ("<option>a", {"option"}),
        ("<nav><li>a</nav></li>", {"li", "nav"}),
    ],
)
def test_incorrectly_nested_elements_are_wrong(markup: str, wrong: set[str]) -> None:
    assert read_source(markup).wrong >= wrong


@pytest.mark.parametrize(
    ("markup", "wrong"),
    [
        ("<main>a<main>b</main></main>", {"main"}),
        ("<form>a<form>b</form></form>", {"form"}),
        ("<a href=x>b<a href=y>c</a></a>", {"a"}),
        ("<button>a<button>b</button>", {"button"}),
        ("<select><option>a<select><p>b</p>", {"select"}),  # the second start ends the first
        ("<datalist><option>a</datalist>", set()),
        ("<p>a<div>b</div></p>", {"p"}),  # the block ends the paragraph
        ("<p><a href=x>b<div>c</div>", {"a"}),
        ("<p><b>a<div>b</div></b>", {"b"}),
        ("<b>a<p>b</b>c</p>", {"b", "p"}),
        ("<h1>a</h2><b>a<p>b</b>c</p>", {"b", "p", "h1", "h2"}),
        ("<ul><li><div>a<li>b</ul>", {"div", "li"}),
        ("<table><tr><td><div>a<td>b</table>", {"div", "td"}),
        ("<table><tbody><div>a<tr><td>b</table>", {"div", "table", "tr"}),
        ("<table><tbody><div>a<tr><td>b</td></tr></tbody></table>", {"div", "table", "tr"}),
        ("<table><tr><td>a<tr><td>b</tr></tr></table>", {"tr"}),  # the second start ended the first row
        ("<table><tr><table><tr><td>a</table></table>", {"table"}),  # the second start ended the first table
        ("<dl><dt>a<dd>b</dt></dl>", {"dt"}),
        ("<h1>a<h2>b</h2>", {"h1", "h2"}),
        ("<div><h1>a</h2></div>", {"h1", "h2"}),  # the end of a heading ends any heading
        ("<ul><li><a href=x>b<li>c</ul>", {"a"}),  # a link goes on after its item
        ("<b><i>a</b>b</i>", set()),  # the parser opens the second one again
        ("</i><select><p>a</select>", {"i", "p", "select"}),
        ("</i><select>a</p></select>", {"i", "p", "select"}),
    ],
)
def test_elements_that_another_one_ends_are_wrong_and_no_others(markup: str, wrong: set[str]) -> None:
    assert read_source(markup).wrong == wrong


def test_element_closed_early_by_another_end_is_wrong() -> None:
    """The second button ends the first one, and with it the article opened in between."""
    assert "article" in read_source("<button>a<article><p><button>b</button></article>").wrong


def test_elements_nested_too_deeply_are_wrong() -> None:
    assert read_source("<div>" * 500 + "</div>" * 500).wrong == frozenset()
    assert read_source("<div>" * 501 + "</div>" * 501).wrong == {"div"}
    assert "article" in read_source("<div>" * 501 + "</div>" * 501 + "<article></article>").wrong
    assert "article" in read_source("<div>" * 600 + "<article></article>" + "</div>" * 600).wrong


def test_characters_of_the_text_are_in_source_order() -> None:
    source = read_source("<title>no</title><table>a &amp; <tr><td>b&#8203;c</td></tr></table><script>no</script>\xa0d")
    assert source.text == "a&bcd"


def test_text_after_the_last_article_is_returned() -> None:
    assert read_source("<article>a</article><article>b</article> c <p>d").after_articles == "cd"


@pytest.mark.parametrize(("markup", "is_so"), [("<ol><li>a</ol>", True), ("<ol><li>a</li>", False), ("<p>a<b>", True)])
def test_places_items_is_false_for_wrongly_nested_lists(markup: str, is_so: bool) -> None:
    assert read_source(markup).places_items is is_so
