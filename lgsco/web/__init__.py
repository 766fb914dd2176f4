"""The web interface of `lgsco serve`: Datasette with metadata, canned queries, templates and request checks."""
