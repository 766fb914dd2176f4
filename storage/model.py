"""Defines the data types that all modules share: frozen, and made from the standard library only.

A *decision* is the Ombudsman's; its *reference* alone identifies it. Its *lines*, joined by newlines with ``- `` before
each item, are its text in the project's format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

LineKind = Literal["header", "heading", "paragraph", "item"]
DecisionKind = Literal["statement", "report"]
Source = Literal["site", "import"]
RevisionReason = Literal[
    "first",
    "amended",
    "same characters",
    "on the site",
    "renormalised",
    "imported again",
    "beside",
    "template",
    "set back",
]
"""Why a reading was recorded; the column `revisions.change`.

first: the decision was not stored before. amended: the site's words changed. same characters: the site encodes the same
characters differently (Unicode normalisation). on the site: an imported decision was fetched from the site.
renormalised: a newer parser parsed a stored page. imported again: an import with other words replaced an earlier
import. beside: an import with other words than the site's was stored beside the site's. template: words of the site's
template got into the text, as was found later; a `set back` follows. set back: the text from before such a change was
put back.

To add a reason, add it here and add a migration that gives all reasons to `set_revision_reasons`. A test fails until
the two agree."""

ChangeState = Literal["single", "asking", "too few", "template", "accepted", "rejected", "released", "ended"]
"""single: only one decision has it so far. asking: others are reread. too few: fewer than two could be reread.
template: the site's template changed, as far as is known. accepted, rejected: the user's decision. released: recorded
as amendments. ended: the site shows the stored texts again, or the change was joined to another."""
UNDECIDED: tuple[ChangeState, ...] = ("single", "asking", "too few")
PENDING: tuple[ChangeState, ...] = (*UNDECIDED, "template")
"""The states in which texts wait."""

HOLD_MOST_SECONDS = 86_400.0
"""The longest wait in seconds that is obeyed when the site asks for one (Retry-After). After it, one request finds out
whether the site still asks for it."""


class Line(NamedTuple):
    """One line of a decision's text, without the ``- `` of an item."""

    kind: LineKind
    text: str
    number: str | None = None
    """The number the publisher gave the paragraph (``24``, ``24.a``), never a guess."""
    section: str | None = None
    """The text of the nearest heading at or above the line; None before the first."""


OddKind = Literal[
    "date",
    "reference",
    "encoding",
    "uncertain end",
    "hidden words",
    "unknown header line",
    "no closing line",
    "damaged markup",
    "taken as it is",
    "template",
]
"""Unusual properties of a source that is stored all the same."""


class Oddity(NamedTuple):
    """Something unusual about the source of a decision. The decision is stored all the same."""

    what: OddKind
    example: str
    """The words concerned, or a phrase that describes it."""

    def __str__(self) -> str:
        if self.what == "encoding":  # the example is a phrase that names it
            return self.example
        return f"{self.what}: {self.example}" if self.example else self.what


EditKind = Literal["added", "removed", "inserted words", "removed words", "order", "line breaks", "list marks"]


class Edit(NamedTuple):
    """One difference between two readings of a decision, in words that are the same for every decision that has it."""

    kind: EditKind
    """added, removed: a line. inserted words, removed words: inside a line. order, line breaks, list marks: the same
    words in another arrangement."""
    words: str
    """The words, with references, dates, numbers and addresses masked."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}" if self.words else self.kind


class LeftOut(NamedTuple):
    """A block of a page that does not belong to the text."""

    text: str
    rule: str
    """The rule that leaves it out (`ingest.lgo.zones`)."""
    is_counted: bool = False
    """Whether the block is outside the decision and no rule says what it is."""
    begins: str | None = None
    """The reference of the other decision that begins at the block, if its own lines follow."""


class Note(NamedTuple):
    """A dated line that the publisher appends to a decision later, about what the authority did."""

    date: date
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of parsing one decision. Fields that the source does not print are None."""

    reference: str
    authority: str | None
    category: str | None
    subcategory: str | None
    outcome: str | None
    decision_date: date | None
    kind: DecisionKind | None
    summary: str | None
    lines: tuple[Line, ...]
    closed: bool
    """Whether the text ends with the line that closes a statement ("… on behalf of the Ombudsman")."""
    odd: tuple[Oddity, ...] = field(default=(), compare=False)
    """The unusual property of the source."""
    left_out: tuple[LeftOut, ...] = field(default=(), compare=False)
    """The blocks of the source that are not in the text, in page order, as far as they were looked at."""
    notes: tuple[Note, ...] = ()
    """The dated notes at its end."""
    named_with: tuple[str, ...] = ()
    """The other references in its title."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the site's listing: what its card prints about one decision. Reference and url come from its link."""

    reference: str
    url: str
    """The address's path, from the root of the site."""
    authority: str | None
    outcome: str | None
    subcategory: str | None
    decision_date: date | None
    kind: DecisionKind | None
    title: str | None = None
    """The card's heading: the authority with the reference as the card prints it."""
    summary: str | None = None


