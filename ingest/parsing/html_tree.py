"""Finds the elements around an element, and what it inherits from them. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from selectolax.lexbor import LexborNode

T = TypeVar("T")


def with_ancestors(node: LexborNode | None) -> Iterator[LexborNode]:
    """Iterates over an element and the elements around it, nearest first."""
    while node is not None:
        yield node
        node = node.parent


class Inherited(Generic[T]):
    """A value that an element gets from itself and from the elements around it.

    Computed once for each element, because many blocks are deep inside the same elements.
    """

    def __init__(self, outside: T, enter: Callable[[T, LexborNode], T]) -> None:
        """Sets the value `outside` the root, and how an element's value is derived from the one around it."""
        self._outside = outside
        self._enter = enter
        self._known: dict[int, T] = {}

    def of(self, node: LexborNode | None) -> T:
        """Returns the value of an element."""
        known = self._known
        new: list[tuple[int, LexborNode]] = []
        value = self._outside
        while node is not None:
            identity = node.mem_id
            if identity in known:
                value = known[identity]
                break
            new.append((identity, node))
            node = node.parent
        for identity, inner in reversed(new):
            value = known[identity] = self._enter(value, inner)
        return value


def outermost(tag: str) -> Inherited[LexborNode | None]:
    """Returns the outermost element with a tag, among an element and those around it."""
    return Inherited(None, lambda found, node: found if found is not None or node.tag != tag else node)


def inside(element: LexborNode) -> Inherited[bool]:
    """Whether an element is the given one or is inside it."""
    return Inherited(False, lambda is_inside, node: is_inside or node.mem_id == element.mem_id)


def find_common_ancestor(first: LexborNode | None, last: LexborNode | None) -> LexborNode | None:
    """Finds the innermost element that contains both."""
    around_first = {node.mem_id for node in with_ancestors(first)}
    return next((node for node in with_ancestors(last) if node.mem_id in around_first), None)


def is_footer(node: LexborNode) -> bool:
    """Whether an element is a footer by its tag, class or id."""
    if node.tag == "footer":
        return True
    attributes = node.attributes
    return "footer" in f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
