"""Finds decisions whose beginning or end a wrongly nested tag may have cut off. Pure.

Where a page closes its tags as it opens them, its elements say where the decision begins and ends. Where it does not,
a title may lose its first words to the element before it, and an article may end before the decision does.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from ingest.lgo.beginning import Beginning
from ingest.lgo.zones import AFTER, Zones
from ingest.parsing.blocks import Block
from ingest.parsing.html_tree import outermost

_FEWEST_SENTENCES = 2
"""Fewer sentences after an article are a footer's: an address, or one sentence."""
_SHORTEST_SENTENCE = 60
"""Characters. Shorter blocks are not counted as sentences."""


def find_broken_title(blocks: Sequence[Block], beginning: Beginning, wrong: Set[str]) -> str | None:
    """Finds the words before the decision that may belong to its first block; None if there are none.

    They are in the block before, in the same article, and not in a sound heading. The first block is the title, in an
    element that the page does not close as it opens it. If only `<title>` has the title, it is the first header line,
    and the page does not close some element as it opens it. `wrong`: the tags that the page does not close as it opens
    them.
    """
    if not wrong or beginning.first == 0:
        return None
    first, before = blocks[beginning.first], blocks[beginning.first - 1]
    if first.node is None or before.node is None or before.is_hidden or before.is_links:
        return None
    if beginning.first < beginning.after and first.node.tag not in wrong:
        return None
    article = outermost("article")
    own, around = article.of(first.node), article.of(before.node)
    is_in_same = own is not None and around is not None and own.mem_id == around.mem_id
    is_heading = before.kind == "heading" and before.node.tag not in wrong
    return before.text if is_in_same and not is_heading else None


def find_text_after_end(zones: Zones) -> str | None:
    """Returns the first sentence after the end of a decision without a closing line; None for fewer than two."""
    sentences = [
        block.text
        for block in zones.left_out
        if block.rule == AFTER and len(block.text) >= _SHORTEST_SENTENCE and block.text.endswith((".", ":", ";"))
    ]
    return sentences[0] if len(sentences) >= _FEWEST_SENTENCES else None
