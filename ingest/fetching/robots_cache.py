"""Caches the site's robots.txt for at most a day, and checks every address against it before a request."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from ingest.clock import Clock
from ingest.errors import Blocked, Denied, Disallowed, Elsewhere, FetchError, Gone, HeldOff, Refused, Undecodable
from ingest.fetching.interface import Answer
from ingest.fetching.robots import (
    MAX_CRAWL_DELAY_SECONDS,
    ROBOTS_PATH,
    RobotsRules,
    decode_robots,
    is_fresh,
    is_html,
    means_no_rules,
)
from ingest.fetching.throttle import Throttle
from storage import journal
from storage.database import atomic
from storage.journal import Robots


class RobotsCache:
    """The rules of one site. The database stores them, so that all runs share them."""

    def __init__(
        self,
        db: sqlite3.Connection,
        site: str,
        user_agent: str,
        clock: Clock,
        throttle: Throttle,
        *,
        fetch: Callable[[], Answer],
    ) -> None:
        """`site`: scheme and host, without a path. `fetch` fetches robots.txt, throttled and with retries."""
        self._db = db
        self._site = site
        self._host = urlsplit(site).netloc
        self._user_agent = user_agent
        self._clock = clock
        self._throttle = throttle
        self._fetch = fetch
        self._rules = RobotsRules("", user_agent)
        self._fetched_at: datetime | None = None
        """When the current rules were fetched; None if rules must be loaded before the next request."""
        self._was_fetched = False
        """Whether robots.txt was fetched since this object was made."""

    def require_permission(self, target: str, asked: str) -> None:
        """Checks that robots.txt allows `asked`, which is `target` itself or an address that `target` redirects to.

        It waits for the throttle first, so that the rules are at most a day old when the request goes out. Raises
        Disallowed if the target is not allowed but others in its folder are, Blocked if none are, and Elsewhere if the
        redirect is not allowed. Also raises what fetching robots.txt raises, and HeldOff if it asks for too long a
        crawl delay.
        """
        self._throttle.wait_for_turn()
        if not is_fresh(self._fetched_at, self._clock.now()):
            self._load()
        if not self._allows(asked) and not self._was_fetched:
            self._refresh(journal.find_robots(self._db, self._site))  # the site may have relaxed its rules since
        if self._allows(asked):
            return
        reason = f"robots.txt of {self._host} does not allow {asked}, which was not requested"
        if asked != target:
            raise Elsewhere(f"{target}: redirected, and {reason}")
        raise Disallowed(reason) if self._allows(f"/{target.split('/')[1]}/") else Blocked(reason)

    def _allows(self, target: str) -> bool:
        return self._rules.allows(self._site + target)

    def _load(self) -> None:
        """Uses the stored robots.txt if it is fresh, else fetches a new one."""
        stored = journal.find_robots(self._db, self._site)
        if stored is not None and is_fresh(datetime.fromisoformat(stored.fetched_at), self._clock.now()):
            self._use(stored)
        else:
            self._refresh(stored)

    def _refresh(self, stored: Robots | None) -> None:
        """Fetches robots.txt, stores it and uses it.

        If the site sends a web page instead, the stored rules remain in use for another day; without stored rules,
        everything is allowed.
        """
        found = self._fetch_robots()
        self._was_fetched = True
        if is_html(found.text):
            self._use(replace(stored or replace(found, text=""), fetched_at=found.fetched_at))
            return
        with atomic(self._db):
            journal.record_robots(self._db, found)
        self._use(found)

    def _use(self, robots: Robots) -> None:
        """Uses rules. Raises HeldOff if they ask for a longer delay between requests than a run accepts."""
        self._rules = RobotsRules(robots.text, self._user_agent)
        self._fetched_at = datetime.fromisoformat(robots.fetched_at)
        delay = self._rules.crawl_delay
        if delay > MAX_CRAWL_DELAY_SECONDS:
            self._fetched_at = None
            raise HeldOff(
                f"{ROBOTS_PATH} of {self._host} asks for {delay:.0f} seconds between two requests, more than a run "
                "waits; run the command again when it asks for less"
            )
        self._throttle.set_crawl_delay(delay)

    def _fetch_robots(self) -> Robots:
        """Fetches robots.txt. A 4xx status means that there are no rules (RFC 9309, 2.3.1.3).

        Raises Blocked if the site denies it, redirects it to another host, or sends something that cannot be decoded.
        Raises the FetchError, marked as final, if it cannot be reached or fails (RFC 9309, 2.3.1.4).
        """
        at = self._clock.stamp()
        try:
            answer = self._fetch()
            text = decode_robots(answer.body, answer.charset)
        except (Denied, Elsewhere, Undecodable) as error:
            raise Blocked(f"{error}; lgsco requests nothing from the site without its robots.txt") from None
        except Gone as error:
            return Robots(self._site, at, error.status or 404, "")
        except FetchError as error:
            if isinstance(error, Refused) and error.status is not None and means_no_rules(error.status):
                return Robots(self._site, at, error.status, "")
            error.retry = False  # all its tries are used
            raise
        return Robots(self._site, at, 200, text)
