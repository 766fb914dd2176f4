"""The slow tests of which `./check` runs few cases or none, and the sizes of property tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest
from hypothesis import settings

_FULL = "thorough"
_QUICK = "lgsco"


def choose_profile(expression: str) -> str:
    """Chooses the Hypothesis profile for the `-m` of a run: the quick one if it leaves the thorough tests out."""
    besides = expression.replace("not thorough", "")
    return _QUICK if besides != expression and "thorough" not in besides else _FULL


def examples(*, quick: int, full: int) -> int:
    """Returns how many examples a test draws: `full` where thorough tests run too, else `quick`.

    Call it where a test runs, or in a decorator of a test module: the profile is chosen before any is imported.
    """
    return full if settings.get_current_profile_name() == _FULL else quick


EVERY_NTH = {
    "test_a_backfill_completes_with_any_markup_of_the_total": 2,
    "test_a_backfill_in_small_windows_and_daily_syncs_match_the_site": 2,
    "test_a_backfill_stores_exactly_the_decisions_of_its_range": 2,
    "test_a_block_page_instead_of_decisions_is_blocked_and_names_the_canary": 2,
    "test_a_block_page_instead_of_the_listing_is_blocked_and_changes_nothing": 3,
    "test_a_broken_listing_page_in_the_middle_is_named_and_the_rest_is_fetched": 2,
    "test_a_broken_promise_is_still_reported_when_its_day_is_summed_up": 2,
    "test_a_card_may_link_only_to_a_decision_on_the_site": 4,
    "test_a_change_of_the_card_alone_fetches_the_page_again": 2,
    "test_a_cookie_that_cannot_be_sent_back_is_not_stored": 2,
    "test_a_daemon_continues_when_the_clock_is_set": 2,
    "test_a_daemon_ends_with_14_and_one_alert_when_its_archive_is_lost": 3,
    "test_a_damaged_row_gets_no_digest_and_is_restored_from_its_page": 3,
    "test_a_decision_published_at_any_step_of_a_walk_is_found": 3,
    "test_a_dripping_head_ends_at_the_deadline": 2,
    "test_a_file_that_must_not_grow_is_reported_and_with_room_the_next_run_completes": 2,
    "test_a_first_backfill_recovers": 6,
    "test_a_first_run_does_not_accept_a_total_of_0": 2,
    "test_a_foreign_change_of_any_column_is_found": 3,
    "test_a_foreign_file_is_refused_and_not_changed": 2,
    "test_a_form_that_lists_less_or_nothing_is_not_used": 2,
    "test_a_full_disk_loses_nothing_and_with_room_the_next_run_completes": 2,
    "test_a_header_gives_an_answer_or_an_error_of_ours": 4,
    "test_a_killed_import_completes_when_run_again": 2,
    "test_a_killed_migration_leaves_the_file_unchanged_and_the_next_run_migrates": 2,
    "test_a_long_wait_ends_the_run_and_applies_to_every_run": 3,
    "test_a_power_cut_damages_nothing_and_lost_pages_are_fetched_again": 4,
    "test_a_proxy_that_is_slow_to_connect_shortens_no_gap": 2,
    "test_a_public_snapshot_leaves_a_damaged_decision_out_and_a_backup_has_it": 2,
    "test_a_redesign_changes_no_text_and_no_amendment_is_lost": 3,
    "test_a_refusal_suspends_the_fill_for_1_and_2_days_and_not_the_sync": 2,
    "test_a_response_of_any_size_takes_little_memory": 3,
    "test_a_retry_date_is_compared_with_the_clock_of_the_site": 4,
    "test_a_run_killed_while_it_makes_the_tables_can_be_run_again": 2,
    "test_a_run_respects_its_pace_and_ends_on_time": 3,
    "test_a_run_waits_as_the_site_asks_and_continues": 3,
    "test_a_search_shell_that_starts_midway_keeps_proven_windows": 2,
    "test_a_signal_ends_any_wait": 3,
    "test_a_signal_ends_the_wait_for_a_locked_file": 2,
    "test_a_site_down_for_hours_gets_few_requests_and_is_found_again": 2,
    "test_a_site_in_another_encoding_gives_the_same_texts": 3,
    "test_a_stopped_demo_continues_when_it_is_run_again": 3,
    "test_a_stray_byte_on_the_listing_loses_no_card_and_is_reported": 2,
    "test_a_success_in_the_future_does_not_count": 3,
    "test_a_sync_finds_new_decisions_and_fetches_the_canary_every_day": 3,
    "test_a_sync_of_a_filled_database_recovers": 6,
    "test_a_total_of_0_unlists_no_decision": 2,
    "test_a_total_that_is_wrong_proves_nothing": 3,
    "test_a_wait_is_obeyed_after_any_refusal": 4,
    "test_a_writer_that_keeps_its_lock_ends_the_run_and_the_next_run_continues": 2,
    "test_a_wrong_content_encoding_is_a_failure_and_not_a_crash": 3,
    "test_added_boilerplate_changes_no_text": 2,
    "test_after_the_clock_is_corrected_the_next_run_corrects_the_archive": 3,
    "test_all_gzip_members_of_an_answer_are_read": 4,
    "test_an_export_leaves_a_damaged_decision_out_names_it_and_exits_10": 4,
    "test_an_odd_retry_after_causes_at_most_a_wait": 4,
    "test_an_unservable_file_is_named_and_a_good_one_is_served_later": 2,
    "test_damage_is_reported_and_repaired": 3,
    "test_every_answer_comes_from_the_file_that_replaced_the_old_one": 2,
    "test_every_card_is_stored_whatever_form_its_link_has": 3,
    "test_every_input_is_parsed_in_bounded_time": 4,
    "test_filters_apply_on_every_page": 4,
    "test_heavy_page_is_parsed_or_refused_within_a_memory_limit": 4,
    "test_no_address_of_a_card_ends_a_run": 3,
    "test_no_command_prints_control_characters": 3,
    "test_links_work_behind_a_path": 2,
    "test_any_query_is_answered_or_explained": 4,
    "test_no_redirect_causes_a_request_to_another_host_or_a_crash": 4,
    "test_odd_retry_after_values_cause_at_most_a_wait_of_a_day": 4,
    "test_only_loopback_is_requested_without_a_contact": 3,
    "test_only_the_web_page_of_a_damaged_decision_warns": 2,
    "test_other_tables_and_views_can_be_sorted_by_any_column": 4,
    "test_random_faults_lead_to_no_false_conclusion_and_a_later_run_completes": 2,
    "test_robots_txt_that_is_not_text_stops_the_run_and_is_reported": 3,
    "test_rules_are_obeyed_in_any_encoding": 3,
    "test_queries_of_clients_that_have_left_end": 3,
    "test_runs_killed_before_and_after_each_commit_can_be_run_again": 2,
    "test_serve_without_locks_never_answers_from_two_states": 2,
    "test_sql_cannot_read_what_is_private": 4,
    "test_shell_examples_of_a_page_run": 2,
    "test_show_and_search_warn_about_a_damaged_decision": 2,
    "test_the_last_sentence_says_where_and_what_to_do": 4,
    "test_the_log_of_a_killed_run_beside_a_backup_is_detected_and_nothing_is_changed": 5,
    "test_the_page_of_an_unlisted_decision_delays_no_sync": 2,
}
"""Names of tests with parameters, each with n: `./check` runs every nth case, so that it ends within ten minutes.

