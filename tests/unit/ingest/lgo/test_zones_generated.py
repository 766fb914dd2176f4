"""Law 5: boilerplate added to generated pages changes no text. Full size: `python -m bench.pages boilerplate`."""

from __future__ import annotations

from itertools import islice

import pytest

from bench.pages.boilerplate import Case, Spot, case, plain_case, spots
from bench.pages.corpus import corpus
from bench.pages.kinds import KINDS
from bench.pages.readers import load

CASES_OF_A_SPOT = 2
SPOTS = list(spots())


def _cases(spot: Spot) -> list[Case]:
    """Yields some cases of one kind, markup and place, with different decisions for each."""
    start, samples = SPOTS.index(spot) * 37, corpus()
    made = (case(spot, samples[(start + step * 7) % len(samples)]) for step in range(len(samples)))
    return list(islice((one for one in made if one is not None), CASES_OF_A_SPOT))


def _wrong(made: Case) -> str | None:
    outcome = load()(made.pages, made.asked)
    if outcome.text == made.expected:
        return None
    return f"decision {made.sample.number}, {made.spot}:\n{made.block}\n{outcome.error or outcome.text}"


def test_generated_decisions_are_parsed_correctly() -> None:
    assert [wrong for sample in corpus() if (wrong := _wrong(plain_case(sample)))] == []


@pytest.mark.parametrize("kind", [*KINDS, "known phrase"])
def test_added_boilerplate_changes_no_text(kind: str) -> None:
    made = [one for spot in SPOTS if spot.kind == kind for one in _cases(spot)]
    assert len(made) >= CASES_OF_A_SPOT * 10, "each markup of each place has cases"
    wrong = [failure for one in made if (failure := _wrong(one))]
    assert not wrong, f"{len(wrong)} of {len(made)}, such as\n" + "\n\n".join(wrong[:3])
