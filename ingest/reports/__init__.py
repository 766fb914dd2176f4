"""Turns database rows into reports: status, coverage, calendar, politeness and claims. Pure."""
