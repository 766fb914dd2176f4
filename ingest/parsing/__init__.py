"""Decodes HTML pages and plain texts, limits their size, and splits them into blocks. Pure; knows no decisions."""
