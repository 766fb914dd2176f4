"""Walls: what the look-alike shows, or points to, in place of the right page. Faults as in `faults`.

Pages without a choice are values, with status 200: `dataclasses.replace(CHALLENGE, status=403)` is one with another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape

from lgsco.replica.faults import Acts, Answer, Fault, Respond, whole
from lgsco.replica.furniture import COOKIES, frame
from lgsco.replica.messages import Request, Response
from lgsco.replica.sample import CATEGORIES, place_slug
from lgsco.replica.site import Site

_NAME = "Local Government and Social Care Ombudsman"
_ROUND = re.compile(r"(.*)[?&]round=(\d+)")


# Other pages.


def _bare(title: str, body: str) -> Respond:
    """A page in front of the site, with nothing of the site's own."""
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
    return Respond(200, body=page.encode())


def _framed(title: str, address: str, main: str) -> Respond:
    """A page of the site's."""
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
"""The challenge page of a service that stands in front of the site, with a number that looks like a reference."""

CONSENT = _bare(
    "Before you continue",
    f'{COOKIES}<form method="post" action="/consent"><button name="all">Accept all</button>\n'
    '<button name="none">Reject all</button></form>\n',
)
"""The consent page: the privacy panel and nothing behind it."""

COOKIE_WALL = _framed(
    "Cookies are needed",
    "/cookies",
    "<h1>Cookies are needed</h1>\n<p>Your browser does not accept cookies. Please turn cookies on and try again.</p>\n",
)
"""The site's own frame around a refusal of clients without cookies."""

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
"""An error page that says so in words only."""

SEARCH_SHELL = _framed(
    "Search results",
    "/Decisions/SearchResults",
    '<h1>Search results</h1>\n<form action="/Decisions/SearchResults" method="get">\n'
    '<label for="fd">From</label><input id="fd" name="fd"><label for="td">To</label><input id="td" name="td">\n'
    "<button>Search</button></form>\n",
)
"""The search page with neither count nor cards."""

WALLS = {
    "challenge": CHALLENGE,
    "consent": CONSENT,
    "cookie wall": COOKIE_WALL,
    "home page": HOME_PAGE,
    "error page": ERROR_PAGE,
    "search shell": SEARCH_SHELL,
}
"""All of them by name."""


@dataclass(frozen=True, slots=True)
class Instead:
    """The site's right answer to another path and query."""

    site: Site
    target: str

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        yield whole(request, self.site.handle(request._replace(target=self.target)))


@dataclass(frozen=True, slots=True)
class AnotherReference:
    """The page of another decision, the next in the listing's order; what is no decision's page is answered rightly."""

    site: Site

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it whole."""
        listed = self.site.listed()
        path, mark, query = request.target.partition("?")
        behind = (n for n, sample in enumerate(listed, 1) if sample.address == path.lower().rstrip("/"))
        place = next(behind, None)
        if place is None:
            yield whole(request, answer())
        else:
            yield from Instead(self.site, listed[place % len(listed)].address + mark + query).acts(request, answer)


# Sent elsewhere.


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to an address: `"/"` is the home page, `"https://elsewhere.example/"` another host."""

    to: str
    status: int = 302

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send it."""
        yield whole(request, Response(self.status, b"", (("Location", self.to),)))


@dataclass(frozen=True, slots=True)
class RedirectLoop:
    """A redirect round and round: to the address asked for, or through so many addresses of one path and back."""

    length: int = 1
    status: int = 302

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Send one step of it."""
        found = _ROUND.fullmatch(request.target)
        stem, step = (found[1], int(found[2]) + 1) if found else (request.target, 1)
        mark = f"{'&' if '?' in stem else '?'}round={step}" if step % self.length else ""
        yield from Redirect(stem + mark, self.status).acts(request, answer)


@dataclass(frozen=True, slots=True)
class CookieNeeded:
    """Right answers only to who brings the cookie, which is set on the page `at`; all others meet a wall.

    The wall may be any fault, `Redirect("/decisions")` too. None: a redirect to the address asked for sets the cookie,
    and who keeps no cookies goes round and round.
    """

    wall: Fault | None = COOKIE_WALL
    at: str = "/decisions"
    cookie: str = "session=look-alike"

    def acts(self, request: Request, answer: Answer) -> Acts:
        """Look for the cookie and answer."""
        setting = ("Set-Cookie", f"{self.cookie}; Path=/; HttpOnly")
        if self.cookie in [part.strip() for part in request.headers.get("cookie", "").split(";")]:
            yield whole(request, answer())
        elif request.path.lower().rstrip("/") == self.at:
            right = answer()
            yield whole(request, replace(right, headers=(*right.headers, setting)))
        elif self.wall is None:
            yield whole(request, Response(302, b"", (("Location", request.target), setting)))
        else:
            yield from self.wall.acts(request, answer)
