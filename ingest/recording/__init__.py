"""Processes the queue: fetches, stores and parses pages, compares them with the archive, and records the result."""
