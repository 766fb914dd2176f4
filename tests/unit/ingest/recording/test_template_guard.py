"""Tests the rules of the template guard: when other decisions are reread, and what follows from the results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.recording.template_guard import (
    Answer,
    AskMore,
    Hold,
    Release,
    Template,
    Verdict,
    conclude,
    has_any,
    must_ask,
)
from storage.model import Edit

SHARE = Edit("added", "Share this page")
OTHERS = [Edit("added", f"The remedy was paid {word}.") for word in ("late", "early", "twice", "in part")]
WITHOUT = Answer(frozenset())
WITH = Answer(frozenset({SHARE}))


def judge(answers: list[Answer], families: int = 2, seen_without: int = 0, *, can_ask_more: bool = True) -> Verdict:
    return conclude(answers, families=families, seen_without=seen_without, can_ask_more=can_ask_more)


def test_others_are_reread_for_a_second_decision_a_small_archive_or_many_changes() -> None:
    assert not must_ask(1, 20, 1)
    assert must_ask(2, 20, 2)
    assert not must_ask(1, 5, 2)
    assert must_ask(1, 4, 1)
    assert not must_ask(1, 20, 2)
    assert must_ask(1, 20, 3)


def test_one_of_five_with_the_same_change_makes_it_a_template() -> None:
    assert judge([WITH, *[WITHOUT] * 4]) == Template(frozenset({SHARE}))


def test_an_edit_that_no_other_decision_has_is_an_amendment() -> None:
    assert judge([WITHOUT] * 5) == Release()
    assert judge([WITHOUT] * 2) == Release()


def test_texts_are_held_if_fewer_than_two_others_could_be_reread() -> None:
    assert judge([]) == Hold()
    assert judge([WITHOUT]) == Hold()
    assert judge([WITHOUT], seen_without=1) == Release(), "one more was reread since, and does not have it"


def test_a_second_decision_with_a_change_causes_another_round_of_rereads() -> None:
    answers = [WITH, *[WITHOUT] * 4]
    assert judge(answers, families=1) == AskMore()
    assert judge([*answers, *[WITHOUT] * 5], families=1, can_ask_more=False) == Release(), (
        "two amendments in the same words"
    )
    assert judge([WITH, WITH], families=1) == Template(frozenset({SHARE}))
    assert judge([WITH, WITHOUT], families=1, can_ask_more=False) == Hold()


def test_a_rare_edit_beside_a_template_edit_is_an_amendment() -> None:
    both = Answer(frozenset({SHARE, OTHERS[0]}))
    seen = {SHARE: 7, OTHERS[0]: 2}
    verdict = conclude([both, WITH, WITH], families=4, seen_without=0, can_ask_more=True, seen=seen)
    assert verdict == Template(frozenset({SHARE}))


def test_a_text_with_any_edit_of_a_change_has_the_change() -> None:
    assert has_any([SHARE, OTHERS[0]], {SHARE})
    assert not has_any([SHARE], {OTHERS[0]})


edits = st.sampled_from([SHARE, *OTHERS])
answers = st.builds(Answer, st.frozensets(edits, max_size=2))


@given(st.lists(answers, max_size=10), st.integers(1, 9), st.integers(0, 9), st.booleans())
def test_every_verdict_needs_enough_evidence(
    given_answers: list[Answer], families: int, seen_without: int, can_ask_more: bool
) -> None:
    verdict = judge(given_answers, families, seen_without, can_ask_more=can_ask_more)
    same = frozenset(edit for answer in given_answers for edit in answer.same)
    match verdict:
        case Template(found):
            assert found
            assert found <= same
        case Release():
            assert sum(not answer.same for answer in given_answers) + seen_without >= 2
        case AskMore():
            assert can_ask_more
            assert same
        case Hold():
            assert sum(not answer.same for answer in given_answers) + seen_without < 2
    if same and families >= 2:
        assert isinstance(verdict, Template)
