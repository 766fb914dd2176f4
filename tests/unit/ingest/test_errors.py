"""Which errors may be tried again, and that one document never stops the others."""

from __future__ import annotations

import pytest

from ingest import errors
from ingest.errors import CutShort, Gone, HeldOff, Misread, Refused, Stopped, one_document


@pytest.mark.parametrize(
    ("status", "retry"), [(429, True), (500, True), (503, True), (302, False), (400, False), (418, False)]
)
def test_a_refusal_is_tried_again_only_if_it_may_pass(status: int, retry: bool) -> None:
    assert Refused("no", status=status).retry == retry, f"after the status {status}"


@pytest.mark.parametrize("kind", [errors.Gone, errors.Elsewhere, errors.Denied, errors.Disallowed])
def test_an_answer_that_will_be_the_same_is_not_tried_again(kind: type[errors.FetchError]) -> None:
    assert not kind("no").retry


def test_an_unforeseen_error_of_the_parser_becomes_that_of_its_document() -> None:
    with pytest.raises(Misread, match=r"a bug in lgsco: ZeroDivisionError: division") as error, one_document():
        raise ZeroDivisionError("division")
    assert isinstance(error.value.__cause__, ZeroDivisionError)
    with pytest.raises(CutShort), one_document():
        raise CutShort("its end is missing")
    with pytest.raises(KeyboardInterrupt), one_document():
        raise KeyboardInterrupt


def test_a_long_wait_names_the_answer_that_asked_for_it() -> None:
    refused = Refused("the site answers 503", status=503)
    error = HeldOff("it asks for a day", refused)
    assert str(error) == "the site answers 503, and it asks for a day"
    assert error.by is refused
    assert str(HeldOff("it asks for a day")) == "it asks for a day"


def test_a_missing_page_keeps_the_words_of_its_answer() -> None:
    gone = Gone("404", status=404, body=b"withdrawn", charset="utf-8")
    assert (gone.status, gone.body, gone.charset) == (404, b"withdrawn", "utf-8")
    assert "run the same command again" in str(Stopped(143))
