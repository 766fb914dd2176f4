"""In the output of all commands, only a `Claim` makes lines that state that nothing is missing."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest

from ingest.reports.claims import Claim
from ingest.run import Backfill, Sync
from lgsco.cli.main import main
from lgsco.replica.faults import Respond
from lgsco.replica.messages import Request
from storage.writer import create_database
from support.statements import WORDS
from support.world import World

COMMANDS = (
    ("status",),
    ("coverage",),
    ("coverage", "--all"),
    ("coverage", "--from", "2025-01-01", "--to", "2025-03-31"),
    ("sync",),
    ("backfill", "--from", "2025-01-01", "--to", "2025-03-31"),
    ("backfill", "--limit", "1"),
    ("backfill", "--withdraw"),
    ("politeness",),
    ("search", "council"),
)
LEGEND = re.compile(
    r"^ ?P  proven   o  proven, no decisions   S  short$|^ D  drifting .* unseen, all or in part$|"
    r"^(?:before|after) .* held$"
)
"""The legend of the calendar."""
ROW = re.compile(r"^(?:\d{4}-\d\d-\d\d|beginning) +(?:\d{4}-\d\d-\d\d|today) +proven +[\d,]+ ")
"""A row of the coverage table, which has its dates and numbers."""
QUOTED = re.compile(r"^    .*$", re.MULTILINE)
"""The paragraphs of decisions that `lgsco search` prints."""
POLITENESS = re.compile(r"^  (?:every promise was kept|robots\.txt: .*)$")


def nothing(_world: World) -> None: ...


def recent(world: World) -> None:
    world.run(Sync())


def everything(world: World) -> None:
    world.run(Backfill())


def paused(world: World) -> None:
    world.time.at += timedelta(days=1)

    def stop(request: Request) -> None:
        if "/decisions/" in request.target:
            world.stop.exit_code = 128 + signal.SIGINT
            world.stop.set()

    world.server.faults = stop
    world.run(Backfill())
    world.server.faults = None
    world.stop.clear()


def blocked(world: World) -> None:
    world.run(Sync())
    world.server.faults = lambda request: Respond(403)


def lacking(world: World) -> None:
    world.server.faults = lambda request: Respond(404) if "/decisions/" in request.target else None
    world.run(Backfill())


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The sentences that claims made."""
    sentences: set[str] = set()
    for name in ("sentences", "describe_share"):
        right: Callable[[Claim], list[str] | str] = getattr(Claim, name)

        def record(claim: Claim, right: Callable[[Claim], list[str] | str] = right) -> list[str] | str:
            made = right(claim)
            sentences.update([made] if isinstance(made, str) else made)
            return made

        monkeypatch.setattr(Claim, name, record)
    return sentences


def find_unclaimed(printed: str, made: set[str]) -> list[str]:
    """Finds the lines with a word of completeness that no claim, legend or table explains."""
    found = []
    for line in printed.splitlines():
        rest = line
        for sentence in made:
            rest = rest.replace(sentence, "")
        if WORDS.search(rest) and not (LEGEND.match(line) or ROW.match(line) or POLITENESS.match(line)):
            found.append(line)
    return found


@pytest.mark.parametrize("state", [nothing, recent, everything, paused, blocked, lacking])
def test_only_claims_state_that_nothing_is_missing(
    world: World,
    made: set[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    state: Callable[[World], None],
) -> None:
    monkeypatch.setenv("LGSCO_FETCH_PACE", "0")
    state(world)
    if not world.database.exists():
        create_database(world.database)
    capsys.readouterr()
    for arguments in COMMANDS:
        site = ["--site", world.server.url] if arguments[0] in ("sync", "backfill") else []
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *site, "--db", str(world.database)])
        shown = capsys.readouterr()
        assert shown.out or shown.err
        said = QUOTED.sub("", shown.out) if arguments[0] == "search" else shown.out
        assert find_unclaimed(said + shown.err, made) == [], (arguments, ended.value.code)
    assert any("not proven" in sentence or " of " in sentence for sentence in made), made


@pytest.mark.parametrize(
    "words", ["the archive is complete", "no gaps", "caught up", "0 unproven", "nothing is missing"]
)
def test_a_line_that_is_not_made_by_a_claim_is_found(words: str) -> None:
    assert find_unclaimed(f"sync: {words}", {"2026-01-01 to today: 5 of 5 listed decisions are in the archive."})
