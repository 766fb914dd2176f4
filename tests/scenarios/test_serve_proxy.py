"""`lgsco serve` behind nginx, below a path, as docs/serving.md shows it."""

from __future__ import annotations

import html
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from lgsco.web.metadata import NAME
from support.archives import make_archive
from support.paths import ROOT
from support.web import served


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])


def documented_location() -> str:
    """Returns the `location` block of the documentation."""
    page = (ROOT / "docs" / "serving.md").read_text("utf-8")
    found = re.search(r"```nginx\n(location /decisions/ \{.*?\n\})", page, re.DOTALL)
    assert found
    return found[1]


@contextmanager
def proxied(folder: Path, upstream: int) -> Iterator[str]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed; `apt-get install nginx-light` installs it")
    port = free_port()
    location = documented_location().replace("127.0.0.1:8001", f"127.0.0.1:{upstream}")
    paths = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder / 'pid'}; error_log {folder / 'errors'};\nevents {{}}\n"
        f"http {{ access_log off; {paths} server {{ listen 127.0.0.1:{port};\n{location}\n}} }}\n"
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            with closing(socket.socket()) as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


def test_every_link_works_below_the_path_of_a_proxy(tmp_path: Path) -> None:
    make_archive(tmp_path / "lgsco.db", 6)
    options = ("--setting", "base_url", "/decisions/")
    with served(tmp_path / "lgsco.db", *options) as (server, _):
        assert server.base_url.port is not None
        with proxied(tmp_path, server.base_url.port) as address, httpx.Client(base_url=address) as client:
            seen: set[str] = set()
            for path in ("", f"{NAME}", f"{NAME}/decisions?_size=2", f"{NAME}/decisions/25+000+001"):
                answer = client.get(f"/decisions/{path}")
                assert answer.status_code == 200
                seen |= set(map(html.unescape, re.findall(r'(?:href|src|action)="(/[^"]*)"', answer.text)))
            assert {one for one in seen if not one.startswith("/decisions/")} == set()
            assert len(seen) > 40
            for link in sorted(seen)[::3]:
                assert client.get(link).status_code == 200, link
            moved = client.get("/decisions/25-000-001")
            assert moved.headers["location"].endswith(f"/decisions/{NAME}/decisions/25+000+001")
            following = client.get(f"/decisions/{NAME}/decisions.json?_size=2").json()["next_url"]
            assert client.get(following).status_code == 200
