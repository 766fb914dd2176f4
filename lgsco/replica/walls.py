"""Defines walls: pages that the look-alike shows, or redirects to, instead of the right page.

`faults` describes how faults work. Walls without options are values with status 200:
`dataclasses.replace(CHALLENGE, status=403)` gives another status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape

from lgsco.replica.faults import Acts, Answer, Fault, Respond, encode_for
from lgsco.replica.furniture import COOKIES, frame
from lgsco.replica.messages import Request, Response
from lgsco.replica.sample import CATEGORIES, place_slug
from lgsco.replica.site import Site

_NAME = "Local Government and Social Care Ombudsman"
_ROUND = re.compile(r"(.*)[?&]round=(\d+)")


# Other pages.


def _bare(title: str, body: str) -> Respond:
    """Makes a page without any part of the site's own pages, as a service in front of the site sends it."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
    return Respond(200, body=page.encode())


def _framed(title: str, address: str, main: str) -> Respond:
    """Makes a page inside the site's own frame."""
    return Respond(200, body=frame(f"{title} - {_NAME}", address, main))


CHALLENGE = _bare(
    "Just a moment...",
    "<h1>Checking your browser before accessing the site</h1>\n"
    "<noscript><p>Please turn JavaScript on and reload the page.</p></noscript>\n"
    "<p>This process is automatic. Your browser will redirect to your requested content shortly.</p>\n"
    "<script>setTimeout(function () { document.forms[0].submit(); }, 4000);</script>\n"
    '<form method="post" action="/challenge"><input type="hidden" name="answer"></form>\n'
    "<p>Reference: 25 004 920 7f3a</p>\n",
)
"""The challenge page of a service in front of the site, with a number that looks like a reference."""

CONSENT = _bare(
    "Before you continue",
    f'{COOKIES}<form method="post" action="/consent"><button name="all">Accept all</button>\n'
    '<button name="none">Reject all</button></form>\n',
)
"""The consent page: the privacy panel without any content."""

COOKIE_WALL = _framed(
    "Cookies are needed",
    "/cookies",
    "<h1>Cookies are needed</h1>\n<p>Your browser does not accept cookies. Please turn cookies on and try again.</p>\n",
)
"""A refusal of clients without cookies, in the site's own frame."""

HOME_PAGE = _framed(
    "Home",
    "/",
    "<h1>We look at complaints about councils, care providers and some other organisations</h1>\n"
    "<p>Our service is free, independent and impartial.</p>\n<ul>"
    + "".join(f'<li><a href="/decisions/{place_slug(top)}">{escape(top, quote=False)}</a></li>' for top in CATEGORIES)
    + "</ul>\n",
)
"""The home page."""

ERROR_PAGE = _framed(
    "Error",
    "/error",
    "<h1>Sorry, something went wrong</h1>\n<p>We are working to put it right. Please try again later.</p>\n",
)
"""An error page with status 200; only its words say that it is an error."""

SEARCH_SHELL = _framed(
    "Search results",
    "/Decisions/SearchResults",
    '<h1>Search results</h1>\n<form action="/Decisions/SearchResults" method="get">\n'
    '<label for="fd">From</label><input id="fd" name="fd"><label for="td">To</label><input id="td" name="td">\n'
    "<button>Search</button></form>\n",
)
"""The search page without a count and without cards."""

WALLS = {
    "challenge": CHALLENGE,
    "consent": CONSENT,
    "cookie wall": COOKIE_WALL,
    "home page": HOME_PAGE,
    "error page": ERROR_PAGE,
    "search shell": SEARCH_SHELL,
}
"""All walls by name."""


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """The site's right answer to another path and query."""

    site: Site
    target: str

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the answer."""
        yield encode_for(request, self.site.handle(request._replace(target=self.target)))


@dataclass(frozen=True, slots=True)
class AnotherReference:
    """The page of the next decision in the listing's order. Requests for other pages get the right answer."""

    site: Site

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the page."""
        listed = self.site.listed()
        path, mark, query = request.target.partition("?")
        behind = (n for n, sample in enumerate(listed, 1) if sample.address == path.lower().rstrip("/"))
        place = next(behind, None)
        if place is None:
            yield encode_for(request, answer())
        else:
            yield from OtherAnswer(self.site, listed[place % len(listed)].address + mark + query).acts(request, answer)


# Redirects.


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to an address: `"/"` is the home page, `"https://elsewhere.example/"` another host."""

    to: str
    status: int = 302

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends the redirect."""
        yield encode_for(request, Response(self.status, b"", (("Location", self.to),)))


@dataclass(frozen=True, slots=True)
class RedirectLoop:
    """A redirect loop: to the same address, or through `length` addresses of the same path and back."""

    length: int = 1
    status: int = 302

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Sends one step of the loop."""
        found = _ROUND.fullmatch(request.target)
        stem, step = (found[1], int(found[2]) + 1) if found else (request.target, 1)
        mark = f"{'&' if '?' in stem else '?'}round={step}" if step % self.length else ""
        yield from Redirect(stem + mark, self.status).acts(request, answer)


@dataclass(frozen=True, slots=True)
class CookieNeeded:
    """Right answers only to clients that send the cookie, which is set on the page `at`; others get a wall.

    The wall may be any fault, also `Redirect("/decisions")`. None: a redirect to the same address sets the cookie, and
    a client that stores no cookies loops.
    """

    wall: Fault | None = COOKIE_WALL
    at: str = "/decisions"
    cookie: str = "session=look-alike"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Answers by the cookie of the request."""
        setting = ("Set-Cookie", f"{self.cookie}; Path=/; HttpOnly")
        if self.cookie in [part.strip() for part in request.headers.get("cookie", "").split(";")]:
            yield encode_for(request, answer())
        elif request.path.lower().rstrip("/") == self.at:
            right = answer()
            yield encode_for(request, replace(right, headers=(*right.headers, setting)))
        elif self.wall is None:
            yield encode_for(request, Response(302, b"", (("Location", request.target), setting)))
        else:
            yield from self.wall.acts(request, answer)
