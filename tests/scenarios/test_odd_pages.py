"""A real browser shows the words of the generated odd pages, and the fallback of an object."""

from __future__ import annotations

from bench.pages.chromium import Chromium
from bench.pages.odd_tries import valid_pages
from support.web import browser


def test_fallback_of_an_object_is_visible_after_loading_failed() -> None:
    browser()
    with Chromium() as chromium:
        (shown,) = chromium.texts(
            [b"<!doctype html><body><p>one<object><object><p>two</object></object><p hidden>three"]
        )
    assert shown.split() == ["one", "two"]


def test_a_browser_shows_the_words_of_odd_pages() -> None:
    browser()
    assert all(valid_pages(150, 1))
