"""Answers the requests to the look-alike site from the decisions published on its date. `server` serves it.

It can be changed from any thread while it is served; each answer shows a single moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from heapq import heapify, heappop, heappush
from html import escape
from threading import RLock
from typing import Literal
from urllib.parse import parse_qs, unquote

from lgsco.replica.furniture import frame
from lgsco.replica.index import EVERYTHING, Index
from lgsco.replica.markup import card, render
from lgsco.replica.messages import HTML, TEXT, Request, Response
from lgsco.replica.sample import CATEGORIES, Sample, place_slug
from lgsco.replica.search import PAGE, count_line, parse_search, untitled

_NAME = "Local Government and Social Care Ombudsman"


class Site:
    """The published decisions, and the pages that show them.

    Plain attributes are settings and may be changed at any time: `count_line`, `untitled`, `past_end`, `gone` (status
    of a withdrawn page), `robots` (text) and `robots_status`.
    """

    def __init__(
        self,
        samples: Iterable[Sample] = (),
        *,
        today: date = date.max,
        markup: str = "article",
        cache: int = 4_000,
        validators: bool = False,
    ) -> None:
        """Makes a site on the date `today`.

        `cache` is the number of decisions with cached pages (50 KB each). With `validators` pages have ETags.
        """
        self.count_line: Callable[[int], str] = count_line
        self.untitled: Callable[[Sample], bool] = untitled
        self.past_end: Literal["empty", "404"] = "empty"
        self.gone = 404
        self.robots = "User-agent: *\nDisallow: /umbraco/\n"
        self.robots_status = 200
        self.cache = cache
        self.validators = validators
        self._markup = markup
        self._lock = RLock()
        self._today = today
        self._all = {sample.reference: sample for sample in samples}
        self._withdrawn: set[str] = set()
        self._kept_from = {"statement": date.min, "report": date.min}
        self._index = Index()
        self._addresses: dict[str, str] = {}
        self._coming: list[tuple[date, str]] = []
        self._pages: dict[str, list[Response]] = {}
        self._update_all()

    # The published decisions.

    def __len__(self) -> int:
        """How many decisions it shows today."""
        return len(self._index)

    def listed(self, first: date = date.min, last: date = date.max) -> list[Sample]:
        """Returns the samples it shows today with these decision dates, both inclusive, in the order of the listing."""
        with self._lock:
            return self._index.cut(first, last, 0, len(self._index))

    def sample(self, reference: str) -> Sample:
        """Returns the sample with a printed reference, whether shown or not."""
        return self._all[reference]

    @property
    def today(self) -> date:
        """The site's date. Samples with a later `published` are not shown yet. Set it to let time pass."""
        return self._today

    @today.setter
    def today(self, day: date) -> None:
        with self._lock:
            went_back, self._today = day < self._today, day
            if went_back:
                self._update_all()
            while self._coming and self._coming[0][0] <= day:
                self._update(heappop(self._coming)[1])

    @property
    def markup(self) -> str:
        """The markup of its decision pages, a name of `markup.STYLES`. Set it to redesign the site."""
        return self._markup

    @markup.setter
    def markup(self, name: str) -> None:
        with self._lock:
            self._markup = name
            self._pages.clear()

    # Changes.

    def publish(self, sample: Sample) -> None:
        """Adds a decision, shown from its `published` on. Raises ValueError if the site already has its reference."""
        with self._lock:
            if sample.reference in self._all:
                raise ValueError(f"{sample.reference} is already published; use amend")
            self._all[sample.reference] = sample
            self._update(sample.reference)

    def withdraw(self, reference: str) -> None:
        """Removes a decision from the listing, and its page."""
        with self._lock:
            self._withdrawn.add(self._all[reference].reference)
            self._update(reference)

    def restore(self, reference: str) -> None:
        """Restores a withdrawn decision."""
        with self._lock:
            self._withdrawn.discard(reference)
            self._update(reference)

    def amend(self, reference: str, sample: Sample) -> None:
        """Replaces a decision with another version of it. Raises ValueError for another reference."""
        with self._lock:
            if sample.reference != self._all[reference].reference:
                raise ValueError(f"{sample.reference} cannot replace {reference}; amend keeps the reference")
            self._all[reference] = sample
            self._update(reference)

    def redate(self, reference: str, day: date) -> None:
        """Changes a decision date, on the page and in the listing."""
        self.amend(reference, replace(self._all[reference], decision_date=day))

    def expire_before(self, day: date, *, reports: bool = False) -> None:
        """Removes statements decided before a day, as the site does by age; reports only if `reports`."""
        with self._lock:
            self._kept_from["statement"] = day
            if reports:
                self._kept_from["report"] = day
            for sample in self._index.cut(date.min, day, 0, len(self._index)):
                self._update(sample.reference)

    def prepare(self) -> None:
        """Renders the pages of all shown decisions, until the cache is full."""
        with self._lock:
            for sample in self._index:
                if len(self._pages) >= self.cache:
                    return
                self._rendered(sample)

    def _shown(self, sample: Sample) -> bool:
        return (
            sample.published <= self._today
            and sample.reference not in self._withdrawn
            and sample.decision_date >= self._kept_from[sample.kind]
        )

    def _update_all(self) -> None:
        self._index.fill(sample for sample in self._all.values() if self._shown(sample))
        self._addresses = {sample.address: sample.reference for sample in self._index}
        self._coming = [(s.published, s.reference) for s in self._all.values() if s.published > self._today]
        heapify(self._coming)
        self._pages.clear()

    def _update(self, reference: str) -> None:
        """Updates listing, addresses and pages after a change of one decision."""
        if reference in self._index:
            self._addresses.pop(self._index[reference].address, None)
            self._index.remove(reference)
        self._pages.pop(reference, None)
        sample = self._all[reference]
        if self._shown(sample):
            self._index.add(sample)
            self._addresses[sample.address] = reference
        elif sample.published > self._today:
            heappush(self._coming, (sample.published, reference))

    # Answers.

    def handle(self, request: Request) -> Response:
        """Returns the answer to a request."""
        path, _, query = request.target.partition("?")
        path = unquote(path).lower().rstrip("/")
        with self._lock:
            if request.method not in ("GET", "HEAD"):
                return _plain(405, "Method not allowed")
            reference = self._addresses.get(path)
            if reference is not None:
                return self._decision(self._index[reference], query, request.headers)
            if path == "/decisions/searchresults":
                return self._search(query)
            if path == "/robots.txt":
                return Response(self.robots_status, self.robots.encode(), TEXT)
            return self._place(path)

    def _decision(self, sample: Sample, query: str, headers: Mapping[str, str]) -> Response:
        pages = self._rendered(sample)
        chapter = parse_qs(query).get("chapter", ["1"])[-1] if query else "1"
        number = max(1, int(chapter)) if chapter.isascii() and chapter.isdigit() else 1
        if number > len(pages):
            return _missing(404)
        page = pages[number - 1]
        if self.validators and headers.get("if-none-match") == dict(page.headers).get("ETag"):
            return Response(304, b"", page.headers)
        return page

    def _rendered(self, sample: Sample) -> list[Response]:
        pages = self._pages.get(sample.reference)
        if pages is None:
            bodies = render(sample, self._markup, self._index.after(sample, 5))
            pages = [Response(200, body, (*HTML, *self._validator(body))) for body in bodies]
            while self._pages and len(self._pages) >= self.cache:
                del self._pages[next(iter(self._pages))]
            self._pages[sample.reference] = pages
        return pages

    def _validator(self, body: bytes) -> tuple[tuple[str, str], ...]:
        return (("ETag", f'"{sha256(body).hexdigest()[:24]}"'),) if self.validators else ()

    def _search(self, query: str) -> Response:
        search = parse_search(query)
        total = self._index.count(search.first, search.last, search.terms)
        found = self._index.cut(search.first, search.last, (search.page - 1) * PAGE, PAGE, search.terms)
        if not found and search.page > 1 and self.past_end == "404":
            return _missing(404)
        main = (
            f'<h1>Search results</h1>\n<p class="results">{escape(self.count_line(total))}</p>\n'
            f"{self._cards(found)}{search.pager(total) if found else ''}"
        )
        return Response(200, frame(f"Search results - {_NAME}", "/Decisions/SearchResults", main))

    def _place(self, path: str) -> Response:
        """Returns the home page or a category page.

        A category page shows its ten most recent decisions, whatever `page` is in the query.
        """
        if path in ("", "/decisions"):
            links = "".join(f'<li><a href="/decisions/{place_slug(top)}">{top}</a></li>' for top in CATEGORIES)
            main = f"<h1>Decisions</h1>\n<p>Search our decisions or browse them by subject.</p>\n<ul>{links}</ul>\n"
            return Response(200, frame(f"Decisions - {_NAME}", path or "/", main))
        crumbs = _PLACES.get(path)
        if crumbs is None:
            is_withdrawn = any(self._all[reference].address == path for reference in self._withdrawn)
            return _missing(self.gone if is_withdrawn else 404)
        terms = EVERYTHING._replace(category=place_slug(crumbs[0]), subcategory=place_slug("".join(crumbs[1:])))
        found = self._index.cut(date.min, date.max, 0, PAGE, terms)
        main = f"<h1>{escape(crumbs[-1])}</h1>\n{self._cards(found)}"
        return Response(200, frame(f"{crumbs[-1]} - {_NAME}", path, main, crumbs))

    def _cards(self, found: Iterable[Sample]) -> str:
        return "".join(card(sample, untitled=self.untitled(sample)) for sample in found)


_PLACES = {
    "/decisions/" + "/".join(map(place_slug, crumbs)): crumbs
    for top, subs in CATEGORIES.items()
    for crumbs in ((top,), *((top, sub) for sub in subs))
}


def _plain(status: int, words: str) -> Response:
    return Response(status, words.encode(), TEXT)


def _missing(status: int) -> Response:
    main = "<h1>Page not found</h1>\n<p>The page you asked for does not exist or is no longer available.</p>\n"
    return Response(status, frame(f"Page not found - {_NAME}", "/error", main))
