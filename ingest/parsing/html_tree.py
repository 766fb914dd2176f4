"""Where in its page an element stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode


def and_above(node: LexborNode | None) -> Iterator[LexborNode]:
    """An element and those around it, the nearest first."""
    while node is not None:
        yield node
        node = node.parent


def is_inside(node: LexborNode | None, element: LexborNode) -> bool:
    """Whether an element is another one or stands in it."""
    return any(around.mem_id == element.mem_id for around in and_above(node))


def find_outermost(node: LexborNode | None, tag: str) -> LexborNode | None:
    """The outermost element of a tag that a node stands in."""
    found = None
    for around in and_above(node):
        if around.tag == tag:
            found = around
    return found


def find_common_ancestor(first: LexborNode | None, last: LexborNode | None) -> LexborNode | None:
    """The innermost element that holds both."""
    around_first = {node.mem_id for node in and_above(first)}
    return next((node for node in and_above(last) if node.mem_id in around_first), None)


def is_footer(node: LexborNode) -> bool:
    """Whether an element is a footer by its tag, class or id."""
    if node.tag == "footer":
        return True
    attributes = node.attributes
    return "footer" in f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
