"""What is seen: from the source site, or a file, to a revision worth keeping."""
