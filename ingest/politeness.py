"""What the journal shows of how the site was treated: an account one could send to the publisher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protego import Protego

from ingest.config import Config
from ingest.site import crawl_delay
from storage.journal import Day, Robots

_CLOCK_GRAIN = 0.002
"""Seconds by which two instants in milliseconds may seem nearer than they were."""

_ASKED = "/Decisions/SearchResults"


@dataclass(frozen=True, slots=True)
class Account:
    """How the site was treated, beside what was promised."""

    site: str
    user_agent: str
    first_day: str | None
    last_day: str | None
    requests: int
    received: int
    """Bytes."""
    errors: int
    """Answers of 429 and 5xx, and requests without an answer."""
    most_in_a_day: int
    most_in_a_minute: int
    least_gap: float | None
    """The least seconds from the start of one request to the start of the next."""
    promised_gap: float
    """Seconds: the pace, or the crawl delay of robots.txt where that is longer."""
    promised_a_day: int
    holds: int
    """Answers that asked us to wait (Retry-After)."""
    holds_kept: int
    robots: str
    """What robots.txt says to us, in words."""
    broken: tuple[str, ...]
    """Promises that were not kept, a sentence each."""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"kept": not self.broken, **asdict(self)}

    def as_text(self) -> str:
        """For people."""
        gap = "–" if self.least_gap is None else f"{self.least_gap:.2f} s"
        lines = [
            f"How {self.site} was asked by {self.user_agent}",
            f"  from {self.first_day or '–'} to {self.last_day or '–'} (UTC): {self.requests:,} requests, "
            f"{self.received / 1e6:,.1f} MB received, {self.errors:,} errors",
            f"  most in any minute: {self.most_in_a_minute:,}; most in any day: {self.most_in_a_day:,} "
            f"(ceiling {self.promised_a_day:,})",
            f"  least gap between two requests: {gap} (promised {self.promised_gap:g} s)",
            f"  asked to wait (Retry-After): {self.holds:,} times, kept {self.holds_kept:,} times",
            f"  robots.txt: {self.robots}",
            *(f"  NOT KEPT: {sentence}" for sentence in self.broken),
            *(() if self.broken else ("  every promise was kept",)),
        ]
        return "\n".join(lines)


def account(days: Sequence[Day], robots: Robots | None, config: Config) -> Account:
    """The account of all days in the journal, measured against the promises of today's configuration."""
    verdict, delay = _robots(robots, config)
    promised = max(config.fetch.pace, delay)
    gaps = [day.least_gap for day in days if day.least_gap is not None]
    most = max((day.requests for day in days), default=0)
    holds, kept = sum(day.holds for day in days), sum(day.holds_kept for day in days)
    broken = []
    if gaps and min(gaps) < promised - _CLOCK_GRAIN:
        days_of = [day.day for day in days if day.least_gap is not None and day.least_gap < promised - _CLOCK_GRAIN]
        broken.append(
            f"two requests were {min(gaps):.3f} s apart where {promised:g} s are promised now; so on {_listed(days_of)}"
        )
    if most > config.fetch.daily_requests:
        over = [day.day for day in days if day.requests > config.fetch.daily_requests]
        broken.append(
            f"more requests than the {config.fetch.daily_requests:,} a day promised now; so on {_listed(over)}"
        )
    if kept < holds:
        early = [day.day for day in days if day.holds_kept < day.holds]
        broken.append(f"a Retry-After was not waited for {holds - kept} times; so on {_listed(early)}")
    return Account(
        site=robots.site if robots is not None else config.site.base_url,
        user_agent=config.user_agent,
        first_day=days[0].day if days else None,
        last_day=days[-1].day if days else None,
        requests=sum(day.requests for day in days),
        received=sum(day.received for day in days),
        errors=sum(day.errors + day.unanswered for day in days),
        most_in_a_day=most,
        most_in_a_minute=max((day.most_in_a_minute for day in days), default=0),
        least_gap=min(gaps, default=None),
        promised_gap=promised,
        promised_a_day=config.fetch.daily_requests,
        holds=holds,
        holds_kept=kept,
        robots=verdict,
        broken=tuple(broken),
    )


def _robots(robots: Robots | None, config: Config) -> tuple[str, float]:
    """The verdict of robots.txt in words, and its crawl delay in seconds."""
    if robots is None:
        return "not fetched yet; it is fetched before anything else", 0.0
    at = f"as of {robots.fetched_at}"
    if robots.status != 200:
        return f"there is none (status {robots.status}, {at}): all is allowed", 0.0
    rules = Protego.parse(robots.text)
    name = config.user_agent.partition("/")[0]
    delay = crawl_delay(rules, name)
    allowed = rules.can_fetch(f"{robots.site}{_ASKED}", name)
    wait = f", and asks for {delay:g} s between requests" if delay else ""
    return f"{'allows' if allowed else 'FORBIDS'} what we ask for{wait} ({at})", delay


def _listed(days: Sequence[str]) -> str:
    return ", ".join(days[:3]) + (f" and {len(days) - 3} more days" if len(days) > 3 else "")
