"""Links resolved as browsers do, and the decision at an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lgo.addresses import LISTING, Address, DecisionAddress, find_decision, resolve

PAGE = Address("https", "www.lgo.org.uk", None, "/Decisions/SearchResults")
DECISION = "/decisions/education/school-admissions/25-004-920"


def path_of(link: str, base: Address = PAGE) -> str:
    found = resolve(link, base)
    assert found is not None
    assert (found.scheme, found.host, found.port) == (base.scheme, base.host, base.port)
    return found.path


def test_the_listing_has_an_address() -> None:
    assert resolve(LISTING) == PAGE


@pytest.mark.parametrize(
    "link",
    [
        DECISION,
        f"\n   {DECISION}\n",
        f"\t\x01 {DECISION} \x1f",
        DECISION.replace("/25", "/\r\n\t25"),
        DECISION.replace("/", "\\"),
        f"{DECISION}#summary",
        f"{DECISION}?displaypref=1",
        f"..{DECISION}",
        f"../../..{DECISION}",
        f"./..{DECISION}",
        f".{DECISION}".replace("./", "../x/../"),
        f"%2e%2E{DECISION}",
        f"//www.lgo.org.uk{DECISION}",
        f"///www.lgo.org.uk{DECISION}",
        f"\\\\www.lgo.org.uk{DECISION}",
        f"https://www.lgo.org.uk{DECISION}",
        f"HTTPS://WWW.LGO.ORG.UK:443{DECISION}",
        f"https:{DECISION}",
        f"https:/{DECISION}".replace("//", "/"),
        f"https:\\\\www.lgo.org.uk{DECISION}",
        f"https://someone@www.lgo.org.uk{DECISION}",
        f"ht\ntps://www.lgo\t.org.uk{DECISION}",
    ],
)
def test_a_link_is_resolved_as_a_browser_resolves_it(link: str) -> None:
    assert path_of(link) == DECISION


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("", "/Decisions/SearchResults"),
        ("?page=2", "/Decisions/SearchResults"),
        ("#top", "/Decisions/SearchResults"),
        (".", "/Decisions/"),
        ("..", "/"),
        ("x", "/Decisions/x"),
        ("x/", "/Decisions/x/"),
        ("/a/../..", "/"),
        ("/a//b", "/a//b"),
        ("/a b", "/a%20b"),
        ("/a\u00a0b", "/a%C2%A0b"),
        ("/a%2fb%", "/a%2fb%"),
        ("/children’s", "/children%E2%80%99s"),
        (";jsessionid=1", "/Decisions/;jsessionid=1"),
    ],
)
def test_resolved_links_have_the_path_that_a_browser_requests(link: str, path: str) -> None:
    assert path_of(link) == path


@pytest.mark.parametrize(
    ("link", "host", "port"),
    [
        ("//example.org/x", "example.org", None),
        ("http://example.org:80/x", "example.org", None),
        ("http://example.org:443/x", "example.org", 443),
        ("/\\example.org/x", "example.org", None),
        ("http:example.org/x", "example.org", None),
        ("https://www.lgo.org.uk@example.org/x", "example.org", None),
        ("https://%65xample.org/x", "example.org", None),
        ("https://[::1]:8080/x", "[::1]", 8080),
    ],
)
def test_a_link_to_another_host_names_that_host(link: str, host: str, port: int | None) -> None:
    found = resolve(link, PAGE)
    assert found is not None
    assert (found.host, found.port, found.path) == (host, port, "/x")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "mailto:a@example.org",
        "tel:0300",
        "data:text/html,x",
        "file:///etc",
        "ftp://www.lgo.org.uk/x",
        "http://",
        "//",
        "http://[",
        "http://[::1",
        "http://a:b/",
        "http://a:99999/",
        "http://a b/",
        "http://a:1:2/",
    ],
)
def test_links_that_are_not_web_addresses_give_none(link: str) -> None:
    assert resolve(link, PAGE) is None


def test_address_needs_a_host_or_a_base() -> None:
    assert resolve("/x") is None
    assert resolve("x") is None


@given(link=st.text(max_size=30), base=st.sampled_from([PAGE, Address("http", "127.0.0.1", 8080, "/a/b/")]))
def test_any_link_gives_a_valid_address_or_none(link: str, base: Address) -> None:
    found = resolve(link, base)
    if found is not None:
        assert found.path.startswith("/")
        assert found.path.isascii() and found.path.isprintable() and not set(found.path) & set(' "#<>?`{}\\^')
        assert not {".", ".."} & set(found.path.split("/"))


# ---------------------------------------------------------------- the same site


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.lgo.org.uk/", "http://lgo.org.uk/", True),
        ("https://www.lgo.org.uk./", "https://lgo.org.uk/", True),
        ("https://www.lgo.org.uk/", "http://127.0.0.1:8080/", True),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", True),
        ("https://127.0.0.1:8080/", "http://127.0.0.1:8080/", True),
        ("http://127.0.0.1:8081/", "http://127.0.0.1:8080/", False),
        ("http://127.0.0.1/", "http://127.0.0.1:8080/", False),
        ("http://127.0.0.1:8080/", "https://www.lgo.org.uk/", False),
        ("https://www.lgo.org.uk.example.org/", "https://www.lgo.org.uk/", False),
        ("https://www.lgo.org.uk:8443/", "https://www.lgo.org.uk/", False),
        ("https://decisions.lgo.org.uk/", "https://www.lgo.org.uk/", False),
    ],
)
def test_a_link_is_on_the_same_site_if_scheme_host_and_port_are_equal(one: str, other: str, same: bool) -> None:
    link, page = resolve(one), resolve(other)
    assert link is not None
    assert page is not None
    assert link.is_same_site(page) is same


# ---------------------------------------------------------------- decisions


def decision_at(path: str) -> DecisionAddress | None:
    return find_decision(Address("https", "www.lgo.org.uk", None, path))


@pytest.mark.parametrize(
    ("path", "asked", "reference"),
    [
        (DECISION, DECISION, "25 004 920"),
        (f"{DECISION}/", f"{DECISION}/", "25 004 920"),
        (f"{DECISION};jsessionid=0A1B", DECISION, "25 004 920"),
        (f"{DECISION};JSESSIONID=0A1B/", f"{DECISION}/", "25 004 920"),
        ("/decisions;a=1/education;b/school-admissions;c=d/25-004-920;e", DECISION, "25 004 920"),
        (f"{DECISION}%3Bjsessionid=0A1B", DECISION, "25 004 920"),
        (
            "/Decisions/Education/School-Admissions/25-004-920",
            DECISION,
            "25 004 920",
        ),
        ("/decisions/education/school%2Dadmissions/25%2D004%2D920", DECISION, "25 004 920"),
        ("/decisions/%65ducation/school-admissions/%32%35-004-920", DECISION, "25 004 920"),
        ("/decisions/health/other/24-001-411A", "/decisions/health/other/24-001-411a", "24 001 411a"),
        ("/decisions/education/25-004-920", "/decisions/education/25-004-920", "25 004 920"),
        ("/decisions/education/other/25004920", "/decisions/education/other/25004920", "25 004 920"),
        ("/decisions/children's%20%28a,b%29/x/25-004-920", "/decisions/children's%20(a,b)/x/25-004-920", "25 004 920"),
        (
            "/decisions/children%E2%80%99s-care/other/25-004-920",
            "/decisions/children%e2%80%99s-care/other/25-004-920",
            "25 004 920",
        ),
    ],
)
def test_the_reference_in_a_decision_address_is_found(path: str, asked: str, reference: str) -> None:
    assert decision_at(path) == DecisionAddress(asked, reference)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/decisions",
        "/decisions/education/other",
        "/decisions/25-004-920",
        "/decisions/a/b/c/25-004-920",
        "/decisions//other/25-004-920",
        "/reports/education/other/25-004-920",
        "/decisions/education/other/25-004-920/print",
        "/decisions/education/other/25-004-920.pdf",
        "/decisions/education/other/25-004-9200",
        "/decisions/education/other/25_004_920",
        "/decisions/education%2Fother/x/25-004-920%2F",
        "/decisions/education/other/%EF%BC%92%EF%BC%95-004-920",
        "/decisions/education/oth%00er/25-004-920",
        "/decisions/education/oth%0d%0aer/25-004-920",
        "/decisions/education/oth%1Ber/25-004-920",
        "/decisions/education/oth%E2%80%AEer/25-004-920",
        "/decisions/education/a%3Fb/25-004-920",
        "/decisions/education/a%23b/25-004-920",
        "/decisions/education/a%2525b/25-004-920",
        "/decisions/education/caf%E9/25-004-920",
        "//decisions/education/25-004-920",
    ],
)
def test_other_addresses_are_not_decisions(path: str) -> None:
    assert decision_at(path) is None
