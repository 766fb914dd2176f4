"""Describes related decisions in words. Pure."""

from __future__ import annotations

from storage.related import Related


def describe_related(one: Related) -> str:
    """Describes a related decision: its reference, the reason, and how alike the texts are."""
    likeness = "" if one.similarity is None or one.similarity == 1 else f", {100 * one.similarity:.1f} % alike"
    stored = "" if one.is_stored else ", not stored"
    return f"{one.other} ({one.reason}{likeness}{stored})"
