"""Finds out how to query the listing of a site: in which form, and with which dates.

It checks a new site once, and again after some days. The findings are stored with their evidence, and every run uses
them.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import date, timedelta

from ingest.clock import Clock
from ingest.crawling.form_check import compare
from ingest.crawling.listing_fetch import ListingFetcher
from ingest.crawling.windows import EVERYTHING
from ingest.errors import Blocked
from ingest.lgo.date_filter import DateFilter, Season, Shift, find_shift, last_day_of_other_season, season_of
from ingest.lgo.listing_forms import BARE, OTHER_FORMS, find_form
from ingest.lgo.listing_page import Listing
from storage import ledger
from storage.database import atomic
from storage.listing_findings import Kind, ListingFinding, find_newest, record_finding
from storage.model import Window

log = logging.getLogger("lgsco")

_NEAR_SWITCH = timedelta(days=3)
"""No day this close to a change of the clocks is checked: the days next to it may be of the other season."""

_RECENT = timedelta(days=365)
"""The range that is requested if the listing states no total for all dates."""

_SEASONS: tuple[Season, Season] = ("summer", "winter")


class ListingCheck:
    """Finds out how to query the listing of one site, and sets its fetcher accordingly."""

    def __init__(
        self,
        db: sqlite3.Connection,
        listing: ListingFetcher,
        clock: Clock,
        run: int,
        *,
        site: str,
        days: int,
    ) -> None:
        """`listing`: the fetcher that is set to query as was found.

        `site`: its address, by which findings are stored. `days`: days after which the check is due again.
        """
        self._db = db
        self._listing = listing
        self._clock = clock
        self._run = run
        self._site = site
        self._days = days
        self._use_newest()

    def check_if_due(self) -> None:
        """Runs the check if it is due. Call it before the first query of a run.

        Raises Blocked if it cannot find out which dates the filter includes, and what a query of the listing raises.
        """
        if ("session", "") in self._newest:
            self._listing.begin_session()
        if not self._is_due():
            return
        whole = self._listing.peek(EVERYTHING)
        if not whole.total:
            recent = self._clock.today() - _RECENT
            whole = self._listing.ask_for_dates(recent, self._clock.today())
        if not whole.total:
            stated = "no total" if whole.total is None else "a total of 0"
            self._require_findings(f"asked without dates, and for dates from {recent} on, it states {stated}")
            return
        self._check_dates(whole)
        self._use_newest()  # the comparison of forms needs the right dates
        self._check_forms(whole)
        self._use_newest()

    def conclude(self) -> None:
        """Records what the run found out about the listing while crawling.

        That is: the listing needs a session, or a walk showed cards dated one day outside its dates. The second makes
        the check due again, at the earliest a day after the last one.
        """
        if self._listing.needed_session and ("session", "") not in self._newest:
            self._record(
                "session", "", "needed", f"the listing of {EVERYTHING} stated a total only after a session began"
            )
        if not self._listing.findings.has_stray_cards:
            return
        found = self._newest.get(("dates", "winter"))
        if found is not None and self._days_since(found[1]) >= 1:
            self._record(
                "dates", "winter", "doubted", "a walk showed cards dated one day outside the dates it asked for"
            )

    # ------------------------------------------------------------ what is known

    def _use_newest(self) -> None:
        """Sets the fetcher to query the listing as the newest findings say."""
        self._newest = find_newest(self._db, self._site)
        used = self._newest.get(("use", ""))
        self._listing.form = find_form(used[0].verdict if used else None)
        summer, winter = (self._find_shift(season) or Shift() for season in _SEASONS)
        self._listing.dates = DateFilter(summer, winter)

    def _find_shift(self, season: Season) -> Shift | None:
        """Returns the shift that was found for a season; None if none was."""
        found = self._newest.get(("dates", season))
        if found is None or found[0].first_shift is None or found[0].last_shift is None:
            return None
        return Shift(found[0].first_shift, found[0].last_shift)

    def _is_due(self) -> bool:
        wanted: tuple[tuple[Kind, str], ...] = (("use", ""), *(("dates", season) for season in _SEASONS))
        if any(key not in self._newest for key in wanted):
            return True
        if any(found.verdict in ("doubted", "not wider") for found, _ in self._newest.values()):
            return True
        return any(not 0 <= self._days_since(self._newest[key][1]) < self._days for key in wanted)

    def _days_since(self, at: str) -> int:
        return (self._clock.now().date() - date.fromisoformat(at[:10])).days

    def _record(self, kind: Kind, subject: str, verdict: str, evidence: str, shift: Shift | None = None) -> None:
        first, last = (shift.first, shift.last) if shift else (None, None)
        finding = ListingFinding(kind, subject, verdict, evidence, first, last)
        with atomic(self._db):
            record_finding(self._db, self._site, finding, self._clock.stamp(), self._run)

    # ------------------------------------------------------------ the dates

    def _check_dates(self, whole: Listing) -> None:
        """Finds the shift of each season, using a day with a listed decision. `whole`: the first page of all dates."""
        newest = _find_newest_day(whole)
        day = self._step_from_switch(newest)
        if day is None:
            return  # no card has a date: every walk reports that
        self._check_season(season_of(day), day)
        self._check_other_season(last_day_of_other_season(day) - _NEAR_SWITCH, whole)

    def _check_other_season(self, until: date, whole: Listing) -> None:
        """Finds the shift of the season of a day, using a day of that season, up to `until`, with a listed decision.

        A first page may show dates of one season only, although the other has decisions in earlier years.
        """
        season = season_of(until)
        while True:
            older = self._listing.ask_for_dates(EVERYTHING.first, until)
            if not older.total:  # a page without a total does not mean 0
                newer = self._listing.ask_for_dates(until + timedelta(days=1), self._clock.today())
                if newer.total != whole.total:
                    self._require_findings(f"it states no total for dates to {until}")
                    return
            day, newest = _find_newest_day(older, season), _find_newest_day(older)
            if day is not None or newest is None:
                self._check_season(season, day)
                return
            earlier = last_day_of_other_season(newest) - _NEAR_SWITCH
            if earlier >= until:
                self._require_findings(f"for dates to {until} it shows a decision of {newest}")
                return
            until = earlier

    def _step_from_switch(self, day: date | None) -> date | None:
        """Returns the day, or an earlier day with a decision if the clocks change close to it."""
        if day is not None and season_of(day - _NEAR_SWITCH) != season_of(day + _NEAR_SWITCH):
            before = last_day_of_other_season(day + _NEAR_SWITCH) - _NEAR_SWITCH
            return _find_newest_day(self._listing.ask_for_dates(EVERYTHING.first, before)) or day
        return day

    def _check_season(self, season: Season, day: date | None) -> None:
        if day is None:
            self._record("dates", season, "no decision", "the listing shows no decision of this season")
            return
        answers: list[str] = []

        def ask(first: date, last: date) -> frozenset[date]:
            page = self._listing.ask_for_dates(first, last)
            shown = frozenset(card.decision_date for card in page.entries if card.decision_date)
            answers.append(f"{first} to {last} shows {', '.join(map(str, sorted(shown))) or 'nothing'}")
            return shown

        doubted = any(found.verdict == "doubted" for found, _ in self._newest.values())
        shift = find_shift(day, ask, thorough=doubted)
        evidence = f"a decision of {day} is listed; {'; '.join(answers)}"
        if shift is None:
            self._require_findings(evidence)
            return
        if shift != (self._find_shift(season) or Shift()):
            log.warning("in %s the listing includes other dates than requested: %s", season, evidence)
        self._record("dates", season, "exact" if shift == Shift() else "shifted", evidence, shift)

    def _require_findings(self, why: str) -> None:
        """Falls back to earlier findings if the check fails now. Raises Blocked if there are none."""
        message = f"lgsco cannot find out which dates the listing includes: {why}"
        if any(("dates", season) not in self._newest for season in _SEASONS):
            raise Blocked(f"{message}; nothing was concluded from it")
        log.warning("%s", message)

    # ------------------------------------------------------------ the forms

    def _check_forms(self, whole: Listing) -> None:
        """Compares each other form with the bare one, over all dates and one proven range, and uses the widest.

        `whole`: the first page of all dates.
        """
        everything = Window(EVERYTHING.first, self._clock.today())
        rows = ledger.find_windows(self._db, everything)
        proven = [one.window for one in rows if one.state == "proven" and one.total]
        totals = {everything: whole.total}
        if proven:
            one = self._clock.random.choice(proven)
            window = Window(one.first, min(one.last, everything.last))
            totals[window] = self._listing.peek(window, form=BARE).total
        used, most = BARE, 0
        for form in OTHER_FORMS:
            found = compare(self._listing, form, totals)
            self._record("form", form.name, found.verdict, found.evidence)
            if found.is_wider:
                log.warning("the listing shows more in the form %s; table listing_findings has the evidence", form.name)
                used, most = (form, found.total) if found.total > most else (used, most)
            elif not found.is_answered:
                log.info("the listing is not shown in the form %s, which is not used: %s", form.name, found.evidence)
            elif found.states_more:
                self._listing.findings.contradictions.append(
                    f"the listing states more in the form {form.name} than in the bare one, but its cards do not show "
                    f"more decisions: {found.evidence}"
                )
        self._record("use", "", used.name, f"of {', '.join(form.name for form in (BARE, *OTHER_FORMS))}")


def _find_newest_day(page: Listing, season: Season | None = None) -> date | None:
    """Returns the newest date of the cards; with `season`, the newest of that season that is not near its ends."""
    days = [card.decision_date for card in page.entries if card.decision_date]
    if season is not None:
        around = (-_NEAR_SWITCH, _NEAR_SWITCH)
        days = [day for day in days if all(season_of(day + distance) == season for distance in around)]
    return max(days, default=None)
