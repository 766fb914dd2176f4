"""Receives each request for an archive: checks it, waits for its turn, and adds headers to the answer.

A request for another database of the same Datasette passes unchanged.
"""

from __future__ import annotations

from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any

from datasette import Response
from datasette.utils.asgi import Request

from lgsco.web.accessible_pages import complete
from lgsco.web.addresses import METHODS, Refusal, check_fetch_metadata, check_host, check_request
from lgsco.web.archives import Archives, find_archives
from lgsco.web.gate import Application, BrokenOff, Gate, Message, Overloaded, Receive, Send, find_lane
from lgsco.web.guard import add_headers, content_security_policy

_STATIC = ("/-/static/", "/-/static-plugins/", "/-/lgsco/")
"""Files, which need no query."""

_RETRY_SECONDS = "5"


class Entrance:
    """The ASGI application around Datasette."""

    def __init__(self, datasette: Any, application: Application) -> None:
        self._datasette = datasette
        self._application = application
        self._gate = Gate()
        self._base_url = str(datasette.setting("base_url"))
        self._policy = content_security_policy(find_archives(datasette).settings.sources)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        archives = find_archives(self._datasette)
        if scope["type"] != "http" or not archives.own(_strip(scope["path"], self._base_url)):
            await self._application(scope, receive, send)
            return
        scope = _clean(scope, self._base_url, cookies=archives.settings.accounts)
        public = archives.settings.public
        send = add_headers(send, self._policy, base_url=self._base_url, public=public)
        request = Request(scope, receive)
        refusal = self._check(request, archives)
        if refusal is not None:
            await self._refuse(request, refusal, send)
        elif request.method not in METHODS or request.path.startswith(_STATIC):
            await self._application(scope, receive, send)
        else:
            with suppress(BrokenOff):  # uvicorn closes the connection of an incomplete answer
                await self._answer(request, receive, send)

    async def _answer(self, request: Any, receive: Receive, send: Send) -> None:
        lane = find_lane(request.path, request.query_string)
        try:
            await self._gate.answer(self._application, request.scope, receive, send, lane)
        except Overloaded as error:
            await self._refuse(request, Refusal(503, str(error)), send)

    def _check(self, request: Any, archives: Archives) -> Refusal | None:
        headers, settings = request.headers, archives.settings
        if settings.accounts and request.method not in METHODS and not archives.names_database(request.path):
            return check_host(headers.get("host", ""), settings.hosts)  # the page of another plugin
        return (
            check_request(
                request.method,
                request.path,
                request.query_string,
                headers.get("host", ""),
                accounts=settings.accounts,
                public=settings.public,
            )
            or check_host(headers.get("host", ""), settings.hosts)
            or check_fetch_metadata(headers, cors=self._datasette.cors)
        )

    async def _refuse(self, request: Any, refusal: Refusal, send: Send) -> None:
        await self._datasette.invoke_startup()
        response = await make_error_page(self._datasette, request, refusal.status, None, refusal.message)
        if refusal.status == 405:
            response.headers["Allow"] = ", ".join(METHODS)
        if refusal.status == 503:
            response.headers["Retry-After"] = _RETRY_SECONDS
        await response.asgi_send(send)


def _strip(path: str, base_url: str) -> str:
    """Returns the path without `base_url`. A proxy may have removed it already."""
    return f"/{path[len(base_url) :]}" if base_url != "/" and path.startswith(base_url) else path


def _clean(scope: Message, base_url: str, *, cookies: bool) -> Message:
    """Removes `base_url` from the path, and cookies that no page needs or that Datasette would fail on."""
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    headers = [one for one in scope["headers"] if one[0].lower() != b"cookie" or (cookies and _is_sound(one[1]))]
    stripped = _strip(raw, base_url).encode("latin-1")
    return {**scope, "headers": headers, "path": _strip(scope["path"], base_url), "raw_path": stripped}


def _is_sound(cookie: bytes) -> bool:
    try:
        SimpleCookie().load(cookie.decode("latin-1"))
    except CookieError:
        return False
    return cookie.isascii()


async def make_error_page(datasette: Any, request: Any, status: int, title: str | None, message: str) -> Any:
    """Makes an answer with an error: a page, or JSON where JSON was asked for."""
    body = {"ok": False, "error": message, "status": status, "title": title}
    if request.path.endswith(".json"):
        return Response.json(body, status=status)
    known = request if "csrftoken" in request.scope else None  # set by Datasette; missing while a request is refused
    page = await datasette.render_template("lgsco/error.html", body, request=known)
    return Response.html(complete(page), status=status)
