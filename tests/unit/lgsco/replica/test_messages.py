"""The messages of the look-alike as they are sent."""

from __future__ import annotations

from lgsco.replica.messages import TEXT, Request, Response


def test_the_path_ends_at_the_first_question_mark() -> None:
    assert Request("GET", "/a?b=/c?d", {}).path == "/a"
    assert Request("GET", "/a", {}).path == "/a"


def test_a_response_states_its_length_unless_a_header_does() -> None:
    assert Response(200, b"four", TEXT).wire == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\nfour"
    )
    wrong = Response(200, b"four", (("content-length", "9"),))
    assert wrong.head == b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"


def test_not_modified_has_no_length_and_an_unknown_status_a_reason() -> None:
    assert Response(304, b"", ()).head == b"HTTP/1.1 304 Not Modified\r\n\r\n"
    assert Response(299, b"", ()).head.startswith(b"HTTP/1.1 299 Unknown\r\n")
