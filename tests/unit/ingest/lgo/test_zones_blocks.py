"""Tests each rule that leaves a block out, on blocks made without a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest

from ingest.lgo.beginning import Beginning
from ingest.lgo.titles import parse_title
from ingest.lgo.zones import (
    AFTER,
    ANOTHER,
    BEFORE,
    CARD,
    CHAPTERS,
    CONTENTS,
    COOKIE_PANEL,
    HEADER_LINKS,
    HIDDEN,
    LINKS,
    PHRASE,
    TRAILING,
    Layout,
    Zones,
    divide,
    is_before,
)
from ingest.parsing.blocks import Block, Item, Link, List
from storage.model import LeftOut, Oddity

TITLE = "Anytown Council (25 004 901)"
OTHER = "Othertown Council (25 004 956)"
CLOSING = "Investigator's decision on behalf of the Ombudsman"
NOTE = "Ombudsman satisfied with council's response: 23 September 2016"
OWN, ELSEWHERE = "/decisions/housing/other/25-004-901", "/decisions/housing/other/25-004-956"


def p(text: str, **more: Any) -> Block:
    return Block("paragraph", text, **more)


def h(text: str, **more: Any) -> Block:
    return Block("heading", text, **more)


def item(text: str, of: List | None = None, **more: Any) -> Block:
    return Block("item", text, Item(of or List("•", None, None), 0, None), **more)


def nav(*targets: str, text: str = "", kind: Any = "paragraph", around: str = "", **more: Any) -> Block:
    """A block of links: each target is the link's text, too, unless there is another."""
    links = tuple(Link(target, text=text or target, blocks=1) for target in targets)
    return Block(kind, text or " ".join(targets), links=links, around=around, **more)


HEAD = (h(TITLE), p("Category : Housing"), p("Decision : Upheld"))
OPENER = h("The Ombudsman's final decision:")
TEXT = (h("The complaint"), p("Mr X complains."), h("What I found"), p("There was fault."))


def zones_of(*blocks: Block, layout: Layout = "page", first: int | None = None, wrong: Sequence[str] = ()) -> Zones:
    """Divides blocks; the first one that is the title is the beginning."""
    place = first if first is not None else [block.text for block in blocks].index(TITLE)
    title = parse_title(TITLE)
    assert title is not None
    return divide(list(blocks), Beginning(title, place, place + 1), layout, wrong=frozenset(wrong))


def left_out(*blocks: Block, **more: Any) -> list[tuple[str, str]]:
    return [(block.text, block.rule) for block in zones_of(*blocks, **more).left_out]


def under_header(*blocks: Block, **more: Any) -> list[str]:
    """The rules that leave blocks out between the header and the opener."""
    return [rule for _, rule in left_out(*HEAD, *blocks, OPENER, *TEXT, p(CLOSING), **more)]


def inside(*blocks: Block, **more: Any) -> list[tuple[str, str]]:
    """The blocks left out in the middle of the text."""
    return left_out(*HEAD, OPENER, *blocks, *TEXT, p(CLOSING), **more)


# ---------------------------------------------------------------- the parts


def test_a_decision_is_what_is_between_its_title_and_its_closing_line() -> None:
    zones = zones_of(p("Skip\nto content"), *HEAD, OPENER, *TEXT, p(CLOSING), p("Contact us"))
    assert [block.text for block in zones.blocks] == [
        *(block.text for block in (*HEAD[1:], OPENER, *TEXT)),
        CLOSING,
    ]
    assert zones.left_out == [LeftOut("Skip to content", BEFORE, True), LeftOut("Contact us", AFTER, True)]
    assert [is_before(block) for block in zones.left_out] == [True, False]
    assert (zones.inside, zones.odd, zones.is_uncertain) == (range(1, 10), [], False)


def test_only_blocks_that_no_rule_explains_are_counted() -> None:
    assert all(
        one.is_counted is (one.rule in (BEFORE, AFTER))
        for one in zones_of(
            nav("/a"), p("Skip"), *HEAD, OPENER, *TEXT, p(CLOSING), p("Back to top"), p("More")
        ).left_out
    )


