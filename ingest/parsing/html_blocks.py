"""Splits HTML into blocks. Knows how HTML shows blocks, but not what a decision is: menus and footers are blocks too.

Ignores `script`, `style`, `template`, `noscript`, `svg` and raw data. Elements that their own attributes hide, and
fallbacks that browsers show only if they cannot play an element, become blocks marked as hidden.
"""

from __future__ import annotations

from collections.abc import Set

from selectolax.lexbor import LexborNode

from ingest.parsing.blocks import Block, BlockKind, Item, Link, List, fold, reads_as_heading
from ingest.parsing.html_attributes import has_class, hides_element, link_target, open_item, open_list
from ingest.parsing.source_tags import Mentions, find_mentions

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ol", "ul", "menu", "dir"})
_CELLS = frozenset({"td", "th"})
_OTHER_BLOCKS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form header hgroup hr html legend li main nav optgroup option p pre search section summary table tbody "
    "tfoot thead tr"
)
_BLOCKS = HEADINGS | _LISTS | _CELLS | frozenset(_OTHER_BLOCKS.split())
_NOT_TEXT = frozenset({"script", "style", "template", "noscript", "svg", "head", "title"})
_NOT_TEXT |= frozenset({"iframe", "noembed", "noframes"})
_FALLBACK = frozenset({"audio", "video", "canvas", "datalist"})
_CONTROLS = frozenset({"a", "button", "select", "option", "textarea"})
_LEAVES = HEADINGS | {"p", "li"}
_BOLD = frozenset({"b", "strong"})
_LEADING = frozenset({"b", "strong", "span", "em", "i", "label"})
_BREAK, _LEAD_ENDS = "\x00", "\x01"  # in the buffer only; fold() would drop them, and pages cannot hold them
_DEEPEST = 16
"""Most levels of nested items with markers. Nobody cites deeper, and a page can be made to nest without end."""
_OF_THE_PAGE = HEADINGS | {"table", "article"}
_LISTS_IN_CELLS = frozenset({"ol", "ul", "dl"})
_ANYTHING = Mentions(hidden=True, labels=True, items=True, styles=True, roles=True)
_NOTHING = Mentions(hidden=False, labels=False, items=False, styles=False, roles=False)


