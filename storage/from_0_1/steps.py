"""Lists the steps of version 0.1. They migrate an older file to schema 16, and `m017_baseline` makes it the baseline.

Only a file that version 0.1 made needs them: a new file starts at the baseline.
"""

from __future__ import annotations

from sqlite_utils.migrations import Migrations

from storage.from_0_1 import (
    m001_tables,
    m002_reconciliation,
    m003_manners,
    m004_promises,
    m005_account,
    m006_holds,
    m007_cards,
    m008_reasons_and_failures,
    m009_intents,
    m010_gone,
    m011_same_characters,
    m012_digests,
    m013_findings,
    m014_listing_findings,
    m015_identity_and_fill,
    m016_template_changes,
)

steps = Migrations("lgsco")
"""The set has the name of the set of today, so that a file has one list of what was applied to it."""

_IN_ORDER = (
    m001_tables,
    m002_reconciliation,
    m003_manners,
    m004_promises,
    m005_account,
    m006_holds,
    m007_cards,
    m008_reasons_and_failures,
    m009_intents,
    m010_gone,
    m011_same_characters,
    m012_digests,
    m013_findings,
    m014_listing_findings,
    m015_identity_and_fill,
    m016_template_changes,
)

for _module in _IN_ORDER:
    steps(name=_module.__name__.rpartition(".")[2])(_module.migrate)
