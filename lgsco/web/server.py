"""`lgsco serve`: Datasette on the file, beside whoever writes it, until a signal ends it."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm

from lgsco.web import plugin
from lgsco.web.metadata import NAME, describe
from lgsco.web.served_file import ServedFile
from storage.database import reading
from storage.errors import LgscoError

_FOLDER = Path(__file__).parent
_GRACE_SECONDS = 1
"""How long answers under way may take once a signal asked to stop."""

_HEAD_MOST = 1_000_000
"""Bytes of a request's address and headers. Above this, uvicorn closes the connection, often before the client has
read the answer. `lgsco.web.addresses` has a lower limit, and answers with a sentence."""

SETTINGS: dict[str, int | bool] = {
    "default_allow_sql": True,
    "default_page_size": 50,
    "default_facet_size": 15,
    "facet_time_limit_ms": 1000,
    "suggest_facets": False,  # tries every column of every page; the tables name their own
    "sql_time_limit_ms": 10_000,
    "num_sql_threads": 3,
    "truncate_cells_html": 4000,  # a paragraph is never cut
    "max_csv_mb": 0,  # Datasette would end a CSV at this size as if it were complete
    "allow_download": False,  # copying a file in WAL mode is no copy: `lgsco snapshot` makes one
}


class CannotServe(LgscoError):
    """The address cannot be served."""

    exit_code = 2


def serve(database: Path, *, host: str, port: int) -> int:
    """Serves the file with Datasette until Ctrl-C or SIGTERM; prints the address first. Port 0 takes a free one.

    Raises StoreFailed and SchemaMismatch for a file that cannot be read, CannotServe for an address that cannot
    be had.
    """
    datasette = application(database)
    with _listening(host, port) as listener, _stopping(_config(datasette)) as server:
        click.echo(_url(host, listener.getsockname()[1]))
        click.echo(f"{database} is served there, to read only. Ctrl-C ends it.")
        server.run(sockets=[listener])
        _break_off(datasette)
    return 0


def _config(datasette: Datasette) -> uvicorn.Config:
    return uvicorn.Config(
        datasette.app(),
        log_level="error",
        http="h11",  # httptools has no such limit to set
        h11_max_incomplete_event_size=_HEAD_MOST,
        ws="none",
    )


def application(database: Path) -> Datasette:
    """Datasette on the file, with our metadata, templates and plugin. Raises StoreFailed, SchemaMismatch."""
    with reading(database):  # checks the file, and says plainly what is wrong with it
        pass
    if not pm.is_registered(plugin):
        pm.register(plugin)
    datasette = Datasette(
        [],
        memory=False,
        metadata=describe(),
        template_dir=str(_FOLDER / "templates"),
        static_mounts=[("assets", str(_FOLDER / "assets"))],
        settings=SETTINGS,
    )
    datasette.remove_database("_memory")
    datasette.add_database(ServedFile(datasette, str(database.resolve())), name=NAME)
    return datasette


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at the address, listening. Raises CannotServe."""
    if not 0 <= port <= 65_535:
        raise CannotServe(f"port {port}: there is none; name one from 0 to 65535 with --port")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        raise CannotServe(_why(host, port, error)) from error
    # asyncio sets this only on sockets that were made with IPPROTO_TCP. Without it, each answer on a kept connection
    # may wait 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def _why(host: str, port: int, error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{host} is no address of this machine; 127.0.0.1 is the usual one, name another with --host"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use by another program; name another with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine; 127.0.0.1 is the usual one, name another with --host"
        case errno.EACCES | errno.EPERM:
            return f"port {port} of {host} may not be used; name one above 1023 with --port"
        case _:
            return f"port {port} of {host} cannot be served ({error}); name another with --host or --port"


@contextlib.contextmanager
def _stopping(config: uvicorn.Config) -> Iterator[uvicorn.Server]:
    """A server that SIGINT and SIGTERM end, also before it runs; uvicorn raises a signal again once it has stopped."""
    config.timeout_graceful_shutdown = _GRACE_SECONDS
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield server
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _break_off(datasette: Datasette) -> None:
    """Ends queries under way, whose threads Python would wait for."""
    datasette.executor.shutdown(wait=False, cancel_futures=True)
    datasette.databases[NAME].interrupt()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
