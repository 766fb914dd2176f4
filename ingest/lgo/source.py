"""Defines the publisher's site: its host, the paths of its listing, and the listing's page size.

Seen on the live site in July 2026 and in public scrapers.
"""

from __future__ import annotations

PUBLISHER = "www.lgo.org.uk"
"""The publisher's host."""

SEARCH_PATH = "/Decisions/SearchResults"
"""Path of the listing. Parameters: `fd` and `td` (decision dates, both inclusive) and `page`, from 1."""

SESSION_PATH = "/decisions"
"""The page that starts a visitor's session, in case the listing needs one."""

PAGE_SIZE = 10
"""Cards on a full page of the listing."""
