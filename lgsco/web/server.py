"""Runs `lgsco serve`: Datasette on the database file until a signal stops it. Other programs may write meanwhile."""

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
"""Seconds that running answers may take after a signal asked the server to stop."""

_MAX_HEAD_BYTES = 1_000_000
"""Most bytes in a request's address and headers.

Above this, uvicorn closes the connection, often before the client has read the answer. `lgsco.web.addresses` has a
lower limit, and answers with a message.
"""

SETTINGS: dict[str, int | bool] = {
    "default_allow_sql": True,
    "default_page_size": 50,
    "default_facet_size": 15,
    "facet_time_limit_ms": 1000,
    "suggest_facets": False,  # tries every column of every page; the metadata names the facets of each table
    "sql_time_limit_ms": 10_000,
    "num_sql_threads": 3,
    "truncate_cells_html": 4000,  # so that a paragraph is never cut
    "max_csv_mb": 0,  # Datasette would end a CSV at this size as if it were complete
    "allow_download": False,  # a plain copy of a file in WAL mode may lack data; use `lgsco snapshot`
}


class CannotServe(LgscoError):
    """The server cannot listen at the address."""

    exit_code = 2


def serve(database: Path, *, host: str, port: int) -> int:
    """Serves the file with Datasette until Ctrl-C or SIGTERM, and returns the exit code.

    Prints the address first. Port 0 takes any free port. Raises StoreFailed and SchemaMismatch for a file that cannot
    be read, CannotServe for an address that the server cannot listen at.
    """
    datasette = make_datasette(database)
    with _open_socket(host, port) as listener, _stop_on_signals(_config(datasette)) as server:
        click.echo(_url(host, listener.getsockname()[1]))
        click.echo(f"Serving {database} read only at this address. Press Ctrl-C to stop.")
        server.run(sockets=[listener])
        _interrupt_queries(datasette)
    return 0


def _config(datasette: Datasette) -> uvicorn.Config:
    return uvicorn.Config(
        datasette.app(),
        log_level="error",
        http="h11",  # httptools has no setting for this limit
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        ws="none",
    )


def make_datasette(database: Path) -> Datasette:
    """Builds Datasette for the file, with our metadata, templates and plugin. Raises StoreFailed, SchemaMismatch."""
    with reading(database):  # checks the file and reports what is wrong with it
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
def _open_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Opens a listening socket at the address. Raises CannotServe."""
    if not 0 <= port <= 65_535:
        raise CannotServe(f"port {port} is out of range; use --port with a number from 0 to 65535")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        raise CannotServe(_explain(host, port, error)) from error
    # asyncio sets this only on sockets that were made with IPPROTO_TCP. Without it, each answer on a kept connection
    # may wait 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def _explain(host: str, port: int, error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{host} is not an address of this machine; use --host with one that is, such as 127.0.0.1"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use by another program; choose another with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine; use --host with one that is, such as 127.0.0.1"
        case errno.EACCES | errno.EPERM:
            return f"port {port} of {host} may not be used by this user; use --port with a number above 1023"
        case _:
            return f"port {port} of {host} cannot be served ({error}); choose another with --host or --port"


@contextlib.contextmanager
def _stop_on_signals(config: uvicorn.Config) -> Iterator[uvicorn.Server]:
    """Yields a server that SIGINT and SIGTERM stop, even before it runs.

    uvicorn raises a signal again after it has stopped, so the old handlers are restored at the end.
    """
    config.timeout_graceful_shutdown = _GRACE_SECONDS
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield server
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt_queries(datasette: Datasette) -> None:
    """Ends running queries, because Python would wait for their threads at exit."""
    datasette.executor.shutdown(wait=False, cancel_futures=True)
    datasette.databases[NAME].interrupt()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
