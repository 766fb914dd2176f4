"""Datasette on the one file: what it says of the tables, the canned queries, the pages and the server."""
