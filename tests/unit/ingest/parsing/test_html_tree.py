"""Values that an element gets from the elements around it."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsing.html_tree import Inherited, find_common_ancestor, inside, is_footer, outermost, with_ancestors


def element(markup: str, selector: str) -> LexborNode:
    found = LexborHTMLParser(markup).css_first(selector)
    assert found is not None
    return found


PAGE = "<main><article id=a><article id=b><p id=p>x</p></article></article><p id=q>y</p></main>"


def test_the_outermost_element_of_a_tag_is_found() -> None:
    tree = LexborHTMLParser(PAGE)
    articles = outermost("article")
    found = articles.of(tree.css_first("#p"))
    assert found is not None and found.attributes["id"] == "a"
    assert articles.of(tree.css_first("#q")) is None
    assert articles.of(None) is None


def test_an_element_is_inside_itself_and_those_around_it() -> None:
    tree = LexborHTMLParser(PAGE)
    article = tree.css_first("#b")
    assert article is not None
    is_inside = inside(article)
    assert [is_inside.of(tree.css_first(one)) for one in ("#p", "#b", "#a", "#q")] == [True, True, False, False]


def test_inherited_value_is_computed_once_for_each_element() -> None:
    entered: list[str] = []

    def enter(depth: int, node: LexborNode) -> int:
        entered.append(str(node.tag))
        return depth + 1

    tree = LexborHTMLParser("<div><p id=p>a</p><p id=q>b</p></div>")
    depths = Inherited(0, enter)
    first, second = (depths.of(tree.css_first(one)) for one in ("#p", "#q"))
    assert first == second
    assert entered.count("div") == 1
    assert entered.count("p") == 2


def test_innermost_common_ancestor_is_found() -> None:
    tree = LexborHTMLParser(PAGE)
    around = find_common_ancestor(tree.css_first("#p"), tree.css_first("#q"))
    assert around is not None and around.tag == "main"
    assert find_common_ancestor(None, tree.css_first("#q")) is None
    assert [node.tag for node in with_ancestors(tree.css_first("#q"))][:2] == ["p", "main"]


def test_footer_is_recognised_by_its_tag_class_or_id() -> None:
    assert is_footer(element("<footer id=x>a</footer>", "#x"))
    assert is_footer(element("<div id=siteFooter>a</div>", "div"))
    assert is_footer(element("<div class='page-footer wide'>a</div>", "div"))
    assert not is_footer(element("<div class=foot>a</div>", "div"))
