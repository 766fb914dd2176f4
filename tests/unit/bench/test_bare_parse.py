"""The reading that `page.parse_page` is measured against sees every word of a decision."""

from __future__ import annotations

from bench.bare_parse import cut_article, read_texts
from bench.samples import pages
from ingest.lgo.page import parse_page


def test_the_texts_of_an_article_have_every_word_of_its_decision() -> None:
    for _, body in pages(3):
        words = " ".join(read_texts(cut_article(body))).split()
        lines = [line.text for line in parse_page(body).lines if line.kind in ("paragraph", "item", "heading")]
        text = "".join(words)
        assert lines
        assert all("".join(line.split()) in text for line in lines if " | " not in line)


def test_a_page_without_an_article_is_not_cut() -> None:
    assert cut_article(b"<p>Text</p>") == b"<p>Text</p>"
    assert read_texts(b"<p>One <b>two</b></p>") == ["One ", "two"]
