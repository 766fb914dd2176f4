"""Random faults of the catalogue, day after day: no false conclusion, and in the end a complete archive."""

from __future__ import annotations

import pytest

from ingest.run import Backfill, Sync
from lgsco.replica.corpus import expected_text
from lgsco.replica.script import Chance, catalogue
from support.politeness import DAY, HOUR
from support.world import World, holds_the_truth


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(n, marks=pytest.mark.thorough) for n in range(4, 12))])
def test_random_faults_lead_to_no_false_conclusion_and_a_later_run_completes(reports_world: World, seed: int) -> None:
    """Chooses a random fault of the look-alike's catalogue each day."""
    faults = catalogue(reports_world.site, wait=0.001)
    for name in (
        "cookie needed",
        "cookie needed, redirect",
        "huge",
        "gzip bomb",
    ):  # a state of the site that is slow to make
        del faults[name]
    truth = {sample.reference: expected_text(sample) for sample in reports_world.site.listed()}
    met = 0
    for day, rate in enumerate((0.3, 0.05, 0.6, 0.1, 0.02) * 3):
        chance = Chance(100 * seed + day, rate, list(faults.values()))
        reports_world.server.faults = chance
        for task in (Backfill(), Sync()):
            ran = reports_world.run(task, fetch__tries=2)
            assert ran.exit_code in (0, 10, 11, 12), ran.message
            assert ran.exit_code == 0 or ran.message
            held = dict(reports_world.ask("SELECT reference, text FROM decisions"))
            assert held.items() <= truth.items(), "never a word that is not the site's"
            assert ran.exit_code != 0 or held == truth, "complete only where it is"
        met += chance.hits
        reports_world.time.at += DAY + HOUR
    assert met >= 20
    assert reports_world.ask("SELECT count(*) FROM decisions WHERE status <> 'published'") == [0]
    reports_world.server.faults = None
    reports_world.time.at += 40 * DAY
    assert reports_world.run(Backfill()).state == "complete"
    assert reports_world.run(Sync()).state == "complete"
    assert holds_the_truth(reports_world)
    assert reports_world.ask("SELECT count(*) FROM entries WHERE unlisted_at IS NOT NULL") == [0]
