"""The migrations, one module each. A landed one is never edited: a change of the schema is a new migration."""
