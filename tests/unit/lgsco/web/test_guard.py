"""The headers that each answer gets."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from lgsco.web.guard import add_headers, content_security_policy


def answer(status: int = 200, headers: list[tuple[bytes, bytes]] | None = None, **options: Any) -> dict[bytes, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def scene() -> None:
        guard = add_headers(send, "default-src 'none'", **options)
        await guard({"type": "http.response.start", "status": status, "headers": headers or []})
        await guard({"type": "http.response.body", "body": b"x"})

    asyncio.run(scene())
    assert sent[1] == {"type": "http.response.body", "body": b"x"}
    assert len(sent[0]["headers"]) == len(dict(sent[0]["headers"])), "no header comes twice"
    return dict(sent[0]["headers"])


def test_every_answer_has_the_policy_and_no_other_site_may_use_it() -> None:
    headers = answer(headers=[(b"X-Content-Type-Options", b"other"), (b"X-Mine", b"1")])
    assert headers[b"content-security-policy"] == b"default-src 'none'"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cross-origin-resource-policy"] == b"same-site"
    assert headers[b"x-mine"] == b"1"
    assert b"cache-control" not in headers


@pytest.mark.parametrize(("status", "cached"), [(200, b"public, max-age=600"), (404, b"no-store"), (503, b"no-store")])
def test_caches_keep_public_pages_and_no_errors(status: int, cached: bytes) -> None:
    assert answer(status, [(b"Cache-Control", b"private")], public=True)[b"cache-control"] == cached


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        (b"/lgsco", b"/archive/lgsco"),
        (b"/archive/lgsco", b"/archive/lgsco"),
        (b"//elsewhere.example/", b"//elsewhere.example/"),
        (b"https://elsewhere.example/", b"https://elsewhere.example/"),
    ],
)
def test_a_redirect_leads_below_the_path_of_the_proxy_once(location: bytes, sent: bytes) -> None:
    assert answer(302, [(b"Location", location)], base_url="/archive/")[b"location"] == sent
    assert answer(302, [(b"Location", location)])[b"location"] == location


def test_no_inline_script_runs_but_those_of_datasettes_templates() -> None:
    policy = dict(part.split(" ", 1) for part in re.split(r"; ?", content_security_policy().strip("; ")))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert policy["script-src"].count("'sha256-") > 1


def test_a_setting_widens_one_directive() -> None:
    before, after = content_security_policy(), content_security_policy({"img-src": ("https://images.example",)})
    assert after == before.replace("img-src 'self' data:", "img-src 'self' data: https://images.example")
    widened = content_security_policy({"default-src": ("https://a.example",)})
    assert "default-src https://a.example" in widened, "'none' with a source would be invalid"
