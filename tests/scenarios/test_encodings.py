"""Pages and listings in other encodings than they declare: what is stored, and that the run names oddities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from ingest.lgo.page import find_chapters
from ingest.run import Backfill
from lgsco.replica.faults import Act
from lgsco.replica.messages import Request, Response
from support.world import World

ODD = "1 byte not UTF-8, read as windows-1252"


@dataclass(frozen=True)
class Recoded:
    """A fault: the right response with changed bytes, and perhaps another Content-Type."""

    change: Callable[[bytes], bytes]
    content_type: str = "text/html; charset=utf-8"

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        right = answer()
        headers = tuple((name, value) for name, value in right.headers if name.lower() != "content-type")
        yield replace(right, body=self.change(right.body), headers=(*headers, ("Content-Type", self.content_type))).wire


def stored(world: World) -> dict[str, str]:
    return dict(world.ask("SELECT reference, text FROM decisions"))


@pytest.fixture
def truth(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Returns what is stored of the unchanged site, in another database."""
    database = world.database
    world.database = tmp_path_factory.mktemp("truth") / "truth.db"
    assert world.run(Backfill()).state == "complete"
    texts = stored(world)
    world.database = database
    world.server.log.clear()
    return texts


@pytest.mark.parametrize("stray", [b"\x92", b"\xa0", b"\x81", b"\xe2\x80", b"\xe9\x92"])
def test_a_stray_byte_on_the_listing_loses_no_card_and_is_reported(
    world: World, truth: dict[str, str], stray: bytes
) -> None:
    change = Recoded(lambda body: body.replace(b"Summary: ", b"Summary: " + stray, 1))
    world.server.faults = lambda request: change if "SearchResults" in request.target else None
    outcome = world.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert stored(world) == truth
    assert "/Decisions/SearchResults?" in outcome.message
    assert "not UTF-8, read as windows-1252" in outcome.message
    assert len(outcome.tally.odd) == len(set(outcome.tally.odd)), "each page once, however often it is fetched"


def test_a_stray_byte_on_a_page_changes_that_character_only_and_names_the_decision(
    world: World, truth: dict[str, str]
) -> None:
    sample = world.site.listed()[7]
    change = Recoded(lambda body: body.replace(b"</article>", b"<p>\x93Note\x94</p></article>"))
    world.server.faults = lambda request: change if request.target.startswith(sample.address) else None
    outcome = world.run(Backfill())
    assert outcome.exit_code == 0
    assert outcome.tally.odd == [(sample.reference, "2 bytes not UTF-8, read as windows-1252")]
    assert f"1 odd: {sample.reference} (2 bytes not UTF-8, read as windows-1252)" in outcome.message
    before, now = truth[sample.reference], stored(world)[sample.reference]
    assert now.replace("“Note”", "").replace("\n\n", "\n").strip() == before
    assert {**stored(world), sample.reference: before} == truth


@pytest.mark.parametrize(
    ("encoding", "content_type", "is_odd"),
    [
        ("cp1252", "text/html; charset=windows-1252", False),
        ("cp1252", "text/html; charset=utf-8", True),
        ("cp1252", "text/html", True),
        ("utf-16", "text/html; charset=utf-16", False),
        ("utf-16", "text/html; charset=utf-8", False),
        ("utf-16-be", "text/html", True),
    ],
)
def test_a_site_in_another_encoding_gives_the_same_texts(
    world: World, truth: dict[str, str], encoding: str, content_type: str, is_odd: bool
) -> None:
    change = Recoded(lambda body: body.decode().encode(encoding, "xmlcharrefreplace"), content_type)
    world.server.faults = lambda request: None if request.target == "/robots.txt" else change
    outcome = world.run(Backfill())
    assert outcome.exit_code == 0
    assert stored(world) == truth
    assert bool(outcome.tally.odd) is is_odd


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
def test_the_chapters_that_a_page_links_to_are_found_in_any_encoding(encoding: str) -> None:
    page = '<html><body>£<a href="?chapter=2">2</a> <a href="/decisions/a/b/25-004-920?chapter=3">3</a></body></html>'
    assert find_chapters(page.encode(encoding), "25 004 920") == [2, 3]


def test_the_last_sentence_names_only_some_of_many_odd_decisions(world: World, truth: dict[str, str]) -> None:
    change = Recoded(lambda body: body.replace(b"<article", b"\x92<article", 1))
    world.server.faults = lambda request: change if request.target.startswith("/decisions/") else None
    outcome = world.run(Backfill())
    assert len(outcome.tally.odd) == len(truth)
    assert outcome.message.count(ODD) == 5
    assert f"and {len(truth) - 5} more" in outcome.message
