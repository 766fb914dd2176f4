"""The invented words, sentences and paragraphs."""

from __future__ import annotations

from random import Random

from lgsco.replica.prose import Prose, compile_template, vocabulary, words


def make(seed: int = 1) -> Prose:
    return Prose(Random(seed), ["Mr X", "Mr X", "Ms Y"], "Council", ["1"])


def test_the_same_seed_writes_the_same_words() -> None:
    assert make().paragraph() == make().paragraph()
    assert make().paragraph() != make(2).paragraph()


def test_a_template_is_filled_without_a_placeholder_left() -> None:
    for _ in range(40):
        sentence = make(7).sentence()
        assert "{" not in sentence
        assert sentence[0].isupper() or not sentence[0].isalpha(), sentence
    assert make().fill(compile_template("Nothing to fill.")) == "Nothing to fill."


def test_what_was_written_is_counted() -> None:
    prose = make()
    before = prose.written
    text = prose.paragraph()
    assert prose.written - before >= len(text) // 2


def test_every_kind_of_word_has_words() -> None:
    kinds = vocabulary()
    assert len(kinds) > 5
    assert [name for name, found in kinds.items() if not found] == []
    assert words("one two\nthree") == ["one", "two", "three"]
