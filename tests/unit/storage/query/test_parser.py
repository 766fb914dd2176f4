from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.query.parser import CHARACTERS_MOST, parse_query
from storage.query.tree import And, Filter, Near, Node, Not, Or, Part, Phrase, Prefix, QueryError, Word
from support.few_cases import examples


def bare(node: Node) -> object:
    """Returns the tree in short: words as strings, phrases in quotation marks, operators with their parts."""
    match node:
        case And(parts):
            return ("AND", *map(bare, parts))
        case Or(parts):
            return ("OR", *map(bare, parts))
        case Not(part):
            return ("NOT", bare(part))
        case Near(parts, distance):
            return ("NEAR", *map(bare, parts), distance)
        case Filter(field, value):
            return f"{field}:{value}"
        case _:
            return _bare_part(node)


def _bare_part(part: Part) -> str:
    match part:
        case Prefix(text):
            return f"{text}*"
        case Phrase(text, begins):
            return f'"{text}"{"*" if begins else ""}'
        case Word(text):
            return text.strip(",.;")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("council", "council"),
        ("council delay", ("AND", "council", "delay")),
        ("council AND delay", ("AND", "council", "delay")),
        ("a b OR c NOT d AND e", ("OR", ("AND", "a", "b"), ("AND", "c", ("NOT", "d"), "e"))),
        ("a (b OR (c d)) e", ("AND", "a", ("OR", "b", ("AND", "c", "d")), "e")),
        ("NOT a OR b", ("OR", ("NOT", "a"), "b")),
        ("NOT NOT a", ("NOT", ("NOT", "a"))),
        ("NOT (a OR b)", ("NOT", ("OR", "a", "b"))),
        ("a or b", ("AND", "a", "or", "b")),
        ("delay NOT(housing)", ("AND", "delay", ("NOT", "housing"))),
        ("(delay)NOT(housing)", ("AND", "delay", ("NOT", "housing"))),
        ('"delay"NOT(housing)', ("AND", '"delay"', ("NOT", "housing"))),
        ('delay NOT"housing"', ("AND", "delay", ("NOT", '"housing"'))),
        ("NOT(delay)", ("NOT", "delay")),
        ("delay NOT(housing OR transport)", ("AND", "delay", ("NOT", ("OR", "housing", "transport")))),
        ("delay OR(housing)", ("OR", "delay", "housing")),
        ("(school)OR(college)", ("OR", "school", "college")),
        ("delay AND(school OR college)", ("AND", "delay", ("OR", "school", "college"))),
        ("delay AND(34(B))", ("AND", "delay", "34(B)")),
        ("NOT* NOTICE", ("AND", "NOT*", "NOTICE")),
        ("near (council delay)", ("AND", "near", ("AND", "council", "delay"))),
        ('"best interests" delay', ("AND", '"best interests"', "delay")),
        ("“best interests”", '"best interests"'),
        ('"best inter"*', '"best inter"*'),
        ('the"council"delay', ("AND", "the", '"council"', "delay")),
        ("assess*", "assess*"),
        ("assess*, delay", ("AND", "assess*", "delay")),
        ("(34(B) OR x)", ("OR", "34(B)", "x")),
        ("section 34(B)", ("AND", "section", "34(B)")),
        ("(council OR delay).", ("OR", "council", "delay")),
        ("NEAR(council delay, 5) x", ("AND", ("NEAR", "council", "delay", 5), "x")),
        ("NEAR(council delay,5)", ("NEAR", "council", "delay", 5)),
        ("NEAR (council delay)", ("NEAR", "council", "delay", 10)),
        ('NEAR("best interests" delay*, 3)', ("NEAR", '"best interests"', "delay*", 3)),
        ("NEAR(1 2, 3)", ("NEAR", "1", "2", 3)),
        ("NEAR(a, b, 5)", ("NEAR", "a", "b", 5)),
        ("NEAR(a,b,0)", ("NEAR", "a", "b", 0)),
        ("NEAR(a b , 1000)", ("NEAR", "a", "b", 1000)),
        ("NEAR(£1,500 delay)", ("NEAR", "£1,500", "delay", 10)),
        ("NEAR(delay £1,500,5)", ("NEAR", "delay", "£1,500", 5)),
        ('NEAR(the THE the, council "the" the, 7)', ("NEAR", "the", "council", '"the"', 7)),
        ("NEAR(the the)", ("NEAR", "the", 10)),
        ("NEAR(1 2 3 4 5 6 7 8 1 2 3, 4)", ("NEAR", *"12345678", 4)),
        ("(delay,5)", "delay,5"),
        ("25 004 920 delay", ("AND", "25 004 920", "delay")),
        ("delay 25-004-920.", ("AND", "delay", "25-004-920")),
        ("well-known – council's", ("AND", "well-known", "council's")),
        ("authority:kent", "authority:kent"),
        ('delay Outcome:"not upheld"', ("AND", "delay", "outcome:not upheld")),
        ("(authority:kent OR category:housing) x", ("AND", ("OR", "authority:kent", "category:housing"), "x")),
        ("from:2024 to:2024", ("AND", "from:2024-01-01", "to:2024-12-31")),
        ("from:2024-02 to:2024-02", ("AND", "from:2024-02-01", "to:2024-02-29")),
        ("from:2024-2-3 to:2024-02-05", ("AND", "from:2024-02-03", "to:2024-02-05")),
        ("10:30", "10:30"),
        ("+council ^delay", ("AND", "+council", "^delay")),
    ],
)
def test_a_query_has_the_expected_tree(query: str, tree: object) -> None:
    assert bare(parse_query(query)) == tree


