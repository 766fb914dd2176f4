"""Decides who is at fault for a failure: the page, the site or the layout. Pure.

One page that cannot be fetched or parsed proves nothing: the site may be down, block us, or have a new layout. So a
failure is *in doubt* at first. Another page that parses, or the canary, shows that the site serves us; then the failure
is the page's own. If the run ends first, the page is not blamed: it is due again in the next run.

`decide(state, event)` returns the next state and what to do, in order. The pipeline uses it for queued pages, and
`ingest.crawling.absence_check` for pages that are no longer listed.

Results

    RetryLater(failure)     record why it failed and try it again later; its count of failures stays
    BlamePage(failures)     count the failures against their pages
    RetryNextRun(failures)  try them again as soon as there is a next run
    CheckCanary(why)        fetch a known decision; answer with CanaryAnswered, or RunFails if that raises
    Stop(error)             end the run with this error; RunFails follows

Table (n = 5, the limit in a row; "same": the failures in doubt do not change)

    event                       decisions                                           in doubt afterwards
    Fetched                     -                                                   all, but overtaken by this page
    NotAllowed                  BlamePage it: robots.txt forbids it, no request     same
    AskedToWait, first time     RetryLater, Stop: the site may be busy              it too
    AskedToWait, again          BlamePage it, Stop: else no run would get past it   same
    NotShown                    RetryLater; CheckCanary if it is the run's first    it too
      n not shown or not parsed … CheckCanary, and if there is none: Stop Blocked
    Unanswered                  RetryLater                                          it too
        n unanswered              … CheckCanary, and if there is none: Stop with its error
    GoneAsExpected              - (nothing is recorded before the canary answered)  it too
    Inconclusive                RetryLater                                          same
    BatchParsed, a page parses  RetryLater each that does not, BlamePage overtaken  doubtful, and those that do not
    BatchParsed, none parses    RetryLater each                                     all, and those
      the run's first, or n       … CheckCanary, and if there is none at n: Stop Blocked if a page does not even print
                                  its reference, else Stop LayoutChanged
    RoundEnded                  CheckCanary if anything is in doubt                 same
    CanaryAnswered, served      BlamePage all in doubt; every count restarts at 0   nothing
    CanaryAnswered, none known  Stop with the error of the check, if it has one     same
    RunFails                    RetryNextRun for all in doubt                       nothing
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, FetchError, Gone, HeldOff, LayoutChanged, ReadError
from ingest.wording import agree
from storage.errors import LgscoError

MOST_IN_A_ROW = 5
"""Pages in a row without an answer, or not shown or parsed, before the site or the layout is suspected."""

_DAY = 86_400
RETRY_SECONDS = (3600, 6 * 3600, _DAY, 2 * _DAY, 4 * _DAY, 8 * _DAY, 16 * _DAY, 30 * _DAY)
"""Seconds until a page is tried again, by the number of failures counted against it; the last value repeats."""


def retry_seconds(attempts: int) -> int:
    """Returns the seconds until a page with this many earlier failures is tried again."""
    return RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]


@dataclass(frozen=True, slots=True)
class Failure:
    """A decision that was not fetched or not parsed, and why."""

    reference: str
    url: str
    error: LgscoError


@dataclass(frozen=True, slots=True)
class State:
    """The failures of a run so far."""

    doubtful: tuple[Failure, ...] = ()
    """Failures in doubt since the last page was fetched."""
    overtaken: tuple[Failure, ...] = ()
    """Failures in doubt from before the last fetched page, which is not parsed yet. If it parses, the site serves
    us."""
    unanswered: int = 0
    """Pages in a row that the site did not answer."""
    not_shown: int = 0
    """Pages in a row that are not a decision: the site showed something else, or they do not parse."""
    is_strange: bool = False
    """Whether one of those does not even print its reference, as the page of every decision does."""
    was_canary_asked: bool = False
    """Whether the canary was checked because of the run's first page that was not shown or not parsed."""

    @property
    def in_doubt(self) -> tuple[Failure, ...]:
        return self.overtaken + self.doubtful


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Fetched:
    """All pages of a decision were fetched, or are unchanged."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """robots.txt forbids a page, so it was not requested."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class AskedToWait:
    """The site asked for a longer wait than a run waits. `again`: it did so for this page before."""

    failure: Failure
    again: bool


