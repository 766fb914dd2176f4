"""Defines the version of the parser, which is stored with each decision. Imports nothing, for `status`."""

from __future__ import annotations

NORMALISER = "6"
"""Version of the parser. Raise it with each change of any text or number; users then run `lgsco renormalise`."""
