"""Serves a look-alike of the publisher's site on loopback, for the demo, the tests and the benchmarks."""
