"""Parses a typed query into its tree, and explains in words what is wrong with one that is not valid.

    query  = all ("OR" all)*
    all    = (["AND"] not)+
    not    = "NOT" not | "(" query ")" | "NEAR(" part+ ["," number] ")" | field ":" value | part
    part   = word | word "*" | '"' words '"' ["*"]

NOT binds before AND, AND before OR, and a space is AND. Operators are in capital letters; `or` is a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn, cast, get_args

from storage.days import parse_day
from storage.query.tree import And, Field, Filter, Near, Node, Not, Or, Part, Phrase, Prefix, QueryError, Word
from storage.query.words import Spelling, list_spellings, split_words

CHARACTERS_MOST = 4_000
TERMS_MOST = 100
DEPTH_MOST = 30
"""The longest query, the most words and filters in it, and the deepest brackets."""
NEAR_WORDS = 10
NEAR_WORDS_MOST = 1_000
NEAR_PARTS_MOST = 8
"""The words between those of a NEAR if it has no number, the most of them, and its most different parts."""

FIELDS: tuple[Field, ...] = get_args(Field)
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"') | {"\0": " "})
"""For `str.translate`: all quotation marks that a query may have become `"`."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"(?P<star>\*)?|(?P<near>NEAR\s*(?=\())|(?P<field>(?!https?:/|localhost:\d)[A-Za-z_]+):(?=[^\s:)])'
    r"|(?P<reference>\d{2}\s\d{3}\s\d{3}(?:\s?[A-Za-z])?(?![\w-]))|(?P<bracket>[()])|(?P<operator>(?:AND|OR|NOT)(?=[\s()\"]|$))"
    r"|(?P<minus>[-–—\u2212!]+(?:\"[^\"]+\"|(?:[^\W_]|\()[^\s\"]*))|(?P<run>[^\s\"]+)|(?P<lone>\")"
)
_JOINED_OPERATOR = re.compile(r"(AND|OR|NOT)[^\w*]")
"""An operator with punctuation right after it: `NOT,`."""
_TO_COMMA = re.compile(r"(?:£?\d{1,3}(?:,\d{3})+(?=,|$)|[^,]*),?", re.ASCII)
"""A word of a NEAR up to its comma. An amount such as `£1,500` is one word."""
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["part", "filter", "near", "(", ")", "AND", "OR", "NOT", ",", "end"]
    text: str
    start: int
    node: Part | Filter | None = None

    @property
    def at(self) -> str:
        return f"at character {self.start + 1}"


def parse_query(query: str) -> Node:
    """Parses a typed query. Raises QueryError with an explanation if it is not valid or has no word."""
    if len(query) > CHARACTERS_MOST:
        raise QueryError(f"the query has {len(query):,} characters; the most is {CHARACTERS_MOST:,}")
    tokens = _split(query.encode(errors="replace").decode().translate(QUOTES))
    if len([one for one in tokens if one.node is not None]) > TERMS_MOST:
        raise QueryError(f"the query has more than {TERMS_MOST} words and filters; leave some out")
    if len(tokens) == 1:
        raise QueryError("there is no word to search for")
    return _Parser(tokens).parse()


# ---------------------------------------------------------------- tokens


