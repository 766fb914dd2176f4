"""Interprets the attributes of an HTML element: whether it is hidden, how a list marks items, where a link leads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborNode

from ingest.parsing.blocks import Item, List, Marker

Attributes = Mapping[str, str | None]

_STYLE_MARKERS: Mapping[str, Marker] = {
    "decimal": "1",
    "decimal-leading-zero": "1",
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
    "none": "-",
    "disc": "-",
    "circle": "-",
    "square": "-",
}
"""By the value of `list-style-type`. Bullets of an ordered list are not numbers, so they mean the same as `none`."""
_TYPE_MARKERS: Mapping[str, Marker] = {"1": "1", "a": "a", "A": "A", "i": "i", "I": "I"}
_CLASS_MARKER = re.compile(r"\b(lower|upper)-(alpha|latin|roman)\b")
_MOST_DIGITS = 6
_INTEGER = re.compile(rf"\s*-?\d{{1,{_MOST_DIGITS}}}\s*", re.ASCII)
_STRING_OR_ADDRESS = re.compile(r"\"[^\"]*\"|'[^']*'|url\([^)]*\)")

_START = frozenset({"start"})
_LINK_ROLES = frozenset({"button", "link", "tab", "menuitem"})


def parse_style(attribute: str) -> Iterator[tuple[str, str]]:
    """Parses the declarations of a `style` attribute, in lower case, without `!important`."""
    for declaration in attribute.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            yield name.strip().lower(), value.lower().replace("!important", "").strip()


def hides_element(attributes: Attributes) -> bool:
    """Whether an element's own attributes hide it."""
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    if not style:
        return False
    declared = dict(parse_style(style))
    return declared.get("display") == "none" or declared.get("visibility") in ("hidden", "collapse")


def has_class(node: LexborNode, name: str) -> bool:
    """Whether an element has a class."""
    return name in (node.attributes.get("class") or "").split()


# ------------------------------------------------------------ lists


def open_list(node: LexborNode, tag: str, parent: Item | None, *, may_have_style: bool) -> List:
    """Makes the list of an element. `may_have_style`: whether any element of the page has a style."""
    if tag != "ol":
        is_numbered = may_have_style and _style_marker(node.attributes) == "1"
        return List("1" if is_numbered else "•", None, parent)
    attributes = node.attributes
    if attributes.keys() <= _START:
        return List("1", parse_integer(attributes.get("start")), parent)
    kind = attributes.get("type") or ""
    marker = _style_marker(attributes) or _TYPE_MARKERS.get(kind)
    if marker is None and kind.lower() in ("none", "disc", "circle", "square"):
        marker = "-"
    if marker is None:
        named = _CLASS_MARKER.search((attributes.get("class") or "").lower())
        marker = _STYLE_MARKERS[named[0]] if named else "1"
    return List(marker, parse_integer(attributes.get("start")), parent, is_reversed="reversed" in attributes)


def open_item(of: List, attributes: Attributes) -> Item:
    """Makes the next item of a list."""
    style = _style_marker(attributes)
    shown = style is None or style == of.marker
    if style is None and (attributes.get("type") or "").lower() in ("none", "disc", "circle", "square"):
        shown = of.marker == "•"
    return Item(of, of.seen, parse_integer(attributes.get("value")), shows_marker=shown)


def _style_marker(attributes: Attributes) -> Marker | None:
    """Returns the marker set by the element's own style; None if it sets none. An unknown marker shows no number."""
    style = attributes.get("style")
    if not style or "list-style" not in style.lower():
        return None
    marker: Marker | None = None
    for name, value in parse_style(style):
        words = _STRING_OR_ADDRESS.sub(" - ", value).split()
        if name == "list-style-type" and words:
            marker = _STYLE_MARKERS.get(words[0], "-")
        elif name == "list-style" and words:
            known = [_STYLE_MARKERS[word] for word in words if word in _STYLE_MARKERS]
            marker = known[0] if known else "-" if set(words) - {"inside", "outside"} else marker
    return marker


def parse_integer(attribute: str | None) -> int | None:
    """Parses an attribute as an integer; None if it is not one."""
    if not attribute:
        return None
    if len(attribute) <= _MOST_DIGITS and attribute.isascii() and attribute.isdigit():  # faster than the pattern
        return int(attribute)
    return int(attribute) if _INTEGER.fullmatch(attribute) else None


# ------------------------------------------------------------ links and buttons


def link_target(node: LexborNode, tag: str) -> str | None:
    """Returns the address that an element leads to, or ""; None if it is neither a link nor a form control.

    A named anchor (`<a name="top">`) is not a link.
    """
    attributes = node.attributes
    if tag == "a":
        href = attributes.get("href")
        return href if href is not None else "" if "onclick" in attributes or _has_link_role(attributes) else None
    if tag in ("button", "input"):
        return _button_target(node)
    if tag == "option":
        return _select_target(node)
    if tag in ("select", "textarea"):
        return ""
    return "" if _has_link_role(attributes) else None


def _has_link_role(attributes: Attributes) -> bool:
    return (attributes.get("role") or "").lower() in _LINK_ROLES


def _button_target(node: LexborNode) -> str:
    """Returns the address of a button's form, with the parameter that the button sends."""
    attributes = node.attributes
    form = node.parent
    while form is not None and form.tag != "form":
        form = form.parent
    address = attributes.get("formaction") or (form.attributes.get("action") if form is not None else None) or ""
    if attributes.get("name"):
        return _with_parameter(address, attributes)
    sent = form.css_first("input[type=hidden][name]") if form is not None else None
    return _with_parameter(address, sent.attributes) if sent is not None else address


def _select_target(node: LexborNode) -> str:
    """Returns the address of an option: its value, or the parameter that its `select` sends with it."""
    value = node.attributes.get("value") or ""
    parent = node.parent
    while parent is not None and parent.tag == "optgroup":
        parent = parent.parent
    name = parent.attributes.get("name") if parent is not None else None
    return f"?{name}={value}" if name and value.isdigit() else value


def _with_parameter(address: str, attributes: Attributes) -> str:
    address = address.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}{attributes.get('name')}={attributes.get('value') or ''}"
