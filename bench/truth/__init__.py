"""The parts of `bench.claims`, which compares the program's output with the truth of a simulated site."""
