"""Why a decision left the site: tested by cases, and against a plain model of the rule."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from ingest.crawling.disappearance import COHORT_DAYS, COHORT_GONE, COHORT_LEAST, Departure, judge
from storage.absences import DepartureVerdict, Evidence, KnownStatement
from storage.model import DecisionKind
from support.few_cases import examples

RETENTION = 1_000
DAY = date(2020, 6, 15)


def departure(
    reference: str = "x",
    kind: DecisionKind | None = "statement",
    *,
    day: date = DAY,
    seen: int = 2_000,
    gone: int = 2_001,
) -> Departure:
    """`seen`, `gone`: its ages in days when it was last seen and first found gone."""
    return Departure(reference, kind, day, day + timedelta(days=seen), day + timedelta(days=gone))


def known(count: int, place: str, offset: int = 0, *, prefix: str = "") -> list[KnownStatement]:
    day = DAY + timedelta(days=offset)
    return [KnownStatement(f"{prefix or place} {number}", day, place) for number in range(count)]  # type: ignore[arg-type]


def ending(one: Departure, statements: list[KnownStatement]) -> str:
    return judge([one], statements, RETENTION)[one.reference].ending


@pytest.mark.parametrize("kind", ["statement", "report", None])
def test_a_decision_gone_before_the_retention_age_is_withdrawn_whatever_others_did(kind: DecisionKind | None) -> None:
    one = departure(kind=kind, seen=RETENTION - 20, gone=RETENTION - 1)
    assert ending(one, known(50, "gone")) == "withdrawn"
    assert ending(one, []) == "withdrawn"


@pytest.mark.parametrize(("seen", "gone"), [(RETENTION - 1, RETENTION), (RETENTION, RETENTION + 1)])
def test_a_statement_past_the_retention_age_is_expired_with_its_cohort_else_gone(seen: int, gone: int) -> None:
    one = departure(seen=seen, gone=gone)
    assert ending(one, known(COHORT_LEAST, "gone")) == "expired"
    assert ending(one, known(COHORT_LEAST - 1, "gone")) == "gone"
    assert ending(one, known(COHORT_LEAST, "listed")) == "gone"
    assert ending(one, []) == "gone"


def test_an_instant_from_a_fast_clock_does_not_make_it_withdrawn() -> None:
    assert ending(departure(seen=RETENTION + 5, gone=RETENTION - 5), []) == "gone"


@pytest.mark.parametrize("kind", ["report", None])
def test_only_statements_can_be_expired(kind: DecisionKind | None) -> None:
    assert ending(departure(kind=kind), known(500, "gone")) == "gone"


def test_ninety_five_per_cent_of_the_cohort_must_be_gone() -> None:
    assert ending(departure(), known(95, "gone") + known(5, "listed")) == "expired"
    assert ending(departure(), known(94, "gone") + known(5, "listed")) == "gone"
    assert ending(departure(), known(19, "gone") + known(1, "unlisted")) == "expired"
    assert ending(departure(), known(18, "gone") + known(2, "unlisted")) == "gone", "it is not known yet why these left"


def test_the_cohort_is_the_statements_within_thirty_days() -> None:
    for offset in (-COHORT_DAYS, COHORT_DAYS):
        assert ending(departure(), known(20, "gone", offset)) == "expired"
    for offset in (-COHORT_DAYS - 1, COHORT_DAYS + 1):
        assert ending(departure(), known(20, "gone", offset)) == "gone"
        assert ending(departure(), known(20, "gone") + known(500, "listed", offset)) == "expired"


def test_statements_that_left_before_the_retention_age_are_not_in_the_cohort() -> None:
    assert ending(departure(), known(500, "withdrawn")) == "gone"
    early = [departure(f"unlisted {number}", seen=10, gone=20) for number in range(30)]
    verdicts = judge([departure(), *early], known(30, "unlisted"), RETENTION)
    assert verdicts["x"] == DepartureVerdict("gone", Evidence(2_000, 2_001, 0, 0, 0))


def test_departures_judged_together_count_as_gone_for_each_other_but_not_themselves() -> None:
    for count, expected in ((20, "gone"), (21, "expired")):
        departures = [departure(f"unlisted {number}") for number in range(count)]
        verdicts = judge(departures, known(count, "unlisted"), RETENTION)
        evidence = Evidence(2_000, 2_001, count - 1, count - 1, 0)
        assert set(verdicts.values()) == {DepartureVerdict(expected, evidence)}  # type: ignore[arg-type]


def test_a_verdict_has_the_ages_and_the_counts_of_the_cohort() -> None:
    statements = known(7, "gone") + known(5, "listed") + known(3, "unlisted") + known(2, "withdrawn")
    verdict = judge([departure(seen=1_500, gone=1_503)], statements, RETENTION)["x"]
    assert verdict == DepartureVerdict("gone", Evidence(1_500, 1_503, 15, 7, 5))


def test_dates_at_either_end_of_the_calendar_are_judged() -> None:
    first = Departure("x", "statement", date.min, date(2026, 1, 1), date(2026, 1, 2))
    last = Departure("y", "statement", date.max, date(2026, 1, 1), date(2026, 1, 2))
    assert {verdict.ending for verdict in judge([first, last], [], RETENTION).values()} == {"gone", "withdrawn"}


# ---------------------------------------------------------------- against a plain model

PLACES = st.sampled_from(["listed", "unlisted", "gone", "withdrawn"])
KINDS: st.SearchStrategy[DecisionKind | None] = st.sampled_from(["statement", "report", None])
OFFSETS = st.integers(-45, 45)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Departure], list[KnownStatement]]:
    """Departures and statements of a few months, mostly gone; some departures are among the statements."""
    mostly = draw(PLACES)
    statements = []
    departures = []
    for number in range(draw(st.integers(0, 70))):
        day = DAY + timedelta(days=draw(OFFSETS))
        place = mostly if draw(st.integers(0, 19)) else draw(PLACES)
        statements.append(KnownStatement(f"s{number}", day, place))  # type: ignore[arg-type]
        if place in ("unlisted", "gone") and not draw(st.integers(0, 3)):
            age = draw(st.sampled_from([RETENTION - 50, RETENTION - 1, RETENTION, 2 * RETENTION]))
            departures.append(departure(f"s{number}", day=day, seen=age, gone=age + draw(st.integers(0, 3))))
    for number in range(draw(st.integers(0, 3))):
        kind = draw(KINDS)
        departures.append(departure(f"d{number}", kind, day=DAY + timedelta(days=draw(OFFSETS))))
    return departures, statements


def model(one: Departure, departures: list[Departure], statements: list[KnownStatement]) -> DepartureVerdict:
    """The rule as the module's docstring states it."""
    seen, gone = (one.seen_on - one.decided).days, (one.gone_on - one.decided).days
    early = {d.reference for d in departures if d.gone_on < d.decided + timedelta(days=RETENTION)}
    others = [
        s
        for s in statements
        if s.reference != one.reference
        and s.reference not in early
        and s.place != "withdrawn"
        and abs((s.decided - one.decided).days) <= 30
    ]
    judged = {d.reference for d in departures}
    left = [s for s in others if s.place == "gone" or s.reference in judged]
    listed = [s for s in others if s.place == "listed"]
    evidence = Evidence(seen, gone, len(others), len(left), len(listed))
    if gone < RETENTION:
        return DepartureVerdict("withdrawn", evidence)
    if one.kind == "statement" and len(others) >= 20 and len(left) * 100 >= 95 * len(others):
        return DepartureVerdict("expired", evidence)
    return DepartureVerdict("gone", evidence)


