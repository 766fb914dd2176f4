"""Makes claims: what is known about the decisions of some dates, and the sentences that state it.

All sentences that state how much of the site's listing is in the archive are made here, from the ledger's rows. Each
names its dates, the number of decisions, the instant from which on the listing was seen so, and what the site lists
outside those dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from ingest.clock import london_day
from ingest.crawling.asked_for import find_asked_dates, intersect, sort_asked_for, subtract
from ingest.crawling.windows import EVERYTHING
from ingest.lgo.listing_forms import BARE
from ingest.reports.date_ranges import (
    describe_dates,
    describe_pause,
    describe_progress,
    end_today,
    json_dates,
    name_command,
    show_to_today,
)
from ingest.reports.lines import name_first
from ingest.wording import agree, count_of
from storage.claims import ClaimRows, Counts, Share
from storage.model import Proof, Window, WindowState

NAMED_RANGES = 5
"""The most ranges that a sentence names; the others are counted."""

_WHY: dict[WindowState, str] = {
    "unseen": "not checked yet",
    "short": "some of it is not stored yet",
    "unknown": "no total of the site to compare with",
    "drifting": "the listing changed during the walk",
    "proven": "",
}


class Unproven(NamedTuple):
    """A range of dates that is not proven."""

    window: Window
    state: WindowState
    total: int | None = None
    """The total that the site states for the range, if it lists another number."""
    listed: int | None = None
    """The number that it lists, in the same case."""

    def __str__(self) -> str:
        why = (
            _WHY[self.state]
            if self.total is None
            else f"the site states a total of {self.total:,} and lists {self.listed:,}"
        )
        return f"{describe_dates(self.window)} ({why})"


class RangeClaim(NamedTuple):
    """The facts about one range of dates."""

    window: Window
    counts: Counts
    unproven: tuple[Unproven, ...]
    """Its parts that are not proven, newest first."""
    as_of: str | None
    """The start of the oldest walk of the listing: UTC, ISO 8601 with Z. None if a part was never walked or is
    unproven."""

    other_forms: tuple[str, ...] = ()
    """The forms of the listing in which parts were last walked, except the form that is used now."""

    @property
    def is_full(self) -> bool:
        """Whether what the site lists of these dates is proven to be in the archive, or its page to be gone."""
        return not self.unproven and self.counts.listed == self.counts.stored + self.counts.excluded


UnfinishedState = Literal["running", "interrupted", "paused", "filling"]


class Unfinished(NamedTuple):
    """A backfill, or the fill, that is not finished."""

    window: Window
    """The range that was asked for."""
    left: tuple[Window, ...]
    """The parts that are not proven, and that only a backfill fetches."""
    state: UnfinishedState
    """running: a process works on it, or was killed and no run has noticed yet. filling: it is the daemon's fill."""
    stored: int
    """The number of decisions of its range that are stored and still listed."""
    total: int | None
    """The site's total for its range when it began; for the fill, the site's newest total. None if it is not known."""


