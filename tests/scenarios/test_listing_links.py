"""Links in all forms that browsers follow: every card is fetched, or named in an incomplete run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ingest.clock import Stop
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import generate, seeds
from lgsco.replica.edits import Edit
from lgsco.replica.faults import Act
from lgsco.replica.messages import Request, Response
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from support.world import TODAY, Time, World

CARD_LINK = re.compile(r'(<div class="card"><h3 class="card__title"><a href=")([^"]+)(">)')


@pytest.fixture
def small(tmp_path: Path, time: Time) -> Iterator[World]:
    """A site with two listing pages."""
    samples = [*seeds(), *generate(12, seed=7, first=TODAY - timedelta(days=500), last=TODAY - timedelta(days=90))]
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def relink(world: World, change: Callable[[str], str], *, only: str = "", head: str = "") -> None:
    """Changes the form of the links of all cards, or of one."""

    def edit(html: str) -> str:
        html = CARD_LINK.sub(
            lambda found: f"{found[1]}{change(found[2]) if only in found[2] else found[2]}{found[3]}", html
        )
        return html.replace("<head>", f"<head>{head}", 1)

    world.server.faults = on("SearchResults", Edit(edit))


FORMS: dict[str, Callable[[str], str]] = {
    "white space": lambda path: f"\n      {path}\t ",
    "a line break inside": lambda path: path[:30] + "\n\t" + path[30:],
    "relative": lambda path: path.removeprefix("/decisions/"),
    "up and down again": lambda path: f"../../a/..{path}",
    "backslashes": lambda path: path.replace("/", "\\"),
    "session": lambda path: f"{path};jsessionid=0A1B2C3D",
    "session in a folder": lambda path: path.replace("/decisions/", "/decisions;jsessionid=0A1B/", 1),
    "query and fragment": lambda path: f"{path}?displaypref=1&utm_source=search#main",
    "capitals": lambda path: path.title(),
    "escapes": lambda path: path.replace("-", "%2d").replace("d", "%64", 1),
    "the publisher's own host": lambda path: f"https://www.lgo.org.uk{path}",
    "no www": lambda path: f"http://lgo.org.uk{path}",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_card_is_stored_whatever_form_its_link_has(small: World, form: str) -> None:
    relink(small, FORMS[form])
    outcome = small.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("complete", 0)
    assert small.ask("SELECT url FROM entries ORDER BY url") == sorted(s.address for s in small.site.listed())
    assert [target for target in small.targets() if "jsessionid" in target.lower()] == []


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ("/decisions/", lambda path: path.removeprefix("/decisions/")),
        ("../decisions/education/", lambda path: f"..{path.removeprefix('/decisions')}"),
        ("//{host}/", lambda path: path.removeprefix("/")),
        ("https://lgo.org.uk/decisions/x/y", lambda path: f"..{path.removeprefix('/decisions')}"),
    ],
)
def test_links_are_relative_to_the_base_element_of_the_page(
    small: World, base: str, change: Callable[[str], str]
) -> None:
    relink(small, change, head=f'<base href="{base.format(host=urlsplit(small.server.url).netloc)}">')
    assert small.run(Backfill()).state == "complete"


@dataclass(frozen=True)
class Moved:
    """A fault: the listing redirects to another address, to which its links are relative."""

    site: Site

    def acts(self, request: Request, answer: Callable[[], Response]) -> Iterator[bytes | float | Act]:
        query = request.target.partition("?")[2]
        if request.target.startswith("/Decisions/SearchResults"):
            yield Response(302, b"", (("Location", f"/decisions/education/search/all?{query}"),)).wire
            return
        right = self.site.handle(request._replace(target=f"/Decisions/SearchResults?{query}"))
        html = CARD_LINK.sub(
            lambda found: f"{found[1]}../../..{found[2]}".replace("../decisions/", "") + found[3], right.body.decode()
        )
        yield replace(right, body=html.encode()).wire


def test_links_are_relative_to_the_target_of_a_redirect(small: World) -> None:
    moved = Moved(small.site)
    small.server.faults = lambda request: (
        moved if re.match("/Decisions/Search|/decisions/education/search", request.target) else None
    )
    assert small.run(Backfill()).state == "complete"
    assert small.ask("SELECT url FROM entries ORDER BY url") == sorted(s.address for s in small.site.listed())


def test_another_session_id_in_a_link_is_not_a_change_of_address(small: World) -> None:
    visits = iter(range(1_000))
    relink(small, lambda path: f"{path};jsessionid={next(visits)}")
    assert small.run(Backfill()).state == "complete"
    small.time.at += timedelta(days=1)
    before = len([target for target in small.targets() if target.startswith("/decisions/")])
    assert small.run(Backfill(), listing__trust_hours=1).state == "complete"
    assert len([target for target in small.targets() if target.startswith("/decisions/")]) == before
    assert small.ask("SELECT count(*) FROM moves") == [0]


# ---------------------------------------------------------------- cards that cannot be followed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: f"https://elsewhere.example{path}", "leads to another host, elsewhere.example"),
        (lambda path: f"//elsewhere.example{path}", "leads to another host, elsewhere.example"),
        (lambda _path: "/decisions", "does not lead to a decision"),
        (lambda path: f"/print{path}", "does not lead to a decision"),
        (lambda _path: "javascript:void(0)", "is not a web address"),
        (lambda _path: "", "has no link"),
    ],
)
def test_a_card_that_cannot_be_followed_is_named_and_the_run_is_incomplete(
    small: World, change: Callable[[str], str], why: str
) -> None:
    bad = small.site.listed()[12]
    relink(small, change, only=bad.address)
    outcome = small.run(Backfill())
    assert (outcome.state, outcome.exit_code) == ("incomplete", 10)
    assert outcome.message.count("cannot be followed") == 1
    assert f"{bad.authority} ({bad.reference})" in outcome.message
    assert why in outcome.message
    assert "/Decisions/SearchResults?" in outcome.message
    assert set(small.ask("SELECT reference FROM decisions")) == {s.reference for s in small.site.listed()} - {
        bad.reference
    }
    assert not [target for target in small.targets() if bad.reference.replace(" ", "-") in target]


def test_a_card_without_a_link_is_named_even_if_the_total_does_not_count_it(small: World) -> None:
    """Then the totals agree, and only the card itself shows that a decision is missing."""
    bad = small.site.listed()[3]

    def edit(html: str) -> str:
        html = re.sub(rf'<a href="{bad.address}">([^<]*)</a>', r"\1", html)
        return re.sub(r"has (\d+) results", lambda found: f"has {int(found[1]) - 1} results", html)

    small.server.faults = on("SearchResults", Edit(edit))
    outcome = small.run(Backfill())
    assert outcome.exit_code == 10
    assert f"the card '{bad.authority} ({bad.reference})' cannot be followed: it has no link" in outcome.message


def test_a_page_with_only_foreign_links_is_reported(small: World) -> None:
    relink(small, lambda path: f"https://elsewhere.example{path}")
    outcome = small.run(Backfill())
    assert outcome.exit_code == 10
    assert "the page has no card that can be followed" in outcome.message
    assert "elsewhere.example" in outcome.message
    assert "more cards cannot be followed" in outcome.message
    assert small.ask("SELECT count(*) FROM entries") == [0]


def test_a_title_on_a_page_in_place_of_the_listing_is_not_a_card(small: World) -> None:
    bad = small.site.listed()[3]
    html = f"<html><body><h1>{bad.authority} ({bad.reference})</h1><p>Decision : Upheld</p></body></html>"
    small.server.faults = on("SearchResults", Edit(lambda _listing: html))
    outcome = small.run(Backfill())
    assert outcome.state == "blocked"
    assert "cannot be followed" not in outcome.message


def test_a_sync_names_a_new_card_that_cannot_be_followed_until_it_can(small: World) -> None:
    assert small.run(Backfill()).state == "complete"
    small.time.at += timedelta(days=1)
    (sample,) = generate(1, seed=99, first=TODAY - timedelta(days=60), last=TODAY - timedelta(days=60))
    sample = replace(sample, published=TODAY)
    small.site.publish(sample)
    relink(small, lambda path: f"https://elsewhere.example{path}", only=sample.address)
    outcome = small.run(Sync())
    assert outcome.exit_code == 10
    assert f"({sample.reference})" in outcome.message
    small.server.faults = None
    small.time.at += timedelta(days=1)
    outcome = small.run(Sync())
    assert (outcome.state, outcome.tally.first) == ("complete", 1)
    assert "cannot be followed" not in outcome.message
