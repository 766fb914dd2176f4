"""The text format: five laws, two layouts, the seeds and their golden form."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from ingest.errors import CutShort, NotADecision, ReadError, TooLarge
from ingest.lgo.decision import LONGEST_TEXT
from ingest.lgo.text_format import MOST_LINES, parse, render
from ingest.parsing.input_limits import MAX_BYTES
from storage.model import Decision, Line, Oddity
from support.documents import (
    EXAMPLES,
    PANEL,
    PHASES,
    REMARK,
    SEEDS,
    SPACES,
    Document,
    documents,
    dump_of,
    dumpable,
    numbers_of,
    text_of,
)
from support.few_cases import examples
from support.paths import GOLDEN, ROOT

CANONICAL = ("000_d996cb4fed483c77", "001_e0fd80e6ea1f22fe", "003_409f28d8bbf57340", "004_8d37d580c71d95ec")
DUMP = "002_5bc863b3bb6f37b6"

slow = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)


def seed(name: str) -> str:
    return (ROOT / "seeds" / f"{name}.txt").read_bytes().decode()


def golden() -> str:
    return (GOLDEN / f"{DUMP}.txt").read_bytes().decode()


def joined(lines: tuple[Line, ...]) -> str:
    """Joins the lines as the paragraphs table promises: the rows, with a dash before items, are the text."""
    return "\n".join(f"- {line.text}" if line.kind == "item" else line.text for line in lines)


def small(*body: str, header: str = "Decision : Upheld") -> str:
    """Returns a short canonical text with the given lines in its body."""
    return "\n".join(
        (
            "Wexcombe Council (23 004 117)",
            header,
            "The Ombudsman's final decision:",
            "Summary: There was fault.",
            *body,
            "Investigator's decision on behalf of the Ombudsman",
        )
    )


@pytest.mark.parametrize(
    ("before", "after"), [("\n", ""), (" \n\r\n", "\n"), ("", "\n\n"), ("\n", "\n  \n"), ("  ", "")]
)
def test_empty_lines_around_a_text_without_items_do_not_make_it_a_page_dump(before: str, after: str) -> None:
    text = small("The complaint", "Mr X complained.", "He had no answer.")
    assert render(parse(before + text + after)) == text


def test_a_text_with_an_empty_line_is_refused_with_the_reason_why_its_title_was_not_found() -> None:
    text = small("Mr X complained.").replace("Summary:", "\nSummary:")
    with pytest.raises(NotADecision, match=r"^no title line .*; the document has empty lines .* are one paragraph$"):
        parse(text)
    with pytest.raises(NotADecision, match=r"\(25 004 920\)'$"):
        parse("The Ombudsman's final decision:\nSummary: No title.\nMr X complained.")


# -- laws 1 and 2: the seeds


@pytest.mark.parametrize("name", CANONICAL)
def test_a_canonical_seed_is_rendered_byte_for_byte(name: str) -> None:
    assert render(parse(seed(name))) == seed(name)
    assert render(parse(seed(name).encode())) == seed(name)


def test_dumped_seed_is_rendered_like_its_golden_file() -> None:
    assert render(parse(seed(DUMP))) == golden()
    assert render(parse(golden())) == golden()


FIELDS = {
    "000": ("25 004 920", "Hertfordshire County Council", "Disabled children", "Closed after initial enquiries",
            date(2025, 10, 6)),
    "001": ("22 017 902", "Herefordshire Council", "Other", "Closed after initial enquiries", date(2023, 4, 19)),
    "002": ("18 009 360", "Hertfordshire County Council", "Child protection", "Upheld", date(2019, 8, 21)),
    "003": ("24 014 420", "Derbyshire County Council", "Child protection", "Closed after initial enquiries",
            date(2025, 2, 6)),
    "004": ("23 017 826", "Hampshire County Council", None, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CANONICAL, DUMP])
def test_a_seed_gives_its_fields(name: str) -> None:
    decision = parse(seed(name))
    reference, authority, subcategory, outcome, decided = FIELDS[name[:3]]
    assert decision.reference == reference
    assert decision.authority == authority
    assert decision.category == (None if subcategory is None else "Children's care services")
    assert decision.subcategory == subcategory
    assert decision.outcome == outcome
    assert decision.decision_date == decided
    assert decision.kind == "statement"
    assert decision.closed
    summary = next(line for line in seed(name).split("\n") if line.startswith("Summary: "))
    assert decision.summary == summary.removeprefix("Summary: ")


@pytest.mark.parametrize("name", [*CANONICAL, DUMP])
def test_the_lines_of_a_seed_are_its_text(name: str) -> None:
    decision = parse(seed(name))
    assert joined(decision.lines) == render(decision)
    assert all(line.text == line.text.strip() and line.text and "\n" not in line.text for line in decision.lines)


# -- the numbers of the two layouts


def test_a_canonical_text_has_no_numbers() -> None:
    for text in (*map(seed, CANONICAL), golden()):
        assert {line.number for line in parse(text).lines} == {None}


def test_top_level_numbers_of_the_dumped_seed_continue_through_the_decision() -> None:
    numbers = [line.number for line in parse(seed(DUMP)).lines if line.number and line.number.isdigit()]
    assert numbers == [str(number) for number in range(1, 92)]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        # 23 says that no record shows "other allegations about use of physical force" put to Ms D: X makes them in 24.
        ("24", "X repeated that Ms D had scratched her and mentioned other incidents where Ms D had hit her"),
        # 52 speaks of the "Child in Need review meeting held in May 2018", which is the meeting of 44.
        ("44", "Mr C attended a meeting with the Council in May 2018 to discuss the plan"),
        # 84 speaks of "its letter of June 2018", and quotes what 52 quotes of it.
        ("52", "In a further letter sent to Mr C in June 2018 the Council defended the conduct"),
        # 64 speaks of "the omission I highlighted": 59 finds no record of the allegations being put to Ms D.
        ("59", "no record appeared in the case papers of the social worker putting the majority of these allegations"),
    ],
)
def test_cross_references_of_the_dumped_seed_fit(number: str, words: str) -> None:
    lines = [line for line in parse(seed(DUMP)).lines if line.number == number]
    assert len(lines) == 1
    assert words in lines[0].text


def test_cross_references_are_in_the_expected_paragraphs() -> None:
    lines = parse(seed(DUMP)).lines
    found = {line.number: re.findall(r"paragraph (\d+)", line.text) for line in lines}
    assert {number: said for number, said in found.items() if said} == {
        "23": ["24"], "52": ["44"], "64": ["59"], "84": ["52"],
    }  # fmt: skip


def test_bullets_and_sub_items_of_the_dumped_seed_belong_to_their_paragraph() -> None:
    by_number = {line.number: line.text for line in parse(seed(DUMP)).lines if line.number}
    assert by_number["1.•1"].startswith("Failed to adequately investigate")
    assert by_number["1.•4"] == "Failed to follow its complaint procedures."
    assert by_number["6.•1"].startswith("Mr C’s written complaint to the Ombudsman")
    assert by_number["18.•3"].endswith("(emphasis as per original).")
    assert by_number["40.•5"].startswith("That both X and Y were at risk of emotional harm")
    assert by_number["42.•4"] == "arrange future contact in a consistent way."
    assert by_number["88.1"].startswith("Provide a written apology to Mr C")
    assert by_number["88.2"].startswith("Pay Mr C £500 in recognition")
    assert by_number["88.3"].startswith("Append a copy of this statement")
    assert by_number["89"].startswith("In addition, within three months")
    subs = [number for number in by_number if not number.isdigit()]
    assert len(subs) == len(re.findall(r"^(?:  •|      \d\.) ", seed(DUMP), re.MULTILINE))
    items = [line for line in parse(seed(DUMP)).lines if line.kind == "item"]
    assert len(items) == len(by_number)


def test_bullets_after_a_paragraph_of_a_dump_have_no_number() -> None:
    text = small("What I found", "Three things matter.", "  • one", "  • two", "  1. first", "  2. second", "  • of it")
    text = re.sub("\n(?!  )", "\n\n", text).replace("matter.\n  •", "matter.\n\n  •").replace("two\n", "two\n\n")
    items = [(line.number, line.text) for line in parse(text).lines if line.kind == "item"]
    assert items == [(None, "one"), (None, "two"), ("1", "first"), ("2", "second"), ("2.•1", "of it")]


# -- law 3 and both layouts, over documents nobody published


@slow
@given(documents(gaps=True))
def test_canonical_text_is_rendered_unchanged(document: Document) -> None:
    text = text_of(document)
    decision = parse(text, unclosed=True)
    assert render(decision) == text
    assert joined(decision.lines) == text
    assert {line.number for line in decision.lines} == {None}
    check_fields(decision, document)


@slow
@given(documents().map(dumpable), SEEDS)
def test_a_dump_is_rendered_as_the_canonical_text_with_numbers(document: Document, seed: int) -> None:
    decision = parse(dump_of(document, seed), unclosed=True)
    assert render(decision) == text_of(document)
    assert [line.number for line in decision.lines] == numbers_of(document)
    assert parse(render(decision), unclosed=True).lines == tuple(line._replace(number=None) for line in decision.lines)
    check_fields(decision, document)


def check_fields(decision: Decision, document: Document) -> None:
    assert decision.reference == document.reference
    assert decision.authority == document.authority
    assert (decision.category, decision.subcategory) == (document.category, document.subcategory)
    assert decision.outcome == document.outcome
    assert decision.decision_date == document.decision_date
    assert decision.closed == (document.closer is not None)
    if document.layout != "old":
        assert decision.kind == document.layout
    if document.layout == "statement":
        assert decision.summary == document.summary


_PIECE = st.one_of(
    st.sampled_from(
        (
            "Back to top", "Print this page", "LGO logogram", *PANEL, REMARK, "The complaint", "x" * 121,
            "Category : Housing > Other > More", "Category : Housing", "Decision : Upheld", "Decision : ", "Decision:",
            "Decision date : 01 Feb 2020", "Decision date : 32 Foo 2020", "Category: Housing", "Category :", "Category",
            "The Ombudsman's final decision:", "Overview:", "Summary: Fault.", "Summary:", "Summary", "15 013 870",
            "Wexcombe (23 004 117)", "- 15 013 870", "Investigator's decision on behalf of the Ombudsman", "( )", "()",
            "- Investigator's decision on behalf of the Ombudsman", "  1. item", "  2. item", "  • bullet",
            "      1. inner", "      • inner", "    more of it", "  1.", "  •", "  - x", "- ", "-", "- - x", "• x",
            "1. x", "1.x", "\t1. x", "", "", "   ", " | ", "a | b", "\u200b", "\u00a0- x", "\u3000", "\ufeff", "a\x0bb",
            "a\x85b", "a\u2028b", "\u2028- x", "a\x1cb", "- \u200b", "-\u00a0x", "-\u200b x", "\u200b- x", "\u00ad",
        )
    ),
    st.text(st.sampled_from("-•1. ab:|>()\u00a0\u200b\t\u00ad\u2028"), max_size=8),
    st.text(max_size=8),
)  # fmt: skip


@settings(slow, max_examples=examples(quick=150, full=400))
@given(
    st.sampled_from(("Wexcombe Council (23 004 117)", "A (b) (23 004 117a)", "23 004 117", "A\u00a0(23\u00a0004 117)")),
    st.lists(_PIECE, max_size=3),
    st.sampled_from(("The Ombudsman's final decision:", "Overview:", "Decision : Upheld")),
    st.lists(_PIECE, max_size=10),
    st.sampled_from(("Investigator's decision on behalf of the Ombudsman", "")),
    st.lists(_PIECE, max_size=3),
    st.sampled_from(("\n", "\n", "\n\n", "\r\n", "\r")),
)  # fmt: skip
def test_rendered_text_parses_to_itself(
    title: str, head: list[str], opener: str, body: list[str], closer: str, after: list[str], newline: str
) -> None:
    text = newline.join([title, *head, opener, *body, closer, *after])
    try:
        decision = parse(text, unclosed=True)
    except ReadError:
        reject()
    once = render(decision)
    assert render(parse(once, unclosed=True)) == once
    assert joined(decision.lines) == once
    assert not re.search(r"\r|\n\n|\n\Z", once)
    for line in once.split("\n"):
        assert line == re.sub(f"[{SPACES}]+", " ", line).strip(" "), "one space, and none at the ends"
        assert not re.search("[\u00ad\u200b-\u200f\u2060\ufeff]", line)
        assert line not in ("Back to top", "Print this page", "LGO logogram")


@settings(slow, max_examples=examples(quick=80, full=200))
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200)))
def test_text_that_is_not_a_decision_raises_a_read_error(text: str | bytes) -> None:
    with pytest.raises(ReadError):
        parse(text)


# -- variants of a file


@pytest.mark.parametrize("name", [*CANONICAL, DUMP])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: text + "\n\n \n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n") + "\r\n",
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: "\n\n" + text,
        lambda text: text.replace("\n", " \n"),
    ],
    ids=["newline", "blank lines", "crlf", "crlf at end", "mac", "byte order mark", "blank lines before", "spaces"],
)
def test_the_line_ends_of_a_file_do_not_matter(name: str, change: object) -> None:
    assert callable(change)
    text = change(seed(name))
    assert parse(text) == parse(seed(name))
    assert parse(text.encode()) == parse(seed(name))


@pytest.mark.parametrize("space", ["\u00a0", "\t", "  ", "\u2003", "\u3000", "\u2028", "\x0b", "\x0c", "\x85"])
def test_any_white_space_inside_a_line_is_one_space(space: str) -> None:
    """White space has priority over control characters: tab, vertical tab, form feed and U+0085 are both."""
    text = small("The complaint", f"- Mr{space}X said{space}{space}so.", f"It{space}was.")
    assert render(parse(text)) == small("The complaint", "- Mr X said so.", "It was.")


@pytest.mark.parametrize("nothing", list("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\x00\x7f"))
def test_invisible_characters_are_removed(nothing: str) -> None:
    text = small("The complaint", f"- Mr{nothing} X sa{nothing}id so.{nothing}", f"{nothing}It was.")
    assert render(parse(text)) == small("The complaint", "- Mr X said so.", "It was.")


def test_characters_that_are_not_spaces_stay() -> None:
    body = ("The complaint", "- ‘a’ “b” – £5 , i professionals ’ s … \u202ex\u202c \ufb01 e\u0301", "- -", "- - x")
    assert render(parse(small(*body))) == small(*body)


# -- law 5: refusals


@pytest.mark.parametrize(
    "text", ["", "\n", "  \n\n ", "\ufeff", b"", b"\x00" * 64, b"\xff\xfe", b"\x89PNG\r\n\x1a\n", "Hi"]
)
def test_text_that_is_not_a_decision_is_refused(text: str | bytes) -> None:
    with pytest.raises(ReadError):
        parse(text)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_text_in_another_encoding_is_the_same_text(encoding: str) -> None:
    name = "000_d996cb4fed483c77"
    assert render(parse(seed(name).encode(encoding))) == seed(name)


def test_text_in_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ReadError):
        parse(seed("000_d996cb4fed483c77").encode("utf-32"))
    with pytest.raises(ReadError):
        parse(seed("000_d996cb4fed483c77").replace("’", "'").encode("cp037", "ignore"))


def test_a_dash_alone_on_a_line_marks_the_item_that_follows() -> None:
    lines = [line for text in ("a", "b") for line in ("-", text)]
    assert render(parse(small("The complaint", *lines, "Final decision"))) == small(
        "The complaint", "- a", "- b", "Final decision"
    )
    beside = small("The complaint", "- a", "-", "b")
    assert render(parse(beside)) == beside, "where an item stands beside its dash, a dash alone is a line"


@pytest.mark.parametrize("name", [*CANONICAL, DUMP])
def test_text_without_closing_line_is_refused_without_the_option(name: str) -> None:
    text = seed(name)
    text = text[: text.rindex("Investigator's decision")].rstrip()
    with pytest.raises(ReadError):
        parse(text)
    decision = parse(text, unclosed=True)
    assert not decision.closed
    assert render(decision) + "\nInvestigator's decision on behalf of the Ombudsman" == render(parse(seed(name)))


@pytest.mark.parametrize("name", CANONICAL)
def test_a_text_cut_anywhere_is_refused(name: str) -> None:
    text = seed(name)
    accepted = []
    for end in {*range(400), *range(400, len(text), 97), *range(len(text) - 60, len(text))}:
        try:
            parse(text[:end])
        except ReadError:
            continue
        accepted.append(end)
    assert accepted == [], f"the text cut after {text[: accepted[0]]!r} was taken for a whole one"


def test_a_report_needs_no_closing_line() -> None:
    text = "Wexcombe Council (23 004 117)\nDecision : Upheld\nOverview:\nSummary\nIt was lost.\nFinding\nFault found."
    decision = parse(text)
    assert render(decision) == text
    assert decision.kind == "report"
    assert not decision.closed


@pytest.mark.parametrize("closer", [
    "Investigator's decision on behalf of the Ombudsman",
    "Investigator’s decision on behalf of the Ombudsman",
    "Investigator's decision on behalf of the Ombudsmen",
    "Investigator's final decision on behalf of the Ombudsman",
    "Assistant Ombudsman's final decision on behalf of the Ombudsmen",
])  # fmt: skip
def test_variants_of_the_closing_line_are_recognised(closer: str) -> None:
    text = small("The complaint", "- It was lost.").rsplit("\n", 1)[0] + "\n" + closer
    assert parse(text).closed
    assert render(parse(text)) == text


# -- the header


def test_last_bracket_of_the_title_has_the_reference() -> None:
    for authority in ("Bupa Care Homes (GL) Limited", "NHS Marl Integrated Care Board (ICB)", "A (23 001 002) B (c)"):
        decision = parse(small().replace("Wexcombe Council", authority).replace("23 004 117", "24 001 119a"))
        assert (decision.authority, decision.reference) == (authority, "24 001 119a")


def test_old_title_is_only_the_reference() -> None:
    text = f"15 013 870\nCategory : Planning > Other\nDecision : Upheld\n{REMARK}\nThe complaint\nIt was lost."
    decision = parse(text, unclosed=True)
    assert render(decision) == text
    assert (decision.reference, decision.authority, decision.subcategory) == ("15 013 870", None, "Other")


@pytest.mark.parametrize("opener", ["The Ombudsman's final decision:\n", "Overview:\n", ""])
def test_a_line_appended_to_the_header_is_a_paragraph(opener: str) -> None:
    """A short line without a full stop is still a paragraph, because the format names this line as one."""
    text = f"15 013 870\nDecision : Upheld\n{REMARK}\n{opener}The complaint\nIt was lost."
    decision = parse(text, unclosed=True)
    assert next(line.kind for line in decision.lines if line.text == REMARK) == "paragraph"
    assert [line.section for line in decision.lines[:3]] == [None] * 3


@pytest.mark.parametrize(
    ("category", "top", "sub"),
    [("Housing", "Housing", None), ("Housing > X", "Housing", "X"), ("A > B > C", "A", "B > C"), ("A>B", "A>B", None)],
)
def test_the_category_is_split_at_its_first_angle(category: str, top: str, sub: str | None) -> None:
    decision = parse(small("The complaint", "- It.", header=f"Category : {category}"))
    assert (decision.category, decision.subcategory, decision.outcome) == (top, sub, None)


def test_header_lines_keep_the_published_order() -> None:
    header = f"Decision date : 09 Nov 2017\nDecision : Upheld\n{REMARK}\nCategory : Housing"
    text = small("The complaint", "- It.", header=header)
    decision = parse(text)
    assert render(decision) == text
    assert (decision.decision_date, decision.outcome, decision.category) == (date(2017, 11, 9), "Upheld", "Housing")


def test_lines_of_the_body_are_not_header_lines() -> None:
    body = ("The complaint", "Category : Housing > Other", "Decision date : 01 Jan 2001", "Decision : Not upheld")
    decision = parse(small(*body, "Summary: not this one."))
    assert (decision.outcome, decision.category, decision.decision_date) == ("Upheld", None, None)
    assert decision.summary == "There was fault."


@pytest.mark.parametrize("month", range(1, 13))
def test_full_and_short_month_names_are_parsed(month: int) -> None:
    name = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[month - 1]
    assert parse(small("A.", header=f"Decision date : 01 {name} 2020")).decision_date == date(2020, month, 1)


@pytest.mark.parametrize(
    "lines",
    [
        ("- The complaint", "- Final decision"),  # a contents list is recognised by its links, and a text has none
        ("Something else",),
        ("- -",),
        ("Wexcombe",),
    ],
)
@pytest.mark.parametrize("place", [1, 2, 4, 5])
def test_no_line_of_a_text_is_lost_at_any_place(lines: tuple[str, ...], place: int) -> None:
    text = small("The complaint", "- It was lost.", "Final decision", "- There was fault.").split("\n")
    text[place:place] = lines
    assert render(parse("\n".join(text))) == "\n".join(text)


# -- kinds and sections


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("The complaint", True),
        ("x" * 120, True),
        ("x" * 121, False),
        ("Mr X’s complaint (2020)", True),
        ("Background – key law and guidance", True),
        ("It says so.", False),
        ("It says so;", False),
        ("It says so:", False),
        ("Does it say so?", False),
        ("It says so!", False),
        ("It says so.”", True),
    ],
)
def test_a_bare_short_line_without_a_final_stop_is_a_heading(line: str, heading: bool) -> None:
    found = next(found for found in parse(small("First", line, "- It.")).lines if found.text == line)
    assert found.kind == ("heading" if heading else "paragraph")


@pytest.mark.parametrize("name", [*CANONICAL, DUMP])
def test_each_line_of_the_body_names_its_section(name: str) -> None:
    section = None
    for line in parse(seed(name)).lines:
        section = line.text if line.kind == "heading" else section
        assert line.section == section
    kinds = {line.kind for line in parse(seed(name)).lines}
    assert kinds >= {"header", "heading", "item"}


def test_each_line_of_a_seed_names_its_section() -> None:
    decision = parse(seed("000_d996cb4fed483c77"))
    headings = [line.text for line in decision.lines if line.kind == "heading" and "on behalf of" not in line.text]
    assert headings == [
        "The complaint",
        "The Ombudsman’s role and powers",
        "How I considered this complaint",
        "My assessment",
        "Analysis",
        "Final decision",
    ]
    assert [line.text[:4] for line in decision.lines if line.kind == "header"][:4] == ["Hert", "Cate", "Deci", "Deci"]


def test_render_uses_only_the_lines() -> None:
    decision = parse(seed("000_d996cb4fed483c77"))
    assert render(replace(decision, summary=None, kind=None)) == render(decision)


# -- more than any decision has


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\n   \n"])
def test_number_of_lines_is_limited(end: str) -> None:
    with pytest.raises(NotADecision, match="no title line"):
        parse(end.join("a" * MOST_LINES))
    with pytest.raises(TooLarge, match=r"^the document has 20,001 lines; no decision has more than 20,000$"):
        parse(end.join("a" * (MOST_LINES + 1)))


def test_a_decision_with_the_most_lines_is_parsed() -> None:
    assert len(parse(small(*["a"] * (MOST_LINES - 5))).lines) == MOST_LINES


def test_number_of_bytes_is_limited() -> None:
    with pytest.raises(NotADecision, match="an empty document"):
        parse(" " * MAX_BYTES)
    with pytest.raises(TooLarge) as refused:
        parse(" " * (MAX_BYTES + 1))
    assert str(refused.value) == ("the document has 2,097,153 bytes or characters; no decision has more than 2,097,152")


def test_the_cookie_panel_is_left_out_of_a_page_dump_and_kept_in_the_text_format() -> None:
    panel = ("Review your privacy settings", "Required cookies")
    text = "\n".join([*small("- Text.").split("\n")[:-1], *panel])
    assert render(parse(text, unclosed=True)) == text
    dump = "\n\n".join([*small("Text.").split("\n"), *panel])
    decision = parse(dump)
    assert render(decision) == small("Text.")
    assert [block.text for block in decision.left_out] == list(panel)


def test_length_of_the_text_is_limited() -> None:
    room = LONGEST_TEXT - len(small("").replace("\n", ""))
    assert len(render(parse(small("a" * room))).replace("\n", "")) == LONGEST_TEXT
    with pytest.raises(TooLarge, match="500,001 characters"):
        parse(small("a" * (room + 1)))


def test_the_errors_say_what_is_missing_and_name_the_option() -> None:
    with pytest.raises(NotADecision, match=r"^an empty document$"):
        parse(" \n\u00a0\n")
    closing = "\nInvestigator's decision on behalf of the Ombudsman"
    with pytest.raises(CutShort) as refused:
        parse(small("Text.").removesuffix(closing))
    assert str(refused.value) == (
        "23 004 117: no closing line ('Investigator's decision on behalf of the Ombudsman'), so the text may be cut "
        "short; use --unclosed to import it as it is"
    )


def test_an_odd_encoding_and_an_odd_reference_are_reported() -> None:
    assert parse(small("It owes £5.").encode("cp1252")).odd == (
        Oddity("encoding", "1 byte not UTF-8, read as windows-1252"),
    )
    dashes = "23\u2011004\u2011117"
    assert parse(small("Text.").replace("23 004 117", dashes)).odd == (Oddity("reference", dashes),)
    assert parse(small(f"See {dashes}.")).odd == ()


@pytest.mark.parametrize(
    ("above", "between"),
    [("- ", "\n"), ("- - ", "\n"), ("Home\n", "\n"), ("\n", "\n\n"), (" \n", "\n\n"), ("Home\n\n", "\n\n")],
)
def test_an_odd_reference_is_reported_wherever_its_title_is(above: str, between: str) -> None:
    dashes = "23\u2011004\u2011117"
    decision = parse(above + small("Text.").replace("23 004 117", dashes).replace("\n", between))
    assert decision.reference == "23 004 117"
    assert decision.odd == (Oddity("reference", dashes),)


def test_a_date_after_the_day_of_the_import_is_odd_and_no_date() -> None:
    text = small("Text.", header="Decision date : 06 October 2025")
    assert parse(text, today=date(2025, 10, 6)).decision_date == date(2025, 10, 6)
    early = parse(text, today=date(2025, 10, 5))
    assert (early.decision_date, early.odd) == (None, (Oddity("date", "06 October 2025"),))
    assert render(early) == text


def test_a_label_in_an_item_of_a_text_is_not_a_header_line() -> None:
    found = parse(small("Text.", header="Decision : Upheld\n- Category : Housing"))
    assert (found.outcome, found.category) == ("Upheld", None)
    assert Line("item", "Category : Housing", None) in [line._replace(section=None) for line in found.lines]