@dataclass(frozen=True, slots=True)
class NotShown:
    """The site answered for a listed page with something else: 404, a refusal, another host, too many bytes."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The site did not answer a request for a page, or answered with a server error."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class GoneAsExpected:
    """A page that is no longer listed is gone, as expected. That counts only if the canary shows that we are served."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """A page that is no longer listed got an answer that proves nothing."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Parsed:
    """A stored page parses as the decision that was asked for."""


@dataclass(frozen=True, slots=True)
class NotParsed:
    """A stored page does not parse. `is_strange`: it does not even print its reference."""

    failure: Failure
    is_strange: bool


@dataclass(frozen=True, slots=True)
class BatchParsed:
    """The results for the stored pages of a batch of decisions, in order; never empty."""

    pages: tuple[Parsed | NotParsed, ...]


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """There is nothing more to fetch for now."""


@dataclass(frozen=True, slots=True)
class CanaryAnswered:
    """The result of a canary check.

    `served`: the site shows a known decision unchanged. False: no decision is known that could be fetched as a canary.
    """

    check: CheckCanary
    served: bool


@dataclass(frozen=True, slots=True)
class RunFails:
    """The run ends with an error."""


Event = (
    Fetched
    | NotAllowed
    | AskedToWait
    | NotShown
    | Unanswered
    | GoneAsExpected
    | Inconclusive
    | BatchParsed
    | RoundEnded
    | CanaryAnswered
    | RunFails
)


# ---------------------------------------------------------------- decisions


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Record why a page failed, and try it again later."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class BlamePage:
    """Count failures against their pages."""

    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class RetryNextRun:
    """Try pages again as soon as there is a next run."""

    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class CheckCanary:
    """Fetch a known decision. `otherwise`: the error that ends the run if there is none; None: the run continues."""

    why: str
    otherwise: LgscoError | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run with an error."""

    error: LgscoError


Verdict = RetryLater | BlamePage | RetryNextRun
"""The decisions that are about pages."""

Decision = Verdict | CheckCanary | Stop
Decided = tuple[State, tuple[Decision, ...]]


# ---------------------------------------------------------------- from an error to an event


def listed_page_failed(failure: Failure, *, was_held_off: bool) -> NotAllowed | AskedToWait | NotShown | Unanswered:
    """Returns the event for a listed page that `fetch` raised an error for.

    `was_held_off`: whether its last attempt raised HeldOff too. Raises the error if it is not about one page.
    """
    match failure.error:
        case Disallowed():
            return NotAllowed(failure)
        case HeldOff(by=by) if by is not None:
            return AskedToWait(failure, again=was_held_off)
        case Gone() | Elsewhere() | Denied() | ReadError():
            return NotShown(failure)
        case FetchError():
            return Unanswered(failure)
        case _:
            raise failure.error


def unlisted_page_failed(
    failure: Failure,
) -> NotAllowed | AskedToWait | GoneAsExpected | Inconclusive | Unanswered:
    """Returns the event for a page that is no longer listed. Raises the error if it is not about one page."""
    match failure.error:
        case Disallowed():
            return NotAllowed(failure)
        case HeldOff(by=by) if by is not None:
            return AskedToWait(failure, again=True)  # it is not requested again today, so the next run gets past it
        case Gone():
            return GoneAsExpected(failure)
        case Elsewhere() | Denied() | ReadError():
            return Inconclusive(failure)
        case FetchError():
            return Unanswered(failure)
        case _:
            raise failure.error


# ---------------------------------------------------------------- the machine


def decide(state: State, event: Event) -> Decided:
    """Returns the state after an event, and what to do: the table in the module's docstring."""
    match event:
        case Fetched():
            return replace(state, unanswered=0, overtaken=state.in_doubt, doubtful=()), ()
        case NotAllowed(failure):
            return state, (BlamePage((failure,)),)
        case AskedToWait(failure, again):
            if again:
                return state, (BlamePage((failure,)), Stop(failure.error))
            return _doubt(state, failure), (RetryLater(failure), Stop(failure.error))
        case NotShown(failure):
            row = state.not_shown + 1
            doubting = replace(_doubt(state, failure), unanswered=0, not_shown=row, is_strange=True)
            return _suspect(doubting, failure, [RetryLater(failure)])
        case Unanswered(failure):
            return _count_unanswered(_doubt(state, failure), failure)
        case GoneAsExpected(failure):
            return replace(_doubt(state, failure), unanswered=0), ()
        case Inconclusive(failure):
            return replace(state, unanswered=0), (RetryLater(failure),)
        case BatchParsed(pages):
            return _judge_batch(state, pages)
        case RoundEnded():
            count = len(state.in_doubt)
            pages_were = agree(count, "the last page was", f"the last {count} pages in a row were")
            return state, (CheckCanary(f"{pages_were} not fetched or parsed"),) if state.in_doubt else ()
        case CanaryAnswered(check, served):
            return _judge_canary(state, check, served)
        case RunFails():
            retried = (RetryNextRun(state.in_doubt),) if state.in_doubt else ()
            return State(was_canary_asked=state.was_canary_asked), retried
        case _:
            assert_never(event)


