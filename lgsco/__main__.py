"""Runs the command line with `python -m lgsco`."""

from lgsco.cli.main import main

main()
