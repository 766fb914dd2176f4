"""The time by which all queries of a page must have ended."""

from __future__ import annotations

from contextvars import ContextVar

PAGE_SECONDS = 30
"""Seconds that all queries of one page may take together. `sql_time_limit_ms` limits a single query."""

DEADLINE: ContextVar[float | None] = ContextVar("DEADLINE", default=None)
"""When all queries of the current page must have ended, on the monotonic clock."""
