"""The tests with many slow cases, and how few of their cases `./check` runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest

EVERY_NTH = {
    "test_a_backfill_in_small_windows_and_daily_syncs_match_the_site": 2,
    "test_a_block_page_instead_of_the_listing_is_blocked_and_changes_nothing": 3,
    "test_a_broken_listing_page_in_the_middle_is_named_and_the_rest_is_fetched": 2,
    "test_a_damaged_row_gets_no_digest_and_is_restored_from_its_page": 3,
    "test_a_decision_published_at_any_step_of_a_walk_is_found": 3,
    "test_a_file_that_must_not_grow_is_reported_and_with_room_the_next_run_completes": 2,
    "test_a_first_backfill_recovers": 4,
    "test_a_foreign_change_of_any_column_is_found": 3,
    "test_a_foreign_file_is_refused_and_not_changed": 2,
    "test_a_full_disk_loses_nothing_and_with_room_the_next_run_completes": 2,
    "test_a_killed_import_completes_when_run_again": 2,
    "test_a_power_cut_damages_nothing_and_lost_pages_are_fetched_again": 2,
    "test_a_proxy_that_is_slow_to_connect_shortens_no_gap": 2,
    "test_a_refusal_suspends_the_fill_for_1_and_2_days_and_not_the_sync": 2,
    "test_a_retry_date_is_compared_with_the_clock_of_the_site": 4,
    "test_a_run_killed_while_it_makes_the_tables_can_be_run_again": 2,
    "test_a_signal_ends_any_wait": 3,
    "test_a_signal_ends_the_wait_for_a_locked_file": 2,
    "test_a_site_in_another_encoding_gives_the_same_texts": 3,
    "test_a_stopped_demo_continues_when_it_is_run_again": 2,
    "test_a_stray_byte_on_the_listing_loses_no_card_and_is_reported": 2,
    "test_a_success_in_the_future_does_not_count": 3,
    "test_a_sync_finds_new_decisions_and_fetches_the_canary_every_day": 3,
    "test_a_sync_of_a_filled_database_recovers": 4,
    "test_a_wait_is_obeyed_after_any_refusal": 4,
    "test_added_boilerplate_changes_no_text": 2,
    "test_after_the_clock_is_corrected_the_next_run_corrects_the_archive": 3,
    "test_all_gzip_members_of_an_answer_are_read": 4,
    "test_an_export_leaves_a_damaged_decision_out_names_it_and_exits_10": 4,
    "test_an_odd_retry_after_causes_at_most_a_wait": 4,
    "test_an_unservable_file_is_named_and_a_good_one_is_served_later": 2,
    "test_damage_is_reported_and_repaired": 3,
    "test_every_answer_comes_from_the_file_that_replaced_the_old_one": 2,
    "test_filters_apply_on_every_page": 4,
    "test_heavy_page_is_parsed_or_refused_within_a_memory_limit": 4,
    "test_no_redirect_causes_a_request_to_another_host_or_a_crash": 4,
    "test_odd_retry_after_values_cause_at_most_a_wait_of_a_day": 4,
    "test_only_the_web_page_of_a_damaged_decision_warns": 2,
    "test_other_tables_and_views_can_be_sorted_by_any_column": 4,
    "test_runs_killed_before_and_after_each_commit_can_be_run_again": 2,
    "test_serve_without_locks_never_answers_from_two_states": 2,
    "test_the_last_sentence_says_where_and_what_to_do": 4,
}
"""Names of tests with parameters, each with n: `./check` runs every nth case, so that it ends within ten minutes.

`./check -m 'thorough or not thorough'` runs all cases.
"""


def mark_other_cases(items: Iterable[pytest.Item]) -> set[str]:
    """Marks all but every nth case of these tests as thorough, and returns the names of the tests it found."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[getattr(item, "originalname", item.name)].append(item)
    found = EVERY_NTH.keys() & cases.keys()
    for name in found:
        for number, item in enumerate(cases[name]):
            if number % EVERY_NTH[name]:
                item.add_marker(pytest.mark.thorough)
    return found
