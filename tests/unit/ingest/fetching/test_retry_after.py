"""The wait that Retry-After asks for, in any form, and how long we then wait."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from ingest.fetching.retry_after import decide_hold, parse_http_date, parse_retry_after

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FORMS = {
    "IMF-fixdate": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime": "%a %b %e %H:%M:%S %Y",
}


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 120 \t", 120),
        ("007", 7),
        ("120.5", 120.5),
        ("999999999999", 999_999_999_999),
        ("9" * 400, 999_999_999_999),
        ("Mon, 02 Nov 2026 12:01:30 GMT", 90),
        ("Monday, 02-Nov-26 12:01:30 GMT", 90),
        ("Mon Nov  2 12:01:30 2026", 90),
        ("mon, 2 nov 2026 12:01:30 gmt", 90),
        ("02 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 02 Nov 2026 14:01:30 +0200", 90),
        ("Mon, 02 Nov 2026 11:31:30 -0030", 90),
        ("Fri, 02 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 02 Nov 2026 12:00:60 GMT", 60),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799 - 1_793_620_800),
    ],
)
def test_seconds_and_the_three_date_forms_are_parsed(values: str, seconds: float) -> None:
    assert parse_retry_after(values, NOW) == seconds


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ("3, 10", 10),
        ("10,3", 10),
        ("soon, 10", 10),
        ("10, soon, -99", 10),
        (", ,10,", 10),
        ("30, Mon, 02 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 02 Nov 2026 12:01:30 GMT, 30", 90),
        ("Mon, 02 Nov 2026 12:01:30 GMT,Monday, 02-Nov-26 12:05:00 GMT", 300),
        ("Mon Nov  2 12:01:30 2026, 20", 90),
        ("Mon, 02 Nov 2026 11:00:00 GMT, 5", 5),
    ],
)
def test_the_longest_of_several_retry_after_values_counts(values: str, seconds: float) -> None:
    assert parse_retry_after(values, NOW) == seconds


@pytest.mark.parametrize(
    "values",
    [
        *(
            None,
            "",
            " ",
            ",",
            "soon",
            "-5",
            "+5",
            "1e3",
            "0x10",
            "nan",
            "inf",
            "Infinity",
            "5s",
            "1_000",
            "²",
            "٣",
            ".5",
        ),
        *("Mon, 99 Zzz 9999", "Mon, 31 Feb 2026 12:00:00 GMT", "Mon, 02 Nov 2026 25:00:00 GMT", "12:00", "Mon,"),
        *("Mon, 02 Nov 2026 12:00:30 +9999", "31 Dec 9999 23:59:59 -2359", "01 Jan 0000 00:00:00 GMT", "\x1b[2J"),
        f"1 Jan {'9' * 30} 00:00:00",
    ],
)
def test_an_invalid_value_asks_for_no_wait(values: str | None) -> None:
    assert parse_retry_after(values, NOW) is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("date_form", FORMS)
@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(), -timedelta(hours=2), -timedelta(days=4_000)])
def test_a_date_counts_from_the_date_header_of_the_response(form: str, date_form: str, ahead: timedelta) -> None:
    theirs = NOW + ahead
    date, until = theirs.strftime(FORMS[date_form]), (theirs + timedelta(seconds=45)).strftime(FORMS[form])
    assert parse_retry_after(until, NOW, date) == 45
    assert parse_retry_after("45", NOW, date) == 45, "seconds count from now, whatever the site's clock says"


@pytest.mark.parametrize("date", [None, "", "yesterday", "0", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_a_date_counts_from_now_if_the_response_has_no_date_header(date: str | None) -> None:
    assert parse_retry_after("Mon, 02 Nov 2026 12:01:30 GMT", NOW, date) == 90


@pytest.mark.parametrize(
    ("now", "words", "year"),
    [
        (NOW, "06-Nov-94", 1994),
        (NOW, "02-Nov-26", 2026),
        (NOW, "06-Nov-75", 2075),
        (NOW, "01-Nov-76", 2076),
        (NOW, "03-Nov-76", 1976),
        (NOW, "06-Nov-77", 1977),
        (NOW, "29-Feb-00", 2000),
        (datetime(2049, 12, 31, tzinfo=UTC), "01-Jan-99", 2099),
        (datetime(2051, 1, 1, tzinfo=UTC), "31-Dec-00", 2100),
        (datetime(2051, 1, 1, tzinfo=UTC), "02-Jan-01", 2001),
        (datetime(2099, 12, 31, tzinfo=UTC), "01-Jan-00", 2100),
        (datetime(2101, 6, 1, tzinfo=UTC), "01-Jan-99", 2099),
    ],
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead(now: datetime, words: str, year: int) -> None:
    found = parse_http_date(f"Sunday, {words} 08:49:37 GMT", now)
    assert found is not None
    assert found.year == year


def test_an_instant_parses_equally_in_all_three_forms() -> None:
    chance = random.Random(4)
    for _ in range(500):
        at = NOW + timedelta(seconds=chance.randrange(-40 * 31_536_000, 40 * 31_536_000))
        assert {parse_http_date(at.strftime(form), NOW) for form in FORMS.values()} == {at}


def test_any_text_gives_a_finite_wait_or_none() -> None:
    chance = random.Random(6)
    pieces = [
        "Mon, ",
        "02 Nov 2026 ",
        "06-Nov-94",
        " 12:00:00",
        " GMT",
        "Nov  2",
        "1" * 50,
        "-",
        ",",
        "+9999",
        "\xff",
        ".",
    ]
    found = 0
    for _ in range(5_000):
        values, date = ("".join(chance.choices(pieces, k=chance.randrange(6))) for _ in range(2))
        seconds = parse_retry_after(values, NOW, date)
        if seconds is not None:
            found += 1
            assert seconds >= 0
            assert math.isfinite(seconds)
            assert decide_hold(503, seconds, 120) <= 86_400
    assert found > 100


@pytest.mark.parametrize(
    ("status", "seconds", "hold"),
    [
        *(
            (status, 90.0, 90.0)
            for status in (200, 206, 301, 304, 308, 400, 401, 403, 404, 410, 429, 500, 502, 503, 599)
        ),
        *((status, 7_200.0, 7_200.0) for status in (400, 401, 403, 407, 409, 418, 425, 429, 451, 500, 502, 503, 504)),
        *((status, 7_200.0, 120.0) for status in (200, 202, 206, 300, 301, 302, 303, 304, 307, 308, 404, 410)),
        *((status, 1e11, 86_400.0) for status in (403, 429, 500, 503)),
        *((status, 1e11, 120.0) for status in (200, 301, 404)),
        (503, 0.0, 0.0),
        (404, 0.0, 0.0),
    ],
)
def test_a_hold_for_one_address_is_at_most_retry_wait_most(status: int, seconds: float, hold: float) -> None:
    assert decide_hold(status, seconds, 120.0) == hold


def test_a_hold_is_at_most_a_day_even_if_retry_wait_most_is_longer() -> None:
    assert decide_hold(404, 1e11, 1e9) == 86_400
