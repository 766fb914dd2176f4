"""Describes how many decisions the site no longer lists, in the words of the status and the coverage report."""

from __future__ import annotations

from storage.status import Gone


def describe_gone(gone: Gone) -> str:
    """Returns a line that counts the decisions that the site no longer lists."""
    counts = (
        f"{gone.expired:,} expired by age, {gone.withdrawn:,} withdrawn, {gone.gone:,} gone for an unknown reason, "
        f"{gone.unexplained:,} not explained yet"
    )
    return f"no longer listed: {counts}" + (f", {gone.never_held:,} never fetched" if gone.never_held else "")
