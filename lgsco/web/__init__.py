"""Contains the web interface of `lgsco serve`: Datasette with metadata, queries, templates and request checks."""