@seed(1)
@settings(max_examples=examples(quick=100, full=400))
@given(histories(), st.randoms(use_true_random=False))
def test_every_verdict_follows_the_rule_in_any_order(
    history: tuple[list[Departure], list[KnownStatement]], chance: random.Random
) -> None:
    departures, statements = history
    expected = {one.reference: model(one, departures, statements) for one in departures}
    assert judge(departures, statements, RETENTION) == expected
    chance.shuffle(departures)
    chance.shuffle(statements)
    assert judge(departures, statements, RETENTION) == expected


@seed(1)
@settings(max_examples=examples(quick=50, full=200))
@given(histories())
def test_reports_and_statements_with_a_cohort_that_stayed_are_never_expired(
    history: tuple[list[Departure], list[KnownStatement]],
) -> None:
    departures, statements = history
    kinds = {one.reference: one.kind for one in departures}
    for reference, verdict in judge(departures, statements, RETENTION).items():
        if verdict.ending == "expired":
            evidence = verdict.evidence
            assert kinds[reference] == "statement"
            assert evidence.age_gone >= RETENTION
            assert evidence.as_old_known >= COHORT_LEAST
            assert evidence.as_old_gone >= COHORT_GONE * evidence.as_old_known
            assert evidence.as_old_listed <= evidence.as_old_known - evidence.as_old_gone