def test_hidden_words_are_left_out_and_those_inside_the_decision_are_odd() -> None:
    words = "secret " * 40
    zones = zones_of(
        *(p("hidden before", is_hidden=True), *HEAD, OPENER, p(words, is_hidden=True), p("also", is_hidden=True)),
        *(*TEXT, p(CLOSING), p("hidden after", is_hidden=True)),
    )
    assert [one.rule for one in zones.left_out] == [HIDDEN] * 4
    assert zones.odd == [Oddity("hidden words", words[:200]), Oddity("hidden words", "also")]


def test_without_a_closing_line_or_elements_the_end_is_uncertain() -> None:
    zones = zones_of(*HEAD, OPENER, p("secret", is_hidden=True), *TEXT)
    assert zones.odd == [Oddity("uncertain end", ""), Oddity("hidden words", "secret")]
    assert zones.is_uncertain


def test_a_typed_dash_makes_an_item_on_a_page_only() -> None:
    for text, kind, shown in [("- one", "item", "one"), ("-one", "paragraph", "-one"), ("– one", "paragraph", "– one")]:
        zones = zones_of(*HEAD, OPENER, replace(p(text), lead="- on"), p(CLOSING))
        found = zones.blocks[3]
        assert (found.kind, found.text, found.lead) == (kind, shown, "" if kind == "item" else "- on")
    marked = item("- one", lead="- on")
    assert zones_of(*HEAD, OPENER, marked, p(CLOSING)).blocks[3] is marked, "the dash is the item's own text"
    typed = p("- one")
    assert zones_of(*HEAD, OPENER, typed, p(CLOSING), layout="canonical").blocks[3] is typed


# ---------------------------------------------------------------- outside the decision


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("block", "rule"),
    [
        (p("Print this page"), PHRASE),
        (p("Required cookies"), COOKIE_PANEL),
        (nav("/", "/decisions"), LINKS),
        (nav("/", text="Home", around="|"), LINKS),
        (nav("/", text="Home and more", around="and more"), None),
        (replace(nav("/"), links=(Link("/", text="Home", blocks=1, is_open=True),)), LINKS),
        (nav(ELSEWHERE, text=OTHER), CARD),
        (p("Words"), None),
    ],
    ids=["phrase", "panel", "links", "links and marks", "words with a link", "open link", "card", "words"],
)
def test_a_block_outside_the_decision_has_the_rule_of_its_kind(place: str, block: Block, rule: str | None) -> None:
    outside = [(block.text, rule or (BEFORE if place == "before" else AFTER))]
    decision = (*HEAD, OPENER, *TEXT, p(CLOSING))
    assert left_out(*([block, *decision] if place == "before" else [*decision, block])) == outside


def test_the_cookie_panel_is_left_out_as_a_whole_around_a_note() -> None:
    panel = [p("Review your privacy settings"), p("Required cookies"), p(NOTE), p("Words."), p("Privacy settings")]
    after = left_out(*HEAD, OPENER, *TEXT, p(CLOSING), *panel, p("More"))
    assert after == [
        *[(block.text, COOKIE_PANEL) for block in panel if block.text != NOTE],
        ("More", AFTER),
    ]


def test_a_card_of_another_decision_goes_up_to_the_next_heading() -> None:
    card = [h(OTHER, links=(Link(ELSEWHERE, text=OTHER, blocks=1),)), p("Statement Upheld"), h("News"), p("Words")]
    assert left_out(*card, *HEAD, OPENER, *TEXT, p(CLOSING)) == [
        *((OTHER, CARD), ("Statement Upheld", CARD), ("News", BEFORE), ("Words", BEFORE)),
    ]
    own = h(TITLE, links=(Link(OWN, text=TITLE, blocks=1),))
    assert left_out(own, p("Statement"), *HEAD, p(CLOSING), first=2) == [(TITLE, LINKS), ("Statement", BEFORE)]


NOTES: list[list[Block]] = [
    [p(NOTE)],
    [p("Ombudsman satisfied with council's response:", is_label=True), p("23 September 2016")],
    [p("Ombudsman"), p("satisfied with council's response: 23 September 2016")],
    [p("Ombudsman satisfied with"), p("council's response: 23 September 2016")],
]
NO_NOTES: list[list[Block]] = [
    [p(NOTE, is_hidden=True)],
    [p("Ombudsman satisfied with council's response:"), p("23 September 2016")],  # more than three words, and no label
    [p("Ombudsman", is_hidden=True), p("satisfied with council's response: 23 September 2016")],
    [p("Ombudsman"), p("satisfied with council's response: 23 September 2016", is_hidden=True)],
    [nav("/o", text="Ombudsman"), p("satisfied with council's response: 23 September 2016")],
    [p("Ombudsman"), nav("/o", text="satisfied with council's response: 23 September 2016")],
    [p("Ombudsman"), p("More"), p("satisfied with council's response: 23 September 2016")],
]


