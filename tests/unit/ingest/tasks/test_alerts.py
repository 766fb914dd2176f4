"""Which alerts are sent, how often, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.reports.named_commands import remember_options
from ingest.tasks.alerts import Alerts
from support.daemon import make_alert, read_alerts
from support.world import Time


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alerts"


@pytest.fixture
def alerts(file: Path, time: Time) -> Alerts:
    return Alerts(make_alert(file), time.clock(), Stop())


def test_the_same_ending_is_alerted_of_once_a_day(alerts: Alerts, file: Path, time: Time) -> None:
    for ending in ("blocked", "blocked", "failed"):
        alerts.send("sync", ending, ending)
    assert read_alerts(file) == ["blocked", "failed"]
    time.sleep(86_400, Stop())
    alerts.send("sync", "failed", "again")
    assert read_alerts(file)[-1] == "again"


def test_after_a_success_the_next_failure_is_alerted_of_at_once(alerts: Alerts, file: Path) -> None:
    alerts.send("sync", "failed", "one")
    alerts.clear("sync")
    alerts.clear("verify")
    alerts.send("sync", "failed", "two")
    assert read_alerts(file) == ["one", "two"]


def test_an_alert_that_could_not_be_sent_is_tried_again(
    file: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    alerts = Alerts(f"sh -c 'test -e {file}.up && echo \"$0\" >> {file}'", time.clock(), Stop())
    alerts.send("sync", "failed", "one")
    assert "the alert command failed" in caplog.text
    file.with_name("alerts.up").touch()
    alerts.send("sync", "failed", "two")
    assert read_alerts(file) == ["two"]


def test_a_long_message_is_cut_and_controls_no_terminal(alerts: Alerts, file: Path) -> None:
    alerts.send("sync", "failed", "\x1b[31m" + "x" * 20_000)
    (line,) = read_alerts(file)
    assert "\x1b" not in line
    assert len(line) <= 10_000


def test_without_a_command_nothing_is_run(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    Alerts("", time.clock(), Stop()).send("sync", "failed", "one")
    assert caplog.messages == []


def test_a_command_in_an_alert_has_the_options_of_the_daemon(alerts: Alerts, file: Path) -> None:
    remember_options({"--db": "mine.db"})
    alerts.send("sync", "failed", "run `lgsco sync`")
    assert read_alerts(file) == ["run `lgsco sync --db mine.db`"]