class Validators(NamedTuple):
    """The values that the site sent with a page for conditional requests later (RFC 9110, 8.8), unchanged."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched document as it was received, before it is parsed."""

    reference: str
    chapter: int
    """1, or the number of a further chapter of a public report."""
    url: str
    fetched_at: str
    """UTC, ISO 8601 with Z."""
    charset: str | None
    """The character set that the response named."""
    body: bytes
    validators: Validators | None = None


class Answered(NamedTuple):
    """The result of a request, for the journal."""

    request: int
    """The request's number in the journal."""
    status: int | None
    """The HTTP status, or None when no answer came."""
    received: int
    """Bytes of the answer's body."""
    seconds: float
    error: str | None
    retry_after: float | None = None
    """Seconds that the answer asked us to wait (Retry-After)."""
    at: str | None = None
    """When it was sent, if that was later than journalled: UTC, ISO 8601 with Z, milliseconds."""
    hold: float | None = None
    """Seconds without requests because of `retry_after`; None means as long as that, up to a day."""


class Wanted(NamedTuple):
    """A decision to fetch: a row of the queue."""

    reference: str
    url: str
    attempts: int
    """Failures counted against its page so far."""
    reason: str = "listed"
    """listed, changed, or reread (fetched again in turn, without a known change)."""
    error_kind: str | None = None
    """The class name of the last failure's error; None if there was no failure yet."""


WindowState = Literal["proven", "short", "unknown", "drifting", "unseen"]
"""`unseen`: somebody asked for the dates, and the listing was not requested for them yet."""


@dataclass(frozen=True, slots=True)
class Window:
    """A range of decision dates, both ends inclusive."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def without(self, other: Window) -> list[Window]:
        """Returns the parts of this window before and after another window."""
        around = []
        if self.first < other.first:
            around.append(Window(self.first, min(self.last, other.first - _DAY)))
        if other.last < self.last:
            around.append(Window(max(self.first, other.last + _DAY), self.last))
        return around


_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """The facts about a window's listing: a row of the ledger. Instants are UTC, ISO 8601 with Z."""

    window: Window
    total: int | None
    """The total that the site states; None if it stated none, which is never zero."""
    listed: int
    """The number of distinct references that one walk through its pages listed."""
    state: WindowState
    counted_at: str | None
    """When the site last stated the expected total for it, or for a range of windows that contains it; None if the site
    was never asked."""
    walked_at: str | None
    """When the walk began that `listed` comes from; None if there was no walk."""
    proven_at: str | None
    asked: str
    """The form of the listing that was requested; empty before the first request."""
    unproven_since: str | None = None
    """Since when it is not proven; None if it is proven."""

    @property
    def is_sound(self) -> bool:
        """Whether one walk listed as many decisions as the site's total, whether they are stored or not."""
        return self.state in ("proven", "short") and self.total == self.listed

    def was_walked_between(self, since: str, now: str) -> bool:
        """Whether one walk that began between two instants listed all of it.

        A start after `now` was recorded by a clock that was ahead and was set back since then, so it does not count.
        """
        return self.is_sound and self.walked_at is not None and since <= self.walked_at <= now


class KnownListing(NamedTuple):
    """The entries of a window, as recorded so far."""

    expected: int
    """The total that the site would state if nothing had changed."""
    days: tuple[tuple[date, int], ...]
    """The days that have entries, in order, with how many."""
    seen: bool = False
    """Whether all of it was walked so recently that it need not be requested."""


IntentKind = Literal["backfill", "sync", "fill"]
IntentState = Literal["standing", "running", "interrupted", "paused", "finished", "replaced", "withdrawn"]


class Intent(NamedTuple):
    """A range of decision dates that somebody asked for: a row of `intents`. Instants are UTC, ISO 8601 with Z."""

    id: int
    kind: IntentKind
    window: Window
    state: IntentState
    """standing: sync covers the range in each round. running, interrupted, paused: a backfill of it is running,
    was broken off, or was stopped by the user. finished: a backfill completed it. replaced: a later backfill covers the
    range. withdrawn: the rest of it was dropped. The fill is running, slice after slice, until it is finished or
    withdrawn."""
    asked_at: str
    changed_at: str
    run: int | None
    """The run that recorded it."""
    reason: str | None
    """Why it was interrupted or paused."""
    total: int | None
    """The total that the site stated when it was first asked about the range; None if it was not asked, or stated
    none."""