def _split(query: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    is_near = False
    while (found := _TOKEN.search(query, position)) is not None:
        position = found.end()
        start = found.start()
        before = len(tokens)
        match found.lastgroup:
            case "quoted" | "star":
                tokens += _make_part(Phrase(found["quoted"], found["star"] is not None, start), found[0])
            case "near":
                is_near = True
                tokens.append(_Token("near", "NEAR", start))
            case "field":
                token, position = _split_filter(query, found)
                tokens.append(token)
            case "reference":
                tokens += _make_part(Word(found["reference"], start), found[0])
            case "bracket":
                is_near = is_near and found[0] == "("
                tokens.append(_Token(cast("Literal['(', ')']", found[0]), found[0], start))
            case "operator":
                tokens.append(_Token(cast("Literal['AND', 'OR', 'NOT']", found[0]), found[0], start))
            case "minus":
                raise QueryError(_explain_minus(_cut_at_bracket(found[0]), start, is_near))
            case "run":
                run = _cut_at_bracket(found["run"])
                if is_near:
                    run = cast("re.Match[str]", _TO_COMMA.match(run))[0]
                position = start + len(run)
                tokens += _split_run(run, start)
            case _:
                raise QueryError(
                    f"the quotation mark at character {start + 1} has no partner; close the phrase or remove the mark"
                )
        _require_word(tokens, before, found)
    return [*tokens, _Token("end", "", len(query))]


def _require_word(tokens: list[_Token], before: int, found: re.Match[str]) -> None:
    """Raises QueryError if an operator is followed by punctuation, which would leave its word to the next token."""
    operator = tokens[before - 1] if before else None
    is_empty = len(tokens) == before or tokens[before].kind == ","
    if operator is not None and operator.kind in {"AND", "OR", "NOT"} and is_empty:
        raise QueryError(
            f"{operator.text} {operator.at} is followed by {found[0][:40]}, which has no letter or digit; remove "
            f"{found[0][:40]} or write a word in its place"
        )


def _cut_at_bracket(run: str) -> str:
    """Cuts a run of characters before a bracket that closes nothing in it: `delay)`, but not `34(B)`."""
    depth = 0
    for place, letter in enumerate(run):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return run[:place]
    return run


def _split_run(run: str, start: int) -> list[_Token]:
    """Makes the tokens of a run without spaces. A comma counts only in NEAR, after the last word."""
    _refuse_operator(run, start)
    if run.endswith(":") and run[:-1].lower() in FIELDS:
        raise QueryError(_explain_value(run[:-1].lower(), start))
    if run.count("(") > run.count(")"):
        place = start + run.index("(") + 1
        raise QueryError(
            f"the bracket ( at character {place} is not closed before the next space; write a space before it, add a ) "
            "or put the words in quotation marks"
        )
    if "*" in run:
        return _split_starred(run, start)
    made = _make_part(Word(run, start), run)
    return [*made, _Token(",", ",", start + len(run) - 1)] if run.endswith(",") else made


def _explain_minus(run: str, start: int, is_near: bool) -> str:
    if is_near:
        return _explain_near(_Token("part", run, start))
    word = run.lstrip("-–—\u2212!")
    sign = run.removesuffix(word)[:40]
    begins, leave = ("a hyphen", "the hyphen") if sign == "-" else (sign, sign)
    return (
        f"{run[:40]} at character {start + 1} begins with {begins}; write NOT {word[:40]} to leave the word out, or "
        f"leave {leave} out"
    )


def _refuse_operator(run: str, start: int) -> None:
    """Raises QueryError for what is probably an operator, but is not written as one."""
    if run == "NEAR" or run.lower().startswith("near("):
        needs = "needs brackets" if run == "NEAR" else "must be in capital letters"
        raise QueryError(f"{run[:4]} at character {start + 1} {needs}: NEAR(council delay, {NEAR_WORDS})")
    if run.startswith(":"):
        raise QueryError(
            f"the colon at character {start + 1} has a space before it; a filter has none, as in authority:kent. To "
            "search for the words, leave the colon out"
        )
    if "|" in run:
        signs = run[:40] if run.strip("|") == "" else "|"
        raise QueryError(
            f"{signs} at character {start + run.index('|') + 1} is not an operator; write OR: school OR college"
        )
    if (joined := _JOINED_OPERATOR.match(run)) is not None:
        raise QueryError(
            f"{joined[0]} at character {start + 1} is not clear; write a space after {joined[1]} and no punctuation, "
            "or put the words in quotation marks"
        )


def _split_starred(run: str, start: int) -> list[_Token]:
    letters = run.rstrip(",").removesuffix("*")
    if "*" in letters or not letters[-1:].isalnum() or len("".join(split_words(letters))) < 2:
        raise QueryError(
            f"{run[:40]} at character {start + 1}: a * must be at the end of a word, with two letters or more "
            "before it, as in assess*"
        )
    made = _make_part(Prefix(letters, start), run)
    return [*made, _Token(",", ",", start + len(run) - 1)] if run.endswith(",") else made


def _make_part(part: Part, text: str) -> list[_Token]:
    """Makes the token of a part; none for punctuation, which the indexes do not have."""
    return [_Token("part", text, part.start, part)] if list_spellings(part) else []


def _split_filter(query: str, found: re.Match[str]) -> tuple[_Token, int]:
    start, name = found.start(), found["field"].lower()
    if name not in FIELDS:
        known = ", ".join(f"{field}:" for field in FIELDS)
        raise QueryError(
            f"{found['field'][:40]}: at character {start + 1} is not a field; the fields are {known}. To search for "
            "the words, put them in quotation marks"
        )
    value = re.compile(r'"([^"]*)"|([^\s"]+)').match(query, found.end())
    if value is None or not (words := value[1] if value[1] is not None else _cut_at_bracket(value[2])).strip():
        raise QueryError(_explain_value(name, start))
    field = cast("Field", name)
    end = value.end() if value[1] is not None else value.start() + len(words)
    return _Token("filter", query[start:end], start, make_filter(field, words)), end


def _explain_value(name: str, start: int) -> str:
    example = f"{name}:2024-03-31" if name in {"from", "to"} else f'{name}:word or {name}:"several words"'
    return f"{name}: at character {start + 1} needs its value right after the colon: {example}"


def make_filter(field: Field, value: str) -> Filter:
    """Makes a filter from typed text. Raises QueryError for an invalid date, or a name without a letter."""
    if field in {"from", "to"}:
        return Filter(field, _parse_day(field, value))
    if not split_words(value):
        raise QueryError(f"{field}:{value[:40]} has no letter or digit to look for")
    return Filter(field, value)


def _parse_day(field: Field, value: str) -> str:
    """Parses a day, a month or a year; `to` is then its last day."""
    try:
        return parse_day(value, is_last=field == "to").isoformat()
    except ValueError:
        raise QueryError(
            f"{field}:{value[:40]} is not a date; write a day, a month or a year: {field}:2024-03-31, {field}:2024-03, "
            f"{field}:2024"
        ) from None


# ---------------------------------------------------------------- the tree


class _Parser:
    """Parses tokens by recursive descent."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._parse_or()
        if self._next.kind == ")":
            raise QueryError(f"the bracket ) {self._next.at} closes nothing; remove it, or add a ( before")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _parse_or(self) -> Node:
        parts = [self._parse_and()]
        while self._next.kind == "OR":
            self._require_operand(self._take())
            parts.append(self._parse_and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _parse_and(self) -> Node:
        self._skip_commas()
        if self._next.kind in {"AND", "OR"}:
            raise QueryError(
                f"{self._next.text} {self._next.at} has nothing before it; write a word or a phrase on each side"
            )
        parts = [self._parse_not()]
        while True:
            self._skip_commas()
            if self._next.kind == "AND":
                self._require_operand(self._take())
            elif self._next.kind in {"OR", ")", "end"}:
                return parts[0] if len(parts) == 1 else And(tuple(parts))
            parts.append(self._parse_not())

    def _skip_commas(self) -> None:
        while self._next.kind == ",":
            self._place += 1

    def _require_operand(self, operator: _Token) -> None:
        self._skip_commas()
        if self._next.kind in {"AND", "OR", ")", "end"}:
            where = f"is followed by {self._next.text}" if self._next.text else "has nothing after it"
            example = "NOT delay" if operator.kind == "NOT" else f"complaint {operator.text} delay"
            raise QueryError(f"{operator.text} {operator.at} {where}; write it as in: {example}")

    def _parse_not(self) -> Node:
        token = self._take()
        match token.kind:
            case "NOT":
                self._require_operand(token)
                return Not(self._nested(token, self._parse_not))
            case "(":
                return self._parse_group(token)
            case "near":
                return self._parse_near(token)
            case "part" | "filter":
                assert token.node is not None
                return token.node
            case _:
                raise QueryError("there is no word to search for")

    def _nested(self, token: _Token, parse: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEPTH_MOST:
            raise QueryError(f"the query has more than {DEPTH_MOST} levels of brackets and NOT {token.at}")
        node = parse()
        self._depth -= 1
        return node

    def _parse_group(self, opened: _Token) -> Node:
        self._skip_commas()
        if self._next.kind == ")":
            raise QueryError(f"the brackets {opened.at} have no word between them")
        if self._next.kind == "end":
            self._not_closed(opened)
        node = self._nested(opened, self._parse_or)
        if self._take().kind != ")":
            self._not_closed(opened)
        return node

    def _not_closed(self, opened: _Token) -> NoReturn:
        raise QueryError(f"the bracket ( {opened.at} is not closed; add a )")

    def _parse_near(self, near: _Token) -> Near:
        opened = self._take()
        inside: list[_Token] = []
        while (token := self._take()).kind != ")":
            if token.kind == "end":
                self._not_closed(opened)
            if token.kind not in {"part", ","}:
                raise QueryError(_explain_near(token))
            inside.append(token)
        comma = max((place for place, token in enumerate(inside) if token.kind == ","), default=len(inside))
        distance = _parse_distance(near, inside[comma + 1 :]) if comma < len(inside) else NEAR_WORDS
        parts = [cast("Part", token.node) for token in inside[:comma] if token.node is not None]
        if len(parts) < 2:
            raise QueryError(f"NEAR {near.at} needs two words or more: NEAR(council delay, {NEAR_WORDS})")
        different: dict[tuple[Spelling, ...], Part] = {}
        for part in parts:
            different.setdefault(list_spellings(part), part)
        if len(different) > NEAR_PARTS_MOST:
            raise QueryError(
                f"NEAR {near.at} has {len(different)} different words and phrases; the most is {NEAR_PARTS_MOST}"
            )
        return Near(tuple(different.values()), distance)


def _parse_distance(near: _Token, after: list[_Token]) -> int:
    """Parses what follows the last comma of NEAR."""
    typed = " ".join(token.text for token in after)
    if not (_NUMBER.fullmatch(typed) and int(typed) <= NEAR_WORDS_MOST):
        raise QueryError(
            f"NEAR {near.at} takes an integer from 0 to {NEAR_WORDS_MOST:,} after its last comma, not "
            f"{typed[:40] or 'nothing'}; write it as in: NEAR(council delay, {NEAR_WORDS})"
        )
    return int(typed)


def _explain_near(wrong: _Token) -> str:
    return (
        f"{wrong.text[:40]} {wrong.at} is not allowed in NEAR, which takes words, phrases and, after a comma at the "
        f"end, an integer from 0 to {NEAR_WORDS_MOST:,}: NEAR(council delay, {NEAR_WORDS})"
    )
