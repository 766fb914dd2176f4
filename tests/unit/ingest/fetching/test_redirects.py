"""Resolving redirects; tests/scenarios/test_hostile_input.py follows them over HTTP."""

from __future__ import annotations

import pytest

from ingest.errors import Elsewhere
from ingest.fetching.redirects import resolve_redirect

SITE = "https://www.site.example"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/decisions/b", "/decisions/b"),
        ("b?page=2", "/decisions/b?page=2"),
        ("?page=2", "/decisions/a?page=2"),
        ("https://www.site.example/b#part", "/b"),
        ("https://www.site.example", "/"),
        ("http://site.example/b", "/b"),
        ("//site.example/b", "/b"),
        ("/b/../private", "/private"),
        ("https://www.site.example/b/%2e%2e/c d", "/b/%2e%2e/c%20d"),
    ],
)
def test_a_redirect_within_the_site_resolves_to_the_sent_target(location: str, target: str) -> None:
    assert resolve_redirect(SITE, "/decisions/a", location) == target


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (None, "redirected to www.site.example; only www.site.example is"),
        ("", "redirected to www.site.example; only www.site.example is"),
        ("https://other.example/b", "redirected to other.example; only www.site.example is"),
        ("https://www.site.example.other.example/", "only www.site.example is"),
        ("https://www.site.example:8443/b", "only www.site.example is"),
        ("https://user@www.site.example/b", "only www.site.example is"),
        ("mailto:someone@site.example", "redirected to nowhere"),
        ("https://[", "an invalid address"),
        ("http://www.site.example/decisions/a", r"set base_url in \[site\] to that"),
    ],
)
def test_a_redirect_out_of_the_site_is_not_followed(location: str | None, reason: str) -> None:
    with pytest.raises(Elsewhere, match=rf"^/decisions/a: .*{reason}"):
        resolve_redirect(SITE, "/decisions/a", location)
