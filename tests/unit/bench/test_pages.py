"""The generated pages have the claimed properties, checked by code that does not parse decisions."""

from __future__ import annotations

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser

from bench.pages.boilerplate import case, plain_case, spots
from bench.pages.corpus import corpus
from bench.pages.judge import differ
from bench.pages.kinds import KINDS
from bench.pages.layout import pages_of, style_of
from bench.pages.markups import MARKUPS
from bench.pages.model import Heading, Listing, Table, text_of
from bench.pages.mutant_tries import difference, without_marks
from bench.pages.mutants import OTHERS, SEEN, bases_of, kind_of, mutant
from bench.pages.odd import odd_page


def _words(text: str) -> Counter[str]:
    return Counter(without_marks(text).split())


def test_page_has_the_words_of_its_decision() -> None:
    for sample in corpus()[:120]:
        shown = Counter[str]()
        for page in plain_case(sample).pages:
            body = LexborHTMLParser(page.decode()).body
            assert body is not None
            shown += _words(re.sub(r"\s+", " ", body.text(separator=" ")))
        title = set(sample.title.split()) if style_of(sample).title_form == "title element" else set()
        assert [
            word
            for word in differ(without_marks(text_of(sample)), " ".join(shown.elements())).lost
            if word not in title
        ] == []


def test_the_corpus_has_each_kind_of_decision_and_block() -> None:
    samples = corpus()
    assert set(Counter(sample.kind for sample in samples)) == {"statement", "joint", "old report", "chapters"}
    assert len({text_of(sample) for sample in samples}) == len(samples) == 400
    blocks = [block for sample in samples for chapter in sample.chapters for block in chapter]
    assert sum(isinstance(block, Table) for block in blocks) > 100
    assert any(
        item.inner and item.inner[0].items[0].inner for one in blocks if isinstance(one, Listing) for item in one.items
    )
    assert any(block == Heading("Further report", 2) for block in blocks), blocks
    assert any(not sample.has_article for sample in samples), samples
    assert {style_of(sample).header_form for sample in samples} == set(range(10))
    assert {style_of(sample).list_form for sample in samples} == set(range(10))


def test_each_kind_of_boilerplate_has_ten_markups_at_each_place_of_law_5() -> None:
    assert len(KINDS) == len(MARKUPS) == 10
    places = {kind: {(spot.place, spot.inside) for spot in spots() if spot.kind == kind} for kind in KINDS}
    assert [
        (kind, found)
        for (kind, found) in places.items()
        if len(found) != 6 + (kind in {"contents list", "chapter navigation"})
    ] == []


def test_only_the_block_is_added() -> None:
    few = [spot for spot in spots() if spot.markup in {"divs", "form"}]
    made = {spot: [one for sample in corpus()[:8] if (one := case(spot, sample))] for spot in few}
    assert [spot for spot in few if not made[spot]] == [], "each of them has its place in a page"
    for one in (one for spot in few for one in made[spot]):
        plain = plain_case(one.sample).pages
        added = [(page, before) for page, before in zip(one.pages, plain, strict=True) if page != before]
        assert added, one.spot
        assert any(page.replace(one.block.encode(), b"", 1) == before for page, before in added), one.spot


def test_each_mutant_has_the_words_of_its_page_and_another_tree() -> None:
    bases = bases_of(corpus()[:20])
    for number in range(150):
        made = mutant(number, bases, 1)
        assert re.sub(rb"<[^>]*>", b"", made.page) == re.sub(rb"<[^>]*>", b"", made.base.page)
        assert LexborHTMLParser(made.page.decode()).html != LexborHTMLParser(made.base.page.decode()).html


def test_each_kind_that_lost_words_is_a_tenth_of_the_mutants() -> None:
    kinds = Counter(map(kind_of, range(9600)))
    assert [kind for kind in SEEN if not (kinds[kind] >= 960)] == []
    assert [kind for kind in OTHERS if not kinds[kind]] == []


def test_joined_words_are_not_lost() -> None:
    assert difference("- Mr X said so", "Mr Xsaid so") == ((), ())
    assert difference("Mr X said so", "Mr X so").lost == ("said",)


def test_generated_pages_are_the_same_each_time() -> None:
    assert odd_page(0, corpus(), 1) == odd_page(0, corpus(), 1)
    assert pages_of(corpus()[0]) == pages_of(corpus()[0])
