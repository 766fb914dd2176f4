"""HTML -> blocks. Knows how HTML shows blocks, and nothing of what a decision is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from selectolax.lexbor import LexborNode

from ingest.blocks import Block, Item, List, Marker, fold, reads_as_heading

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ol", "ul", "menu", "dir"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = (
    _HEADINGS
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
_BOLD = frozenset({"b", "strong"})
_LEADING = frozenset({"b", "strong", "span", "em", "i", "label"})
_BREAK, _LEAD_ENDS = "\x00", "\x01"  # in the buffer only; fold() would drop them, and pages cannot hold them
_FURNITURE_CLASS = re.compile(r"(?:^|\s)(?:breadcrumb|cookie|toolbar)[\w-]*(?:\s|$)", re.IGNORECASE)
_STYLE_MARKERS: tuple[tuple[str, Marker], ...] = (
    ("lower-alpha", "a"),
    ("lower-latin", "a"),
    ("upper-alpha", "A"),
    ("upper-latin", "A"),
    ("lower-roman", "i"),
    ("upper-roman", "I"),
)


class _HtmlReader:
    """Walks a tree without recursion (pages nest as deep as they like) and collects its blocks."""

    def __init__(self, root: LexborNode, chrome: Callable[[LexborNode], bool] | None = None) -> None:
        self._root = root
        self._chrome = chrome
        self.blocks: list[Block] = []
        self._buffer: list[str] = []
        self._heading = 0
        self._bold = 0
        self._link = 0
        self._plain = False  # some text of the buffer is not bold
        self._unlinked = False  # some text of the buffer is not a link within the page
        self._lists: list[tuple[List, int]] = []  # open lists, each with the number of items seen
        self._items: list[Item] = []  # open items
        self._unmarked: Item | None = None  # an open item whose marker no block bears yet
        self._at: LexborNode = root

    def walk(self) -> list[Block]:
        root_id = self._root.mem_id
        node = self._root.child
        while node is not None:
            tag = node.tag
            down = None
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag is not None and tag[0] not in "-!":
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
                    return self.blocks
                node = parent
                self._leave(node, node.tag or "")
        self._flush()
        return self.blocks

    def _text(self, text: str) -> None:
        if not self._buffer:
            if text.isspace():
                return
        elif text.isspace():
            self._buffer.append(" ")
            return
        self._buffer.append(text)
        if not self._bold:
            self._plain = True
        if not self._link:
            self._unlinked = True

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
            if tag in _HEADINGS:
                self._heading += 1
            elif tag in _LISTS:
                self._lists.append((_html_list(node, tag, self._items[-1] if self._items else None), 0))
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
        elif tag == "a" and (node.attributes.get("href") or "").startswith("#"):
            self._link += 1
        elif tag == "span" and _has_class(node, "label"):
            self._flush()
        return child

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
            if tag in _HEADINGS:
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
            if (node.attributes.get("href") or "").startswith("#"):
                self._link -= 1
        elif tag == "span" and (_has_class(node, "label") or _has_class(node, "value")):
            self._flush()
        if tag in _LEADING and self._buffer and _LEAD_ENDS not in self._buffer:
            self._buffer.append(_LEAD_ENDS)

    def _open_item(self, node: LexborNode) -> None:
        if not self._lists:  # an item outside any list is marked by nothing
            self._lists.append((List("•", None, None), 0))
        of, seen = self._lists[-1]
        self._lists[-1] = (of, seen + 1)
        item = Item(of, seen, _integer(node.attributes.get("value")))
        self._items.append(item)
        self._unmarked = item

    def _row(self, row: LexborNode) -> None:
        cells: list[str] = []
        cell = row.child
        while cell is not None:
            if cell.tag in _CELLS:
                inside = _HtmlReader(cell).walk()
                if inside:
                    cells.append(" ".join(block.text.replace("\n", " ") for block in inside))
            cell = cell.next
        if cells:
            self._emit(" | ".join(cells), tuple(cells))

    def _flush(self) -> None:
        if self._buffer:
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
        kind: Literal["heading", "item", "paragraph"] = "paragraph"
        if self._unmarked is not None:
            kind, self._unmarked = "item", None
        elif self._heading or (not self._plain and not cells and item is None and reads_as_heading(text)):
            kind = "heading"
        self.blocks.append(Block(kind, text, item, cells, lead, not self._unlinked and not cells, self._at))

    def _is_furniture(self, node: LexborNode, tag: str) -> bool:
        if self._chrome is not None and tag in ("header", "footer", "aside") and self._chrome(node):
            return True
        attributes = node.attributes
        if not attributes:
            return False
        if "hidden" in attributes or attributes.get("role") == "navigation":
            return True
        if tag not in _BLOCKS:
            return False
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        return names != " " and _FURNITURE_CLASS.search(names) is not None


def from_html(root: LexborNode, *, chrome: Callable[[LexborNode], bool] | None = None) -> list[Block]:
    """The blocks inside an element, in the order of the page.

    `chrome` is asked of each `header`, `footer` and `aside` whether it is the page's and left out: for a root that
    holds more than the document.
    """
    return _HtmlReader(root, chrome).walk()


def _lays_out(row: LexborNode) -> bool:
    """Whether a table's row holds a piece of the page rather than data."""
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
