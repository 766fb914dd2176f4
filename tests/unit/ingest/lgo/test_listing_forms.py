"""Tests the addresses of the listing's forms."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.lgo.listing_forms import BARE, OTHER_FORMS, find_form

FIRST, LAST = date(2025, 1, 2), date(2025, 3, 4)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("bare", "/Decisions/SearchResults?fd=2025-01-02&td=2025-03-04&page=7"),
        ("t=both", "/Decisions/SearchResults?fd=2025-01-02&td=2025-03-04&t=both&page=7"),
        ("dc=c+nu+u+", "/Decisions/SearchResults?fd=2025-01-02&td=2025-03-04&dc=c%2Bnu%2Bu%2B&page=7"),
        ("trailing slash", "/Decisions/SearchResults/?fd=2025-01-02&td=2025-03-04&page=7"),
    ],
)
def test_a_form_has_the_address_that_its_name_says(name: str, target: str) -> None:
    assert find_form(name).name == name
    assert find_form(name).target(FIRST, LAST, 7) == target


@pytest.mark.parametrize("name", [None, "", "a form of a later version"])
def test_a_name_that_is_not_known_means_the_bare_form(name: str | None) -> None:
    assert find_form(name) is BARE
    assert BARE not in OTHER_FORMS