def _doubt(state: State, failure: Failure) -> State:
    return replace(state, doubtful=(*state.doubtful, failure))


def _count_unanswered(state: State, failure: Failure) -> Decided:
    row = state.unanswered + 1
    counted, retry = replace(state, unanswered=row), RetryLater(failure)
    if row < MOST_IN_A_ROW:
        return counted, (retry,)
    return counted, (retry, CheckCanary(f"{row} pages in a row got no usable answer", failure.error))


def _judge_batch(state: State, pages: tuple[Parsed | NotParsed, ...]) -> Decided:
    row, strange = state.not_shown, state.is_strange
    failures: list[Failure] = []
    for page in pages:
        match page:
            case Parsed():
                row, strange = 0, False
            case NotParsed(failure, is_strange):
                failures.append(failure)
                row, strange = row + 1, strange or is_strange
            case _:
                assert_never(page)
    decisions: list[Decision] = [RetryLater(failure) for failure in failures]
    doubtful = (*state.doubtful, *failures)
    if len(failures) == len(pages):
        doubtful = state.overtaken + doubtful
    elif state.overtaken:
        decisions.append(BlamePage(state.overtaken))
    judged = replace(state, doubtful=doubtful, overtaken=(), not_shown=row, is_strange=strange)
    return _suspect(judged, failures[-1], decisions) if failures else (judged, tuple(decisions))


def _suspect(state: State, last: Failure, decisions: list[Decision]) -> Decided:
    """Checks the canary at the run's first page that is not shown or parsed, and from `MOST_IN_A_ROW` in a row on."""
    is_limit = state.not_shown >= MOST_IN_A_ROW
    if state.was_canary_asked and not is_limit:
        return state, tuple(decisions)
    why = f"the page of {last.reference} was not fetched or parsed: {last.error}"
    check = CheckCanary(why, _error_of_row(state, last) if is_limit else None)
    return replace(state, was_canary_asked=True), (*decisions, check)


def _error_of_row(state: State, last: Failure) -> LgscoError:
    failed = f"{state.not_shown} pages in a row were not fetched or parsed, the last {last.reference}: {last.error}"
    if state.is_strange:
        return Blocked(f"{failed}; the site shows something else in place of decisions. Nothing was concluded from it")
    return LayoutChanged(
        f"{failed}; the site's layout has changed, or this lgsco is too old. The pages are stored; `lgsco renormalise` "
        "parses them again"
    )


def _judge_canary(state: State, check: CheckCanary, served: bool) -> Decided:
    if served:
        blamed = (BlamePage(state.in_doubt),) if state.in_doubt else ()
        return State(was_canary_asked=state.was_canary_asked), blamed
    return state, (Stop(check.otherwise),) if check.otherwise is not None else ()
