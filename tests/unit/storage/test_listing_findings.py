"""Tests the findings about the site's listing."""

from __future__ import annotations

from pathlib import Path

from storage import runs
from storage.database import atomic
from storage.listing_findings import ListingFinding, find_form_in_use, find_newest, record_finding
from storage.writer import writing

SITE, OTHER = "https://one.example", "https://two.example"
AT, LATER = "2026-10-01T06:00:00Z", "2026-10-31T06:00:00Z"


def test_the_newest_finding_of_each_subject_of_a_site_counts_and_earlier_ones_stay(tmp_path: Path) -> None:
    with writing(tmp_path / "lgsco.db") as db:
        run = runs.begin_run(db, "sync", {}, AT)
        assert find_newest(db, SITE) == {}
        assert find_form_in_use(db) is None
        old = ListingFinding("dates", "summer", "shifted", "x", 1, 1)
        new = ListingFinding("dates", "summer", "exact", "y", 0, 0)
        winter = ListingFinding("dates", "winter", "exact", "z", 0, 0)
        with atomic(db):
            record_finding(db, SITE, old, AT, run)
            record_finding(db, SITE, winter, AT, run)
            record_finding(db, SITE, ListingFinding("use", "", "t=both", ""), AT, run)
            record_finding(db, OTHER, old, LATER, run)
            record_finding(db, SITE, new, LATER, run)
        found = find_newest(db, SITE)
        assert found["dates", "summer"] == (new, LATER)
        assert found["dates", "winter"] == (winter, AT)
        assert find_newest(db, OTHER) == {("dates", "summer"): (old, LATER)}
        assert find_form_in_use(db) == "t=both"
        assert db.execute("SELECT count(*) FROM listing_findings").fetchone() == (5,)
