"""HTML -> blocks. Knows how HTML shows blocks, and nothing of what a decision is."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from ingest.parsing.blocks import Block, BlockKind, Item, List, Marker, fold, reads_as_heading

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ol", "ul", "menu", "dir"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = (
    HEADINGS
    | _LISTS
    | _CELLS
    | frozenset(
        [
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
            "dialog",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "header",
            "hgroup",
            "hr",
            "html",
            "legend",
            "li",
            "main",
            "nav",
            "optgroup",
            "option",
            "p",
            "pre",
            "search",
            "section",
            "summary",
            "table",
            "tbody",
            "tfoot",
            "thead",
            "tr",
        ]
    )
)
_NOT_TEXT = frozenset({"script", "style", "template", "head", "nav", "button"})
_LEAVES = HEADINGS | {"p", "li"}
_BOLD = frozenset({"b", "strong"})
_LEADING = frozenset({"b", "strong", "span", "em", "i", "label"})
_BREAK, _LEAD_ENDS = "\x00", "\x01"  # in the buffer only; fold() would drop them, and pages cannot hold them
_DEEPEST = 16
"""Items in items beyond which a list's marker is not asked about: nobody cites that deep, and pages can be made to."""

_FURNITURE_CLASS = re.compile(r"(?:^|\s)(?:breadcrumb|cookie|toolbar)[\w-]*(?:\s|$)", re.IGNORECASE)
_STYLE_MARKERS: tuple[tuple[str, Marker], ...] = (
    ("lower-alpha", "a"),
    ("lower-latin", "a"),
    ("upper-alpha", "A"),
    ("upper-latin", "A"),
    ("lower-roman", "i"),
    ("upper-roman", "I"),
)


class _Mentions(NamedTuple):
    """Which words the source of the markup holds at all: reading attributes costs more than all the rest."""

    hidden: bool
    furniture: bool
    labels: bool
    values: bool


_ANYTHING = _Mentions(hidden=True, furniture=True, labels=True, values=True)


class _HtmlReader:
    """Walks a tree without recursion (pages nest as deep as they like) and collects its blocks.

    Most blocks hold nothing but text. `walk` takes those in one step, and leaves the rest to methods.
    """

    def __init__(self, root: LexborNode, mentions: _Mentions, chrome: Set[int] = frozenset()) -> None:
        self._root = root
        self._mentions = mentions
        self._chrome = chrome
        self.blocks: list[Block] = []
        self._buffer: list[str] = []
        self._heading = 0  # open headings
        self._bold = 0
        self._link = 0
        self._links: list[bool] = []  # open links, each whether it leads to a place within the page
        self._plain = False  # some text of the buffer is not bold
        self._unlinked = False  # some text of the buffer is not a link within the page
        self._lists: list[List] = []
        self._items: list[Item] = []
        self._unmarked: Item | None = None  # an open item whose marker no block bears yet
        self._at: LexborNode = root

    def walk(self) -> list[Block]:
        root_id = self._root.mem_id
        buffer, items, lists, blocks = self._buffer, self._items, self._lists, self.blocks
        leaves = frozenset() if self._mentions.hidden or self._mentions.furniture else _LEAVES
        values = self._mentions.values
        node = self._root.child
        while node is not None:
            tag = node.tag or ""
            down = None
            if tag == "-text":
                text = node.text_content or ""
                if not text.isspace():
                    buffer.append(text)
                    self._plain = self._plain or not self._bold
                    self._unlinked = self._unlinked or not self._link
                elif buffer:
                    buffer.append(" ")
            elif (
                tag in leaves
                and (child := node.child) is not None
                and child.tag == "-text"
                and child.next is None
                and not (self._bold or self._link or self._heading)
            ):
                if buffer:
                    self._flush()
                text = fold(child.text_content or "")
                if tag == "li" and lists:
                    of = lists[-1]
                    item = Item(of, of.seen, _integer(node.attributes.get("value")) if values else None)
                    of.seen += 1
                    if text:
                        blocks.append(Block("item", text, item, (), "", False, node))
                elif text and self._unmarked is not None:
                    blocks.append(Block("item", text, self._unmarked, (), "", False, node))
                    self._unmarked = None
                elif text:
                    kind: BlockKind = "heading" if tag in HEADINGS else "paragraph"
                    blocks.append(Block(kind, text, items[-1] if items else None, (), "", False, node))
            elif tag and tag[0] not in "-!":
                down = self._enter(node, tag)
            if down is not None:
                node = down
                continue
            while True:
                following = node.next
                if following is not None:
                    node = following
                    break
                parent = node.parent
                if parent is None or parent.mem_id == root_id:
                    self._flush()
                    return blocks
                node = parent
                self._leave(node, node.tag or "")
        self._flush()
        return blocks

    def _enter(self, node: LexborNode, tag: str) -> LexborNode | None:
        """Opens an element and returns its first child to go down to, or None to pass it by."""
        if tag == "br":
            if self._buffer:
                self._buffer.append(_BREAK)
            return None
        child = node.child
        if tag in _NOT_TEXT or (child is None and tag not in _BLOCKS) or self._is_furniture(node, tag):
            if tag in _BLOCKS:
                self._flush()
            return None
        if tag in _BLOCKS:
            self._flush()
            self._at = node
            if tag in HEADINGS:
                self._heading += 1
            elif tag in _LISTS:
                self._lists.append(self._open_list(node, tag))
            elif tag == "li":
                self._open_item(node)
            elif tag == "tr" and not _lays_out(node):
                self._row(node)
                return None
            if child is None:
                self._leave(node, tag)
            return child
        if tag in _BOLD:
            self._bold += 1
        elif tag == "a":
            self._links.append((node.attributes.get("href") or "").startswith("#"))
            self._link += self._links[-1]
        elif tag == "span" and self._mentions.labels and _has_class(node, "label"):
            self._flush()
        return child

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
            if tag in HEADINGS:
                self._heading -= 1
            elif tag in _LISTS:
                self._lists.pop()
            elif tag == "li" and self._items:
                self._items.pop()
                self._unmarked = None
            return
        if tag in _BOLD:
            self._bold -= 1
        elif tag == "a":
            self._link -= self._links.pop()
        elif tag == "span" and self._mentions.labels and (_has_class(node, "label") or _has_class(node, "value")):
            self._flush()
        if tag in _LEADING and self._buffer:  # the first of them counts
            self._buffer.append(_LEAD_ENDS)

    def _open_list(self, node: LexborNode, tag: str) -> List:
        if len(self._items) > _DEEPEST:
            return List("-", None, self._items[_DEEPEST])
        return _html_list(node, tag, self._items[-1] if self._items else None)

    def _open_item(self, node: LexborNode) -> None:
        if not self._lists:  # an item outside any list is marked by nothing
            self._lists.append(List("•", None, None))
        of = self._lists[-1]
        item = Item(of, of.seen, _integer(node.attributes.get("value")) if self._mentions.values else None)
        of.seen += 1
        self._items.append(item)
        self._unmarked = item

    def _row(self, row: LexborNode) -> None:
        cells: list[str] = []
        cell = row.child
        while cell is not None:
            if cell.tag in _CELLS:
                inside = _HtmlReader(cell, self._mentions).walk()
                if inside:
                    cells.append(" ".join(block.text.replace("\n", " ") for block in inside))
            cell = cell.next
        if cells:
            self._emit(" | ".join(cells), tuple(cells))

    def _flush(self) -> None:
        if not self._buffer:
            return
        raw = "".join(self._buffer)
        self._buffer.clear()
        lead = ""
        if _LEAD_ENDS in raw:
            before, _, after = raw.partition(_LEAD_ENDS)
            raw = before + after.replace(_LEAD_ENDS, "")
            lead = fold(before) if after else ""
        if _BREAK in raw:
            text = "\n".join(filter(None, map(fold, raw.split(_BREAK))))
        else:
            text = fold(raw)
        if text:
            self._emit(text, (), lead)
        self._plain = self._unlinked = False

    def _emit(self, text: str, cells: tuple[str, ...] = (), lead: str = "") -> None:
        item = self._items[-1] if self._items else None
        kind: BlockKind = "paragraph"
        if self._unmarked is not None:
            kind, self._unmarked = "item", None
        elif self._heading or (not self._plain and not cells and item is None and reads_as_heading(text)):
            kind = "heading"
        self.blocks.append(Block(kind, text, item, cells, lead, not self._unlinked and not cells, self._at))

    def _is_furniture(self, node: LexborNode, tag: str) -> bool:
        if self._chrome and node.mem_id in self._chrome:
            return True
        if not self._mentions.hidden and (not self._mentions.furniture or tag not in _BLOCKS):
            return False
        attributes = node.attributes
        if not attributes:
            return False
        if "hidden" in attributes or attributes.get("role") == "navigation":
            return True
        if tag not in _BLOCKS:
            return False
        return _FURNITURE_CLASS.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''}") is not None


