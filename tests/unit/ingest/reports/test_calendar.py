"""Tests the calendar of months: the state of each, in words and as SVG."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from ingest.reports.calendar import LOOKS, Calendar, Numbers, State, as_lines, as_svg, draw
from ingest.reports.coverage import find_gaps
from storage.model import Proof, Window, WindowState
from support.calendar import every_state, proof
from support.world import TODAY

SVG = "{http://www.w3.org/2000/svg}"

SEVERITY: tuple[WindowState, ...] = ("proven", "short", "drifting", "unknown")


def states(calendar: Calendar) -> dict[str, State]:
    return {cell.month: cell.state for cell in calendar.months}


# ---------------------------------------------------------------- the calendar


def test_numbers_are_added_each_to_its_kind_and_shown_in_words() -> None:
    assert Numbers(1, 2, 3, 4, 5) + Numbers(10, 20, 30, 40, 50) == Numbers(11, 22, 33, 44, 55)
    assert str(Numbers(7_200, 6_000)) == "7,200 listed, 6,000 held"
    assert str(Numbers(7_200, 6_000, 1_100, 9, 1_000)) == "7,200 listed, 6,000 held, 1,100 missing, 1,000 excluded"


def test_an_open_ledger_is_drawn_from_its_first_decision_to_today() -> None:
    numbers = {"2026-08": Numbers(3, 3), "2026-10": Numbers(2, 2)}
    calendar = draw([proof("0001-01-01", "9999-12-31")], numbers, TODAY)
    assert states(calendar) == {"2026-08": "proven", "2026-09": "empty", "2026-10": "proven", "2026-11": "empty"}
    assert calendar.months[-1].window == Window(date(2026, 11, 1), TODAY)
    assert calendar.earlier is not None
    assert (calendar.earlier.window, calendar.earlier.state) == (Window(date.min, date(2026, 7, 31)), "empty")
    assert calendar.later is None


def test_the_dates_around_the_months_are_drawn_only_if_they_are_asked_about() -> None:
    numbers = {"2009-08": Numbers(3, 3), "2026-10": Numbers(2, 2), "2027-01": Numbers(1, 1)}
    calendar = draw([proof("0001-01-01", "9999-12-31")], numbers, TODAY)
    assert calendar.earlier is not None
    assert calendar.later is not None
    for first, last, months, around in (
        (date.min, date.max, len(calendar.months), (calendar.earlier, calendar.later)),
        (date(2026, 10, 31), date(2026, 11, 1), 2, (None, None)),
        (date.min, calendar.months[0].window.first, 1, (calendar.earlier, None)),
        (date(2026, 11, 1), date.max, 1, (None, calendar.later)),
    ):
        its = calendar.within(Window(first, last))
        assert (len(its.months), its.earlier, its.later) == (months, *around)


def test_a_ledger_that_begins_before_its_decisions_is_drawn_from_its_beginning() -> None:
    calendar = draw([proof("2026-09-01", "9999-12-31")], {"2026-10": Numbers(1, 1)}, TODAY)
    assert states(calendar) == {"2026-09": "empty", "2026-10": "proven", "2026-11": "empty"}
    assert calendar.earlier is None


def test_a_month_has_the_state_of_its_worst_window() -> None:
    ledger = [
        *(proof("2026-01-01", "2026-03-14"), proof("2026-03-15", "2026-03-15", "unknown")),
        *(proof("2026-03-16", "2026-04-10", "short"), proof("2026-04-11", "2026-05-31", "drifting")),
        *(proof("2026-06-01", "2026-06-29"), proof("2026-08-01", "9999-12-31", "short")),
    ]
    numbers = {f"2026-{month:02}": Numbers(2, 1, 1) for month in range(1, 12)}
    assert list(states(draw(ledger, numbers, TODAY)).values()) == [
        *("proven", "proven", "unknown", "drifting", "drifting", "unseen", "unseen"),
        *("short", "short", "short", "short"),
    ]
    assert find_gaps(ledger) == [Window(date(2026, 6, 30), date(2026, 7, 31))]


def test_a_window_that_ends_on_the_first_of_a_month_counts_for_that_month() -> None:
    ledger = [proof("2026-09-01", "2026-10-01", "short"), proof("2026-10-02", "9999-12-31")]
    assert states(draw(ledger, {}, TODAY)) == {"2026-09": "short", "2026-10": "short", "2026-11": "empty"}


def test_months_are_drawn_from_january_1990() -> None:
    whole = [proof("0001-01-01", "9999-12-31")]
    assert draw(whole, {"1990-01": Numbers(1)}, TODAY).months[0].month == "1990-01"
    assert draw(whole, {"1989-12": Numbers(1)}, TODAY).months[0].month == "2026-11"


def test_the_dates_before_the_months_begin_with_the_ledger_or_with_all_dates_if_a_decision_is_listed_there() -> None:
    ledger = [proof("1980-01-01", "9999-12-31")]
    before = draw(ledger, {"2026-10": Numbers(1, 1)}, TODAY).earlier
    assert before is not None
    assert (before.window, before.state) == (Window(date(1980, 1, 1), date(2026, 9, 30)), "empty")
    older = draw(ledger, {"1975-03": Numbers(1), "2026-10": Numbers(1, 1)}, TODAY).earlier
    assert older is not None
    assert (older.window, older.state) == (Window(date.min, date(2026, 9, 30)), "unseen")


def test_the_dates_after_the_months_end_with_the_ledger_or_with_all_dates_if_a_decision_is_listed_there() -> None:
    ledger = [proof("2026-11-01", "2026-11-30"), proof("2026-12-01", "2027-01-31", "short")]
    after = draw(ledger, {}, TODAY).later
    assert after is not None
    assert (after.window, after.state) == (Window(TODAY + timedelta(1), date(2027, 1, 31)), "short")
    undated = draw(ledger, {"9999-12": Numbers(1)}, TODAY).later
    assert undated is not None
    assert (undated.window, undated.state) == (Window(TODAY + timedelta(1), date.max), "unseen")


def test_proven_dates_after_today_and_decisions_of_this_month_are_not_named_apart() -> None:
    proven = [proof("2026-11-01", str(TODAY)), proof(str(TODAY + timedelta(1)), "9999-12-31")]
    assert draw(proven, {"2026-11": Numbers(1, 1)}, TODAY).later is None
    ends_unproven = [proof("2026-11-01", str(TODAY - timedelta(1))), proof(str(TODAY), str(TODAY), "unknown")]
    assert draw(ends_unproven, {}, TODAY).later is None


def test_the_current_month_counts_only_until_today() -> None:
    ledger = [proof("2026-10-01", str(TODAY))]
    assert states(draw(ledger, {}, TODAY)) == {"2026-10": "empty", "2026-11": "empty"}
    assert states(draw(ledger, {}, TODAY + timedelta(1)))["2026-11"] == "unseen"


def test_dates_outside_the_months_are_named_and_not_drawn() -> None:
    numbers = {"0001-01": Numbers(2, 1, 1), "0205-10": Numbers(1, 1), "2026-10": Numbers(4, 4), "9999-12": Numbers(5)}
    calendar = draw([proof("0001-01-01", "9999-12-31")], numbers, TODAY)
    assert list(states(calendar)) == ["2026-10", "2026-11"]
    assert calendar.earlier is not None
    assert calendar.earlier.numbers == Numbers(3, 2, 1)
    assert calendar.later is not None
    assert calendar.later.numbers == Numbers(5)
    lines = "\n".join(as_lines(calendar, lambda cell, _: cell))
    assert "before 2026-10:  P  proven; 2 of 3 held" in lines
    assert "after 2026-11-02, or undated:  P  proven; 0 of 5 held" in lines


def test_unproven_dates_after_today_are_named() -> None:
    calendar = draw([proof("2026-01-01", "2026-12-31"), proof("2027-01-01", "9999-12-31", "unknown")], {}, TODAY)
    assert calendar.later is not None
    assert calendar.later.state == "unknown"
    assert set(states(calendar).values()) == {"empty"}


def test_decisions_without_a_ledger_are_unseen_and_an_empty_archive_draws_nothing() -> None:
    assert set(states(draw([], {"2026-09": Numbers(1, 0, 1)}, TODAY)).values()) == {"unseen"}
    nothing = draw([], {}, TODAY)
    assert nothing == Calendar(TODAY, (), None, None)
    assert texts_beside_blocks(as_svg(nothing))[1].words == "Nothing has been counted yet"


@st.composite
def ledgers(draw_: st.DrawFn) -> list[Proof]:
    """Draws windows that do not overlap, with or without gaps, and with or without open ends."""
    near = st.dates(date(2024, 12, 1), date(2026, 12, 31))
    days = draw_(st.lists(near, min_size=1, max_size=12, unique=True))
    days += draw_(st.lists(st.sampled_from([date.min, date(1989, 12, 31), date(1990, 1, 1), date.max]), unique=True))
    days.sort()
    found = []
    for first, after in zip(days, [*days[1:], None], strict=True):
        last = first if after is None else after - timedelta(1)
        if first <= last and draw_(st.integers(0, 9)):
            found.append(proof(str(first), str(last), draw_(st.sampled_from(SEVERITY))))
    return found


MONTHS = st.dates(date(2024, 6, 1), date(2027, 3, 1)) | st.sampled_from([date.min, date.max])

NUMBERS = st.dictionaries(MONTHS.map(lambda day: str(day)[:7]), st.builds(Numbers, *[st.integers(1, 2_000)] * 3))

DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31)) | st.sampled_from([date(1990, 1, 1), date(2024, 2, 29), date.max])


@given(ledgers(), NUMBERS, DAYS)
def test_any_ledger_gives_a_month_its_worst_state(
    ledger: list[Proof], numbers: dict[str, Numbers], today: date
) -> None:
    if today == date.max:  # a calendar of eight thousand years takes too long
        ledger, numbers = [p for p in ledger if p.window.first == date.min], {"9999-11": Numbers(1)}
    calendar = draw(ledger, numbers, today)
    assert bool(calendar.months) == bool(ledger or numbers)
    for cell, after in pairwise(calendar.months):
        assert after.window.first == cell.window.last + timedelta(1)
        assert after.window.first.day == 1
    for cell in calendar.months:
        first, last = cell.window.first, cell.window.last
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        of_days = [[p.state for p in ledger if p.window.first <= day <= p.window.last] for day in days]
        seen = [state for of_day in of_days for state in of_day]
        expected = "unseen" if not all(of_days) else max(seen, key=SEVERITY.index)
        assert cell.numbers == numbers.get(cell.month, Numbers())
        assert cell.state == ("empty" if expected == "proven" and not cell.numbers.listed else expected)
    if calendar.months:
        assert calendar.months[-1].window.last == today
        around = [cell.numbers for cell in (calendar.earlier, calendar.later) if cell is not None]
        shown = sum([*around, *(cell.numbers for cell in calendar.months)], Numbers())
        assert shown == sum(numbers.values(), Numbers())
    for line in as_lines(calendar, lambda cell, _: cell):
        assert len(line) < 120
        assert "\x1b" not in line
    drawn = ElementTree.fromstring(as_svg(calendar))
    assert len(drawn.findall(f"{SVG}g[@class='month']")) == len(calendar.months)
    covered = [p.window for p in ledger]
    assert all(not (hole.first <= w.last and w.first <= hole.last) for hole in find_gaps(ledger) for w in covered)


# ---------------------------------------------------------------- as words and as SVG


def test_as_lines_needs_no_colour() -> None:
    assert as_lines(every_state(), lambda cell, _: cell) == [
        "      Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec   held of listed",
        "2026   o    o                                                      0 of 0",
        "2025   P    o    o    o    o    S    D    ?    -    o    o    P    7,194 of 7,200",
        "2024                                                     o    o    0 of 0",
        "",
        " P  proven   o  proven, no decisions   S  short",
        " D  drifting   ?  unknown   -  unseen, all or in part",
    ]


def test_paint_is_called_with_every_cell() -> None:
    lines = as_lines(every_state(), lambda cell, state: f"[{state}]")
    assert lines[2].count("[empty]") == 6
    assert all(f"[{state}]" in lines[2] for state in LOOKS)
    assert all(f"[{state}]" in "".join(lines[-2:]) for state in LOOKS)


def test_the_svg_needs_no_scripts_colours_or_other_files() -> None:
    svg = as_svg(every_state())
    drawn = ElementTree.fromstring(svg)
    assert drawn.tag == f"{SVG}svg"
    (title,) = drawn.findall(f"{SVG}title")
    assert "Ombudsman" in (title.text or "")
    months = drawn.findall(f"{SVG}g[@class='month']")
    assert len(months) == 2 + 12 + 2
    letters = {month.findtext(f"{SVG}title"): month.findtext(f"{SVG}text") for month in months}
    assert letters["Jun 2025: short; 1,200 listed, 1,199 held, 1 missing"] == "S"
    assert letters["Feb 2025: proven, no decisions; 0 listed, 0 held"] == "o"
    assert set(letters.values()) == {look.letter for look in LOOKS.values()}
    legend = drawn.findall(f"{SVG}g[@class='legend']")
    assert [item.findtext(f"{SVG}text") for item in legend] == [look.letter for look in LOOKS.values()]
    assert "prefers-color-scheme: dark" in svg
    assert "7,194 of 7,200" in svg
    for foreign in ("<script", "href", "url(", "@import", "<image", "onload"):
        assert foreign not in svg


class Text(NamedTuple):
    """A text of the picture: its place in pixels, its class, its own style and its words."""

    x: str | None
    y: str | None
    kind: str | None
    style: str | None
    words: str | None


class Block(NamedTuple):
    """A coloured block of the picture, with its tooltip and its letter."""

    x: str | None
    y: str | None
    fill: str | None
    tooltip: str | None
    letter: Text


def _text(element: ElementTree.Element) -> Text:
    place = element.get("x"), element.get("y")
    return Text(*place, element.get("class"), element.get("style"), element.text)


def texts_beside_blocks(svg: str) -> list[Text]:
    return [_text(text) for text in ElementTree.fromstring(svg).findall(f"{SVG}text")]


def blocks(svg: str, kind: str) -> list[Block]:
    found = []
    for group in ElementTree.fromstring(svg).findall(f"{SVG}g[@class='{kind}']"):
        (rect,), (letter,) = group.findall(f"{SVG}rect"), group.findall(f"{SVG}text")
        assert [rect.get(name) for name in ("width", "height", "rx", "pointer-events")] == ["34", "22", "3", "all"]
        fill = rect.get("fill") or rect.get("class")
        found.append(Block(rect.get("x"), rect.get("y"), fill, group.findtext(f"{SVG}title"), _text(letter)))
    return found


def small_calendar() -> Calendar:
    """Makes a calendar of two months in two years, with decisions before and after them."""
    numbers = {"0001-01": Numbers(2, 1, 1), "2025-12": Numbers(1_200, 1_200), "9999-12": Numbers(3, 3)}
    return draw([proof("0001-01-01", "9999-12-31")], numbers, date(2026, 1, 31))


BOLD = "font-size: 15px; font-weight: bold"
MIDDLE = "text-anchor: middle"
NAME = "Local Government and Social Care Ombudsman: proven decision dates"


def test_the_svg_has_a_title_columns_of_months_rows_of_years_and_a_legend() -> None:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    assert texts_beside_blocks(as_svg(small_calendar())) == [
        Text("24", "34", "ink", BOLD, NAME),
        Text("24", "58", "quiet", None, "By month of decision, as on 2026-01-31: 1,205 listed, 1,204 held, 1 missing"),
        *(Text(str(85 + 38 * place), "92", "quiet", MIDDLE, name) for place, name in enumerate(names)),
        Text("536", "92", "quiet", None, "held of listed"),
        *(Text("24", "120", "ink", None, "2026"), Text("536", "120", "ink", None, "0 of 0")),
        *(Text("24", "146", "ink", None, "2025"), Text("536", "146", "ink", None, "1,200 of 1,200")),
        Text("68", "176", "ink", None, "before 2025-12: proven; 2 listed, 1 held, 1 missing"),
        Text("68", "206", "ink", None, "after 2026-01-31, or undated: proven; 3 listed, 3 held"),
        *(Text("66", "246", "ink", None, "proven"), Text("276", "246", "ink", None, "proven, no decisions")),
        *(Text("486", "246", "ink", None, "short"), Text("66", "276", "ink", None, "drifting")),
        *(Text("276", "276", "ink", None, "unknown"), Text("486", "276", "ink", None, "unseen, all or in part")),
    ]


def test_a_block_is_under_its_month_and_beside_its_year_with_its_letter_in_the_middle() -> None:
    svg = as_svg(small_calendar())
    january = "Jan 2026: proven, no decisions; 0 listed, 0 held"
    december = "Dec 2025: proven; 1,200 listed, 1,200 held"
    assert blocks(svg, "month") == [
        Block("68", "104", "#a9dfcd", january, Text("85", "120", "letter", None, "o")),
        Block("486", "130", "#009e73", december, Text("503", "146", "letter", None, "P")),
    ]
    assert [(block.x, block.y, block.letter) for block in blocks(svg, "around")] == [
        ("24", "160", Text("41", "176", "letter", None, "P")),
        ("24", "190", Text("41", "206", "letter", None, "P")),
    ]
    assert [block.tooltip for block in blocks(svg, "around")] == [
        "before 2025-12: proven; 2 listed, 1 held, 1 missing",
        "after 2026-01-31, or undated: proven; 3 listed, 3 held",
    ]
    legend = blocks(svg, "legend")
    assert [(block.x, block.y) for block in legend] == [(x, y) for y in ("230", "260") for x in ("24", "234", "444")]
    assert [(block.fill, block.tooltip) for block in legend[:5]] == [
        (look.fill, look.words) for look in list(LOOKS.values())[:5]
    ]
    outline = Block("444", "260", "outline", "unseen, all or in part", Text("461", "276", "quiet", MIDDLE, "-"))
    assert legend[5] == outline, "a state without a colour has an outline and a grey letter"


def test_the_svg_is_as_large_as_its_content_and_named_for_screen_readers() -> None:
    drawn = ElementTree.fromstring(as_svg(small_calendar()))
    assert [drawn.get(name) for name in ("viewBox", "width", "height", "role")] == ["0 0 700 302", "700", "302", "img"]
    paper = drawn.find(f"{SVG}rect[@class='paper']")
    assert paper is not None
    assert (paper.get("width"), paper.get("height")) == ("700", "302")
    names = {element.get("id"): element.text for element in drawn if element.get("id")}
    assert list(names) == (drawn.get("aria-labelledby") or "").split()
    assert list(names.values()) == [
        NAME,
        "By month of decision, as on 2026-01-31: 1,205 listed, 1,204 held, 1 missing",
    ]
    style = drawn.findtext(f"{SVG}style") or ""
    classes = {element.get("class") for element in drawn.iter() if element.tag in (f"{SVG}text", f"{SVG}rect")}
    assert classes - {None} == set(re.findall(r"^\.(\w+) \{", style, re.MULTILINE))


def _brightness(colour: str) -> float:
    """Computes the relative luminance of a colour, from 0 to 1 (WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_black_letters_can_be_read_on_every_colour() -> None:
    for look in LOOKS.values():
        assert look.fill is None or (_brightness(look.fill) + 0.05) / 0.05 > 4.5
    assert len({look.letter for look in LOOKS.values()}) == len({look.fill for look in LOOKS.values()}) == len(LOOKS)
