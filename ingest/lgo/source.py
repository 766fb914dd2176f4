"""What the publisher's site answers to: the address of its listing, the filters to ask with, and its page size.

Seen on the live site in July 2026 and in public scrapers.
"""

from __future__ import annotations

PUBLISHER = "www.lgo.org.uk"
"""The publisher's host."""

SEARCH_PATH = "/Decisions/SearchResults"
"""The listing's path. It takes `fd` and `td` (decision dates, both inclusive) and `page`, from 1."""

SEARCH_FILTERS = "t=both"
"""What the listing is asked for besides the dates: statements and reports, any outcome."""

OUTCOME_FILTERS = "dc=c%2Bnu%2Bu%2B"
"""A filter that names the three known outcomes: closed, not upheld, upheld."""

PAGE_SIZE = 10
"""Cards on a full page of the listing."""