@pytest.mark.parametrize("blocks", NOTES)
def test_a_dated_note_after_the_end_is_kept_in_one_block_or_two(blocks: list[Block]) -> None:
    zones = zones_of(*HEAD, OPENER, *TEXT, p(CLOSING), p("More"), *blocks, p("Contact"))
    assert zones.blocks[-len(blocks) :] == blocks
    assert [one.text for one in zones.left_out] == ["More", "Contact"]
    last = zones_of(*HEAD, OPENER, *TEXT, p(CLOSING), *blocks)
    assert last.blocks[-len(blocks) :] == blocks


@pytest.mark.parametrize("blocks", NO_NOTES)
def test_blocks_after_the_end_other_than_notes_are_left_out(blocks: list[Block]) -> None:
    zones = zones_of(*HEAD, OPENER, *TEXT, p(CLOSING), *blocks)
    assert zones.blocks[-1].text == CLOSING


def test_a_hidden_block_does_not_end_the_search_for_notes() -> None:
    zones = zones_of(*HEAD, OPENER, *TEXT, p(CLOSING), p("x", is_hidden=True), p(NOTE))
    assert zones.blocks[-1].text == NOTE


def test_a_word_before_a_whole_note_is_not_a_part_of_it() -> None:
    zones = zones_of(*HEAD, OPENER, *TEXT, p(CLOSING), p("Ombudsman"), p(NOTE))
    assert [block.text for block in zones.blocks[-2:]] == [CLOSING, NOTE]


# ---------------------------------------------------------------- another decision


def other_follows(*after: Block, heading: Block | None = None, layout: Layout = "page") -> bool:
    """Whether another decision is found at a heading, in the text of this one, with blocks after it."""
    blocks = (*HEAD, OPENER, *TEXT, p(CLOSING), heading or h(OTHER), *after)
    return (heading or h(OTHER)).text in [text for text, rule in left_out(*blocks, layout=layout) if rule == ANOTHER]


def test_another_decision_begins_at_a_heading_with_another_reference_above_a_header_or_an_opener() -> None:
    assert other_follows(p("Category : Housing"), p("Words"))
    assert other_follows(OPENER, p("Words"))
    assert other_follows(p("Words"), p("Category : Housing"))
    assert other_follows(p("hidden", is_hidden=True), p("Words"), p("Category : Housing"))
    assert not other_follows(p("Words"), p("Words"), p("Category : Housing"))
    assert not other_follows(p("Category : Housing", is_hidden=True), p("Words"), p("Words"))
    assert not other_follows()
    hidden = p("hidden", is_hidden=True)
    assert not other_follows(hidden, hidden, p("Words"), p("Category : Housing")), "only three blocks are examined"


def test_a_heading_that_begins_no_other_decision_does_not_end_the_search() -> None:
    label, other = p("Category : Housing"), [h(OTHER), p("Category : Housing")]
    for heading in (h("News"), h("See (below)"), h(TITLE)):
        found = left_out(*HEAD, OPENER, *TEXT, heading, label, *other)
        assert [text for text, rule in found if rule == ANOTHER] == [block.text for block in other], heading.text


def test_a_block_that_is_not_a_title_of_another_decision_begins_none() -> None:
    label = p("Category : Housing")
    assert not other_follows(label, heading=p(OTHER)), "it is not a heading"
    assert not other_follows(label, heading=h("Othertown Council 25 004 956")), "it does not end in a bracket"
    assert not other_follows(label, heading=h("Othertown Council (see below)")), "it has no reference"
    assert not other_follows(label, heading=nav(ELSEWHERE, text=OTHER, kind="heading")), "it is a link"
    assert not other_follows(label, heading=h("Anytown Council (25 004 902 & 25 004 901)")), "it names this one"


def test_all_of_another_decision_is_left_out_wherever_this_one_would_end() -> None:
    other = [h(OTHER), p("Category : Housing"), OPENER, p("Other words."), p(CLOSING), p("Contact")]
    found = left_out(*HEAD, OPENER, *TEXT, *other)
    assert found == [(block.text, ANOTHER) for block in other]
    with_links = left_out(*HEAD, OPENER, *TEXT, nav("/x"), *other)
    assert with_links[0] == ("/x", TRAILING)


