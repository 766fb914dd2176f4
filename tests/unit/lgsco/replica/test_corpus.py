"""The look-alike's decisions: the seeds as they are, and invented ones that vary."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from datetime import date, timedelta
from html import unescape

import pytest

from lgsco.replica.corpus import CATEGORIES, STATUTORY, Sample, expected_numbers, expected_text, generate, seeds
from lgsco.replica.markup import render
from support.paths import GOLDEN, SEEDS

FIRST, LAST = date(2016, 1, 1), date(2025, 12, 31)


def corpus(count: int, seed: int = 1) -> list[Sample]:
    """Invented decisions over ten years."""
    return list(generate(count, seed=seed, first=FIRST, last=LAST))


@pytest.fixture(scope="module")
def many() -> list[Sample]:
    return corpus(2_000)


@pytest.fixture(scope="module")
def texts(many: list[Sample]) -> list[str]:
    return [expected_text(sample) for sample in many]


# Seeds and corpus.
def test_seeds_equal_their_files_byte_for_byte() -> None:
    for sample, path in zip(seeds(), sorted((SEEDS).glob("*.txt")), strict=True):
        golden = GOLDEN / path.name
        assert expected_text(sample) == (golden if golden.exists() else path).read_text("utf-8")


def test_cross_references_of_seed_002_point_to_existing_paragraphs() -> None:
    sample = seeds()[2]
    numbered = dict(zip(expected_numbers(sample), expected_text(sample).split("\n"), strict=True))
    assert "91" in numbered and "92" not in numbered
    assert numbered["1.•1"].startswith("- Failed to adequately") and numbered["88.1"].startswith("- Provide a written")
    assert "X repeated that Ms D had scratched her" in numbered["24"]
    assert "no record appeared in the case papers" in numbered["59"]


def test_generation_is_deterministic() -> None:
    once, again = corpus(60), corpus(60)
    assert once == again and list(map(expected_text, once)) == list(map(expected_text, again))
    assert once != corpus(60, seed=2)


def test_corpus_text_has_the_expected_statistics(texts: list[str]) -> None:
    sizes = [len(text.encode()) for text in texts]
    assert 7_000 <= statistics.median(sizes) <= 9_000 and 25_000 < max(sizes) <= 45_000
    assert len({word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())}) >= 20_000
    shares: Counter[str] = Counter()
    for text in texts[:600]:
        lines = "\n".join(text.split("\n")[5:-1])
        shares.update({end for end in re.split(r"(?<=[.;:)]) |\n", lines) if end.endswith(".")})
    statutory = " ".join(STATUTORY).replace("\u00a0", " ")
    assert [end for end, n in shares.items() if n > 180 and end.removeprefix("- ") not in statutory] == []


def test_corpus_is_marked_and_varied(many: list[Sample]) -> None:
    assert [sample for sample in many if "SPECIMEN" not in sample.summary] == []
    assert [sample for sample in many[::5] if "SPECIMEN" not in expected_text(sample)] == []
    assert len({sample.reference for sample in many} | {sample.reference for sample in seeds()}) == 2_005
    assert {sample.category for sample in many} == set(CATEGORIES)
    kinds = Counter(sample.layout for sample in many)
    assert 0.02 < (kinds["overview"] + kinds["old"]) / 2_000 < 0.045 and kinds["overview"] and kinds["old"]
    lags = [sample.published - sample.decision_date for sample in many if sample.kind == "statement"]
    assert min(lags) >= timedelta(days=42) and max(lags) > timedelta(days=200)
    assert [sample for sample in many if (sample.kind == "report") and sample.published != sample.decision_date] == []
    for character in "’‘“”£–\u00a0":
        assert any(character in written for written in map(raw, many[:200]))


def raw(sample: Sample) -> str:
    """Returns the text of a page, with its no-break spaces."""
    return unescape(b"".join(render(sample)).decode())


def test_joint_cases_share_their_text(many: list[Sample]) -> None:
    joint = [sample for sample in many if sample.reference[-1].isalpha()]
    assert 10 < len(joint) < 60
    held = {sample.reference: sample for sample in many}
    for sample in joint[:10]:
        council = held[sample.reference[:-1]]
        assert council.chapters == sample.chapters and council.authority != sample.authority
        assert (council.closing or "").endswith("Ombudsmen")
