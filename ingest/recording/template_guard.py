"""Decides whether a text that differs from the stored one is the publisher's amendment or the site's template. Pure.

Parsing is a pure function of the page, and nothing here changes its result: this decides only what is done with a text.
`ingest.recording.template_watch` acts on it. The rules:

    two decisions have the same edit, or three of the last twenty rereads changed     reread up to five others
    an archive of fewer than five decisions has an edit                               reread up to five others
    one decision has an edit                     release it once two others were seen without it in the same run
    one of those reread has the same edit        the template: hold the texts that have it, release the others
    … and that is the second decision with it    reread up to five more others, and decide again
    none of them has it, and there were two      release the texts as amendments
    fewer than two could be reread               hold the texts until more can be

The decisions of one joint case are one *family* and count once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from storage.model import Edit

MOST_ASKED = 5
"""The most other decisions that are reread when a change is suspected."""
LEAST_ASKED = 2
"""The least number of other decisions without the change that make it an amendment."""
SMALL_ARCHIVE = 5
"""In an archive with fewer decisions, the first change is suspected."""
MOST_CHANGED = 3
"""If this many of the last rereads (`storage.templates.REREADS_KEPT`) changed in any way, all changes are suspected."""
AS_FREQUENT = 0.75
"""An edit belongs to the template too if it is seen in at least this share of the number of families with the most
frequent edit."""
SET_BACK_DAYS = 30
"""Days after which an amendment that was recorded with a template's edit is no longer put back."""


def must_ask(families: int, decisions: int, changed_lately: int) -> bool:
    """Whether other decisions must be reread for a change.

    `families`: those with the same edit. `decisions`: in the archive. `changed_lately`: families that changed in any
    way among the last rereads.
    """
    return families >= 2 or decisions < SMALL_ARCHIVE or changed_lately >= MOST_CHANGED


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of rereading another decision."""

    same: frozenset[Edit]
    """The change's edits that it has."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Too few other decisions could be reread: the texts wait."""


@dataclass(frozen=True, slots=True)
class Release:
    """The publisher changed the words: the texts are amendments."""


@dataclass(frozen=True, slots=True)
class Template:
    """The site's template changed: texts with these edits wait, texts with none of them are amendments."""

    edits: frozenset[Edit]


@dataclass(frozen=True, slots=True)
class AskMore:
    """Reread more: one of the reread decisions is the second one with the edit.

    Two decisions may be amended in the same words, so others are reread for these two.
    """


Verdict = Hold | Release | Template | AskMore


def conclude(
    answers: Sequence[Answer],
    *,
    families: int,
    seen_without: int,
    can_ask_more: bool,
    seen: Mapping[Edit, int] = MappingProxyType({}),
) -> Verdict:
    """Decides a change from the results of the rereads.

    `families`: families with the change before others were reread. `seen_without`: other families reread since the
    change was found that do not have it. `can_ask_more`: whether only one round of others was reread. `seen`: the
    number of families in which each edit was seen, including the reread ones.
    """
    have_it = sum(bool(answer.same) for answer in answers)
    if have_it and families + have_it > 2:
        return Template(_find_common(answers, seen))
    if have_it and can_ask_more:
        return AskMore()
    return Release() if len(answers) - have_it + seen_without >= LEAST_ASKED else Hold()


def _find_common(answers: Sequence[Answer], seen: Mapping[Edit, int]) -> frozenset[Edit]:
    """Finds the edits that are as frequent as a template's. A rarer edit may be an amendment of its decisions."""
    counts = Counter(edit for answer in answers for edit in answer.same)
    families = {edit: max(count, seen.get(edit, 0)) for edit, count in counts.items()}
    most = max(families.values())
    return frozenset(edit for edit, count in families.items() if count >= AS_FREQUENT * most)


def has_any(edits: Iterable[Edit], of: Collection[Edit]) -> bool:
    """Whether any of the edits belongs to a change."""
    return any(edit in of for edit in edits)
