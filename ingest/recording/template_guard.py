"""Decides whether a text that differs from the stored one is the publisher's amendment or the site's template. Pure.

Parsing is a pure function of the page, and nothing here changes what it returns: this decides only what is done with a
text. `ingest.recording.template_watch` acts on it. The rules:

    two decisions have the same edit, or three of the last twenty rereads changed     ask up to five others
    an archive of fewer than five decisions has an edit                               ask up to five others
    one decision has an edit                     release it, once two others were seen without it in the same run
    one of those asked has the same edit         the template: hold the texts that have it, release the others
    … and that is the second decision with it    ask up to five others more, and conclude again
    none of them has it, and there were two      release the texts as amendments
    fewer than two could be asked                hold the texts until more can be

The decisions of one joint case are one *family* and count once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from storage.model import Edit

MOST_ASKED = 5
"""Other decisions that are reread when a change is suspected."""
LEAST_ASKED = 2
"""Others without the change that make it an amendment."""
SMALL_ARCHIVE = 5
"""Decisions below which the first change is suspected."""
MOST_CHANGED = 3
"""Of the last rereads (`storage.templates.REREADS_KEPT`), so many that changed in any way make all changes suspect."""
AS_FREQUENT = 0.75
"""An edit that is seen in so many families, of those that the most frequent one is seen in, is the template's too."""
SET_BACK_DAYS = 30
"""Days for which an amendment that was recorded with a template's edit is set back."""

ChangeState = Literal["single", "asking", "too few", "template", "accepted", "rejected", "released", "ended"]
"""single: one decision has it so far; asking: others are reread; too few: fewer than two could be; template: it is the
template's, as far as is known; accepted, rejected: what the user decided; released: recorded as amendments; ended: the
site shows the stored texts again, or the change was joined to another."""
UNDECIDED: tuple[ChangeState, ...] = ("single", "asking", "too few")
PENDING: tuple[ChangeState, ...] = (*UNDECIDED, "template")
"""States in which texts wait."""


def must_ask(families: int, decisions: int, changed_lately: int) -> bool:
    """Whether a change must be looked for in other decisions.

    `families`: those that have the same edit. `decisions`: in the archive. `changed_lately`: families among the last
    rereads that changed in any way.
    """
    return families >= 2 or decisions < SMALL_ARCHIVE or changed_lately >= MOST_CHANGED


@dataclass(frozen=True, slots=True)
class Answer:
    """What rereading another decision showed."""

    same: frozenset[Edit]
    """Those of the change's edits that it has."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Too few others could be asked: the texts wait."""


@dataclass(frozen=True, slots=True)
class Release:
    """The publisher changed the words: the texts are amendments."""


@dataclass(frozen=True, slots=True)
class Template:
    """The site's template changed: texts with these edits wait, texts with none of them are amendments."""

    edits: frozenset[Edit]


@dataclass(frozen=True, slots=True)
class AskMore:
    """One of those asked is the second decision with the edit: two may be amended in the same words, so others are
    asked about the two."""


Verdict = Hold | Release | Template | AskMore


def conclude(
    answers: Sequence[Answer],
    *,
    families: int,
    seen_without: int,
    can_ask_more: bool,
    seen: Mapping[Edit, int] = MappingProxyType({}),
) -> Verdict:
    """What follows from the answers.

    `families`: those with the change before others were asked. `seen_without`: families that were reread besides since
    the change was found, and do not have it. `can_ask_more`: whether others were asked only once. `seen`: in how many
    families each edit was seen, those that were asked included.
    """
    have_it = sum(bool(answer.same) for answer in answers)
    if have_it and families + have_it > 2:
        return Template(_find_common(answers, seen))
    if have_it and can_ask_more:
        return AskMore()
    return Release() if len(answers) - have_it + seen_without >= LEAST_ASKED else Hold()


def _find_common(answers: Sequence[Answer], seen: Mapping[Edit, int]) -> frozenset[Edit]:
    """The edits that are as frequent as a template's. One that few have beside it may be an amendment of theirs."""
    counts = Counter(edit for answer in answers for edit in answer.same)
    families = {edit: max(count, seen.get(edit, 0)) for edit, count in counts.items()}
    most = max(families.values())
    return frozenset(edit for edit, count in families.items() if count >= AS_FREQUENT * most)


def has_any(edits: Iterable[Edit], of: Collection[Edit]) -> bool:
    """Whether any edit is among those of a change."""
    return any(edit in of for edit in edits)
