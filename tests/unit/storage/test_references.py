"""Tests the printed form of references, and the form in addresses."""

from __future__ import annotations

import pytest

from storage.references import reference, slug, typed_reference


@pytest.mark.parametrize(
    ("spelling", "printed"),
    [
        ("25 004 920", "25 004 920"),
        ("25-004-920", "25 004 920"),
        ("25004920", "25 004 920"),
        (" 25\u00a0004\u2013920\n", "25 004 920"),
        ("24 001 411A", "24 001 411a"),
    ],
)
def test_any_spelling_gives_the_printed_form(spelling: str, printed: str) -> None:
    assert reference(spelling) == printed


@pytest.mark.parametrize(
    "spelling", ["", "25 004 92", "25 004 9200", "25 004 920 ab", "\u0662\u0665004920", "25_004_920"]
)
def test_anything_else_is_refused_and_quoted(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"is not a reference; one looks like 25 004 920") as refusal:
        reference(spelling)
    assert repr(spelling) in str(refusal.value)


TYPED = {
    "25 004 920": [
        *("25/004/920", "25_004_920", "25.004.920", "25\\004\\920", "25·004·920", "25+004+920", "25%20004%20920"),
        *("25–004–920", "25\u2011004\u2011920", "25 - 004 - 920", "25\u00a0004\u200b920", "25004920", "25  004\t920\n"),
        *("(25 004 920)", "[25-004-920]", "“25 004 920”", "25-004-920.", "25-004-920,", "#25-004-920", "<25 004 920>"),
        "https://www.lgo.org.uk/decisions/education/school-transport/25-004-920",
        "https://www.lgo.org.uk/decisions/education/school-transport/25-004-920/",
        "https://www.lgo.org.uk/decisions/covid-19-2020/25-004-920?chapter=2#point1",
        "(https://www.lgo.org.uk/decisions/education/school-transport/25-004-920)",
        "www.lgo.org.uk/decisions/education/school-transport/25-004-920",
        "/decisions/education/school-transport/25-004-920",
        "http://127.0.0.1:8001/lgsco/decisions/25+004+920",
        "http://127.0.0.1:8001/lgsco/decisions/25+004+920?q=24-001-411#p24",
        "http://localhost:8001/25-004-920.json",
    ],
    "24 001 411a": [
        *("24 001 411 A", "24/001/411a", "24.001.411.a", "(24 001 411a)", "24001411A"),
        "https://www.lgo.org.uk/decisions/adult-care-services/other/24-001-411a",
        "http://127.0.0.1:8001/lgsco/decisions/24+001+411a.json#p1",
    ],
}


@pytest.mark.parametrize(("printed", "typed"), [(printed, one) for printed in TYPED for one in TYPED[printed]])
def test_a_typed_reference_may_have_any_separators_or_be_an_address(printed: str, typed: str) -> None:
    assert typed_reference(typed) == printed


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "25 004 92",
            "25/004/9200",
            "125/004/920",
            "25 004 920 ab",
            "25,004,920",
            "£25.004.920",
            "20/25/004/920/1",
        ),
        *("2025-10-06", "council 25 004 920", "25-004-920 council", "\u0662\u0665/004/920", "25 0 04 920", "25 004"),
        "https://www.lgo.org.uk/decisions/education/school-transport",
        "https://www.lgo.org.uk/assets/attach/1/25-004-920-report.pdf",
        "http://127.0.0.1:8001/lgsco/search?query=25-004-920",
        "http://127.0.0.1:8001/lgsco/revisions/25+004+920,1",
        f"{'x' * 500}/25-004-920",
    ],
)
def test_text_that_is_not_a_reference_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a reference; one looks like 25 004 920"):
        typed_reference(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("25-004-920 24-001-411a", "25 004 920 24 001 411a", "25004920,24001411A", "25-004-920/24-001-411a"),
        "https://www.lgo.org.uk/decisions/a/b/25-004-920 https://www.lgo.org.uk/decisions/a/b/24-001-411a",
        "25 004 920 and 24 001 411a",
    ],
)
def test_two_references_are_refused_by_name(typed: str) -> None:
    with pytest.raises(ValueError, match="has several references: 25 004 920, 24 001 411a; give one at a time"):
        typed_reference(typed)


@pytest.mark.parametrize("separator", ["/", "_", "."])
def test_references_in_documents_need_the_usual_separators(separator: str) -> None:
    with pytest.raises(ValueError, match="is not a reference"):
        reference(separator.join(("25", "004", "920")))


def test_an_address_has_hyphens_and_keeps_the_letter() -> None:
    assert slug("24 001 411a") == "24-001-411a"