class Claim(NamedTuple):
    """The facts about some dates, and about the dates outside them."""

    ranges: tuple[RangeClaim, ...]
    """The dates, oldest first."""
    asked_elsewhere: bool
    """Whether dates outside these were asked for too."""
    unfinished: tuple[Unfinished, ...]
    """The backfills that are not finished."""
    stored_in_all: int
    """Decisions of any date that are listed and stored from the site."""
    site_total: int | None
    """The total that the site last stated for all dates; None if it never did."""
    site_total_at: str | None
    daemon_runs: bool
    is_demo: bool = False
    """Whether a demo made the archive: then only a demo continues it."""

    @property
    def is_full(self) -> bool:
        """Whether what the site lists of these dates is proven to be in the archive, or its page to be gone."""
        return bool(self.ranges) and all(one.is_full for one in self.ranges)

    @property
    def listed(self) -> int:
        """The number of decisions listed in these dates, as far as the listing was seen."""
        return sum(one.counts.listed for one in self.ranges)

    @property
    def stored(self) -> int:
        """The number of decisions of these dates that are listed and stored from the site."""
        return sum(one.counts.stored for one in self.ranges)

    @property
    def outside(self) -> int | None:
        """The number of decisions that the site lists outside these dates; None if it is not known."""
        if self.site_total is None or not self.is_full:
            return None
        if self._is_of_all:
            return 0
        return max(0, self.site_total - self.listed)

    @property
    def _has_other_total(self) -> bool:
        """Whether the site's total does not fit the number that it listed of these dates, at another time."""
        total = self.site_total
        if total is None or not self.is_full:
            return False
        return total < self.listed or (self._is_of_all and total != self.listed)

    @property
    def _is_of_all(self) -> bool:
        return [one.window for one in self.ranges] == [EVERYTHING]

    @property
    def unproven(self) -> list[Unproven]:
        """The parts of these dates that are not proven, newest first."""
        return sorted((part for one in self.ranges for part in one.unproven), key=_first_day, reverse=True)

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Returns the claim in sentences."""
        if not self.ranges:
            sentences = ["no decision dates were asked for yet; run `lgsco backfill` or `lgsco sync`."]
        else:
            rest = "and {} of dates: `lgsco coverage`."
            sentences = name_first(self.describe_ranges(), NAMED_RANGES, rest, "more range")
        return [*sentences, *self._describe_outside(), *[self._describe_unfinished(one) for one in self.unfinished]]

    def describe_ranges(self) -> list[str]:
        """Returns the sentences about these dates alone, newest first."""
        return [_describe_range(one) for one in reversed(self.ranges)]

    def describe_share(self) -> str:
        """Returns a sentence that compares the number of stored decisions with the site's total."""
        return describe_share(Share(self.stored_in_all, self.site_total, self.site_total_at))

    def _describe_outside(self) -> list[str]:
        if self.site_total is None:
            known = not self.ranges or self._is_of_all
            return [] if known else ["The number of decisions outside those dates is not known yet."]
        total = count_of(self.site_total, "decision")
        if not self.outside:
            stated = f"The site's total is {total}, stated at {_minute(self.site_total_at)}"
            if not self.is_full:
                return [f"{stated}."]
            if not self._has_other_total:
                return []
            return [f"{stated}; it does not fit the number listed, so the listing may have changed in between."]
        one_range = len(self.ranges) == 1 and self.ranges[0].window.last == EVERYTHING.last
        where = "before that" if one_range else "outside those dates"
        text = f"The site lists {count_of(self.outside, 'decision')} {where}"
        evidence = f"This follows from its total of {total}, stated at {_minute(self.site_total_at)}."
        if self.asked_elsewhere:
            return [f"{text}: `lgsco coverage` shows which dates were asked for.", evidence]
        them = agree(self.outside, "it", "them")
        return [f"{text}, on dates not asked for; `lgsco backfill` fetches {them}.", evidence]

    def _describe_unfinished(self, one: Unfinished) -> str:
        progress = f"{describe_dates(one.window)} {{}}, {describe_progress(one.stored, one.total)}"
        if self.is_demo:
            return f"{progress.format('is not finished')}: the same `lgsco demo` continues it."
        if one.state == "paused":
            return f"{progress.format('is paused')}: {describe_pause(one.window)}."
        if one.state == "filling":
            text = "the daemon continues it" if self.daemon_runs else "`lgsco daemon` continues it"
            return f"{progress.format('is being filled')}: {text}."
        if one.state == "running":
            again = f"{name_command(one.window)} continues one that was killed"
            return f"{progress.format('is not finished')}: a backfill is running, or was killed; {again}."
        if self.daemon_runs:
            return f"{progress.format('was interrupted')}: the daemon continues it."
        return f"{progress.format('was interrupted')}: {name_command(one.window)} continues it."

    def as_json(self) -> dict[str, Any]:
        """Returns the claim for programs."""
        return {
            "full": self.is_full,
            "ranges": [
                {
                    **json_dates(one.window),
                    "full": one.is_full,
                    **one.counts._asdict(),
                    "as_of": one.as_of,
                    "other_forms": list(one.other_forms),
                    "unproven": [{**json_dates(part.window), "state": part.state} for part in one.unproven],
                }
                for one in self.ranges
            ],
            "unfinished": [
                {
                    **json_dates(one.window),
                    "state": one.state,
                    "left": [json_dates(window) for window in one.left],
                    "stored": one.stored,
                    "total": one.total,
                }
                for one in self.unfinished
            ],
            "outside": self.outside,
            "stored_in_all": self.stored_in_all,
            "site_total": self.site_total,
            "site_total_at": self.site_total_at,
        }


def make_claim(rows: ClaimRows, *, daemon_runs: bool, today: date) -> Claim:
    """Makes the claim about those windows of `rows` that have begun. `today`: the day in London."""
    total, at = rows.site_total or (None, None)
    return Claim(
        ranges=tuple(_claim_range(window, rows, today) for window in rows.windows if window.first <= today),
        asked_elsewhere=bool(subtract(find_asked_dates(rows.intents), rows.windows)),
        unfinished=tuple(_find_unfinished(rows, today)),
        stored_in_all=rows.counts[EVERYTHING].stored,
        site_total=total,
        site_total_at=at,
        daemon_runs=daemon_runs,
        is_demo=rows.is_demo,
    )


