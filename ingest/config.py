"""Reads the configuration. A flag beats an environment variable, which beats config.toml, which beats the default.

Every command reads it, so it imports what a command may not need inside its functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from ingest.errors import ConfigError, UsageError

VERSION = "0.2.0"


class Site(NamedTuple):
    """The site that has the decisions, and who makes the requests."""

    base_url: str = "https://www.lgo.org.uk"
    contact: str = ""
    user_agent: str = "lgsco/{version} (archive of published decisions; {contact})"


class Fetch(NamedTuple):
    """How requests are made."""

    pace: float = 1.0
    tries: int = 4
    retry_wait: float = 2.0
    retry_wait_most: float = 120.0
    connect_timeout: float = 15.0
    read_timeout: float = 30.0
    deadline: float = 120.0
    max_bytes: int = 8 * 1024 * 1024
    daily_requests: int = 50_000
    quiet_hours: tuple[str, ...] = ()


class Storage(NamedTuple):
    """The database file, and what is done with it."""

    database: str = "lgsco.db"
    batch: int = 50
    journal_days: int = 90
    wal_warn_mb: int = 256
    workers: int = 0
    renormalise_percent: float = 1.0


class Listing(NamedTuple):
    """How the listing is walked."""

    walk_most: int = 1_000
    trust_hours: float = 20
    retention_days: int = 1826
    edge_days: int = 60
    fall_percent: float = 10.0
    gone_days: int = 7


class Cadence(NamedTuple):
    """How often proven date ranges and stored pages are checked again."""

    recent_days: int = 120
    middle_days: int = 730
    count_recent: int = 1
    count_middle: int = 7
    count_old: int = 30
    walk_recent: int = 7
    walk_middle: int = 30
    walk_old: int = 90
    filters: int = 30
    reread_days: int = 180
    reread_most: int = 300
    full_days: int = 365


class Schedule(NamedTuple):
    """The daemon's timetable."""

    time_zone: str = "Europe/London"
    sync: tuple[str, ...] = ("30 6 * * mon-fri",)
    sync_days: int = 120
    stale_hours: float = 100
    expect_daemon: bool = False
    fill: str = "auto"
    """auto, on or off."""
    fill_hours: str = "20:00-06:00"
    fill_requests: int = 5_000


class Alerts(NamedTuple):
    """How the daemon sends alerts."""

    command: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting. `config.toml` says what each does, and in which unit."""

    site: Site = field(default_factory=Site)
    fetch: Fetch = field(default_factory=Fetch)
    storage: Storage = field(default_factory=Storage)
    listing: Listing = field(default_factory=Listing)
    cadence: Cadence = field(default_factory=Cadence)
    schedule: Schedule = field(default_factory=Schedule)
    alerts: Alerts = field(default_factory=Alerts)
    file: str = field(default="config.toml", compare=False)
    """The file it was read from, as error messages name it."""
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By dotted key, such as `fetch.pace`: the variable, option or line that set it. Defaults are not listed."""

    def name_origin(self, section: str, key: str) -> str:
        """Names what set a setting, or else its place in the file: `LGSCO_FETCH_PACE`, `config.toml: [fetch] pace`."""
        return self.origins.get(f"{section}.{key}", f"{self.file}: [{section}] {key}")

    @property
    def user_agent(self) -> str:
        contact = self.site.contact or "no contact set"
        return self.site.user_agent.replace("{version}", VERSION).replace("{contact}", contact)


# `file` and `origins` are not compared, and are not sections.
CONFIG_SECTIONS = tuple(one.name for one in fields(Config) if one.compare)
"""The names of the sections of `config.toml`."""