@pytest.mark.parametrize("layout", [one for one in get_args(Layout) if one != "page"])
def test_in_a_plain_text_another_decision_begins_only_after_a_closing_line(layout: Layout) -> None:
    other = (h(OTHER), p("Category : Housing"), p("Words"))
    assert left_out(*HEAD, OPENER, *TEXT, *other, layout=layout) == []
    assert left_out(p(CLOSING), *HEAD, OPENER, *TEXT, *other, layout=layout) == [(CLOSING, BEFORE)]
    assert left_out(*HEAD, OPENER, *TEXT, p(CLOSING), *other, layout=layout) == [
        (block.text, ANOTHER) for block in other
    ]


# ---------------------------------------------------------------- inside the decision


def test_known_phrases_inside_the_decision_are_left_out_unless_they_are_items_of_the_text_format() -> None:
    blocks = (p("Back to top"), item("Print this page"), p("Back to top of the page"))
    for layout in get_args(Layout):
        found = [text for text, rule in inside(*blocks, layout=layout) if rule == PHRASE]
        assert found == ["Back to top", *([] if layout == "canonical" else ["Print this page"])], layout


def test_links_under_the_header_are_left_out_until_the_opener() -> None:
    assert under_header(nav("/share"), nav("/print")) == [HEADER_LINKS] * 2
    assert inside(nav("/share")) == []
    assert under_header(nav("/share"), layout="dump") == []
    assert under_header(nav("/share"), layout="canonical") == []


def test_the_opener_ends_the_header_in_any_markup_and_is_kept() -> None:
    opener = p(OPENER.text, links=(Link("/o", text=OPENER.text, blocks=1),))
    assert left_out(*HEAD, p(OPENER.text), nav("/share"), *TEXT, p(CLOSING)) == []
    assert left_out(*HEAD, opener, *TEXT, p(CLOSING)) == []


def test_the_header_may_begin_the_page_if_the_title_is_above_it() -> None:
    def rules(*blocks: Block) -> list[str]:
        title = parse_title(TITLE)
        assert title is not None
        zones = divide([*blocks, OPENER, *TEXT, p(CLOSING)], Beginning(title, 0, 0), "page")
        return [one.rule for one in zones.left_out]

    assert rules(nav("/a")) == [HEADER_LINKS]
    assert rules(p("Category :"), nav("/a")) == []
    assert rules(nav("/a", text="words a", around="words"), nav("/a")) == []


def test_without_an_opener_the_header_ends_at_the_first_heading_or_summary() -> None:
    def found(*blocks: Block) -> list[str]:
        return [rule for _, rule in left_out(*HEAD, *blocks, nav("/share"), *TEXT, p(CLOSING))]

    assert found() == [HEADER_LINKS]
    assert found(p("Words")) == [HEADER_LINKS]
    assert found(h("A heading")) == []
    assert found(p("Summary: We found fault.")) == []
    assert found(h("Decision date : 1 May 2025")) == [HEADER_LINKS]
    assert found(nav("/top", kind="heading")) == [HEADER_LINKS, HEADER_LINKS]
    bare = [*HEAD, nav("/share"), p("Words."), p(CLOSING)]
    assert left_out(*bare) == [("/share", HEADER_LINKS)], "there is neither heading nor summary"


@pytest.mark.parametrize(
    ("label", "is_value"),
    [
        (p("Category :"), True),
        (p("Decision"), True),
        (p("Category : Housing"), False),
        (p(">"), True),
        (p("Service area", is_label=True), True),
        (nav("/area", text="Service area", is_label=True), False),
        (nav("/area", text="Service area:", is_label=True), True),
        (nav("/area", text="Category", is_label=True), True),
        (nav("/area", text="Category"), False),
        (p("Service area"), False),
        (p("Service area:"), False),
    ],
)
def test_a_link_that_is_the_value_of_a_label_is_kept(label: Block, is_value: bool) -> None:
    rules = left_out(*HEAD, label, nav("/housing"), OPENER, *TEXT, p(CLOSING))
    assert (("/housing", HEADER_LINKS) not in rules) is is_value


def test_where_tags_are_nested_wrongly_a_link_after_a_colon_is_kept() -> None:
    assert under_header(p("Service area:"), nav("/housing"), wrong=["b"]) == []
    assert under_header(p("Service area"), nav("/housing"), wrong=["b"]) == [HEADER_LINKS]