def _claim_range(window: Window, rows: ClaimRows, today: date) -> RangeClaim:
    """Makes the claim about one window.

    Days after today need no proof, unless the site was asked about them: then this machine's clock is slow.
    """
    proofs = [proof for proof in rows.proofs if intersect([window], [proof.window])]
    unproven = [
        _find_why(proof, part)
        for proof in proofs
        if proof.state != "proven"
        for part in intersect([proof.window], [window])
    ]
    unproven += [Unproven(part, "unseen") for part in subtract([window], [proof.window for proof in proofs])]
    unproven = [one for one in unproven if one.window.first <= today or one.state != "unseen"]
    walked = [proof.walked_at for proof in proofs]
    as_of = min(at for at in walked if at is not None) if walked and all(walked) and not unproven else None
    forms = sorted({proof.asked for proof in proofs} - {rows.form or BARE.name, ""})
    ordered = tuple(sorted(unproven, key=_first_day, reverse=True))
    if as_of is not None and london_day(as_of) < window.first:  # the site was not asked since these dates began
        ordered, as_of = (Unproven(window, "unseen"),), None
    ordered = tuple(one._replace(window=end_today(one.window, today)) for one in ordered)
    return RangeClaim(show_to_today(window, today), rows.counts[window], ordered, as_of, tuple(forms))


def _find_why(proof: Proof, part: Window) -> Unproven:
    """Returns why a part of a row of the ledger is not proven."""
    counts = (proof.total, proof.listed) if proof.total != proof.listed and part == proof.window else (None, None)
    return Unproven(part, proof.state, *(counts if proof.state == "short" else (None, None)))


def _find_unfinished(rows: ClaimRows, today: date) -> list[Unfinished]:
    asked = sort_asked_for(rows.intents, rows.proofs)
    found = []
    total = rows.site_total[0] if rows.site_total else None
    for intent in rows.intents:
        state: UnfinishedState
        match intent.kind, intent.state:
            case "fill", "running":
                state, left = "filling", intersect([intent.window], asked.filling)
            case _, "running" | "interrupted" as state:
                left = intersect([intent.window], asked.interrupted)
            case _, "paused" as state:
                left = intersect([intent.window], asked.paused)
            case _:
                continue
        if any(one.first <= today for one in left):
            stored = rows.counts[intent.window].stored
            its_total = total if state == "filling" else intent.total
            found.append(Unfinished(intent.window, tuple(left), state, stored, its_total))
    return found


# ---------------------------------------------------------------- words


def describe_share(share: Share) -> str:
    """Returns a sentence that compares the number of stored decisions with the site's total.

    The two numbers are from different instants. So a share is given only if fewer are stored, and it is rounded down:
    it never says that nothing is missing.
    """
    stored, total, at = share
    text = f"the archive has {count_of(stored, 'decision')} of the site"
    if total is None:
        return f"{text}; the site's total is not known yet"
    percent = f" ({1_000 * stored // total / 10:.1f} %)" if stored < total else ""
    return f"{text}, which stated a total of {total:,} on {_minute(at)}{percent}"


def _describe_excluded(counts: Counts, rest: str) -> str:
    """Describes why listed decisions are not in the archive, if that is known."""
    gone = counts.excluded - counts.unreadable
    reasons = []
    if gone:
        why = agree(gone, "is listed and its page is gone", "are listed and their pages are gone")
        reasons.append(f"{gone:,} {why}")
    if counts.unreadable:
        does_not = agree(counts.unreadable, "is listed and its page does not", "are listed and their pages do not")
        them = agree(counts.unreadable, "it", "them")
        reasons.append(f"{counts.unreadable:,} {does_not} parse (`lgsco status` names {them})")
    return f"; {rest} {', '.join(reasons)}" if reasons else ""


def _describe_forms(forms: Sequence[str]) -> str:
    """Describes in which other forms of the listing parts of some dates were last walked."""
    named = " and ".join(forms)
    return f" Some of these dates were last listed in the form {named}, which is no longer used." if forms else ""


def _describe_range(one: RangeClaim) -> str:
    counts = one.counts
    if one.is_full:
        numbers = f"{_describe_stored(counts, 'listed decision')} in the archive"
        text = f"{describe_dates(one.window)}: {numbers}"
        text += f", as listed on {_minute(one.as_of)} or later" if one.as_of else ""
        return f"{text}{_describe_excluded(counts, 'the other')}.{_describe_forms(one.other_forms)}"
    if not one.unproven:
        numbers = f"{_describe_stored(counts, 'listed decision', of='of the')} in the archive"
        return f"{describe_dates(one.window)}: {numbers}{_describe_excluded(counts, 'of the rest,')}."
    named = name_first(list(map(str, one.unproven)), NAMED_RANGES, "and {}", "more range")
    seen = _describe_stored(counts, "decision seen in the listing", "decisions seen in the listing", of="of the")
    return f"{describe_dates(one.window)}: not proven; {seen} in the archive. Not proven: {', '.join(named)}."


def _describe_stored(counts: Counts, noun: str, plural: str | None = None, *, of: str = "of") -> str:
    """Returns how many of the listed decisions are stored: the beginning of a sentence, with its verb."""
    verb = "is" if 1 in (counts.stored, counts.listed) else "are"
    return f"{counts.stored:,} {of} {count_of(counts.listed, noun, plural)} {verb}"


def _minute(at: str | None) -> str:
    """Formats an instant to the minute, rounded down."""
    return f"{at[:10]} {at[11:16]} UTC" if at else "an unknown time"


def _first_day(part: Unproven) -> date:
    return part.window.first
