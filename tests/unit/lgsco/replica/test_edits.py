"""The look-alike's right answers with one mistake: each differs only in the way its name says."""

from __future__ import annotations

import pytest

from lgsco.replica.edits import DropCard, Edit, NoTotal, RepeatCard, Shift, WrongCharset, WrongTotal, WrongType
from lgsco.replica.script import on
from lgsco.replica.server import Server
from lgsco.replica.site import Site
from support.sockets import LISTING, PAGE, ask, cards, right, total


@pytest.mark.parametrize("value", ["application/pdf", "text/plain", None])
def test_wrong_type_changes_only_the_content_type(server: Server, site: Site, value: str | None) -> None:
    server.faults = on(".", WrongType(value))
    got = ask(server)
    assert got.headers.get("content-type") == value and got.body == right(site)


@pytest.mark.parametrize(
    ("fault", "header", "written"),
    [
        (WrongCharset(), "text/html; charset=iso-8859-1", "utf-8"),
        (WrongCharset("utf-16"), "text/html; charset=utf-16", "utf-8"),
        (WrongCharset(None), "text/html", "utf-8"),
        (WrongCharset("utf-8", "cp1252"), "text/html; charset=utf-8", "cp1252"),
    ],
)
def test_wrong_charset_changes_the_charset(
    server: Server, site: Site, fault: WrongCharset, header: str, written: str
) -> None:
    text = right(site).decode()
    assert "’" in text
    server.faults = on(".", fault)
    got = ask(server)
    assert got.headers["content-type"] == header and got.body.decode(written) == text
    assert got.headers["content-length"] == str(len(got.body))
    if written == "cp1252":
        with pytest.raises(UnicodeDecodeError):
            got.body.decode()


def test_drop_card_removes_one_card_and_not_the_total(server: Server, site: Site) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", DropCard(2))
    got = ask(server, LISTING.format(1)).body
    assert cards(got) == listed[:2] + listed[3:10] and total(got) == "35"
    server.faults = on("SearchResults", DropCard(-1))
    assert cards(ask(server, LISTING.format(4)).body) == listed[30:34]
    server.faults = on("SearchResults", DropCard(site.listed()[14].reference))
    assert cards(ask(server, LISTING.format(2)).body) == listed[10:14] + listed[15:20]
    for other in (LISTING.format(1), LISTING.format(9)):
        assert ask(server, other).body == right(site, other)


def test_repeat_card_replaces_one_card_with_another(server: Server, site: Site) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", RepeatCard(4))
    assert cards(ask(server, LISTING.format(1)).body) == listed[:5] + listed[4:10]
    server.faults = on("SearchResults", RepeatCard(3, over=-1))
    assert cards(ask(server, LISTING.format(2)).body) == [*listed[10:19], listed[13]]
    server.faults = on("SearchResults", RepeatCard(site.listed()[0].reference, over=site.listed()[5].reference))
    assert cards(ask(server, LISTING.format(1)).body) == [*listed[:5], listed[0], *listed[6:10]]
    assert ask(server, LISTING.format(2)).body == right(site, LISTING.format(2))


@pytest.mark.parametrize("by", [-25, -10, -3, -1, 0, 1, 4, 10, 12])
def test_shift_moves_the_cards_of_every_page(server: Server, site: Site, by: int) -> None:
    listed = [sample.address for sample in site.listed()]
    server.faults = on("SearchResults", Shift(site, by))
    for page in range(1, 5):
        got = ask(server, LISTING.format(page)).body
        skip = max(0, (page - 1) * 10 + by)
        assert cards(got) == listed[skip : skip + 10] and total(got) == "35"
    home = "/decisions/education"
    server.faults = on(".", Shift(site, by))
    assert ask(server, home).body == right(site, home)


@pytest.mark.parametrize(("off", "stated"), [(1, "36"), (-5, "30"), (1_200, "1,235"), (-99, "0")])
def test_wrong_total_changes_only_the_total(server: Server, site: Site, off: int, stated: str) -> None:
    server.faults = on(".", WrongTotal(off))
    got, page = ask(server, LISTING.format(2)).body, right(site, LISTING.format(2))
    assert got == page.replace(b"has 35 results", f"has {stated} results".encode()) != page
    nothing = "/Decisions/SearchResults?fd=1990-01-01&td=1990-01-02"
    for other in (nothing, PAGE):
        assert ask(server, other).body == right(site, other)


def test_no_total_removes_only_the_total(server: Server, site: Site) -> None:
    server.faults = on(".", NoTotal())
    got = ask(server, LISTING.format(2)).body
    assert total(got) is None and cards(got) == cards(right(site, LISTING.format(2)))


def test_an_edit_can_be_any_function(server: Server) -> None:
    server.faults = on(".", Edit(lambda html: html.replace("</article>", "")))
    got = ask(server)
    assert b"<article" in got.body and b"</article>" not in got.body
    assert got.headers["content-length"] == str(len(got.body))