class _HtmlReader:
    """Walks a tree without recursion, because pages can nest to any depth, and collects its blocks.

    Most blocks contain only text. `walk` handles those in one step, and leaves the others to methods.
    """

    def __init__(
        self, root: LexborNode, mentions: Mentions, not_text: Set[str] = _NOT_TEXT, without: Set[int] = frozenset()
    ) -> None:
        self._root = root
        self._without = without
        self._mentions = mentions
        self._hides, self._has_labels, self._has_roles = mentions.hidden, mentions.labels, mentions.roles
        self._reads_items = mentions.items
        self._not_text = not_text
        self._may_be_skipped = not_text | _FALLBACK
        self.blocks: list[Block] = []
        self._buffer: list[str] = []
        self._heading = 0  # open headings
        self._bold = 0
        self._open: list[Link] = []  # open links and controls
        self._opened: list[int] = []  # their elements
        self._links: list[Link] = []  # those that have a part in the current block
        self._around: list[str] = []  # the current block's text outside them
        self._plain = False  # whether some text of the buffer is not bold
        self._is_label = False
        self._lists: list[List] = []
        self.lists_opened = 0
        self._items: list[Item] = []
        self._unmarked: Item | None = None  # an open item; no block has its marker yet
        self._at: LexborNode | None = root  # the block element of the next text
        self._left: LexborNode = root  # if that is None, an element in it that has ended

    def walk(self) -> list[Block]:  # a method call for each text would take a twentieth of the time
        buffer, around = self._buffer, self._around
        leaves = frozenset() if self._hides or self._has_roles or self._without else _LEAVES
        above: list[tuple[LexborNode, str]] = []  # the elements around the node
        node = self._root.child
        while node is not None or above:
            if node is None:
                left, tag = above.pop()
                self._leave(left, tag)
                node = left.next
                continue
            if node.is_text_node:
                text = node.text_content or ""
                if not text.isspace():
                    buffer.append(text)
                    if not self._bold:
                        self._plain = True
                    if self._open:
                        self._open[-1].text += text
                    else:
                        around.append(text)
                elif buffer:
                    buffer.append(" ")
                    self._put_beside_links(" ")
                node = node.next
                continue
            tag = node.tag or ""
            down = None
            if (
                tag in leaves
                and (child := node.child) is not None
                and child.next is None
                and not (self._bold or self._open or self._heading)
                and (words := child if child.is_text_node else self._find_words_of_link(child)) is not None
            ):
                if buffer:
                    self._flush()
                links = () if words is child else self._read_only_link(child, words)
                self._put_leaf(node, tag, fold(words.text_content or ""), links)
            elif tag and tag[0] not in "-!":
                down = self._enter(node, tag)
            if down is None:
                node = node.next
            else:
                above.append((node, tag))
                node = down
        self._flush()
        return self.blocks

    def _put_leaf(self, node: LexborNode, tag: str, text: str, links: tuple[Link, ...]) -> None:
        """Adds the block of an element that has only text, or only a link with text."""
        kind: BlockKind = "item"
        item: Item | None
        if tag == "li":
            item = self._next_item(node)
        elif self._unmarked is not None:
            item = self._unmarked
            if text:
                self._unmarked = None
        else:
            kind = "heading" if tag in HEADINGS else "paragraph"
            item = self._items[-1] if self._items else None
        if text:
            self.blocks.append(Block(kind, text, item, (), "", links, "", node))

    def _find_words_of_link(self, node: LexborNode) -> LexborNode | None:
        """Returns the text of a link that has nothing else; None if it may be more."""
        words = node.child
        if node.tag != "a" or words is None or words.tag != "-text" or words.next is not None:
            return None
        return None if (words.text_content or "").isspace() else words

    def _read_only_link(self, node: LexborNode, words: LexborNode) -> tuple[Link, ...]:
        self._links = []
        target = link_target(node, "a")
        return (Link(target, "a", words.text_content or "", 1),) if target is not None else ()

    def _put_beside_links(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text
        else:
            self._around.append(text)

    # ------------------------------------------------------------ elements

    def _enter(self, node: LexborNode, tag: str) -> LexborNode | None:
        """Opens an element and returns its first child to descend to, or None to skip it."""
        if tag == "br":
            if self._buffer:
                self._buffer.append(_BREAK)
                self._put_beside_links(" ")
            return None
        child = node.child
        is_block = tag in _BLOCKS
        if (child is None and not is_block) or (
            (self._hides or self._without or tag in self._may_be_skipped) and self._is_skipped(node, tag)
        ):
            if is_block:
                self._flush()
            return None
        if tag in _CONTROLS or self._has_roles:
            self._open_link(node, tag)
        if is_block:
            return self._enter_block(node, tag, child)
        if tag in _BOLD:
            self._bold += 1
        elif tag == "span" and self._has_labels and has_class(node, "label"):
            self._flush()
            self._is_label = True
        return child

    def _is_skipped(self, node: LexborNode, tag: str) -> bool:
        if tag in self._not_text:
            return True
        return ((self._hides or tag in _FALLBACK) and self._is_hidden(node, tag)) or node.mem_id in self._without

    def _enter_block(self, node: LexborNode, tag: str, child: LexborNode | None) -> LexborNode | None:
        if self._buffer:
            self._flush()
        self._at = node
        if tag == "li":
            self._open_item(node)
        elif tag in HEADINGS:
            self._heading += 1
        elif tag in _LISTS:
            self._lists.append(self._open_list(node, tag))
            self.lists_opened += 1
        elif tag == "dt":
            self._is_label = True
        elif tag == "tr" and not _lays_out(node):
            self._row(node)
            self._at, self._left = None, node
            return None
        if child is None:
            self._leave(node, tag)
        return child

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag in _BLOCKS:
            if self._buffer:
                self._flush()
            if tag == "li" and self._items:
                self._items.pop()
                self._unmarked = None
            elif tag in HEADINGS:
                self._heading -= 1
            elif tag in _LISTS:
                self._lists.pop()
            self._is_label = False
            self._at, self._left = None, node
        elif tag in _BOLD:
            self._bold -= 1
        elif tag == "span" and self._has_labels and (has_class(node, "label") or has_class(node, "value")):
            self._flush()
            self._is_label = False
        if self._opened and self._opened[-1] == node.mem_id:
            self._open.pop()
            self._opened.pop()
        if tag in _LEADING and self._buffer:  # only the first one counts
            self._buffer.append(_LEAD_ENDS)

    def _open_link(self, node: LexborNode, tag: str) -> None:
        target = link_target(node, tag)
        if target is not None:
            link = Link(target, tag)
            self._open.append(link)
            self._opened.append(node.mem_id)
            if tag in _BLOCKS:
                self._flush()
            if self._buffer:
                self._links.append(link)
            else:
                self._links = list(self._open)

    def _open_list(self, node: LexborNode, tag: str) -> List:
        if len(self._items) > _DEEPEST:
            return List("-", None, self._items[_DEEPEST])
        return open_list(node, tag, self._items[-1] if self._items else None, may_have_style=self._mentions.styles)

    def _open_item(self, node: LexborNode) -> None:
        self._unmarked = self._next_item(node)
        self._items.append(self._unmarked)

    def _next_item(self, node: LexborNode) -> Item:
        if not self._lists:  # an item outside any list has no marker
            self._lists.append(List("•", None, None))
        of = self._lists[-1]
        item = open_item(of, node.attributes) if self._reads_items else Item(of, of.seen, None)
        of.seen += 1
        return item

    def _row(self, row: LexborNode) -> None:
        cells: list[str] = []
        links: list[Link] = []
        around: list[str] = []
        cell = row.child
        while cell is not None:
            if cell.tag in _CELLS and not self._is_hidden(cell, cell.tag):
                child = cell.child
                if child is None or (child.tag == "-text" and child.next is None):
                    cells.append(fold(child.text_content or "") if child is not None else "")
                    if cells[-1]:
                        around.append(cells[-1])
                    cell = cell.next
                    continue
                inside: list[Block] = []
                for block in _HtmlReader(cell, self._mentions).walk():
                    (self.blocks if block.is_hidden else inside).append(block)
                cells.append(" ".join(block.text.replace("\n", " ") for block in inside))
                links += (link for block in inside for link in block.links)
                around += (block.around if block.links else block.text for block in inside)
            cell = cell.next
        if any(cells):
            self._links += links
            self._around += around
            self._emit(fold(" | ".join(cells)), tuple(cells))

    def _is_hidden(self, node: LexborNode, tag: str) -> bool:
        """Whether an element is hidden. Its words become a hidden block of their own."""
        if tag not in _FALLBACK and not (self._hides and hides_element(node.attributes)):
            return False
        inside = _HtmlReader(node, _NOTHING).walk()
        text = " ".join(block.text.replace("\n", " ") for block in inside)
        if text:
            self.blocks.append(Block("paragraph", text, node=node, is_hidden=True))
        return True

    # ------------------------------------------------------------ blocks

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
        self._plain = False
        self._around.clear()
        if self._links:
            self._links = list(self._open)

    def _emit(self, text: str, cells: tuple[str, ...] = (), lead: str = "") -> None:
        item = self._items[-1] if self._items else None
        kind: BlockKind = "paragraph"
        if self._unmarked is not None:
            kind, self._unmarked = "item", None
        elif self._heading or (not self._plain and not cells and item is None and reads_as_heading(text)):
            kind = "heading"
        links: tuple[Link, ...] = ()
        around = ""
        if self._links:
            links = tuple(self._links)
            around = fold("".join(self._around)) if self._around else ""
            for link in links:
                link.blocks += 1
        at = self._at or self._left.parent
        self.blocks.append(Block(kind, text, item, cells, lead, links, around, at, self._is_label))
        if cells:
            self._links = list(self._open)
            self._around.clear()


def read_blocks(root: LexborNode, *, tags: bytes | None = None) -> list[Block]:
    """Returns the blocks inside an element in page order, including hidden ones.

    `tags` are the `distinct_tags`, in lower case, of the markup it was parsed from. Attributes that they do not mention
    are not looked up.
    """
    return _HtmlReader(root, _ANYTHING if tags is None else find_mentions(tags)).walk()


def read_article(root: LexborNode, tags: bytes) -> tuple[list[Block], int]:
    """Returns the blocks inside an element, like `read_blocks`, and the number of lists in it."""
    reader = _HtmlReader(root, find_mentions(tags))
    return reader.walk(), reader.lists_opened


def split_html(root: LexborNode, *, without: Set[int] = frozenset()) -> list[Block]:
    """Returns the blocks that a page shows inside an element in page order, without menus and buttons.

    `without` has the `mem_id` of further elements to leave out.
    """
    reader = _HtmlReader(root, _ANYTHING, _NOT_TEXT | {"nav", "button"}, without)
    return [block for block in reader.walk() if not block.is_hidden]


def _lays_out(row: LexborNode) -> bool:
    """Whether a row lays out a part of the page instead of a table's data."""
    if row.parent is None or row.parent.parent is None or row.parent.parent.tag != "table":
        return True
    tags = [node.tag for node in row.traverse()]
    if not _OF_THE_PAGE.isdisjoint(tags):
        return True
    return not _LISTS_IN_CELLS.isdisjoint(tags) and sum(tag in _CELLS for tag in tags) == 1
