"""The query language of the search: its tree, its parser, its words, and what of a paragraph a query marks."""
