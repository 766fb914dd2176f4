"""The words of statements that nothing is missing."""

from __future__ import annotations

import re

WORDS = re.compile(
    r"\b(?:complete(?:ly|d)?|all|every|everything|whole|proven|entire(?:ly)?|fully|in full|up[ -]to[ -]date|caught up|"
    r"(?:nothing|none|no \w+) (?:\w+ ){0,3}(?:missing|unproven|left|lacking)|no gaps?|"
    r"(?:0|no) (?:\w+ ){0,2}(?:unproven|missing|gaps?)|(?:unproven|missing|gaps): 0)\b",
    re.IGNORECASE,
)