_RANGES: dict[str, tuple[float, float]] = {
    "fetch.pace": (0, 3600),
    "fetch.tries": (1, 100),
    "fetch.retry_wait": (0, 86_400),
    "fetch.retry_wait_most": (0, 86_400),
    "fetch.connect_timeout": (0.001, 3600),
    "fetch.read_timeout": (0.001, 3600),
    "fetch.deadline": (0.001, 86_400),
    "fetch.max_bytes": (1024, 1_000_000_000),
    "fetch.daily_requests": (1, 10_000_000),
    "storage.batch": (1, 100_000),
    "storage.journal_days": (2, 100_000),
    "storage.wal_warn_mb": (1, 10_000_000),
    "storage.workers": (0, 1_024),
    "storage.renormalise_percent": (0, 100),
    "listing.walk_most": (10, 10_000_000),
    "listing.trust_hours": (0, 1_000_000),
    "listing.retention_days": (1, 100_000),
    "listing.edge_days": (0, 100_000),
    "listing.fall_percent": (0, 100),
    "listing.gone_days": (1, 3_650),
    "cadence.recent_days": (1, 100_000),
    "cadence.middle_days": (1, 100_000),
    "cadence.count_recent": (1, 100_000),
    "cadence.count_middle": (1, 100_000),
    "cadence.count_old": (1, 100_000),
    "cadence.walk_recent": (1, 100_000),
    "cadence.walk_middle": (1, 100_000),
    "cadence.walk_old": (1, 100_000),
    "cadence.filters": (1, 100_000),
    "cadence.reread_days": (1, 100_000),
    "cadence.reread_most": (0, 10_000_000),
    "cadence.full_days": (1, 100_000),
    "schedule.sync_days": (1, 36_500),
    "schedule.stale_hours": (1, 1_000_000),
    "schedule.fill_requests": (1, 10_000_000),
}
PACE_LEAST = 0.5
"""The least seconds from one request to the next, of any host but loopback.

Public scrapers of the site wait 0.4 to 1 second (site.md).
"""
_ADDRESS = re.compile(r"[^\s@]@[^\s@]|\bhttps?://[^\s/]", re.IGNORECASE)
"""An e-mail or web address, as a contact must have."""
_BROWSER = re.compile(r"\s*(?:mozilla|chrome|chromium|safari|firefox|opera|edge?|msie|applewebkit)\b", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")


def load(
    path: Path | None, environment: Mapping[str, str], flags: Mapping[str, tuple[str, str | None]] | None = None
) -> Config:
    """Reads the configuration. `path` None: `config.toml` in the current folder if there is one.

    `flags`: by the name of the flag, the dotted key that it sets (`site.base_url`) and its value; None if it is not
    given. Raises ConfigError with the file, the key and what is allowed.
    """
    config = Config()
    chosen = path or Path("config.toml")
    try:
        table = _parse_toml(chosen.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is not None:
            raise ConfigError(f"{path}: no such file; --config names the configuration") from None
    except OSError as error:
        raise ConfigError(f"{chosen} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{chosen} is not TOML: {error}") from None
    else:
        config = _apply_table(replace(config, file=str(chosen)), table, str(chosen))
    variables = {
        f"LGSCO_{section}_{setting}".upper(): (section, setting)
        for section in CONFIG_SECTIONS
        for setting in getattr(config, section)._fields
    }
    for name, value in environment.items():
        if name in variables:
            config = _set(config, *variables[name], value, name, from_text=True)
        elif name.startswith("LGSCO_"):
            raise ConfigError(f"{name} in the environment is not a setting; allowed are {_join_names(set(variables))}")
    for flag, (key, given) in (flags or {}).items():
        if given is not None:
            section, _, setting = key.partition(".")
            config = _set(config, section, setting, given, flag, from_text=True)
    return config


def _parse_toml(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _apply_table(config: Config, table: Mapping[str, Any], where: str) -> Config:
    sections = set(CONFIG_SECTIONS)
    for section, settings in table.items():
        if section not in sections:
            raise ConfigError(f"{where}: there is no section [{section}]; allowed are {_join_names(sections)}")
        if not isinstance(settings, dict):
            raise ConfigError(f"{where}: {section} must be a section, [{section}]")
        known = set(getattr(config, section)._fields)
        for key, value in settings.items():
            if key not in known:
                raise ConfigError(f"{where}: [{section}] has no key {key!r}; allowed are {_join_names(known)}")
            config = _set(config, section, key, value, f"{where}: [{section}] {key}", from_text=False)
    return config


def _join_names(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _set(config: Config, section: str, key: str, value: Any, where: str, *, from_text: bool) -> Config:
    part = getattr(config, section)
    default = getattr(part, key)
    if key == "fill":
        value = _FILL.get(str(value).strip().lower(), value)
    value = _convert(value, default, where, from_text)
    least, most = _RANGES.get(f"{section}.{key}", (0, 0))
    if most and not least <= value <= most:
        allowed = f"{least:g} or more" if value < least else f"at most {most:.0f}"
        raise ConfigError(f"{where} = {value} is not allowed; it must be {allowed}")
    if isinstance(value, str):
        value = check_text(key, value, where)
    if key in ("quiet_hours", "fill_hours"):
        for hours in (value,) if isinstance(value, str) else value:
            try:
                parse_hours(hours, may_be_whole_day=key == "fill_hours")
            except ValueError as error:
                raise ConfigError(f"{where}: {error}") from None
    origins = {**config.origins, f"{section}.{key}": where}
    changed: Config = replace(config, **{section: part._replace(**{key: value}), "origins": origins})
    return changed


def check_text(key: str, value: str, where: str) -> str:
    """Checks a setting that is text, and returns it; an address without slashes at its end. Raises ConfigError."""
    if key == "base_url" and ":" in value.rpartition("@")[0].rpartition("//")[2]:
        raise ConfigError(f"{where} contains a password, which is not repeated here; leave it out")
    if not value.isprintable():
        raise ConfigError(f"{where} = {value!r} is not allowed; it must be one line of text")
    if key == "base_url":
        value = value.rstrip("/")
        if not _is_address(value):
            raise ConfigError(f"{where} = {value!r} is not an address; it must be https:// or http:// and a host")
    if key == "time_zone":
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(f"{where} = {value!r} is not a time zone; an example is Europe/London") from None
    if key == "fill" and value not in _FILL.values():
        raise ConfigError(f"{where} = {value!r} is not allowed; it must be auto, on or off")
    if key == "database" and not value.strip():
        raise ConfigError(f"{where} is empty; it must be the path of a file")
    if key == "command":
        import shlex

        try:
            shlex.split(value)
        except ValueError as error:
            raise ConfigError(f"{where} = {value!r} is not a command: {error}") from None
    return value


def _is_address(value: str) -> bool:
    from urllib.parse import urlsplit

    try:
        address = urlsplit(value)
        whole = not (address.path or address.query or address.fragment)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0 and whole
    except ValueError:
        return False


_FILL = {"auto": "auto", "on": "on", "true": "on", "1": "on", "off": "off", "false": "off", "0": "off"}
"""The spellings of `fill` in the file and the environment, and their meaning."""

_SWITCH = {"true": True, "1": True, "false": False, "0": False}
"""The spellings of true and false in the environment."""


def _convert(value: Any, default: Any, where: str, from_text: bool) -> Any:
    """Converts a value to the type of its default. Raises ConfigError."""
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise ConfigError(f"{where} = {value!r} is not allowed; it must be a string in quotes")
    if isinstance(default, tuple):
        if from_text:
            return tuple(line.strip() for line in str(value).split(";") if line.strip())
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            return tuple(value)
        raise ConfigError(f"{where} = {value!r} is not allowed; it must be a list of strings")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if from_text and (spelt := str(value).strip().lower()) in _SWITCH:
            return _SWITCH[spelt]
        raise ConfigError(f"{where} = {value!r} is not allowed; it must be true or false")
    kind = type(default)
    if from_text or kind is float or isinstance(value, int):
        try:
            if from_text or (isinstance(value, int | float) and not isinstance(value, bool)):
                return kind(value)
        except (ValueError, OverflowError):
            pass
    raise ConfigError(f"{where} = {value!r} is not allowed; it must be a {'whole ' if kind is int else ''}number")


def is_loopback(site: str) -> bool:
    """Whether the address of a site is on this machine."""
    return _LOOPBACK.fullmatch(_host_of(site)) is not None


def _host_of(site: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(site).hostname or ""


def require_contact_and_pace(config: Config) -> None:
    """Raises UsageError unless the settings are polite enough for a public host; loopback is always allowed.

    The User-Agent must name a contact and must not pass for a browser, and the pace must not be faster than
    `PACE_LEAST`.
    """
    if is_loopback(config.site.base_url):
        return
    host = _host_of(config.site.base_url)
    says = f"requests to {host} must say who makes them"
    contact = config.site.contact.strip()
    if not contact:
        raise UsageError(
            f"{says}: set contact in [site] of {config.file} (or LGSCO_SITE_CONTACT) to an e-mail or web address of "
            "yours"
        )
    if not _ADDRESS.search(contact):
        where = config.name_origin("site", "contact")
        raise UsageError(f"{says}: {where} = {contact!r} contains no e-mail or web address; add one of yours")
    where = config.name_origin("site", "user_agent")
    if contact not in config.user_agent:
        raise UsageError(f"{says}: {where} does not contain your contact; put {{contact}} into it")
    if _BROWSER.match(config.user_agent):
        raise UsageError(f"{says}: {where} begins with a browser's name; begin it with the name of your own program")
    if config.fetch.pace < PACE_LEAST:
        where = config.name_origin("fetch", "pace")
        raise UsageError(
            f"requests to {host} must be at least {PACE_LEAST:g} seconds apart: {where} = {config.fetch.pace:g} is not "
            f"allowed; set it to {PACE_LEAST:g} or more"
        )


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
MINUTES_A_DAY = 24 * 60


def parse_hours(hours: str, *, may_be_whole_day: bool = False) -> tuple[int, int]:
    """Parses "HH:MM-HH:MM" into its begin and end, as minutes of the day. An end before the begin is on the next day.

    `may_be_whole_day`: 00:00-24:00 is allowed. Raises ValueError.
    """
    found = _HOURS.fullmatch(hours)
    if found is not None:
        begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        is_day = (begin, end) == (0, MINUTES_A_DAY)
        if begin != end and end <= MINUTES_A_DAY and (may_be_whole_day or not is_day):
            return begin, end
    raise ValueError(f"{hours!r} is not a range of hours; an example is 08:00-18:00")
