"""Tests the table of `ingest.recording.failures`: every kind of state with every event, and random runs."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import (
    Blocked,
    Denied,
    Disallowed,
    Elsewhere,
    FetchError,
    Gone,
    HeldOff,
    LayoutChanged,
    NotADecision,
    OutOfBudget,
    Overdue,
    Refused,
    TooLarge,
    Unreachable,
)
from ingest.recording.failures import (
    MOST_IN_A_ROW,
    RETRY_SECONDS,
    AskedToWait,
    BatchParsed,
    BlamePage,
    CanaryAnswered,
    CheckCanary,
    Decision,
    Event,
    Failure,
    Fetched,
    GoneAsExpected,
    Inconclusive,
    NotAllowed,
    NotParsed,
    NotShown,
    Parsed,
    RetryLater,
    RetryNextRun,
    RoundEnded,
    RunFails,
    State,
    Stop,
    Unanswered,
    decide,
    listed_page_failed,
    retry_seconds,
    unlisted_page_failed,
)
from storage.errors import LgscoError
from support.few_cases import examples

_numbers = itertools.count(1)


def failure(error: LgscoError | None = None) -> Failure:
    """Makes a failure that equals no other."""
    number = next(_numbers)
    return Failure(f"26 000 {number % 1000:03}", f"/decisions/a/b/{number}", error or Unreachable("no connection"))


def unread() -> NotParsed:
    return NotParsed(failure(NotADecision("no title")), is_strange=False)


def strange() -> NotParsed:
    return NotParsed(failure(NotADecision("no title")), is_strange=True)


EVENTS: dict[str, Callable[[], Event]] = {
    "fetched": Fetched,
    "not allowed": lambda: NotAllowed(failure(Disallowed("robots.txt"))),
    "asked to wait": lambda: AskedToWait(failure(HeldOff("later")), again=False),
    "asked to wait again": lambda: AskedToWait(failure(HeldOff("later")), again=True),
    "not shown": lambda: NotShown(failure(Gone("404"))),
    "unanswered": lambda: Unanswered(failure()),
    "gone as expected": lambda: GoneAsExpected(failure(Gone("404"))),
    "inconclusive": lambda: Inconclusive(failure(Denied("403"))),
    "a page parsed": lambda: BatchParsed((Parsed(),)),
    "no page parsed": lambda: BatchParsed((unread(),)),
    "a strange page": lambda: BatchParsed((strange(),)),
    "first parsed, then not": lambda: BatchParsed((Parsed(), unread())),
    "first not, then parsed": lambda: BatchParsed((strange(), Parsed())),
    "round ended": RoundEnded,
    "served": lambda: CanaryAnswered(CheckCanary("why", Unreachable("away")), served=True),
    "no canary": lambda: CanaryAnswered(CheckCanary("why"), served=False),
    "no canary at the limit": lambda: CanaryAnswered(CheckCanary("why", Unreachable("away")), served=False),
    "run fails": RunFails,
}


def failures_of(event: Event) -> list[Failure]:
    """Returns the failures of an event."""
    match event:
        case BatchParsed(pages):
            return [page.failure for page in pages if isinstance(page, NotParsed)]
        case (
            NotAllowed(its)
            | AskedToWait(its)
            | NotShown(its)
            | Unanswered(its)
            | GoneAsExpected(its)
            | Inconclusive(its)
        ):
            return [its]
        case _:
            return []


def is_evidence(event: Event) -> bool:
    """Whether an event shows that the site serves us."""
    match event:
        case BatchParsed(pages):
            return Parsed() in pages
        case CanaryAnswered(served=served):
            return served
        case _:
            return False


def kind(state: State) -> tuple[str, int, int, bool, bool]:
    """Returns what distinguishes one state from another, whatever the failures are."""
    doubt = {(False, False): "none", (True, False): "doubtful", (False, True): "overtaken", (True, True): "both"}
    return (
        doubt[bool(state.doubtful), bool(state.overtaken)],
        min(state.unanswered, MOST_IN_A_ROW),
        min(state.not_shown, MOST_IN_A_ROW),
        state.is_strange,
        state.was_canary_asked,
    )


def reachable() -> dict[tuple[str, int, int, bool, bool], State]:
    """Returns one state of every reachable kind."""
    found = {kind(State()): State()}
    waiting = [State()]
    while waiting:
        state = waiting.pop()
        for make in EVENTS.values():
            after, _ = decide(state, make())
            if kind(after) not in found:
                found[kind(after)] = after
                waiting.append(after)
    return found


REACHABLE = reachable()


def pairs() -> Iterator[tuple[State, str, Event]]:
    for state in REACHABLE.values():
        for name, make in EVENTS.items():
            yield state, name, make()


def written(decisions: tuple[Decision, ...], verdict: type[BlamePage | RetryNextRun]) -> list[Failure]:
    return [one for decision in decisions if isinstance(decision, verdict) for one in decision.failures]


def retried(decisions: tuple[Decision, ...]) -> list[Failure]:
    return [decision.failure for decision in decisions if isinstance(decision, RetryLater)]


# ---------------------------------------------------------------- every pair of a state and an event


def test_every_kind_of_state_in_doubt_is_reached() -> None:
    kinds = REACHABLE.keys()
    assert {one[0] for one in kinds} == {"none", "doubtful", "overtaken", "both"}
    assert {one[1] for one in kinds} == {one[2] for one in kinds} == set(range(MOST_IN_A_ROW + 1))
    assert {(doubt, asked) for doubt, _, _, _, asked in kinds} == {
        (doubt, asked) for doubt in ("none", "doubtful", "overtaken", "both") for asked in (False, True)
    }
    assert len(REACHABLE) > 100


def test_every_failure_in_doubt_stays_in_doubt_or_is_blamed_or_cleared_once() -> None:
    for state, name, event in pairs():
        after, decisions = decide(state, event)
        before = Counter(state.in_doubt) + Counter(failures_of(event))
        blamed, cleared = written(decisions, BlamePage), written(decisions, RetryNextRun)
        settled = Counter(blamed) + Counter(cleared)
        if name == "inconclusive":
            settled += Counter(retried(decisions))
        assert Counter(after.in_doubt) + settled == before, (state, name)


def test_every_failure_is_retried_unless_it_is_blamed_or_not_recorded_yet() -> None:
    for state, name, event in pairs():
        _, decisions = decide(state, event)
        own = failures_of(event)
        if name in ("not allowed", "asked to wait again"):
            assert written(decisions, BlamePage) == own
            assert retried(decisions) == []
        elif name == "gone as expected":
            assert decisions == ()
        else:
            assert retried(decisions) == own, (state, name)


def test_a_page_is_blamed_only_after_another_page_or_the_canary_was_served() -> None:
    for state, name, event in pairs():
        _, decisions = decide(state, event)
        blamed = written(decisions, BlamePage)
        if name in ("not allowed", "asked to wait again"):
            assert blamed == failures_of(event)
        elif blamed:
            assert is_evidence(event), (state, name)


def test_a_failing_page_is_neither_cleared_nor_blamed_by_its_own_batch() -> None:
    for state, name, event in pairs():
        after, decisions = decide(state, event)
        if isinstance(event, BatchParsed):
            assert set(failures_of(event)) <= set(after.doubtful), name
            assert not set(failures_of(event)) & set(written(decisions, BlamePage))


def test_a_stop_blames_no_page_in_doubt_and_decides_nothing_else() -> None:
    for state, name, event in pairs():
        _, decisions = decide(state, event)
        stops = [one for one in decisions if isinstance(one, Stop)]
        assert len(stops) <= 1
        if stops:
            assert decisions[-1] is stops[0], "decisions before it are carried out first"
            assert not set(written(decisions, BlamePage)) & set(state.in_doubt), name
            assert not any(isinstance(one, CheckCanary) for one in decisions)


def test_the_canary_is_checked_last_and_only_if_something_is_in_doubt() -> None:
    for state, name, event in pairs():
        after, decisions = decide(state, event)
        checks = [one for one in decisions if isinstance(one, CheckCanary)]
        assert checks in ([], list(decisions[-1:]))
        assert not checks or after.in_doubt, (state, name)


def test_a_passed_canary_resolves_all_doubt_and_resets_every_count() -> None:
    for state in REACHABLE.values():
        after, decisions = decide(state, EVENTS["served"]())
        assert after == State(was_canary_asked=state.was_canary_asked)
        assert written(decisions, BlamePage) == list(state.in_doubt)


def test_the_end_of_a_round_checks_the_canary_if_anything_is_in_doubt() -> None:
    for state in REACHABLE.values():
        after, decisions = decide(state, RoundEnded())
        assert after == state
        assert [type(one) for one in decisions] == ([CheckCanary] if state.in_doubt else [])


def test_a_failing_run_retries_all_pages_in_doubt_in_the_next_run() -> None:
    for state in REACHABLE.values():
        after, decisions = decide(state, RunFails())
        assert after.in_doubt == ()
        assert written(decisions, RetryNextRun) == list(state.in_doubt)
        assert written(decisions, BlamePage) == []


def test_no_row_of_failures_reaches_the_limit_without_a_canary_check() -> None:
    for state, name, event in pairs():
        after, decisions = decide(state, event)
        rose = after.unanswered > state.unanswered or after.not_shown > state.not_shown
        if rose and max(after.unanswered, after.not_shown) >= MOST_IN_A_ROW and not isinstance(event, RoundEnded):
            own_row = after.unanswered if isinstance(event, Unanswered) else after.not_shown
            asked = [one for one in decisions if isinstance(one, CheckCanary)]
            assert bool(asked) == (own_row >= MOST_IN_A_ROW or not state.was_canary_asked), (state, name)
            if own_row >= MOST_IN_A_ROW:
                assert asked[0].otherwise is not None


# ---------------------------------------------------------------- whole runs


@settings(max_examples=examples(quick=100, full=300), derandomize=True)
@given(st.lists(st.sampled_from(sorted(set(EVENTS) - {"served", "no canary", "no canary at the limit"})), max_size=40))
def test_each_failure_of_a_run_is_blamed_or_cleared_exactly_once(names: list[str]) -> None:
    """The canary answers each check in turn: served, none known, served, …; a Stop ends the run."""
    state, ends, brought = State(), Counter[Failure](), Counter[Failure]()
    answers = itertools.cycle([True, False])

    def do(event: Event) -> bool:
        nonlocal state
        following: Event | None = event
        while following is not None:
            state, decisions = decide(state, following)
            own, following = following, None
            brought.update(failures_of(own))
            ends.update(written(decisions, BlamePage) + written(decisions, RetryNextRun))
            if isinstance(own, Inconclusive):
                ends.update(retried(decisions))
            for decision in decisions:
                if isinstance(decision, CheckCanary):
                    following = CanaryAnswered(decision, next(answers))
                elif isinstance(decision, Stop):
                    return False
        return True

    for name in names:
        if not do(EVENTS[name]()):
            break
    do(RunFails())
    assert ends == brought
    assert set(ends.values()) <= {1}


# ---------------------------------------------------------------- the rows of the table


def after_events(*events: Event) -> tuple[State, tuple[Decision, ...]]:
    state = State()
    decisions: tuple[Decision, ...] = ()
    for event in events:
        state, decisions = decide(state, event)
    return state, decisions


def test_the_fifth_unanswered_page_in_a_row_checks_the_canary_or_stops_with_its_error() -> None:
    last = failure(Overdue("too slow"))
    state, decisions = after_events(*[Unanswered(failure()) for _ in range(MOST_IN_A_ROW - 1)], Unanswered(last))
    check = decisions[-1]
    assert isinstance(check, CheckCanary)
    assert check.why == "5 pages in a row got no usable answer"
    assert decide(state, CanaryAnswered(check, served=False))[1] == (Stop(last.error),)


def test_a_fetched_page_resets_the_count_of_unanswered_pages() -> None:
    state, _ = after_events(*[Unanswered(failure()) for _ in range(MOST_IN_A_ROW - 1)], Fetched())
    assert state.unanswered == 0
    assert [type(one) for one in decide(state, Unanswered(failure()))[1]] == [RetryLater]


@pytest.mark.parametrize("name", ["fetched", "not shown", "gone as expected", "inconclusive"])
def test_any_answer_resets_the_count_of_unanswered_pages(name: str) -> None:
    state, _ = after_events(*[Unanswered(failure()) for _ in range(MOST_IN_A_ROW - 1)], EVENTS[name]())
    assert state.unanswered == 0


def test_five_unshown_pages_in_a_row_raise_blocked() -> None:
    _, decisions = after_events(*[NotShown(failure(Gone("404"))) for _ in range(MOST_IN_A_ROW)])
    assert isinstance(decisions[-1], CheckCanary)
    assert isinstance(decisions[-1].otherwise, Blocked)


def test_one_page_without_its_reference_among_unparsed_pages_means_blocked() -> None:
    pages = (strange(), *(unread() for _ in range(MOST_IN_A_ROW - 1)))
    _, decisions = after_events(BatchParsed(pages))
    assert isinstance(decisions[-1], CheckCanary)
    assert isinstance(decisions[-1].otherwise, Blocked)


def test_a_page_blames_those_before_it_only_once_it_parses() -> None:
    first = failure()
    state, decisions = after_events(Unanswered(first), Fetched())
    assert decisions == ()
    assert decide(state, BatchParsed((Parsed(),)))[1] == (BlamePage((first,)),)
    state, decisions = decide(state, BatchParsed((unread(),)))
    assert first in state.doubtful
    assert written(decisions, BlamePage) == []


def test_only_the_first_unparsed_page_checks_the_canary() -> None:
    state, decisions = after_events(BatchParsed((unread(),)))
    assert isinstance(decisions[-1], CheckCanary)
    assert decisions[-1].otherwise is None
    _, decisions = decide(state, BatchParsed((unread(),)))
    assert [type(one) for one in decisions] == [RetryLater]


@pytest.mark.parametrize(
    ("page", "error", "words"),
    [(unread, LayoutChanged, "`lgsco renormalise` parses them again"), (strange, Blocked, "something else in place")],
)
def test_five_unparsed_pages_in_a_row_raise_layout_changed_or_blocked(
    page: Callable[[], NotParsed], error: type[LgscoError], words: str
) -> None:
    _, decisions = after_events(BatchParsed(tuple(page() for _ in range(MOST_IN_A_ROW))))
    check = decisions[-1]
    assert isinstance(check, CheckCanary)
    assert isinstance(check.otherwise, error)
    assert words in str(check.otherwise)


def test_a_parsed_page_at_the_end_of_a_batch_resets_the_count() -> None:
    pages: tuple[Parsed | NotParsed, ...] = (*(unread() for _ in range(MOST_IN_A_ROW)), Parsed())
    state, decisions = after_events(NotShown(failure(Gone("404"))), BatchParsed(pages))
    assert state.not_shown == 0
    assert not any(isinstance(one, CheckCanary) for one in decisions)


def test_missing_pages_of_unlisted_decisions_do_not_check_the_canary() -> None:
    state, decisions = after_events(*[GoneAsExpected(failure(Gone("404"))) for _ in range(2 * MOST_IN_A_ROW)])
    assert decisions == ()
    assert state.not_shown == 0
    assert len(state.in_doubt) == 2 * MOST_IN_A_ROW


def test_a_request_to_wait_stops_the_run_with_its_error() -> None:
    its = failure(HeldOff("later"))
    assert decide(State(), AskedToWait(its, again=False)) == (
        State(doubtful=(its,)),
        (RetryLater(its), Stop(its.error)),
    )
    assert decide(State(), AskedToWait(its, again=True)) == (State(), (BlamePage((its,)), Stop(its.error)))


def test_each_page_that_is_not_shown_or_parsed_counts_once() -> None:
    events: list[Event] = [NotShown(failure(Gone("404"))), BatchParsed((unread(), unread()))]
    for count, event in enumerate(events, 1):
        state, _ = decide(State(), event)
        assert state.not_shown == count
    state = State(not_shown=MOST_IN_A_ROW - 2, was_canary_asked=True)
    its = failure(Gone("404"))
    state, decisions = decide(state, NotShown(its))
    assert decisions == (RetryLater(its),), "the fourth in a row is below the limit"


def test_a_canary_check_says_why_and_at_the_limit_how_many_pages_failed() -> None:
    its = failure(Gone("404"))
    _, (_, first) = decide(State(), NotShown(its))
    why = f"the page of {its.reference} was not fetched or parsed: 404"
    assert first == CheckCanary(why)
    _, (_, fifth) = decide(State(not_shown=4, was_canary_asked=True), NotShown(its))
    assert isinstance(fifth, CheckCanary)
    assert (fifth.why, type(fifth.otherwise)) == (why, Blocked)
    row = f"5 pages in a row were not fetched or parsed, the last {its.reference}: 404; "
    assert str(fifth.otherwise).startswith(row)
    layout = State(not_shown=4, was_canary_asked=True)
    page = unread()
    _, (_, changed) = decide(layout, BatchParsed((page,)))
    assert isinstance(changed, CheckCanary)
    assert isinstance(changed.otherwise, LayoutChanged)
    assert str(changed.otherwise).startswith(
        f"5 pages in a row were not fetched or parsed, the last {page.failure.reference}: no title; "
    )
    _, (ended,) = decide(State(doubtful=(its, its)), RoundEnded())
    assert ended == CheckCanary("the last 2 pages in a row were not fetched or parsed")


def test_a_parsed_page_shows_that_the_pages_before_it_were_not_strange() -> None:
    state = State(was_canary_asked=True, is_strange=True)
    pages: tuple[Parsed | NotParsed, ...] = (Parsed(), *(unread() for _ in range(MOST_IN_A_ROW)))
    _, decisions = decide(state, BatchParsed(pages))
    check = decisions[-1]
    assert isinstance(check, CheckCanary)
    assert isinstance(check.otherwise, LayoutChanged)


def test_where_nothing_is_in_doubt_nothing_is_decided() -> None:
    asked = State(was_canary_asked=True, unanswered=2, not_shown=2)
    assert decide(asked, RunFails()) == (State(was_canary_asked=True), ())
    assert decide(asked, CanaryAnswered(CheckCanary("why"), served=True)) == (State(was_canary_asked=True), ())
    assert decide(asked, CanaryAnswered(CheckCanary("why"), served=False)) == (asked, ())
    assert decide(asked, RoundEnded()) == (asked, ())


# ---------------------------------------------------------------- from errors to events


@pytest.mark.parametrize(
    ("error", "listed", "unlisted"),
    [
        (Disallowed("robots.txt"), NotAllowed, NotAllowed),
        (HeldOff("later", by=Refused("503", status=503)), AskedToWait, AskedToWait),
        (Gone("404"), NotShown, GoneAsExpected),
        (Denied("403"), NotShown, Inconclusive),
        (Elsewhere("302"), NotShown, Inconclusive),
        (TooLarge("9 MB"), NotShown, Inconclusive),
        (Unreachable("refused"), Unanswered, Unanswered),
        (Overdue("120 s"), Unanswered, Unanswered),
        (Refused("500", status=500), Unanswered, Unanswered),
    ],
)
def test_each_error_becomes_the_event_of_its_kind(
    error: FetchError, listed: type[Event], unlisted: type[Event]
) -> None:
    its = failure(error)
    for event, kind in ((listed_page_failed(its, was_held_off=False), listed), (unlisted_page_failed(its), unlisted)):
        assert type(event) is kind
        assert event.failure is its


def test_only_the_first_request_to_wait_spares_a_listed_page() -> None:
    its = failure(HeldOff("later", by=Refused("503", status=503)))
    assert listed_page_failed(its, was_held_off=False) == AskedToWait(its, again=False)
    assert listed_page_failed(its, was_held_off=True) == AskedToWait(its, again=True)
    assert unlisted_page_failed(its) == AskedToWait(its, again=True)


@pytest.mark.parametrize("error", [HeldOff("until tomorrow"), OutOfBudget("the day's requests"), Blocked("robots")])
def test_an_error_about_the_site_as_a_whole_is_raised_again(error: LgscoError) -> None:
    with pytest.raises(type(error)):
        listed_page_failed(failure(error), was_held_off=False)
    with pytest.raises(type(error)):
        unlisted_page_failed(failure(error))


def test_a_page_is_retried_after_growing_delays_of_at_most_a_month() -> None:
    waits = [retry_seconds(attempts) for attempts in range(20)]
    assert waits == sorted(waits)
    assert waits[0] == RETRY_SECONDS[0] == 3600
    assert waits[-1] == RETRY_SECONDS[-1] == 30 * 86_400
