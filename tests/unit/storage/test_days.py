"""Days that people write: whole dates, months and years."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.days import parse_day


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024-03-09", "2024-03-09", "2024-03-09"),
        (" 2024-3-9 ", "2024-03-09", "2024-03-09"),
        ("2024-03", "2024-03-01", "2024-03-31"),
        ("2024-2", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_month_or_year_means_its_first_or_last_day(written: str, first: str, last: str) -> None:
    assert parse_day(written, is_last=False).isoformat() == first
    assert parse_day(written, is_last=True).isoformat() == last


@pytest.mark.parametrize(
    "written",
    ["", "24", "2024-13", "2024-00", "2024-02-30", "2024-", "2024-03-", "2024/03/09", "0000", "٢٠٢٤", "20240309"],
)
def test_anything_else_is_refused(written: str) -> None:
    for is_last in (False, True):
        with pytest.raises(ValueError):  # noqa: PT011  # two functions of the standard library raise it too
            parse_day(written, is_last=is_last)


@given(st.dates())
def test_a_date_is_in_its_month_and_its_year(day: object) -> None:
    whole = str(day)
    for written in (whole, whole[:7], whole[:4]):
        assert str(parse_day(written, is_last=False)) <= whole <= str(parse_day(written, is_last=True))
