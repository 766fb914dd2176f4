"""robots.txt in the encodings of real servers: its rules are obeyed, and an unreadable one stops the run."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.clock import Stop
from ingest.fetching.quiet_hours import was_in_quiet_hours
from ingest.reports.politeness import PolitenessReport, report_politeness
from ingest.run import Backfill, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Respond
from lgsco.replica.script import on
from lgsco.replica.server import serve
from lgsco.replica.site import Site
from storage.database import reading
from storage.politeness import find_politeness
from support.world import TODAY, Time, World

DAY = timedelta(days=1)
TEXT = (("Content-Type", "text/plain"),)
GZIP = (*TEXT, ("Content-Encoding", "gzip"))
ROBOTS = "/robots.txt"


@pytest.fixture
def world(tmp_path: Path, time: Time) -> Iterator[World]:
    """A site with four short decisions."""
    samples = generate(4, seed=3, first=date(2026, 3, 1), last=date(2026, 9, 10), body=False)
    with serve(Site(samples, today=TODAY)) as server:
        yield World(server.site, server, tmp_path / "lgsco.db", time, Stop())
    assert not server.errors


def report(world: World) -> PolitenessReport:
    with reading(world.database) as db:
        return report_politeness(find_politeness(db, was_in_quiet_hours), world.config(), world.time.at)


def send(world: World, body: bytes, headers: tuple[tuple[str, str], ...] = TEXT) -> None:
    world.server.faults = on("robots", Respond(200, headers, body))


def in_encodings(rules: str) -> dict[str, tuple[bytes, tuple[tuple[str, str], ...]]]:
    plain = rules.encode()
    middle = len(plain) // 2
    return {
        "UTF-16 with a mark": (rules.encode("utf-16"), TEXT),
        "UTF-16 big-endian with a mark": (codecs.BOM_UTF16_BE + rules.encode("utf-16-be"), TEXT),
        "UTF-16 without a mark": (rules.encode("utf-16-le"), TEXT),
        "UTF-16, declared as UTF-8": (rules.encode("utf-16-be"), (("Content-Type", "text/plain; charset=utf-8"),)),
        "UTF-8, declared as UTF-16": (plain, (("Content-Type", "text/plain; charset=utf-16"),)),
        "UTF-32": (rules.encode("utf-32"), TEXT),
        "UTF-8 with a mark": (codecs.BOM_UTF8 + plain, TEXT),
        "declared": (rules.encode("cp500"), (("Content-Type", "text/plain; charset=IBM500"),)),
        "windows-1252 in UTF-8": (b"# the council\x92s r\xc3\xb4les\n" + plain, TEXT),
        "zero bytes": (b"\0" + plain.replace(b"\n", b"\0\n\0"), TEXT),
        "CR line ends": (plain.replace(b"\n", b"\r"), TEXT),
        "gzip of two members": (gzip.compress(plain[:middle]) + gzip.compress(plain[middle:]), GZIP),
        "padded gzip, UTF-16": (gzip.compress(rules.encode("utf-16")) + b"\0" * 512, GZIP),
    }


@pytest.mark.parametrize("name", in_encodings(""))
def test_rules_are_obeyed_in_any_encoding(world: World, name: str) -> None:
    forbidden, *others = (sample.address for sample in world.site.listed())
    send(world, *in_encodings(f"User-agent: *\nDisallow: {forbidden}\n")[name])
    ran = world.run(Backfill())
    assert ran.exit_code == 10, ran.message
    assert forbidden not in world.targets()
    assert set(others) <= set(world.targets())
    (error,) = world.ask("SELECT error FROM queue")
    assert "robots.txt" in error
    assert f"FORBIDS 1 of 4 pages ({forbidden})" in report(world).robots


@pytest.mark.parametrize("name", in_encodings(""))
def test_rules_that_forbid_all_in_any_encoding_stop_the_run(world: World, name: str) -> None:
    send(world, *in_encodings("User-agent: *\nDisallow: /\n")[name])
    ran = world.run(Backfill())
    assert ran.exit_code == 12
    assert "robots.txt" in ran.message
    assert set(world.targets()) == {ROBOTS}


UNREADABLE = {
    "zeros": b"\0" * 300,
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89",
    "gzip that is not declared": gzip.compress(b"User-agent: *\nDisallow: /\n", mtime=0),
    "0xff": b"\xff" * 40,
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("known", [True, False], ids=["rules known", "no rules known"])
def test_robots_txt_that_is_not_text_stops_the_run_and_is_reported(world: World, name: str, *, known: bool) -> None:
    if known:
        assert world.run(Backfill(limit=2)).exit_code in (0, 10)
        world.time.at += 2 * DAY
    seen = len(world.targets())
    send(world, UNREADABLE[name])
    for task in (Backfill(), Sync()):
        ran = world.run(task)
        assert ran.exit_code == 12
        assert "/robots.txt: its" in ran.message
        assert "bytes are not text in any known encoding" in ran.message
    assert world.targets()[seen:] == [ROBOTS] * 2, "no second try, and nothing else"
    assert world.ask("SELECT count(*) FROM queue WHERE attempts > 0") == [0], "no decision is blamed"
    shown = report(world).robots
    assert "status 200, and /robots.txt: its" in shown
    assert "another page" not in shown
    assert shown.startswith("allows what we request" if known else "requested 2 times")

    world.server.faults = None
    world.time.at += DAY
    assert world.run(Backfill()).state == "complete"
    assert "not text" not in report(world).robots


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip at all",
        gzip.compress(b"User-agent: *\nDisallow: /\n")[:-9],
        gzip.compress(b"User-agent: *\n") + gzip.compress(b"Disallow: /\n")[:-9],
        gzip.compress(b"User-agent: *\n") + b"\x1f\x8bdamaged member",
    ],
    ids=["not gzip", "cut short", "second member cut short", "second member damaged"],
)
def test_robots_txt_in_broken_compression_stops_the_run_and_is_reported(world: World, body: bytes) -> None:
    send(world, body, GZIP)
    ran = world.run(Backfill(), fetch__tries=2)
    assert ran.exit_code == 10
    assert ROBOTS in ran.message
    assert world.targets() == [ROBOTS] * 2, "it is tried again, and nothing else is requested"
    shown = report(world).robots
    assert ROBOTS in shown
    assert "another page" not in shown
    world.server.faults = None
    world.time.at += timedelta(hours=1)
    assert world.run(Backfill()).state == "complete"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_a_page_in_place_of_robots_txt_keeps_the_rules_in_any_encoding(world: World, encoding: str) -> None:
    forbidden = world.site.listed()[0].address
    world.site.robots = f"User-agent: *\nDisallow: {forbidden}\n"
    world.run(Backfill(limit=1))
    world.time.at += 2 * DAY
    page = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><p>Back soon.</p></body></html>\n"
    send(world, page.encode(encoding), (("Content-Type", "text/html"),))
    assert world.run(Backfill()).exit_code == 10
    assert forbidden not in world.targets()
    assert "another page instead of it" in report(world).robots
