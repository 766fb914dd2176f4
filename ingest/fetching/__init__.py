"""Contains the HTTP client of one site, and its parts. No other package uses HTTP."""
