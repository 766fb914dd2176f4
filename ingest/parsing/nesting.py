"""Which elements of a page are not closed as they are opened, from its tags in their order, without a tree. Pure.

Where tags are unbalanced or nested wrongly, the parser closes elements earlier or later than the page shows, or moves
what stands in them. Where such an element ends says nothing then. The rules are those of HTML, 13.2.6, as far as
they matter here; where they are simplified, more elements are named, never fewer.
"""

from __future__ import annotations

from collections.abc import Iterable


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_MAY_STAY_OPEN = _names("p li dt dd option optgroup tr td th tbody thead tfoot colgroup rt rp html head body")
"""Elements whose end tag may be left out."""
_INLINE = _names(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span "
    "strike strong sub sup time tt u var"
)
"""Elements that the parser opens again where a block closes them."""
_CLOSES_PARAGRAPH = _names(
    "address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section summary "
    "table ul"
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SCOPES = frozenset(["caption", "marquee", "object", "table", "td", "template", "th"])
"""Elements beyond which an end tag closes nothing."""
_BARRIERS = {
    **dict.fromkeys(("table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"), frozenset({"template"})),
    "p": _SCOPES | {"button"},
    "li": _SCOPES | {"ol", "ul"},
}
"""Those of end tags for which they are others than `_SCOPES`."""
_TABLES = frozenset(["table", "tbody", "thead", "tfoot", "tr"])
"""Elements that hold rows and cells only; the parser moves all else out of the table."""
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
"""What the start of an element closes, unless a list or table around it is opened in between."""
_AROUND_SIBLINGS = _names("ol ul menu dir dl select datalist table")
_IN_SELECT = frozenset(["hr", "optgroup", "option", "script", "select", "template"])
"""What a select holds; the parser drops all other tags in it."""
_STRUCTURE = frozenset(["article", "aside", "footer", "header", "main", "nav", "section"])
_DEEPEST = 500
"""Open elements beyond which nothing is trusted: Chromium builds no deeper tree, and pages can be made to cost much."""


class Nesting:
    """Takes the tags of a page one by one.

    `wrong` names the elements that are not closed as they are opened, `ended_early` those in which another one was
    still open at their end: it may be one that goes on after it.
    """

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        self.ended_early: set[str] = set()
        self._open: list[str] = []
        self._closed_by: dict[str, str] = {}
        """The elements that the end of another one closed without an end tag of their own, and which one."""
        self._is_too_deep = False
        self._in_select = False

    def start(self, name: str, *, is_empty: bool = False) -> None:
        """A start tag. `is_empty`: whether it is one of foreign elements that closes itself."""
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
            if name in ("button", "select"):  # its start ends the one it stands in
                self.end(name)
                if name == "select":
                    return
        if name not in _VOID and not is_empty:
            open_now.append(name)
            self._in_select = self._in_select or name == "select"

    def text(self) -> None:
        """Words at this place."""
        if self._open and self._open[-1] in _TABLES:
            self.wrong.add("table")

    def end(self, name: str) -> None:
        """An end tag."""
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
        """The elements that were wrong, with those still open at the end of the page."""
        self.wrong.update(one for one in self._open if one not in _MAY_STAY_OPEN)
        return frozenset(self.wrong)

    def _find_open(self, name: str) -> int | None:
        """The place of the element that an end tag closes; any heading's closes any heading."""
        names = _HEADINGS if name in _HEADINGS else (name,)
        barriers = _BARRIERS.get(name, _SCOPES)
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                return place
            if self._open[place] in barriers:
                return None
        return None

    def _note_unclosed(self, inner: Iterable[str], *closed_by: str) -> None:
        """Notes the elements in one that is closed. Inline ones go on after it, so that only links matter."""
        unclosed = [one for one in inner if one == "a" or not (one in _MAY_STAY_OPEN or one in _INLINE)]
        self.wrong.update(unclosed)
        if any(one != "a" for one in unclosed):
            self.wrong.update(closed_by)

    def _close_paragraph(self, name: str) -> None:
        """A block ends the paragraph it stands in, unless a button or a cell is opened in between."""
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            one = open_now[place]
            if one == "p":
                self._note_unclosed(open_now[place + 1 :])
                del open_now[place:]
                if name in _STRUCTURE:  # an end tag of the paragraph may show that this is none of its places
                    self._closed_by["p"] = name
                return
            if one in _SCOPES or one == "button":
                return

    def _return_to_table(self, name: str) -> None:
        """Rows and cells end what stands in a table outside any cell; a table ends a table that it stands in so."""
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
