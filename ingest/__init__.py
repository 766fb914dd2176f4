"""Fetches decisions from the site, or reads them from files, and records what changed."""
