"""Compares what the program prints with the truth of a simulated site: the parts of `bench.claims`."""
