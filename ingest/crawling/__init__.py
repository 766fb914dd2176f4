"""Finds which decisions the site lists, and why others are no longer listed."""
