"""Makes the politeness report: compares the requests made with the promises. It can be sent to the publisher."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from ingest.clock import instant
from ingest.config import Config
from ingest.fetching.robots import MAX_AGE, RobotsRules
from ingest.lgo.listing_forms import BARE
from ingest.reports.lines import describe_size, name_first
from ingest.wording import count_of
from storage.journal import Day, LastRequest, RequestError, Robots
from storage.politeness import PolitenessRows

Number = TypeVar("Number", int, float)

_LISTING = BARE.target(date(2026, 1, 1), date(2026, 1, 31), 1)
_DECISION = "/decisions/category/subcategory/26-000-001"
"""An address to check against robots.txt while no decision's address is known."""

_NAMED = 3
"""The most days or addresses that a sentence names; the others are counted."""


_NAMED_KINDS = 8
"""The most kinds of errors that the lines name; the JSON names all."""

_VARYING_PARTS = re.compile(
    r"^(no \w+ response|no response in time) from \S+|\[Errno -?\d+\] | \(received \d.*\)(?=\)$)"
)
"""The parts of an error that differ between errors of one kind: host, error number, and bytes received."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """How many requests failed in the same way."""

    kind: str
    status: int | None
    """The HTTP status; None if no answer came, or if it is not known any more."""
    requests: int


@dataclass(frozen=True, slots=True)
class PolitenessReport:
    """The politeness report: the requests made, beside the promises in force at the time."""

    site: str
    user_agents: tuple[str, ...]
    """Every user agent that sent requests; if there were no requests yet, the configured one."""
    first_day: str | None
    last_day: str | None
    requests: int
    unpromised: int
    """Requests for which the journal does not have the promises of the time."""
    received: int
    """Bytes."""
    errors: int
    """Answers with status 400 and above except 404 and 410, answers not received in full, and requests without an
    answer."""
    error_kinds: tuple[ErrorKind, ...]
    """The kinds of these errors, the most frequent first."""
    least_gap: float | None
    """The least seconds from the start of one request to the start of the next."""
    promised_gap: tuple[float, float] | None
    """The least and the most seconds ever promised: the pace, or the crawl delay of robots.txt if that is longer."""
    most_in_a_minute: int
    most_in_a_day: int
    promised_a_day: tuple[int, int] | None
    """The least and the most ever promised."""
    quiet_hours: tuple[str, ...]
    """All quiet hours ever promised."""
    in_quiet_hours: int
    """Requests in the quiet hours promised at the time."""
    holds: int
    """Answers that asked us to wait (Retry-After)."""
    holds_kept: int
    holds_capped: int
    """Of these, the answers that asked for more than a day; they are obeyed for a day."""
    holds_shortened: int
    """Of these, the answers with a page, a redirect, 404 or 410 that asked for longer than `retry_wait_most`; they are
    obeyed for that long."""
    holds_pending: int
    """1 if the last answer asked for a wait that is not over, else 0."""
    robots: str
    """What robots.txt allows us, in words."""
    broken: tuple[str, ...]
    """The promises that were broken, in words."""

    def as_json(self) -> dict[str, Any]:
        """Returns the report for programs."""
        return {"kept": not self.broken, **asdict(self)}

    def lines(self) -> list[str]:
        """Returns the report for people."""
        gap = "–" if self.least_gap is None else f"{self.least_gap:.3f} s"
        pending = f", {self.holds_pending} pending" if self.holds_pending else ""
        capped = (
            f"; {self.holds_capped:,} longer than a day, with a new request after one day" if self.holds_capped else ""
        )
        shortened = (
            f"; {self.holds_shortened:,} for one address only, and shortened to retry_wait_most"
            if self.holds_shortened
            else ""
        )
        kept = f"{self.holds_kept:,} kept{pending}{capped}{shortened}"
        holds = f"{count_of(self.holds, 'time')}, {kept}" if self.holds else "never"
        quiet = count_of(self.in_quiet_hours, "request") if self.quiet_hours else "none promised"
        unpromised = count_of(self.unpromised, "request")
        return [
            f"Requests to {self.site} by {', and by '.join(self.user_agents)}",
            f"  from {self.first_day or '–'} to {self.last_day or '–'} (UTC): {count_of(self.requests, 'request')}, "
            f"{describe_size(self.received)} received, {count_of(self.errors, 'error')}",
            *self._error_lines(),
            f"  least gap between two requests: {gap} (promised: {_describe_range(self.promised_gap, ' s')})",
            f"  most in any day: {self.most_in_a_day:,} (promised: {_describe_range(self.promised_a_day)}); "
            f"most in any minute: {self.most_in_a_minute:,}",
            f"  in quiet hours: {quiet}{''.join(f' ({hours})' for hours in self.quiet_hours)}",
            f"  asked to wait (Retry-After): {holds}",
            f"  robots.txt: {self.robots}",
            *([f"  made before promises were recorded: {unpromised}, not judged"] if self.unpromised else []),
            *(f"  NOT KEPT: {words}" for words in self.broken),
            *([] if self.broken else [f"  every promise {'that is known ' if self.unpromised else ''}was kept"]),
        ]

    def _error_lines(self) -> list[str]:
        if not self.error_kinds:
            return []
        kinds = [f"{one.kind}: {one.requests:,}" for one in self.error_kinds]
        return [f"  errors: {'; '.join(name_first(kinds, _NAMED_KINDS, 'and {}', 'more kind'))}"]


def report_politeness(rows: PolitenessRows, config: Config, now: datetime) -> PolitenessReport:
    """Makes the report for all days in the journal.

    Each request is compared with the promise in force when it was made. `config`: names the site and the user agent if
    there were no requests yet.
    """
    days, promises, robots = rows.days, rows.promises, rows.robots
    errors = sum(day.errors + day.unanswered for day in days)
    pending = int(rows.wait_until is not None and rows.wait_until > instant(now))
    return PolitenessReport(
        site=robots.site if robots is not None else config.site.base_url,
        user_agents=tuple(rows.user_agents or [config.user_agent]),
        first_day=days[0].day if days else None,
        last_day=days[-1].day if days else None,
        requests=sum(day.requests for day in days),
        unpromised=sum(day.requests - day.promised for day in days),
        received=sum(day.received for day in days),
        errors=errors,
        error_kinds=_count_kinds(rows.errors, errors),
        least_gap=min((round(day.least_gap, 3) for day in days if day.least_gap is not None), default=None),
        promised_gap=_find_ends([promise.gap for promise in promises]),
        most_in_a_minute=max((day.most_in_a_minute for day in days), default=0),
        most_in_a_day=max((day.requests for day in days), default=0),
        promised_a_day=_find_ends([promise.a_day for promise in promises]),
        quiet_hours=tuple(dict.fromkeys(promise.quiet_hours for promise in promises if promise.quiet_hours)),
        in_quiet_hours=sum(day.in_quiet_hours for day in days),
        holds=sum(day.holds for day in days),
        holds_kept=sum(day.holds_kept for day in days) - pending,
        holds_capped=sum(day.holds_capped for day in days),
        holds_shortened=sum(day.holds_shortened for day in days),
        holds_pending=pending,
        robots=_describe_robots(robots, rows.robots_requests, rows.addresses, config),
        broken=_find_broken(days),
    )


def _count_kinds(errors: Iterable[RequestError], total: int) -> tuple[ErrorKind, ...]:
    """Counts the errors of each kind, the most frequent first. `total`: with those of days that are summed up."""
    counts: Counter[tuple[str, int | None]] = Counter()
    for one in errors:
        counts[_name_kind(one.status, one.error), one.status] += one.requests
    if (summed_up := total - counts.total()) > 0:
        counts["on days that are summed up, so the kind is not known", None] = summed_up
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0][0]))
    return tuple(ErrorKind(kind, status, requests) for (kind, status), requests in ordered)


def _name_kind(status: int | None, error: str | None) -> str:
    """Names the kind of an error. Errors of one kind differ only in address, host and numbers."""
    if status is not None and (error is None or (status >= 400 and status not in (404, 410))):
        return f"status {status}"
    if error is None:
        return "no answer recorded yet, or lgsco ended first"
    return _VARYING_PARTS.sub(lambda found: found[1] or "", error)


def _find_broken(days: Sequence[Day]) -> tuple[str, ...]:
    """Describes the promises that were broken, one sentence each with the days."""
    times = {
        "sooner after the previous request than promised": {day.day: day.too_soon for day in days},
        "above the daily limit": {day.day: day.too_many for day in days},
        "in quiet hours": {day.day: day.in_quiet_hours for day in days},
        "before the end of a wait asked for (Retry-After)": {day.day: day.holds - day.holds_kept for day in days},
    }
    return tuple(_describe_broken(how, by_day) for how, by_day in times.items() if any(by_day.values()))


def _describe_robots(robots: Robots | None, asked: LastRequest | None, addresses: Sequence[str], config: Config) -> str:
    """Describes the rules of robots.txt, and the last request for it if that failed."""
    parts = []
    if robots is not None:
        parts.append(f"{_describe_rules(robots, addresses, config)} (as of {robots.fetched_at})")
    if asked is not None and (robots is None or _is_failure(asked, robots)):
        came = "no answer" if asked.status is None else f"status {asked.status}"
        if asked.status == 200 and asked.error is not None:
            came = f"status 200, and {asked.error}"
        elif asked.status == 200:
            came = "another page instead of it" + ("; lgsco keeps to these rules" if robots is not None else "")
        parts.append(f"requested {count_of(asked.times, 'time')}, last at {asked.at}: {came}")
    return "; ".join(parts) or "not fetched yet; it is fetched before anything else"


def _is_failure(asked: LastRequest, robots: Robots) -> bool:
    """Whether the last request for robots.txt did not get rules."""
    if asked.status == 200 and asked.error is not None:
        return True
    if asked.status == 200:  # rules would have been stored, so this was another page
        return datetime.fromisoformat(asked.at) - datetime.fromisoformat(robots.fetched_at) >= MAX_AGE
    return asked.status is None or (asked.status >= 400 and asked.status not in (404, 410, robots.status))


def _describe_rules(robots: Robots, addresses: Sequence[str], config: Config) -> str:
    """Describes what a robots.txt allows of the listing and of every known decision's page."""
    if robots.status != 200:
        return f"the site has none (status {robots.status}), so it allows any request"
    rules = RobotsRules(robots.text, config.user_agent)
    delay = rules.crawl_delay
    wait = f", and asks for {delay:g} s between requests" if delay else ""
    listing, *pages = (rules.allows(f"{robots.site}{at}") for at in [_LISTING, *(addresses or [_DECISION])])
    forbidden = [] if listing else [f"the listing ({BARE.path})"]
    if not any(pages):
        forbidden.append("every decision's page")
    elif not all(pages):
        those = [address for address, allowed in zip(addresses, pages, strict=True) if not allowed]
        forbidden.append(f"{len(those):,} of {count_of(len(pages), 'page')} ({_name_first(those)})")
    if forbidden:
        return f"FORBIDS {' and '.join(forbidden)}, which we do not request{wait}"
    return f"allows what we request{wait}"


def _describe_broken(how: str, times: Mapping[str, int]) -> str:
    """Describes how often a promise was broken, and on which days."""
    days = [day for day, count in times.items() if count]
    return f"{how}: {count_of(sum(times.values()), 'request')}, on {_name_first(days)}"


def _name_first(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _find_ends(numbers: Iterable[Number]) -> tuple[Number, Number] | None:
    ordered = sorted(numbers)
    return (ordered[0], ordered[-1]) if ordered else None


def _describe_range(ends: tuple[float, float] | None, unit: str = "") -> str:
    if ends is None or not any(ends):
        return "none"
    return "–".join(f"{end:,g}" if end % 1 else f"{end:,.0f}" for end in dict.fromkeys(ends)) + unit
