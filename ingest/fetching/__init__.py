"""The only HTTP: a polite client of one site, and the parts it is made of."""