`./check -m 'thorough or not thorough'` runs all cases.
"""


THOROUGH = frozenset(
    {
        "test_a_browser_shows_the_words_of_odd_pages",
        "test_a_closed_output_is_not_an_error",
        "test_a_csv_stream_has_every_row_once_beside_a_writer",
        "test_a_decision_missing_from_every_walk_leaves_the_window_unproven",
        "test_a_decision_that_leaves_by_age_is_gone_if_its_cohort_is_small",
        "test_a_demo_replaces_an_earlier_demos_database_and_no_other",
        "test_a_late_decision_among_old_dates_is_found_with_few_requests",
        "test_a_read_only_folder_can_be_read_and_a_write_is_refused_with_the_reason",
        "test_a_wider_form_that_appears_later_is_used_and_what_it_adds_is_fetched",
        "test_corpus_text_has_the_expected_statistics",
        "test_departures_are_counted_once_and_returns_are_not",
        "test_exported_generated_decisions_import_unchanged",
        "test_mutated_pages_that_look_the_same_in_a_browser_are_accepted",
        "test_no_queries_make_the_server_use_much_memory",
        "test_no_random_address_gives_500",
        "test_old_statements_with_a_cohort_that_stays_are_gone_not_expired",
        "test_report_gives_the_same_result_on_one_page_and_in_chapters",
        "test_runs_killed_between_two_statements_can_be_run_again",
        "test_serve_without_locks_reads_what_a_writer_has_written",
        "test_status_exits_1_ten_minutes_after_a_daemon_was_killed_until_a_sync_by_hand_succeeds",
        "test_stored_decisions_can_be_read_on_a_full_disk",
        "test_sync_fetches_a_suppressed_decision_and_does_not_show_it",
        "test_syncs_of_many_days_leave_few_rows_in_the_ledger",
        "test_the_cohort_counts_only_proven_dates",
        "test_the_dictionary_is_trained_and_every_page_can_still_be_decompressed",
        "test_the_error_names_the_file_and_what_to_do",
        "test_the_next_sync_judges_what_a_killed_sync_did_not",
        "test_the_words_of_the_page_are_the_words_of_the_text",
        "test_unchanged_rows_appear_once_while_a_writer_adds_and_removes_others",
    }
)
"""Names of tests of three seconds and more, whose behaviour quicker tests examine too."""


def mark_thorough(items: Iterable[pytest.Item]) -> None:
    """Marks the tests of `THOROUGH`, and all but every nth case of those of `EVERY_NTH`, as thorough."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[getattr(item, "originalname", item.name)].append(item)
    for name, found in cases.items():
        for number, item in enumerate(found):
            if name in THOROUGH or number % EVERY_NTH.get(name, 1):
                item.add_marker(pytest.mark.thorough)
