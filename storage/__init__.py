"""What is kept: the nouns, the schema, and every line of SQL."""
