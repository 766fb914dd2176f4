"""The only code that uses HTTP: a polite client of one site, and its parts."""
