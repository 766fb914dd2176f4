"""The only HTTP: one polite client of one host."""
