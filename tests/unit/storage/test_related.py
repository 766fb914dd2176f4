"""Tests the links between decisions, and the sketches by which alike texts are found."""

from __future__ import annotations

import sqlite3

from storage import related, suppressions
from storage.related import Related
from support.rows import AT, KEY, OTHER, store_decision


def links(db: sqlite3.Connection, key: str = KEY) -> list[tuple[str, str]]:
    return [(link.other, link.reason) for link in related.find_related(db, key)]


def test_joint_decisions_have_one_family_and_find_each_other(db: sqlite3.Connection) -> None:
    for key in ("24 001 411", "24 001 411a", "24 001 411b", "24 001 412"):
        store_decision(db, key)
    assert related.find_joint(db, "24 001 411a") == ["24 001 411", "24 001 411b"]
    assert related.find_family(db, "24 001 411b") == "24 001 411"


def test_the_first_reference_of_a_case_names_its_family(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
    assert related.find_family(db, OTHER) == OTHER
    related.relate(db, KEY, [OTHER], "joint")
    assert related.find_family(db, OTHER) == KEY
    assert related.find_family(db, KEY) == KEY


def test_alike_texts_are_linked_both_ways_and_a_citation_one_way(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
    related.relate_texts(db, KEY, OTHER, 0.9)
    related.relate(db, KEY, ["19 999 999"], "cites")
    assert related.find_related(db, KEY) == [
        Related("19 999 999", "cites", None, is_stored=False),
        Related(OTHER, "similar text", 0.9, is_stored=True),
    ]
    assert links(db, OTHER) == [(KEY, "similar text")]


def test_equal_texts_are_called_the_same(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
    related.relate_texts(db, KEY, OTHER, 1)
    assert links(db) == [(OTHER, "same text")]


def test_a_changed_text_loses_the_links_of_its_text_and_no_others(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER, "25 000 001a"):
        store_decision(db, key)
    related.relate_texts(db, KEY, OTHER, 1)
    related.relate(db, KEY, [OTHER], "cites")
    related.relate(db, OTHER, [KEY], "cites")
    related.relate(db, KEY, ["25 000 001a"], "joint")
    related.forget_texts(db, KEY)
    assert links(db) == [("25 000 001a", "joint")]
    assert links(db, OTHER) == [(KEY, "cites")], "the other text still cites it"


def test_no_link_leads_to_a_suppressed_decision(db: sqlite3.Connection) -> None:
    for key in (KEY, OTHER):
        store_decision(db, key)
    related.relate_texts(db, KEY, OTHER, 1)
    suppressions.suppress(db, OTHER, "a court order", AT)
    assert links(db) == []


def test_texts_that_share_most_lines_come_first(db: sqlite3.Connection) -> None:
    for key, sketch in ((KEY, [1, 2, 3]), (OTHER, [2, 3, 9]), ("25 000 003", [3])):
        related.add_sketch(db, key, sketch)
    assert related.count_shared(db, [2, 3, 4]) == {2: 2, 3: 3}
    assert related.find_sharing(db, {1, 2, 3}, 2, 9) == [KEY, OTHER]
    assert related.find_sharing(db, {1, 2, 3}, 1, 1) == [KEY]
    related.remove_sketch(db, KEY, [2, 3])
    assert related.find_sharing(db, {1, 2, 3}, 2, 9) == [OTHER]


def test_decisions_of_an_older_file_are_linked_once(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO unrelated VALUES (?), (?)", (KEY, OTHER))
    assert related.find_unrelated(db, 1) == [KEY]
    related.mark_related(db, [KEY])
    assert related.find_unrelated(db, 9) == [OTHER]
