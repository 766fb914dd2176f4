"""Contains the command line: one function for each command."""
