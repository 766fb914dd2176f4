"""Bytes to blocks: decoding, limits, and the blocks of HTML pages and plain texts. Pure; knows nothing of decisions."""
