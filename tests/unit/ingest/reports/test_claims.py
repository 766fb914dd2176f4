"""Tests what claims state about dates, and what they never state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.crawling.windows import EVERYTHING
from ingest.reports.claims import Claim, make_claim
from ingest.reports.date_ranges import name_command
from storage.claims import ClaimRows, Counts
from storage.model import Intent, IntentState, WindowState
from support.claims import claim_rows, intent, proof, window

TODAY = date(2026, 11, 1)
RECENT = window("2026-07-30", "9999-12-31")
BEFORE = window("0001-01-01", "2026-07-29")
TOTAL_AT = "2026-11-01T12:05:30Z"
ALL_STORED = Counts(listed=41, stored=41, excluded=0)
STATES: tuple[WindowState, ...] = ("proven", "short", "drifting", "unknown", "unseen")


def claim_of(rows: ClaimRows, *, daemon_runs: bool = False) -> Claim:
    return make_claim(rows, daemon_runs=daemon_runs, today=TODAY)


def of_recent(*, state: WindowState = "proven", counts: Counts = ALL_STORED, total: int | None = 57_521) -> Claim:
    """Makes the claim about the last months, which sync was asked for."""
    rows = claim_rows(
        [proof("2026-07-30", "9999-12-31", state)],
        [intent("2026-07-30", "9999-12-31", "standing")],
        counts={RECENT: counts, EVERYTHING: counts},
        site_total=None if total is None else (total, TOTAL_AT),
    )
    return claim_of(rows)


# ---------------------------------------------------------------- one range


def test_a_full_claim_names_dates_numbers_age_and_the_number_outside() -> None:
    assert str(of_recent()) == (
        "2026-07-30 to today: 41 of 41 listed decisions are in the archive, as listed on 2026-11-01 12:00 UTC or later."
        " The site lists 57,480 decisions before that, on dates not asked for; "
        "`lgsco backfill` fetches them."
        " This follows from its total of 57,521 decisions, stated at 2026-11-01 12:05 UTC."
    )


def test_a_claim_names_the_start_of_its_oldest_walk() -> None:
    ledger = [
        proof("2026-07-30", "2026-09-30", walked_at="2026-10-02T08:09:59Z"),
        proof("2026-10-01", "9999-12-31", walked_at="2026-11-01T12:00:00Z"),
    ]
    claim = claim_of(claim_rows(ledger))
    assert claim.ranges[0].as_of == "2026-10-02T08:09:59Z"
    assert "as listed on 2026-10-02 08:09 UTC or later" in str(claim)


def test_a_decision_without_a_page_allows_a_full_claim_and_is_named() -> None:
    claim = of_recent(counts=Counts(listed=41, stored=38, excluded=3))
    assert claim.is_full
    assert "38 of 41 listed decisions are in the archive, as listed on" in str(claim)
    assert "; the other 3 are listed and their pages are gone." in str(claim)


def test_a_claim_counts_the_decisions_with_unreadable_pages() -> None:
    claim = of_recent(counts=Counts(listed=41, stored=38, excluded=3, unreadable=2))
    gone, unreadable = "1 is listed and its page is gone", "2 are listed and their pages do not parse"
    assert f"; the other {gone}, {unreadable} (`lgsco status` names them)." in str(claim)
    missing = of_recent(counts=Counts(listed=41, stored=38, excluded=2, unreadable=2))
    assert f"; of the rest, {unreadable} (`lgsco status` names them)." in str(missing)
    one = of_recent(counts=Counts(listed=41, stored=38, excluded=3, unreadable=1))
    assert "; the other 2 are listed and their pages are gone, 1 is listed and its page does not parse (" in str(one)
    assert "`lgsco status` names it)" in str(one)


@pytest.mark.parametrize(
    ("listed", "stored", "words"),
    [
        (1, 1, "1 of 1 listed decision is in the archive"),
        (41, 41, "41 of 41 listed decisions are in the archive"),
        (0, 0, "0 of 0 listed decisions are in the archive"),
        (2, 1, "1 of the 2 listed decisions is in the archive"),
        (1, 0, "0 of the 1 listed decision is in the archive"),
    ],
)
def test_the_words_of_a_claim_agree_with_its_numbers(listed: int, stored: int, words: str) -> None:
    assert f": {words}" in str(of_recent(counts=Counts(listed=listed, stored=stored, excluded=0)))


def test_the_words_about_unproven_dates_agree_with_their_numbers() -> None:
    claim = of_recent(state="unknown", counts=Counts(listed=1, stored=1, excluded=0))
    assert "not proven; 1 of the 1 decision seen in the listing is in the archive. Not proven: " in str(claim)


OTHER_TOTAL = (
    "stated at 2026-11-01 12:05 UTC; it does not fit the number listed, so the listing may have changed in between."
)


@pytest.mark.parametrize(
    ("total", "whole", "says"),
    [
        (41, True, False),
        (40, True, True),
        (42, True, True),  # they may have been checked before a new decision
        (None, True, False),
        (40, False, True),
        (41, False, False),
        (42, False, False),  # one is outside these dates
    ],
)
def test_a_total_that_does_not_fit_the_listing_is_reported(total: int | None, whole: bool, says: bool) -> None:
    rows = claim_rows(
        [proof("0001-01-01" if whole else "2026-07-30", "9999-12-31")],
        counts={RECENT: ALL_STORED, EVERYTHING: ALL_STORED},
        site_total=None if total is None else (total, TOTAL_AT),
    )
    claim = claim_of(rows)
    assert claim.is_full
    assert (f"The site's total is {total} decisions, {OTHER_TOTAL}" in claim.sentences()) is says


def test_an_unproven_claim_does_not_report_that_the_total_does_not_fit() -> None:
    assert OTHER_TOTAL not in str(of_recent(state="short", total=40))


TO_COME = "2026-11-02", "2026-12-31"
"""Days after TODAY."""


def test_days_after_today_need_no_proof() -> None:
    rows = claim_rows([proof("0001-01-01", "2026-11-01")], windows=[EVERYTHING])
    claim = claim_of(rows)
    assert claim.is_full
    assert str(claim).startswith("beginning to today: 0 of 0 listed decisions are in the archive")
    assert not claim_of(claim_rows([proof("0001-01-01", "2026-10-31")], windows=[EVERYTHING])).is_full


def test_days_after_today_are_named_if_the_site_was_asked_about_them() -> None:
    claim = claim_of(claim_rows([proof("0001-01-01", "2026-11-01"), proof("2026-11-02", "9999-12-31", "unknown")]))
    assert "Not proven: 2026-11-02 to today (no total of the site to compare with)" in str(claim)


def test_a_range_that_ends_after_today_is_named_as_one_that_ends_today() -> None:
    sentence = claim_of(claim_rows([proof("2026-01-01", "2026-12-31")])).sentences()[0]
    assert sentence.startswith("2026-01-01 to today: 0 of 0 listed decisions are in the archive")


def test_an_unproven_part_that_ends_after_today_is_named_up_to_today() -> None:
    claim = claim_of(claim_rows([proof("2026-01-01", "2026-12-31", "short")]))
    assert str(claim).startswith("2026-01-01 to today: not proven; ")
    assert "Not proven: 2026-01-01 to 2026-11-01 (" in str(claim)
    assert claim.as_json()["ranges"][0]["unproven"] == [
        {"first": "2026-01-01", "last": "2026-11-01", "state": "short"},
    ]


def test_a_range_that_begins_after_today_is_not_named() -> None:
    left = [intent("2026-01-01", "2026-10-31"), intent(*TO_COME, "interrupted", number=2)]
    claim = claim_of(claim_rows([proof("2026-01-01", "2026-10-31"), proof(*TO_COME, "unseen")], left))
    assert [one.window for one in claim.ranges] == [window("2026-01-01", "2026-10-31")]
    assert claim.unfinished == ()


def test_an_unfinished_range_names_the_command_with_the_days_to_come() -> None:
    asked = [intent("2026-01-01", "2026-12-31", "interrupted")]
    sentence = claim_of(claim_rows([proof("2026-01-01", "2026-12-31", "unseen")], asked)).sentences()[-1]
    assert "`lgsco backfill --from 2026-01-01 --to 2026-12-31` continues it" in sentence


@pytest.mark.parametrize(("walked_at", "full"), [("2026-10-31T23:59:59Z", False), ("2026-11-01T00:00:00Z", True)])
def test_days_that_began_after_the_site_was_last_asked_are_not_proven(walked_at: str, *, full: bool) -> None:
    rows = claim_rows(
        [proof("2026-01-01", "9999-12-31", walked_at=walked_at)], windows=[window("2026-11-01", "2026-11-01")]
    )
    claim = claim_of(rows)
    assert claim.is_full is full
    assert ("Not proven: 2026-11-01 to 2026-11-01 (not checked yet)." in str(claim)) is not full


@pytest.mark.parametrize("state", ["paused", "interrupted"])
def test_only_a_demo_continues_a_demo(state: IntentState) -> None:
    asked = [intent("0001-01-01", "9999-12-31", state, total=305)]
    rows = claim_rows([proof("0001-01-01", "9999-12-31", "unseen")], asked)._replace(is_demo=True)
    sentence = claim_of(rows).sentences()[-1]
    assert sentence == "beginning to today is not finished, 0 of 305 fetched: the same `lgsco demo` continues it."


def test_one_decision_outside_the_dates_is_named_in_the_singular() -> None:
    assert "The site lists 1 decision before that, on dates not asked for; `lgsco backfill` fetches it." in str(
        of_recent(total=42)
    )


@pytest.mark.parametrize("state", STATES[1:])
def test_a_claim_about_unproven_dates_gives_no_number_outside(state: WindowState) -> None:
    claim = of_recent(state=state)
    assert not claim.is_full
    assert claim.outside is None
    assert "2026-07-30 to today: not proven; 41 of the 41 decisions seen in the listing are in the archive" in str(
        claim
    )
    assert "41 of 41" not in str(claim)
    assert "The site's total is 57,521 decisions, stated at 2026-11-01 12:05 UTC." in str(claim)


def test_a_proven_row_with_a_missing_decision_makes_no_full_claim() -> None:
    assert not of_recent(counts=Counts(listed=41, stored=40, excluded=0)).is_full


def test_a_missing_decision_is_not_hidden_by_proven_dates() -> None:
    claim = of_recent(counts=Counts(listed=1_041, stored=1_040, excluded=0))
    assert claim.sentences()[0] == "2026-07-30 to today: 1,040 of the 1,041 listed decisions are in the archive."


def test_the_number_outside_is_unknown_until_the_site_states_its_total() -> None:
    claim = of_recent(total=None)
    assert claim.outside is None
    assert str(claim).endswith("The number of decisions outside those dates is not known yet.")
    assert claim.describe_share() == "the archive has 41 decisions of the site; the site's total is not known yet"


def test_a_claim_about_all_dates_has_nothing_outside() -> None:
    rows = claim_rows(
        [proof("0001-01-01", "9999-12-31")], counts={EVERYTHING: Counts(41, 41, 0)}, site_total=(41, TOTAL_AT)
    )
    claim = claim_of(rows)
    assert claim.outside == 0
    assert str(claim) == (
        "beginning to today: 41 of 41 listed decisions are in the archive, as listed on 2026-11-01 12:00 UTC or later."
    )


def test_dates_that_the_ledger_does_not_cover_are_not_proven() -> None:
    rows = claim_rows([proof("2026-07-30", "9999-12-31")], windows=[EVERYTHING])
    claim = claim_of(rows)
    assert not claim.is_full
    assert [(part.window, part.state) for part in claim.unproven] == [(BEFORE, "unseen")]
    assert "Not proven: beginning to 2026-07-29 (not checked yet)." in str(claim)


def test_an_archive_without_requested_dates_claims_nothing() -> None:
    claim = claim_of(claim_rows())
    assert not claim.is_full
    assert str(claim) == "no decision dates were asked for yet; run `lgsco backfill` or `lgsco sync`."


# ---------------------------------------------------------------- several ranges, and what is unfinished


def test_each_range_has_its_own_numbers_and_other_requested_dates_are_not_called_unrequested() -> None:
    quarter = window("2025-01-01", "2025-03-31")
    ledger = [proof("2025-01-01", "2025-03-31"), proof("2026-07-30", "9999-12-31")]
    asked = [intent("2025-01-01", "2025-03-31"), intent("2026-07-30", "9999-12-31", "standing", number=2)]
    counts = {quarter: Counts(7, 7, 0), RECENT: Counts(5, 5, 0)}
    both = claim_of(claim_rows(ledger, asked, counts=counts, site_total=(100, TOTAL_AT)))
    assert "2026-07-30 to today: 5 of 5 listed" in str(both)
    assert "2025-01-01 to 2025-03-31: 7 of 7 listed" in str(both)
    assert "The site lists 88 decisions outside those dates, on dates not asked for" in str(both)
    one = claim_of(
        claim_rows(ledger, asked, windows=[quarter], counts=counts, site_total=(100, TOTAL_AT)), daemon_runs=False
    )
    assert "The site lists 93 decisions outside those dates: `lgsco coverage` shows which" in str(one)
    assert "on dates not asked for" not in str(one)


@pytest.mark.parametrize(
    ("state", "daemon_runs", "words"),
    [
        (
            "paused",
            False,
            "is paused, 40 of 120 fetched: `lgsco backfill --to 2026-07-29` continues it, `lgsco backfill ",
        ),
        ("interrupted", False, "was interrupted, 40 of 120 fetched: `lgsco backfill --to 2026-07-29` continues it."),
        ("interrupted", True, "was interrupted, 40 of 120 fetched: the daemon continues it."),
        (
            "running",
            True,
            "is not finished, 40 of 120 fetched: a backfill is running, or was killed; `lgsco backfill --to "
            "2026-07-29` continues one that was killed.",
        ),
    ],
)
def test_an_unfinished_backfill_is_named_with_its_progress_and_what_continues_it(
    state: str, words: str, *, daemon_runs: bool
) -> None:
    rows = claim_rows(
        [proof("0001-01-01", "2026-07-29", "unseen"), proof("2026-07-30", "9999-12-31")],
        [
            intent("2026-07-30", "9999-12-31", "standing"),
            intent("0001-01-01", "2026-07-29", state, number=2, total=120),  # type: ignore[arg-type]
        ],
        windows=[RECENT],
        counts={RECENT: Counts(41, 41, 0), BEFORE: Counts(50, 40, 0)},
        site_total=(161, TOTAL_AT),
    )
    claim = claim_of(rows, daemon_runs=daemon_runs)
    assert claim.is_full, "the rest of the backfill is outside the dates of this claim"
    assert f"beginning to 2026-07-29 {words}" in str(claim)
    assert "The site lists 120 decisions before that: `lgsco coverage` shows which dates were asked for." in str(claim)


def of_fill(*, daemon_runs: bool, site_total: tuple[int, str] | None) -> Claim:
    """Makes the claim about the last months, while the daemon fetches the dates before them."""
    fill = Intent(2, "fill", BEFORE, "running", TOTAL_AT, TOTAL_AT, 1, None, 3)
    rows = claim_rows(
        [proof("0001-01-01", "2019-12-31", "unseen"), proof("2020-01-01", "9999-12-31")],
        [intent("2026-07-30", "9999-12-31", "standing"), fill],
        windows=[RECENT],
        counts={RECENT: Counts(41, 41, 0), BEFORE: Counts(1_500, 1_400, 0)},
        site_total=site_total,
    )
    return claim_of(rows, daemon_runs=daemon_runs)


@pytest.mark.parametrize(
    ("daemon_runs", "who"), [(True, "the daemon continues it."), (False, "`lgsco daemon` continues it.")]
)
def test_a_fill_is_named_with_its_progress_by_the_sites_newest_total(daemon_runs: bool, who: str) -> None:
    claim = of_fill(daemon_runs=daemon_runs, site_total=(57_521, TOTAL_AT))
    assert claim.sentences()[-1] == f"beginning to 2026-07-29 is being filled, 1,400 of 57,521 fetched: {who}"
    (fill,) = claim.unfinished
    assert fill.left == (window("0001-01-01", "2019-12-31"),), "proven dates are not left"
    (unknown,) = of_fill(daemon_runs=daemon_runs, site_total=None).unfinished
    assert unknown.total is None, "the total when it began is not the fill's"


@pytest.mark.parametrize("state", ["finished", "replaced", "withdrawn", "standing"])
def test_a_finished_or_withdrawn_range_is_not_called_unfinished(state: IntentState) -> None:
    ledger = [proof("2024-01-01", "2024-03-31", "unseen"), proof("2025-01-01", "2025-03-31", "unseen")]
    asked = [
        intent("2024-01-01", "2024-03-31", state),
        intent("2025-01-01", "2025-03-31", "paused", number=2, total=120),
    ]
    claim = claim_of(claim_rows(ledger, asked))
    assert [one.state for one in claim.unfinished] == ["paused"], "the later one is found too"


def test_a_pause_names_the_command_that_continues_and_the_one_that_drops() -> None:
    ledger = [proof("2025-01-01", "2025-03-31", "unseen")]
    claim = claim_of(claim_rows(ledger, [intent("2025-01-01", "2025-03-31", "paused")]))
    dates = "--from 2025-01-01 --to 2025-03-31"
    assert claim.sentences()[-1] == (
        f"2025-01-01 to 2025-03-31 is paused, 0 fetched: `lgsco backfill {dates}` continues it, "
        f"`lgsco backfill --withdraw {dates}` drops what is left."
    )
    assert name_command(EVERYTHING) == "`lgsco backfill`"


def test_the_reasons_of_unproven_ranges_are_named_newest_first() -> None:
    ledger = [
        replace(proof("2025-01-01", "2025-01-31", "short"), total=1_200, listed=1_199),
        replace(proof("2025-02-01", "2025-02-28", "short"), total=7, listed=7),
        replace(proof("2025-03-01", "2025-03-31", "drifting"), total=8, listed=7),
        replace(proof("2025-04-01", "2025-04-30", "unknown"), total=None, listed=7),
        proof("2025-05-01", "2025-05-31"),
    ]
    claim = claim_of(claim_rows(ledger))
    assert str(claim.ranges[0].unproven[0]) == "2025-04-01 to 2025-04-30 (no total of the site to compare with)"
    assert claim.sentences()[0].endswith(
        "Not proven: 2025-04-01 to 2025-04-30 (no total of the site to compare with), "
        "2025-03-01 to 2025-03-31 (the listing changed during the walk), "
        "2025-02-01 to 2025-02-28 (some of it is not stored yet), "
        "2025-01-01 to 2025-01-31 (the site states a total of 1,200 and lists 1,199)."
    )


def test_the_totals_of_a_window_are_not_those_of_a_part_of_it() -> None:
    ledger = [replace(proof("2025-01-01", "2025-01-31", "short"), total=1_200, listed=1_199)]
    rows = claim_rows(ledger, windows=[window("2025-01-05", "2025-01-31")])
    ((part,),) = (one.unproven for one in claim_of(rows).ranges)
    assert str(part) == "2025-01-05 to 2025-01-31 (some of it is not stored yet)"


def test_more_than_five_unproven_ranges_are_counted() -> None:
    ledger = [proof(f"20{year}-01-01", f"20{year}-12-31", "unseen") for year in range(10, 18)]
    (sentence,) = claim_of(claim_rows(ledger)).sentences()[:1]
    assert sentence.count("not checked yet") == 5
    assert sentence.endswith("2013-01-01 to 2013-12-31 (not checked yet), and 3 more ranges.")


def test_a_claim_names_no_walk_where_one_part_was_never_walked_or_is_unproven() -> None:
    walked, never = proof("2025-01-01", "2025-01-31"), proof("2025-02-01", "2025-02-28", walked_at=None)
    for second in [never, replace(never, walked_at=TOTAL_AT, state="short")]:
        claim = claim_of(claim_rows([walked, second]))
        assert claim.ranges[0].as_of is None
        assert "as listed on" not in str(claim)
    no_dates = claim_of(claim_rows([], windows=[RECENT], intents=[]))
    assert no_dates.ranges[0].as_of is None
    full = claim_of(claim_rows([never], counts={never.window: Counts(2, 2, 0)}))
    assert full.sentences()[0] == "2025-02-01 to 2025-02-28: 2 of 2 listed decisions are in the archive."


def test_parts_that_were_listed_in_another_form_are_named() -> None:
    forms = ("t=both", "bare", "", "trailing slash")
    ledger = [
        replace(proof(f"2025-0{n}-01", f"2025-0{n}-28"), asked=form, window=window(f"2025-0{n}-01", f"2025-0{n}-28"))
        for n, form in enumerate(forms, 1)
    ]
    windows = [one.window for one in ledger]
    rows = claim_rows(ledger, windows=windows)
    assert [one.other_forms for one in claim_of(rows).ranges] == [
        *(("t=both",), (), (), ("trailing slash",)),
    ]
    both = claim_rows(
        [ledger[0], replace(ledger[3], window=window("2025-01-29", "2025-01-31"))],
        windows=[window("2025-01-01", "2025-01-31")],
    )
    assert (
        claim_of(both)
        .sentences()[0]
        .endswith(
            " Some of these dates were last listed in the form t=both and trailing slash, which is no longer used."
        )
    )
    wider = ClaimRows(rows.proofs, rows.intents, rows.windows, rows.counts, None, "t=both")
    assert [one.other_forms for one in claim_of(wider).ranges] == [
        *((), ("bare",), (), ("trailing slash",)),
    ]


def test_the_json_of_a_claim_has_every_fact() -> None:
    asked = [intent("2025-01-01", "2025-03-31", "paused", total=120)]
    ledger = [
        replace(proof("2025-01-01", "2025-01-31"), asked="t=both"),
        proof("2025-02-01", "2025-03-31", "drifting"),
    ]
    quarter = window("2025-01-01", "2025-03-31")
    counts = {quarter: Counts(50, 40, 3, 1, 2), EVERYTHING: Counts(90, 80, 0)}
    claim = claim_of(claim_rows(ledger, asked, counts=counts, site_total=(161, TOTAL_AT)))
    dates, left = {"first": "2025-01-01", "last": "2025-03-31"}, {"first": "2025-02-01", "last": "2025-03-31"}
    assert claim.as_json() == {
        "full": False,
        "ranges": [
            {
                **dates,
                "full": False,
                "listed": 50,
                "stored": 40,
                "excluded": 3,
                "unreadable": 1,
                "held_back": 2,
                "as_of": None,
                "other_forms": ["t=both"],
                "unproven": [{**left, "state": "drifting"}],
            }
        ],
        "unfinished": [{**dates, "state": "paused", "left": [left], "stored": 40, "total": 120}],
        "outside": None,
        "stored_in_all": 80,
        "site_total": 161,
        "site_total_at": TOTAL_AT,
    }


def test_a_total_of_an_unknown_time_is_shown_so() -> None:
    claim = of_recent()._replace(site_total_at=None)
    assert "stated at an unknown time." in str(claim)


def test_more_than_five_ranges_are_counted() -> None:
    ledger = [proof(f"20{year}-01-01", f"20{year}-03-31") for year in range(10, 18)]
    claim = claim_of(
        claim_rows(ledger, [intent(str(p.window.first), str(p.window.last)) for p in ledger]), daemon_runs=False
    )
    assert len([sentence for sentence in claim.sentences() if "listed decisions" in sentence]) == 5
    assert "and 3 more ranges of dates: `lgsco coverage`." in claim.sentences()
    six = claim._replace(ranges=claim.ranges[:6])
    assert "and 1 more range of dates: `lgsco coverage`." in six.sentences()


# ---------------------------------------------------------------- a share, and progress


def describe_share(stored: int, total: int | None) -> str:
    at = None if total is None else "2026-11-29T16:40:12Z"
    claim = Claim(
        (),
        asked_elsewhere=False,
        unfinished=(),
        stored_in_all=stored,
        site_total=total,
        site_total_at=at,
        daemon_runs=False,
    )
    return claim.describe_share()


@pytest.mark.parametrize(
    ("stored", "total", "share"),
    [
        (167, 205, " (81.4 %)"),
        (57_479, 57_480, " (99.9 %)"),  # rounded down: only all of them would be 100 %
        (205, 205, ""),  # the two numbers may be about different decisions
        (280, 279, ""),
        (0, 0, ""),
    ],
)
def test_a_share_is_shown_only_if_fewer_are_stored_than_the_site_states(stored: int, total: int, share: str) -> None:
    beginning = (
        f"the archive has {stored:,} decisions of the site, which stated a total of {total:,} on 2026-11-29 16:40 UTC"
    )
    assert describe_share(stored, total) == beginning + share


def test_an_unknown_total_is_shown_as_unknown() -> None:
    assert describe_share(1, None) == "the archive has 1 decision of the site; the site's total is not known yet"


# ---------------------------------------------------------------- properties


@given(
    states=st.lists(st.sampled_from(STATES), min_size=1, max_size=6),
    left_out=st.none() | st.integers(1, 4),
    missing=st.integers(0, 2),
)
def test_only_a_gapless_proven_ledger_without_missing_decisions_makes_a_full_claim(
    states: list[WindowState], left_out: int | None, missing: int
) -> None:
    begin = date(2020, 1, 1)
    days = [begin + timedelta(days=7 * number) for number in range(len(states))]
    weeks = [proof(str(day), str(day + timedelta(days=6)), state) for day, state in zip(days, states, strict=True)]
    whole = window(str(begin), str(weeks[-1].window.last))
    kept = [week for number, week in enumerate(weeks) if number != left_out]
    rows = claim_rows(kept, windows=[whole], counts={whole: Counts(9, 9 - missing, 0)})
    claim = claim_of(rows)
    full = {week.state for week in kept} == {"proven"} and kept == weeks and not missing
    assert claim.is_full is full
    assert ("9 of 9 listed decisions are in the archive" in str(claim)) is full
    assert ("not proven" in str(claim)) is bool(claim.unproven)