@pytest.mark.parametrize(
    ("query", "explained"),
    [
        ("", "there is no word to search for"),
        (" & – ", "there is no word to search for"),
        ('""', "there is no word to search for"),
        ('council "delay', "the quotation mark at character 9 has no partner"),
        ("council (delay", "the bracket ( at character 9 is not closed"),
        ("council(delay", "the bracket ( at character 8 is not closed"),
        ("council) delay", "the bracket ) at character 8 closes nothing"),
        ("a ()", "the brackets at character 3 have no word between them"),
        ("council AND", "AND at character 9 has nothing after it"),
        ("council OR )", "OR at character 9 is followed by )"),
        ("council AND OR delay", "AND at character 9 is followed by OR"),
        ("delay NOT, housing", "NOT, at character 7 is not clear; write a space after NOT and no punctuation"),
        ("delay OR, housing", "OR, at character 7 is not clear"),
        ("delay NOT-housing", "NOT- at character 7 is not clear"),
        ("delay AND/OR housing", "AND/ at character 7 is not clear"),
        ("near(council delay)", "near at character 1 must be in capital letters: NEAR(council delay, 10)"),
        ("a Near(council)", "Near at character 3 must be in capital letters"),
        ('delay NOT "%" housing', 'NOT at character 7 is followed by "%", which has no letter or digit; remove "%" or'),
        ("delay OR – housing", "OR at character 7 is followed by –, which has no letter or digit"),
        ("delay NOT , housing", "NOT at character 7 is followed by ,, which has no letter or digit"),
        ("school | college", "| at character 8 is not an operator; write OR: school OR college"),
        ("school || college", "|| at character 8 is not an operator; write OR"),
        ("school|college", "| at character 7 is not an operator; write OR"),
        (
            "authority : kent",
            "the colon at character 11 has a space before it; a filter has none, as in authority:kent",
        ),
        ("{summary} :delay", "the colon at character 11 has a space before it"),
        ("OR council", "OR at character 1 has nothing before it"),
        ("council NOT", "NOT at character 9 has nothing after it; write it as in: NOT delay"),
        ("a (OR b)", "OR at character 4 has nothing before it"),
        ("-council", "begins with a hyphen; write NOT council to leave the word out, or leave the hyphen out"),
        (
            "delay –council",
            "–council at character 7 begins with –; write NOT council to leave the word out, or leave – out",
        ),
        ("delay —council", "write NOT council to leave the word out"),
        ("delay !council", "!council at character 7 begins with !; write NOT council"),
        ("delay --council", "begins with --; write NOT council"),
        ("(delay -council)", "write NOT council to leave"),
        ('delay -"best interests"', 'write NOT "best interests" to leave'),
        ("delay -(housing)", "write NOT (housing) to leave"),
        ("NEAR delay", "NEAR at character 1 needs brackets: NEAR(council delay, 10)"),
        ("NEAR(delay)", "NEAR at character 1 needs two words or more"),
        ("NEAR(a OR b)", "OR at character 8 is not allowed in NEAR"),
        ("NEAR(a authority:b)", "authority:b at character 8 is not allowed in NEAR"),
        ("NEAR(a b, 5000)", "NEAR at character 1 takes an integer from 0 to 1,000 after its last comma, not 5000"),
        ("NEAR(a b, 1001)", "not 1001"),
        ("NEAR(a b, five)", "not five; write it as in: NEAR(council delay, 10)"),
        ("NEAR(a b,five)", "not five"),
        ("NEAR(a b, 5.5)", "not 5.5"),
        ("NEAR(a b, 99999999999)", "not 99999999999"),
        ("NEAR(a b, ５)", "not ５"),
        ('NEAR(a b, "5")', 'not "5"'),
        ("NEAR(a b, 5 c)", "not 5 c"),
        ("NEAR(a b,5 c)", "not 5 c"),
        ("NEAR(council, delay)", "not delay"),
        ("NEAR(a b, )", "not nothing"),
        ("NEAR(a b, -5)", "-5 at character 11 is not allowed in NEAR, which takes words, phrases and, after a comma"),
        ("NEAR(1 2 3 4 5 6 7 8 9)", "NEAR at character 1 has 9 different words and phrases; the most is 8"),
        ("NEAR(a b", "the bracket ( at character 5 is not closed"),
        ("*", "a * must be at the end of a word, with two letters"),
        ("a*", "with two letters"),
        ("*ment", "a * must be at the end of a word"),
        ("text:council", "text: at character 1 is not a field; the fields are authority:, outcome:, category:, from:"),
        ("authority: kent", "authority: at character 1 needs its value right after the colon"),
        ('authority:"" kent', "authority: at character 1 needs its value right after the colon"),
        ("outcome:-", "outcome:- has no letter or digit"),
        ("to:2024-13", "to:2024-13 is not a date; write a day, a month or a year: to:2024-03-31, to:2024-03, to:2024"),
        ("from:yesterday", "from:yesterday is not a date"),
        ("x" * (CHARACTERS_MOST + 1), "the query has 4,001 characters; the most is 4,000"),
        ("word " * 101, "the query has more than 100 words and filters"),
        (f"{'(' * 31}a{')' * 31}", "the query has more than 30 levels of brackets and NOT"),
    ],
)
def test_an_invalid_query_is_explained(query: str, explained: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_query(query)
    assert explained in str(raised.value)


@given(st.text(max_size=60) | st.text(alphabet="ab\"'*()-:, ANDORTE25\u2019\0\ud800", max_size=40))
@settings(deadline=None, max_examples=examples(quick=200, full=500))
def test_any_text_gives_a_tree_or_an_explanation(query: str) -> None:
    try:
        parse_query(query)
    except QueryError as error:
        assert str(error)  # noqa: PT017  # either outcome is right
