"""Runs the command line with `python -m lgsco`."""

from lgsco.cli.start import main

main()
