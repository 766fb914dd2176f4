"""Finds the edits between two readings of one decision, in words that are the same for every decision. Pure.

A line that appears or vanishes is one edit: its words, with references, dates, numbers, addresses and the decision's
own authority masked. So a share link that contains the reference is the same edit in each decision. Dated notes and
closing lines do not count as edits: the publisher appends them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher, unified_diff

from ingest.lgo.phrases import is_closing, is_note
from ingest.recording.outside_blocks import mask
from ingest.wording import count_of
from storage.model import Edit, Line

LONGEST = 300
"""The most characters of an edit's masked words; longer ones are cut."""

_MOST_SHOWN = 40
"""The most lines of a diff that are shown."""
_MOST_LINES = 3_000
"""Texts with more lines are compared without aligning their lines."""
_ALIKE = 0.5
"""How alike two lines must be, from 0 to 1, to count as one line with changed words."""
_LEAST_WORDS = 3
"""The least number of inserted words that are searched for in new decisions; fewer words occur anywhere."""
_PATH = re.compile(r"(?<![\w.:/])/decisions/\S+", re.IGNORECASE)
_HEADING = "HEADING"
_MASK_NAMES = re.compile(r"\b(?:AUTHORITY|ADDRESS|REFERENCE|DATE|NUMBER)\b")


def find_edits(before: Sequence[Line], after: Sequence[Line], authority: str | None = None) -> frozenset[Edit]:
    """Finds the edits that turn one list of lines into another.

    The result is empty if they differ only in dated notes and closing lines. `authority`: the decision's own, which is
    masked.
    """
    old, new = _without_notes(before), _without_notes(after)
    if _words(old) == _words(new):
        return frozenset(_find_layout_edits(old, new))
    found = frozenset(_Comparison(old, new, authority).find())
    return found or frozenset({Edit("order", "lines")})


def show_diff(before: str, after: str) -> str:
    """Returns the differences of two texts as a unified diff with one line of context; a long one is cut."""
    lines = list(unified_diff(before.split("\n"), after.split("\n"), "stored", "now", n=1, lineterm=""))
    shown = [line if len(line) <= LONGEST else f"{line[:LONGEST]}…" for line in lines[:_MOST_SHOWN]]
    more = len(lines) - _MOST_SHOWN
    return "\n".join([*shown, *([f"… {count_of(more, 'more line')}"] if more > 0 else [])])


def mask_line(text: str, authority: str | None = None) -> str:
    """Masks the parts of a line that differ from decision to decision."""
    if authority is not None and authority in text:
        text = text.replace(authority, "AUTHORITY")
    return mask(_PATH.sub("ADDRESS", text))[:LONGEST]


def find_shown(edits: Iterable[Edit], lines: Sequence[Line], authority: str | None = None) -> set[Edit]:
    """Finds the edits with a block that occurs in a text.

    That proves nothing about the text: standard sentences occur in thousands of decisions.
    """
    wanted = [edit for edit in edits if edit.kind == "added"]
    inside = [e for e in edits if e.kind == "inserted words" and len(e.words.split()) >= _LEAST_WORDS]
    if not wanted and not inside:
        return set()
    headings = {line.text for line in lines if line.kind == "heading"}
    masked = {_mask_added(line, headings, authority) for line in lines if not _is_excepted(line)}
    return {edit for edit in wanted if edit.words in masked} | {
        edit for edit in inside if any(edit.words in words for words in masked)
    }


def _is_excepted(line: Line) -> bool:
    return is_note(line.text) or is_closing(line.text)


def _without_notes(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if not _is_excepted(line)]


def _words(lines: Iterable[Line]) -> list[str]:
    return [word for line in lines for word in line.text.split()]


def _find_layout_edits(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Edit]:
    if [line.text for line in old] != [line.text for line in new]:
        yield Edit("line breaks", "")
    elif [line.kind == "item" for line in old] != [line.kind == "item" for line in new]:
        yield Edit("list marks", "")


