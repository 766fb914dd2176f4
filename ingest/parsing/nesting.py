"""Finds the elements of a page that are not closed in the order they are opened, from the sequence of its tags.

If tags are unbalanced or nested wrongly, the parser closes elements earlier or later than the page shows, or moves
their content. The end of such an element then proves nothing. The rules are those of HTML, 13.2.6, as far as they
matter here. Simplified rules report more elements, never fewer. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_MAY_STAY_OPEN = _names("p li dt dd option optgroup tr td th tbody thead tfoot colgroup rt rp html head body")
"""Elements with an optional end tag."""
_INLINE = _names(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span "
    "strike strong sub sup time tt u var"
)
"""Elements that the parser opens again after a block has closed them."""
_CLOSES_PARAGRAPH = _names(
    "address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section summary "
    "table ul"
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SCOPES = frozenset(["caption", "marquee", "object", "table", "td", "template", "th"])
"""Elements that limit the search for the start tag of an end tag."""
_BARRIERS = {
    **dict.fromkeys(("table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"), frozenset({"template"})),
    "p": _SCOPES | {"button"},
    "li": _SCOPES | {"ol", "ul"},
}
"""The limits of the end tags that have others than `_SCOPES`."""
_TABLES = frozenset(["table", "tbody", "thead", "tfoot", "tr"])
"""Elements that contain only rows and cells; the parser moves anything else out of the table."""
_IN_TABLES = _names("caption col colgroup form input script style table tbody td template tfoot th thead tr")
_HIDDEN_IN_TABLES = frozenset(["form", "input", "script", "style", "template"])
_CELLS = frozenset(["caption", "td", "template", "th"])
_SIBLINGS = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option"}),
    "optgroup": frozenset({"option", "optgroup"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "tr": frozenset({"td", "th", "tr"}),
    **dict.fromkeys(("tbody", "thead", "tfoot"), frozenset({"td", "th", "tr", "tbody", "thead", "tfoot"})),
}
"""The elements that a start tag closes, unless a list or table around it was opened in between."""
_AROUND_SIBLINGS = _names("ol ul menu dir dl select datalist table")
_IN_SELECT = frozenset(["hr", "optgroup", "option", "script", "select", "template"])
"""The elements that a select may contain; the parser drops all other tags in it."""
_STRUCTURE = frozenset(["article", "aside", "footer", "header", "main", "nav", "section"])
_DEEPEST = 500
"""Most open elements. Chromium builds no deeper tree, and deep pages can take a long time; beyond it nothing is
trusted.
"""


class Nesting:
    """Processes the tags of a page one by one.

    `wrong` has the elements that are not closed in the order they are opened. `ended_early` has those in which another
    element was still open at their end; that element may continue after it.
    """

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        self.ended_early: set[str] = set()
        self._open: list[str] = []
        self._closed_by: dict[str, str] = {}
        """Elements that another element's end closed without an end tag of their own, and that other element."""
        self._is_too_deep = False
        self._in_select = False

    def start(self, name: str, *, is_empty: bool = False) -> None:
        """Processes a start tag. `is_empty`: whether it is a foreign element (SVG, MathML) that closes itself."""
        open_now = self._open
        if self._is_too_deep or len(open_now) >= _DEEPEST:
            self._is_too_deep = True
            self.wrong.add(name)
            return
        if self._in_select and name not in _IN_SELECT:
            self.wrong |= {name, "select"}
            return
        last = open_now[-1] if open_now else ""
        if last in _TABLES and name not in _IN_TABLES:
            self.wrong.add("table")
        if name in _CLOSES_PARAGRAPH and "p" in open_now:
            self._close_paragraph(name)
        if name == "option" and not any(one in ("select", "datalist") for one in open_now):
            self.wrong.add(name)
        if name in _IN_TABLES:
            self._return_to_table(name)
        if name in _SIBLINGS:
            self._close_siblings(_SIBLINGS[name], name)
        elif name in _HEADINGS and open_now and open_now[-1] in _HEADINGS:
            self.wrong.update((name, open_now.pop()))
        elif name in ("a", "button", "form", "select", "main") and name in open_now:
            self.wrong.add(name)
            if name in ("button", "select"):  # its start ends the open one
                self.end(name)
                if name == "select":
                    return
        if name not in _VOID and not is_empty:
            open_now.append(name)
            self._in_select = self._in_select or name == "select"

    def text(self) -> None:
        """Processes text at this place."""
        if self._open and self._open[-1] in _TABLES:
            self.wrong.add("table")

    def end(self, name: str) -> None:
        """Processes an end tag."""
        open_now = self._open
        if self._is_too_deep:
            return
        if self._in_select and name not in _IN_SELECT:
            self.wrong |= {name, "select"}
            return
        if name == "select":
            self._in_select = False
        if open_now and open_now[-1] == name:
            open_now.pop()
            return
        place = self._find_open(name)
        if place is None:
            self.wrong.add(name)
            if name in self._closed_by:
                self.wrong.add(self._closed_by[name])
            return
        if open_now[place] != name:
            self.wrong.update((name, open_now[place]))
        self.ended_early.add(name)
        inner = open_now[place + 1 :]
        del open_now[place:]
        if name in _INLINE:  # the blocks in it stay open
            blocks = set(inner) - _INLINE
            if blocks:
                self.wrong |= {name, *blocks}
            open_now += inner
            return
        self._closed_by.update((one, name) for one in inner if one in _MAY_STAY_OPEN)
        self._note_unclosed(inner, name)

    def finish(self) -> frozenset[str]:
        """Returns the wrong elements, with those still open at the end of the page."""
        self.wrong.update(one for one in self._open if one not in _MAY_STAY_OPEN)
        return frozenset(self.wrong)

    def _find_open(self, name: str) -> int | None:
        """Finds the element that an end tag closes. The end tag of any heading closes any heading."""
        names = _HEADINGS if name in _HEADINGS else (name,)
        barriers = _BARRIERS.get(name, _SCOPES)
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                return place
            if self._open[place] in barriers:
                return None
        return None

    def _note_unclosed(self, inner: Iterable[str], *closed_by: str) -> None:
        """Records the elements inside one that is closed. Inline elements continue after it, so only links matter."""
        unclosed = [one for one in inner if one == "a" or not (one in _MAY_STAY_OPEN or one in _INLINE)]
        self.wrong.update(unclosed)
        if any(one != "a" for one in unclosed):
            self.wrong.update(closed_by)

    def _close_paragraph(self, name: str) -> None:
        """Closes the paragraph that a block ends, unless a button or a cell was opened in between."""
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            one = open_now[place]
            if one == "p":
                self._note_unclosed(open_now[place + 1 :])
                del open_now[place:]
                if name in _STRUCTURE:  # a later </p> may show that the block is misplaced
                    self._closed_by["p"] = name
                return
            if one in _SCOPES or one == "button":
                return

    def _return_to_table(self, name: str) -> None:
        """Closes what a row or cell ends inside a table but outside any cell; a table there ends the outer table."""
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            if open_now[place] in _CELLS:
                return
            if open_now[place] in _TABLES:
                if name == "table":
                    self.end(name)
                elif name not in _HIDDEN_IN_TABLES:
                    self._note_unclosed(open_now[place + 1 :], name)
                    del open_now[place + 1 :]
                return

    def _close_siblings(self, siblings: frozenset[str], name: str) -> None:
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            one = open_now[place]
            if one in siblings:
                self._note_unclosed(open_now[place + 1 :], name)
                del open_now[place:]
                if one == name:
                    return
                continue
            if one in _AROUND_SIBLINGS or (one in _SCOPES and name not in _TABLES):
                return
