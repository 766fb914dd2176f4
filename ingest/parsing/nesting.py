"""Which elements of a page are not closed as they are opened, from its tags in their order, without a tree. Pure.

Where tags are unbalanced or nested wrongly, the parser closes elements earlier or later than the page shows, or moves
what stands in them. Where such an element ends says nothing then. The rules are those of HTML, 13.2.6, as far as
they matter here; where they are simplified, more elements are named, never fewer.
"""

from __future__ import annotations

from collections.abc import Container


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
_TABLES = frozenset(["table", "tbody", "thead", "tfoot", "tr"])
"""Elements that hold rows and cells only; the parser moves all else out of the table."""
_IN_TABLES = _names("caption col colgroup form input script style table tbody td template tfoot th thead tr")
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


class Nesting:
    """Takes the tags of a page one by one. `wrong` names the elements that are not closed as they are opened."""

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        self._open: list[str] = []
        self._closed_by: dict[str, str] = {}
        """The elements that the end of another one closed without an end tag of their own, and which one."""

    def start(self, name: str, *, is_empty: bool = False) -> None:
        """A start tag. `is_empty`: whether it is one of foreign elements that closes itself."""
        open_now = self._open
        last = open_now[-1] if open_now else ""
        if last in _TABLES and name not in _IN_TABLES:
            self.wrong.add("table")
        if name in _CLOSES_PARAGRAPH and "p" in open_now:
            self._close_paragraph()
        if name in _SIBLINGS:
            self._close_siblings(_SIBLINGS[name], name)
        elif name in _HEADINGS and open_now and open_now[-1] in _HEADINGS:
            self.wrong.update((name, open_now.pop()))
        elif name in ("a", "button", "form", "select", "main") and name in open_now:
            self.wrong.add(name)
        if name not in _VOID and not is_empty:
            open_now.append(name)

    def text(self) -> None:
        """Words at this place."""
        if self._open and self._open[-1] in _TABLES:
            self.wrong.add("table")

    def end(self, name: str) -> None:
        """An end tag."""
        open_now = self._open
        if open_now and open_now[-1] == name:
            open_now.pop()
            return
        place = self._find_open({name} if name not in _HEADINGS else _HEADINGS, beyond_scopes=name in _TABLES)
        if place is None:
            self.wrong.add(name)
            if name in self._closed_by:
                self.wrong.add(self._closed_by[name])
            return
        if open_now[place] != name:
            self.wrong.update((name, open_now[place]))
        inner = open_now[place + 1 :]
        del open_now[place:]
        if name in _INLINE:  # the blocks in it stay open
            self.wrong.update(one for one in inner if one not in _INLINE)
            open_now += inner
            return
        for one in inner:
            if one in _MAY_STAY_OPEN:
                self._closed_by[one] = name
            elif one not in _INLINE:
                self.wrong.update((one, name))

    def finish(self) -> frozenset[str]:
        """The elements that were wrong, with those still open at the end of the page."""
        self.wrong.update(one for one in self._open if one not in _MAY_STAY_OPEN)
        return frozenset(self.wrong)

    def _find_open(self, names: Container[str], *, beyond_scopes: bool) -> int | None:
        for place in range(len(self._open) - 1, -1, -1):
            one = self._open[place]
            if one in names:
                return place
            if one in _SCOPES and not beyond_scopes:
                return None
        return None

    def _close_paragraph(self) -> None:
        """A block ends the paragraph it stands in, unless a button or a cell is opened in between."""
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            one = open_now[place]
            if one == "p":
                self.wrong.update(inner for inner in open_now[place + 1 :] if inner not in _INLINE)
                del open_now[place:]
                return
            if one in _SCOPES or one == "button":
                return

    def _close_siblings(self, siblings: frozenset[str], name: str) -> None:
        open_now = self._open
        for place in range(len(open_now) - 1, -1, -1):
            one = open_now[place]
            if one in siblings:
                inner = open_now[place + 1 :]
                unclosed = [other for other in inner if other not in _MAY_STAY_OPEN and other not in _INLINE]
                self.wrong.update(unclosed)
                if unclosed:
                    self.wrong.add(name)
                del open_now[place:]
                if one == name:
                    return
                continue
            if one in _AROUND_SIBLINGS or (one in _SCOPES and name not in _TABLES):
                return
