"""Tests what the attributes of an element mean: hidden, the marker of a list, the address of a link or button."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsing.blocks import List
from ingest.parsing.html_attributes import (
    has_class,
    hides_element,
    link_target,
    open_item,
    open_list,
    parse_integer,
    parse_style,
)


def element(markup: str, selector: str) -> LexborNode:
    found = LexborHTMLParser(markup).css_first(selector)
    assert found is not None
    return found


def test_declarations_of_a_style_are_parsed_in_lower_case() -> None:
    style = " Display : NONE !important ; color; background: url(a:b) ;"
    assert list(parse_style(style)) == [("display", "none"), ("background", "url(a:b)")]


@pytest.mark.parametrize(
    ("attributes", "hides"),
    [
        ({"hidden": None}, True),
        ({"hidden": "until-found"}, True),
        ({"style": "DISPLAY: None!important"}, True),
        ({"style": "visibility:hidden"}, True),
        ({"style": "visibility: collapse"}, True),
        ({"style": "display:block; visibility: visible"}, False),
        ({"style": "display:none; display:block"}, False),
        ({"style": "visibility:none"}, False),
        ({"style": None}, False),
        ({"class": "hidden"}, False),
    ],
)
def test_an_element_is_hidden_by_its_attribute_or_style(attributes: dict[str, str | None], hides: bool) -> None:
    assert hides_element(attributes) is hides


def test_a_class_is_one_of_the_words_of_the_attribute() -> None:
    node = element("<p class='a label'>x</p>", "p")
    assert [has_class(node, name) for name in ("label", "lab", "a")] == [True, False, True]
    assert not has_class(element("<p class>x</p>", "p"), "label")
    assert not has_class(element("<p>x</p>", "p"), "label")


@pytest.mark.parametrize(
    ("markup", "marker"),
    [
        ("<ol>", "1"),
        ("<ol start=3>", "1"),
        ("<ol type=a>", "a"),
        ("<ol type=A>", "A"),
        ("<ol type=i>", "i"),
        ("<ol type=I>", "I"),
        ("<ol type=1>", "1"),
        ("<ol type=Disc>", "-"),
        *((f"<ol type={name}>", "-") for name in ("none", "disc", "circle", "square")),
        ("<ol type=x>", "1"),
        ("<ol type=a style='list-style-type: upper-roman'>", "I"),
        ("<ol style='LIST-STYLE: Lower-Alpha inside'>", "a"),
        ("<ol style='list-style: inside'>", "1"),
        ("<ol style='list-style: outside'>", "1"),
        ("<ol style='list-style: url(a.png)'>", "-"),
        ("<ol style='list-style: \"decimal\"'>", "-"),
        ("<ol style='list-style: georgian inside'>", "-"),
        ("<ol style='list-style-type: georgian'>", "-"),
        ("<ol style='list-style-type:'>", "1"),
        ("<ol style='list-style-type: decimal; list-style: inside'>", "1"),
        ("<ol style='list-style-type: lower-roman; list-style: inside'>", "i"),
        ("<ol style='color: red'>", "1"),
        ("<ol class='big UPPER-LATIN'>", "A"),
        ("<ol class='lower-romans'>", "1"),
        ("<ol class='lower-greek'>", "1"),
        ("<ol type=none class=lower-alpha>", "-"),
        ("<ul>", "•"),
        ("<ul style='list-style-type: decimal'>", "1"),
        ("<ul style='list-style-type: lower-alpha'>", "•"),
        ("<menu style='list-style: decimal'>", "1"),
    ],
)
def test_a_list_has_the_marker_that_the_page_shows(markup: str, marker: str) -> None:
    tag = markup[1:].split(">", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    found = open_list(element(f"{markup}<li>x", tag), tag, None, may_have_style=True)
    assert (found.marker, found.is_reversed) == (marker, False)


def test_a_style_is_not_looked_up_where_the_page_has_none() -> None:
    node = element("<ul style='list-style-type: decimal'><li>x", "ul")
    assert open_list(node, "ul", None, may_have_style=False).marker == "•"


def test_a_list_has_its_start_its_direction_and_its_parent() -> None:
    parent = open_item(List("1", None, None), {})
    plain = open_list(element("<ol start=' 7 '><li>x", "ol"), "ol", parent, may_have_style=False)
    assert (plain.start, plain.is_reversed, plain.parent) == (7, False, parent)
    other = open_list(element("<ol start=-7 reversed class=x><li>x", "ol"), "ol", parent, may_have_style=False)
    assert (other.start, other.is_reversed, other.parent) == (-7, True, parent)
    bullets = open_list(element("<ul start=7><li>x", "ul"), "ul", parent, may_have_style=False)
    assert (bullets.start, bullets.parent) == (None, parent)


@pytest.mark.parametrize(
    ("marker", "attributes", "shows"),
    [
        ("1", {}, True),
        ("1", {"style": "list-style-type: decimal"}, True),
        ("1", {"style": "list-style-type: none"}, False),
        ("1", {"style": "list-style: lower-alpha"}, False),
        ("1", {"type": "Circle"}, False),
        ("•", {"type": "circle"}, True),
        ("•", {"type": "a"}, True),
        ("1", {"type": "disc", "style": "list-style-type: decimal"}, True),
    ],
)
def test_an_item_shows_the_marker_of_its_list_unless_it_has_another(
    marker: str, attributes: dict[str, str | None], shows: bool
) -> None:
    of = List(marker, None, None, seen=4)  # type: ignore[arg-type]
    item = open_item(of, {**attributes, "value": "9"})
    assert (item.list, item.position, item.value, item.shows_marker) == (of, 4, 9, shows)


@pytest.mark.parametrize(
    ("attribute", "number"),
    [
        *(("12", 12), (" -3\n", -3), ("123456", 123_456)),
        *(("1234567", None), ("1.5", None), ("", None), (None, None), ("１", None), ("+1", None)),
    ],
)
def test_only_a_short_integer_is_a_number(attribute: str | None, number: int | None) -> None:
    assert parse_integer(attribute) == number


@pytest.mark.parametrize(
    ("markup", "selector", "target"),
    [
        ("<a href='/x#y'>", "a", "/x#y"),
        ("<a href=''>", "a", ""),
        ("<a name=top>", "a", None),
        ("<a onclick='go()'>", "a", ""),
        ("<a role=Button>", "a", ""),
        ("<a role=note>", "a", None),
        ("<p role=link>", "p", ""),
        ("<p role=tab>", "p", ""),
        ("<p role=menuitem>", "p", ""),
        ("<p role>", "p", None),
        ("<p>", "p", None),
        ("<select><option>x</select>", "select", ""),
        ("<textarea></textarea>", "textarea", ""),
        ("<button>", "button", ""),
        ("<form action='/go#there'><p><button name=a value=1>", "button", "/go?a=1"),
        ("<form action='/go?x=2'><button name=a>", "button", "/go?x=2&a="),
        ("<form action='/go'><button formaction='/other'>", "button", "/other"),
        ("<form action='/go'><input type=hidden name=chapter value=2><button>", "button", "/go?chapter=2"),
        ("<form action='/go'><input type=hidden value=2><button>", "button", "/go"),
        ("<form action='/go'><input type=submit name=b>", "input", "/go?b="),
        ("<form><input type=hidden name=chapter value=2><button name=a value=1>", "button", "?a=1"),
        ("<select name=chapter><option value=2>x</select>", "option", "?chapter=2"),
        ("<select name=chapter><optgroup><option value=2>x</select>", "option", "?chapter=2"),
        ("<select name=chapter><option value='/x'>x</select>", "option", "/x"),
        ("<select><option value=2>x</select>", "option", "2"),
        ("<select name=chapter><option>x</select>", "option", ""),
    ],
)
def test_a_link_or_form_control_has_the_address_it_leads_to(markup: str, selector: str, target: str | None) -> None:
    node = element(markup if "</" in markup else f"{markup}words", selector)
    assert link_target(node, selector) == target
