"""The slow tests of which `./check` runs few cases or none."""

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
    "test_a_power_cut_damages_nothing_and_lost_pages_are_fetched_again": 4,
    "test_a_proxy_that_is_slow_to_connect_shortens_no_gap": 2,
    "test_a_refusal_suspends_the_fill_for_1_and_2_days_and_not_the_sync": 2,
    "test_a_retry_date_is_compared_with_the_clock_of_the_site": 4,
    "test_a_run_killed_while_it_makes_the_tables_can_be_run_again": 2,
    "test_a_signal_ends_any_wait": 3,
    "test_a_signal_ends_the_wait_for_a_locked_file": 2,
    "test_a_site_in_another_encoding_gives_the_same_texts": 3,
    "test_a_stopped_demo_continues_when_it_is_run_again": 3,
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


THOROUGH = frozenset(
    {
        "test_a_closed_output_is_not_an_error",
        "test_a_decision_missing_from_every_walk_leaves_the_window_unproven",
        "test_a_demo_replaces_an_earlier_demos_database_and_no_other",
        "test_a_late_decision_among_old_dates_is_found_with_few_requests",
        "test_a_read_only_folder_can_be_read_and_a_write_is_refused_with_the_reason",
        "test_corpus_text_has_the_expected_statistics",
        "test_no_random_address_gives_500",
        "test_runs_killed_between_two_statements_can_be_run_again",
        "test_serve_without_locks_reads_what_a_writer_has_written",
        "test_status_exits_1_ten_minutes_after_a_daemon_was_killed_until_a_sync_by_hand_succeeds",
        "test_stored_decisions_can_be_read_on_a_full_disk",
        "test_the_dictionary_is_trained_and_every_page_can_still_be_decompressed",
        "test_the_error_names_the_file_and_what_to_do",
    }
)
"""Names of tests of four seconds and more, whose behaviour quicker tests examine too."""


def mark_thorough(items: Iterable[pytest.Item]) -> None:
    """Marks the tests of `THOROUGH`, and all but every nth case of those of `EVERY_NTH`, as thorough."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[getattr(item, "originalname", item.name)].append(item)
    for name, found in cases.items():
        for number, item in enumerate(found):
            if name in THOROUGH or number % EVERY_NTH.get(name, 1):
                item.add_marker(pytest.mark.thorough)
