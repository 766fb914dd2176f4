"""A look-alike of the publisher's site that serves on loopback, for the demo, the tests and the benchmarks."""
