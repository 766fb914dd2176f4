"""What the publisher's site answers to: the address of its listing and its page size.

Seen on the live site in July 2026 and in public scrapers.
"""

from __future__ import annotations

PUBLISHER = "www.lgo.org.uk"
"""The publisher's host."""

SEARCH_PATH = "/Decisions/SearchResults"
"""The listing's path. It takes `fd` and `td` (decision dates, both inclusive) and `page`, from 1."""

SESSION_PATH = "/decisions"
"""The page on which a visitor's session begins, where the listing needs one."""

PAGE_SIZE = 10
"""Cards on a full page of the listing."""
