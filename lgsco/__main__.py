"""`python -m lgsco`: the command line."""

from lgsco.cli.main import main

main()
