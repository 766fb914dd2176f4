"""Tests the count of stored decisions whose cross-references are right."""

from __future__ import annotations

from ingest.reports.cross_references import ONE_IN, CrossReferenceCount
from storage.layout import make_layout
from storage.model import Line

COMPLAINT = Line("item", "Mr X complained about school transport.", "1")
FITS = Line("item", "I considered the transport (see paragraph 1).", "2")
LANDS_ELSEWHERE = Line("item", "I considered the fees (see Paragraph 1).", "3")
LANDS_NOWHERE = Line("item", "I considered the transport (see paragraph 9).", "4")


def count(*decisions: tuple[Line, ...]) -> CrossReferenceCount:
    counted = CrossReferenceCount()
    for lines in decisions:
        text = "\n".join(f"- {line.text}" for line in lines)
        kinds, numbers = make_layout(lines)
        counted(text.encode(), kinds.encode(), numbers.encode())
        for _ in range(ONE_IN - 1):
            counted(b"not UTF-8: \xff", b"", b"")  # not in the sample, so not decoded
    return counted


def test_decision_fits_when_all_its_cross_references_fit() -> None:
    counted = count(
        (COMPLAINT, FITS),
        (COMPLAINT, FITS, LANDS_ELSEWHERE),
        (COMPLAINT, LANDS_NOWHERE),
        (COMPLAINT,),
        (COMPLAINT._replace(number=None), FITS._replace(number=None)),
    )
    assert (counted.looked_at, counted.checked, counted.fitting) == (5, 3, 1)
    assert counted.describe() == (
        "cross-references: 5 decisions checked, 3 cite paragraphs of their own; in 1 of these each paragraph cited "
        "exists and shares a word with the sentence that cites it"
    )


def test_one_decision_is_counted_in_the_singular() -> None:
    assert count((COMPLAINT, FITS)).describe() == (
        "cross-references: 1 decision checked, 1 cites paragraphs of its own; in 1 of these each paragraph cited "
        "exists and shares a word with the sentence that cites it"
    )


def test_a_file_without_cross_references_shows_no_share() -> None:
    assert count((COMPLAINT,)).describe().endswith("1 decision checked, none cites numbered paragraphs of its own")