def test_a_link_that_goes_on_from_a_block_that_is_kept_is_kept() -> None:
    assert under_header(nav("/a", text="words a", around="words"), nav("/a")) == []
    assert under_header(nav("/b", text="words b", around="words"), nav("/a")) == [HEADER_LINKS]
    assert under_header(p("Words"), nav("/a"), nav("/a")) == [HEADER_LINKS] * 2, "the block before is left out"
    assert under_header(p("Back to top", links=(Link("/a", text="top", blocks=1),)), nav("/a")) == [
        *(PHRASE, HEADER_LINKS),
    ]


def test_links_with_words_or_a_labelled_line_under_the_header_are_kept() -> None:
    assert under_header(nav("/a", text="words a", around="words")) == []
    assert under_header(nav("/a", text="Category : Housing")) == []
    assert under_header(nav("/a"), nav("/b", text="words b", around="words"), nav("/c")) == [HEADER_LINKS] * 2


def test_a_link_that_may_never_be_closed_is_kept() -> None:
    last = p("Words", links=(Link("/a", text="Words", blocks=2),), around="Words")
    assert left_out(*HEAD, nav("/a"), last, wrong=["a"]) == []
    assert under_header(nav("/a"), wrong=["a"]) == [HEADER_LINKS]
    assert under_header(nav("/a", kind="heading"), wrong=["a"]) == []
    assert (
        under_header(nav("/a"), p("Words", links=(Link("/a", text="Words", blocks=2),), around="Words"), wrong=["a"])
        == []
    )
    assert under_header(
        nav("/a"), p("Words", links=(Link("/b", text="Words", blocks=2),), around="Words"), wrong=["a"]
    ) == [
        HEADER_LINKS,
    ]
    assert under_header(
        nav("/a"), p("Words", links=(Link("/a", text="Words", blocks=1),), around="Words"), wrong=["b"]
    ) == [
        HEADER_LINKS,
    ]


# ---------------------------------------------------------------- chapters


@pytest.mark.parametrize(
    ("block", "is_navigation"),
    [
        (nav("?chapter=1", "?chapter=2"), True),
        (nav("?chapter=2", text="Page 1 of 2", around="Page 1 of 2"), True),
        (nav("?chapter=2", text="See the chapter on fault", around="See on fault"), False),
        (nav(f"{OWN}?chapter=2"), True),
        (nav(f"{OWN.upper()}/?a=1&Chapter=12#top"), True),
        (nav("25-004-901?chapter=2"), True),
        (nav("25-004-901X?chapter=2"), False),
        (nav(f"{ELSEWHERE}?chapter=2"), False),
        (nav("25-004-956?chapter=2"), False),
        (nav("?chapter=1", f"{ELSEWHERE}?chapter=2"), False),
        (nav("?chapter=1", "/other"), False),
        (nav("?chapter=123"), False),
        (nav("?chapter=x"), False),
        (Block("paragraph", "Go", links=(Link("", "select", "", 1), Link("?chapter=2", text="Go", blocks=1))), True),
        (Block("paragraph", "Go", links=(Link("", "select", "", 1), Link("/x?chapter=2", text="Go", blocks=1))), False),
    ],
)
def test_links_to_the_reports_own_chapters_are_left_out_anywhere(block: Block, is_navigation: bool) -> None:
    beside = nav("?chapter=9")  # so that the page has chapters
    assert ((block.text, CHAPTERS) in inside(beside, p("Words"), block)) is is_navigation
    assert inside(block, layout="dump") == []


def test_the_letter_of_a_joint_case_belongs_to_its_address() -> None:
    title = parse_title("NHS Trust (25 004 901a)")
    assert title is not None

    def rules(block: Block) -> list[str]:
        blocks = [h(title.text), *HEAD[1:], OPENER, block, *TEXT, p(CLOSING)]
        return [one.rule for one in divide(blocks, Beginning(title, 0, 1), "page").left_out]

    assert rules(nav("/decisions/a/b/25-004-901A?chapter=2")) == [CHAPTERS]
    assert rules(nav("/decisions/a/b/25-004-901b?chapter=2")) == []
    assert rules(entry("The complaint", target="/decisions/a/b/25-004-901A#x")) == [CONTENTS]


