"""How `lgsco serve` builds Datasette, and which addresses and options it refuses."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lgsco.web.archives import find_archives
from lgsco.web.metadata import NAME
from lgsco.web.public_file import PublicFile
from lgsco.web.server import SETTINGS, CannotServe, Options, _open_socket, _url, make_datasette
from storage.database import reading
from storage.errors import NoDatabase, NotPublic
from storage.snapshot import snapshot


def test_the_file_is_served_under_one_name_with_our_settings(small_archive: Path) -> None:
    datasette = make_datasette(small_archive, Options(hosts=("Archive.example",)))
    assert list(datasette.databases) == ["_internal", NAME]
    assert {name: datasette.setting(name) for name in SETTINGS} == SETTINGS
    settings = find_archives(datasette).settings
    assert settings.hosts == {"archive.example"}
    assert not settings.accounts, "visitors may log in only with --root"


def test_options_of_datasette_go_before_ours(small_archive: Path) -> None:
    datasette = make_datasette(small_archive, Options(datasette=("--setting", "default_page_size", "7", "--root")))
    assert datasette.setting("default_page_size") == 7
    assert find_archives(datasette).settings.accounts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port", "8002"), "--port after -- cannot be used: give it before --"),
        (("--reload",), "lgsco serve notices a replaced file by itself"),
        (("--no-such",), "an option for Datasette after -- cannot be used"),
    ],
)
def test_an_option_that_cannot_be_passed_on_says_what_to_do(
    small_archive: Path, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CannotServe, match=message):
        make_datasette(small_archive, Options(datasette=options))


def test_only_a_public_snapshot_is_served_to_everybody(small_archive: Path, tmp_path: Path) -> None:
    with pytest.raises(NotPublic):
        make_datasette(small_archive, Options(public=True))
    with pytest.raises(NoDatabase):
        make_datasette(tmp_path / "none.db")


@pytest.mark.parametrize(("name", "option"), [("root", "--root"), ("memory", "--memory"), ("crossdb", "--crossdb")])
def test_a_public_server_shows_nothing_but_the_snapshot(
    small_archive: Path, tmp_path: Path, name: str, option: str
) -> None:
    with reading(small_archive) as db:
        snapshot(db, tmp_path / "public.db", public=True)
    served = make_datasette(tmp_path / "public.db", Options(public=True)).databases[NAME]
    assert isinstance(served, PublicFile)
    with pytest.raises(CannotServe, match=f"--{name} after -- cannot be used with --public"):
        make_datasette(tmp_path / "public.db", Options(public=True, datasette=(option,)))


def test_an_address_that_cannot_be_used_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host, number, message in (
            ("127.0.0.1", port, "is in use by another program; choose another with --port"),
            ("127.0.0.1", 65_536, "out of range"),
            ("192.0.2.1", 0, "is not an address of this machine"),
            ("no such host", 0, "is not an address of this machine"),
        ):
            with pytest.raises(CannotServe, match=message), _open_socket(host, number):
                pass


def test_an_ipv6_address_has_brackets() -> None:
    assert _url("::1", 8001) == "http://[::1]:8001/"
    assert _url("127.0.0.1", 8001, "/archive/") == "http://127.0.0.1:8001/archive/"
