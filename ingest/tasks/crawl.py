"""Builds the objects with which backfill and sync crawl the site."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from ingest.config import Config
from ingest.crawling.canary import Canary
from ingest.crawling.findings import Findings
from ingest.crawling.listing_check import ListingCheck
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.listing_walk import ListingWalker
from ingest.crawling.reconcile import WalkSettings
from ingest.crawling.windows import EVERYTHING
from ingest.errors import FetchError, ReadError
from ingest.fetching.client import Client
from ingest.fetching.interface import HttpClient
from ingest.recording.fetch_pages import PageFetcher
from ingest.recording.pipeline import Pipeline
from ingest.recording.record import Recorder
from ingest.tasks.task_run import TaskRun
from storage import intents, ledger
from storage.database import atomic
from storage.model import Window
from storage.pages import Codec


@dataclass(frozen=True, slots=True)
class Crawl:
    """The objects with which a run crawls the site."""

    site: HttpClient
    canary: Canary
    listing_check: ListingCheck
    walker: ListingWalker
    pipeline: Pipeline

    @contextlib.contextmanager
    def fetching_queue_if_listing_fails(self, fetch: Callable[[], None]) -> Iterator[None]:
        """If the listing fails, processes the queue before the failure is raised.

        `fetch` fetches what is queued. It may fail too, if the whole site is down.
        """
        try:
            yield
        except (FetchError, ReadError) as error:
            if error is self.walker.failure:
                with contextlib.suppress(FetchError, ReadError):
                    fetch()
                    self.walker.settle()
            raise


@contextlib.contextmanager
def crawling(run: TaskRun, *, trusted_since: str | None = None, walk_most: int | None = None) -> Iterator[Crawl]:
    """Yields the objects to crawl the site with.

    First it records the pages that an earlier run stored; at the end, those that the canary stored. `trusted_since`:
    windows walked since this instant are not walked again. `walk_most`: a date range with more decisions is split, even
    if the configuration allows more.
    """
    today = run.clock.today()
    codec = Codec(run.db)
    with Client(*(run.db, run.config, run.clock, run.stop, run.throttle), record_date=run.site_clock.record) as site:
        within = Window(find_retention_edge(run.config, today), EVERYTHING.last)
        canary = Canary(run.db, codec, site, run.clock, run.number, within=within)
        listing = ListingFetcher(*(run.db, site, run.clock, run.number, Findings()), note_odd=run.tally.note_odd)
        check = ListingCheck(
            *(run.db, listing, run.clock, run.number),
            site=_name_site(run.config.site.base_url),
            days=run.config.cadence.filters,
        )
        walker = ListingWalker(
            *(run.db, listing, run.clock, run.number),
            settings=make_walk_settings(run.config, today, walk_most, may_begin=listing.may_begin),
            trusted_since=trusted_since,
            check_canary=canary.check,
            find_last_day=lambda: run.site_clock.last_day,
        )
        pipeline = _make_pipeline(run, codec, site, canary)
        pipeline.record_stored()
        with atomic(run.db):
            ledger.prove(run.db, run.clock.stamp(), run.number)  # these pages may complete a window
        try:
            yield Crawl(site, canary, check, walker, pipeline)
            pipeline.settle()
        finally:
            check.conclude()
            pipeline.record_stored()


def _make_pipeline(run: TaskRun, codec: Codec, site: HttpClient, canary: Canary) -> Pipeline:
    fetcher = PageFetcher(
        *(run.db, codec, site, run.clock), save_journal=run.throttle.save, full_days=run.config.cadence.full_days
    )
    return Pipeline(
        *(run.db, codec, run.clock, fetcher, Recorder(run.db, run.clock, run.number, run.tally), run.tally, run.report),
        run=run.number,
        check_canary=canary.check,
        save_journal=run.throttle.save,
        batch=run.config.storage.batch,
    )


def ask_site_total(run: TaskRun, crawl: Crawl) -> None:
    """Requests the site's total for all dates and records it; an answer without a total is not recorded."""
    total = crawl.walker.peek_total(EVERYTHING)
    record_site_total(run, total, crawl.walker.listing.asked_at)


def record_site_total(run: TaskRun, total: int | None, at: str) -> None:
    """Records the total that the site stated for all dates, unless it stated none. `at`: when it was requested, UTC."""
    if total is not None:
        with atomic(run.db):
            intents.record_site_total(run.db, run.number, at, total)


def _name_site(base_url: str) -> str:
    """Returns scheme, host and port of an address, without user name and password."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def make_walk_settings(
    config: Config, today: date, walk_most: int | None = None, *, may_begin: Callable[[date], bool]
) -> WalkSettings:
    """Makes the settings for walking the listing from the configuration.

    `walk_most`: a lower limit than the configuration's. `may_begin`: as in `WalkSettings`.
    """
    most = config.listing.walk_most
    return WalkSettings(
        walk_most=most if walk_most is None else min(most, walk_most),
        horizon=date(today.year, 12, 31),
        recent=today - timedelta(days=config.cadence.middle_days),
        may_begin=may_begin,
        fall_percent=config.listing.fall_percent,
    )


def find_retention_edge(config: Config, today: date) -> date:
    """Returns the first decision date that is safely inside the retention age."""
    return today - timedelta(days=config.listing.retention_days - config.listing.edge_days)
