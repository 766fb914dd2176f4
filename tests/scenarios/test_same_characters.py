"""Characters that the site encodes differently from day to day: stored as published, and not an amendment."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from unicodedata import normalize

import pytest

from ingest.run import Backfill, Import, Sync
from lgsco.replica.corpus import generate
from lgsco.replica.faults import Respond
from lgsco.replica.messages import Request
from support.world import World

FORMS = ("NFC", "NFD")
NAME = "Ynys Môn Council é ﬁ"


def serve(world: World, form: str, only: str | None = None) -> None:
    """Makes every decision's page, or one page, name an authority in composed or decomposed characters."""

    def fault(request: Request) -> Respond | None:
        sample = next((one for one in world.site.listed() if one.address == request.path), None)
        if sample is None or only not in (None, sample.address):
            return None
        body = world.site.handle(request).body.decode()
        return Respond(200, body=body.replace("The Council", normalize(form, NAME)).encode())  # type: ignore[arg-type]

    world.server.faults = fault


@pytest.mark.parametrize(("before", "after"), [FORMS, FORMS[::-1]])
def test_a_page_in_another_unicode_form_is_stored_and_not_an_amendment(world: World, before: str, after: str) -> None:
    serve(world, before)
    world.run(Backfill())
    serve(world, after)
    changed = world.ask("SELECT count(*) FROM decisions WHERE text LIKE '%Ynys%'")[0]
    assert changed > 10
    world.time.at += timedelta(days=3)
    outcome = world.run(Sync(), cadence__reread_days="1", cadence__reread_most="300")
    assert outcome.exit_code == 0
    assert outcome.tally.amended == 0
    assert world.ask("SELECT change, count(*) FROM revisions WHERE revision > 1 GROUP BY 1") == [
        ("same characters", changed)
    ]
    texts = world.ask("SELECT text FROM decisions WHERE text LIKE '%Ynys%'")
    assert all(normalize(after, NAME) in text for text in texts), "the published characters are stored"  # type: ignore[arg-type]


def test_an_import_in_another_unicode_form_adds_nothing(world: World, tmp_path: Path) -> None:
    serve(world, "NFC")
    world.run(Backfill())
    (reference, text) = world.ask("SELECT reference, text FROM decisions WHERE text LIKE '%Ynys%' LIMIT 1")[0]
    document = tmp_path / "document.txt"
    document.write_text(normalize("NFD", text), "utf-8")
    assert world.run(Import((document,))).tally.unchanged == 1
    assert world.ask("SELECT count(*) FROM revisions WHERE reference = ?", reference) == [1]


def test_a_changed_letter_is_an_amendment(world: World) -> None:
    (sample,) = generate(1, seed=5, first=date(2026, 5, 1), last=date(2026, 5, 1))
    world.site.publish(sample)
    serve(world, "NFC", only=sample.address)
    world.run(Backfill())
    world.server.faults = None
    world.time.at += timedelta(days=3)
    assert world.run(Sync(), cadence__reread_days="1", cadence__reread_most="300").tally.amended == 1
