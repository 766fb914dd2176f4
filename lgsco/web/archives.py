"""Knows which databases of a Datasette are lgsco archives, and which settings apply to them.

The plugin is loaded by every Datasette that runs beside an installed lgsco. Each hook asks here first, and does nothing
for other databases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from datasette.utils import StartupError, tilde_decode

from ingest.errors import ConfigError
from storage.database import SCHEMA_VERSION, find_archive_version

PLUGIN = "lgsco"
"""The plugin's name in Datasette's metadata: `plugins: lgsco: …`."""

DIRECTIVES = (
    *("default-src", "script-src", "style-src", "img-src", "connect-src", "form-action", "base-uri", "frame-ancestors"),
    *("font-src", "frame-src", "media-src", "worker-src"),
)
"""The directives of the Content-Security-Policy that a setting may widen."""

_SOURCE = re.compile(r"[^\s;,]+")
_HOST = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the plugin."""

    public: bool = False
    """Whether everybody may see the pages: only a public snapshot is served, and cacheable."""
    hosts: frozenset[str] = frozenset()
    """Host names that a request may name, besides loopback and IP addresses. In lower case."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sources to add to directives of the Content-Security-Policy."""
    accounts: bool = True
    """Whether visitors may log in, and other pages than those of the archives may take POST."""


@dataclass(frozen=True, slots=True)
class Archives:
    """The archives of one Datasette."""

    names: frozenset[str]
    """The names of the databases, as in addresses."""
    are_alone: bool
    """Whether the Datasette serves no other database."""
    settings: Settings

    def own(self, path: str) -> bool:
        """Whether the page at this address, without `base_url`, is the archives'."""
        return bool(self.names) and (self.are_alone or self.names_database(path) or path.startswith("/-/lgsco/"))

    def names_database(self, path: str) -> bool:
        """Whether the address, without `base_url`, is below that of an archive."""
        first = path.lstrip("/").partition("/")[0].partition(".")[0]
        return tilde_decode(first) in self.names


_KNOWN: WeakKeyDictionary[Any, Archives] = WeakKeyDictionary()


def find_archives(datasette: Any) -> Archives:
    """Returns the archives of a Datasette. Looks at its files once. Raises StartupError for a wrong setting."""
    known = _KNOWN.get(datasette)
    if known is None:
        try:
            settings = read_settings(datasette.plugin_config(PLUGIN) or {})
        except ConfigError as error:
            raise StartupError(str(error)) from error  # Datasette's command prints it
        known = declare_archives(datasette, _recognise(datasette.databases), settings)
    return known


def declare_archives(datasette: Any, names: Iterable[str], settings: Settings) -> Archives:
    """Sets which databases of a Datasette are archives, and their settings."""
    found = frozenset(names)
    others = [name for name in datasette.databases if name not in {*found, "_internal", "_memory"}]
    archives = _KNOWN[datasette] = Archives(found, bool(found) and not others, settings)
    return archives


def _recognise(databases: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, database in databases.items()
        if database.path and find_archive_version(Path(database.path)) == SCHEMA_VERSION
    ]


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Reads the settings from Datasette's metadata. Raises ConfigError."""
    unknown = set(config) - {"public", "hosts", "content_security_policy"}
    if unknown:
        raise ConfigError(
            f"plugins: {PLUGIN}: unknown setting {min(unknown)}; use public, hosts or content_security_policy"
        )
    public = config.get("public", False)
    if not isinstance(public, bool):
        raise ConfigError(f"plugins: {PLUGIN}: public is true or false")
    return Settings(
        public,
        read_hosts(_as_words(config.get("hosts", []), "hosts"), f"plugins: {PLUGIN}: hosts"),
        _read_sources(config),
    )


def read_hosts(hosts: Iterable[str], origin: str) -> frozenset[str]:
    """Checks host names. `origin`: what gave them, as the error names it. Raises ConfigError."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ConfigError(
                f"{origin}: {host!r} is not a host name; give a name such as archive.example, without a port"
            )
    return frozenset(host.lower() for host in hosts)


def _read_sources(config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    policy = config.get("content_security_policy", {})
    if not isinstance(policy, dict):
        raise ConfigError(f"plugins: {PLUGIN}: content_security_policy maps directives to sources")
    sources: dict[str, tuple[str, ...]] = {}
    for directive, words in policy.items():
        if directive not in DIRECTIVES:
            raise ConfigError(
                f"plugins: {PLUGIN}: content_security_policy: {directive} is not one of {', '.join(DIRECTIVES)}"
            )
        sources[directive] = _as_words(words, f"content_security_policy: {directive}")
        for source in sources[directive]:
            if not _SOURCE.fullmatch(source):
                raise ConfigError(f"plugins: {PLUGIN}: content_security_policy: {source!r} is not a source")
    return sources


def _as_words(value: Any, name: str) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ConfigError(f"plugins: {PLUGIN}: {name} is text, or a list of texts")
    return tuple(words)
