"""Runs `lgsco serve`: Datasette on the database file until a signal stops it. Other programs may write meanwhile."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import uvicorn
from click.core import ParameterSource
from datasette.app import Datasette, DatasetteClient
from datasette.cli import serve as datasette_command
from datasette.plugins import pm

from lgsco.web import plugin
from lgsco.web.archives import PLUGIN, declare_archives, find_archives, read_hosts, read_settings
from lgsco.web.metadata import NAME
from lgsco.web.public_file import PublicFile
from lgsco.web.served_file import ServedFile
from storage.database import reading
from storage.errors import LgscoError
from storage.private import require_public

_GRACE_SECONDS = 1
"""Seconds that running answers may take after a signal asked the server to stop."""

_MAX_HEAD_BYTES = 1_000_000
"""Most bytes in a request's address and headers.

Above this, uvicorn closes the connection, often before the client has read the answer. `lgsco.web.addresses` has a
lower limit, and answers with a message.
"""

_MAX_CONNECTIONS = 500
"""Most connections and requests at once; uvicorn answers 503 to more."""

_NOT_PASSED_ON = {
    "host": "give it before --",
    "port": "give it before --",
    "uds": "lgsco serve listens at an address and a port",
    "reload": "lgsco serve notices a replaced file by itself; start it again to read other changes",
    "get": "request the page from a running server",
    "open_browser": "open the address that is printed",
    "pdb": "use `datasette` itself",
    "create": "lgsco serve never writes; `lgsco init` makes an archive",
    "ssl_keyfile": "put a reverse proxy before lgsco serve",
    "ssl_certfile": "put a reverse proxy before lgsco serve",
}
"""Options of Datasette that `lgsco serve` does not take, with what to do instead."""

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


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is served."""

    public: bool = False
    """Whether everybody may see it: only a public snapshot is served."""
    with_withdrawn: bool = False
    """Whether a public file may have withdrawn decisions."""
    hosts: tuple[str, ...] = ()
    """Host names that requests may use, besides loopback and IP addresses."""
    datasette: tuple[str, ...] = ()
    """Options for Datasette, as on its command line."""


def serve(database: Path, *, host: str, port: int, options: Options | None = None) -> int:
    """Serves the file with Datasette until Ctrl-C or SIGTERM, and returns the exit code.

    Prints the address first. Port 0 takes any free port. Raises StoreFailed and SchemaMismatch for a file that cannot
    be read, CannotServe for an address or options that the server cannot use, ConfigError, NotPublic.
    """
    options = options or Options()
    datasette = make_datasette(database, options)
    _limit_memory(datasette)
    with _open_socket(host, port) as listener, _stop_on_signals(_config(datasette)) as server:
        taken = listener.getsockname()[1]
        click.echo(_url(host, taken, datasette.setting("base_url")))
        click.echo(f"Serving {database} read only at this address. Press Ctrl-C to stop.")
        if "--root" in options.datasette:
            click.echo(f"{_url(host, taken)}{datasette.urls.path('-/auth-token')[1:]}?token={datasette._root_token}")
        server.run(sockets=[listener])
        _interrupt_queries(datasette)
    return 0


def _limit_memory(datasette: Datasette) -> None:
    """Limits the memory of all SQLite in this process, which then only serves. The limit cannot be raised again."""
    for database in datasette.databases.values():
        if isinstance(database, ServedFile):
            database.limit_all(find_archives(datasette).are_alone)


def _config(datasette: Datasette) -> uvicorn.Config:
    return uvicorn.Config(
        datasette.app(),
        log_level="error",
        http="h11",  # httptools has no setting for this limit
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        limit_concurrency=_MAX_CONNECTIONS,
        ws="none",
    )


def make_datasette(database: Path, options: Options | None = None) -> Datasette:
    """Builds Datasette for the file, with our metadata, pages and plugin. Raises what `serve` raises."""
    options = options or Options()
    with reading(database) as db:  # checks the file and reports what is wrong with it
        if options.public:
            require_public(db, database, with_withdrawn=options.with_withdrawn)
    if not pm.is_registered(plugin):
        pm.register(plugin)
    path = str(database.resolve())
    datasette = _read_options(path, options)
    names = [name for name, one in datasette.databases.items() if str(one.path) == path]
    datasette.remove_database(names[0])
    settings = read_settings(datasette.plugin_config(PLUGIN) or {})
    settings = replace(
        settings,
        public=options.public or settings.public,
        hosts=settings.hosts | read_hosts(options.hosts, "--allow-host"),
        accounts="--root" in options.datasette,
    )
    if settings.public:
        served: ServedFile = PublicFile(datasette, path, with_withdrawn=options.with_withdrawn)
    else:
        served = ServedFile(datasette, path)
    datasette.add_database(served, name=NAME)
    archives = find_archives(datasette)
    others = [name for name, one in datasette.databases.items() if one is not served and name in archives.names]
    declare_archives(datasette, [NAME, *others], settings)
    datasette.client = DatasetteClient(datasette)  # the first has the routes from before the change of name
    return datasette


def _read_options(path: str, options: Options) -> Datasette:
    """Builds Datasette as its own command line does, with our settings where the user gives none."""
    ours = [word for name, value in SETTINGS.items() for word in ("--setting", name, str(int(value)))]
    try:
        with datasette_command.make_context("lgsco serve --", [path, *ours, *options.datasette]) as context:
            _check_options(context, options)
            return datasette_command.callback(**{**context.params, "return_instance": True})
    except click.ClickException as error:
        raise CannotServe(f"an option for Datasette after -- cannot be used: {error.format_message()}") from None


def _check_options(context: click.Context, options: Options) -> None:
    given = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    for name, instead in _NOT_PASSED_ON.items():
        if name in given:
            raise CannotServe(f"--{name.replace('_', '-')} after -- cannot be used: {instead}")
    if not options.public:
        return
    for name in ("root", "memory", "crossdb"):
        if name in given:
            raise CannotServe(f"--{name} after -- cannot be used with --public: it would show more than the snapshot")
    if len(context.params["files"]) > 1 or context.params["immutable"]:
        raise CannotServe("another file after -- cannot be used with --public: only the snapshot is served")


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
    if datasette.executor is not None:
        datasette.executor.shutdown(wait=False, cancel_futures=True)
    for database in datasette.databases.values():
        if isinstance(database, ServedFile):
            database.interrupt()


def _url(host: str, port: int, base_url: str = "/") -> str:
    return f"http://[{host}]:{port}{base_url}" if ":" in host else f"http://{host}:{port}{base_url}"