def test_links_without_a_chapter_are_not_chapter_navigation() -> None:
    assert inside(nav(OWN)) == []
    assert ("/x", CHAPTERS) not in inside(nav("?chapter=1"), nav("/x"))


# ---------------------------------------------------------------- contents lists

HEADINGS = ("The complaint", "What I found")


def entry(name: str, of: List | None = None, target: str = "#a", **more: Any) -> Block:
    link = (Link(target, text=name, blocks=1),)
    return item(name, of, links=link, **more) if of is not None else p(name, links=link, **more)


def contents(*blocks: Block, **more: Any) -> list[str]:
    return [text for text, rule in inside(*blocks, **more) if rule == CONTENTS]


def test_entries_that_link_within_the_page_and_equal_a_heading_are_a_contents_list() -> None:
    of = List("•", None, None)
    assert contents(*[entry(name) for name in HEADINGS]) == [*HEADINGS]
    assert contents(*[entry(name, of) for name in HEADINGS]) == [*HEADINGS]
    assert contents(entry("THE\nCOMPLAINT")) == ["THE COMPLAINT"]
    assert contents(entry("Two lines"), h("Two\nlines")) == ["Two lines"]
    assert contents(entry("Another")) == []
    assert contents(entry(HEADINGS[0]), layout="canonical") == []


@pytest.mark.parametrize(
    ("target", "is_within"),
    [
        ("#a", True),
        (f"{OWN}#a", True),
        (f"{OWN.upper()}/?x=1#a", True),
        ("25-004-901#a", True),
        ("?x=1#a", True),
        ("#a#b", True),
        ("25-004-901X#a", False),
        (f"{ELSEWHERE}#a", False),
        (OWN, False),
    ],
)
def test_an_entry_links_within_the_page_if_its_address_is_the_decisions_own(target: str, is_within: bool) -> None:
    assert contents(entry(HEADINGS[0], target=target)) == [HEADINGS[0]] * is_within
    both = p(HEADINGS[0], links=(Link("#a", text=HEADINGS[0], blocks=1), Link(target, text="", blocks=1)))
    assert contents(both) == [HEADINGS[0]] * is_within


def test_an_entry_with_words_beside_its_link_is_not_an_entry() -> None:
    assert contents(entry(HEADINGS[0], around="the")) == []


def test_an_entry_may_have_a_link_for_each_heading() -> None:
    both = p(" | ".join(HEADINGS), links=tuple(Link("#a", text=name, blocks=1) for name in HEADINGS), around="|")
    assert contents(both) == [both.text]
    empty = replace(both, links=(*both.links, Link("#b", text=" ", blocks=1)))
    assert contents(empty) == [both.text]
    other = replace(both, links=(*both.links, Link("#b", text="Another", blocks=1)))
    assert contents(other) == []


def test_a_list_or_run_with_one_entry_that_is_not_a_heading_is_kept_as_a_whole() -> None:
    assert contents(entry(HEADINGS[0]), entry("Another"), entry(HEADINGS[1])) == []
    of = List("•", None, None)
    assert contents(entry(HEADINGS[0], of), entry("Another", of)) == []
    assert contents(item("No link", of), entry(HEADINGS[0], of), item("None here", of)) == []


def test_runs_and_lists_are_judged_one_by_one() -> None:
    one, other = List("•", None, None), List("•", None, None)
    assert contents(entry("Another"), p("Words."), entry(HEADINGS[0]), p("Words."), entry(HEADINGS[1])) == [*HEADINGS]
    assert contents(entry("Another", one), entry(HEADINGS[0], other), entry(HEADINGS[1], other)) == [*HEADINGS]
    assert contents(entry(HEADINGS[0], one), entry(HEADINGS[1], one), entry("Another", other)) == [*HEADINGS]
    assert contents(entry(HEADINGS[0], one), entry("Another")) == [HEADINGS[0]]
    assert contents(entry("Another", one), entry(HEADINGS[0], other)) == [HEADINGS[0]]
    again = [entry(HEADINGS[0], one), entry(HEADINGS[1], one), p("Words."), entry(HEADINGS[0])]
    assert contents(*again) == [*HEADINGS, HEADINGS[0]]
    assert contents(entry(HEADINGS[0]), entry(HEADINGS[1]), p("Words."), entry("Another")) == [*HEADINGS]
    assert contents(item("Back to top", one), entry(HEADINGS[0], one)) == [HEADINGS[0]], "a phrase is not an entry"
    assert contents(entry(HEADINGS[0]), p("Back to top"), entry("Another")) == [], "a phrase does not end a run"


