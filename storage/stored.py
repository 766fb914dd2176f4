"""Parses values that lgsco stored, since a damaged file may have anything in their place."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from storage.errors import Damaged


def to_day(value: object, of: str) -> date:
    """Parses a stored date. `of`: what it belongs to, for the error. Raises Damaged."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _damaged(of, value, "not a date") from None


def to_object(value: object, of: str) -> dict[str, Any]:
    """Parses a stored JSON object. `of`: what it belongs to, for the error. Raises Damaged."""
    try:
        found = json.loads(str(value))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _damaged(of, value, "not a JSON object")
    return found


def _damaged(of: str, value: object, what: str) -> Damaged:
    shown = str(value)[:40].encode("unicode_escape").decode()
    return Damaged(f"the file is damaged: {of} contains {shown}, which is {what}; `lgsco verify` names other damage")
