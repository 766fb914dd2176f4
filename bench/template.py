"""Template changes: ten redesigns of a site with amendments and new decisions on the same day, and the guard's cost.

Uses archives of 1, 3, 20 and 400 decisions. After the run no stored text may have the template's words, and no decision
that the publisher did not change may count as amended. Each true amendment must be recorded, or held back and named.
The cost is the CPU time of a sync that fetches every page again, with the guard and without it, in turns.

    python -m bench template --decisions 400 --rounds 9
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any
from unittest.mock import patch

from bench.figures import Figure, each, in_turns, ratios
from bench.template_play import Play
from bench.template_site import BLOCKS, REDESIGNS, SAME_SENTENCE, START, TemplateSite, make_decisions
from ingest.recording.template_guard import SMALL_ARCHIVE
from ingest.recording.template_verdicts import TemplateVerdicts
from ingest.recording.template_watch import TemplateWatch
from ingest.run import Sync
from lgsco.replica.site import Site
from storage.decisions import Reading

SIZES = (1, 3, 20)
NEW = 3
COST_MOST = 0.05
"""Most cost of the guard, as a share of the sync's CPU time."""


@dataclass(slots=True)
class _Counts:
    """Totals over all plays."""

    plays: int = 0
    wrong: int = 0
    false: int = 0
    lost: int = 0
    late: int = 0
    not_held: int = 0


def measure(decisions: int = 400, rounds: int = 9) -> Iterator[Figure]:
    """Measures everything. `decisions` is the size of the largest archive, `rounds` the number of pairs of syncs."""
    counts = _Counts()
    with TemporaryDirectory() as folder:
        for size in (*SIZES, decisions):
            filled = _fill(size, Path(folder, f"{size}.db"))
            for name in REDESIGNS:
                for spares in (False, True)[: 1 if size < SMALL_ARCHIVE else 2]:
                    _play(_copy(filled, size, Path(folder, "play.db")), name, counts, spares=spares)
        yield Figure("redesigns played", (counts.plays,), "")
        yield _none("texts with the template's words", counts.wrong)
        yield _none("amendments recorded of decisions that did not change", counts.false)
        yield _none("amendments neither recorded nor held", counts.lost)
        yield _none("amendments of pages of the old template that were not recorded in the run", counts.late)
        yield _none("new decisions with a block of the template that were recorded", counts.not_held)
        yield from _measure_cost(_copy(filled, decisions, Path(folder, "cost.db")), rounds)


def _none(name: str, count: int) -> Figure:
    return Figure(name, (count,), "", 0, "at most")


def _fill(size: int, path: Path) -> Play:
    play = Play(TemplateSite(Site(make_decisions(size), today=START.date())), path, {"cadence.reread_most": "1000000"})
    play.fill()
    return play


def _copy(filled: Play, size: int, path: Path) -> Play:
    """Copies an archive, with a site of the same day and some decisions that are still to be published."""
    samples = make_decisions(size + NEW)
    site = TemplateSite(Site(samples[:size], today=filled.site.at.date()), filled.site.at)
    shutil.copy(filled.database, path)
    for sample in samples[size:]:
        day = site.at.date()
        site.site.publish(replace(sample, decision_date=day - timedelta(days=3), published=day))
    return Play(site, path, filled.dials)


def _play(play: Play, name: str, counts: _Counts, *, spares: bool) -> None:
    """Plays one redesign. `spares`: whether the amended pages still have the old template."""
    before = play.texts()
    site, chosen = play.site, sorted(before)[: 4 if len(before) > 4 else len(before) - 1]
    site.redesign = REDESIGNS[name]
    for number, reference in enumerate(chosen):
        site.amendments[reference] = SAME_SENTENCE if number < 2 else f"<p>Remedy {'abcd'[number]} was late.</p>"
    site.spared = set(chosen) if spares else set()
    outcome = play.run(Sync())
    assert outcome is not None
    truth, texts, held, amended = site.true_texts(), play.texts(), play.held(), play.amended()
    new = set(truth) - set(before)
    counts.plays += 1
    counts.wrong += sum(texts[key] not in (before[key], truth[key]) for key in before)
    counts.false += len(amended - set(chosen))
    counts.lost += sum(texts[key] != truth[key] and key not in held for key in chosen)
    if spares:
        counts.late += len(set(chosen) - amended)
    counts.not_held += len(new - set(held)) if name in BLOCKS else 0


def _measure_cost(play: Play, rounds: int) -> Iterator[Figure]:
    """Measures the CPU time of a sync that fetches every page again, unchanged, with the guard and without."""

    def without(watch: TemplateWatch, readings: Sequence[Reading]) -> dict[str, bool]:
        watch._recorder.record(readings)  # records without the guard
        return {}

    def sync(*, guarded: bool) -> None:
        with nullcontext() if guarded else patch.object(TemplateWatch, "record", without):
            play.run(Sync())
        play.site.next_day(2)

    play.run(Sync())
    play.site.next_day(2)
    spent = in_turns({"with": lambda: sync(guarded=True), "without": lambda: sync(guarded=False)}, rounds)
    shares = tuple(ratio - 1 for ratio in ratios(spent["with"], spent["without"]))
    yield Figure("cost of the guard, share of a reread", shares, "", COST_MOST, "at most")
    yield Figure(
        "the same, by the time spent in the guard",
        tuple(_time_guard(play) for _ in range(rounds)),
        "",
        COST_MOST,
        "at most",
    )
    yield Figure("a reread without the guard", each(spent["without"], len(play.texts())), "µs")


def _time_guard(play: Play) -> float:
    """Returns the share of a sync's CPU time spent in the guard: between comparing and recording, and in settling."""
    inside = 0.0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal inside
            began = process_time()
            result = function(*arguments, **named)
            inside += process_time() - began
            return result

        return call

    sift, settle = timed(TemplateWatch.sift), timed(TemplateVerdicts.settle)
    began = process_time()
    with patch.object(TemplateWatch, "sift", sift), patch.object(TemplateVerdicts, "settle", settle):
        play.run(Sync())
    whole = process_time() - began
    play.site.next_day(2)
    return inside / whole