def from_html(root: LexborNode, *, source: bytes | None = None, chrome: Set[int] = frozenset()) -> list[Block]:
    """The blocks inside an element, in the order of the page.

    `source`: the markup it was parsed from, in lower case: what that does not mention need not be looked for.
    `chrome`: the elements (`mem_id`) that are the page's and left out, for a root that holds more than the document.
    """
    mentions = _ANYTHING
    if source is not None:
        mentions = _Mentions(
            hidden=b"hidden" in source or b"navigation" in source,
            furniture=b"breadcrumb" in source or b"cookie" in source or b"toolbar" in source,
            labels=b"label" in source,
            values=b"value=" in source or b"value =" in source,
        )
    return _HtmlReader(root, mentions, chrome).walk()


def _lays_out(row: LexborNode) -> bool:
    """Whether a row holds a piece of the page rather than a table's data. Only in a drawing it stands in no table,
    and there rows hold rows."""
    if row.parent is None or row.parent.parent is None or row.parent.parent.tag != "table":
        return True
    if row.css_first("h1,h2,h3,h4,h5,h6,table,article") is not None:
        return True
    return row.css_first("ol,ul,dl") is not None and len(row.css("td,th")) == 1


def _html_list(node: LexborNode, tag: str, parent: Item | None) -> List:
    if tag != "ol":
        return List("•", None, parent)
    attributes = node.attributes
    kind = attributes.get("type") or ""
    marker: Marker = "1"
    if kind in ("a", "A", "i", "I"):
        marker = kind  # type: ignore[assignment]  # one of Marker, as the line above says
    else:
        shown = f"{attributes.get('style') or ''} {attributes.get('class') or ''}".lower()
        if shown != " ":
            marker = next((marker for name, marker in _STYLE_MARKERS if name in shown), "1")
    return List(marker, _integer(attributes.get("start")), parent)


def _integer(attribute: str | None) -> int | None:
    return int(attribute) if attribute and re.fullmatch(r"\s*-?\d{1,6}\s*", attribute, re.ASCII) else None


def _has_class(node: LexborNode, name: str) -> bool:
    return name in (node.attributes.get("class") or "").split()