def _mask_added(line: Line, headings: set[str], authority: str | None) -> str:
    """Masks a line, with special rules for header lines and repeated headings.

    A header line keeps only its label. A line that repeats a heading, as in a table of contents, becomes `HEADING`.
    """
    if line.kind == "header" and " : " in line.text:
        return f"{line.text.partition(' : ')[0]} : VALUE"
    if line.kind != "heading" and line.text in headings:
        return _HEADING
    return mask_line(line.text, authority)


class _Comparison:
    """Two readings with different words."""

    def __init__(self, old: Sequence[Line], new: Sequence[Line], authority: str | None) -> None:
        self._old = old
        self._new = new
        self._authority = authority
        before, after = Counter(line.text for line in old), Counter(line.text for line in new)
        self._gone = before - after
        self._come = after - before
        self._once = {text for text, count in before.items() if count == 1 == after[text]}
        self._headings = {line.text for line in (*old, *new) if line.kind == "heading"}

    def find(self) -> Iterator[Edit]:
        yield from self._find_moved()
        yield from self._find_marks()
        for gone, come in self._find_hunks():
            if gone and come and _words(gone) == _words(come):
                yield Edit("line breaks", "")
            elif len(gone) == len(come):
                for before, after in zip(gone, come, strict=True):
                    yield from self._compare_lines(before, after)
            else:
                yield from self._replace(gone, come)

    def _find_moved(self) -> Iterator[Edit]:
        """Whether lines that both texts have are in another order, and whether that is only in the header."""
        old, new = self._find_common(self._old), self._find_common(self._new)
        if [line.text for line in old] == [line.text for line in new]:
            return
        rest = [[line.text for line in lines if line.kind != "header"] for lines in (old, new)]
        yield Edit("order", "header lines" if rest[0] == rest[1] else "lines")

    def _find_marks(self) -> Iterator[Edit]:
        """Whether lines that both texts have became items of a list, or ceased to be items."""
        old, new = (Counter((line.text, line.kind == "item") for line in lines) for lines in (self._old, self._new))
        if any(text not in self._come and text not in self._gone for text, _ in (old - new)):
            yield Edit("list marks", "")

    def _find_common(self, lines: Sequence[Line]) -> list[Line]:
        """Finds the lines that occur once in both texts: for a repeated line it is unknown which one moved."""
        return [line for line in lines if line.text in self._once]

    def _find_hunks(self) -> Iterator[tuple[list[Line], list[Line]]]:
        """Yields the removed lines, and the added lines in their place."""
        gone, come = self._gone.copy(), self._come.copy()
        if max(len(self._old), len(self._new)) > _MOST_LINES:
            yield _take(self._old, gone), []
            yield [], _take(self._new, come)
            return
        old, new = ([line.text for line in lines] for lines in (self._old, self._new))
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield _take(self._old[i:j], gone), _take(self._new[k:m], come)

    def _compare_lines(self, before: Line, after: Line) -> Iterator[Edit]:
        old, new = before.text.split(), after.text.split()
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        if matcher.ratio() < _ALIKE:
            yield from self._replace([before], [after])
            return
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag in ("delete", "replace"):
                yield Edit("removed words", _mask_words(" ".join(old[i:j]), self._authority))
            if tag in ("insert", "replace"):
                yield Edit("inserted words", _mask_words(" ".join(new[k:m]), self._authority))

    def _replace(self, gone: Iterable[Line], come: Iterable[Line]) -> Iterator[Edit]:
        for line in gone:
            yield Edit("removed", _mask_added(line, self._headings, self._authority))
        for line in come:
            yield Edit("added", _mask_added(line, self._headings, self._authority))


def _mask_words(words: str, authority: str | None) -> str:
    """Masks the words of a part of a line, unless only masks would be left.

    Two decisions in which different sums are corrected did not change in the same way.
    """
    masked = mask_line(words, authority)
    return masked if re.search(r"[^\W\d_]", _MASK_NAMES.sub("", masked)) else words[:LONGEST]


def _take(lines: Iterable[Line], wanted: Counter[str]) -> list[Line]:
    """Takes the lines that are still wanted, each as often as it is wanted."""
    found = []
    for line in lines:
        if wanted[line.text]:
            wanted[line.text] -= 1
            found.append(line)
    return found
