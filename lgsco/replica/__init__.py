"""A look-alike of the source site on loopback, for the demonstration, the tests and the benchmarks. A leaf."""
