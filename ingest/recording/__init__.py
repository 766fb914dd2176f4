"""From the queue to the database: fetch, store, parse, compare, record."""
