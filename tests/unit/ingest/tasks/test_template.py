"""The user's decision about a template change."""

from __future__ import annotations

import pytest

from ingest.errors import UsageError
from ingest.tasks.task_run import TaskRun
from ingest.tasks.template import Template, template
from storage import templates
from support.rows import AT, KEY


def add(run: TaskRun, state: str) -> int:
    number = templates.add_change(
        run.db, since=AT, at=AT, run=1, kind="statement", example=KEY, decided_on=None, diff=""
    )
    templates.set_state(run.db, number, state, AT)
    return number


def test_a_change_that_waits_gets_the_state_that_the_user_decides(run: TaskRun) -> None:
    number = add(run, "template")
    outcome = template(Template(number, "rejected"), run)
    assert outcome.message == f"template change {number} is rejected: 0 new, 0 amended, 0 unchanged"
    change = templates.find_change(run.db, number)
    assert change is not None
    assert change.state == "rejected"
    assert template(Template(number, "rejected"), run).exit_code == 0, "the same decision again changes nothing"


@pytest.mark.parametrize("state", ["ended", "released", "accepted"])
def test_a_change_that_no_longer_waits_is_refused(run: TaskRun, state: str) -> None:
    number = add(run, state)
    with pytest.raises(UsageError, match=f"is {state}, so nothing waits for a decision about it"):
        template(Template(number, "rejected"), run)


def test_an_unknown_number_says_where_the_numbers_are(run: TaskRun) -> None:
    with pytest.raises(UsageError, match="`lgsco template` lists those that wait"):
        template(Template(9, "accepted"), run)
