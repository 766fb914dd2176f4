"""Contains the database: plain data types, the schema, and all SQL except that of the web pages."""
