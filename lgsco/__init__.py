"""The program people run."""