def test_entries_of_nested_lists_belong_to_the_list_around_them() -> None:
    outer = List("•", None, None)
    first = entry(HEADINGS[0], outer)
    inner = entry(HEADINGS[1], List("•", None, first.item))
    assert contents(first, inner) == [*HEADINGS]
    assert contents(first, entry("Another", List("•", None, first.item))) == []
    assert contents(item("No link", outer), inner) == [], "the list around it has an item that is not an entry"


@pytest.mark.parametrize("of", [None, List("•", None, None)])
def test_a_contents_list_may_end_the_page_if_links_are_nested_wrongly(of: List | None) -> None:
    """Otherwise blocks of links at the end are left out by another rule."""
    entries = [entry(name, of, target=f"#{place}") for place, name in enumerate(HEADINGS)]
    found = left_out(*HEAD, *TEXT, *entries, wrong=["a"])
    assert found == [(name, CONTENTS) for name in HEADINGS]


@pytest.mark.parametrize(
    ("heading", "is_heading"), [("Contents", True), ("On this page :", True), ("In this report", False)]
)
def test_the_heading_of_a_contents_list_is_left_out_with_it(heading: str, is_heading: bool) -> None:
    assert contents(p(heading), entry(HEADINGS[0])) == [heading] * is_heading + [HEADINGS[0]]
    assert contents(p(heading), p("Words."), entry(HEADINGS[0])) == [HEADINGS[0]]
    first = left_out(HEAD[0], p(heading), entry(HEADINGS[0]), *HEAD[1:], OPENER, *TEXT, p(CLOSING))
    assert [text for text, rule in first if rule == CONTENTS] == [heading] * is_heading + [HEADINGS[0]]


def test_bare_paragraphs_count_as_headings_only_where_an_entry_names_none() -> None:
    bare = p("My thoughts")
    assert contents(entry("My thoughts"), bare) == ["My thoughts"]
    assert contents(entry("My thoughts."), p("My thoughts.")) == [], "a sentence is not a heading"
    assert contents(entry("My thoughts"), p("Words.")) == [], "an entry is not its own heading"


DUMPED = ("One", "Two", "Three")


def contents_of_dump(*entries: str, headings: Sequence[str] = DUMPED, opener: Sequence[Block] = (OPENER,)) -> list[str]:
    body = [block for heading in headings for block in (h(heading), p("Words."))]
    blocks = (*HEAD, *map(item, entries), *opener, *body, item("Three"), p(CLOSING))
    return [text for text, rule in left_out(*blocks, layout="dump") if rule == CONTENTS]


def test_three_items_that_equal_the_headings_in_order_are_the_contents_list_of_a_page_dump() -> None:
    assert contents_of_dump("One", "Two", "Three") == ["One", "Two", "Three"]
    assert contents_of_dump("One", "Three", "Four", headings=("One", "Two", "Three", "Four")) == [
        "One",
        "Three",
        "Four",
    ]
    assert contents_of_dump("One", "Two") == [], "two are too few"
    assert contents_of_dump("One", "Three", "Two") == [], "in another order"
    assert contents_of_dump("One", "Two", "Five") == []
    assert contents_of_dump("One", "Two", "Words.") == [], "a paragraph is not a heading"
    assert contents_of_dump(TITLE, "One", "Two") == [], "the title is not after it"
    below = (p(OPENER.text), *map(item, DUMPED))
    assert contents_of_dump(opener=below) == [], "below the opener is the text"


def test_items_before_the_title_are_not_contents_list() -> None:
    body = [block for heading in DUMPED for block in (h(heading), p("Words."))]
    found = left_out(item("One"), *HEAD, item("Two"), item("Three"), OPENER, *body, p(CLOSING), layout="dump")
    assert found == [("One", BEFORE)]


def test_without_an_opener_a_page_dump_ends_its_header_at_the_first_heading_without_a_label() -> None:
    assert contents_of_dump("One", "Two", "Three", opener=()) == ["One", "Two", "Three"]
    assert contents_of_dump("One", "Two", "Three", opener=(h("Decision date : 1 May 2025"),)) == ["One", "Two", "Three"]
    assert contents_of_dump("One", "Two", "Three", opener=(), headings=()) == []
