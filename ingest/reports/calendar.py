"""Draws the ledger as a calendar of months, each in the worst state of the windows that overlap it. Pure.

`draw` makes the calendar from windows and numbers; `as_lines` and `as_svg` show it. A calendar ends with today's month.
It begins with the first month that has a listed decision, or with the ledger's first window. Months before 1990 are not
drawn, because a window with an open start begins in the year 1. Dates before or after the months are shown in one line.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal, NamedTuple

from ingest.crawling.windows import EVERYTHING, gaps, touches
from storage.model import Proof, Window

State = Literal["proven", "empty", "short", "drifting", "unknown", "unseen"]
"""The state of a window, or `empty`: proven, without decisions. `unseen` includes months that windows cover only in
part."""

_SEVERITY: tuple[State, ...] = ("proven", "short", "drifting", "unknown", "unseen")
_EARLIEST = date(1990, 1, 1)
_DAY = timedelta(days=1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Look(NamedTuple):
    """How a state is shown. The colours (Okabe and Ito) suit colour-blind readers, and black letters."""

    letter: str
    words: str
    fill: str | None
    """The colour in the SVG; None: an outline only."""
    block: int | None
    """The nearest of a terminal's 256 colours."""


LOOKS: dict[State, Look] = {
    "proven": Look("P", "proven", "#009e73", 36),
    "empty": Look("o", "proven, no decisions", "#a9dfcd", 152),
    "short": Look("S", "short", "#e69f00", 178),
    "drifting": Look("D", "drifting", "#cc79a7", 175),
    "unknown": Look("?", "unknown", "#d55e00", 166),
    "unseen": Look("-", "unseen, all or in part", None, None),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of decisions of a month.

    `failed` counts the listed decisions that were requested and could not be fetched or parsed so far. A stored
    decision counts as failed if a change of it could not be fetched.
    """

    listed: int = 0
    held: int = 0
    missing: int = 0
    failed: int = 0
    excluded: int = 0

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(
            self.listed + other.listed,
            self.held + other.held,
            self.missing + other.missing,
            self.failed + other.failed,
            self.excluded + other.excluded,
        )

    def __str__(self) -> str:
        text = f"{self.listed:,} listed, {self.held:,} held"
        if self.missing:
            text += f", {self.missing:,} missing"
        if self.excluded:
            text += f", {self.excluded:,} excluded"
        return text


class Cell(NamedTuple):
    """A month, or the dates before or after all months that are drawn."""

    window: Window
    state: State
    numbers: Numbers

    @property
    def month(self) -> str:
        """The month as `2025-10`."""
        return self.window.first.isoformat()[:7]


class Calendar(NamedTuple):
    """The months to draw, and the dates around them."""

    as_on: date
    """The last day of the last month."""
    months: tuple[Cell, ...]
    """Every month of a range, oldest first."""
    earlier: Cell | None
    """The dates before those, if the ledger covers any or any decision is listed there."""
    later: Cell | None
    """The dates after today's month, if any decision is listed there or any window is unproven."""

    def within(self, dates: Window) -> Calendar:
        """Returns the calendar with only the months, and the dates around them, that have any of these dates."""
        earlier, later = (cell if cell and touches(cell.window, dates) else None for cell in (self.earlier, self.later))
        months = tuple(cell for cell in self.months if touches(cell.window, dates))
        return Calendar(self.as_on, months, earlier, later)

    def years(self) -> list[tuple[int, list[Cell]]]:
        """Returns the years with their months, the newest year first."""
        years = groupby(self.months, key=lambda cell: cell.window.first.year)
        return [(year, list(cells)) for year, cells in years][::-1]


def draw(proofs: Sequence[Proof], numbers: Mapping[str, Numbers], today: date) -> Calendar:
    """Makes the calendar of a ledger. `numbers`: for each month that has any, by its name (`2025-10`)."""
    if not proofs and not numbers:
        return Calendar(today, (), None, None)
    begin = _find_first_day(proofs, numbers, today)
    months = []
    month = begin
    while month <= today:
        last = month.replace(day=monthrange(month.year, month.month)[1])
        its = numbers.get(month.isoformat()[:7], Numbers())
        months.append(_make_cell(Window(month, min(last, today)), proofs, its))
        if last == date.max:
            break
        month = last + _DAY
    return Calendar(
        today, tuple(months), _make_earlier_cell(proofs, numbers, begin), _make_later_cell(proofs, numbers, today)
    )


def _find_first_day(proofs: Sequence[Proof], numbers: Mapping[str, Numbers], today: date) -> date:
    """Returns the first day of the first month that is drawn."""
    days = [date.fromisoformat(f"{month}-01") for month in numbers]
    if proofs:
        days.append(min(proof.window.first for proof in proofs))
    return min((day for day in days if _EARLIEST <= day <= today), default=today).replace(day=1)


def _make_earlier_cell(proofs: Sequence[Proof], numbers: Mapping[str, Numbers], begin: date) -> Cell | None:
    its = sum((number for month, number in numbers.items() if month < begin.isoformat()[:7]), Numbers())
    covered = min((proof.window.first for proof in proofs), default=begin)
    if covered >= begin and not its.listed:
        return None
    first = EVERYTHING.first if its.listed else covered
    return _make_cell(Window(first, begin - _DAY), proofs, its)


def _make_later_cell(proofs: Sequence[Proof], numbers: Mapping[str, Numbers], today: date) -> Cell | None:
    its = sum((number for month, number in numbers.items() if month > today.isoformat()[:7]), Numbers())
    unproven = any(proof.window.first > today and proof.state != "proven" for proof in proofs)
    if today == date.max or not (its.listed or unproven):
        return None
    last = EVERYTHING.last if its.listed else max(proof.window.last for proof in proofs)
    return _make_cell(Window(today + _DAY, last), proofs, its)


def _make_cell(window: Window, proofs: Iterable[Proof], numbers: Numbers) -> Cell:
    touching = [proof for proof in proofs if touches(proof.window, window)]
    if gaps(window, [proof.window for proof in touching]):
        return Cell(window, "unseen", numbers)
    worst = max((proof.state for proof in touching), key=_SEVERITY.index)
    return Cell(window, "empty" if worst == "proven" and not numbers.listed else worst, numbers)


# ---------------------------------------------------------------- in words, for a terminal or a file


def as_lines(calendar: Calendar, paint: Callable[[str, State], str]) -> list[str]:
    """Shows a line a year, the newest first, and a legend.

    `paint`: called with each cell, three characters wide, and its state; returns the cell, coloured or not.
    """

    def shown(state: State) -> str:
        return paint(f" {LOOKS[state].letter} ", state)

    lines = [f"      {'  '.join(MONTHS)}   held of listed"]
    for year, cells in calendar.years():
        by_month = {cell.window.first.month: shown(cell.state) for cell in cells}
        row = "  ".join(by_month.get(month, "   ") for month in range(1, 13))
        lines.append(f"{year}  {row}   {_describe_held(sum((cell.numbers for cell in cells), Numbers()))}")
    for words, cell in _list_cells_around(calendar):
        lines.append(f"{words}: {shown(cell.state)} {LOOKS[cell.state].words}; {_describe_held(cell.numbers)} held")
    legend = [f"{shown(state)} {look.words}" for state, look in LOOKS.items()]
    return [*lines, "", "  ".join(legend[:3]), "  ".join(legend[3:])]


def _describe_held(numbers: Numbers) -> str:
    return f"{numbers.held:,} of {numbers.listed:,}"


def _list_cells_around(calendar: Calendar) -> list[tuple[str, Cell]]:
    """Returns the cells before and after the months, each with a label."""
    found = []
    if calendar.earlier is not None:
        found.append((f"before {calendar.months[0].month}", calendar.earlier))
    if calendar.later is not None:
        found.append((f"after {calendar.as_on}, or undated", calendar.later))
    return found


# ---------------------------------------------------------------- as SVG

_CELL, _HEIGHT, _STEP, _ROW = 34, 22, 38, 26
_LEFT, _TOP, _WIDTH = 68, 104, 700
_STYLE = """\
svg { font: 13px system-ui, sans-serif; }
.paper { fill: #ffffff; }
.ink { fill: #1b1b1b; }
.quiet { fill: #595959; }
.letter { fill: #000000; font-weight: bold; text-anchor: middle; }
.outline { fill: none; stroke: #808080; stroke-dasharray: 3 2; }
@media (prefers-color-scheme: dark) {
  .paper { fill: #16181c; }
  .ink { fill: #f0f0f0; }
  .quiet { fill: #b4b4b4; }
}"""
_TITLE = "Local Government and Social Care Ombudsman: proven decision dates"


def as_svg(calendar: Calendar) -> str:
    """Draws the calendar as one self-contained SVG document, legible on a light or a dark background."""
    years = calendar.years()
    whole = sum((cell.numbers for cell in calendar.months), Numbers())
    for _, cell in _list_cells_around(calendar):
        whole += cell.numbers
    summary = f"By month of decision, as on {calendar.as_on}: {whole}" if years else "Nothing has been counted yet"
    body = [
        _draw_text(24, 34, _TITLE, "ink", "font-size: 15px; font-weight: bold"),
        _draw_text(24, 58, summary, "quiet"),
    ]
    if years:
        body += [
            _draw_text(_LEFT + place * _STEP + _CELL // 2, _TOP - 12, month, "quiet", "text-anchor: middle")
            for place, month in enumerate(MONTHS)
        ]
        body.append(_draw_text(_LEFT + 12 * _STEP + 12, _TOP - 12, "held of listed", "quiet"))
    y = _TOP
    for year, cells in years:
        body.append(_draw_text(24, y + 16, str(year), "ink"))
        body += [_draw_month(cell, y) for cell in cells]
        held = _describe_held(sum((cell.numbers for cell in cells), Numbers()))
        body.append(_draw_text(_LEFT + 12 * _STEP + 12, y + 16, held, "ink"))
        y += _ROW
    for words, cell in _list_cells_around(calendar):
        y += 4
        tip = f"{words}: {LOOKS[cell.state].words}; {cell.numbers}"
        body += [_draw_block(24, y, cell.state, tip, "around"), _draw_text(_LEFT, y + 16, tip, "ink")]
        y += _ROW
    y += 14
    for place, (state, look) in enumerate(LOOKS.items()):
        x, below = 24 + place % 3 * 210, y + place // 3 * 30
        body += [
            _draw_block(x, below, state, look.words, "legend"),
            _draw_text(x + _CELL + 8, below + 16, look.words, "ink"),
        ]
    height = y + 2 * 30 + 12
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="title said">',
            f'<title id="title">{_TITLE}</title>',
            f'<desc id="said">{summary}</desc>',
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _draw_month(cell: Cell, y: int) -> str:
    place = cell.window.first.month - 1
    tooltip = f"{MONTHS[place]} {cell.window.first.year}: {LOOKS[cell.state].words}; {cell.numbers}"
    return _draw_block(_LEFT + place * _STEP, y, cell.state, tooltip, "month")


def _draw_block(x: int, y: int, state: State, tooltip: str, kind: str) -> str:
    """Draws a coloured block with its letter and a tooltip."""
    look = LOOKS[state]
    paint = f'fill="{look.fill}"' if look.fill else 'class="outline"'
    ink = "letter" if look.fill else "quiet"
    style = "" if look.fill else "text-anchor: middle"
    return (
        f'<g class="{kind}"><title>{tooltip}</title>'
        f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_HEIGHT}" rx="3" {paint} pointer-events="all"/>'
        f"{_draw_text(x + _CELL // 2, y + 16, look.letter, ink, style)}</g>"
    )


def _draw_text(x: int, y: int, words: str, ink: str, style: str = "") -> str:
    styled = f' style="{style}"' if style else ""
    return f'<text x="{x}" y="{y}" class="{ink}"{styled}>{words}</text>'
