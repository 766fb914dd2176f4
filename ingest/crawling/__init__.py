"""Which decisions the site lists, and what became of those it no longer lists."""
