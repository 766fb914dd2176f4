"""The database: plain data types, the schema, and all SQL but that of the web pages."""
