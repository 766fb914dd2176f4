"""Contains the command line, the web interface, and a look-alike of the site for the demo and tests."""
